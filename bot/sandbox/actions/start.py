"""Set up what one run of `act` needs in its directory, and start it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from bot.core.installation.tool_source import PATH as TOOL_ACTION
from bot.sandbox.actions.act import Invocation, Process
from bot.sandbox.actions.site import Site
from bot.sandbox.actions.triggers import TriggerEvent
from bot.sandbox.actions.workflow import WorkflowFile, actions_used, with_beginnings, without_queue
from bot.sandbox.github.git.bare import BareRepository
from bot.sandbox.github.records.accounts import Level, Permissions

LOCAL_ACTIONS = ".github/actions"


class Running(Protocol):
    """What is known of a run before it starts."""

    id: int
    attempt: int
    repository: str
    workflow: WorkflowFile
    event: TriggerEvent
    actor: str
    directory: Path

    @property
    def artifacts(self) -> Path:
        """Where the run's artifacts lie."""


def start(site: Site, run: Running, home: Path, secret: str) -> Process:
    """Write the workflow file and the event, and start `act`; `secret` lets the run's steps talk to the service."""
    environment = site.base_environment(home)
    environment |= {
        "SANDBOX_PYTHON": sys.executable,
        "SANDBOX_SERVICE": site.service.issuer.url,
        "SANDBOX_SECRET": secret,
        "SANDBOX_ARTIFACTS": str(run.artifacts),
    }
    token = site.github.workflow_token(run.repository, granted(run.workflow.permissions))
    return Process(_invocation(site, run, home), environment, {**site.secrets, "GITHUB_TOKEN": token})


def granted(declared: Mapping[str, str]) -> Permissions:
    """Return the API's names of the permissions that a workflow declares; `id-token` is none of the API's."""
    levels: dict[str, Level] = {"metadata": "read"}
    for name, level in declared.items():
        if name != "id-token" and level in ("read", "write"):
            levels[name.replace("-", "_")] = "write" if level == "write" else "read"
    return levels


def sender(event: TriggerEvent) -> str:
    """Return the login of who caused an event."""
    found = event.payload["sender"]
    assert isinstance(found, Mapping)
    return str(found["login"])


def _invocation(site: Site, run: Running, home: Path) -> Invocation:
    source = run.directory / "source"
    file = source / run.workflow.path
    file.parent.mkdir(parents=True)
    file.write_text(with_beginnings(without_queue(run.workflow.text)), encoding="utf-8")
    payload = run.directory / "event.json"
    payload.write_text(json.dumps(run.event.payload), encoding="utf-8")
    return Invocation(
        program=site.act,
        event=run.event.event,
        actor=run.actor,
        workflow=run.workflow.path,
        source=source,
        home=home,
        payload=payload,
        variables=_variables(site, run),
        repository_variables=site.variables,
        stand_ins=_stand_ins(site, run),
    )


def _variables(site: Site, run: Running) -> dict[str, str]:
    server = site.github.url
    return {
        "GITHUB_SERVER_URL": server,
        "GITHUB_API_URL": f"{server}/api/v3",
        "GITHUB_GRAPHQL_URL": f"{server}/api/graphql",
        "GITHUB_REPOSITORY": run.repository,
        "GITHUB_REPOSITORY_OWNER": run.repository.partition("/")[0],
        "GITHUB_REF": run.event.ref,
        "GITHUB_REF_NAME": run.event.ref.removeprefix("refs/heads/"),
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_RUN_ID": str(run.id),
        "GITHUB_RUN_ATTEMPT": str(run.attempt),
        "SHA_REF": run.event.sha,
        # `act` evaluates these for each step, so that a stand-in can say which job it belongs to.
        "SANDBOX_JOB": "${{ github.job }}",
        "SANDBOX_MATRIX": "${{ toJSON(matrix) }}",
    }


def _stand_ins(site: Site, run: Running) -> dict[str, Path]:
    bare = site.github.forge.bare(site.github.repository(run.repository))
    texts = [run.workflow.text, *_composites(bare, run.event.sha)]
    texts += [
        file.read_text(encoding="utf-8")
        for real in site.actions.values()
        for file in (real / TOOL_ACTION,)
        if file.exists()
    ]
    used = {use for text in texts for use in actions_used(text)}
    return {f"{repository}@{ref}": site.answering(repository) for repository, ref in sorted(used)}


def _composites(bare: BareRepository, sha: str) -> Iterator[str]:
    for path in bare.lasting("ls-tree", "-r", "--name-only", sha, f"{LOCAL_ACTIONS}/").splitlines():
        if path.endswith(("/action.yml", "/action.yaml")):
            yield bare.lasting("show", f"{sha}:{path}")
