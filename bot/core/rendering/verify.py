"""The re-render proof: an environment equals what its template renders from its manifest, to the byte and to the mode.

Production is no exception: it goes through here like every clone.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from bot.core.rendering.assemble import TemplateAt, assemble, read_manifest
from bot.core.rendering.merge import conflict_lines
from bot.core.rendering.parameter_rules import broken, taken, taken_name
from bot.core.rendering.parameter_types import checked
from bot.core.rendering.parameter_values import settled
from bot.core.rendering.synced_values import answer
from bot.core.tree import File, Tree
from bot.errors import Finding, HandEdit, InvalidInput, Unreadable, UserError
from bot.model.environment import MANIFEST, Manifest
from bot.model.yaml_document import line_of
from bot.names import EnvironmentName

MOST_COMPARED = 10_000
"""Pairs of equal lines. The time that a comparison takes grows with their square, and 900 lines that are all alike took half a minute."""


def verify(name: EnvironmentName, files: Tree, template: TemplateAt) -> Sequence[Finding]:
    """Return every place where the directory is not the rendering of `template`, which is at the manifest's revision."""
    where = template.roots.environment(name)
    try:
        manifest = read_manifest(files, where)
        wrong = list(_manifest_findings(name, files, manifest, template))
        if wrong:
            return wrong
        expected = assemble(template, manifest)
    except Unreadable as error:
        return unreadable(error)
    except UserError as error:
        return [Finding(f"{where}/{MANIFEST}", 1, line) for line in str(error).splitlines()]
    return [
        finding
        for path in sorted(files.keys() | expected.keys())
        for finding in file_findings(where, path, expected, files)
    ]


def unreadable(error: Unreadable) -> Sequence[Finding]:
    """Return what keeps documents from being read as findings."""
    return error.findings


def _manifest_findings(
    name: EnvironmentName, files: Tree, manifest: Manifest, template: TemplateAt
) -> Iterable[Finding]:
    path, text = f"{template.roots.environment(name)}/{MANIFEST}", files[MANIFEST].data.decode()
    if manifest.name != name:
        yield Finding(
            path, line_of(text, ["name"]), f"`name` is `{manifest.name}`, but its directory is that of `{name}`."
        )
    if elsewhere := template.roots.apart(name, manifest.template):
        yield Finding(path, line_of(text, ["template"]), elsewhere)
    if manifest.purpose not in template.declaration.purposes:
        yield Finding(
            path,
            line_of(text, ["purpose"]),
            f"template {template.declaration.name} has no purpose `{manifest.purpose}`.",
        )
    wrong = list(_value_findings(path, text, manifest, template))
    yield from wrong or _contradictions(path, text, manifest, template)
    if manifest.source is not None and manifest.purpose in template.declaration.purposes:
        yield from _unsettled(path, text, manifest, template)
    for migration in manifest.migrated or ():
        if migration not in template.declaration.migrations:
            message = f"template {template.declaration.name} has no migration `{migration}`."
            yield Finding(path, line_of(text, ["migrated"]), message)
    if manifest.awaits is not None:
        said = f"the newer template asks for values. Comment `{answer(manifest)}` in the pull request."
        yield Finding(path, line_of(text, ["awaits"]), said)
    if manifest.stacks != template.declaration.stacks:
        yield Finding(path, line_of(text, ["stacks"]), "the stacks differ from the template's.")


def _value_findings(path: str, text: str, manifest: Manifest, template: TemplateAt) -> Iterable[Finding]:
    """Yield the values that are not those of the template's parameters."""
    declared = template.declaration.parameters
    for parameter in declared.keys() - manifest.parameters.keys():
        yield Finding(path, line_of(text, ["parameters"]), f"parameter `{parameter}` has no value.")
    for parameter, value in manifest.parameters.items():
        place = ["parameters", parameter]  # its line is looked for only when something is wrong there
        if parameter not in declared:
            yield Finding(
                path, line_of(text, place), f"template {template.declaration.name} has no parameter `{parameter}`."
            )
            continue
        try:
            if checked(parameter, declared[parameter], value) != value:
                yield Finding(path, line_of(text, place), f"`{parameter}` is not in canonical form.")
        except InvalidInput as error:
            yield Finding(path, line_of(text, place), str(error))


def contradictions(where: str, files: Tree, manifest: Manifest, template: TemplateAt) -> Iterable[Finding]:
    """Yield the rules of a template that the values of an environment in the directory `where` break, and those that nobody may give."""
    yield from _contradictions(f"{where}/{MANIFEST}", files[MANIFEST].data.decode(), manifest, template)


def _contradictions(path: str, text: str, manifest: Manifest, template: TemplateAt) -> Iterable[Finding]:
    """Yield the rules that values break, and the names and values that nobody may have."""
    declared = template.declaration.parameters
    for each in broken(template.declaration, manifest.parameters):
        yield Finding(path, line_of(text, ["parameters", each.rule.parameters[0]]), each.message)
    if manifest.source is not None:  # production's network may well hold staging's
        for value in taken(template.declaration, manifest.parameters):
            yield Finding(path, line_of(text, ["parameters", value.parameter]), value.message)
        if said := taken_name(template.declaration, manifest.name):
            yield Finding(path, line_of(text, ["name"]), said)
    for name in manifest.overrides:
        if name in declared and not declared[name].settable:
            message = f"`{name}` can't be overridden: the template, the purpose and the source decide its value."
            yield Finding(path, line_of(text, ["overrides"]), message)


def _unsettled(path: str, text: str, manifest: Manifest, template: TemplateAt) -> Iterable[Finding]:
    """Yield the values that are not what the purpose says, though nobody asked for others."""
    declared = template.declaration.parameters
    if declared.keys() - manifest.parameters.keys():
        return  # said already
    for name, value in settled(template.declaration, manifest).items():
        if manifest.parameters[name] != value:
            message = (
                f"`{name}` is {_cut(str(manifest.parameters[name]))}, but purpose `{manifest.purpose}` sets it "
                f"to {_cut(str(value))}. Change it with `/set`, so that it is listed in `overrides`."
            )
            yield Finding(path, line_of(text, ["parameters", name]), message)


def file_findings(where: str, path: str, expected: Tree, found: Tree) -> Iterable[Finding]:
    """Yield where a file is not as it is expected, as hand edits with their lines."""
    ours, theirs = expected.get(path), found.get(path)
    if ours == theirs:
        return
    texts = [file.data.decode("utf-8", "replace") if file is not None else "" for file in (theirs, ours)]
    conflicts = conflict_lines(*texts)
    if conflicts:
        # No hand edits: no approval helps, since nobody has decided yet what is to stand there.
        yield from (Finding(f"{where}/{path}", first, _conflict(first, last)) for first, last in conflicts)
    elif ours is None:
        yield HandEdit(f"{where}/{path}", 1, "the template renders no such file. Remove it, or add it to the template.")
    elif theirs is None:
        yield HandEdit(f"{where}/{path}", 1, "the template renders this file, but it is missing.")
    else:
        yield from _edits(f"{where}/{path}", ours, theirs)


def _conflict(first: int, last: int) -> str:
    return f"a sync left a conflict in lines {first} to {last}. Keep one of the versions and remove the markers."


def _edits(path: str, expected: File, found: File) -> Iterable[Finding]:
    if expected.executable != found.executable:
        yield HandEdit(path, 1, f"the file must {'' if expected.executable else 'not '}be executable.")
    if expected.link != found.link:
        wanted = f"a symlink to {_cut(expected.link)}" if expected.link else "no symlink"
        yield HandEdit(path, 1, f"it must be {wanted}, as in the template.")
        return
    if expected.data == found.data:
        return
    ours, theirs = (file.data.decode("utf-8", "backslashreplace").splitlines() for file in (expected, found))
    same = _same_at_the_start(ours, theirs)
    edits = _differences(ours[same:], theirs[same:])
    for first, last, below, above in edits:
        was = " ⏎ ".join(ours[same + first : same + last]).strip()
        now = " ⏎ ".join(theirs[same + below : same + above]).strip()
        yield HandEdit(
            path,
            min(same + below + 1, max(1, len(theirs))),
            f"edited by hand: the template renders {_cut(was)}, the file has {_cut(now)}.",
        )
    if not edits:
        yield HandEdit(path, max(1, len(theirs)), "edited by hand: line endings or the end of the file differ.")


def _same_at_the_start(ours: Sequence[str], theirs: Sequence[str]) -> int:
    pairs = enumerate(zip(ours, theirs, strict=False))
    return next((at for at, (was, now) in pairs if was != now), min(len(ours), len(theirs)))


def _differences(ours: Sequence[str], theirs: Sequence[str]) -> Sequence[tuple[int, int, int, int]]:
    """Return which lines of the one stand for which of the other; all in one where it would take too long to tell."""
    end = _same_at_the_start(ours[::-1], theirs[::-1])
    ours, theirs = ours[: len(ours) - end], theirs[: len(theirs) - end]
    counted = Counter(theirs)
    if sum(counted[line] for line in ours) > MOST_COMPARED:
        return [(0, len(ours), 0, len(theirs))]
    compared = SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
    return [(first, last, below, above) for kind, first, last, below, above in compared if kind != "equal"]


def _cut(text: str) -> str:
    if not text:
        return "nothing"
    return f"`{text[:117]}…`" if len(text) > 120 else f"`{text}`"
