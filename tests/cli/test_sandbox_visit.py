"""`envclone sandbox say` and `merge`: a person at another terminal, on a running GitHub of the sandbox's with somebody who answers."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.names import RepositoryName
from bot.sandbox.github import GitHubServer, PullSpec
from bot.sandbox.github.issues import IssueText
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.tls import tls
from bot.sandbox.visit import SandboxCard, Visitor, at_hand, place
from tests.support.patience import PATIENCE

REPOSITORY = RepositoryName("acme/infrastructure")


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHubServer]:
    """A GitHub on which a bot reacts to commands and answers all but those of strangers."""
    root = tmp_path_factory.mktemp("visited")
    (root / "monorepo").mkdir()
    (root / "monorepo/README.md").write_text("# Infra\n")
    found = GitHubServer(root / "github")
    found.create_repository(REPOSITORY, root / "monorepo")
    found.add_user("kim", REPOSITORY, "read")
    found.add_user("ana", REPOSITORY, "write")
    found.add_user("max", REPOSITORY, "maintain")
    found.protect(REPOSITORY, required_checks=("envclone",))
    bot = found.create_app("envclone", "acme").bot.login

    def answer(name: str, payload: JsonObject) -> None:
        comment, issue = payload.get("comment"), payload.get("issue")
        if name != "issue_comment" or not isinstance(comment, dict) or not isinstance(issue, dict):
            return
        if comment["user"]["login"] == "kim":
            found.react(comment["id"], "confused", by=bot)
        elif str(comment["body"]).startswith("/"):
            found.react(comment["id"], "eyes", by=bot)
            marker = f"<!-- envclone:request:{comment['id']} -->"
            named = re.search(r"pull-(\d+)", str(comment["body"]))
            number = named[1] if named else 2
            said = f"{marker}\n**Opened** [#{number}]({found.url}/{REPOSITORY}/pull/{number})"
            found.comment(REPOSITORY, issue["number"], said, by=bot)
            found.react(comment["id"], "rocket", by=bot)

    found.on_event(answer)
    with found.running():
        found.open_issue(REPOSITORY, "A demo", by="ana")
        yield found


@pytest.fixture
def card(github: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxCard]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    people = {login: github.token(login) for login in ("kim", "ana", "max")}
    found = SandboxCard(url=github.url, repository=REPOSITORY, issue=1, people=people)
    with at_hand(found, place(os.environ)):
        yield found


def envclone(*words: str) -> Result:
    return CliRunner().invoke(app, ["sandbox", *words], prog_name="envclone")


def proposed(github: GitHubServer, name: str) -> int:
    github.commit(REPOSITORY, {f"{name}.tf": b"locals {}\n"}, by="ana", message="Add", branch=name)
    return github.open_pull(REPOSITORY, PullSpec(IssueText(f"Clone {name}"), head=name, base="main"), by="ana")


def checked(github: GitHubServer, number: int, conclusion: str | None) -> None:
    pull = github.issue(REPOSITORY, number).pull
    assert pull is not None
    body = {"name": "envclone", "head_sha": pull.head_sha, "status": "in_progress"}
    if conclusion:
        body |= {"status": "completed", "conclusion": conclusion}
    token = github.workflow_token(REPOSITORY, {"checks": "write"})
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{github.url}/api/v3/repos/{REPOSITORY}/check-runs"
    httpx.post(address, json=body, headers=headers, trust_env=False, verify=tls(), timeout=PATIENCE).raise_for_status()


def test_say_posts_a_comment_and_prints_the_reply(github: GitHubServer, card: SandboxCard) -> None:
    done = envclone("say", "/clone production as demo-x for demo")
    assert done.exit_code == 0, done.output
    asked, reply = github.comments(REPOSITORY, 1)[-2:]
    assert (asked.author.login, asked.body) == ("ana", "/clone production as demo-x for demo")
    assert reply.author.login == "envclone[bot]"
    assert f"{card.page}/issues/1#issuecomment-{asked.id}" in done.output
    assert f"Opened #2 ({card.page}/pull/2)" in done.output
    assert "envclone sandbox merge 2 --wait" in done.output
    assert "<!--" not in done.output


def test_say_is_data_too(card: SandboxCard) -> None:
    said = json.loads(envclone("say", "/list", "--as", "max", "--json").output)
    assert (said["end"], said["pull_request"]) == ("done", 2)


@pytest.mark.parametrize("text", ["thanks!", "/plan"])
def test_say_waits_for_nothing_where_there_is_no_command(text: str, card: SandboxCard) -> None:
    assert "finds no command in it" in envclone("say", text).output


def test_what_may_be_a_sentence_is_not_waited_for_long(card: SandboxCard) -> None:
    may_be_a_sentence = "- /clon moon as mo-on for cheese"  # the bot here leaves what doesn't begin with a slash
    assert Visitor(card, "ana", unsure_patience=0).say(may_be_a_sentence, 1).end is None
    answered = Visitor(card, "ana", unsure_patience=0).say("/destory demo-x", 1)
    assert answered.end == "done", "it is plainly meant for the bot, so its answer is waited for"


def test_whom_the_bot_only_reacts_to_is_told(card: SandboxCard) -> None:
    assert "The bot has reacted: not allowed." in envclone("say", "/list", "--as", "kim").output


def test_merge_says_what_it_waits_for_and_then_merges(github: GitHubServer, card: SandboxCard) -> None:
    number = proposed(github, "demo-a")
    early = envclone("merge", str(number))
    assert early.exit_code == 1
    assert f'#{number} can\'t be merged: Required status check "envclone" is expected.' in early.stderr
    assert f"envclone sandbox merge {number} --wait" in early.stderr
    checked(github, number, "failure")
    failed = envclone("merge", str(number), "--wait")
    assert re.search(r"^  failure +envclone$", failed.stderr, re.MULTILINE)
    assert f"Look at {card.page}/pull/{number}/checks" in failed.stderr
    checked(github, number, "success")
    assert "kim may not merge." in envclone("merge", str(number), "--as", "kim").stderr
    done = envclone("merge", str(number))
    assert done.exit_code == 0, done.output
    assert github.issue(REPOSITORY, number).state == "closed"
    assert f"max merged #{number} as " in done.output
    assert f"#{number} is merged already" in envclone("merge", str(number)).stderr
    told = envclone("say", f"/status pull-{number}").output
    assert (f"Look at {card.page}/pull/{number}" in told, "Merge it with" in told) == (True, False)


def test_merge_waits_for_the_check(github: GitHubServer, card: SandboxCard) -> None:
    number = proposed(github, "demo-b")
    checked(github, number, None)
    finish = ["success"]

    def pass_when_asked(name: str, payload: JsonObject) -> None:
        if name == "issue_comment" and finish:
            checked(github, number, finish.pop())

    github.on_event(pass_when_asked)
    github.comment(REPOSITORY, number, "It may pass now.", by="ana")
    assert json.loads(envclone("merge", str(number), "--wait", "--json").output)["number"] == number


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["say", "/list", "--as", "eve"], "Nobody here is called eve. The people are: kim, ana, max"),
        (["say", "/list", "--on", "99"], "There is no issue or pull request #99"),
        (["say", "x" * 65_537], "refuses it for ana"),
        (["merge", "99"], "There is no pull request #99"),
        (["merge", "1"], "There is no pull request #1"),
    ],
)
def test_a_refusal_says_what_there_is(card: SandboxCard, words: list[str], message: str) -> None:
    done = envclone(*words)
    assert done.exit_code == 1
    assert message in done.stderr


def test_an_empty_comment_is_not_posted(card: SandboxCard) -> None:
    done = envclone("say", " ")
    assert (done.exit_code, "such as `envclone sandbox say /help`" in done.stderr) == (64, True)


def test_without_a_sandbox_it_says_how_to_start_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    for words in (["say", "/help"], ["merge", "2"]):
        done = envclone(*words)
        assert done.exit_code == 1
        assert done.stderr.strip() == (
            "No sandbox runs on this machine. Start one in another terminal: `envclone sandbox up`"
        )


def test_a_runtime_directory_that_is_gone_is_not_used(tmp_path: Path) -> None:
    assert place({"XDG_RUNTIME_DIR": str(tmp_path / "gone")}) == place({})
    assert place({"XDG_RUNTIME_DIR": str(tmp_path)}).is_relative_to(tmp_path)


def test_the_card_of_a_sandbox_that_was_killed_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    gone = SandboxCard(url="http://127.0.0.1:9", repository=REPOSITORY, issue=1, people={"ana": "x"})
    path = place(os.environ)
    with at_hand(gone, path):
        assert path.stat().st_mode & 0o777 == 0o600, "it holds tokens"
        assert "No sandbox runs" in envclone("say", "/help").stderr
    assert not path.exists()


def test_a_directory_that_others_can_write_to_is_not_used(
    card: SandboxCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(os.environ).parent.chmod(0o777)
    assert "can be accessed by others" in envclone("say", "/help").stderr


def test_the_later_of_two_sandboxes_is_spoken_to_and_the_earlier_leaves_its_card(card: SandboxCard) -> None:
    path = place(os.environ)
    later = card.model_copy(update={"issue": 7})
    with at_hand(later, path):
        with at_hand(card, path):
            pass
        assert not path.exists()
    with at_hand(card, path):
        path.write_text(later.model_dump_json())
    assert path.exists()
