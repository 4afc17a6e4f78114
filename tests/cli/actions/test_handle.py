"""`envclone handle`, as a workflow runs it: each event once, on the sandbox's GitHub, with no service and no database."""

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.clients.github import AppCredentials, CheckState, DeploymentStatus, GitHub, Token
from bot.names import RepositoryName
from bot.payloads import DISPATCH
from bot.sandbox.github import GitHubServer, IssueText, PullSpec, SandboxRun
from bot.sandbox.github.records.accounts import AppRecord
from bot.sandbox.github.records.checks import JsonObject
from bot.service.commands.bound import LABEL
from tests.support import example
from tests.support.small_monorepo import POLICY, monorepo

REPOSITORY = RepositoryName(example.REPOSITORY)
SECRET = "a secret of both"
CLONE = "/clone production as demo-x for demo"


@dataclass
class Workplace:
    """GitHub, what happens there, and `handle` as it is started for that."""

    directory: Path
    server: GitHubServer
    app: AppRecord
    heard: list[tuple[str, JsonObject]] = field(default_factory=list)

    def handle(self, name: str, payload: JsonObject, code: int = 0) -> list[str]:
        """Return how each job ended."""
        path = self.directory / "event.json"
        path.write_text(json.dumps(payload), "utf-8")
        done = CliRunner().invoke(app, ["handle", str(path), "--event", name, "--json"])
        assert done.exit_code == code, (done.output, done.exception)
        return [each["outcome"] for each in json.loads(done.stdout)]

    def said(self, body: str, by: str = "alice") -> tuple[int, JsonObject]:
        """Comment as a person; return the comment's id and the payload of its event."""
        comment = self.server.comment(REPOSITORY, 1, body, by=by)
        return comment, self.last("issue_comment")

    def last(self, name: str) -> JsonObject:
        assert self.server.settle()
        return next(payload for each, payload in reversed(self.heard) if each == name)

    def reactions(self, comment: int) -> list[str]:
        return [each.content for each in self.server.reactions(comment)]

    def replies(self, comment: int) -> list[str]:
        marker = f"<!-- envclone:request:{comment} -->"
        return [each.body for each in self.server.comments(REPOSITORY, 1) if marker in each.body]

    def ours(self) -> GitHub:
        credentials = AppCredentials(str(self.app.id), self.app.private_key, f"{self.server.url}/api/v3")
        return GitHub(credentials, api_url=f"{self.server.url}/api/v3")

    def actions(self) -> GitHub:
        token = self.server.workflow_token(REPOSITORY, {"checks": "write", "deployments": "write", "contents": "read"})
        return GitHub(Token(token, "github-actions[bot]"), api_url=f"{self.server.url}/api/v3")

    def repeated(self) -> list[object]:
        """Return the runs that were started once more."""
        assert self.server.settle()
        runs = [payload for name, payload in self.heard if name == "workflow_run" and payload["action"] == "requested"]
        return [each["workflow_run"]["id"] for each in runs]  # type: ignore[index]

    def run_of(self, workflow: str, commit: str, since: datetime, run_id: int = 77, branch: str = "main") -> JsonObject:
        run: JsonObject = {
            "id": run_id,
            "path": f".github/workflows/{workflow}",
            "head_branch": branch,
            "head_sha": commit,
            "conclusion": "success",
            "created_at": since.isoformat(),
            "run_started_at": since.isoformat(),
            "event": "push",
            "html_url": f"{self.server.url}/{REPOSITORY}/actions/runs/{run_id}",
        }
        return {"action": "completed", "repository": {"full_name": REPOSITORY}, "workflow_run": run}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    server = GitHubServer(tmp_path / "github")
    server.create_repository(REPOSITORY, source=monorepo(tmp_path / "monorepo"))
    server.add_user("alice", REPOSITORY, "write")
    server.add_user("eve")
    github_app = server.create_app("envclone", "acme")
    server.install(github_app, "acme")
    found = Workplace(tmp_path, server, github_app)
    server.on_event(lambda name, payload: found.heard.append((name, payload)))
    with server.running() as url:
        server.open_issue(REPOSITORY, "We need demos", by="alice")
        monkeypatch.setenv("GITHUB_API_URL", f"{url}/api/v3")
        monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
        monkeypatch.setenv("ENVCLONE_GITHUB_APP_ID", str(github_app.id))
        monkeypatch.setenv("ENVCLONE_GITHUB_PRIVATE_KEY", github_app.private_key)
        yield found


@pytest.mark.slow
def test_a_comment_is_carried_out_once_however_often_its_workflow_runs(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = POLICY + b"dispatch: {parameters: [greeting]}\n"
    work.server.commit(REPOSITORY, {".github/envclone.yml": policy}, by="alice", message="Take greetings")
    comment, payload = work.said(CLONE)
    assert work.handle("issue_comment", payload) == ["done"]
    (pull,) = work.server.pulls(REPOSITORY)
    assert pull.pull is not None
    assert (pull.author.login, work.reactions(comment)) == ("envclone[bot]", ["rocket"])
    assert work.handle("issue_comment", payload) == ["settled before"]
    assert work.handle("schedule", {}) == ["done", "settled before"]
    assert len(work.server.pulls(REPOSITORY)) == 1
    assert len(work.replies(comment)) == 1

    monkeypatch.setenv("ENVCLONE_DISPATCH_SECRETS", "")
    assert work.handle("repository_dispatch", dispatched()) == ["done"], (
        "nobody has set the secret, so no signature counts"
    )
    monkeypatch.setenv("ENVCLONE_DISPATCH_SECRETS", SECRET)
    heads, asked = [work.server.head(REPOSITORY, pull.pull.head_ref)], dispatched()
    for _ in range(2):
        assert work.handle("repository_dispatch", asked) == ["done"]
        heads.append(work.server.head(REPOSITORY, pull.pull.head_ref))
    manifest = work.server.read(REPOSITORY, "envs/demo-x/environment.yaml", pull.pull.head_ref)
    assert manifest is not None
    assert b"greeting: v2" in manifest
    assert (heads[0] == heads[1], heads[1] == heads[2]) == (False, True)


def dispatched() -> JsonObject:
    """Return what another repository asks for, signed."""
    asked = {
        "repository": REPOSITORY,
        "id": "build-4711",
        "environment": "demo-x",
        "set": {"greeting": "v2"},
        "url": "https://ci.example/runs/1",
        "at": datetime.now(UTC).isoformat(),
    }
    text = json.dumps(asked)
    signature = "sha256=" + hmac.new(SECRET.encode(), text.encode(), "sha256").hexdigest()
    return {
        "action": DISPATCH,
        "repository": {"full_name": REPOSITORY},
        "client_payload": {"request": text, "signature": signature},
    }


def test_what_is_refused_is_answered_and_not_tried_again(work: Workplace) -> None:
    comment, payload = work.said("/extend demo-y 3d")
    assert work.handle("issue_comment", payload) == ["done"]
    (reply,) = work.replies(comment)
    assert "demo-y" in reply
    assert work.reactions(comment) == ["-1"]
    assert work.handle("issue_comment", payload) == ["settled before"]
    assert work.replies(comment) == [reply]


@pytest.mark.slow
def test_a_machine_user_s_token_does_instead_of_an_app_and_never_answers_itself(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    work.server.add_user("robot", REPOSITORY, "write")
    for name in ("APP_ID", "PRIVATE_KEY", "LOGIN"):  # as a workflow hands on what is not set
        monkeypatch.setenv(f"ENVCLONE_GITHUB_{name}", "")
    monkeypatch.setenv("ENVCLONE_GITHUB_TOKEN", work.server.token("robot"))
    comment, payload = work.said(CLONE)
    assert work.handle("issue_comment", payload) == ["done"]
    assert [each.author.login for each in work.server.pulls(REPOSITORY)] == ["robot"]
    assert len(work.replies(comment)) == 1
    own, payload = work.said("/list", by="robot")
    assert work.handle("issue_comment", payload) == ["done"]
    assert (work.reactions(own), work.replies(own)) == ([], [])


@pytest.mark.parametrize(("body", "by"), [("Thanks, /clone works!", "alice"), ("What a fine issue.", "eve")])
def test_what_asks_for_nothing_makes_no_request(work: Workplace, body: str, by: str) -> None:
    comment, payload = work.said(body, by=by)
    assert work.handle("issue_comment", payload) in ([], ["done"])
    assert (work.reactions(comment), work.replies(comment)) == ([], [])


@pytest.mark.whole
def test_a_run_that_was_killed_is_found_by_the_next_look(work: Workplace) -> None:
    comment, _ = work.said(CLONE)
    missed, _ = work.said("/list")
    # As far as the run came: it was seen, and said that it waits.
    work.ours().react(REPOSITORY, comment, "eyes")
    work.ours().upsert_comment(REPOSITORY, 1, f"<!-- envclone:request:{comment} -->", "It goes on at 12:00.")
    assert work.handle("schedule", {}) == ["done", "done", "done"]
    assert len(work.server.pulls(REPOSITORY)) == 1
    assert work.reactions(comment) == work.reactions(missed) == ["rocket"]
    assert len(work.replies(comment)) == 1
    assert work.handle("schedule", {}) == ["done", "settled before", "settled before"]


@pytest.mark.whole
def test_the_status_comment_follows_plan_and_apply(work: Workplace) -> None:
    comment, payload = work.said(CLONE)
    work.handle("issue_comment", payload)
    (pull,) = work.server.pulls(REPOSITORY)
    assert pull.pull is not None
    actions, began = work.actions(), datetime.now(UTC) - timedelta(minutes=1)
    actions.put_check(REPOSITORY, pull.pull.head_sha, "envclone", CheckState("Planned", "1 to add", "success"))
    assert work.handle("workflow_run", work.run_of("plan.yml", pull.pull.head_sha, began)) == ["done"]
    assert "is ready for review" in work.replies(comment)[0]

    merge = work.server.merge(REPOSITORY, pull.number, by="alice")
    assert work.handle("pull_request_target", work.last("pull_request")) == ["done"]
    deployment = actions.ensure_deployment(REPOSITORY, merge, "demo-x", {"envclone": "apply"})
    run = work.server.record_run(REPOSITORY, SandboxRun(".github/workflows/apply.yml", "push", merge, "alice", "main"))
    page = f"{work.server.url}/{REPOSITORY}/actions/runs/{run}"
    actions.deployment_status(REPOSITORY, deployment.id, DeploymentStatus("success", log_url=page))
    assert work.handle("workflow_run", work.run_of("apply.yml", merge, began, run)) == ["done"]
    assert "`demo-x` is live" not in work.replies(comment)[0], "what no job of the run confirms is not told"
    work.server.note_job(run, "apply (demo-x)", "success")
    assert work.handle("workflow_run", work.run_of("apply.yml", merge, began, run)) == ["done"]
    assert "`demo-x` is live" in work.replies(comment)[0]
    assert work.handle("workflow_run", work.run_of("ci.yml", merge, began)) == []


@pytest.mark.whole
def test_what_tries_a_pull_request_follows_its_pushes_its_approvals_and_its_end(work: Workplace) -> None:
    server, secure = work.server, example.MAIN.replace(b'"String"', b'"SecureString"')
    server.set_role(REPOSITORY, "alice", "maintain")
    server.add_user("ben", REPOSITORY, "write")
    files: dict[str, bytes | None] = {"templates/shop/app/main.tf": secure}
    server.commit(REPOSITORY, files, by="ben", message="Encrypt", branch="encrypt")
    number = server.open_pull(REPOSITORY, PullSpec(IssueText("Encrypt", "A secret"), "encrypt", "main"), by="ben")
    server.comment(REPOSITORY, number, "/clone production as pr-2 for qa", by="alice")
    assert work.handle("issue_comment", work.last("issue_comment")) == ["done"]
    assert server.issue(REPOSITORY, number).labels == (LABEL,), "by it the workflow hears of the pull request"

    files = {"templates/shop/app/main.tf": secure.replace(b"/greeting", b"/welcome")}
    head = server.commit(REPOSITORY, files, by="ben", message="Rename", branch="encrypt")
    pushed = work.last("pull_request")
    assert [label["name"] for label in pushed["pull_request"]["labels"]] == [LABEL]  # type: ignore[index]
    for _ in range(2):
        assert work.handle("pull_request_target", pushed) == ["done", "done"]
    preview = server.pulls(REPOSITORY)[-1]
    assert preview.pull is not None
    assert f"as of {head}" in (preview.body or "")

    plan = SandboxRun(
        ".github/workflows/plan.yml", "pull_request_target", preview.pull.head_sha, "ben", "envclone/pr-2"
    )
    run = server.record_run(REPOSITORY, plan)
    server.finish_run(run, "failure")
    work.actions().put_check(REPOSITORY, preview.pull.head_sha, "envclone", CheckState("Waits", "…", "failure"))
    of_review = work.run_of("review.yml", server.head(REPOSITORY) or "", datetime.now(UTC), 78, "envclone/pr-2")
    assert work.handle("workflow_run", of_review) == ["done"], "somebody only says that there is a review"
    server.review(REPOSITORY, preview.number, by="ben")
    assert work.handle("workflow_run", of_review) == ["done", "done"]
    assert work.repeated() == [], "of somebody who may not approve"
    server.review(REPOSITORY, preview.number, by="alice")
    for _ in range(2):
        assert work.handle("workflow_run", of_review) == ["done", "done"]
    assert work.repeated() == [run]

    server.merge(REPOSITORY, number, by="alice")
    assert work.handle("pull_request_target", work.last("pull_request")) == ["done", "done", "done"]
    assert server.issue(REPOSITORY, preview.number).state == "closed"
    assert CliRunner().invoke(app, ["expire"]).exit_code == 0
    assert server.issue(REPOSITORY, number).labels == (), "no clone is bound to it any more"


def test_a_github_that_does_not_answer_is_not_taken_for_nothing_to_do(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, payload = work.said(CLONE)
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9/api/v3")
    path = work.directory / "event.json"
    path.write_text(json.dumps(payload), "utf-8")
    assert CliRunner().invoke(app, ["handle", str(path), "--event", "issue_comment"]).exit_code == 2
