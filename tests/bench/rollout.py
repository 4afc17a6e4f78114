"""A rollout to 200 environments under GitHub's limits, cut off again and again: none twice, and no longer than the limits ask. Time is made up."""

import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from bot.clients.github import GitHub, Token
from bot.clients.github.pacing import GITHUB_COM, Pacing
from bot.clients.transient import RateLimited, Transient
from bot.core.rollout.record import MemberStage, read
from bot.names import EnvironmentName
from tests.service.rollouts.test_rollout import applied, change, company, issue, look, planned, pulls
from tests.support import example
from tests.support.small_monorepo import BOT, REPOSITORY, SmallMonorepo, small_monorepo

POLICY = b"rollout: {enabled: true, at_once: 20}\n"
SEED = 12
_CUTS = (
    ("POST", "/issues$"),
    ("POST", "git-receive-pack"),
    ("POST", "/pulls$"),
    ("PATCH", "/issues/"),
    ("PUT", "/merge$"),
)
"""Requests that change something. The answer to one of them is lost in every look, and with it the rest of the look."""


@dataclass
class _Made:
    """Time that only waiting moves, and how often a look was cut off or had to wait."""

    now: datetime
    looks: int = 0
    cuts: int = 0
    waits: int = 0
    told: int = 0
    """Looks after which the issue said when it will be done."""


@dataclass(frozen=True)
class RolledOut:
    """What became of a rollout: pull requests and applied environments for each environment, how it went, and how long it took and had to."""

    proposed: float
    applied: float
    went: str
    took: timedelta
    least: timedelta


def measure() -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to a baseline, the baseline)."""
    found = rolled_out(200, GITHUB_COM)
    return [
        (f"pull requests, {found.went}", found.proposed, "one each"),
        ("environments that are applied, as the issue remembers", found.applied, "all"),
        (f"made-up time: {found.took}", found.took / found.least, f"the limits: {found.least}"),
    ]


def rolled_out(environments: int, limits: Pacing) -> RolledOut:
    """Roll a change out to as many environments as are asked for, under these limits."""
    with tempfile.TemporaryDirectory() as scratch, small_monorepo(Path(scratch)) as place:
        time = _Made(example.NOW + timedelta(hours=1))
        names = [f"demo-{number:03}" for number in range(environments)]
        company(place, POLICY, dict.fromkeys(names, "demo"))
        _under_limits(place, time, limits)
        change(place)
        began = time.now
        _follow(place, time, names)
        record = read(issue(place).body or "")
        assert record is not None
        ended = [name for name in names if record.members[EnvironmentName(name)].stage is MemberStage.APPLIED]
        pulls_of_all = [each for each in place.server.pulls(REPOSITORY) if each.title.startswith("Sync demo-")]
        for pull in pulls_of_all:
            place.written(pull.number)
        limit = limits.per_minute or environments
        return RolledOut(
            proposed=len(pulls_of_all) / environments,
            applied=len(ended) / environments,
            went=f"in {time.looks} looks, {time.cuts} of them cut off, {time.waits} waits; after {time.told} it said when it will be done",
            took=time.now - began,
            least=timedelta(minutes=max(1, (environments - limit) // limit)),
        )


def _under_limits(place: SmallMonorepo, time: _Made, limits: Pacing) -> None:
    """Let the service pace as on github.com, by the made-up time, and never wait in place."""
    pacing = replace(limits, longest_wait=timedelta(0))
    context = place.service.context
    context.github = GitHub(
        Token(place.server.token(BOT)), api_url=f"{place.server.url}/api/v3", pacing=pacing, clock=lambda: time.now
    )
    context.now = lambda: time.now


def _follow(place: SmallMonorepo, time: _Made, names: list[str]) -> None:
    """Look, and let what is proposed be planned and what is merged be applied, until all have followed."""
    cuts, done, ready = random.Random(SEED), set[str](), set[int]()
    while not done >= set(names):
        time.looks += 1
        place.server.faults.lose_answer(*cuts.choice(_CUTS))
        _wherever_it_stops(lambda: look(place), time)
        place.server.faults.clear()
        time.told += "it will be done by" in (issue(place).body or "")
        for name, pull in pulls(place).items():
            assert pull.pull is not None
            if pull.pull.merge_commit_sha and name not in done:
                _until_done(partial(applied, place, name), time)
                done.add(name)
            elif not pull.pull.merge_commit_sha and pull.number not in ready:
                _until_done(partial(planned, place, name), time)
                ready.add(pull.number)
    _until_done(partial(look, place), time)


def _wherever_it_stops(act: Callable[[], None], time: _Made) -> bool:
    """Act once, perhaps not to the end; wait as long as GitHub asks, and say whether it was done."""
    try:
        act()
    except RateLimited as limited:
        time.waits += 1
        time.now = max(time.now, limited.until)
        return False
    except Transient:
        time.cuts += 1
        return False
    return True


def _until_done(act: Callable[[], None], time: _Made) -> None:
    while not _wherever_it_stops(act, time):
        pass
