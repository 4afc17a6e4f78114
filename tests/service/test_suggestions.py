"""Every misspelt command, source, name, purpose, parameter, value or option gets one reply with the line to paste.

One table for both places: a comment is answered with it, and the command line prints it as it is typed in a shell.
"""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.commands.tokens import words
from tests.support.small_monorepo import MAINTAINER, REPOSITORY, SmallMonorepo, monorepo, small_monorepo

MISSPELT = [
    # commands
    ("/clnoe production as demo-y", "/clone production as demo-y"),
    ("/stauts demo-x", "/status demo-x"),
    ("/lsit", "/list"),
    ("/list all", "/list"),
    ("/help clonn", "/help clone"),
    # the words between
    ("/clone production demo-y", "/clone production as demo-y"),
    ("/clone production to demo-x2", "/clone production as demo-x2"),
    ("/clone production called demo-y for demo", "/clone production as demo-y for demo"),
    ("/clone production as demo-y fro demo", "/clone production as demo-y for demo"),
    ("/clone production as demo-y demo", "/clone production as demo-y for demo"),
    ("/extend demo-x by 7d", "/extend demo-x 7d"),
    ("/set to demo-x app_min=3", "/set demo-x app_min=3"),
    # sources and names
    ("/clone produktion as demo-y", "/clone production as demo-y"),
    ("/clone Production as demo-y", "/clone production as demo-y"),
    ("/clone production as Demo_Y", "/clone production as demo-y"),
    ("/clone production as demo-x", "/clone production as demo-x-2"),
    ("/set demo-y app_min=3", "/set demo-x app_min=3"),
    ("/extend demo-y 7d", "/extend demo-x 7d"),
    ("/status demo-y", "/status demo-x"),
    # purposes
    ("/clone production as demo-y for dmeo", "/clone production as demo-y for demo"),
    ("/clone production as demo-y for Demo", "/clone production as demo-y for demo"),
    ("/clone production as demo-y --purpose demo", "/clone production as demo-y for demo"),
    ("/clone production as demo-y --for demo", "/clone production as demo-y for demo"),
    # options
    ("/clone production as demo-y --tll 14d", "/clone production as demo-y --ttl 14d"),
    ("/clone production as demo-y -ttl 14d", "/clone production as demo-y --ttl 14d"),
    ("/clone production as demo-y ttl 14d", "/clone production as demo-y --ttl 14d"),
    ("/clone production as demo-y --dryrun", "/clone production as demo-y --dry-run"),
    ("/clone production as demo-y --dry-run=yes", "/clone production as demo-y --dry-run"),
    # durations
    ("/clone production as demo-y --ttl 14days", "/clone production as demo-y --ttl 14d"),
    ("/clone production as demo-y --ttl 14 days", "/clone production as demo-y --ttl 14d"),
    ("/clone production as demo-y --ttl 14", "/clone production as demo-y --ttl 14d"),
    ("/clone production as demo-y --ttl 2 weks", "/clone production as demo-y --ttl 14d"),
    ("/clone production as demo-y --ttl 14D", "/clone production as demo-y --ttl 14d"),
    ("/clone production as demo-y --ttl 90d", "/clone production as demo-y --ttl 30d"),
    ("/clone production as demo-y --ttl 5m", "/clone production as demo-y --ttl 1h"),
    ("/extend demo-x 7days", "/extend demo-x 7d"),
    # parameters
    ("/clone production as demo-y --set app_mni=3", "/clone production as demo-y --set app_min=3"),
    ("/clone production as demo-y --set App-Min=3", "/clone production as demo-y --set app_min=3"),
    ("/clone production as demo-y --set app_min 3", "/clone production as demo-y --set app_min=3"),
    ("/clone production as demo-y --set app_min:3", "/clone production as demo-y --set app_min=3"),
    ("/clone production as demo-y app_min=3", "/clone production as demo-y --set app_min=3"),
    ("/clone production as demo-y --app-min 3", "/clone production as demo-y --set app_min=3"),
    ("/set demo-x app_mni=3", "/set demo-x app_min=3"),
    ("/set demo-x app_min 3", "/set demo-x app_min=3"),
    ("/set demo-x app_min = 3", "/set demo-x app_min=3"),
    ("/set demo-x --set app_min=3", "/set demo-x app_min=3"),
    # values
    ("/clone production as demo-y --set db_class=lrage", "/clone production as demo-y --set db_class=large"),
    ("/clone production as demo-y --set db_class=LARGE", "/clone production as demo-y --set db_class=large"),
    ("/clone production as demo-y --set app_min=0", "/clone production as demo-y --set app_min=1"),
    ("/clone production as demo-y --set app_min=500", "/clone production as demo-y --set app_min=20"),
    ("/clone production as demo-y --set app_min=2.6", "/clone production as demo-y --set app_min=3"),
    ('/clone production as demo-y --set "app_min=3 tasks"', "/clone production as demo-y --set app_min=3"),
    (
        "/clone production as demo-y --set vpc_cidr=10.64.3.7/24",
        "/clone production as demo-y --set vpc_cidr=10.64.3.0/24",
    ),
    ("/clone production as demo-y --set zones=a,b,a", "/clone production as demo-y --set zones=a,b"),
    ("/set demo-x app_min=99", "/set demo-x app_min=20"),
    ("/set demo-x db_class=smal", "/set demo-x db_class=small"),
    # several at once
    ("/clone production to demo-y for dmeo --set app_mni=0", "/clone production as demo-y for demo --set app_min=1"),
    ("/clone produktion demo-y dmeo --tll 14days", "/clone production as demo-y for demo --ttl 14d"),
    (
        "/clone produktion as demo-y for dmeo --ttl 90d --set app_mni=0 --set db_class=lrage",
        "/clone production as demo-y for demo --ttl 30d --set app_min=1 --set db_class=large",
    ),
]
ONLY_IN_COMMENTS = [
    ("/destory demo-x", "/destroy demo-x"),
    ("/destroy demo-y", "/destroy demo-x"),
    ("/plan demo-y", "/plan demo-x"),
    ("/resume demo-y", "/resume demo-x"),
    (
        '/unlock demo-x because "the runner was switched off"',
        '/unlock demo-x --because "the runner was switched off"',
    ),
    (
        '/unlock demo-y --because "the runner was switched off"',
        '/unlock demo-x --because "the runner was switched off"',
    ),
]
RIGHT = [
    "/clone production as demo-y --owner @ana --dry-run",
    "/clone production as demo-y —ttl 3d --dry-run",
    "/status",
    "/help /clone",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallMonorepo]:
    with small_monorepo(tmp_path_factory.mktemp("small_monorepo")) as found:
        found.say("/clone production as demo-x")
        found.server.merge(REPOSITORY, found.server.pulls(REPOSITORY)[0].number, by=MAINTAINER)
        found.server.set_role(REPOSITORY, MAINTAINER, "maintain")  # `/unlock` wants it
        yield found


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = monorepo(tmp_path_factory.mktemp("checkout"))
    assert typed(found, "/clone production as demo-x")[0] == 0
    return found


def typed(root: Path, line: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words(line[1:]), "--root", str(root)])
    return done.exit_code, done.output


@pytest.mark.parametrize(("line", "corrected"), [*MISSPELT, *ONLY_IN_COMMENTS])
def test_a_misspelt_comment_is_answered_with_the_line_to_paste(place: SmallMonorepo, line: str, corrected: str) -> None:
    reply = place.say(line)
    assert reply is not None
    assert reply.endswith(f"\n\n```text\n{corrected}\n```"), reply


@pytest.mark.parametrize(("line", "corrected"), MISSPELT)
def test_a_misspelt_sentence_is_answered_with_the_line_to_type(root: Path, line: str, corrected: str) -> None:
    code, output = typed(root, line)
    assert code != 0
    last = output.rstrip().splitlines()[-1]
    assert last.startswith("    envclone "), output
    assert shlex.split(last.removesuffix(f" --root {root}"))[1:] == words(corrected[1:])


@pytest.mark.sample
@pytest.mark.parametrize("line", RIGHT)
def test_what_can_be_read_is_not_corrected(place: SmallMonorepo, line: str) -> None:
    assert "```text\n/" not in (place.say(line) or "")
