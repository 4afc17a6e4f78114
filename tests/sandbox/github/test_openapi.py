"""The stand-in against GitHub's own OpenAPI description: every operation it serves, answers and refusals alike.

The other tests here are judged too (see `conftest`); this module shows that none of the operations was left out, and is
skipped, visibly, where GitHub's description can't be fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import jwt
import pytest

from bot.sandbox.github import EndedStep, GitHubServer, IssueText, PullSpec, SandboxRun
from bot.sandbox.github.records.accounts import AppRecord, InstallationRecord
from bot.sandbox.github.repository_settings import create_environment
from bot.sandbox.github.rest.new_apps import AppManifest, HookAttributes, register
from bot.sandbox.github.server import TABLES
from bot.sandbox.tls import tls
from tests.oracle.install import OracleUnavailableError, installed
from tests.oracle.middleware import Oracle
from tests.oracle.openapi import Description, Exchange, github_description
from tests.sandbox.conftest import MAINTAINER, READER, REPOSITORY
from tests.support.patience import PATIENCE

SERVED = [(method, path.replace(":path}", "}")) for table in TABLES for method, path, _ in table.rows]
HERE = f"/repos/{REPOSITORY}"


@pytest.fixture(scope="module", autouse=True)
def _described() -> None:
    """Skip, and say so in the summary, when there is no judge."""
    try:
        installed()
    except OracleUnavailableError as reason:
        pytest.skip(f"ORACLE NOT RUN: the sandbox's GitHub was not checked against GitHub's description: {reason}")


class Caller:
    """Sends raw requests as whoever is asked for."""

    def __init__(self, server: GitHubServer) -> None:
        self.server = server
        self.app: AppRecord = server.create_app("envclone", "acme")
        self.installation: InstallationRecord = server.install(self.app, "acme")
        self.bot = server.installation_token(self.installation)
        self.done: set[str] = set()

    def jwt(self) -> str:
        now = int(self.server.forge.state.clock().timestamp())
        return jwt.encode({"iat": now - 60, "exp": now + 500, "iss": str(self.app.id)}, self.app.private_key, "RS256")

    def __call__(self, request: str, body: object = None, token: str | None = None) -> httpx.Response:
        method, path = request.split(" ", 1)
        headers = {"Authorization": f"Bearer {token or self.bot}"}
        url = f"{self.server.url}/api/v3{path}"
        given = {"json": body} if body is not None else {}
        return httpx.request(method, url, headers=headers, verify=tls(), timeout=PATIENCE, **given)  # type: ignore[arg-type]


@pytest.fixture
def call(server: GitHubServer) -> Caller:
    server.add_webhook("http://127.0.0.1:9/", "secret")
    return Caller(server)


def everything(call: Caller) -> Iterator[httpx.Response]:
    """Use every operation once with success, and give the answers."""
    server, app = call.server, call.jwt()
    server.add_webhook("http://127.0.0.1:9/", "secret", app=call.app)
    ana = server.token(MAINTAINER)
    yield call("GET /app", token=app)
    yield call("GET /app/installations", token=app)
    yield call(f"POST /app-manifests/{_code(call)}/conversions")
    yield call(f"GET /app/installations/{call.installation.id}", token=app)
    narrow = {"repositories": ["infrastructure"], "permissions": {"issues": "write"}}
    yield call(f"POST /app/installations/{call.installation.id}/access_tokens", narrow, token=app)
    yield call(f"GET {HERE}/installation", token=app)
    yield call("GET /installation/repositories")
    yield call("GET /rate_limit")
    yield call("GET /user", token=ana)
    yield call(f"GET /users/{READER}")
    yield call(f"GET {HERE}")
    yield call(f"GET {HERE}/collaborators")
    yield call(f"GET {HERE}/collaborators/{READER}/permission")
    yield from issues(call)
    yield from pulls(call)
    yield from commits(call)
    yield from deployments(call, ana)
    yield from actions(call)
    assert server.settle()
    delivery = call("GET /app/hook/deliveries", token=app)
    yield delivery
    yield call(f"GET /app/hook/deliveries/{delivery.json()[0]['id']}", token=app)
    yield call(f"POST /app/hook/deliveries/{delivery.json()[0]['id']}/attempts", token=app)


def _code(call: Caller) -> str:
    """Return the code of an app that a browser has had made."""
    asked = AppManifest(
        name="another",
        url="https://example.com",
        hook_attributes=HookAttributes(url="https://example.com/hook", active=False),
        redirect_url="https://example.com/back",
        default_permissions={"issues": "write"},
        default_events=("issues",),
    )
    return register(call.server.forge, asked, call.app.owner)


def issues(call: Caller) -> Iterator[httpx.Response]:
    yield call(f"POST {HERE}/labels", {"name": "envclone", "color": "0e8a16", "description": "Made by the bot"})
    issue = call(f"POST {HERE}/issues", {"title": "Clone, please", "body": "now", "labels": ["envclone"]})
    yield issue
    at = f"{HERE}/issues/{issue.json()['number']}"
    comment = call(f"POST {at}/comments", {"body": "/help"})
    yield comment
    comment_at = f"{HERE}/issues/comments/{comment.json()['id']}"
    for place in (at, comment_at):
        reaction = call(f"POST {place}/reactions", {"content": "eyes"})
        yield reaction
        yield call(f"GET {place}/reactions?content=eyes")
        yield call(f"DELETE {place}/reactions/{reaction.json()['id']}")
    yield call(f"PATCH {comment_at}", {"body": "/list"})
    yield call(f"GET {comment_at}")
    yield call(f"GET {at}/comments?per_page=1")
    yield call(f"GET {HERE}/issues/comments?sort=updated&since=2020-01-01T00:00:00Z")
    yield call(f"DELETE {comment_at}")
    yield call(f"POST {at}/labels", {"labels": ["two words"]})
    yield call(f"GET {at}/labels")
    yield call(f"DELETE {at}/labels/two%20words")
    yield call(f"GET {HERE}/labels")
    yield call(f"GET {HERE}/labels/envclone")
    yield call(f"PATCH {at}", {"state": "closed", "state_reason": "not_planned"})
    yield call(f"GET {at}")
    yield call(f"GET {HERE}/issues?state=all&labels=envclone&sort=updated&direction=asc")


def pulls(call: Caller) -> Iterator[httpx.Response]:
    call.server.commit(REPOSITORY, {"a": b"1"}, by=MAINTAINER, message="a", branch="topic/one")
    pull = call(f"POST {HERE}/pulls", {"title": "Topic", "head": "topic/one", "base": "main", "body": "why"})
    yield pull
    at = f"{HERE}/pulls/{pull.json()['number']}"
    yield call(f"GET {HERE}/pulls?state=open&head=acme:topic/one&base=main")
    yield call(f"GET {HERE}/issues/{pull.json()['number']}")
    yield call(f"GET {at}")
    yield call(f"PATCH {at}", {"title": "Better"})
    yield call(f"POST {at}/requested_reviewers", {"reviewers": [READER]})
    yield call(f"POST {at}/reviews", {"event": "COMMENT", "body": "Fine", "commit_id": pull.json()["head"]["sha"]})
    yield call(f"GET {at}/reviews")
    yield call(f"GET {at}/files")
    yield call(f"GET {at}/commits")
    yield call(f"GET {HERE}/commits/{pull.json()['head']['sha']}/pulls")
    yield call(f"PUT {at}/merge", {"sha": pull.json()["head"]["sha"], "merge_method": "squash"})
    yield call(f"GET {at}/merge")
    yield call(f"GET {at}")


def commits(call: Caller) -> Iterator[httpx.Response]:
    sha = call.server.head(REPOSITORY)
    yield call(f"GET {HERE}/branches/main")
    for name, branches in (("envclone-plan", ()), ("envclone-apply", ("main",)), ("preview", None)):
        create_environment(call.server.forge, REPOSITORY, name, branches)
    yield call(f"GET {HERE}/environments")
    yield call(f"GET {HERE}/environments/envclone-apply/deployment-branch-policies")
    yield call(f"GET {HERE}/git/ref/heads/topic/one")
    yield call(f"GET {HERE}/git/matching-refs/heads/topic")
    yield call(f"GET {HERE}/commits/topic/one")
    yield call(f"GET {HERE}/contents")
    yield call(f"GET {HERE}/contents/envs/production/main.tf?ref=main")
    yield call(f"GET {HERE}/contents/envs")
    note = {"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "look"}
    output = {"title": "1 to add", "summary": "…", "annotations": [note]}
    check = call(f"POST {HERE}/check-runs", {"name": "plan", "head_sha": sha, "status": "queued", "output": output})
    yield check
    at = f"{HERE}/check-runs/{check.json()['id']}"
    yield call(f"PATCH {at}", {"status": "completed", "conclusion": "success"})
    yield call(f"GET {at}")
    yield call(f"GET {at}/annotations")
    yield call(f"GET {HERE}/commits/{sha}/check-runs?check_name=plan&filter=latest&app_id={call.app.id}")
    yield call(f"POST {HERE}/statuses/{sha}", {"state": "success", "context": "verify", "description": "fine"})
    yield call(f"GET {HERE}/commits/{sha}/statuses")
    yield call(f"GET {HERE}/statuses/{sha}")
    yield call(f"GET {HERE}/commits/{sha}/status")


def deployments(call: Caller, token: str) -> Iterator[httpx.Response]:
    body = {"ref": "main", "environment": "demo-x", "payload": {"run": 1}, "required_contexts": []}
    deployment = call(f"POST {HERE}/deployments", body, token)
    yield deployment
    at = f"{HERE}/deployments/{deployment.json()['id']}"
    status = call(f"POST {at}/statuses", {"state": "success", "log_url": "http://127.0.0.1/log"}, token)
    yield status
    yield call(f"GET {HERE}/deployments?environment=demo-x", token=token)
    yield call(f"GET {at}", token=token)
    yield call(f"GET {at}/statuses", token=token)
    yield call(f"GET {at}/statuses/{status.json()['id']}", token=token)


def actions(call: Caller) -> Iterator[httpx.Response]:
    server = call.server
    path = ".github/workflows/apply.yml"
    run = server.record_run(REPOSITORY, SandboxRun(path, "push", server.head(REPOSITORY) or "", MAINTAINER, "main"))
    artifact = server.record_artifact(run, "plan", {"plan.md": b"# Plan"})
    yield call(f"GET {HERE}/actions/workflows/apply.yml")
    yield call(f"POST {HERE}/actions/workflows/apply.yml/dispatches", {"ref": "main", "inputs": {"environment": "x"}})
    yield call(f"GET {HERE}/actions/runs?event=push&status=in_progress")
    yield call(f"GET {HERE}/actions/workflows/apply.yml/runs")
    yield call(f"GET {HERE}/actions/runs/{run}")
    server.note_job(run, "targets", "success")
    server.note_job(run, "apply (demo-x)")
    server.note_step(run, "apply (demo-x)", EndedStep("Check out", "success", timedelta(seconds=2)))
    yield call(f"GET {HERE}/actions/runs/{run}/jobs?filter=latest")
    yield call(f"GET {HERE}/actions/runs/{run}/artifacts?name=plan")
    server.finish_run(run, "failure")
    yield call(f"POST {HERE}/actions/runs/{run}/rerun")
    yield call(f"GET {HERE}/actions/artifacts")
    yield call(f"GET {HERE}/actions/artifacts/{artifact}")
    yield call(f"GET {HERE}/actions/artifacts/{artifact}/zip")


def test_every_operation_answers_as_github_describes(call: Caller, oracle: Oracle) -> None:
    answers = list(everything(call))

    assert [
        f"{a.request.method} {a.request.url} {a.status_code} {a.text}" for a in answers if a.status_code >= 400
    ] == []
    used = {(a.request.method, a.request.url.path.removeprefix("/api/v3")) for a in answers}
    patterns = {row: re.compile(re.sub(r"\\\{\w+\\\}", ".+?", re.escape(row[1]))) for row in SERVED}
    unused = [row for row, at in patterns.items() if not any(m == row[0] and at.fullmatch(path) for m, path in used)]
    assert unused == []
    assert oracle.violations == [], "\n".join(oracle.violations)


def test_every_refusal_has_githubs_form(call: Caller, oracle: Oracle) -> None:
    server = call.server
    number = server.open_issue(REPOSITORY, "Clone, please", by=READER)
    server.commit(REPOSITORY, {"a": b"1"}, by=MAINTAINER, message="a", branch="topic")
    pull = server.open_pull(REPOSITORY, PullSpec(IssueText("Topic"), "topic", "main"), by=MAINTAINER)
    server.commit(REPOSITORY, {"b": b"1"}, by=MAINTAINER, message="b")  # so that the topic can't be rebased
    reader = server.token(READER)
    path = ".github/workflows/apply.yml"
    run = server.record_run(REPOSITORY, SandboxRun(path, "push", server.head(REPOSITORY) or "", MAINTAINER, "main"))

    refusals = [
        call("GET /user"),
        call("GET /app", token=server.token(MAINTAINER)),
        call("GET /user", token="wrong"),
        call(f"GET {HERE}/issues/99"),
        call("GET /repos/acme/missing"),
        call(f"POST {HERE}/issues", {}),
        call(f"POST {HERE}/issues", {"title": 7}),
        call(f"POST {HERE}/issues/{number}/comments", {"body": " "}),
        call(f"POST {HERE}/issues/{number}/reactions", {"content": "shrug"}),
        call(f"POST {HERE}/labels", {"name": "x", "color": "red"}),
        call(f"POST {HERE}/pulls", {"title": "Again", "head": "topic", "base": "main"}),
        call(f"PUT {HERE}/pulls/{pull}/merge", {"sha": "0" * 40}),
        call(f"PUT {HERE}/pulls/{pull}/merge", {"merge_method": "rebase"}),
        call(f"PUT {HERE}/pulls/{pull}/merge", token=reader),
        call(f"POST {HERE}/check-runs", {"name": "x", "head_sha": "0" * 40}),
        call(f"POST {HERE}/check-runs", {"name": "x", "head_sha": server.head(REPOSITORY), "status": "completed"}),
        call(f"POST {HERE}/deployments", {"ref": "missing"}, token=server.token(MAINTAINER)),
        call(f"GET {HERE}/git/ref/heads/missing"),
        call(f"GET {HERE}/commits/missing"),
        call(f"GET {HERE}/contents/missing"),
        call(f"POST {HERE}/actions/workflows/apply.yml/dispatches", {"ref": "main", "inputs": {"environmnet": "x"}}),
        call(f"POST {HERE}/actions/runs/{run}/rerun"),
    ]

    assert [answer.status_code for answer in refusals] == [
        403, 401, 401, 404, 404, 422, 422, 422, 422, 422, 422, 409, 405, 403, 422, 422, 422, 404, 422, 404, 422, 403,
    ]  # fmt: skip
    assert all(answer.json()["documentation_url"] for answer in refusals)
    assert oracle.violations == [], "\n".join(oracle.violations)


@pytest.fixture
def judge() -> Description:
    return github_description()


@pytest.mark.parametrize(
    ("exchange", "complaint"),
    [
        (Exchange("GET", "/repos/a/b/wrong", {}, b"", 200, "application/json", b"{}"), "no such operation"),
        (Exchange("GET", "/repos/a/b", {"page": "1"}, b"", 404, "application/json", b"{}"), "unknown query parameter"),
        (Exchange("GET", "/repos/a/b", {}, b"", 200, "application/json", b"{}"), "required property"),
        (Exchange("GET", "/repos/a/b", {}, b"", 418, "application/json", b"{}"), "no such status"),
        (Exchange("GET", "/repos/a/b", {}, b"", 404, "text/html", b"no"), "content type text/html"),
        (
            Exchange(
                "POST", "/repos/a/b/labels", {}, b'{"name": "x", "colour": "red"}', 201, "application/json", b"{}"
            ),
            "invented key colour",
        ),
    ],
)
def test_the_judge_objects(judge: Description, exchange: Exchange, complaint: str) -> None:
    assert any(complaint in violation for violation in judge.violations(exchange))
