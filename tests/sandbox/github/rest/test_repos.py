"""Repositories, references, contents, checks, deployments and workflow runs through the real PyGithub."""

from __future__ import annotations

import io
import zipfile

import github
import httpx
import pytest
from github.Repository import Repository

from bot.sandbox.github import GitHubServer, SandboxRun
from tests.sandbox.conftest import FILES, MAINTAINER, READER, REPOSITORY, STRANGER
from tests.support.patience import PATIENCE


@pytest.mark.parametrize(
    ("role", "permission"),
    [
        ("admin", "admin"),
        ("maintain", "write"),
        ("write", "write"),
        ("triage", "read"),
        ("read", "read"),
        ("none", "none"),
    ],
)
def test_permission_shows_the_legacy_name_and_the_role(
    server: GitHubServer, repository: Repository, role: str, permission: str
) -> None:
    server.add_user("new", REPOSITORY, role)  # type: ignore[arg-type]  # the table above holds roles

    assert repository.get_collaborator_permission("new") == permission
    assert repository.get_collaborator_role_name("new") == role


@pytest.mark.parametrize("login", ["nobody", "envclone[bot]"])
def test_permission_of_nobody_or_a_bot_is_not_found(repository: Repository, bot: str, login: str) -> None:
    with pytest.raises(github.GithubException) as refusal:
        repository.get_collaborator_permission(login)

    assert (refusal.value.status, refusal.value.data["message"]) == (404, f"{login} is not a user")


def test_branches_references_and_commits_agree(server: GitHubServer, repository: Repository) -> None:
    sha = server.commit(REPOSITORY, {"a": b"1\n2\n"}, by=MAINTAINER, message="Add a", branch="topic/one")

    branch = repository.get_branch("topic/one")
    commit = repository.get_commit("topic/one")

    assert branch.commit.sha == repository.get_git_ref("heads/topic/one").object.sha == commit.sha == sha
    assert (repository.get_branch("main").protected, branch.protected) == (True, False)
    assert [ref.ref for ref in repository.get_git_matching_refs("heads/topic")] == ["refs/heads/topic/one"]
    assert (commit.stats.additions, [file.filename for file in commit.files]) == (2, ["a"])
    for missing in (repository.get_branch, repository.get_commit):
        with pytest.raises(github.GithubException):
            missing("no-such-branch")
    with pytest.raises(github.UnknownObjectException):
        repository.get_git_ref("heads/topic")


def test_contents_are_files_and_directories(server: GitHubServer, repository: Repository) -> None:
    file = repository.get_contents("envs/production/main.tf")
    root = repository.get_contents("")

    assert isinstance(root, list)
    assert not isinstance(file, list)
    assert file.decoded_content.decode() == FILES["envs/production/main.tf"]
    assert [(entry.path, entry.type) for entry in root] == [(".github", "dir"), ("README.md", "file"), ("envs", "dir")]
    with pytest.raises(github.UnknownObjectException):
        repository.get_contents("envs/missing", ref="main")


def test_a_profile_and_what_nobody_may_know(server: GitHubServer, repository: Repository) -> None:
    assert repository.owner.login == "acme"
    raw = {"Authorization": f"token {server.token(STRANGER)}"}
    api = f"{server.url}/api/v3"
    assert httpx.get(f"{api}/user", headers=raw, timeout=PATIENCE).json()["login"] == STRANGER
    assert httpx.get(f"{api}/repos/{REPOSITORY}", headers=raw, timeout=PATIENCE).status_code == 404
    assert httpx.get(f"{api}/repos/{REPOSITORY}", timeout=PATIENCE).status_code == 401
    assert (
        httpx.get(f"{api}/user", headers={"Authorization": "token wrong"}, timeout=PATIENCE).json()["message"]
        == "Bad credentials"
    )


def test_only_apps_make_check_runs(server: GitHubServer, repository: Repository, bot_repository: Repository) -> None:
    sha = server.head(REPOSITORY) or ""
    with pytest.raises(github.GithubException) as refusal:
        repository.create_check_run("plan", sha)
    assert refusal.value.status == 403

    output = {"title": "1 to add", "summary": "…", "text": "plan", "annotations": []}
    check = bot_repository.create_check_run("plan", sha, status="in_progress", details_url="http://127.0.0.1/run")
    check.edit(status="completed", conclusion="success", output=output)
    again = bot_repository.create_check_run("plan", sha, conclusion="failure", external_id="7")

    assert check.id != again.id
    commit = repository.get_commit("main")
    assert [run.id for run in commit.get_check_runs(check_name="plan")] == [again.id]
    assert {run.id for run in commit.get_check_runs(filter="all")} == {check.id, again.id}
    assert [run.conclusion for run in server.checks(REPOSITORY, "main")] == ["failure", "success"]
    assert repository.get_check_run(check.id).output.title == "1 to add"
    assert repository.get_check_run(check.id).details_url == "http://127.0.0.1/run"


def test_the_address_that_a_workflow_gives_its_check_is_ignored_as_github_does(server: GitHubServer) -> None:
    token = server.workflow_token(REPOSITORY, {"checks": "write"})
    workflow = github.Github(auth=github.Auth.Token(token), base_url=f"{server.url}/api/v3").get_repo(REPOSITORY)
    address = "http://127.0.0.1/run"
    check = workflow.create_check_run("plan", server.head(REPOSITORY) or "", external_id=address, details_url=address)
    check.edit(status="in_progress", details_url=address)
    assert check.external_id == address
    assert check.details_url.endswith(f"/runs/{check.id}")


def test_statuses_combine_to_one_word(server: GitHubServer, repository: Repository) -> None:
    commit = repository.get_commit("main")
    words = [commit.get_combined_status().state]
    for state, context in (("success", "plan"), ("pending", "verify"), ("success", "verify"), ("error", "plan")):
        commit.create_status(state, "http://127.0.0.1/run", "why", context)
        words.append(commit.get_combined_status().state)

    assert words == ["pending", "success", "pending", "success", "failure"]
    assert [status.state for status in commit.get_statuses()] == ["error", "success", "pending", "success"]


def test_a_deployment_runs_through_its_states(server: GitHubServer, repository: Repository) -> None:
    first = repository.create_deployment(
        "main", environment="demo-x", payload={"run": 1}, required_contexts=[], auto_merge=False
    )
    second = repository.create_deployment("main", environment="demo-x", required_contexts=[])

    for state in ("queued", "in_progress", "success"):
        first.create_status(state, environment_url="http://demo-x.127.0.0.1", description=state)
    second.create_status("success", target_url="http://127.0.0.1/log")

    assert [found.id for found in repository.get_deployments(environment="demo-x")] == [second.id, first.id]
    assert repository.get_deployment(first.id).payload == {"run": 1}
    states = [status.state for status in first.get_statuses()]
    assert states == ["inactive", "success", "in_progress", "queued"]
    assert server.deployment_statuses(second.id)[0].log_url == "http://127.0.0.1/log"


def test_a_deployment_waits_for_its_contexts(repository: Repository) -> None:
    repository.get_commit("main").create_status("pending", context="plan")

    with pytest.raises(github.GithubException) as refusal:
        repository.create_deployment("main")

    assert refusal.value.status == 409


def test_a_workflow_is_dispatched_by_its_file(server: GitHubServer, repository: Repository) -> None:
    heard: list[object] = []
    server.on_event(lambda name, payload: heard.append((name, payload["ref"], payload["inputs"])))

    assert repository.get_workflow("apply.yml").create_dispatch("main", {"environment": "demo-x"})

    assert server.settle()
    assert heard == [("workflow_dispatch", "refs/heads/main", {"environment": "demo-x"})]
    with pytest.raises(github.UnknownObjectException):
        repository.get_workflow("missing.yml")


def test_runs_and_artifacts_are_listed_and_downloaded(server: GitHubServer, repository: Repository) -> None:
    sha = server.head(REPOSITORY) or ""
    run_id = server.record_run(REPOSITORY, SandboxRun(".github/workflows/apply.yml", "push", sha, READER, "main"))
    server.record_artifact(run_id, "plan", {"plan.md": b"# Plan"})
    server.finish_run(run_id, "success")

    runs = list(repository.get_workflow_runs(event="push", head_sha=sha))
    artifact = next(iter(runs[0].get_artifacts()))
    headers = {"Authorization": f"Bearer {server.token(MAINTAINER)}"}
    archive = httpx.get(artifact.archive_download_url, headers=headers, follow_redirects=True, timeout=PATIENCE).content

    assert [(run.id, run.conclusion, run.run_number) for run in runs] == [(run_id, "success", 1)]
    assert repository.get_workflow_run(run_id).actor.login == READER
    assert zipfile.ZipFile(io.BytesIO(archive)).read("plan.md") == b"# Plan"
    assert [found.id for found in repository.get_artifacts("plan")] == [artifact.id]
    assert repository.get_artifact(artifact.id).name == "plan"
