"""Verify environments of a checkout: is each one what its template renders?"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.clients.checkout import Checkout
from bot.core.assemble import TemplateAt, read_manifest, read_template
from bot.core.verify import Finding, collisions, verify
from bot.environment import ENVIRONMENTS, MANIFEST, Manifest
from bot.errors import InvalidInput, Unverifiable, UserError
from bot.names import EnvironmentName, TemplateName


@dataclass(frozen=True, slots=True)
class Verified:
    """The environments that were looked at, and what is wrong with them."""

    environments: Sequence[str]
    findings: Sequence[Finding]

    @property
    def holds(self) -> bool:
        return not self.findings


def verify_environments(checkout: Checkout, names: Sequence[str] = ()) -> Verified:
    """Return the findings for `names` (all when empty). Raises `Unverifiable` when a proof can't even be tried."""
    known = checkout.environments()
    if not known:
        raise Unverifiable(
            f"There are no environments in {checkout.root / ENVIRONMENTS}: is this a checkout of the monorepo?"
        )
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Unverifiable(f"{ENVIRONMENTS}/{unknown[0]} does not exist; there are: {', '.join(known) or 'none'}.")
    templates = Templates(checkout)
    findings: list[Finding] = []
    manifests: list[Manifest] = []
    for text in known:
        try:
            name = EnvironmentName(text)
            files = checkout.environment(name)
            manifest = read_manifest(files, f"{ENVIRONMENTS}/{text}")
        except (InvalidInput, UserError) as error:
            if not names or text in names:
                findings.append(Finding(f"{ENVIRONMENTS}/{text}/{MANIFEST}", 1, str(error)))
            continue
        manifests.append(manifest)
        if not names or text in names:
            findings += verify(name, files, templates.at(manifest))
    # Everybody's templates are needed to know who holds what, but only those asked for are reported.
    clashes = collisions(manifests, {m.revision: templates.at(m) for m in manifests})
    chosen = tuple(names or known)
    findings += [clash for clash in clashes if clash.path.split("/")[1] in chosen]
    return Verified(chosen, findings)


class Templates:
    """Templates by revision: the work tree's when it is that revision, else git history's."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        self.found: dict[tuple[TemplateName, str], TemplateAt] = {}

    def at(self, manifest: Manifest) -> TemplateAt:
        """Return the template that an environment was rendered from. Raises `Unverifiable` when it is nowhere."""
        key = (manifest.template, manifest.revision)
        if key not in self.found:
            self.found[key] = self._read(manifest)
        return self.found[key]

    def _read(self, manifest: Manifest) -> TemplateAt:
        present = self.checkout.template(manifest.template)
        if present:
            template = read_template(manifest.template, present)
            if template.revision == manifest.revision:
                return template
        files = self.checkout.template_at(manifest.template, manifest.revision)
        if files is None:
            raise Unverifiable(
                f"{ENVIRONMENTS}/{manifest.name}: template {manifest.template} at revision {manifest.revision} is neither in "
                "the work tree nor in this clone's history. Fetch the whole history (`git fetch --unshallow`), "
                f"or bring the environment up to date with `envclone render {manifest.name}`."
            )
        return read_template(manifest.template, files)
