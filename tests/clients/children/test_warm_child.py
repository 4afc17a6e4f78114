"""A program that is asked again and again, and comes back when it was ended."""

import os
import signal
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clients.children.warm_child import ChildEnded, WarmChild
from tests.support.patience import PATIENCE

SOON = timedelta(seconds=PATIENCE)


def children() -> set[int]:
    """Return the programs that this process has started and not waited for."""
    asked = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    return {int(each) for each in asked.stdout.split()}


def test_it_is_started_once_and_anew_after_its_end() -> None:
    before, child = children(), WarmChild("bot.clients.children.hcl_child")
    assert child.ask({"one": "a = 1\n"}, SOON) == {"one": {"tree": {"a": 1}}}
    (first,) = [pid for pid in children() - before if Path(f"/proc/{pid}").exists()]  # `ps` itself is over
    assert child.ask({"two": "a = "}, SOON) != {}
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert child.ask({"one": "b = 2\n"}, SOON) == {"one": {"tree": {"b": 2}}}
    child.close()
    assert not [pid for pid in children() - before if Path(f"/proc/{pid}").exists()]


def test_an_end_without_an_answer_is_said() -> None:
    child = WarmChild("bot.clients.no_such_module")
    with pytest.raises(ChildEnded, match="no_such_module"):
        child.ask({}, SOON)
    child.close()


def test_an_answer_that_does_not_come_in_time_ends_the_program() -> None:
    child = WarmChild("bot.clients.children.hcl_child")
    with pytest.raises(ChildEnded):
        child.ask({}, timedelta(0))
    assert child.ask({}, SOON) == {}
    child.close()
