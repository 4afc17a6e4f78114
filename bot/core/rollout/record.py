"""What a rollout's issue remembers, hidden in its text: its waves as they were at the start, and how each environment stood last.

What is about to be done is looked at anew, and from time to time everything that has not ended. Only people who may push can edit the bot's issue;
what they could gain by that is a wave that begins early: what is merged is never decided by this.
"""

import binascii
import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from pydantic import AwareDatetime, Field, ValidationError

from bot.core.rollout.waves import Waves
from bot.errors import InvalidInput
from bot.model.base import Document
from bot.model.risk import Risk
from bot.names import EnvironmentName, TemplateName

_RECORD = re.compile(r"<!-- envclone:rollout-record ([A-Za-z0-9+/=]+) -->")
_MARKER = re.compile(r"<!-- envclone:rollout:([a-z][a-z0-9-]{0,39}):")
PAUSED = "envclone-paused"
"""The label of an issue whose rollout pauses: people may set it by hand, too. It is no part of the text, which is written anew at each look."""
LARGEST = 1_000_000
"""Bytes of a record, unpacked. What fits into the room has less."""
ROOM = 40_000
"""Characters of a record, packed: it leaves a third of what GitHub takes of an issue to people. Enough for 1,200 environments."""


R = TypeVar("R", bound="WavesRecord")


class MemberStage(StrEnum):
    """How far an environment has come in a rollout."""

    WAITING = "waiting"
    BLOCKED = "blocked"
    PLANNING = "planning"
    PLANNED = "planned"
    MERGED = "merged"
    FAILED = "failed"
    REFUSED = "refused"
    APPLIED = "applied"
    DECLINED = "declined"
    GONE = "gone"


ENDED = frozenset({MemberStage.APPLIED, MemberStage.DECLINED, MemberStage.GONE})
FAILURES = frozenset({MemberStage.FAILED, MemberStage.REFUSED})
OPEN = frozenset({MemberStage.BLOCKED, MemberStage.PLANNING, MemberStage.PLANNED, MemberStage.MERGED})


@dataclass(frozen=True, slots=True)
class RolloutMember:
    """How an environment stands: its stage, its pull request, and the risk of its plan. `note` is for people.

    `is_ours` says whether the pull request held what the service itself would propose, and nothing else. `is_shared` says whether that
    is the open one of its wave: others' stand or fall with it.
    """

    stage: MemberStage
    pull: int | None = None
    risk: Risk = Risk.UNKNOWN
    note: str = ""
    is_ours: bool = False
    is_shared: bool = False


class WavesRecord(Document):
    """Environments that follow in waves. `waves_done` are the moments at which each wave was found done, `members` say how each
    environment stood when it was looked at last. `commit` is what they follow.
    """

    commit: str
    waves: Waves = Field(default=(), description="None when there are too many environments to be remembered.")
    started_at: AwareDatetime
    waves_done: tuple[AwareDatetime, ...] = ()
    members: dict[EnvironmentName, RolloutMember] = Field(default_factory=dict)


class RolloutRecord(WavesRecord):
    """A rollout of one revision of a template, which `commit` made: a template that goes back to one is rolled out once more."""

    template: TemplateName
    revision: str


def is_rollout(body: str) -> bool:
    """Say whether an issue's text is that of a rollout."""
    return "<!-- envclone:rollout:" in body


def is_of(template: TemplateName, body: str) -> bool:
    """Say whether an issue's text is that of a rollout of this template."""
    return f"<!-- envclone:rollout:{template}:" in body


def template_of(body: str) -> TemplateName | None:
    """Return the template whose rollout an issue's text is of, if it is one's."""
    found = _MARKER.search(body)
    try:
        return TemplateName(found[1]) if found else None
    except InvalidInput:
        return None  # people edited it


def is_paused(labels: Collection[str]) -> bool:
    """Say whether an issue's labels pause its rollout; GitHub knows a label in any case, and shows it as it was written first."""
    return PAUSED in {each.casefold() for each in labels}


def marker(template: TemplateName, commit: str) -> str:
    """Return the hidden text by which the issue of a rollout is found again; that it is ours, its author says."""
    return f"<!-- envclone:rollout:{template}:{commit} -->"


def written(record: RolloutRecord) -> str:
    """Return the record as it is in the issue's text. Of one that is too large only as much as has room: the rest is looked up."""
    return f"{marker(record.template, record.commit)}\n{hidden(record)}"


def hidden(record: WavesRecord) -> str:
    """Return the record's own part of that."""
    data = next(data for each in _smaller(record) if len(data := _packed(each)) <= ROOM)
    return f"<!-- envclone:rollout-record {data} -->"


def _smaller(record: WavesRecord) -> Iterator[WavesRecord]:
    """Yield the record with ever less of what can be looked up; when it began, and when its waves were done, never can."""
    yield record
    yield record.model_copy(update={"members": {name: replace(each, note="") for name, each in record.members.items()}})
    yield record.model_copy(update={"members": {}})
    yield record.model_copy(update={"members": {}, "waves": ()})


def _packed(record: WavesRecord) -> str:
    # Reasons may hold anything, the end of an HTML comment too.
    return b64encode(zlib.compress(record.model_dump_json().encode(), 9)).decode()


def read(body: str) -> RolloutRecord | None:
    """Return the record in the text of a template's rollout; None when there is none that can be read."""
    return read_as(RolloutRecord, body)


def read_as(kind: type[R], body: str) -> R | None:
    """Return the record of a kind in an issue's text; None when there is none that can be read."""
    found = _RECORD.search(body)
    if found is None:
        return None
    try:
        data = zlib.decompressobj().decompress(b64decode(found[1], validate=True), LARGEST)
        return kind.model_validate_json(data)
    except (binascii.Error, zlib.error, ValidationError):
        return None
