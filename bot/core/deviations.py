"""How an environment differs from its source, by code, and which parameter causes each difference.

The cause is computed, never guessed from names: render the environment once more with one parameter as the source has
it, and see which places become like the source's. Only `*.j2` files can differ, so only those are rendered.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.core.render import ENDING, Declarations, Parameters, render
from bot.core.tree import File, Tree
from bot.names import ParameterName

_ABSENT = "(absent)"
_WHOLE = "the whole file"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One difference: in `path` at `place` (a key of JSON, or a line), the source has `theirs` and this one has `ours`.

    `causes` are the parameters that explain it; a deviation without one is unexplained.
    """

    path: str
    place: str
    theirs: str
    ours: str
    causes: tuple[ParameterName, ...]

    @property
    def is_explained(self) -> bool:
        return bool(self.causes)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two environments: its rendered files (without the manifest) and its parameters."""

    files: Tree
    parameters: Parameters


def deviations(template: Tree, declared: Declarations, source: Side, clone: Side) -> Sequence[Deviation]:
    """Return every difference between the two sides' files, in order of path and place."""
    sources, clones = _places(source.files, clone.files), _places(clone.files, source.files)
    different = sorted(key for key in sources.keys() | clones.keys() if sources.get(key) != clones.get(key))
    causes = _causes(template, declared, source, clone)
    return [
        Deviation(
            path,
            place,
            sources.get((path, place), _ABSENT),
            clones.get((path, place), _ABSENT),
            causes.get((path, place), ()),
        )
        for path, place in different
    ]


def _causes(
    template: Tree, declared: Declarations, source: Side, clone: Side
) -> Mapping[tuple[str, str], tuple[ParameterName, ...]]:
    rendered = {path: file for path, file in template.items() if path.endswith(ENDING)}
    ours = _places(render(rendered, declared, clone.parameters), source.files)
    found: dict[tuple[str, str], tuple[ParameterName, ...]] = {}
    for name, value in clone.parameters.items():
        if name not in source.parameters or source.parameters[name] == value:
            continue
        other = _places(render(rendered, declared, {**clone.parameters, name: source.parameters[name]}), source.files)
        for key in ours.keys() | other.keys():
            if ours.get(key) != other.get(key):
                found[key] = (*found.get(key, ()), name)
    return found


def _places(files: Tree, counterpart: Tree) -> dict[tuple[str, str], str]:
    """Return the values of all places; a file that the other side hasn't got is one place."""
    found: dict[tuple[str, str], str] = {}
    for path, file in files.items():
        if path in counterpart:
            found |= {(path, place): value for place, value in _values(path, file)}
        else:
            found[path, _WHOLE] = f"{len(file.data)} bytes"
    return found


def _values(path: str, file: File) -> Iterable[tuple[str, str]]:
    if path.endswith(".json"):
        try:
            yield from _leaves(json.loads(file.data), "")
            return
        except ValueError:
            pass  # not JSON after all: compare its lines, as of any other file
    mode = "executable" if file.executable else "plain"
    yield "mode", mode
    for number, line in enumerate(file.data.decode("utf-8", "backslashreplace").splitlines(), start=1):
        yield f"line {number:05}", line.strip()


def _leaves(value: object, place: str) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{place}.{key}" if place else str(key))
    else:
        yield place, json.dumps(value, ensure_ascii=False)
