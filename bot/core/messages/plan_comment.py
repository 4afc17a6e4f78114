"""The plan of an environment in GitHub's Markdown: for the one comment, the step summary, and the file that holds all of it.

Too long is never silence. Stack by stack, the largest first, attributes go, then the names of what is added or changed. What is destroyed
or replaced stays named; of thousands as many as fit. Whatever is left out says so, and where the whole is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.core.markdown import cell, clipped, code, details, fence, table
from bot.core.messages.plan_previews import previews
from bot.core.plans.environment_plan import EnvironmentPlan, StackPlan
from bot.core.plans.plan import Action, HookPlan, PlannedChange
from bot.core.plans.risk import said as said_risk
from bot.core.plans.tables import attributes, changes_table
from bot.core.plural import counted
from bot.errors import Finding
from bot.model.risk import Risk
from bot.names import EnvironmentName

COMMENT_LIMIT = 65_536
"""Characters of a comment (https://docs.github.com/en/rest/issues/comments). Counted here in bytes, which are never fewer."""

STEP_SUMMARY_LIMIT = 1024 * 1024
"""Bytes of a step's summary (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands)."""

LONGEST_REASON = 20_000
"""Characters of a failure that are shown."""
MOST_FINDINGS = 50
MOST_WARNINGS = 10
"""In a comment. A plan with more has one kind of them many times."""
MOST_OPEN = 5
"""Resources in a table that is seen without a click, whatever happens to them."""
LOSSES = frozenset({Action.DELETE, Action.REPLACE, Action.FORGET})
_RESULTS = {"would_run": "would run", "already_so": "no change", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Whole:
    """Where the complete plan is if the comment had to be shortened: an artifact of a run."""

    artifact: str
    run_url: str

    def __str__(self) -> str:
        where = f"the artifact {code(self.artifact)}"
        return f"{where} of [this run]({self.run_url})" if self.run_url else where

    @property
    def so(self) -> str:
        """What follows from a failure; at a terminal, where no run planned, there need not be a pull request."""
        return ", so this pull request can't be merged" if self.run_url else ""

    @property
    def again(self) -> str:
        """What to do about it."""
        return f"Fix what is below and {'push' if self.run_url else 'plan'} again."


def marker(environment: EnvironmentName) -> str:
    """Return the hidden text by which our comment is found again; that it is ours, its author says."""
    return f"<!-- envclone:plan:{environment} -->"


def complete(plan: EnvironmentPlan, risk: Risk) -> str:
    """Return the whole plan, however long."""
    return _text(plan, risk, _with_attributes)


def fitted(plan: EnvironmentPlan, risk: Risk, limit: int, whole: Whole) -> str:
    """Return the plan in at most `limit` bytes, with as much detail as fits."""
    text = complete(plan, risk)
    if _size(text) <= limit:
        return text
    notice = f"\n> Shortened to fit. The complete plan, with every attribute, is in {whole}.\n"
    stacks = [stack for stack in plan.stacks if stack.plan.changes_anything]
    tops = _tops(plan, risk)
    for top in tops:
        room = limit - _size(top) - _size(notice) - 2
        if (shown := _shortened(stacks, room)) is not None:
            return "\n\n".join([top, *shown]) + f"\n{notice}"
        text = f"{top}\n\n{_lost(stacks, room - 200)}\n{notice}"
        if _size(text) <= limit and (room > limit // 4 or top is tops[-1]):
            return text
    return f"{_headline(plan, risk)}\n{notice}"


def _tops(plan: EnvironmentPlan, risk: Risk) -> Sequence[str]:
    """Return what stands above the stacks, and ever less of it: what is destroyed must be named even below a hundred steps."""
    parts = [part for part in (_headline(plan, risk), _overview(plan), *_notices(plan)) if part]
    return ["\n\n".join(parts[:count]) for count in (len(parts), 2, 1)]


def _shortened(stacks: Sequence[StackPlan], room: int) -> Sequence[str] | None:
    """Return the stacks' texts in `room` bytes: first attributes go, then names, each of the largest first. None if even that is too long.

    What room is left when names have gone is for the smaller ones again.
    """
    levels = [["\n\n".join(detail(stack)) for detail in _LEVELS] for stack in stacks]
    at = [0] * len(stacks)
    order = sorted(range(len(stacks)), key=lambda place: -_size(levels[place][0]))
    left = room - sum(_size(texts[0]) + 2 for texts in levels)
    for level in range(1, len(_LEVELS)):
        for place in order:
            if left < 0:
                left += _size(levels[place][level - 1]) - _size(levels[place][level])
                at[place] = level
    if left < 0:
        return None
    for place in reversed(order):
        for level in range(at[place]):
            more = _size(levels[place][level]) - _size(levels[place][at[place]])
            if more <= left:
                left -= more
                at[place] = level
                break
    return [texts[level] for texts, level in zip(levels, at, strict=True)]


def _lost(stacks: Sequence[StackPlan], room: int) -> str:
    """Return the names of what is destroyed or replaced, as many as there is room for, and how many more there are."""
    names = [f"- {code(change.address)} in {code(stack.name)}" for stack in stacks for change in _losses(stack)]
    kept: list[str] = []
    for name in names:
        room -= _size(name) + 1
        if room < 0:
            break
        kept.append(name)
    more = len(names) - len(kept)
    return "\n".join(["**Destroyed or replaced:**", "", *kept, *([f"- … and {more:,} more"] if more else [])])


def failure(environment: EnvironmentName, commit: str, reason: str, whole: Whole) -> str:
    """Return the comment for an environment that could not be planned; `reason` is plain text."""
    head = (
        f"{marker(environment)}\n## No plan for {code(environment)}\n\nPlanning commit {code(commit[:12])} failed{whole.so}. "
        f"{whole.again}\n"
    )
    cut = clipped(reason, LONGEST_REASON)
    more = "" if cut == reason else " (the rest is in the run's log)"
    return f"{head}\n{fence(cut + more, 'text')}\n\n{_log(whole)}"


def refusal(environment: EnvironmentName, commit: str, findings: Sequence[Finding], whole: Whole) -> str:
    """Return the comment for code that the static checks rejected: each finding with its file and line."""
    head = (
        f"{marker(environment)}\n## {code(environment)} was not planned\n\nCommit {code(commit[:12])} was rejected by the "
        f"static checks; nothing was executed. {whole.again}\n"
    )
    return f"{head}\n{_findings(findings)}\n{_log(whole)}"


def undestroyable(environment: EnvironmentName, commit: str, findings: Sequence[Finding], whole: Whole) -> str:
    """Return what is said when a clone could not be destroyed later: each finding with its file and line."""
    head = (
        f"{marker(environment)}\n## {code(environment)} could not be destroyed later\n\nCommit {code(commit[:12])} was "
        f"planned, but this clone could be created and then not destroyed{whole.so}. Fix the template: "
        "make each attribute below depend on a parameter that differs between clones and protected environments.\n"
    )
    return f"{head}\n{_findings(findings)}\n{_log(whole)}"


def created_again(environment: EnvironmentName, commit: str, findings: Sequence[Finding], whole: Whole) -> str:
    """Return what is said when a protected environment looks as if it did not exist: each finding with its file and line."""
    head = (
        f"{marker(environment)}\n## {code(environment)} would be created a second time\n\nCommit {code(commit[:12])} was planned, but "
        f"the plan would create what a protected environment already has{whole.so}.\n"
    )
    return f"{head}\n{_findings(findings)}\n{_log(whole)}"


def _findings(findings: Sequence[Finding], said: str = "Problem and fix") -> str:
    rows = [(code(f"{finding.path}:{finding.line}"), cell(finding.message)) for finding in findings[:MOST_FINDINGS]]
    more = f"\n… and {len(findings) - MOST_FINDINGS} more.\n" if len(findings) > MOST_FINDINGS else ""
    return f"{table(('Where', said), rows)}\n{more}"


def title(plan: EnvironmentPlan) -> str:
    """Return the plan in one plain line, for a check's title."""
    if not plan.changes_anything:
        return "Nothing to do"
    runs = sum(hook.verb_result != "already_so" for hook in plan.hooks)
    hooks = f"; {counted(runs, 'hook')} to run" if runs else ""
    mocked = sum(bool(stack.mock_outputs) for stack in plan.stacks)
    waiting = f"; {counted(mocked, 'stack')} planned with mocks" if mocked else ""
    unread = sum(bool(stack.unread_states) for stack in plan.stacks)
    waiting += f"; {counted(unread, 'stack')} planned without another's state" if unread else ""
    return f"{plan.counts}{hooks}{waiting}"


def _size(text: str) -> int:
    return len(text.encode())


def _log(whole: Whole) -> str:
    return f"Details are in [the run's log]({whole.run_url}).\n" if whole.run_url else ""


_Detail = Callable[[StackPlan], Iterator[str]]


def _text(plan: EnvironmentPlan, risk: Risk, detail: _Detail) -> str:
    parts = [_headline(plan, risk), _overview(plan), *_notices(plan)]
    for stack in plan.stacks:
        if stack.plan.changes_anything:
            parts += detail(stack)
    return "\n\n".join(part for part in parts if part) + "\n"


def _headline(plan: EnvironmentPlan, risk: Risk) -> str:
    verb = {"create": "creates", "update": "changes", "destroy": "destroys"}[plan.change]
    said = f"Merging {verb} {code(plan.environment)}" if plan.changes_anything else "Merging changes no resources"
    lost = plan.counts.destroy
    warning = (
        f"\n\n> [!WARNING]\n> **{lost} {'resource' if lost == 1 else 'resources'} will be destroyed** "
        f"({plan.counts.replace} of them replaced)."
        if lost
        else ""
    )
    return (
        f"{marker(plan.environment)}\n## Plan for {code(plan.environment)}\n\n**{title(plan)}.** {said}; planned at "
        f"commit {code(plan.commit[:12])}. {said_risk(risk)}.{warning}"
    )


def _overview(plan: EnvironmentPlan) -> str:
    rows = [_stack_row(step) if isinstance(step, StackPlan) else _hook_row(step) for step in plan.steps]
    return table(("Step", "Kind", "Plan", "Undo"), rows)


def _stack_row(stack: StackPlan) -> tuple[str, str, str, str]:
    would = cell(str(stack.plan.counts)) if stack.plan.changes_anything else "nothing"
    deferred = " *(with mocks)*" if stack.mock_outputs else " *(preview)*" if stack.unread_states else ""
    moves = f"; its state moves here from {code(stack.moves_from)}" if stack.moves_from is not None else ""
    return code(stack.name), "stack", f"{would}{moves}{deferred}", "destroy"


def _hook_row(hook: HookPlan) -> tuple[str, str, str, str]:
    text = f": {cell(hook.text)}" if hook.text else ""
    undo = f"nothing: {cell(hook.no_undo)}" if hook.no_undo else "its undo"
    return code(hook.name), code(hook.kind), f"{_RESULTS[hook.verb_result]}{text}", undo


def _notices(plan: EnvironmentPlan) -> Iterator[str]:
    warnings = [warning for stack in plan.stacks for warning in stack.warnings]
    if warnings:
        yield f"**Terraform gave {counted(len(warnings), 'warning')}:**\n\n{_findings(warnings[:MOST_WARNINGS], 'What it says')}"
        if more := max(len(warnings) - MOST_WARNINGS, 0):
            yield f"{counted(more, 'other is', 'others are')} in the run's log."
    yield from previews(plan)


def _with_attributes(stack: StackPlan) -> Iterator[str]:
    changes = [change for change in stack.plan.changes if change.changes_anything]
    outputs = [output for output in stack.plan.outputs if output.action != "no-op"]
    yield f"### {code(stack.name)}"
    yield _folded(stack)
    yield details("Attributes", attributes(changes, outputs))


def _with_table(stack: StackPlan) -> Iterator[str]:
    yield f"### {code(stack.name)}"
    yield _folded(stack)


def _with_losses(stack: StackPlan) -> Iterator[str]:
    lost = _losses(stack)
    rest = sum(change.changes_anything for change in stack.plan.changes) - len(lost)
    yield f"### {code(stack.name)}"
    if lost:
        yield changes_table(lost)
    if rest:
        yield f"{_others(rest)}, and not named here." if lost else f"{stack.plan.counts}; not named here."


_LEVELS: Sequence[_Detail] = (_with_attributes, _with_table, _with_losses)


def _losses(stack: StackPlan) -> Sequence[PlannedChange]:
    return [change for change in stack.plan.changes if change.action in LOSSES]


def _folded(stack: StackPlan) -> str:
    changes = [change for change in stack.plan.changes if change.changes_anything]
    if not changes:
        return "Only outputs change."
    counts = stack.plan.counts
    if len(changes) <= MOST_OPEN:
        return changes_table(changes)
    # What is lost must be seen without a click; what is added may be folded away.
    lost = _losses(stack)
    others = [change for change in changes if change.action not in LOSSES]
    if not lost:
        return details(str(counts), changes_table(others))
    return "\n\n".join(
        [changes_table(lost), *([details(_others(len(others)), changes_table(others))] if others else [])]
    )


def _others(count: int) -> str:
    return f"{counted(count, 'other is', 'others are')} added or changed"
