"""Who holds a lease, and whether it is surely dead."""

import re
import subprocess
import sys

from bot.clients.lock_owner import stale_reason, this_lock_owner

ACTIONS = {"GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2"}
ELSEWHERE = re.compile(r"at \w+$")


def _other(environ: str) -> str:
    """Return the holder that another process is, after that process has ended."""
    program = f"from bot.clients.lock_owner import this_lock_owner; print(this_lock_owner({environ}).name)"
    return subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()


def test_a_holder_is_this_process_and_no_other() -> None:
    assert this_lock_owner({}) == this_lock_owner({})
    assert this_lock_owner({}).name != _other("{}")
    assert this_lock_owner(ACTIONS).name.startswith("run 77 attempt 2, process ")


def test_this_process_is_alive() -> None:
    mine = this_lock_owner({})
    assert stale_reason(mine.name, mine) is None


def test_a_process_of_this_machine_that_ended_is_dead() -> None:
    assert "on this machine is gone" in str(stale_reason(_other("{}"), this_lock_owner({})))


def test_a_process_of_another_machine_may_be_alive() -> None:
    assert stale_reason(ELSEWHERE.sub("at 0123456789abcdef", _other("{}")), this_lock_owner({})) is None
    assert stale_reason(ELSEWHERE.sub("at unknown", _other("{}")), this_lock_owner({})) is None


def test_an_earlier_attempt_of_the_same_run_is_dead_wherever_it_was() -> None:
    mine = this_lock_owner(ACTIONS)
    earlier = ELSEWHERE.sub("at 0123456789abcdef", mine.name).replace("attempt 2", "attempt 1")
    assert stale_reason(earlier, mine) == "attempt 1 of this run has ended"
    assert stale_reason(earlier.replace("attempt 1", "attempt 3"), mine) is None
    assert stale_reason(earlier.replace("run 77", "run 78"), mine) is None


def test_a_name_that_is_not_ours_may_be_alive() -> None:
    assert stale_reason("somebody", this_lock_owner({})) is None
