"""The result of an apply in GitHub's Markdown: for the check, the step summary and the comment."""

import json
from collections.abc import Iterator, Sequence

from bot.core.ledger.apply_result import ApplyOutcome, StepResult
from bot.core.markdown import NO_VALUE, cell, clipped, code, details, fence, shortened, table
from bot.core.plural import counted
from bot.names import EnvironmentName

LONGEST_REASON, LONGEST_REASONS = 6_000, 24_000
"""Characters that are shown of one step's failure, and of all together; the run's log has everything."""

LONGEST_DETAIL = 200
"""Characters in a table of what a step said."""

_WORDS = {"succeeded": "✅ done", "skipped": "⏭️ already done", "failed": "❌ failed", "blocked": "⛔ not started"}


def marker(environment: EnvironmentName) -> str:
    """Return the hidden text by which our comment is found again; that it is ours, its author says."""
    return f"<!-- envclone:apply:{environment} -->"


def title(outcome: ApplyOutcome) -> str:
    """Return one line of plain text that says how it went."""
    if outcome.has_succeeded:
        ran = sum(step.state == "succeeded" for step in outcome.steps)
        return f"{outcome.environment} is live: {counted(ran, 'step')} run in {_took(outcome.seconds)}" + (
            f", {len(outcome.steps) - ran} already done" if ran < len(outcome.steps) else ""
        )
    return f"{outcome.environment}: {', '.join(step.name for step in outcome.failed) or 'a step'} failed"


def summary(outcome: ApplyOutcome, limit: int) -> str:
    """Return the result in at most `limit` bytes, with as much detail as fits; how it went is always said."""
    parts = [_essentials, _outputs, _evidence, _diagram]
    for count in range(len(parts), 0, -1):
        text = "\n\n".join(text for part in parts[:count] if (text := part(outcome))) + "\n"
        left_out = "" if count == len(parts) else "\n> Shortened to fit; the run's log has everything.\n"
        if len((text + left_out).encode()) <= limit:
            return text + left_out
    return f"{cell(title(outcome))}\n"


def refusal(environment: EnvironmentName, reason: str, *, was_begun: bool) -> str:
    """Return the comment for an apply without an outcome: it never started, or it stopped on the way."""
    head = f"The apply of {code(environment)} stopped" if was_begun else f"{code(environment)} was not applied"
    return f"### {head}\n\n{fence(reason)}\n"


def _essentials(outcome: ApplyOutcome) -> str:
    head = f"### {'✅' if outcome.has_succeeded else '❌'} {cell(title(outcome))}"
    where = f"Open it at <{outcome.url}>." if outcome.has_succeeded and outcome.url else ""
    parts = [
        head,
        where,
        *_failures(outcome),
        _table(outcome.steps),
        _context(outcome),
    ]
    return "\n\n".join(part for part in parts if part)


def _failures(outcome: ApplyOutcome) -> Iterator[str]:
    for step in outcome.failed:
        yield f"**{code(step.name)} failed** after {_took(step.seconds)}" + (
            f" and {step.attempts} attempts:" if step.attempts > 1 else ":"
        )
        yield fence(clipped(step.reason, min(LONGEST_REASON, LONGEST_REASONS // len(outcome.failed))))
    if outcome.failed:
        yield (
            "**Next:** completed steps are kept. Fix the cause, then "
            f"comment {code(f'/resume {outcome.environment}')} or re-run this workflow: the apply resumes at the "
            "failed step. If the fix is a change to the code, open a pull request and merge it instead."
        )


def _table(steps: Sequence[StepResult]) -> str:
    rows = []
    for step in steps:
        said = step.evidence if step.state == "succeeded" else step.reason if step.state != "failed" else "see above"
        took = _took(step.seconds) if step.state in {"succeeded", "failed"} else NO_VALUE
        rows.append((code(step.name), _kind(step), _WORDS[step.state], took, cell(shortened(said, LONGEST_DETAIL))))
    return table(("Step", "Kind", "Result", "Took", "Details"), rows)


def _kind(step: StepResult) -> str:
    """Return the kind as a plan's table shows it: a hook's is a name."""
    return step.kind if step.kind == "stack" else code(step.kind)


def _context(outcome: ApplyOutcome) -> str:
    run = f" [The run]({outcome.run_url})." if outcome.run_url else ""
    return (
        f"Reviewed at {code(outcome.head[:12])}, applied from {code(outcome.commit[:12])} by {cell(outcome.by)}.{run}"
    )


def _outputs(outcome: ApplyOutcome) -> str:
    rows = [
        (code(step.name), code(name), shown)
        for step in outcome.steps
        for name, shown in [
            *((name, code(shortened(_written(value), 300))) for name, value in step.outputs.items()),
            *((name, "*sensitive*") for name in step.hidden),
        ]
    ]
    if not rows:
        return ""
    return details(counted(len(rows), "output"), table(("Step", "Output", "Value"), rows))


def _evidence(outcome: ApplyOutcome) -> str:
    """Return in full what the table only begins to say."""
    longer = [
        step
        for step in outcome.steps
        if len(step.evidence) > LONGEST_DETAIL or (step.evidence and step.state != "succeeded")
    ]
    found = [f"- {code(step.name)}: {cell(step.evidence)}" for step in longer]
    return details("Evidence", "\n".join(found)) if found else ""


def _diagram(outcome: ApplyOutcome) -> str:
    return details("Step dependencies", fence(outcome.diagram, "mermaid"))


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _took(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"
