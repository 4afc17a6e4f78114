"""How a ledger goes on: a step starts, succeeds, fails or is undone, and whether it is to run at all.

Every function returns a new ledger. An entry that is `running` while nobody holds the lease is that of a run which died.
Its step is run again: every verb is idempotent. What undo needs is kept from the last success until something replaces
it, also through failures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.ledger.ledger import Gone, KeptOutput, Ledger, LedgerEntry, Undo
from bot.names import StepName

LONGEST_TEXT = 4_000
"""Characters of evidence and of an error that are kept: a screenful. The ledger is read and written whole at every step."""


@dataclass(frozen=True, slots=True)
class Start:
    """How a step begins: what it is given (as a digest), by whom and from which version of the environment.

    `undo` is what would have to be undone if the run died right after; without one, what the last success said stays.
    """

    digest: str
    by: str
    run_url: str
    head: str
    commit: str
    tree: str
    undo: Undo | None = None
    request: str = ""
    data_reset_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Success:
    """How a step ended well."""

    outputs: Mapping[str, KeptOutput]
    evidence: str
    undo: Undo | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a step, and why, in words for people."""

    action: Literal["skip", "run", "blocked"]
    reason: str


class NotRunning(Exception):
    """A step was said to end that had not begun: a bug, never a state of the world."""


def started(
    ledger: Ledger, step: StepName, start: Start, at: datetime, *, verb: Literal["apply", "undo"] = "apply"
) -> Ledger:
    """Return the ledger with the step under way. Attempts count from the last success, or from other inputs."""
    last = ledger.steps.get(step)
    again = (
        last is not None and last.digest == start.digest and last.verb == verb and last.result in {"running", "failed"}
    )
    entry = LedgerEntry(
        verb=verb,
        result="running",
        digest=start.digest,
        by=start.by,
        run_url=start.run_url,
        attempt=last.attempt + 1 if last is not None and again else 1,
        started_at=at,
        outputs=last.outputs if last is not None else {},
        undo=start.undo or (last.undo if last is not None else None),
        # What an undo that failed half way took away is gone all the same.
        gone=last.gone if last is not None and verb == "undo" and last.verb == "undo" else Gone(),
        head=start.head,
        commit=start.commit,
        tree=start.tree,
        request=start.request,
        data_reset_at=start.data_reset_at,
        declared_as=last.declared_as if last is not None and verb == "undo" else None,
        marked_as=last.marked_as if last is not None else None,
        formerly=last.formerly if last is not None else (),
        # From here on the state may be half moved, and only whoever moves it says that it is not.
        former_state=last.former_state if last is not None else None,
        # Only what this very review approved, for these very inputs, may be gone on with.
        approved=last.approved if last is not None and again and last.head == start.head else {},
    )
    return _with(ledger, step, entry)


def approved(ledger: Ledger, step: StepName, actions: Mapping[str, str]) -> Ledger:
    """Return the ledger with what the running step may do, once its plan was held against the review."""
    return _changed(ledger, step, {"approved": dict(actions)})


def succeeded(ledger: Ledger, step: StepName, success: Success, at: datetime) -> Ledger:
    """Return the ledger with the running step done."""
    return _ended(
        ledger,
        step,
        at,
        {
            "result": "succeeded",
            "outputs": dict(success.outputs),
            "evidence": success.evidence[:LONGEST_TEXT],
            "undo": success.undo,
            "approved": {},
        },
    )


def failed(ledger: Ledger, step: StepName, error: str, at: datetime, *, undo: Undo | None = None) -> Ledger:
    """Return the ledger with the running step failed; `undo` says what it had done before it failed, if anything."""
    update: dict[str, object] = {"result": "failed", "error": error[:LONGEST_TEXT]}
    return _ended(ledger, step, at, update if undo is None else {**update, "undo": undo})


def took(ledger: Ledger, step: StepName, gone: Gone) -> Ledger:
    """Return the ledger with what the running undo is about to take away, added to what it took before."""
    before = ledger.steps[step].gone
    return _changed(
        ledger,
        step,
        {
            "gone": Gone(
                destroyed=tuple(dict.fromkeys((*before.destroyed, *gone.destroyed))),
                remains=tuple(dict.fromkeys((*before.remains, *gone.remains))),
            )
        },
    )


def state_moved(ledger: Ledger, step: StepName) -> Ledger:
    """Return the ledger with the state of the running stack under the stack's present name, and nowhere else."""
    return _changed(ledger, step, {"former_state": None})


def learnt(ledger: Ledger, step: StepName, undo: Undo) -> Ledger:
    """Return the ledger with what the running step's undo needs, found out on the way."""
    return _changed(ledger, step, {"undo": undo})


def undone(ledger: Ledger, step: StepName, evidence: str, at: datetime) -> Ledger:
    """Return the ledger with the running step's effects gone."""
    return _ended(
        ledger, step, at, {"result": "undone", "outputs": {}, "undo": None, "evidence": evidence[:LONGEST_TEXT]}
    )


def is_done(ledger: Ledger, step: StepName, digest: str) -> bool:
    """Say whether the step's last apply succeeded with exactly these inputs, and its state lies where it belongs."""
    entry = ledger.steps.get(step)
    return (
        entry is not None
        and entry.former_state is None
        and (entry.verb, entry.result, entry.digest) == ("apply", "succeeded", digest)
    )


def decide(ledger: Ledger, step: StepName, digest: str) -> Decision:
    """Say whether a step whose needs are done is to run, and why."""
    entry = ledger.steps.get(step)
    if entry is None:
        return Decision("run", "it has not run yet")
    if is_done(ledger, step, digest):
        return Decision("skip", f"done at {_moment(entry.ended_at or entry.started_at)} with the same inputs")
    if entry.result == "undone":
        return Decision("run", "it was undone")
    if entry.result == "running":
        return Decision("run", f"the run that began it at {_moment(entry.started_at)} did not finish")
    if entry.result == "failed":
        return Decision("run", f"it failed at {_moment(entry.ended_at or entry.started_at)}")
    return Decision("run", "its inputs have changed")


def why_not_applied(ledger: Ledger, step: StepName) -> str:
    """Say of a step that is not done as the default branch declares it how far it came."""
    entry = ledger.steps.get(step)
    # An earlier environment of the name has left what was undone.
    if entry is None or entry.result == "undone":
        return "it is new on the default branch"
    if entry.result == "succeeded":
        return "its code or inputs are newer than what was applied"
    return f"its last {entry.verb} {'failed' if entry.result == 'failed' else 'did not finish'}"


def _with(ledger: Ledger, step: StepName, entry: LedgerEntry) -> Ledger:
    return ledger.model_copy(update={"steps": {**ledger.steps, step: entry}})


def _ended(ledger: Ledger, step: StepName, at: datetime, update: Mapping[str, object]) -> Ledger:
    return _changed(ledger, step, {"ended_at": at, **update})


def _changed(ledger: Ledger, step: StepName, update: Mapping[str, object]) -> Ledger:
    entry = ledger.steps.get(step)
    if entry is None or entry.result != "running":
        raise NotRunning(f"{step} of {ledger.environment} is not running")
    return _with(ledger, step, entry.model_copy(update=update))


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
