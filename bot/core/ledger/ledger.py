"""The ledger: what each step of an environment did last, and who is at work on it now.

It lies beside the Terraform state under the same access rules, and like the state it is written by one run at a time: the
run that holds the lease. `bot.core.ledger.transitions` says how it goes on; `bot.clients.ledger` writes it by compare-and-swap.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import AwareDatetime, Field

from bot.core.digest import keyed
from bot.core.ledger.secret_references import Redaction
from bot.model.base import Document
from bot.model.pipeline import Argv, Json
from bot.model.stored import Stored
from bot.names import EnvironmentName, StepName

MOST_TAKEOVERS = 20
"""Takeovers that are kept, the newest: enough to see a habit, and a lock that one of them left is never older than a few runs."""


class Clear(Document):
    """An output that anybody who sees the environment may see."""

    value: Json


class Hidden(Document):
    """A sensitive output: that there is one, and whether it changed, but never what it is."""

    sensitive: Literal[True] = True
    digest: str


KeptOutput: TypeAlias = Clear | Hidden


class Undo(Stored):
    """What undo needs, without the template: the kind and its record, or the program, or the reason why there is nothing to do.

    `redactions` are the places of the record that held secrets (see `bot.core.ledger.secret_references`).
    """

    former_names: ClassVar[Mapping[str, str]] = {"seals": "redactions"}

    uses: str | None = None
    run: Argv | None = None
    none: str = ""
    record: Json = None
    redactions: tuple[Redaction, ...] = ()


class Retained(Document):
    """Something that outlives its environment on purpose: `what` by its identifier or id, and `why`.

    `until` says how long it stays, or how it is removed, where `why` does not.
    """

    what: str
    why: str
    until: str = ""


class Gone(Document):
    """What undoing a step took away, by address, and what of it stays on purpose."""

    destroyed: tuple[str, ...] = ()
    remains: tuple[Retained, ...] = ()


class FormerPlace(Document):
    """Where the state of a stack lies, or lay: under the name that the stack had in the code at `commit`."""

    stack: StepName
    commit: str


class FormerState(FormerPlace):
    """Where the state of a renamed stack was last.

    `copies` are the places to which a run began to move it, each before the stack was called otherwise again: there may be a copy left.
    """

    copies: tuple[FormerPlace, ...] = ()


class LedgerEntry(Document):
    """What a step did last. `commit` and `tree` (of `envs/<name>`) say which version of the environment was applied.

    `head` is the commit that was reviewed. `approved` is what the plan of a stack that was held against the review would do,
    by address: a run that goes on after a half-finished one may do no more than this. `request` is the address of the comment that
    the reviewed commit names, which the service's log lines have, too: whoever may push can write another, so it proves nothing.

    Of a step that was renamed, `declared_as` is its name in `commit`, and `marked_as` its first one: what a hook made outside bears that.
    `formerly` are all that it had, so an earlier version finds it again. `former_state` is there until the state of a stack has moved.

    `data_reset_at` is the manifest's when the step ran: the last reset of data that it knows of. An undo has it only as a part of that reset.
    """

    verb: Literal["apply", "undo"]
    result: Literal["running", "succeeded", "failed", "undone"]
    digest: str
    by: str
    run_url: str
    attempt: Annotated[int, Field(ge=1)]
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    outputs: dict[str, KeptOutput] = {}
    evidence: str = ""
    undo: Undo | None = None
    head: str
    commit: str
    tree: str
    request: str = ""
    approved: dict[str, str] = {}
    gone: Gone = Gone()
    error: str = ""
    declared_as: StepName | None = None
    marked_as: StepName | None = None
    formerly: tuple[StepName, ...] = ()
    former_state: FormerState | None = None
    data_reset_at: AwareDatetime | None = None


class Lease(Stored):
    """Who is at work, until when if nothing more is heard. `machine` is `user@host` as Terraform's own locks name it."""

    former_names: ClassVar[Mapping[str, str]] = {"holder": "lock_owner"}

    lock_owner: str
    until: AwareDatetime
    since: AwareDatetime
    run_url: str = ""
    machine: str = ""


class Takeover(Stored):
    """A lease that was taken from its holder before it was given back, and why that was right.

    `is_silence` says that nothing was heard of the holder for too long, and no more than that: it may still be at work.
    """

    former_names: ClassVar[Mapping[str, str]] = {"holder": "lock_owner"}

    lock_owner: str
    machine: str
    by: str
    at: AwareDatetime
    reason: str
    is_silence: bool = False


class Ledger(Document):
    """Everything known of one environment's steps, in the order in which they first ran."""

    environment: EnvironmentName
    lease: Lease | None = None
    steps: dict[StepName, LedgerEntry] = {}
    takeovers: tuple[Takeover, ...] = ()


def hidden(step: StepName, name: str, value: Json, key: str) -> Hidden:
    """Return how a sensitive output is kept; `key` is the environment's. Equal values in different places have different digests."""
    return Hidden(digest=keyed([step, name, value], key))
