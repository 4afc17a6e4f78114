"""What outlives an environment on purpose: read from the plan of its end, by a short table of AWS's own waiting periods."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.core.ledger.ledger import Gone, Retained
from bot.core.plans.plan import Action, PlannedChange, TerraformPlan
from bot.core.plans.plan_values import PlanValue

Attributes = Mapping[str, PlanValue]


@dataclass(frozen=True, slots=True)
class _Rule:
    """Says of a resource of one type why it stays, or None when it goes at once. `name` is the attribute that names what stays."""

    why: Callable[[Attributes], str | None]
    name: str = "arn"


def _waits(attribute: str, default: int, what: str) -> Callable[[Attributes], str | None]:
    def why(attributes: Attributes) -> str | None:
        days = attributes.get(attribute)
        number = int(days) if isinstance(days, int | float) else default
        return f"{what}, and is deleted {number} days later" if number else None

    return why


def _if(attribute: str, value: PlanValue, why: str) -> Callable[[Attributes], str | None]:
    return lambda attributes: why if attributes.get(attribute) == value else None


RULES: Mapping[str, _Rule] = {
    # https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
    "aws_kms_key": _Rule(_waits("deletion_window_in_days", 30, "can no longer be used")),
    "aws_kms_replica_key": _Rule(_waits("deletion_window_in_days", 30, "can no longer be used")),
    # https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
    "aws_secretsmanager_secret": _Rule(_waits("recovery_window_in_days", 30, "can still be restored")),
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
    "aws_db_instance": _Rule(
        _if("skip_final_snapshot", False, "its final snapshot is kept"), "final_snapshot_identifier"
    ),
    "aws_rds_cluster": _Rule(
        _if("skip_final_snapshot", False, "its final snapshot is kept"), "final_snapshot_identifier"
    ),
    "aws_cloudwatch_log_group": _Rule(_if("skip_destroy", True, "its template says that logs are kept")),
    "aws_ecs_task_definition": _Rule(_if("skip_destroy", True, "its template says that revisions are kept")),
}


def gone(plan: TerraformPlan) -> Gone:
    """Return what a plan of an end takes away, by address, and what of it stays on purpose."""
    removed = [change for change in plan.changes if change.action in {Action.DELETE, Action.FORGET}]
    destroyed = [change.address for change in removed if change.action is Action.DELETE]
    return Gone(destroyed=tuple(destroyed), remains=tuple(_remainders(removed)))


def _remainders(removed: Sequence[PlannedChange]) -> Sequence[Retained]:
    found = []
    for change in removed:
        attributes = change.before if isinstance(change.before, Mapping) else {}
        if change.action is Action.FORGET:
            found.append(Retained(what=_named(change, attributes, "arn"), why="Terraform only forgets it"))
        elif (rule := RULES.get(change.type)) and (why := rule.why(attributes)):
            found.append(Retained(what=_named(change, attributes, rule.name), why=why))
    return found


def _named(change: PlannedChange, attributes: Attributes, attribute: str) -> str:
    value = attributes.get(attribute) or attributes.get("id")
    return value if isinstance(value, str) and value else change.address
