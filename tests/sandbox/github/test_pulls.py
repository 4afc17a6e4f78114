"""Pull requests: opened once, merged by git, never over somebody else's merge."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import github
import pytest
from github.PullRequest import PullRequest
from github.Repository import Repository

from bot.sandbox.github import ApiError, GitHubServer, IssueText, PullSpec
from tests.sandbox.conftest import FILES, MAINTAINER, READER, REPOSITORY, STRANGER, Connect

MAIN = b'locals {\n  name = "production"\n}\n'


def propose(server: GitHubServer, branch: str, files: dict[str, bytes | None]) -> int:
    server.commit(REPOSITORY, files, by=MAINTAINER, message=f"Work on {branch}", branch=branch)
    return server.open_pull(
        REPOSITORY, PullSpec(IssueText(f"Merge {branch}", "Because"), branch, "main"), by=MAINTAINER
    )


def merged(pull: PullRequest, **how: Any) -> int:
    """Merge and return the HTTP status."""
    try:
        return 200 if pull.merge(**how).merged else 0
    except github.GithubException as error:
        return error.status


def test_a_pull_request_shows_its_branches_files_and_commits(server: GitHubServer, repository: Repository) -> None:
    server.commit(
        REPOSITORY, {"envs/demo-x/main.tf": MAIN, "README.md": None}, by=MAINTAINER, message="Clone", branch="demo-x"
    )

    created = repository.create_pull(title="Clone", body="As asked", head="demo-x", base="main")
    pull = repository.get_pull(created.number)

    assert created.mergeable is None
    assert (pull.mergeable, pull.mergeable_state, pull.state, pull.merged) == (True, "clean", "open", False)
    assert (pull.head.ref, pull.head.sha, pull.base.ref) == ("demo-x", server.head(REPOSITORY, "demo-x"), "main")
    files = {f.filename: (f.status, f.additions, f.deletions, bool(f.patch)) for f in pull.get_files()}
    assert files == {"envs/demo-x/main.tf": ("added", 3, 0, True), "README.md": ("removed", 0, 1, True)}
    assert (pull.commits, pull.additions, pull.deletions, pull.changed_files) == (1, 3, 1, 2)
    assert [commit.commit.message for commit in pull.get_commits()] == ["Clone"]
    assert [found.number for found in repository.get_commit(pull.head.sha).get_pulls()] == [pull.number]


def test_renames_and_binary_files_are_shown(server: GitHubServer, repository: Repository) -> None:
    files: dict[str, bytes | None] = {
        "envs/production/main.tf": None,
        "envs/production/the name.tf": FILES["envs/production/main.tf"].encode(),
        "image": bytes(range(256)),
    }
    pull = repository.get_pull(propose(server, "topic", files))

    shown = {f.filename: (f.status, f.previous_filename or "", bool(f.patch)) for f in pull.get_files()}

    assert shown["envs/production/the name.tf"] == ("renamed", "envs/production/main.tf", False)
    assert shown["image"] == ("added", "", False)


def test_there_is_one_open_pull_request_for_a_branch(server: GitHubServer, repository: Repository) -> None:
    number = propose(server, "topic", {"a": b"1"})

    with pytest.raises(github.GithubException) as refusal:
        repository.create_pull(title="Again", head="topic", base="main")

    assert refusal.value.status == 422
    assert refusal.value.data["errors"][0]["message"] == "A pull request already exists for acme:topic."
    assert [pull.number for pull in repository.get_pulls(head="acme:topic", base="main")] == [number]
    assert list(repository.get_pulls(head="acme:other")) == []
    server.close(REPOSITORY, number, by=MAINTAINER)
    assert repository.create_pull(title="Again", head="topic", base="main").number == number + 1


@pytest.mark.parametrize(
    ("head", "base", "field"), [("missing", "main", "head"), ("topic", "missing", "base"), ("main", "main", None)]
)
def test_a_pull_request_needs_two_branches_that_differ(
    server: GitHubServer, repository: Repository, head: str, base: str, field: str | None
) -> None:
    server.commit(REPOSITORY, {"a": b"1"}, by=MAINTAINER, message="a", branch="topic")

    with pytest.raises(github.GithubException) as refusal:
        repository.create_pull(title="Topic", head=head, base=base)

    assert refusal.value.status == 422
    assert refusal.value.data["errors"][0].get("field") == field


@pytest.mark.parametrize(("method", "parents"), [("merge", 2), ("squash", 1)])
def test_merging_moves_main_with_githubs_message(
    server: GitHubServer, repository: Repository, method: str, parents: int
) -> None:
    pull = repository.get_pull(propose(server, "topic", {"a": b"1"}))

    result = pull.merge(merge_method=method, sha=pull.head.sha)
    commit = repository.get_commit(result.sha)

    assert server.head(REPOSITORY) == result.sha
    assert server.read(REPOSITORY, "a") == b"1"
    assert len(commit.parents) == parents
    title = (
        f"Merge pull request #{pull.number} from acme/topic" if method == "merge" else f"Merge topic (#{pull.number})"
    )
    assert commit.commit.message.splitlines()[0] == title
    assert (commit.author.login, commit.commit.committer.name) == (MAINTAINER, "GitHub")
    pull = repository.get_pull(pull.number)
    assert (pull.merged, pull.state, pull.merge_commit_sha, pull.merged_by.login) == (
        True,
        "closed",
        result.sha,
        MAINTAINER,
    )


def test_a_merge_is_refused_when_the_head_moved(server: GitHubServer, repository: Repository) -> None:
    pull = repository.get_pull(propose(server, "topic", {"a": b"1"}))
    server.commit(REPOSITORY, {"a": b"2"}, by=MAINTAINER, message="more", branch="topic")

    assert merged(pull, sha=pull.head.sha) == 409
    assert merged(pull, sha=repository.get_pull(pull.number).head.sha) == 200
    assert merged(pull) == 405


def test_conflicts_keep_a_pull_request_from_merging(server: GitHubServer, repository: Repository) -> None:
    one = repository.get_pull(propose(server, "one", {"envs/production/main.tf": b"one"}))
    other = repository.get_pull(propose(server, "other", {"envs/production/main.tf": b"other"}))

    assert merged(one) == 200
    assert merged(other) == 405
    other.update()
    assert (other.mergeable, other.mergeable_state) == (False, "dirty")


@pytest.mark.whole
def test_merges_at_once_all_arrive(server: GitHubServer, connect: Connect) -> None:
    numbers = [propose(server, f"topic-{n}", {f"envs/demo-{n}/main.tf": MAIN}) for n in range(8)]
    clients = [connect(MAINTAINER).get_repo(REPOSITORY).get_pull(number) for number in numbers]

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(merged, clients))

    assert statuses == [200] * 8
    assert all(server.read(REPOSITORY, f"envs/demo-{n}/main.tf") == MAIN for n in range(8))


def test_a_required_check_blocks_until_it_succeeds(
    server: GitHubServer, repository: Repository, bot_repository: Repository
) -> None:
    server.protect(REPOSITORY, required_checks=("envclone",))
    pull = repository.get_pull(propose(server, "topic", {"a": b"1"}))

    assert (pull.mergeable_state, merged(pull)) == ("blocked", 405)
    check = bot_repository.create_check_run("envclone", pull.head.sha, status="completed", conclusion="failure")
    assert merged(pull) == 405
    check.edit(conclusion="success")
    assert repository.get_pull(pull.number).mergeable_state == "clean"
    assert merged(pull) == 200


def test_a_draft_is_not_merged(server: GitHubServer, repository: Repository) -> None:
    server.commit(REPOSITORY, {"a": b"1"}, by=MAINTAINER, message="a", branch="topic")

    pull = repository.create_pull(title="Topic", head="topic", base="main", draft=True)

    assert merged(pull) == 405
    assert repository.get_pull(pull.number).mergeable_state == "draft"


def test_readers_do_not_merge(server: GitHubServer, connect: Connect) -> None:
    pull = connect(READER).get_repo(REPOSITORY).get_pull(propose(server, "topic", {"a": b"1"}))

    assert merged(pull) == 403


def test_people_see_why_a_merge_fails(server: GitHubServer) -> None:
    number = propose(server, "topic", {"a": b"1"})
    server.protect(REPOSITORY, required_checks=("envclone",))

    with pytest.raises(ApiError, match='Required status check "envclone" is expected'):
        server.merge(REPOSITORY, number, by=MAINTAINER)


def test_a_pull_request_is_edited_closed_and_reopened(server: GitHubServer, repository: Repository) -> None:
    pull = repository.get_pull(propose(server, "topic", {"a": b"1"}))

    pull.edit(title="Better", body="New", state="closed")
    reopened = repository.get_pull(pull.number)
    reopened.edit(state="open")

    assert (pull.title, pull.body, server.issue(REPOSITORY, pull.number).state) == ("Better", "New", "open")
    assert repository.get_issue(pull.number).pull_request is not None


def test_a_pull_request_is_retargeted_to_a_branch_that_is_there(server: GitHubServer, repository: Repository) -> None:
    server.commit(REPOSITORY, {"b": b"1"}, by=MAINTAINER, message="Release", branch="release")
    pull = repository.get_pull(propose(server, "topic", {"a": b"1"}))
    with pytest.raises(github.GithubException) as refusal:
        pull.edit(base="nowhere")
    assert refusal.value.status == 422
    pull.edit(base="release")
    assert repository.get_pull(pull.number).base.ref == "release"
    other = server.open_pull(REPOSITORY, PullSpec(IssueText("Again"), "topic", "main"), by=MAINTAINER)
    with pytest.raises(github.GithubException, match="already exists for base branch 'release'"):
        repository.get_pull(other).edit(base="release")


def test_collaborators_are_asked_for_a_review(server: GitHubServer, repository: Repository) -> None:
    pull = repository.get_pull(propose(server, "topic", {"a": b"1"}))

    pull.create_review_request(reviewers=[READER])
    refused = []
    for login in (MAINTAINER, STRANGER):
        with pytest.raises(github.GithubException) as refusal:
            pull.create_review_request(reviewers=[login])
        refused.append(refusal.value.status)

    assert [asked.login for asked in repository.get_pull(pull.number).requested_reviewers] == [READER]
    assert refused == [422, 422]


def test_a_stranger_proposes_from_a_fork(server: GitHubServer, repository: Repository) -> None:
    server.set_role(REPOSITORY, STRANGER, "read")
    fork = server.fork(REPOSITORY, by=STRANGER)
    first = server.commit(fork, {"a": b"1"}, by=STRANGER, message="a", branch="topic")
    number = server.open_pull(REPOSITORY, PullSpec(IssueText("Topic"), f"{STRANGER}:topic", "main"), by=STRANGER)
    opened = repository.get_pull(number)
    second = server.commit(fork, {"a": b"2"}, by=STRANGER, message="b", branch="topic")

    pull = repository.get_pull(number)

    assert (opened.head.sha, pull.head.sha) == (first, second)
    assert (pull.head.label, pull.head.repo.full_name, pull.head.repo.fork) == (f"{STRANGER}:topic", fork, True)
    assert pull.base.repo.full_name == REPOSITORY
    assert [found.number for found in repository.get_pulls(head=f"{STRANGER}:topic")] == [number]
    assert [file.filename for file in pull.get_files()] == ["a"]
    assert merged(pull) == 200
    assert server.read(REPOSITORY, "a") == b"2"
