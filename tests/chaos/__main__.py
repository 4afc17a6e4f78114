"""`make chaos`: clones are asked for, changed and ended while the service is killed and GitHub fails, and nothing is lost or doubled.

The same lives are led twice: first in peace, then under trouble. What is on GitHub at the end must be the same.
"""

import argparse
import itertools
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.aftermath import aftermath
from tests.chaos.lives import Life, script
from tests.chaos.trouble import Deliveries, Trouble
from tests.support.forwarder import forwarding
from tests.support.needs import allowed
from tests.support.serving import Serving, serving

AT_ONCE = 8
"""Lives that are led side by side."""
QUIET = 900.0
"""Seconds after the last trouble in which all that was asked for must have ended: what was put off waits for minutes."""
STILL = 6.0
"""Seconds in which nothing changes any more: three looks for what was missed."""


def main() -> int:
    """Lead lives under trouble for some minutes; exit with 1 when anything is lost or doubled."""
    parser = argparse.ArgumentParser(prog="make chaos ARGS=…", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long there is trouble (default: 10)")
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(2**32), help="repeats a run's lives and troubles"
    )
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    counted: Counter[str] = Counter()
    kept = Path(tempfile.mkdtemp(prefix="envclone-chaos-"))
    lives, troubled = _troubled(kept / "troubled", given.seed, given.minutes * 60, counted)
    print("; ".join(f"{count} {what}" for what, count in sorted(counted.items())), flush=True)
    peaceful = _peaceful(kept / "peaceful", given.seed, lives)
    lost, doubled = peaceful - troubled, troubled - peaceful
    for what, times in sorted(lost.items()):
        print(f"lost     {times} × {what}")
    for what, times in sorted(doubled.items()):
        print(f"too many {times} × {what}")
    print(
        f"{lives} clones, {sum(peaceful.values())} things on GitHub: {sum(lost.values())} lost, {sum(doubled.values())} too many"
    )
    if lost or doubled:
        print(f"The service's logs and data are in {kept}.")
        return 1
    shutil.rmtree(kept)
    return 0


def _lives(seed: int) -> Iterator[Life]:
    """Yield lives without end, always the same for a seed."""
    for number in itertools.count():
        name = f"chaos-{number}"
        yield Life(name, script(name, random.Random(f"{seed} {name}")))


def _troubled(directory: Path, seed: int, seconds: float, counted: "Counter[str]") -> tuple[int, "Counter[str]"]:
    """Lead lives while there is trouble; return how many there were, and what is there in the end."""
    deliveries = Deliveries(random.Random(f"{seed} deliveries"), counted)
    with _service(directory, deliveries) as service:
        trouble = Trouble(service, random.Random(f"{seed} trouble"), counted)
        led: list[Life] = []
        at_work: list[Life] = []
        coming = _lives(seed)
        end, next_trouble = time.monotonic() + seconds, 0.0
        while time.monotonic() < end:
            at_work = [life for life in at_work if life.goes_on(service)]
            fresh = list(itertools.islice(coming, AT_ONCE - len(at_work)))
            led, at_work = [*led, *fresh], [*at_work, *fresh]
            if time.monotonic() >= next_trouble:
                next_trouble = time.monotonic() + trouble.strike()
            time.sleep(0.05)
        deliveries.is_calm = True
        service.server.faults.clear()
        _ended(service, led)
        return len(led), aftermath(service, led)


def _peaceful(directory: Path, seed: int, count: int) -> "Counter[str]":
    """Lead as many lives without trouble; return what is there in the end."""
    deliveries = Deliveries(random.Random(0), Counter())
    deliveries.is_calm = True
    with _service(directory, deliveries) as service:
        led = list(itertools.islice(_lives(seed), count))
        for start in range(0, count, AT_ONCE):
            _ended(service, led[start : start + AT_ONCE])
        return aftermath(service, led)


def _ended(service: Serving, led: Sequence[Life]) -> None:
    """Lead lives to their end, and wait until nothing moves any more."""
    end, lives = time.monotonic() + QUIET, list(led)
    while lives and time.monotonic() < end:
        lives = [life for life in lives if life.goes_on(service)]
        time.sleep(0.05)
    for life in lives:
        print(
            f"{life.name} did not end: next is {life.acts[:1]}; the last comment was {list(life.comments.values())[-1:]}"
        )
    service.server.settle()
    was, since = aftermath(service, led), time.monotonic()
    while time.monotonic() < min(since + STILL, end + QUIET):
        time.sleep(0.5)
        now = aftermath(service, led)
        if now != was:
            was, since = now, time.monotonic()


@contextmanager
def _service(directory: Path, deliveries: Deliveries) -> Iterator[Serving]:
    """Run the service with a webhook that `deliveries` stands in front of."""
    directory.mkdir()
    with allowed({"e2e"}), serving(directory) as service, forwarding(service.url, deliveries.between) as address:
        (hook,) = service.server.forge.state.hooks.values()
        service.server.remove_webhook(hook)
        service.server.add_webhook(f"{address}/webhooks/github", hook.secret, app=hook.app)
        service.environment["ENVCLONE_LOOK_BACK_EVERY"] = "2s"
        service.kill()
        service.start()
        yield service


if __name__ == "__main__":
    sys.exit(main())
