"""The receipt of a destroy as people read it: on GitHub, and in a terminal."""

from collections.abc import Iterator, Sequence

from bot.core.ledger.apply_result import StepResult
from bot.core.ledger.destroy_report import DestroyReport, OrphansFound
from bot.core.ledger.ledger import Retained
from bot.core.markdown import cell, clipped, code, details, fence, shortened, table
from bot.core.plural import counted
from bot.names import EnvironmentName

LONGEST_REASON, LONGEST_REASONS = 6_000, 24_000
"""Characters that are shown of one step's failure, and of all together; the run's log has everything."""

MOST_FOUND = 100
"""Resources that are still there and are named."""

_WORDS = {"succeeded": "✅ destroyed", "skipped": "⏭️ already gone", "failed": "❌ failed", "blocked": "⛔ not started"}


def title(receipt: DestroyReport) -> str:
    """Return the receipt in one plain line."""
    name = receipt.environment
    if not receipt.is_undone:
        return f"{name} was not destroyed: {', '.join(step.name for step in receipt.failed) or 'a step'} failed"
    count = len(receipt.destroyed)
    what = counted(count, "resource")
    if receipt.orphans is None or receipt.orphans.problem:
        return f"{name}: {what} destroyed, but the account could not be searched for orphans"
    if receipt.orphans.found:
        return f"{name}: {what} destroyed, but {len(receipt.orphans.found)} with its tag remain"
    if receipt.orphans.unsearched:
        return f"{name} is destroyed: {what}; {_clouds(receipt.orphans)} not searched for what is left"
    return f"{name} is destroyed: {what}, nothing left" + (" except what is retained" if receipt.remains else "")


def summary(receipt: DestroyReport, limit: int) -> str:
    """Return the receipt in Markdown in at most `limit` bytes, with as much detail as fits."""
    parts = [_essentials, _remains, _destroyed, _diagram]
    for count in range(len(parts), 0, -1):
        text = "\n\n".join(text for part in parts[:count] if (text := part(receipt))) + "\n"
        left_out = (
            "" if count == len(parts) else "\n> Shortened to fit; the complete report is stored beside the state.\n"
        )
        if len((text + left_out).encode()) <= limit:
            return text + left_out
    return f"{cell(title(receipt))}\n"


def text(receipt: DestroyReport) -> str:
    """Return the receipt for a terminal."""
    return "\n".join(_lines(receipt))


def _essentials(receipt: DestroyReport) -> str:
    parts = [f"### {'✅' if receipt.is_clean else '❌'} {cell(title(receipt))}"]
    for step in receipt.failed:
        parts += [
            f"**{code(step.name)} failed:**",
            fence(clipped(step.reason, min(LONGEST_REASON, LONGEST_REASONS // len(receipt.failed)))),
        ]
    if not receipt.is_undone:
        resume = code(f"/resume {receipt.environment}")
        parts.append(
            f"**Next:** destroyed steps stay destroyed. Fix the cause, then comment {resume}: the destroy resumes at "
            "the failed step."
        )
    if receipt.orphans is not None and (receipt.orphans.found or receipt.orphans.problem):
        parts.append(_left(receipt.orphans, receipt.environment))
    if receipt.orphans is not None and receipt.orphans.unsearched:
        clouds = _clouds(receipt.orphans)
        parts.append(
            f"**{clouds[0].upper()}{clouds[1:]} not searched** for what is left, because there are no credentials for it. Look for the label or tag "
            f"{code(receipt.orphans.tag)} yourself."
        )
    return "\n\n".join([*parts, _table(receipt.steps), _context(receipt)])


def _clouds(orphans: OrphansFound) -> str:
    return f"{' and '.join(orphans.unsearched)} {'was' if len(orphans.unsearched) == 1 else 'were'}"


def _left(orphans: OrphansFound, environment: EnvironmentName) -> str:
    if orphans.problem:
        return f"**The account could not be searched** for the tag {code(orphans.tag)}{_where(orphans)}:\n\n{fence(orphans.problem)}"
    listed = "\n".join(f"- {code(each)}" for each in orphans.found[:MOST_FOUND])
    if (more := len(orphans.found) - MOST_FOUND) > 0:
        listed += f"\n- … and {more:,} more"
    return (
        f"**Still there**, with the tag {code(orphans.tag)}{_where(orphans)}, although every step was "
        f"undone:\n\n{listed}\n\nDelete these by hand, then comment {code(f'/resume {environment}')} to search again."
    )


def _where(orphans: OrphansFound) -> str:
    return f" in {', '.join(map(code, orphans.places))}" if orphans.places else ""


def _table(steps: Sequence[StepResult]) -> str:
    rows = []
    for step in steps:
        said = step.evidence or ("see above" if step.state == "failed" else step.reason)
        rows.append((code(step.name), cell(step.kind), _WORDS[step.state], cell(shortened(said, 200))))
    return table(("Step", "Kind", "Result", "Details"), rows)


def _context(receipt: DestroyReport) -> str:
    run = f" [The run]({receipt.run_url})." if receipt.run_url else ""
    kept = "The ledger, this report and the empty state files stay in the state bucket as a record."
    return f"Reviewed at {code(receipt.head[:12])}, destroyed from {code(receipt.commit[:12])} by {cell(receipt.by)}.{run} {kept}"


def _remains(receipt: DestroyReport) -> str:
    if not receipt.remains:
        return ""
    rows = [(code(each.what), cell(each.why), cell(each.until)) for each in receipt.remains]
    return f"#### Retained\n\n{table(('What', 'Why', 'Until'), rows)}"


def _destroyed(receipt: DestroyReport) -> str:
    return details(
        f"{counted(len(receipt.destroyed), 'resource')} destroyed",
        "\n".join(f"- {code(each)}" for each in receipt.destroyed),
    )


def _diagram(receipt: DestroyReport) -> str:
    return details("Step dependencies", fence(receipt.diagram, "mermaid"))


def _stays(each: Retained) -> str:
    return f"{each.what}: {each.why}" + (f" ({each.until})" if each.until else "")


def _lines(receipt: DestroyReport) -> Iterator[str]:
    widest = max((len(step.name) for step in receipt.steps), default=0)
    for step in receipt.steps:
        said = step.evidence or step.reason.partition("\n")[0]
        yield f"{step.name:<{widest}}  {step.state:<9}  {step.seconds:>5.0f} s  {said}".rstrip()
    for step in receipt.failed:
        yield from ("", f"{step.name} failed:", *(f"  {line}" for line in step.reason.splitlines()))
    if receipt.remains:
        yield from ("", "Retained:", *(f"  {_stays(each)}" for each in receipt.remains))
    if receipt.orphans is not None:
        yield from (f"Still there: {each}" for each in receipt.orphans.found)
    yield from ("", f"{title(receipt)}.")
