"""Checks and deployments: what machines say about a commit."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from bot.clients.github.conversation import GHOST
from bot.clients.github.records import OURS, Check, CheckState, Deployment, DeploymentStatus
from bot.clients.github.session import Session
from bot.core.installation.doctor import PROTECTED_BRANCHES
from bot.core.markdown import bounded, shortened, titled
from bot.model.pipeline import Json
from bot.names import RepositoryName

if TYPE_CHECKING:
    from github.CheckRun import CheckRun
    from github.Deployment import Deployment as RemoteDeployment
    from github.Repository import Repository

MOST_TEXT = 65_535
"""Characters in a check's summary and in its text (https://docs.github.com/en/rest/checks/runs)."""

MOST_DESCRIPTION = 140
"""Characters in the description of a deployment and of its status."""


class Checks(Session):
    """Checks, which only apps can write, and deployments."""

    def checks(self, repository: RepositoryName, sha: str, name: str | None = None) -> list[Check]:
        """Return the newest check runs of a commit (one for each name and app), perhaps only those of a name."""

        def read(repo: Repository) -> list[Check]:
            from github.GithubObject import NotSet  # noqa: PLC0415 (as in `session`)

            runs = repo.get_commit(sha).get_check_runs(check_name=NotSet if name is None else name, filter="latest")
            return [_check(run) for run in runs]

        return self._read(repository, read)

    def required_checks(self, repository: RepositoryName, branch: str) -> list[str]:
        """Return the checks that a branch requires, by its protection or by rulesets, as whoever may read it sees them."""

        def read(repo: Repository) -> list[str]:
            _, found = repo.requester.requestJsonAndCheck("GET", f"{repo.url}/branches/{branch}")
            contexts = list(found.get("protection", {}).get("required_status_checks", {}).get("contexts", ()))
            # An older GitHub Enterprise Server has no rulesets, and answers 404.
            status, _, body = repo.requester.requestJson("GET", f"{repo.url}/rules/branches/{branch}")
            for rule in json.loads(body) if status == HTTPStatus.OK else ():
                if rule["type"] == "required_status_checks":
                    contexts += [check["context"] for check in rule["parameters"]["required_status_checks"]]
            return contexts

        return self._read(repository, read)

    def environment_branches(
        self, repository: RepositoryName, names: Collection[str]
    ) -> dict[str, Sequence[str] | None]:
        """Return those of these deployment environments that there are, with the patterns of the branches and tags that may use each.

        `PROTECTED_BRANCHES` means those, None any branch, and no pattern at all no branch.
        """

        def patterns(repo: Repository, name: str, policy: Mapping[str, bool] | None) -> Sequence[str] | None:
            if policy is None or policy["protected_branches"]:
                return None if policy is None else PROTECTED_BRANCHES
            path = f"environments/{quote(name, safe='')}/deployment-branch-policies"
            _, found = repo.requester.requestJsonAndCheck("GET", f"{repo.url}/{path}?per_page=100")
            return [("tags " if each.get("type") == "tag" else "") + each["name"] for each in found["branch_policies"]]

        def read(repo: Repository) -> dict[str, Sequence[str] | None]:
            _, answer = repo.requester.requestJsonAndCheck("GET", f"{repo.url}/environments?per_page=100")
            found = [each for each in answer["environments"] if each["name"] in names]
            return {each["name"]: patterns(repo, each["name"], each.get("deployment_branch_policy")) for each in found}

        return self._read(repository, read)

    def put_check(self, repository: RepositoryName, sha: str, name: str, state: CheckState) -> Check:
        """Make our check with this name on this commit say `state`; return it."""
        app = self.identity().removesuffix("[bot]")
        ours = [check for check in self.checks(repository, sha, name) if check.app == app and check.name == name]
        # A completed run can't be set back to running: a new run replaces it in GitHub's eyes.
        found = max(ours, key=lambda check: check.id, default=None)
        if found is not None and not (found.progress == "completed" and state.progress != "completed"):
            if _says(found, state):
                return found
            return self._change(repository, lambda repo: _edited(repo, found.id, state))
        return self._create(repository, lambda repo: _created(repo, sha, name, state))

    def deployments(self, repository: RepositoryName, environment: str, sha: str | None = None) -> list[Deployment]:
        """Return our deployments to an environment, newest first, perhaps only those of a commit.

        An environment of that name may be somebody else's too: other workflows deploy applications to `production`.
        """

        def read(repo: Repository) -> list[Deployment]:
            from github.GithubObject import NotSet  # noqa: PLC0415

            found = repo.get_deployments(environment=environment, sha=NotSet if sha is None else sha)
            return [each for each in map(_deployment, found) if OURS in each.payload]

        return sorted(self._read(repository, read), key=lambda one: one.id, reverse=True)

    def ensure_deployment(
        self,
        repository: RepositoryName,
        sha: str,
        environment: str,
        payload: dict[str, Json],
        description: str = "",
    ) -> Deployment:
        """Find our deployment of a commit to an environment with this payload, or create it.

        Statuses required by branch protection are not waited for: what may be deployed was decided by the caller.
        """
        ours = self.identity()
        for found in self.deployments(repository, environment, sha):
            if found.creator == ours and found.payload == payload:
                return found

        def create(repo: Repository) -> Deployment:
            return _deployment(
                repo.create_deployment(
                    sha,
                    auto_merge=False,
                    required_contexts=[],
                    payload=payload,
                    environment=environment,
                    description=shortened(description, MOST_DESCRIPTION),
                )
            )

        return self._create(repository, create)

    def deployment_status(self, repository: RepositoryName, deployment_id: int, status: DeploymentStatus) -> None:
        """Say how a deployment stands, unless that was the last thing said."""
        if self.last_deployment_status(repository, deployment_id) == _cut(status):
            return
        from github.GithubObject import NotSet  # noqa: PLC0415

        cut = _cut(status)
        self._create(
            repository,
            lambda repo: repo.get_deployment(deployment_id).create_status(
                cut.state,
                description=cut.description,
                environment_url=cut.environment_url or NotSet,
                target_url=cut.log_url or NotSet,
            ),
        )

    def last_deployment_status(self, repository: RepositoryName, deployment_id: int) -> DeploymentStatus | None:
        """Return what was last said of a deployment, or None."""
        return next(iter(self.deployment_statuses(repository, deployment_id)), None)

    def deployment_statuses(self, repository: RepositoryName, deployment_id: int) -> list[DeploymentStatus]:
        """Return what was said of a deployment, newest first."""

        def read(repo: Repository) -> list[tuple[int, DeploymentStatus]]:
            return [
                (
                    one.id,
                    DeploymentStatus(
                        one.state,  # type: ignore[arg-type]
                        one.description or "",
                        one.environment_url or "",
                        one.target_url or "",
                    ),
                )
                for one in repo.get_deployment(deployment_id).get_statuses()
            ]

        return [said for _, said in sorted(self._read(repository, read), key=lambda one: one[0], reverse=True)]


def _cut(status: DeploymentStatus) -> DeploymentStatus:
    return DeploymentStatus(
        status.state, shortened(status.description, MOST_DESCRIPTION), status.environment_url, status.log_url
    )


def _output(state: CheckState) -> dict[str, str]:
    output = {"title": titled(state.title), "summary": bounded(state.summary, MOST_TEXT)}
    return output if state.text is None else {**output, "text": bounded(state.text, MOST_TEXT)}


def _says(check: Check, state: CheckState) -> bool:
    output = _output(state)
    return (
        (check.progress, check.conclusion) == (state.progress, state.conclusion)
        and (check.title, check.summary, check.text) == (output["title"], output["summary"], output.get("text", ""))
        # `details_url` is left out: GitHub keeps the one that an app gives, not that of a workflow's own token.
        and (state.external_id is None or check.external_id == state.external_id)
    )


def _edited(repo: Repository, check_id: int, state: CheckState) -> Check:
    from github.CheckRun import CheckRun  # noqa: PLC0415
    from github.GithubObject import NotSet  # noqa: PLC0415

    run = CheckRun(repo.requester, url=f"{repo.url}/check-runs/{check_id}")
    run.edit(
        status=state.progress,
        conclusion=state.conclusion or NotSet,
        external_id=state.external_id or NotSet,
        details_url=state.details_url or NotSet,
        output=_output(state),
    )
    return _check(run)


def _created(repo: Repository, sha: str, name: str, state: CheckState) -> Check:
    from github.GithubObject import NotSet  # noqa: PLC0415

    return _check(
        repo.create_check_run(
            name,
            sha,
            status=state.progress,
            conclusion=state.conclusion or NotSet,
            external_id=state.external_id or NotSet,
            details_url=state.details_url or NotSet,
            output=_output(state),  # type: ignore[arg-type]
        )
    )


def _check(found: CheckRun) -> Check:
    return Check(
        id=found.id,
        name=found.name,
        head_sha=found.head_sha,
        progress=found.status,  # type: ignore[arg-type]
        conclusion=found.conclusion,  # type: ignore[arg-type]
        app=found.app.slug,
        external_id=found.external_id or None,
        details_url=found.details_url or None,
        title=found.output.title or "",
        summary=found.output.summary or "",
        text=found.output.text or "",
        url=found.html_url,
    )


def _deployment(found: RemoteDeployment) -> Deployment:
    payload = found.payload
    return Deployment(
        id=found.id,
        sha=found.sha,
        ref=found.ref,
        environment=found.environment,
        creator=found.creator.login if found.creator else GHOST,
        description=found.description or "",
        created_at=found.created_at,
        payload=payload if isinstance(payload, dict) else {},
    )
