"""Render a template: files byte for byte, except `*.j2`, which Jinja2 renders (`fill`).

Properties (laws 2 and 3): the result is a function of the template's files and the parameters; no value changes the
structure of a file. Design: values are escaped by default for the language they are in (`escape`), and each rendered
file is compared in structure with the same file rendered from neutral texts (`structure`). Only texts are neutralised:
a number, a bool or an enum can't carry syntax, so a template may branch on those and on nothing else.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from bot.core.hcl.comparison.structure import HCL, KNOWN, check_syntax, structure
from bot.core.rendering.filling import Filling, NotFilled
from bot.core.tree import CODE, File, Tree, check_tree
from bot.errors import InvalidInput
from bot.model.pipeline import Json
from bot.model.template import (
    DECLARATION,
    BoolParameter,
    CidrParameter,
    DurationParameter,
    EnumParameter,
    ListParameter,
    MapParameter,
    NumberParameter,
    Parameter,
    StringParameter,
)
from bot.names import ParameterName

ENDING = ".j2"
COPIED = f"{ENDING}{ENDING}"
"""The ending of a file that is itself to end in `.j2`: it loses one of the two, and is copied like any other file."""
RAW = "Braces that are the file's own go between `{% raw %}` and `{% endraw %}`."
DECLARE = (
    "Declare `{name}` under `parameters` in template.yaml. If it is there, the environment has no value of it yet: "
    "`envclone sync NAME` gives it one."
)
_UNDEFINED = re.compile(r"'([^']*)' is undefined$")
NOT_RENDERED = frozenset({DECLARATION, "README.md"})
"""Files of a template that speak of the template, not of an environment."""
_PARSED = (*CODE, ".tfvars", ".tfvars.json", ".tfbackend.hcl")

Parameters = Mapping[ParameterName, Json]
Declarations = Mapping[ParameterName, Parameter]


@dataclass(frozen=True, slots=True)
class _Given:
    """Values, and neutral ones in their place. Two are the same if their neutral values are: those decide a file's structure."""

    key: str
    parameters: Parameters = field(compare=False)
    neutral: Parameters = field(compare=False)

    @classmethod
    def of(cls, declared: Declarations, parameters: Parameters) -> Self:
        """Put a neutral value in the place of each."""
        if unknown := sorted(parameters.keys() - declared.keys()):
            raise InvalidInput(
                f"the environment has a value of `{unknown[0]}`, which its template doesn't declare. Declare it under `parameters` in "
                "template.yaml; if it was removed there, `envclone sync NAME` removes the value."
            )
        neutral = {name: _neutral(declared[name], value) for name, value in parameters.items()}
        return cls(json.dumps(neutral, sort_keys=True), parameters, neutral)


def render(template: Tree, declared: Declarations, parameters: Parameters) -> dict[str, File]:
    """Return the files of an environment, without its manifest.

    `parameters` must have passed `values.checked`. Raises `InvalidInput` naming the file, and the parameter where one is
    to blame.
    """
    rendered: dict[str, File] = {}
    given = _Given.of(declared, parameters)
    for path, file in sorted(template.items()):
        if path in NOT_RENDERED:
            continue
        if path.endswith(COPIED):
            target, content = path.removesuffix(ENDING), file
        elif path.endswith(ENDING):
            target, content = path.removesuffix(ENDING), _render_file(path, file, given)
        else:
            target, content = path, file
            if target.endswith(_PARSED):
                check_syntax(target, file.data)
        if target in rendered:
            raise InvalidInput(f"{target} comes from two files of the template. Remove one.")
        rendered[target] = content
    check_tree(rendered)
    return rendered


def _render_file(path: str, file: File, given: _Given) -> File:
    target = path.removesuffix(ENDING)
    if not target.endswith(KNOWN):
        raise InvalidInput(
            f"{path}: only {', '.join(KNOWN)} files can be rendered, because only those can be escaped and checked. A file that is "
            f"itself to end in `{ENDING}` is copied if it is named `{path}{ENDING}`."
        )
    if target.endswith((".tf.json", ".tofu.json")):
        raise InvalidInput(
            f"{path}: Terraform evaluates `${{}}` inside {target[target.index('.t') :]}, so values aren't safe there. Use a .tf file."
        )
    return File(_content(_Content(path, file.data, _read(file.data, given), given)), file.executable)


@dataclass(frozen=True)
class _Content:
    """A file to be filled; the same if its text and the values that it reads are."""

    path: str
    source: bytes
    read: str
    given: _Given = field(compare=False)


@lru_cache(maxsize=1024)
def _content(file: _Content) -> bytes:
    """Return a file's bytes, remembered: to name a cause, a clone is rendered again for each parameter, which few files read."""
    path, source, given = file.path, file.source, file.given
    content = _filled(path, source, given.parameters)
    if structure(path.removesuffix(ENDING), content) != _neutral_structure(path, source, given):
        raise InvalidInput(
            f"{path}: the value of `{_culprit(path, source, given)}` changes the structure of the "
            "file. Branch only on an enum or a bool, and put text inside quotes or through `| hcl` or `| json`."
        )
    return content


def _read(source: bytes, given: _Given) -> str:
    """Return the values that decide a file's content, and what is neutral in their place, as one text."""
    names = _words(source)
    return json.dumps(
        [{n: v for n, v in each.items() if n in names} for each in (given.parameters, given.neutral)], sort_keys=True
    )


@lru_cache(maxsize=2048)
def _words(source: bytes) -> frozenset[str]:
    """Return the words of a text: a value is read by its name alone. Jinja's own analysis would calculate what stands there."""
    return frozenset(re.findall(r"[^\W\d]\w*", source.decode("utf-8", "replace")))


def _filled(path: str, source: bytes, parameters: Parameters) -> bytes:
    from bot.core.rendering.fill import filled  # noqa: PLC0415 (Jinja2: 0.1 s of a start, for commands that render nothing)

    try:
        text = source.decode("utf-8")
        values = {str(name): value for name, value in parameters.items()}
        return filled(Filling(text, values, path.removesuffix(ENDING).endswith(HCL))).encode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: not UTF-8 at byte {error.start}") from error
    except NotFilled as error:
        unknown = _UNDEFINED.search(error.message)
        hint = f" {RAW}" if error.line is not None else f". {DECLARE.format(name=unknown[1])} {RAW}" if unknown else ""
        raise InvalidInput(f"{path}{f':{error.line}' if error.line else ''}: {error.message}{hint}") from error


@lru_cache(maxsize=256)
def _neutral_structure(path: str, source: bytes, given: _Given) -> tuple[str, ...]:
    return structure(path.removesuffix(ENDING), _filled(path, source, given.neutral))


def _culprit(path: str, source: bytes, given: _Given) -> str:
    """Return the first parameter that alone gives the file the structure it should not have."""
    right = structure(path.removesuffix(ENDING), _filled(path, source, given.neutral))
    for name, value in given.parameters.items():
        try:
            if structure(path.removesuffix(ENDING), _filled(path, source, {**given.neutral, name: value})) != right:
                return name
        except InvalidInput:
            return name
    return "several parameters together"


def _neutral(parameter: Parameter, value: Json) -> Json:
    """Return a value of the same type and size that carries no syntax."""
    match parameter:
        case StringParameter():
            return "neutral"
        case ListParameter() if isinstance(value, list) and parameter.items == "string":
            return [f"neutral{position}" for position, _ in enumerate(value)]
        case MapParameter() if isinstance(value, dict) and parameter.values == "string":
            return dict.fromkeys(value, "neutral")
        case NumberParameter() | BoolParameter() | EnumParameter() | CidrParameter() | DurationParameter():
            return value
        case _:
            return value
