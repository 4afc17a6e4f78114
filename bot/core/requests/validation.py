"""What a `/clone` must satisfy before it is drafted: its purpose, values, life and quota; and the values of a `/set`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.commands.model import Clone, Command, Set, SetsValues, Sync
from bot.core.parity.report import Breach
from bot.core.rendering.inventory import Inventory, clash
from bot.core.rendering.parameter_rules import broken, kept, taken
from bot.core.rendering.parameter_types import read
from bot.core.rendering.parameter_values import ENVIRONMENT
from bot.core.rendering.suggestions import listed, nearest
from bot.errors import Finding, InvalidInput, UserError
from bot.model import duration
from bot.model.environment import Manifest
from bot.model.pipeline import Json
from bot.model.policy import Policy
from bot.model.suggest import abbreviated, closest, described
from bot.model.template import Parameter, Template
from bot.names import Login, ParameterName, PurposeName, shown


class Correctable(UserError):
    """A refusal that comes with the command that would have been accepted, as far as we know."""

    def __init__(self, message: str, instead: Command | None = None) -> None:
        super().__init__(message)
        self.instead = instead


class Unplannable(UserError):
    """The pull request's check would refuse the template's code, whatever is asked for."""

    def __init__(self, found: Sequence[Finding], purpose: PurposeName) -> None:
        more = f" (and {len(found) - 1} more: run `envclone template check`)" if len(found) > 1 else ""
        super().__init__(f"The template's code would not be planned for the purpose `{purpose}`. {found[0]}{more}")
        self.findings = tuple(found)


def admitted_purpose(command: Clone, template: Template) -> PurposeName:
    """Return the purpose that was asked for, or the template's default. Raises `Correctable`."""
    purpose = command.purpose
    if purpose is None:
        return template.default_purpose
    if purpose in template.purposes:
        return purpose
    near = closest(purpose, template.purposes) or described(
        purpose, {name: each.description for name, each in template.purposes.items()}
    )
    known = ", ".join(f"`{known}`" for known in template.purposes)
    message = f"Template {template.name} has no purpose {shown(purpose)}. Its purposes are {known}."
    if near is None:
        begun = f"{purpose}: {{description: What it is for., match: [topology], differ: [identity]}}"
        raise Correctable(
            f"{message} To have it, add `{begun}` under `purposes` in the template's template.yaml, with the values that it is to `set`."
        )
    raise Correctable(f"{message} Did you mean `{near}`?", replace(command, purpose=PurposeName(near)))


def check_purpose(command: Clone, purpose: PurposeName, template: Template, source: Manifest) -> None:
    """Refuse what the source itself is for: it promises nothing of what makes a clone harmless. Raises `Correctable`."""
    if source.source is None and purpose == source.purpose:
        others = [each for each in template.purposes if each != purpose]
        listed = ", ".join(f"`{each}`" for each in others) or "none"
        message = (
            f"`{purpose}` is the purpose of `{source.name}` itself, so a clone can't have it. Choose another: {listed}."
        )
        default = template.default_purpose if template.default_purpose != purpose else next(iter(others), None)
        raise Correctable(message, replace(command, purpose=default) if default else None)


def overrides(command: SetsValues, template: Template) -> dict[ParameterName, Json]:
    """Return the values given by `--set` or `/set`, typed. Raises `Correctable`."""
    return {name: _override(command, template, name, text) for name, text in command.set.items()}


def check_free(command: Clone, template: Template, values: Mapping[ParameterName, Json], inventory: Inventory) -> None:
    """Refuse a value given by `--set` that another environment holds alone. Raises `Correctable` without that `--set`."""
    for name in command.set:
        parameter = template.parameters[name]
        held = inventory.held(name, parameter, by_others_than=command.name) if parameter.allocate else ()
        holder = next((holder for value, holder in held if clash(parameter, value, values[name])), None)
        if holder is not None:
            message = (
                f"`{name}` can't be {shown(str(values[name]))}: `{holder}` already uses it. Leave it out to get a "
                "free value:"
            )
            raise Correctable(message, without(command, [name]))


def check_rules(command: SetsValues, template: Template, values: Mapping[ParameterName, Json]) -> None:
    """Refuse values that contradict each other, or are another's. Raises `Correctable` with values that don't, if they are clear."""
    own = values if isinstance(command, Clone) else {name: values[name] for name in command.set if name in values}
    for value in taken(template, own):
        raise Correctable(
            value.message, without(command, [value.parameter]) if value.parameter in command.set else None
        )
    for each in broken(template, values):
        blamed = frozenset(command.set) & set(each.rule.parameters)
        if not blamed and isinstance(command, Sync):
            raise Correctable(f"{each.message} Change one of them first, with `/set {command.name} …`, then sync.")
        if not blamed:
            raise Correctable(
                f"{each.message} No value in this command causes that: fix the template (`envclone template check`)."
            )
        raise Correctable(each.message, _within(command, template, kept(template, each.rule, values, blamed)))


def _within(command: SetsValues, template: Template, values: Mapping[ParameterName, Json] | None) -> SetsValues | None:
    """Return the command with these values as well, if all of them can be set."""
    if values is None or not all(_is_free(template.parameters[name]) for name in values):
        return None
    texts = {name: listed(template.parameters[name], value) for name, value in values.items()}
    return replace(command, set={**command.set, **texts})


def _is_free(parameter: Parameter) -> bool:
    return parameter.settable and parameter.derive is None and parameter.allocate is None


def without(command: SetsValues, names: Collection[ParameterName]) -> SetsValues | None:
    """Return the command without these values; None when nothing would be left to do."""
    rest = {key: text for key, text in command.set.items() if key not in names}
    return replace(command, set=rest) if rest or not isinstance(command, Set) else None


def check_contract(command: SetsValues, template: Template, breaches: Sequence[Breach]) -> None:
    """Refuse what would break its purpose's contract. Raises `Correctable` without the value that breaks it.

    Without such a value the template contradicts itself or its source, and no comment can fix that. A clone
    is not made then; one that is there already is none the worse for another value.
    """
    if not breaches:
        return
    said = " ".join(f"{breach.message}." for breach in breaches)
    blamed = [name for name in command.set if any(name in breach.parameters for breach in breaches)]
    others = [
        f"`{name}`"
        for name, purpose in template.purposes.items()
        if str(name) != getattr(command, "source", None)
        and not any(breach.aspect in getattr(purpose, breach.demand) for breach in breaches)
    ]
    if not blamed and not isinstance(command, Clone):
        return
    if not blamed:
        hint = (
            " What clones alone have or lack on purpose is named under `aspects` in template.yaml, with another aspect than `topology`."
            if any(breach.aspect == "topology" for breach in breaches)
            else ""
        )
        raise Correctable(f"{said} No `--set` causes that: fix the template (`envclone template check`).{hint}")
    sets = said_sets(command, blamed)
    allowed = f" These purposes allow it: {', '.join(others)}." if others else ""
    raise _blamed(command, blamed, f"{said} {sets} causes that.{allowed}")


def said_sets(command: SetsValues, names: Collection[ParameterName]) -> str:
    """Return how the values of these were given."""
    return ", ".join(f"`{'' if isinstance(command, Set) else '--set '}{name}=…`" for name in names)


def check_refusals(command: SetsValues, found: Sequence[Finding], blamed: Collection[ParameterName]) -> None:
    """Refuse what the check of the pull request would refuse. Raises `Correctable` without the values that cause it."""
    if found and blamed:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise _blamed(
            command,
            blamed,
            f"The pull request's check would fail: {found[0]}{more} {said_sets(command, blamed)} causes that.",
        )


def check_code(found: Sequence[Finding], purpose: PurposeName) -> None:
    """Refuse what the pull request's check would refuse whatever is asked for. Raises `Unplannable`."""
    if found:
        raise Unplannable(found, purpose)


def _blamed(command: SetsValues, blamed: Collection[ParameterName], message: str) -> Correctable:
    rest = without(command, blamed)
    return Correctable(f"{message} Without it:" if rest else message, rest)


def admitted_ttl(command: Clone, policy: Policy) -> timedelta:
    """Return how long the clone may live. Raises `Correctable` when it is out of the policy's bounds."""
    asked = command.ttl or policy.ttl.default
    nearest = min(max(asked, policy.ttl.min), policy.ttl.max)
    if asked != nearest:
        low, high = duration.text(policy.ttl.min), duration.text(policy.ttl.max)
        message = f"`--ttl` must be between {low} and {high}, not {duration.text(asked)}."
        raise Correctable(message, replace(command, ttl=nearest))
    return asked


def check_quota(inventory: Inventory, policy: Policy, owner: Login, purpose: PurposeName) -> None:
    """Refuse one clone too many, counted over the default branch, open pull requests and unfinished ends. Raises `UserError`."""
    quota, clones = policy.quota, [clone for clone in inventory.clones() if clone.name not in policy.protected]
    counts = (
        ("in total", len(clones), quota.total),
        (f"owned by {owner}", sum(clone.owner == owner for clone in clones), quota.per_owner),
        (
            f"for {purpose}",
            sum(clone.purpose == purpose for clone in clones),
            quota.per_purpose.get(purpose, quota.total),
        ),
    )
    for what, count, most in counts:
        if count >= most:
            raise UserError(
                f"Quota reached: {count} of {most} clones {what}. Destroy one first; `/list` shows them."
                + _unfinished(inventory)
            )


def _unfinished(inventory: Inventory) -> str:
    names = ", ".join(f"`{name}`" for name in inventory.ending)
    return f" Removed but not destroyed yet: {names}. `/resume` continues the destroy." if names else ""


def _override(command: SetsValues, template: Template, name: ParameterName, text: str) -> Json:
    if name not in template.parameters:
        near = abbreviated(name, template.parameters) or closest(name, template.parameters)
        message = f"Template {template.name} has no parameter {shown(name)}."
        if near is None:
            raise Correctable(f"{message} `/help` lists them.")
        renamed = {(ParameterName(near) if key == name else key): value for key, value in command.set.items()}
        raise Correctable(f"{message} Did you mean `{near}`?", replace(command, set=renamed))
    parameter = template.parameters[name]
    if not parameter.settable:
        message = f"`{name}` can't be set: the template, the purpose and the source decide its value."
        raise Correctable(message, without(command, [name]))
    if all(each.set.get(name) == purpose for purpose, each in template.purposes.items()):
        message = f"`{name}` can't be set: it is the purpose. Use `for <purpose>` instead."
        raise Correctable(message, without(command, [name]))
    if parameter.derive == f"{{{ENVIRONMENT}}}":
        message = f"`{name}` can't be set: it is the environment's name. Use `as <name>` instead."
        raise Correctable(message, without(command, [name]))
    try:
        return read(name, parameter, text)
    except InvalidInput as error:
        near = nearest(name, parameter, text)
        instead = replace(command, set={**command.set, name: near}) if near is not None else None
        raise Correctable(str(error), instead) from error
