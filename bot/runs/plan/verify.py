"""Verify environments of a checkout: is each one what its template renders?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from bot.clients.git.checkout import Checkout
from bot.core.rendering.assemble import TemplateAt, read_hooks, read_manifest
from bot.core.rendering.verify import collisions, unreadable, verify
from bot.errors import Finding, Unreadable, Unverifiable, UserError
from bot.model.environment import MANIFEST, Manifest
from bot.names import EnvironmentName, TemplateName


@dataclass(frozen=True, slots=True)
class Verified:
    """The environments that were looked at, what is wrong with them, and what could not be read and so not be checked."""

    environments: Sequence[str]
    findings: Sequence[Finding]
    unreadable: Sequence[Finding] = ()

    @property
    def holds(self) -> bool:
        return not self.findings and not self.unreadable

    def checked(self) -> Sequence[Finding]:
        """Return the findings. Raises `Unreadable` when something could not be read."""
        if self.unreadable:
            raise Unreadable(*self.unreadable)
        return self.findings


def verify_environments(checkout: Checkout, names: Sequence[str] = ()) -> Verified:
    """Return the findings for `names` (all when empty). Raises `Unverifiable` when a proof can't even be tried."""
    known = checkout.environments()
    if not known:
        raise Unverifiable(
            f"There are no environments in {checkout.root / checkout.roots.environments}. Take over production with `envclone adopt PATH` "
            "(docs/adopt.md), or name the checkout with `--root PATH`."
        )
    unknown = [name for name in names if name not in known]
    if unknown:
        if "/" in unknown[0]:
            name = PurePosixPath(unknown[0]).name
            usage = f"envclone verify {name if name in known else 'NAME'}"
            raise Unverifiable(
                f"`{unknown[0]}` is a path. Give the environment's name: `{usage}`; there are: {', '.join(known)}."
            )
        what = f"has no {MANIFEST}" if unknown[0] in checkout.unmanaged() else "does not exist"
        raise Unverifiable(f"{checkout.roots.environment(unknown[0])} {what}; there are: {', '.join(known) or 'none'}.")
    chosen = tuple(names or known)
    verification = _Verification(checkout)
    for text in known:
        verification.at(text, is_chosen=text in chosen)
    try:
        checkout.policy()
    except Unreadable as error:
        verification.unread(error)
    # Everybody's templates are needed to know who holds what, but only those asked for are reported.
    clashes = collisions(
        verification.manifests,
        {template.revision: template for template in verification.templates.found.values()},
        checkout.roots,
    )
    findings = [
        *verification.findings,
        *(clash for clash in clashes if checkout.roots.environment_in(clash.path) in chosen),
    ]
    return Verified(chosen, findings, verification.unreadable)


class _Verification:
    """Looks at one environment after the other; one that can't be read keeps no other from being verified."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout, self.templates = checkout, Templates(checkout)
        self.manifests: list[Manifest] = []
        self.findings: list[Finding] = []
        self.unreadable: list[Finding] = []

    def at(self, text: str, *, is_chosen: bool) -> None:
        """Look at the environment in the directory of this name."""
        where = self.checkout.roots.environment(text)
        try:
            name = EnvironmentName(text)
            files = self.checkout.environment(name)
            manifest = read_manifest(files, where)
            read_hooks(files, where)
            template = self.templates.at(manifest)
        except Unreadable as error:
            if is_chosen:
                self.unread(error)
            return
        except UserError as error:
            if is_chosen:
                self.findings.append(Finding(f"{where}/{MANIFEST}", 1, str(error)))
            return
        self.manifests.append(manifest)
        if is_chosen:
            self.findings += verify(name, files, template)

    def unread(self, error: Unreadable) -> None:
        """Note what can't be read, once: a template is many environments'."""
        self.unreadable += [finding for finding in unreadable(error) if finding not in self.unreadable]


class Templates:
    """Templates by revision: the work tree's when it is that revision, else git history's."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        self.found: dict[tuple[TemplateName, str], TemplateAt] = {}

    def at(self, manifest: Manifest) -> TemplateAt:
        """Return the template that an environment was rendered from. Raises `Unreadable`, `Unverifiable` when it is nowhere."""
        key = (manifest.template, manifest.revision)
        if key not in self.found:
            self.found[key] = self._read(manifest)
        return self.found[key]

    def _read(self, manifest: Manifest) -> TemplateAt:
        present = self.checkout.template(manifest.template)
        if present:
            template = self.checkout.read_template(manifest.template, present)
            if template.revision == manifest.revision:
                return template
        files = self.checkout.template_at(manifest.template, manifest.revision)
        if files is None:
            raise Unverifiable(
                f"{self.checkout.roots.environment(manifest.name)}: template {manifest.template} at revision {manifest.revision} is neither in "
                "the work tree nor in this clone's history. Fetch the whole history (`git fetch --unshallow`), "
                f"or bring the environment up to date with `envclone render {manifest.name}`."
            )
        return self.checkout.read_template(manifest.template, files)
