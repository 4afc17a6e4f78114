"""What every clone gets as production has it, until somebody makes something else of it in the template.

Whether that is meant only a person knows. What was changed since, depends on a condition, or is in a file that only some environments
get, has been decided, and is not named again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from bot.core.adoption.parameters import AdoptedParameter
from bot.core.hcl.value_files import VALUES
from bot.core.rendering.assemble import TemplateAt
from bot.core.rendering.render import ENDING
from bot.core.tree import File, Tree
from bot.errors import Finding
from bot.model.template import DECLARATION
from bot.names import ParameterName

_CONDITION = re.compile(r"\{%-?\s*(if|endif)\b")


@dataclass(frozen=True, slots=True)
class AsInProduction:
    """Lines of the file `path`, as it is rendered, from `first` to `last`, with what is said of them."""

    path: str
    first: int
    last: int
    said: str


@dataclass(frozen=True, slots=True)
class GivenElsewhere:
    """A variable of the stack `stack` that the other environment alone gives a value: in a file of its own, by the path in the repository."""

    stack: str
    variable: str
    path: str
    line: int


def given_elsewhere(found: Sequence[GivenElsewhere], template: TemplateAt) -> Iterator[Finding]:
    """Yield the values that no clone gets, since production's files don't have them: whatever the template doesn't give by now."""
    for each in found:
        given = re.compile(rf'(?<![A-Za-z0-9_-]){re.escape(each.variable)}"?\s*[=:]')
        files = (
            file.data.decode("utf-8", "replace")
            for path, file in template.files.items()
            if path.startswith(f"{each.stack}/") and path.removesuffix(ENDING).endswith(VALUES)
        )
        if not any(map(given.search, files)):
            said = f"`{each.variable}` has a value here alone: clones for each purpose have the variable's default, as production has."
            yield Finding(each.path, each.line, said)


def as_in_production(found: Sequence[AsInProduction], written: Tree, template: TemplateAt) -> Iterator[Finding]:
    """Yield what the template has as it was `written`: whatever nobody has decided about since."""
    only_some = template.declaration.files
    for path in dict.fromkeys(each.path for each in found):
        was, now = _file(written, path), _file(template.files, path)
        if was is None or now is None or path in only_some:
            continue
        lines = _lines_now(was[1].data, now[1].data)
        for each in found:
            stretch = [lines.get(line) for line in range(each.first, each.last + 1)]
            first = stretch[0]
            if each.path == path and first is not None and stretch == list(range(first, first + len(stretch))):
                yield Finding(f"{template.where}/{now[0]}", first, each.said)


def called_in_both(parameters: Sequence[AdoptedParameter], template: TemplateAt) -> Iterator[Finding]:
    """Yield the parameters by which both environments call one host, but for those of which the template says what clones do."""
    declared, shared = template.declaration.parameters, {each.lower() for each in template.declaration.shared}
    for each in parameters:
        now = declared.get(ParameterName(each.name))
        decides = now is None or now.outbound or each.calls in shared
        if each.calls_the_same and not each.is_identity and not decides:
            said = (
                f"`{each.name}` calls `{each.calls}` in both environments. If a clone must not, declare `outbound: true`, and give each "
                "purpose another host; if all may, list the host under `shared`."
            )
            yield Finding(f"{template.where}/{DECLARATION}", 1, said)


def _file(tree: Tree, path: str) -> tuple[str, File] | None:
    return next(((each, tree[each]) for each in (path, path + ENDING) if each in tree), None)


def _lines_now(was: bytes, now: bytes) -> Mapping[int, int]:
    """Return the lines that are still there, and depend on no more conditions than they did, each with its number now."""
    theirs, ours = (data.decode("utf-8", "replace").split("\n") for data in (was, now))
    before, after = _depths(theirs), _depths(ours)
    equal = (
        [(0, 0, len(ours))] if was == now else SequenceMatcher(None, theirs, ours, autojunk=False).get_matching_blocks()
    )
    return {
        there + at + 1: here + at + 1
        for there, here, size in equal
        for at in range(size)
        if after[here + at] <= before[there + at]
    }


def _depths(lines: Sequence[str]) -> list[int]:
    """Return for each line in how many conditions of a template it begins."""
    depth, found = 0, list[int]()
    for line in lines:
        found.append(depth)
        depth += sum(1 if each == "if" else -1 for each in _CONDITION.findall(line))
    return found
