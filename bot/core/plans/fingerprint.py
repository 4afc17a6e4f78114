"""The fingerprint of a plan: equal for two plans that would do the same, whenever and in whatever order they were made.

What counts: the address and action of every change; for a creation all values, for an update or replacement what differs,
for a removal the resource's id; renames and imports; changed outputs. What doesn't: order, data that is read, values
that stay as they are (providers rewrite those without need), and `plantimestamp()`.

Sensitive values count, so a changed secret is noticed. A digest of a short secret can be guessed back, so every digest is
keyed (HMAC-SHA256) with a random key that lies with the review in the private bucket; the fingerprint alone, should it
be shown anywhere, tells nothing.

A stack may be planned with mock outputs for outputs that don't exist yet, and real values can't be told from mock outputs
in a plan: a real `demo-x` also stands where nobody put a mock, a function leaves no trace of what it was given, sets
are ordered by their values. So mock outputs are never compared with real values. Before such a stack is applied it is planned
*again with the same mock outputs* (`inputs.replayed`), and that plan must have the reviewed fingerprint, exactly. Then code,
parameters and reality are what was reviewed, and the plan with the real values differs by those values alone; what it does
is held against what was shown (`plan.unshown`).
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.plans.plan import Action, OutputChange, PlannedChange, TerraformPlan
from bot.core.plans.plan_values import Masked, PlanValue, UnknownUntilApply
from bot.model.pipeline import Json

_TIMESTAMP = "<plan:timestamp>"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`value` decides. `parts` (address and digest of each change) only say which changes are not as they were."""

    value: str
    parts: tuple[tuple[str, str], ...]

    def differing(self, other: "Fingerprint") -> list[str]:
        """Return the addresses whose changes are not the same in both, in order."""
        return sorted({address for address, _ in set(self.parts) ^ set(other.parts)})


def fingerprint(plan: TerraformPlan, key: str) -> Fingerprint:
    """Return the plan's fingerprint under `key`, the review's own: 32 random bytes in hexadecimal."""
    changes = [c for c in plan.changes if c.changes_anything and not c.is_data]
    parts = [(change.address, _change(change, plan)) for change in changes]
    parts += [(f"output.{o.name}", _output(o, plan)) for o in plan.outputs if o.action != Action.NO_OP]
    digests = sorted((address, _digest(key, content)) for address, content in parts)
    return Fingerprint(_digest(key, [list(pair) for pair in digests]), tuple(digests))


def _change(change: PlannedChange, plan: TerraformPlan) -> Json:
    match change.action:
        case Action.CREATE:
            content = _json(change.after, plan)
        case Action.DELETE | Action.FORGET:
            content = _json(change.before.get("id"), plan) if isinstance(change.before, Mapping) else None
        case _:
            ordered = sorted(change.differences, key=lambda d: d.path)
            content = [[d.path, _json(d.before, plan), _json(d.after, plan)] for d in ordered]
    return [change.action.value, change.previous_address, change.is_import, [*sorted(change.replace_paths)], content]


def _output(output: OutputChange, plan: TerraformPlan) -> Json:
    return [output.action.value, _json(output.after, plan)]


def _json(value: PlanValue, plan: TerraformPlan) -> Json:
    """Return a value as JSON in which no two different values look the same, whether they may be shown or not."""
    match value:
        case UnknownUntilApply():
            return ["unknown"]
        case Masked():
            # Like the plain value: what counts as a secret depends on what the reader knew, not on the plan.
            return _json(value.reveal(), plan)
        case Mapping():
            return {key: _json(value[key], plan) for key in value}
        case list() | tuple():
            return ["list", *(_json(item, plan) for item in value)]
        case str() if plan.timestamp:
            return value.replace(plan.timestamp, _TIMESTAMP)
        case str() | bool() | int() | float() | None:
            return value
        case _:
            raise TypeError(type(value).__name__)


def _digest(key: str, content: Json) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hmac.new(bytes.fromhex(key), text.encode(), hashlib.sha256).hexdigest()
