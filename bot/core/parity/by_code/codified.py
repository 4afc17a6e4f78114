"""The parameters with which the code says what is there: what `/set` would make of a drift.

A value is offered only if everything that it changes has drifted, and to just that: otherwise it would explain one thing and change
another. What no parameter explains is left.
"""

from collections.abc import Iterator, Mapping, Sequence

from bot.core.hcl.attributes import AttributeKey
from bot.core.parity.by_code.code_side import CodeSide, evaluated_side
from bot.core.parity.by_code.evaluated import EvaluatedEnvironment
from bot.core.parity.by_code.stack_values import CODE
from bot.core.plans.drift import StepDrift
from bot.core.rendering.assemble import TemplateAt, assemble
from bot.core.rendering.parameter_types import read
from bot.core.rendering.suggestions import listed
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.model.pipeline import Json
from bot.model.template import Parameter
from bot.names import ParameterName

MOST_TRIED = 50
"""Values that are tried. Each renders and evaluates the environment once more, and who has more drift than that has another problem."""


def codified(manifest: Manifest, template: TemplateAt, steps: Sequence[StepDrift]) -> Mapping[ParameterName, str]:
    """Return the values, as they are typed, that make the code say what is there. Raises `UserError` when the code can't be evaluated."""
    there = dict(_there(steps))
    now = _evaluated(manifest, template)
    found: dict[ParameterName, str] = {}
    tried = 0
    for key, value in there.items():
        for name in _candidates(manifest, template, now, key):
            tried += 1
            given = _read(name, template.declaration.parameters[name], value) if tried <= MOST_TRIED else None
            if given is not None and name not in found and _says_it(manifest, template, now, {name: given}, there):
                found[name] = listed(template.declaration.parameters[name], given)
    return found


def _there(steps: Sequence[StepDrift]) -> Iterator[tuple[AttributeKey, str]]:
    """Yield what is there of each attribute that has drifted and is no secret."""
    for step in steps:
        for change in step.changes:
            for each in change.differences if change.how == "changed" else ():
                text = typed(each.before)
                if text is not None:
                    yield AttributeKey(f"{step.name}/{change.address}", each.path), text


def _candidates(
    manifest: Manifest, template: TemplateAt, now: EvaluatedEnvironment, key: AttributeKey
) -> Iterator[ParameterName]:
    """Yield the parameters that `/set` takes and whose value stands at this place."""
    leaf = now.leaves.get(key)
    stands = typed(leaf.value) if leaf is not None else None
    for name, parameter in template.declaration.parameters.items():
        is_own = parameter.identity or parameter.allocate is not None or parameter.derive is not None
        if stands is not None and parameter.settable and not is_own and typed(manifest.parameters.get(name)) == stands:
            yield name


def _says_it(
    manifest: Manifest,
    template: TemplateAt,
    now: EvaluatedEnvironment,
    given: Mapping[ParameterName, Json],
    there: Mapping[AttributeKey, str],
) -> bool:
    becomes = manifest.model_copy(update={"parameters": {**manifest.parameters, **given}})
    try:
        after = _evaluated(becomes, template)
    except UserError:
        return False
    changed = [
        key
        for key in now.leaves.keys() | after.leaves.keys()
        if key[1] != CODE and not is_on_the_way(key[0]) and _at(now, key) != _at(after, key)
    ]
    return bool(changed) and all(key in there and _at(after, key) == there[key] for key in changed)


def is_on_the_way(address: str) -> bool:
    """Say whether a value is nothing that exists, but hands a value on."""
    return "/var." in address or "/output." in address or "/local." in address


def _evaluated(manifest: Manifest, template: TemplateAt) -> EvaluatedEnvironment:
    return evaluated_side(CodeSide(manifest, {**assemble(template, manifest), **template.modules}))


def _at(environment: EvaluatedEnvironment, key: AttributeKey) -> str | None:
    leaf = environment.leaves.get(key)
    return None if leaf is None else typed(leaf.value) or repr(leaf.value)


def _read(name: ParameterName, parameter: Parameter, text: str) -> Json:
    try:
        return read(name, parameter, text)
    except UserError:
        return None


def typed(value: object) -> str | None:
    """Return a plain value as it is typed; None for what is no plain value, or is secret or unknown."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if value != int(value) else str(int(value))
    return value if isinstance(value, str) else None
