"""Commands that GitHub runs, from a terminal: `--post` posts the comment, and without it a person reads what to type, and where."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.cli.own_github import own_github
from tests.support.person_checkout import PERSON, REPOSITORY, PersonCheckout, person_checkout

WHO = f"by: {PERSON}, repository: {REPOSITORY}, issue: 1, comment: 1, url: 'https://github.example/1'"
MANIFEST = f"""\
name: demo-x
template: shop
revision: {"a" * 40}
purpose: demo
owner: {PERSON}
expires_at: 2026-02-01T00:00:00Z
request: {{{WHO}}}
parameters: {{}}
stacks: {{}}
"""


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PersonCheckout]:
    with person_checkout(tmp_path_factory.mktemp("there"), {"envs/demo-x/environment.yaml": MANIFEST}) as found:
        found.github.open_issue(REPOSITORY, "A demo", by=PERSON)
        yield found


def envclone(there: PersonCheckout, *words: str) -> Result:
    without = {"GITHUB_TOKEN": "", "GITHUB_ACTIONS": "", **there.environment}
    done = CliRunner().invoke(app, [*words, "--root", str(there.root)], env=without, prog_name="envclone")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.mark.parametrize(
    ("words", "comment"),
    [
        (("plan", "demo-x"), "/plan demo-x"),
        (("drift", "demo-x"), "/plan demo-x"),
        (("apply", "demo-x"), "/resume demo-x"),
        (("destroy", "demo-x"), "/destroy demo-x"),
        (("resume", "demo-x"), "/resume demo-x"),
        (("unlock", "demo-x", "--because", "the runner died"), '/unlock demo-x --because "the runner died"'),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_command_is_posted_where_its_environment_was_asked_for(
    there: PersonCheckout, words: tuple[str, ...], comment: str
) -> None:
    done = envclone(there, *words, "--post")
    assert done.exit_code == 0, done.output
    newest = there.github.comments(REPOSITORY, 1)[-1]
    assert (newest.body, newest.author.login) == (comment, PERSON)
    assert f"{there.github.url}/{REPOSITORY}/issues/1#" in done.stdout


def test_what_nobody_asked_for_in_an_issue_gets_one(there: PersonCheckout) -> None:
    done = envclone(there, "plan", "production", "--post", "--json")
    opened = there.github.issues(REPOSITORY)[-1]
    assert (opened.title, opened.body) == ("Plan production", "/plan production")
    assert json.loads(done.stdout) == {
        "comment": "/plan production",
        "url": f"{there.github.url}/{REPOSITORY}/issues/{opened.number}",
    }


def test_a_sentence_that_makes_no_sense_is_not_posted(there: PersonCheckout) -> None:
    before = len(there.github.comments(REPOSITORY, 1))
    assert envclone(there, "destroy", "Demo_X", "--post").exit_code == 64
    assert len(there.github.comments(REPOSITORY, 1)) == before


def test_a_line_that_is_not_whole_is_not_posted_and_its_form_is_shown(there: PersonCheckout) -> None:
    before = len(there.github.comments(REPOSITORY, 1))
    done = envclone(there, "unlock", "demo-x", "--post")
    assert (done.exit_code, done.stderr.startswith("Nothing was posted. ")) == (64, True), done.stderr
    assert done.stderr.endswith("    /unlock demo-x --because <reason>\n")
    assert len(there.github.comments(REPOSITORY, 1)) == before


def test_nothing_is_posted_to_a_fork(there: PersonCheckout) -> None:
    before = len(there.github.comments(REPOSITORY, 1)), len(there.github.issues(REPOSITORY))
    there.git("remote", "add", "upstream", "git@github.com:acme/monorepo.git")
    try:
        for words in (("destroy", "demo-x"), ("plan", "production")):
            done = envclone(there, *words, "--post")
            assert (done.exit_code, "is a fork" in done.stderr) == (1, True), done.stderr
            assert (
                f"`/{' '.join(words)}` on an issue or a pull request of https://github.com/acme/monorepo" in done.stderr
            )
        assert (
            "on any issue or pull request of https://github.com/acme/monorepo:"
            in envclone(there, "destroy", "demo-x").stderr
        )
    finally:
        there.git("remote", "remove", "upstream")
    assert (len(there.github.comments(REPOSITORY, 1)), len(there.github.issues(REPOSITORY))) == before


def test_without_posting_a_person_reads_what_to_comment_and_where(there: PersonCheckout) -> None:
    done = envclone(there, "destroy", "demo-x")
    assert f"Comment this on {there.github.url}/{REPOSITORY}/issues/1 (`--post` does that):" in done.stderr
    said = envclone(there, "drift", "demo-x").stderr
    assert f"comment `/plan demo-x` on {there.github.url}/{REPOSITORY}/issues/1 (`--post` does that)." in said


def test_a_token_that_may_not_write_is_said_in_one_line(there: PersonCheckout) -> None:
    stranger = PersonCheckout(there.github, there.root, {**there.environment, "GH_TOKEN": "ghp_of-nobody"})
    done = envclone(stranger, "destroy", "demo-x", "--post")
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert "GitHub answered 401" in done.stderr


def test_a_token_with_a_lines_end_is_taken_without_it_and_one_with_a_space_is_never_shown(
    there: PersonCheckout,
) -> None:
    token = there.environment["GH_TOKEN"]
    copied = PersonCheckout(there.github, there.root, {**there.environment, "GH_TOKEN": f"{token}\n"})
    assert envclone(copied, "destroy", "demo-x", "--post").exit_code == 0
    broken = PersonCheckout(there.github, there.root, {**there.environment, "GH_TOKEN": f"{token}\nX"})
    done = envclone(broken, "destroy", "demo-x", "--post")
    assert (done.exit_code, token in done.output) == (1, False)
    assert "character that no token has" in done.stderr


@pytest.mark.parametrize(
    ("remote", "environment", "token"),
    [
        ("git@github.com:acme/infra.git", {"GH_TOKEN": "one"}, "one"),
        ("https://github.com/acme/infra", {"GITHUB_TOKEN": "two"}, "two"),
        ("https://git.acme.example/acme/infra.git", {"GH_TOKEN": "one"}, ""),
        ("https://git.acme.example/acme/infra.git", {"GH_TOKEN": "one", "GH_HOST": "git.acme.example"}, "one"),
        (
            "https://elsewhere.example/acme/infra.git",
            {"GH_TOKEN": "one", "GITHUB_API_URL": "https://git.acme.example/api/v3"},
            "",
        ),
        ("https://acme.ghe.com/acme/infra", {"GH_TOKEN": "one", "GITHUB_API_URL": "https://api.acme.ghe.com"}, "one"),
    ],
)
def test_a_token_goes_to_no_host_that_the_environment_does_not_name(
    tmp_path: Path, remote: str, environment: dict[str, str], token: str
) -> None:
    for words in (["init", "--quiet"], ["remote", "add", "origin", remote]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, timeout=60)
    found = own_github(tmp_path, environment)
    assert found is not None
    assert (found.repository, found.token) == ("acme/infra", token)


@pytest.mark.parametrize(
    ("remote", "environment", "asked"),
    [
        ("https://github.com/acme/infra", {}, ("https://api.github.com", "one")),
        ("https://GitHub.com/acme/infra", {}, ("https://api.github.com", "one")),
        (
            "https://git.acme.example/acme/infra",
            {"GH_HOST": "git.acme.example", "GITHUB_API_URL": "https://api.github.com"},
            ("https://git.acme.example/api/v3", "one"),
        ),
        (
            "https://git.acme.example/acme/infra",
            {"GH_HOST": "git.acme.example", "GH_ENTERPRISE_TOKEN": "two"},
            ("https://git.acme.example/api/v3", "two"),
        ),
        ("https://github.com/acme/infra", {"GH_ENTERPRISE_TOKEN": "two"}, ("https://api.github.com", "one")),
        ("https://acme.ghe.com/acme/infra", {"GH_HOST": "acme.ghe.com"}, ("https://api.acme.ghe.com", "one")),
    ],
)
def test_each_server_is_asked_at_its_own_address_with_its_own_token(
    tmp_path: Path, remote: str, environment: dict[str, str], asked: tuple[str, str]
) -> None:
    for words in (["init", "--quiet"], ["remote", "add", "origin", remote]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, timeout=60)
    found = own_github(tmp_path, {"GH_TOKEN": "one", "GITHUB_SERVER_URL": "https://runner.example", **environment})
    assert found is not None
    assert (found.api_url, found.token) == asked
    assert found.page == f"{remote.rpartition('/acme')[0].lower()}/acme/infra"


def test_a_remote_that_is_no_repository_on_github_is_none(tmp_path: Path) -> None:
    assert own_github(tmp_path, {"GH_TOKEN": "one"}) is None
