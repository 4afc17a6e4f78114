"""From comment to pull request: the service is killed and GitHub fails while clones are asked for, changed and ended.

The same lives are led twice: first under trouble, then in peace. What is on GitHub at the end must be the same.
"""

import itertools
import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.model.policy import PATH
from tests.chaos.aftermath import aftermath
from tests.chaos.fleet import Fleet, fleet
from tests.chaos.found import Found, Run
from tests.chaos.held import held_twice
from tests.chaos.lives import Life, script
from tests.chaos.trouble import Deliveries, Trouble
from tests.support.forwarder import forwarding
from tests.support.serving import Serving
from tests.support.small_monorepo import POLICY, REPOSITORY

ADMIN = "root"
SHORT_LIVES = b"ttl: {min: 1s, default: 7d, max: 30d}\n"
"""So that a clone expires while somebody looks."""
AT_ONCE = 8
"""Lives that are led side by side."""
QUIET = 900.0
"""Seconds after the last trouble in which all that was asked for must have ended: what was put off waits for minutes."""
SET_ASIDE = "was set aside"
"""What the reply to a command says that ended the worker too often."""
STILL = 30.0
"""Seconds in which nothing changes any more: three looks for what was missed, and a job that waits for a busy machine."""


def proposals(directory: Path, run: Run, counted: "Counter[str]") -> Found:
    """Lead lives while there is trouble, and again without; return what is there in the end."""
    seed = run.seed
    lives, troubled = _troubled(directory / "troubled", run, counted)
    peaceful = _peaceful(directory / "peaceful", seed, lives)
    # What is killed whole again and again, each time in the middle of the same step, is set aside and its author told so
    # (`bot/jobs/step_attempts`): on a slow machine that happens here. It is counted by itself, and nothing follows of such a life.
    aside = {name for name in map(named, range(lives)) if any(SET_ASIDE in each for each in _of(name, troubled))}
    counted["lives with a command that was set aside, for the service was killed during it too often"] += len(aside)
    for name in aside:
        for each in (peaceful, troubled):
            for what in _of(name, each):
                del each[what]
    return Found(f"{lives} clones proposed", peaceful, troubled)


def _of(name: str, found: "Counter[str]") -> Sequence[str]:
    """Return the things that are of one life."""
    return [what for what in found if re.search(rf"\b{re.escape(name)}\b", what)]


def named(number: int) -> str:
    """Return the name of the life of this number."""
    return f"chaos-{number}"


def _lives(seed: int) -> Iterator[Life]:
    """Yield lives without end, always the same for a seed."""
    for number in itertools.count():
        name = named(number)
        yield Life(name, script(name, random.Random(f"{seed} {name}")))


def _troubled(directory: Path, run: Run, counted: "Counter[str]") -> tuple[int, "Counter[str]"]:
    """Lead lives while there is trouble; return how many there were, and what is there in the end."""
    seed = run.seed
    deliveries = Deliveries(random.Random(f"{seed} deliveries"), counted)
    with _fleet(directory, run.replicas, deliveries) as fleet:
        service = fleet.first
        trouble = Trouble(fleet, random.Random(f"{seed} trouble"), counted)
        led: list[Life] = []
        at_work: list[Life] = []
        coming = _lives(seed)
        end, next_trouble = time.monotonic() + run.seconds, 0.0
        twice: set[str] = set()
        while time.monotonic() < end:
            at_work = [life for life in at_work if life.goes_on(service)]
            fresh = list(itertools.islice(coming, AT_ONCE - len(at_work)))
            led, at_work = [*led, *fresh], [*at_work, *fresh]
            if time.monotonic() >= next_trouble:
                next_trouble = time.monotonic() + trouble.strike()
                twice.update(held_twice(service))
            time.sleep(0.05)
        deliveries.is_calm = True
        fleet.calm()
        service.server.faults.clear()
        _ended(service, led)
        twice.update(held_twice(service))
        counted["values held twice"] = len(twice)
        return len(led), aftermath(service, led) + Counter(twice)


def _peaceful(directory: Path, seed: int, count: int) -> "Counter[str]":
    """Lead as many lives without trouble; return what is there in the end."""
    deliveries = Deliveries(random.Random(0), Counter())
    deliveries.is_calm = True
    with _fleet(directory, 1, deliveries) as fleet:
        service = fleet.first
        led = list(itertools.islice(_lives(seed), count))
        for start in range(0, count, AT_ONCE):
            _ended(service, led[start : start + AT_ONCE])
        return aftermath(service, led)


def _ended(service: Serving, led: Sequence[Life]) -> None:
    """Lead lives to their end, and wait until nothing moves any more."""
    end, lives = time.monotonic() + QUIET, list(led)
    while lives and time.monotonic() < end:
        lives = [life for life in lives if life.goes_on(service) and not _is_set_aside(service, life)]
        time.sleep(0.2)
    for life in lives:
        print(
            f"{life.name} did not end: next is {life.acts[:1]}; the last comment was {list(life.comments.values())[-1:]}"
        )
    service.server.settle()
    was, since = aftermath(service, led), time.monotonic()
    # A job that the database cut off begins anew only after a minute: while a comment is under way, its 👀 says so.
    while time.monotonic() < min(since + STILL, end + QUIET) or (_is_at_work(service, led) and time.monotonic() < end):
        time.sleep(0.5)
        now = aftermath(service, led)
        if now != was:
            was, since = now, time.monotonic()


def _is_set_aside(service: Serving, life: Life) -> bool:
    """Say whether nothing more comes of a life."""
    return any(SET_ASIDE in reply for comment in life.comments for reply in service.replies(comment))


def _is_at_work(service: Serving, led: Sequence[Life]) -> bool:
    comments = (comment for life in led for comment in life.comments)
    return any(each.content == "eyes" for comment in comments for each in service.server.reactions(comment))


@contextmanager
def _fleet(directory: Path, count: int, deliveries: Deliveries) -> Iterator[Fleet]:
    """Run the service with a webhook that `deliveries` comes before."""
    with fleet(directory, count) as found, forwarding(found.first.url, deliveries.between) as address:
        deliveries.doors = [each.url.removeprefix("http://") for each in found.replicas]
        server = found.first.server
        server.add_user(ADMIN, REPOSITORY, "admin")
        server.commit(REPOSITORY, {PATH: POLICY + SHORT_LIVES}, by=ADMIN, message="Let clones live for seconds")
        (hook,) = server.forge.state.hooks.values()
        server.remove_webhook(hook)
        server.add_webhook(f"{address}/webhooks/github", hook.secret, app=hook.app)
        yield found
