"""A YAML document that knows its lines: parse, validate against a model, and locate each mistake.

Duplicate keys, anchors that expand beyond reason and tags other than YAML's plain ones are refused. Timestamps, `yes`/`no`
and other implicit surprises of YAML 1.1 are read as the text that they look like, as YAML 1.2's core schema does.
"""

import re
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ValidationError

from bot.errors import Finding, Unreadable

LARGEST = 1_000_000
"""Characters in a document. Ours have a few thousand; more than this is a mistake or an attack."""

DocumentModel = TypeVar("DocumentModel", bound=BaseModel)
DocumentPath = tuple[str | int, ...]


_Fastest = cast(type[yaml.SafeLoader], getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # libyaml: ten times as fast


class _Loader(_Fastest):  # type: ignore[misc, valid-type]
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


class _Dumper(yaml.SafeDumper):
    """SafeDumper that indents lists, so that what we write reads as people write it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def load(text: str, model: type[DocumentModel], name: str) -> DocumentModel:
    """Return the document `text` as `model`.

    `name` is the document's path, for messages. Raises `Unreadable` with the line of each mistake.
    """
    if len(text) > LARGEST:
        raise Unreadable(Finding(name, 1, f"longer than {LARGEST:,} characters."))
    loader = _Loader(text)
    try:
        _refuse_aliases(text)
        node = loader.get_single_node()
        data = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(Finding(name, mark.line + 1 if mark else 1, str(error.problem or error.context))) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise Unreadable(Finding(name, 1, f"not valid YAML: {str(error).splitlines()[0]}")) from error
    finally:
        loader.dispose()
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise Unreadable(*_findings(error, node, name)) from error


def dump(data: BaseModel | dict[str, Any], schema: str) -> str:
    """Return `data` as YAML text whose first line points editors at the JSON Schema `schema` (a relative path)."""
    plain = data.model_dump(mode="json", by_alias=True, exclude_none=True) if isinstance(data, BaseModel) else data
    body = yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return f"# yaml-language-server: $schema={schema}\n{body}"


def line_of(text: str, place: Sequence[str | int]) -> int:
    """Return the line, from 1, on which the value at `place` stands in the YAML `text`; its nearest parent's if absent."""
    return _line(yaml.compose(text, Loader=_Loader), place)


def _refuse_aliases(text: str) -> None:
    if "*" not in text:
        return
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):  # an alias can expand a small document beyond memory
            problem = "YAML aliases (`*name`) are not supported. Write out the value"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=cast(yaml.Mark, event.start_mark))


def _findings(error: ValidationError, node: yaml.Node | None, name: str) -> Iterable[Finding]:
    seen: set[Finding] = set()
    for item in error.errors(include_url=False):
        place = tuple(item["loc"])
        where = ".".join(str(part) for part in _named(node, place))
        match item["type"]:
            case "extra_forbidden":
                what = f"unknown key `{where}`"
            case "missing":
                what = f"`{where}` is missing"
            case _:
                what = f"`{where}`: {item['msg'].removeprefix('Value error, ')}" if where else item["msg"]
        finding = Finding(name, _line(node, place), what)
        if finding not in seen:
            seen.add(finding)
            yield finding


def _named(node: yaml.Node | None, place: Sequence[str | int]) -> Iterable[str | int]:
    """Yield the parts of `place` that stand in the document, and the last; pydantic adds names of union members."""
    for position, part in enumerate(place):
        child = _child(node, part)
        if child is not None or position == len(place) - 1:
            yield part
        node = child if child is not None else node


def _line(node: yaml.Node | None, place: Sequence[str | int]) -> int:
    line = node.start_mark.line + 1 if node is not None else 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            for key, _ in node.value:
                if key.value == str(part):
                    line = key.start_mark.line + 1
        child = _child(node, part)
        if child is not None:
            node = child
            if not isinstance(part, str):
                line = node.start_mark.line + 1
    return line


def _child(node: yaml.Node | None, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return cast(yaml.Node, node.value[part])
    return None
