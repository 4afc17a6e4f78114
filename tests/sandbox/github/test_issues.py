"""Issues, comments, reactions and labels through the real PyGithub."""

from __future__ import annotations

import github
import pytest
from github.Repository import Repository

from bot.sandbox.github import GitHubServer
from tests.sandbox.conftest import MAINTAINER, READER, REPOSITORY, Connect


def test_an_issue_goes_from_open_to_closed_and_back(repository: Repository) -> None:
    issue = repository.create_issue("Clone, please", "For the demo", labels=["demo"])

    issue.edit(title="Clone production", state="closed", state_reason="not_planned")
    closed = repository.get_issue(issue.number)
    issue.edit(state="open")

    assert (closed.title, closed.state, closed.state_reason) == ("Clone production", "closed", "not_planned")
    assert closed.closed_by is not None
    assert closed.closed_by.login == MAINTAINER
    assert [label.name for label in closed.labels] == ["demo"]
    assert repository.get_issue(issue.number).state == "open"
    assert [found.number for found in repository.get_issues(state="all")] == [issue.number]


def test_comments_are_made_edited_listed_and_deleted(server: GitHubServer, repository: Repository) -> None:
    number = server.open_issue(REPOSITORY, "Clone, please", by=READER)
    first = server.comment(REPOSITORY, number, "/clone production as demo-x", by=READER)
    issue = repository.get_issue(number)

    second = issue.create_comment("On it")
    second.edit("Done")
    issue.get_comment(first).delete()

    assert [(c.body, c.author.login) for c in server.comments(REPOSITORY, number)] == [("Done", MAINTAINER)]
    assert [comment.body for comment in issue.get_comments()] == ["Done"]
    with pytest.raises(github.UnknownObjectException):
        issue.get_comment(first)


def test_only_the_author_or_a_triager_edits_a_comment(server: GitHubServer, connect: Connect) -> None:
    number = server.open_issue(REPOSITORY, "Clone, please", by=MAINTAINER)
    theirs = server.comment(REPOSITORY, number, "mine", by=MAINTAINER)
    as_reader = connect(READER).get_repo(REPOSITORY).get_issue(number)

    with pytest.raises(github.GithubException) as refusal:
        as_reader.get_comment(theirs).edit("theirs")

    assert refusal.value.status == 403
    as_reader.create_comment("a reader may comment").edit("and edit that")


def test_a_reaction_is_given_once_and_taken_back(server: GitHubServer, repository: Repository) -> None:
    number = server.open_issue(REPOSITORY, "Clone, please", by=READER)
    comment = repository.get_issue(number).get_comment(server.comment(REPOSITORY, number, "/help", by=READER))

    reaction = comment.create_reaction("eyes")
    again = comment.create_reaction("eyes")

    assert again.id == reaction.id
    assert [(r.content, r.author.login) for r in server.reactions(comment.id)] == [("eyes", MAINTAINER)]
    assert repository.get_issue(number).get_comment(comment.id).reactions["eyes"] == 1
    comment.delete_reaction(reaction.id)
    assert list(comment.get_reactions()) == []


def test_an_issue_takes_reactions_too(server: GitHubServer, repository: Repository) -> None:
    issue = repository.get_issue(server.open_issue(REPOSITORY, "Clone, please", by=READER))

    reaction = issue.create_reaction("rocket")

    assert [r.content for r in issue.get_reactions()] == ["rocket"]
    issue.delete_reaction(reaction.id)
    assert list(issue.get_reactions()) == []


def test_labels_are_made_once_and_added_to_issues(server: GitHubServer, repository: Repository) -> None:
    issue = repository.get_issue(server.open_issue(REPOSITORY, "Clone, please", by=READER))
    repository.create_label("envclone", "0e8a16", "Made by the bot")

    issue.add_to_labels("envclone", "new")
    issue.remove_from_labels("new")

    assert [label.name for label in issue.get_labels()] == ["envclone"]
    assert {label.name for label in repository.get_labels()} == {"envclone", "new"}
    assert repository.get_label("envclone").color == "0e8a16"
    assert [found.number for found in repository.get_issues(labels=["envclone"])] == [issue.number]
    with pytest.raises(github.GithubException) as refusal:
        repository.create_label("Envclone", "ffffff")
    assert (refusal.value.status, refusal.value.data["errors"][0]["code"]) == (422, "already_exists")


def test_long_lists_come_in_pages(server: GitHubServer, repository: Repository) -> None:
    number = server.open_issue(REPOSITORY, "Clone, please", by=READER)
    for count in range(65):
        server.comment(REPOSITORY, number, f"comment {count}", by=READER)

    comments = repository.get_issue(number).get_comments()

    assert [comment.body for comment in comments] == [f"comment {count}" for count in range(65)]
    assert comments.totalCount == 65
    assert comments.get_page(2)[0].body == "comment 60"


@pytest.mark.parametrize(("body", "message"), [("", "blank"), ("x" * 65_537, "too long")])
def test_a_comment_has_some_text_and_not_too_much(
    server: GitHubServer, repository: Repository, body: str, message: str
) -> None:
    issue = repository.get_issue(server.open_issue(REPOSITORY, "Clone, please", by=READER))

    with pytest.raises(github.GithubException) as refusal:
        issue.create_comment(body)

    assert refusal.value.status == 422
    assert message in refusal.value.data["errors"][0]["message"]
