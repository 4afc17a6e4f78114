"""Read a plan from `terraform show -json` (format 1.x); sensitive leaves are masked as they enter.

Source: https://developer.hashicorp.com/terraform/internals/json-format.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import ValidationError

from bot.core.plans.plan import Action, OutputChange, PlannedChange, TerraformPlan
from bot.core.plans.plan_values import planned
from bot.errors import Unverifiable
from bot.model.base import ForeignDocument
from bot.model.pipeline import Json
from bot.names import shown

_ACTIONS: Mapping[tuple[str, ...], Action] = {
    ("create",): Action.CREATE,
    ("update",): Action.UPDATE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("create", "forget"): Action.REPLACE,
    ("delete",): Action.DELETE,
    ("forget",): Action.FORGET,
    ("read",): Action.READ,
    ("no-op",): Action.NO_OP,
}


# Terraform adds keys in minor versions, so unknown ones are no error here.
class _Change(ForeignDocument):
    actions: tuple[str, ...]
    before: Json = None
    after: Json = None
    after_unknown: Json = False
    before_sensitive: Json = False
    after_sensitive: Json = False
    replace_paths: list[list[str | int]] = []
    importing: Json = None


class _Resource(ForeignDocument):
    address: str
    mode: Literal["managed", "data"]
    type: str
    change: _Change
    action_reason: str | None = None
    previous_address: str | None = None


class _Document(ForeignDocument):
    format_version: str
    terraform_version: str = ""
    resource_changes: list[_Resource] = []
    resource_drift: list[_Resource] = []
    output_changes: dict[str, _Change] = {}
    timestamp: str | None = None
    complete: bool = True
    errored: bool = False


def read_plan(document: bytes, secrets: Sequence[str] = ()) -> TerraformPlan:
    """Return the plan in the JSON `document`.

    `secrets` are texts that are masked wherever they stand. Raises `Unverifiable` for a plan that failed, is not
    complete, or whose format is newer than what is understood here; the message never quotes the document.
    """
    try:
        read = _Document.model_validate_json(document)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, item["loc"])) for item in error.errors(include_input=False)[:3])
        raise Unverifiable(f"Terraform's plan could not be read (at {places or 'its start'})") from None
    if not read.format_version.startswith("1."):
        raise Unverifiable(f"Terraform's plan has format {shown(read.format_version)}; only 1.x is supported")
    if read.errored or not read.complete:
        raise Unverifiable("Terraform's plan is incomplete: it covers only part of the stack")
    return TerraformPlan(
        changes=tuple(_planned_change(item, secrets) for item in read.resource_changes),
        outputs=tuple(_output_change(name, item, secrets) for name, item in read.output_changes.items()),
        drift=tuple(_planned_change(item, secrets) for item in read.resource_drift),
        timestamp=read.timestamp,
        terraform_version=read.terraform_version,
    )


def _planned_change(item: _Resource, secrets: Sequence[str]) -> PlannedChange:
    change = item.change
    return PlannedChange(
        address=item.address,
        type=item.type,
        action=_action(change.actions),
        before=planned(change.before, False, change.before_sensitive, secrets),
        after=planned(change.after, change.after_unknown, change.after_sensitive, secrets),
        replace_paths=tuple(_path(path) for path in change.replace_paths),
        reason=item.action_reason,
        previous_address=item.previous_address,
        is_import=change.importing is not None,
        is_data=item.mode == "data",
    )


def _output_change(name: str, change: _Change, secrets: Sequence[str]) -> OutputChange:
    return OutputChange(
        name=name,
        action=_action(change.actions),
        before=planned(change.before, False, change.before_sensitive, secrets),
        after=planned(change.after, change.after_unknown, change.after_sensitive, secrets),
    )


def _action(actions: tuple[str, ...]) -> Action:
    action = _ACTIONS.get(actions)
    if action is None:
        raise Unverifiable(f"Terraform's plan has an unknown action: {shown(' '.join(actions))}")
    return action


def _path(parts: Sequence[str | int]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
