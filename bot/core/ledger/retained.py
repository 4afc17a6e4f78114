"""What outlives an environment on purpose: read from the plan of its destroy, by the cloud's table of waiting periods."""

from collections.abc import Mapping, Sequence

from bot.core.cloud_facts import Always, CloudFacts, RetainedRule, Waits
from bot.core.ledger.ledger import Gone, Retained
from bot.core.plans.plan import Action, PlannedChange, TerraformPlan
from bot.core.plans.plan_values import PlanValue

Attributes = Mapping[str, PlanValue]


def gone(plan: TerraformPlan, cloud: CloudFacts) -> Gone:
    """Return what a plan of an end takes away, by address, and what of it stays on purpose."""
    removed = [change for change in plan.changes if change.action in {Action.DELETE, Action.FORGET}]
    destroyed = [change.address for change in removed if change.action is Action.DELETE]
    return Gone(destroyed=tuple(destroyed), remains=tuple(_retained(removed, cloud)))


def _retained(removed: Sequence[PlannedChange], cloud: CloudFacts) -> Sequence[Retained]:
    found = []
    for change in removed:
        attributes = change.before if isinstance(change.before, Mapping) else {}
        if change.action is Action.FORGET:
            found.append(
                Retained(
                    what=_named(change, attributes, cloud.identifier), why="Terraform only removes it from the state"
                )
            )
        elif (rule := cloud.retained.get(change.type)) and (why := _why(rule, attributes)):
            found.append(Retained(what=_named(change, attributes, rule.name or cloud.identifier), why=why))
    return found


def _why(rule: RetainedRule, attributes: Attributes) -> str | None:
    """Return why a resource stays, or None when it goes at once."""
    if isinstance(rule.when, Always):
        return rule.why
    value = attributes.get(rule.when.attribute)
    if isinstance(rule.when, Waits):
        days = int(value) if isinstance(value, int | float) else rule.when.default
        return f"{rule.why}, and is deleted {days} days later" if days else None
    return rule.why if value == rule.when.value else None


def _named(change: PlannedChange, attributes: Attributes, attribute: str) -> str:
    value = attributes.get(attribute) or attributes.get("id")
    return value if isinstance(value, str) and value else change.address
