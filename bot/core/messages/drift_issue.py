"""The issue about an environment's drift, and what the command says."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from bot.commands.grammar import LONGEST_LINE, format_command
from bot.commands.model import Set
from bot.core.markdown import cell, code, details, fence, table
from bot.core.plans.drift import Drift, DriftChange, StepDrift
from bot.core.plans.drift_alike import signs
from bot.core.plans.drift_facts import facts_of, write_facts
from bot.core.plans.plan_values import Masked, ValueChange
from bot.core.plans.value_text import both_on_one_line
from bot.core.plural import counted, joined
from bot.names import EnvironmentName, Login

MOST_LINES = 400
"""Lines of attributes in the issue: at 120 characters each they stay under GitHub's 65,536. The run's log has all of them."""

MOST_ALIKE = 10
"""Other environments that are named; the rest is counted."""

_STEPS = re.compile(r"<!-- envclone:drift-steps:([a-z0-9_/,-]*) -->")
_SIGNS = re.compile(r"<!-- envclone:drift-signs:([0-9a-f,]+) -->")
_MARKER = re.compile(r"<!-- envclone:drift:([a-z0-9-]+) -->")
_CAUSE = re.compile(r"<!-- envclone:drift-cause:([0-9a-f,]+) -->")
CAUSE_GONE = "<!-- envclone:drift-cause-gone -->"
_STATES = {
    "same": "as applied",
    "drifted": "**has drifted**",
    "not_applied": "not applied yet",
    "no_check": "has no check",
    "unchecked": "could not be checked",
}


def marker(environment: EnvironmentName) -> str:
    """Return the hidden text by which the environment's issue is found again; that it is ours, its author says."""
    return f"<!-- envclone:drift:{environment} -->"


def about(body: str) -> str | None:
    """Return the name of the environment that an issue of ours is about."""
    found = _MARKER.search(body)
    return found[1] if found else None


def drifted_before(body: str) -> Sequence[str]:
    """Return the steps that an issue's body names as drifted."""
    found = _STEPS.search(body)
    return [name for name in found[1].split(",") if name] if found else []


def signs_in(body: str) -> frozenset[str]:
    """Return the signs of the changes that an issue's body is about (`bot.core.plans.drift_alike`)."""
    found = _SIGNS.search(body)
    return frozenset(found[1].split(",")) if found else frozenset()


def signs_of_cause(body: str) -> frozenset[str]:
    """Return the signs by which the issue about a change of several environments is found again; none of any other issue."""
    found = _CAUSE.search(body)
    return frozenset(found[1].split(",")) if found else frozenset()


def title_of_cause(alike: Mapping[EnvironmentName, int]) -> str:
    """Return the title of the issue about a change that was found in several environments."""
    return f"The same change outside the code in {joined(sorted(alike), 3)}"


def body_of_cause(signs: Collection[str], alike: Mapping[EnvironmentName, int]) -> str:
    """Return that issue's body; `alike` are the environments with the numbers of their own issues, which say what was found."""
    first, *others = sorted(alike)
    listed = [f"{code(name)} (#{number})" for name, number in sorted(alike.items())]
    lines = "\n".join(f"/repair {name}" for name in (first, *others)[:MOST_ALIKE])
    return (
        f"<!-- envclone:drift-cause:{','.join(sorted(signs))} -->\n"
        f"{counted(len(signs), 'change')} outside the code {'is' if len(signs) == 1 else 'are'} the same in {joined(listed, MOST_ALIKE)}, so there is "
        "probably one cause: somebody makes it by hand each time.\n\n"
        f"To keep it in all of them, comment this, which opens a pull request that changes the template:\n\n{fence(f'/codify {first} --all', 'text')}\n\n"
        f"To put it back, comment each of these, which opens a pull request for that environment:\n\n{fence(lines, 'text')}\n\n"
        "This issue is updated whenever all environments are checked, and closes once fewer than two have the change.\n"
    )


def cause_gone() -> str:
    """Return the comment that says that no two environments have the change any more."""
    return "No two environments have this change outside the code any more."


def title(environment: EnvironmentName) -> str:
    """Return the issue's title."""
    return f"{environment} has drifted"


def headline(drift: Drift) -> str:
    """Return what was found in one plain line."""
    if drift.because:
        return f"{drift.environment} was not compared: {drift.because}"
    changes = sum(max(1, len(step.changes)) for step in drift.drifted)
    blind = len(drift.unchecked)
    parts = [f"{counted(changes, 'change')} made outside the code" if changes else ""]
    parts += [f"{counted(blind, 'step')} could not be checked" if blind else ""]
    waiting = sum(step.state == "not_applied" for step in drift.steps)
    parts += [f"{counted(waiting, 'step is', 'steps are')} not applied yet" if waiting else ""]
    said = "; ".join(part for part in parts if part)
    return f"{drift.environment}: {said or 'no drift'}"


def body(drift: Drift, owner: Login, run_url: str, alike: Mapping[str, int] = MappingProxyType({})) -> str:
    """Return the issue's body; `alike` are other environments in which the same was found, each with the number of its issue."""
    name = drift.environment
    where = f" by [this run]({run_url})" if run_url else ""
    parts = [
        _hidden(drift),
        (
            f"{code(name)} no longer matches commit {code(drift.commit[:12])}; last checked{where}. Its owner is "
            f"@{owner}. Comment {code(f'/repair {name}')} for a pull request that puts it back, or {code(f'/codify {name}')} for one that "
            "changes the code to match. This issue closes automatically once the two match again."
        ),
        _alike(name, alike),
        _codified(drift),
        summary(drift),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _hidden(drift: Drift) -> str:
    """Return what is read again from the issue: whose it is, which steps have drifted, and the signs of the changes."""
    steps, found = ",".join(step.name for step in drift.drifted), signs(drift)
    signed = f"\n<!-- envclone:drift-signs:{','.join(found)} -->" if found else ""
    return f"{marker(drift.environment)}\n<!-- envclone:drift-steps:{steps} -->{signed}"


def _alike(name: EnvironmentName, alike: Mapping[str, int]) -> str:
    """Return that the same was found elsewhere; nothing when it was not."""
    if not alike:
        return ""
    listed = [f"{code(other)} (#{number})" for other, number in sorted(alike.items())]
    return (
        f"**The same change was found in {joined(listed, MOST_ALIKE)}**, so it probably has one cause. If all of them are to keep "
        f"it, comment {code(f'/codify {name} --all')}, which changes the template."
    )


def _codified(drift: Drift) -> str:
    """Return the command that makes the code say what is there, as far as parameters explain it."""
    if not drift.settings:
        return ""
    line = format_command(Set(drift.environment, drift.settings))
    if len(line) > LONGEST_LINE:
        return ""
    command = fence(line, "text")
    return f"To keep what is there, as far as parameters explain it, comment\n\n{command}"


def summary(drift: Drift) -> str:
    """Return everything that was found, for a run's page."""
    if drift.because:
        return f"### {cell(headline(drift))}\n"
    rows = [(code(step.name), _kind(step), _STATES[step.state], _note(step)) for step in drift.steps]
    parts = [table(("Step", "Kind", "State", "Details"), rows)]
    changed = list(_lines(step for step in drift.drifted if step.changes))
    if changed:
        cut = [] if len(changed) <= MOST_LINES else [f"… {len(changed) - MOST_LINES} more lines are in the run's log"]
        parts.append(fence("\n".join([*changed[:MOST_LINES], *cut]), "diff"))
    noted = [f"- {code(change.address)}: {_paths(change)}" for step in drift.steps for change in step.noted]
    if noted:
        parts.append(details("Also different, but not set in the code", "\n".join(noted[:MOST_LINES])))
    return "\n\n".join(parts)


def text(drift: Drift) -> str:
    """Return everything that was found, for a terminal."""
    lines = [headline(drift)]
    lines += [
        f"  {step.name}: {step.state.replace('_', ' ')}{f' ({step.text})' if step.text else ''}" for step in drift.steps
    ]
    return "\n".join([*lines, *_lines(drift.drifted)])


def check_summary(drift: Drift, said: str) -> str:
    """Return what a check says: in its first paragraph where to read more, by what became of the issue (`bot.runs.drift.issue`)."""
    number = re.search(r"#[0-9]+", said)
    where = f"See {number[0]}." if number else ""
    return f"{where}\n\n{summary(drift)}" if drift.steps else where or cell(headline(drift))


def check_text(drift: Drift) -> str:
    """Return the rest of what a check says: what `/codify` reads, hidden; empty when nothing was compared."""
    if drift.because:
        return ""
    return f"Comment `/codify {drift.environment}` to make this part of the code.\n\n{write_facts(facts_of(drift))}"


def gone(drift: Drift) -> str:
    """Return the comment that says that the drift is over."""
    return f"{code(drift.environment)} matches commit {code(drift.commit[:12])} again."


def came_back(drift: Drift) -> str:
    """Return the comment that says that there is drift once more."""
    return f"{cell(headline(drift))}. See the updated description above."


def no_more(name: str) -> str:
    """Return the comment that says that the environment no longer exists."""
    return f"{code(name)} is no longer on the default branch."


def _kind(step: StepDrift) -> str:
    """Return the kind as a plan's table shows it: a hook's is a name."""
    return step.kind if step.kind == "stack" else code(step.kind)


def _note(step: StepDrift) -> str:
    if step.text:
        return cell(step.text)
    return ", ".join(code(change.address) for change in step.changes[:10]) + (" …" if len(step.changes) > 10 else "")


def _lines(steps: Iterable[StepDrift]) -> Iterator[str]:
    for step in steps:
        for change in step.changes:
            yield from _change_lines(change)


def _change_lines(change: DriftChange) -> Iterator[str]:
    match change.how:
        case "gone":
            yield f"- {change.address} is gone"
        case "extra":
            yield f"+ {change.address} still exists, but is no longer in the code"
        case "changed":
            yield f"! {change.address}"
            yield from (f"!     {_difference(each)}" for each in change.differences)


def _difference(each: ValueChange) -> str:
    if isinstance(each.before, Masked) or isinstance(each.after, Masked):
        return f"{each.path or 'value'}: differs (sensitive)"
    found, wanted = both_on_one_line(each.before, each.after)
    return f"{each.path or 'value'}: is {found}, should be {wanted}"


def _paths(change: DriftChange) -> str:
    if change.how == "gone":
        return "gone"
    paths = [code(difference.path) for difference in change.differences]
    return ", ".join(paths[:10]) + (" …" if len(paths) > 10 else "")
