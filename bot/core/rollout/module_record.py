"""What the issue of a rollout of modules remembers: of modules beside the environments that merges changed, and that waves apply."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from bot.core.rollout.record import MemberStage, RolloutMember, WavesRecord, hidden, read_as
from bot.names import EnvironmentName

_MARKER = re.compile(r"<!-- envclone:rollout:\*modules:([0-9a-f]{40}) -->")
"""No template can be called so."""
_PENDING = frozenset({MemberStage.WAITING, MemberStage.REFUSED})


class ModuleRecord(WavesRecord):
    """A rollout of what was merged up to `commit` of these modules; `members` have the pull request and the risk of its plan from the start."""

    modules: tuple[str, ...] = Field(description="Their directories in the repository.")


@dataclass(frozen=True, slots=True)
class HeldModule:
    """What an environment waits for: modules that have changed, in the rollout with this issue, in a wave that counts from 1."""

    issue: int
    modules: Sequence[str]
    wave: int


def written(record: ModuleRecord) -> str:
    """Return the record as it is in the issue's text. Of one that is too large only as much as has room: the rest is looked up."""
    return f"<!-- envclone:rollout:*modules:{record.commit} -->\n{hidden(record)}"


def read(body: str) -> ModuleRecord | None:
    """Return the record in an issue's text; None when there is none that can be read."""
    return read_as(ModuleRecord, body)


def records_in(texts: Iterable[tuple[int, str]]) -> Iterator[tuple[int, ModuleRecord]]:
    """Yield the records that can be read in the texts of issues, with their numbers."""
    found = ((number, read(body)) for number, body in texts)
    return ((number, record) for number, record in found if record is not None)


def commit_of(body: str) -> str | None:
    """Return the commit up to which the rollout of an issue's text is; None when it is no rollout of modules."""
    found = _MARKER.search(body)
    return found[1] if found else None


def rollouts_of(
    rollouts: Iterable[tuple[int, ModuleRecord]],
) -> Mapping[EnvironmentName, tuple[HeldModule, RolloutMember]]:
    """Return the rollout of each environment and how it stands there, by the records with the numbers of their issues, newest first.

    Of the rollouts that an environment is in only the newest counts: it applies what the earlier ones would have.
    """
    found: dict[EnvironmentName, tuple[HeldModule, RolloutMember]] = {}
    for number, record in rollouts:
        for wave, names in enumerate(record.waves, 1):
            for name in names:
                member = record.members.get(name, RolloutMember(MemberStage.WAITING))
                found.setdefault(name, (HeldModule(number, record.modules, wave), member))
    return found


def held_by(rollouts: Iterable[tuple[int, ModuleRecord]]) -> Mapping[EnvironmentName, HeldModule]:
    """Return what each environment waits for that nothing was released for yet."""
    return {name: held for name, (held, member) in rollouts_of(rollouts).items() if member.stage in _PENDING}
