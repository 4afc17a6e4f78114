"""Verify environments of a checkout: is each one what its template renders?"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from bot.clients.git.checkout import Checkout
from bot.clients.proved_before import ProvedBefore
from bot.core.rendering.assemble import TemplateAt, read_hooks, read_manifest
from bot.core.rendering.collisions import collisions
from bot.core.rendering.verify import unreadable, verify
from bot.core.tree import tree_id
from bot.errors import Finding, Unreadable, Unverifiable, UserError
from bot.model.environment import MANIFEST, Manifest
from bot.model.roots import Roots
from bot.names import EnvironmentName, TemplateName
from bot.runs.side_by_side import side_by_side


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


def verify_environments(checkout: Checkout, names: Sequence[str] = (), proved: ProvedBefore | None = None) -> Verified:
    """Return the findings for `names` (all when empty). Raises `Unverifiable` when a proof can't even be tried.

    With `proved`, what was proved before is not proved again. Many environments are looked at side by side.
    """
    known = checkout.environments()
    if not known:
        raise Unverifiable(
            f"There are no environments in {' or '.join(str(checkout.root / root) for root in checkout.roots.of_environments)}. Adopt production with `envclone adopt PATH` "
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
    templates = Templates(checkout)
    looks = _looks(checkout, templates, known, chosen, proved)
    manifests = [look.manifest for look in looks if look.manifest is not None]
    unread = [finding for look in looks for finding in look.unreadable]
    try:
        checkout.policy()
    except Unreadable as error:
        unread += unreadable(error)
    # Everybody's templates are needed to know who holds what, but only those asked for are reported.
    revisions = {template.revision: template for template in map(templates.at, manifests)}
    clashes = collisions(manifests, revisions, checkout.roots)
    findings = [
        *(finding for look in looks for finding in look.findings),
        *(clash for clash in clashes if checkout.roots.environment_in(clash.path) in chosen),
    ]
    return Verified(chosen, findings, tuple(dict.fromkeys(unread)))  # a template is many environments', and said once


@dataclass(frozen=True, slots=True)
class _Look:
    """What one environment is found to be; no manifest where that can't be read. One that can't be read keeps no other from being verified.

    `tree` is the id of the very files that were looked at.
    """

    name: str
    manifest: Manifest | None = None
    findings: Sequence[Finding] = ()
    unreadable: Sequence[Finding] = ()
    tree: str = ""


def _looks(
    checkout: Checkout,
    templates: "Templates",
    known: Sequence[str],
    chosen: Collection[str],
    proved: ProvedBefore | None,
) -> Sequence[_Look]:
    """Look at all environments: only at the files of those that were proved before."""
    work = partial(_look_apart, checkout.root, checkout.roots, frozenset(chosen))
    if proved is None:
        return list(side_by_side(work, known))
    trees = _trees(checkout, known)
    before = {name: manifest for name, manifest in proved.among(trees).items() if _is_readable(templates, manifest)}
    left = [name for name in known if name not in before]
    found = {look.name: look for look in side_by_side(work, left)}
    holds = [each for each in found.values() if each.manifest is not None and each.tree and not each.findings]
    # By what was looked at: since `trees` was read, somebody may have written or checked out other files.
    proved.keep({look.name: look.tree for look in holds}, {look.name: look.manifest for look in holds if look.manifest})
    return [found.get(name) or _Look(name, before[name]) for name in known]


def _is_readable(templates: "Templates", manifest: Manifest) -> bool:
    """Say whether an environment's template can still be read; who can't read it says why when it looks anew."""
    try:
        templates.at(manifest)
    except UserError:
        return False
    return True


def _trees(checkout: Checkout, known: Sequence[str]) -> Mapping[str, str]:
    """Return the ids of the environments' trees, without those that can't be read."""
    found = {}
    for name in known:
        with suppress(UserError):
            found[name] = tree_id(checkout.environment(EnvironmentName(name)))
    return found


def _look_apart(root: Path, roots: Roots, chosen: Collection[str], names: Sequence[str]) -> list[_Look]:
    """Look at some environments in another process."""
    checkout = Checkout(root, roots)
    return _look_at(checkout, Templates(checkout), names, chosen)


def _look_at(checkout: Checkout, templates: "Templates", names: Sequence[str], chosen: Collection[str]) -> list[_Look]:
    return [(_look if name in chosen else _held)(checkout, templates, name) for name in names]


def _held(checkout: Checkout, templates: "Templates", text: str) -> _Look:
    """Read what another environment says that it holds, and no other file of it. Where that can't be read, whoever asks for it is told."""
    try:
        manifest = read_manifest(checkout.manifest_alone(EnvironmentName(text)), checkout.roots.environment(text))
        templates.at(manifest)
    except UserError:
        return _Look(text)
    return _Look(text, manifest)


def _look(checkout: Checkout, templates: "Templates", text: str) -> _Look:
    """Look at the environment in the directory of this name."""
    where = checkout.roots.environment(text)
    try:
        name = EnvironmentName(text)
        files = checkout.environment(name)
        manifest = read_manifest(files, where)
        read_hooks(files, where)
        template = templates.at(manifest)
    except Unreadable as error:
        return _Look(text, unreadable=tuple(unreadable(error)))
    except UserError as error:
        return _Look(text, findings=(Finding(f"{where}/{MANIFEST}", 1, str(error)),))
    return _Look(text, manifest, tuple(verify(name, files, template)), tree=tree_id(files))


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
