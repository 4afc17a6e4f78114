"""A YAML document that knows its lines: parse, validate against a model, and locate each mistake.

Duplicate keys, anchors that expand beyond reason and tags other than YAML's plain ones are refused. Timestamps, `yes`/`no`
and other implicit surprises of YAML 1.1 are read as the text that they look like, as YAML 1.2's core schema does.

The work is bounded, whoever wrote the document: its size and depth are looked at before it is parsed, a place in it is found by its
keys without a search, and so many mistakes are reported and no more.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ValidationError

from bot.complaints import plainly
from bot.errors import Finding, Unreadable
from bot.model import yaml_writer

LARGEST = 1_000_000
"""Characters in a document. Ours have a few thousand; more than this is a mistake or an attack."""

DEEPEST = 500
"""Characters that may open a level. libyaml builds a document by recursion in C: 40,000 open brackets end the whole process."""

MOST_NODES = 25_000
"""Keys, values and items. Each takes some ten microseconds; the template that the product ships has 700."""

REMEMBERED = 64
"""Documents that were read last. A comment's steps read a template's and its environments' some twenty times over."""

MOST_FINDINGS = 50
"""Mistakes that are reported of one document. Nobody reads more at once, and GitHub's comments end somewhere."""

DocumentModel = TypeVar("DocumentModel", bound=BaseModel)
DocumentPath = tuple[str | int, ...]


_Fastest = cast(type[yaml.SafeLoader], getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # libyaml: ten times as fast


LONGEST_NUMBER = 4_300
"""Characters of a number, as for Python's own; `1:59:59…` is one, too, and takes quadratic time."""


def _number(construct: Callable[[Any, yaml.ScalarNode], object]) -> Callable[[Any, yaml.ScalarNode], object]:
    def constructed(loader: Any, node: yaml.ScalarNode) -> object:
        if len(node.value) > LONGEST_NUMBER:
            raise ValueError(f"an integer or another number of more than {LONGEST_NUMBER:,} characters")
        return construct(loader, node)

    return constructed


class _Bounded(_Fastest):  # type: ignore[misc, valid-type]
    """SafeLoader with numbers of some length."""


_Bounded.add_constructor("tag:yaml.org,2002:int", _number(yaml.SafeLoader.construct_yaml_int))
_Bounded.add_constructor("tag:yaml.org,2002:float", _number(yaml.SafeLoader.construct_yaml_float))


class _Loader(_Bounded):
    """SafeLoader with YAML 1.2's booleans, no timestamps and no duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                what = (
                    f"`{key.value}` is defined twice" if isinstance(key, yaml.ScalarNode) else "a key must be a string"
                )
                raise yaml.MarkedYAMLError(problem=what, problem_mark=key.start_mark)
            seen.add(key.value)
        return cast("dict[Hashable, Any]", super().construct_mapping(node, deep=deep))


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp", ":merge"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def load(text: str, model: type[DocumentModel], name: str) -> DocumentModel:
    """Return the document `text` as `model`.

    `name` is the document's path, for messages. Raises `Unreadable` with the line of each mistake.
    """
    return cast(DocumentModel, _loaded(text, model, name))


@lru_cache(maxsize=REMEMBERED)
def _loaded(text: str, model: type[BaseModel], name: str) -> BaseModel:
    data, node = _parsed(text, name)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise Unreadable(*islice(_findings(error, _Places(node), name), MOST_FINDINGS)) from error


def unvalidated(text: str) -> object:
    """Return what a document says, whatever its shape. Raises `Unreadable` when it is no YAML of ours."""
    return _parsed(text, "")[0]


def _parsed(text: str, name: str) -> tuple[object, yaml.Node | None]:
    if len(text) > LARGEST:
        raise Unreadable(Finding(name, 1, f"longer than {LARGEST:,} characters."))
    loader = _Loader(text)
    try:
        _refuse_bombs(text)
        node = loader.get_single_node()
        return (loader.construct_document(node) if node is not None else None), node
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(Finding(name, mark.line + 1 if mark else 1, str(error.problem or error.context))) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # Python refuses numbers of more than 4,300 digits
        raise Unreadable(Finding(name, 1, f"not valid YAML: {str(error).splitlines()[0]}")) from error
    finally:
        loader.dispose()


def plain_value(text: str) -> object:
    """Return what a YAML text of another program's kind holds, as YAML 1.1 reads it.

    It may be far larger than the text, where aliases stand for the same values. Raises `yaml.YAMLError`, `ValueError`."""
    _refuse_bombs(text, has_aliases=True)
    loader = _Bounded(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _Merges().count(node)
        return cast(object, loader.construct_document(node))
    finally:
        loader.dispose()


def dump(data: BaseModel | dict[str, Any], schema: str) -> str:
    """Return `data` as YAML text whose first line points editors at the JSON Schema `schema` (a relative path)."""
    plain = data.model_dump(mode="json", by_alias=True, exclude_none=True) if isinstance(data, BaseModel) else data
    return f"# yaml-language-server: $schema={schema}\n{yaml_writer.text(plain)}"


def line_of(text: str, place: Sequence[str | int]) -> int:
    """Return the line, from 1, on which the value at `place` is in the YAML `text`; its nearest parent's if absent."""
    return _places(text).line(place)


def _refuse_bombs(text: str, *, has_aliases: bool = False) -> None:
    """Refuse what a small document could make large, or deep. Raises `yaml.YAMLError`."""
    opened = text.count("[") + text.count("{") + max(map(len, _LEVELS.findall(text)), default=0)
    values = text.count("\n") + text.count(",") + text.count(":") + text.count("?") + opened
    if (has_aliases or "*" not in text) and opened <= DEEPEST and values <= MOST_NODES // 2:
        return
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):  # by events, so without recursion
        mark = cast(yaml.Mark, event.start_mark)
        if count > MOST_NODES:
            problem = f"more than {MOST_NODES:,} keys and values"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
        if isinstance(event, yaml.AliasEvent) and not has_aliases:  # an alias can expand a small document beyond memory
            problem = "YAML aliases (`*name`) are not supported. Write out the value"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            problem = f"nested more than {DEEPEST} levels deep. Write it flatter"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


class _Merges:
    """Counts the keys that maps have once others are merged into them (`<<: [*a, *a]` doubles them), each map once."""

    def __init__(self) -> None:
        self._keys: dict[int, int] = {}
        self._left = MOST_NODES

    def count(self, node: yaml.Node) -> int:
        """Return the keys of a map, or of all maps in a list. Raises `yaml.YAMLError`."""
        if id(node) in self._keys:
            return self._keys[id(node)]
        self._keys[id(node)] = found = 0
        if isinstance(node, yaml.MappingNode):
            merged = 0
            for key, value in node.value:
                self.count(key)
                inner = self.count(value)
                merged += inner if key.tag == "tag:yaml.org,2002:merge" else 0
            self._left -= merged
            found = len(node.value) + merged
        elif isinstance(node, yaml.SequenceNode):
            found = sum(map(self.count, node.value))
        if self._left < 0:
            problem = f"more than {MOST_NODES:,} keys once `<<` is filled in"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        self._keys[id(node)] = found
        return found


_LEVELS = re.compile(r"^[ \-?:]+", re.MULTILINE)
"""What a line begins with: each further level of a block needs a further column there."""


class _Places:
    """A document's nodes by the keys that lead to them."""

    def __init__(self, root: yaml.Node | None) -> None:
        self._root = root
        self._keys: dict[int, Mapping[str, tuple[yaml.Node, yaml.Node]]] = {}

    def line(self, place: Sequence[str | int]) -> int:
        """Return the line of the value at `place`, or of its nearest parent."""
        node = self._root
        line = node.start_mark.line + 1 if node is not None else 1
        for part in place:
            if isinstance(node, yaml.MappingNode) and (found := self._children(node).get(str(part))) is not None:
                line = found[0].start_mark.line + 1
            child = self._child(node, part)
            if child is not None:
                node = child
                if not isinstance(part, str):
                    line = node.start_mark.line + 1
        return line

    def named(self, place: Sequence[str | int]) -> Iterator[str | int]:
        """Yield the parts of `place` that are in the document, and the last; pydantic adds names of union members."""
        node = self._root
        for position, part in enumerate(place):
            child = self._child(node, part)
            if child is not None or position == len(place) - 1:
                yield part
            node = child if child is not None else node

    def _child(self, node: yaml.Node | None, part: str | int) -> yaml.Node | None:
        if isinstance(node, yaml.MappingNode):
            found = self._children(node).get(str(part))
            return found[1] if found is not None else None
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            return cast(yaml.Node, node.value[part])
        return None

    def _children(self, node: yaml.MappingNode) -> Mapping[str, tuple[yaml.Node, yaml.Node]]:
        if id(node) not in self._keys:  # the nodes live as long as this does
            self._keys[id(node)] = {key.value: (key, value) for key, value in node.value}
        return self._keys[id(node)]


@lru_cache(maxsize=8)
def _places(text: str) -> _Places:
    """Return the places of a document; whoever asks for one line of it asks for many."""
    return _Places(yaml.compose(text, Loader=_Loader))


def _findings(error: ValidationError, places: _Places, name: str) -> Iterable[Finding]:
    seen: set[Finding] = set()
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        place = tuple(item["loc"])
        where = ".".join(str(part) for part in places.named(place))
        match item["type"]:
            case "extra_forbidden":
                what = f"unknown key `{where}`"
            case "missing":
                what = f"`{where}` is missing"
            case _:
                what = f"`{where}`: {plainly(item['msg'])}" if where else plainly(item["msg"])
        finding = Finding(name, places.line(place), what)
        if finding not in seen:
            seen.add(finding)
            yield finding
