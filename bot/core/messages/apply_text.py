"""The result of an apply for a terminal."""

import json
from collections.abc import Iterator

from bot.core.ledger.apply_result import ApplyOutcome
from bot.core.messages.apply_comment import title


def text(outcome: ApplyOutcome) -> str:
    """Return how it went, step by step, and the outputs that may be shown."""
    return "\n".join(_lines(outcome))


def _lines(outcome: ApplyOutcome) -> Iterator[str]:
    widest = max((len(step.name) for step in outcome.steps), default=0)
    yield ""
    for step in outcome.steps:
        said = step.evidence if step.state == "succeeded" else step.reason.partition("\n")[0]
        yield f"{step.name:<{widest}}  {step.state:<9}  {step.seconds:>5.0f} s  {said}".rstrip()
    for step in outcome.failed:
        yield ""
        yield f"{step.name} failed:"
        yield from (f"  {line}" for line in step.reason.splitlines())
    shown = [(f"{step.name}.{name}", value) for step in outcome.steps for name, value in step.outputs.items()]
    if shown:
        yield ""
    for name, value in shown:
        yield f"{name} = {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
    yield ""
    yield f"{title(outcome)}." + (f" Open it at {outcome.url}" if outcome.has_succeeded and outcome.url else "")
    if not outcome.has_succeeded:
        yield "Completed steps are kept. Fix the cause and re-run: the apply resumes at the failed step."
