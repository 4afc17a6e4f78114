"""What a rollout's issue remembers, hidden in its text: its waves as they were at the start, and what need not be looked at again.

All else is read anew from git and GitHub each time. Only people who may push can edit the bot's issue; what they could gain by that is
a look at environments that are finished, or none at some that are not: what is merged is never decided by this.
"""

import re
from typing import Literal, TypeAlias

from pydantic import AwareDatetime, Field, ValidationError

from bot.core.rollout.waves import Waves
from bot.model.base import Document
from bot.names import EnvironmentName, TemplateName

_RECORD = re.compile(r"<!-- envclone:rollout-record (\{.*\}) -->")

MemberEnd: TypeAlias = Literal["applied", "declined", "gone"]
"""How an environment's part ended: applied, closed by a person without merging, or the environment does not exist any more."""


class EndedMember(Document):
    """The end of one environment's part, with its pull request, if there was one."""

    end: MemberEnd
    pull: int | None = None


class RolloutRecord(Document):
    """A rollout of one revision of a template. `waves_done` are the moments at which each wave was found done, `refused` says why an
    environment can't be brought to the revision.
    """

    template: TemplateName
    revision: str
    waves: Waves
    started_at: AwareDatetime
    waves_done: tuple[AwareDatetime, ...] = ()
    refused: dict[EnvironmentName, str] = Field(default_factory=dict)
    ended: dict[EnvironmentName, EndedMember] = Field(default_factory=dict)


def marker(template: TemplateName, revision: str) -> str:
    """Return the hidden text by which the issue of a rollout is found again; that it is ours, its author says."""
    return f"<!-- envclone:rollout:{template}:{revision} -->"


def written(record: RolloutRecord) -> str:
    """Return the record as it stands in the issue's text."""
    # Reasons may hold anything, the end of an HTML comment too.
    data = record.model_dump_json().replace("<", r"\u003c").replace(">", r"\u003e")
    return f"{marker(record.template, record.revision)}\n<!-- envclone:rollout-record {data} -->"


def read(body: str) -> RolloutRecord | None:
    """Return the record in an issue's text; None when there is none that can be read."""
    found = _RECORD.search(body)
    if found is None:
        return None
    try:
        return RolloutRecord.model_validate_json(found[1])
    except ValidationError:
        return None
