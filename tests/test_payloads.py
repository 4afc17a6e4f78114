"""Deliveries become events: what counts, what is ignored and why."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.events import CommentCreated, DispatchReceived, Event, Ignored, Ping, PullRequestChanged, RunCompleted
from bot.names import opening_text
from bot.payloads import EVENTS, parse
from tests.web.serving import comment

REPOSITORY = {"full_name": "acme/infrastructure", "id": 1, "private": True}
ANA = {"login": "ana", "type": "User", "id": 2}
BOT = {"login": "envclone[bot]", "type": "Bot", "id": 3}


def pull(**changed: object) -> dict[str, object]:
    branch = {"ref": "envclone/demo-x", "sha": "a" * 40, "repo": REPOSITORY}
    found = {
        "number": 9, "user": BOT, "head": branch, "base": {**branch, "ref": "main"},
        "merged": False, "merge_commit_sha": None, "html_url": "https://github.example/9", "created_at": "2026-03-01T12:00:00Z",
    }  # fmt: skip
    return {**found, **changed}


def reason(event: Event) -> str:
    assert isinstance(event, Ignored)
    return event.reason


def test_a_person_s_new_comment_is_an_event() -> None:
    event = parse("issue_comment", comment(5, "/help"))
    assert isinstance(event, CommentCreated)
    assert (event.repository, event.issue, event.comment, event.author) == ("acme/infrastructure", 7, 5, "ana")
    assert (event.body, event.is_pull_request) == ("/help", False)


def test_a_comment_on_a_pull_request_says_so() -> None:
    payload = json.loads(comment())
    payload["issue"]["pull_request"] = {"url": "https://api.github.com/repos/acme/infrastructure/pulls/7"}
    event = parse("issue_comment", json.dumps(payload).encode())
    assert isinstance(event, CommentCreated)
    assert event.is_pull_request


def opened(**changed: object) -> dict[str, object]:
    found = {
        "number": 7,
        "user": ANA,
        "body": "/help",
        "html_url": "https://github.example/7",
        "created_at": "2026-03-01T12:00:00Z",
    }
    return {**found, **changed}


def test_the_text_of_a_new_issue_is_an_event_as_a_comment_is() -> None:
    body = {"action": "opened", "repository": REPOSITORY, "issue": opened(), "sender": ANA}
    event = parse("issues", json.dumps(body).encode())
    assert isinstance(event, CommentCreated)
    assert (event.issue, event.comment, event.author, event.body) == (7, opening_text(7), "ana", "/help")
    others: list[tuple[dict[str, object], str]] = [
        ({"action": "edited"}, "an issue was edited"),
        ({"changes": {"old_issue": {"number": 3}}}, "an issue came from another repository"),
        ({"sender": BOT}, "an issue that no person opened"),
        ({"sender": BOT, "issue": opened(user=BOT)}, "an issue that no person opened"),
    ]
    for other, why in others:
        assert reason(parse("issues", json.dumps({**body, **other}).encode())) == why


def test_the_text_of_a_new_pull_request_goes_with_it() -> None:
    said = pull(**opened(number=9))
    body = {"action": "opened", "repository": REPOSITORY, "pull_request": said, "sender": ANA}
    event = parse("pull_request", json.dumps(body).encode())
    assert isinstance(event, PullRequestChanged)
    assert event.opening is not None
    assert (event.opening.comment, event.opening.body, event.opening.is_pull_request) == (
        opening_text(9),
        "/help",
        True,
    )
    for other in ({"action": "reopened"}, {"sender": BOT}):
        event = parse("pull_request", json.dumps({**body, **other}).encode())
        assert isinstance(event, PullRequestChanged)
        assert event.opening is None


@pytest.mark.parametrize("action", ["edited", "deleted", "pinned"])
def test_only_created_comments_count(action: str) -> None:
    assert reason(parse("issue_comment", comment(action=action))) == f"a comment was {action}"


@pytest.mark.parametrize("author", ["envclone[bot]", "dependabot[bot]"])
def test_bots_command_nothing(author: str) -> None:
    assert author in reason(parse("issue_comment", comment(author=author)))


def test_a_login_of_an_enterprise_s_managed_user_is_read() -> None:
    event = parse("issue_comment", comment(author="ana_acme"))
    assert isinstance(event, CommentCreated)
    assert event.author == "ana_acme"


@pytest.mark.parametrize("action", ["opened", "reopened", "synchronize", "closed"])
def test_pull_requests_that_move_are_events(action: str) -> None:
    body = {"action": action, "repository": REPOSITORY, "pull_request": pull(merged=action == "closed"), "sender": ANA}
    event = parse("pull_request", json.dumps(body).encode())
    assert event.kind == "pull_request"
    assert (event.action, event.is_merged, event.head, event.base) == (
        action, action == "closed", "envclone/demo-x", "main",
    )  # fmt: skip
    assert (event.author, event.sender, event.head_repository) == ("envclone[bot]", "ana", "acme/infrastructure")


def test_another_base_is_an_event_and_another_title_is_none() -> None:
    body = {"action": "edited", "repository": REPOSITORY, "pull_request": pull(), "sender": ANA}
    retargeted = {**body, "changes": {"base": {"ref": {"from": "release"}, "sha": {"from": "a" * 40}}}}
    event = parse("pull_request", json.dumps(retargeted).encode())
    assert event.kind == "pull_request"
    assert event.action == "retargeted"
    renamed = {**body, "changes": {"title": {"from": "Clone demo-x"}}}
    assert "edited" in reason(parse("pull_request", json.dumps(renamed).encode()))


def test_a_pull_request_from_a_lost_fork_has_no_repository() -> None:
    head = {"ref": "x", "sha": "a" * 40, "repo": None}
    body = {"action": "closed", "repository": REPOSITORY, "pull_request": pull(head=head)}
    event = parse("pull_request", json.dumps(body).encode())
    assert event.kind == "pull_request"
    assert event.head_repository is None


def test_only_an_approving_review_is_an_event() -> None:
    review = {"id": 7, "user": ANA, "state": "approved", "commit_id": "a" * 40, "submitted_at": "2026-03-01T12:00:00Z"}
    body = {"action": "submitted", "repository": REPOSITORY, "pull_request": {"number": 9}, "review": review}
    event = parse("pull_request_review", json.dumps(body).encode())
    assert event.kind == "review"
    assert (event.number, event.commit, event.author) == (9, "a" * 40, "ana")
    for other in ({"state": "changes_requested"}, {"state": "commented"}, {"commit_id": None}):
        assert reason(parse("pull_request_review", json.dumps({**body, "review": {**review, **other}}).encode()))
    assert "dismissed" in reason(parse("pull_request_review", json.dumps({**body, "action": "dismissed"}).encode()))


def test_only_a_run_that_is_over_is_an_event() -> None:
    run = {
        "id": 5, "run_attempt": 2, "display_title": "drift demo-x for comment 7", "path": ".github/workflows/drift.yml@main",
        "event": "workflow_dispatch", "head_branch": "main", "head_sha": "a" * 40, "conclusion": "failure",
        "created_at": "2026-03-01T12:00:00Z", "run_started_at": "2026-03-01T12:05:00Z", "html_url": "https://github.example/5",
    }  # fmt: skip
    body = {"action": "completed", "repository": REPOSITORY, "workflow_run": run}
    event = parse("workflow_run", json.dumps(body).encode())
    assert event.kind == "run"
    assert (event.run, event.attempt, event.title) == (5, 2, "drift demo-x for comment 7")
    assert (event.workflow, event.trigger, event.head) == (".github/workflows/drift.yml", "workflow_dispatch", "main")
    assert event.started_at.minute == 5
    assert (
        reason(parse("workflow_run", json.dumps({**body, "action": "requested"}).encode()))
        == "a workflow run was requested"
    )


def test_a_check_tells_which_app_made_it() -> None:
    run = {
        "id": 1, "name": "envclone", "head_sha": "a" * 40, "conclusion": "success", "external_id": "demo-x",
        "app": {"slug": "github-actions"}, "pull_requests": [{"number": 9}],
    }  # fmt: skip
    body = {"action": "completed", "repository": REPOSITORY, "check_run": run}
    event = parse("check_run", json.dumps(body).encode())
    assert event.kind == "check_run"
    assert (event.app, event.conclusion, event.external_id, event.pull_requests) == (
        "github-actions", "success", "demo-x", (9,),
    )  # fmt: skip
    assert "created" in reason(parse("check_run", json.dumps({**body, "action": "created"}).encode()))


def test_a_deployment_s_status_is_an_event() -> None:
    body = {
        "action": "created", "repository": REPOSITORY,
        "deployment": {"id": 4, "environment": "demo-x", "sha": "a" * 40},
        "deployment_status": {"id": 5, "state": "success", "description": None, "environment_url": "https://x", "creator": BOT},
    }  # fmt: skip
    event = parse("deployment_status", json.dumps(body).encode())
    assert event.kind == "deployment_status"
    assert (event.environment, event.state, event.environment_url, event.log_url) == (
        "demo-x",
        "success",
        "https://x",
        "",
    )


def test_a_ping_is_known() -> None:
    assert parse("ping", b'{"zen": "Keep it logically awesome.", "hook_id": 6}') == Ping(hook=6)


def test_a_dispatch_to_us_is_an_event_and_its_text_is_left_as_it_was_signed() -> None:
    payload = {
        "action": "envclone-set",
        "repository": {"full_name": "acme/infra"},
        "client_payload": {"request": '{ "id":1}', "signature": "sha256=0"},
    }
    event = parse("repository_dispatch", json.dumps(payload).encode())
    assert isinstance(event, DispatchReceived)
    assert (event.request, event.signature) == ('{ "id":1}', "sha256=0")
    assert "somebody else" in reason(parse("repository_dispatch", json.dumps({**payload, "action": "deploy"}).encode()))
    assert "unreadable" in reason(
        parse("repository_dispatch", json.dumps({**payload, "client_payload": None}).encode())
    )


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b"\xff", b'{"action": "created"}'])
def test_what_can_t_be_read_is_ignored_with_its_place(body: bytes) -> None:
    for name in ("issue_comment", "issues", "pull_request", "pull_request_review", "check_run", "deployment_status"):
        assert f"unreadable {name}" in reason(parse(name, body))


@given(st.sampled_from([*EVENTS, "watch"]), st.binary())
def test_no_body_raises(name: str, body: bytes) -> None:
    parse(name, body)


def test_fields_that_we_do_not_use_are_not_looked_at() -> None:
    payload = json.loads(comment())
    payload["comment"] |= {"node_id": "x", "reactions": {"eyes": 0}, "performed_via_github_app": None}
    payload["issue"] |= {"labels": [], "state": "open", "draft": False}
    payload["installation"] = {"id": 1}
    assert isinstance(parse("issue_comment", json.dumps(payload).encode()), CommentCreated)


def test_a_run_of_a_workflow_that_ended_is_an_event() -> None:
    run = {
        "id": 7,
        "path": ".github/workflows/apply.yml@main",
        "head_sha": "a" * 40,
        "conclusion": None,
        "created_at": "2026-11-29T12:00:00Z",
        "run_started_at": "2026-11-29T12:00:00Z",
        "event": "push",
        "html_url": "https://github.example/acme/infra/actions/runs/7",
    }
    payload = {"action": "completed", "repository": REPOSITORY, "workflow_run": run}
    event = parse("workflow_run", json.dumps(payload).encode())
    assert isinstance(event, RunCompleted)
    assert (event.run, event.workflow, event.conclusion) == (7, ".github/workflows/apply.yml", "neutral")
    begun = json.dumps({**payload, "action": "requested"}).encode()
    assert reason(parse("workflow_run", begun)) == "a workflow run was requested"
