"""What happens on GitHub after a command, with the event that the service hears of it."""

from typing import Literal

from bot.clients.github import CheckState, DeploymentStatus, GitHub, Token
from bot.clients.github.records import DeploymentState
from bot.events import CheckRunCompleted, DeploymentStatusCreated, PullRequestChanged
from bot.names import EnvironmentName
from bot.sandbox.github import IssueText, PullSpec, SandboxRun
from tests.support import example
from tests.support.small_monorepo import MAINTAINER, REPOSITORY, SmallMonorepo

ACTIONS = "github-actions[bot]"


def actions(place: SmallMonorepo) -> GitHub:
    """Return GitHub as a workflow of the repository sees it."""
    token = place.server.workflow_token(REPOSITORY, {"checks": "write", "deployments": "write", "contents": "read"})
    return GitHub(Token(token, ACTIONS), api_url=f"{place.server.url}/api/v3")


def workflow_token(place: SmallMonorepo, *writes: Literal["issues", "checks"]) -> GitHub:
    """Return GitHub as a job sees it that may write these."""
    token = place.server.workflow_token(REPOSITORY, {"contents": "read", **dict.fromkeys(writes, "write")})
    return GitHub(Token(token, ACTIONS), api_url=f"{place.server.url}/api/v3")


def merged(place: SmallMonorepo, number: int, method: str = "merge") -> str:
    """Merge a pull request, let the service hear of it, and return the merge commit."""
    commit = place.server.merge(REPOSITORY, number, by=MAINTAINER, method=method)
    place.work(changed(place, number, "closed"))
    return commit


def closed(place: SmallMonorepo, number: int) -> None:
    """Close a pull request without merging it, and let the service hear of it."""
    place.server.close(REPOSITORY, number, by=MAINTAINER)
    place.work(changed(place, number, "closed"))


def removed_by_hand(place: SmallMonorepo, name: str) -> tuple[str, int]:
    """Open a person's own pull request that removes an environment; return its head and number."""
    files = place.repository().environment(EnvironmentName(name))
    gone: dict[str, bytes | None] = {f"envs/{name}/{path}": None for path in files}
    head = place.server.commit(REPOSITORY, gone, by=MAINTAINER, message=f"Remove {name}", branch=f"by-hand/{name}")
    proposal = PullSpec(IssueText(f"Remove {name}", "We need it no more"), f"by-hand/{name}", "main")
    return head, place.server.open_pull(REPOSITORY, proposal, by=MAINTAINER)


def changed(
    place: SmallMonorepo, number: int, action: Literal["opened", "reopened", "synchronize", "retargeted", "closed"]
) -> PullRequestChanged:
    """Return what the webhook would say of a pull request."""
    pull = place.service.context.github.pull_request(example.REPOSITORY, number)
    assert pull is not None
    return PullRequestChanged(
        repository=example.REPOSITORY,
        number=number,
        action=action,
        is_merged=pull.is_merged,
        author=pull.author,
        sender=MAINTAINER,
        head=pull.head,
        head_sha=pull.head_sha,
        head_repository=pull.head_repository,
        base=pull.base,
        merge_commit_sha=pull.merge_commit_sha,
    )


def checked(
    place: SmallMonorepo, number: int, conclusion: Literal["success", "failure"] = "success", commit: str | None = None
) -> None:
    """Let the required check of a pull request's head, or of a commit, come to a conclusion, and the service hear of it."""
    pull = place.service.context.github.pull_request(example.REPOSITORY, number)
    assert pull is not None
    commit = commit or pull.head_sha
    state = CheckState("Planned" if conclusion == "success" else "Not planned", "…", conclusion=conclusion)
    check = actions(place).put_check(example.REPOSITORY, commit, "envclone", state)
    place.work(
        CheckRunCompleted(
            repository=example.REPOSITORY,
            check=check.id,
            name=check.name,
            head_sha=commit,
            conclusion=conclusion,
            app=check.app,
            external_id=None,
            pull_requests=(),
        )
    )


def apply_run(place: SmallMonorepo, name: str, commit: str, conclusion: str | None = "success") -> str:
    """Record a run of the default branch's apply, with its job for an environment; return the run's address."""
    run = SandboxRun(".github/workflows/apply.yml", "push", commit, MAINTAINER, "main")
    number = place.server.record_run(REPOSITORY, run)
    place.server.note_job(number, f"apply ({name})", conclusion)
    return f"{place.server.url}/{REPOSITORY}/actions/runs/{number}"


def forged(place: SmallMonorepo, name: str, head: str) -> None:
    """Let a workflow that somebody pushed say that an environment is as it should be, and let the service hear of it."""
    deployed(place, name, "success", head, log_url=f"{place.server.url}/{REPOSITORY}/actions/runs/1")


def deployed(
    place: SmallMonorepo,
    name: str,
    state: DeploymentState,
    head: str,
    note: str = "",
    *,
    log_url: str = "",
    heard: bool = True,
    killed_after: str | None = None,
) -> None:
    """Deploy an environment as it is on the default branch, reviewed at `head`, and let the service hear of it, perhaps not to the end."""
    github, commit = actions(place), place.server.head(REPOSITORY) or ""
    ended = {"success": "success", "inactive": "success", "failure": "failure", "error": "failure"}
    if state in {"success", "failure"}:
        done = CheckState(note or state, f"| Step | {note or state} |", conclusion=state)
        github.put_check(example.REPOSITORY, commit, f"envclone/apply: {name}", done)
    deployment = github.ensure_deployment(example.REPOSITORY, commit, name, {"envclone": "apply", "head": head})
    status = DeploymentStatus(state, note, log_url=log_url or apply_run(place, name, commit, ended.get(state)))
    github.deployment_status(example.REPOSITORY, deployment.id, status)
    if not heard:
        return
    place.work(
        DeploymentStatusCreated(
            repository=example.REPOSITORY,
            deployment=deployment.id,
            status=1,
            environment=name,
            sha=commit,
            state=state,
            description=note,
            environment_url="",
            log_url="",
            creator=ACTIONS,
        ),
        killed_after,
    )
