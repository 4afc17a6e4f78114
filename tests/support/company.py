"""The company of the stories: its shop in production in one account, clones in another, GitHub between, and the jobs that act."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.clients.git.checkout import Checkout
from bot.clients.github import GitHub, Token
from bot.clients.terraform.terraform import Terraform
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.parity.by_code.leaks import leaks
from bot.core.parity.by_plan.snapshot import read_snapshot
from bot.core.plans.environment_plan import EnvironmentPlan, StackPlan
from bot.core.plans.plan_json import read_plan
from bot.core.plans.review import review_key
from bot.core.plans.stack_inputs import Inputs
from bot.core.rendering.assemble import TemplateAt, assemble, read_manifest
from bot.core.requests.clone import Draft
from bot.core.tree import File
from bot.model.roots import DEFAULT as ROOTS
from bot.model.yaml_document import dump
from bot.names import EnvironmentName, ParameterName, RepositoryName, StepName
from bot.runs.plan.approvals import ProposedCommit
from bot.runs.plan.matrix import Span, find_targets
from bot.runs.plan.parity import ParityResult, PlannedParity, parity_result
from bot.runs.reviewed_commit import OnGitHub
from bot.sandbox.aws import SandboxAws
from bot.sandbox.github import GitHubServer
from bot.sandbox.github.issues import IssueText
from bot.sandbox.github.pulls import PullSpec
from tests.support.monorepo import Monorepo
from tests.support.plan_clones import Documents
from tests.support.posting import post
from tests.support.sandbox_aws import CLONES, PLACES, PRODUCTION, client
from tests.support.shop import SOURCE, policy, production, template
from tests.support.terraform import program

REVIEWER = "max"
REPOSITORY = RepositoryName("acme/infrastructure")
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@dataclass
class Planned:
    """What became of a plan in a pull request: the exit code, the comment and the checks by name; the artifact's data."""

    code: int
    comment: str
    checks: dict[str, tuple[str | None, str, str]]
    parity: dict[str, object]

    @property
    def unexplained(self) -> list[str]:
        found = self.parity.get("differences", [])
        assert isinstance(found, list)
        return [f"{each['address']}:{each['attribute']}" for each in found if not each["explained"]]

    def causes(self, address: str, attribute: str) -> list[str]:
        found = self.parity.get("differences", [])
        assert isinstance(found, list)
        return [
            cause["parameter"]
            for each in found
            if (each["address"], each["attribute"]) == (address, attribute)
            for cause in each["causes"]
        ]


def alike(held: PlannedParity, documents: Documents) -> ParityResult:
    """Compare plans with production's state, as `envclone plan` does."""
    stacks = [
        StackPlan(stack, read_plan(data), inputs.mock_outputs, inputs=inputs)
        for stack, (data, inputs) in documents.items()
    ]
    return parity_result(EnvironmentPlan(held.manifest.name, "0" * 40, "create", stacks), held, NOW)


@dataclass
class Shop:
    """The company: its monorepo on GitHub, and two accounts."""

    aws: SandboxAws
    server: GitHubServer
    repo: Monorepo
    scratch: Path
    accounts: Mapping[str, Mapping[str, str]]
    """What Terraform gets for each account: credentials, and the way to a provider that runs already."""
    runs: int = 0
    number: int = 0
    """The newest pull request."""
    snapshot: bytes | None = None

    @classmethod
    def create(
        cls, scratch: Path, aws: SandboxAws, server: GitHubServer, accounts: Mapping[str, Mapping[str, str]]
    ) -> "Shop":
        """Make the repository with production and its template, and check it out."""
        source = Monorepo(scratch / "source", PLACES[CLONES][0])
        at = template()
        source.put("templates/shop", at.files)
        source.put(ROOTS.environment(SOURCE), assemble(at, production(at)))
        source.put(".github", {"envclone.yml": File(dump(policy(), "none").encode())})
        server.create_repository(REPOSITORY, source.root)
        server.add_user("ana", REPOSITORY, "maintain")
        server.add_user(REVIEWER, REPOSITORY, "maintain")
        login = f"ana:{server.token('ana')}"
        remote = f"{server.url.replace('://', f'://{login}@')}/{REPOSITORY}.git"
        where = scratch / "head"
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
        subprocess.run(["git", "clone", "-q", remote, str(where)], check=True, timeout=60, env=environment)
        return cls(aws, server, Monorepo(where, PLACES[CLONES][0]), scratch, accounts)

    def terraform(self, account: str) -> Terraform:
        return program(self.scratch / f"cli-{account}", self.accounts[account])

    def apply(self, name: str, account: str) -> None:
        """Apply an environment's stacks as they are checked out."""
        network = "not-made-yet"
        for stack in ("network", "app"):
            with self.terraform(account).opened(self.repo.root / "envs" / name / stack) as module:
                module.init()
                module.apply(module.plan({"network_id": network} if stack == "app" else {}))
                network = str(module.outputs()["network_id"].value) if stack == "network" else network

    def apply_side_by_side(self, *environments: tuple[str, str]) -> None:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda pair: self.apply(*pair), environments))

    def propose(self, drafted: Draft, at: TemplateAt | None = None, edits: Mapping[str, str] | None = None) -> int:
        """Open a pull request that adds a clone, and perhaps changes the template (and renders production anew)."""
        name = drafted.manifest.name
        branch = f"envclone/{name}"
        self.repo.git("checkout", "-q", "-B", branch, "origin/main")
        self.repo.put(ROOTS.environment(name), drafted.files)
        if at is not None:
            self.repo.put("templates/shop", at.files)
            self.repo.put(ROOTS.environment(SOURCE), assemble(at, production(at)))
        self.repo.put(ROOTS.environment(name), {path: File(text.encode()) for path, text in (edits or {}).items()})
        self.repo.commit(f"clone {name}")
        self.repo.git("push", "-q", "-f", "origin", f"HEAD:refs/heads/{branch}")
        self.number = self.server.open_pull(
            REPOSITORY, PullSpec(IssueText(f"Clone {name}", ""), branch, "main"), by="ana"
        )
        if at is not None:  # the base branch does not prove it, so somebody must have approved it
            self.server.review(REPOSITORY, self.number, by=REVIEWER)
        return self.number

    def planned(self, draft: Draft) -> Documents:
        """Return the plan of each stack of a clone, beside the checkout, as Terraform writes it, and its inputs."""
        network, found = ParameterName("network_id"), {}
        Monorepo(self.scratch / "planned", "").put(ROOTS.environment(draft.manifest.name), draft.files)
        for stack in (StepName("network"), StepName("app")):
            inputs = Inputs({network: "not-made-yet"}, (network,)) if stack == "app" else Inputs({})
            place = self.scratch / "planned" / ROOTS.environment(draft.manifest.name) / stack
            with self.terraform(CLONES).opened(place) as module:
                module.init()
                found[stack] = module.show(module.plan(inputs.values)), inputs
        return found

    def held(self, draft: Draft) -> PlannedParity:
        """Hold a clone against production by code, as `envclone plan` does before it plans."""
        snapshot, checkout = read_snapshot(self.taken()), Checkout(self.repo.root)
        files = checkout.environment_at(SOURCE, snapshot.commit)
        assert files is not None
        source, at = read_manifest(files, ROOTS.environment(SOURCE)), template()
        compared = compare(CodeSide(source, files), CodeSide(draft.manifest, draft.files), at, NOW)
        found = leaks(compared, CodeSide(draft.manifest, draft.files), NOW)
        return PlannedParity(draft.manifest, source, files, draft.files, snapshot.commit, snapshot, at, compared, found)

    def taken(self) -> bytes:
        """Return the snapshot of production; it stays as it is, so one is enough for all."""
        if self.snapshot is None:
            base, place = self.scratch / "production", self.scratch / "snapshot.json"
            self.repo.git("worktree", "add", "-q", "--force", "--detach", str(base), "origin/main")
            with pytest.MonkeyPatch.context() as patch:
                self._run(patch, PRODUCTION, base, ["snapshot", SOURCE, "--output", str(place)])
            self.repo.git("worktree", "remove", "--force", str(base))
            self.snapshot = place.read_bytes()
        return self.snapshot

    def complaints(self) -> Sequence[str]:
        """Return what the job `targets` complains of, before there are credentials, for the head that is checked out."""
        base, head = (self.repo.git("rev-parse", name).strip() for name in ("origin/main", "HEAD"))
        token = self.server.workflow_token(REPOSITORY, {"contents": "read", "pull_requests": "read"})
        github = GitHub(Token(token, "github-actions[bot]"), api_url=f"{self.server.url}/api/v3")
        proposed = ProposedCommit(OnGitHub(github, REPOSITORY), self.number, head)
        return find_targets(self.repo.root, Span(base, head, proposed), "plan").complaints

    def merge(self, number: int) -> str:
        """Merge a pull request on GitHub; return the commit on main."""
        merged = self.server.merge(REPOSITORY, number, by="ana")
        self.repo.git("fetch", "-q", "origin")
        return merged

    def change_production(self, **values: int) -> None:
        """Merge other values of production's."""
        self.repo.git("checkout", "-q", "-B", "change-production", "origin/main")
        at = template()
        manifest = production(at)
        changed = manifest.model_copy(update={"parameters": {**manifest.parameters, **values}})
        self.repo.put(ROOTS.environment(SOURCE), assemble(at, changed))
        self.repo.commit("change production")
        self.repo.git("push", "-q", "origin", "HEAD:refs/heads/change-production")
        proposal = PullSpec(IssueText("Change production", ""), "change-production", "main")
        self.merge(self.server.open_pull(REPOSITORY, proposal, by="ana"))

    def recertify(self) -> dict[str, list[str]]:
        """Do what the parity workflow does after a merge; return why each clone's certificate holds no longer."""
        self.repo.git("checkout", "-q", "--detach", "origin/main")
        with pytest.MonkeyPatch.context() as patch:
            said = self._run(patch, CLONES, self.repo.root, ["recertify", "--json"])[1]
        return {each["environment"]: each["because"] for each in json.loads(said)}

    def certificate(self, name: str) -> tuple[int, str, list[str]]:
        """Ask for a kept certificate: the exit code, its depth, and why it holds no longer."""
        with pytest.MonkeyPatch.context() as patch:
            arguments = ["parity", name, "--certificate", "--json"]
            code, said = self._run(patch, CLONES, self.repo.root, arguments, good=(0, 1))
        found = json.loads(said)
        return code, found["depth"], found["because"]

    def check(self, commit: str, name: str) -> tuple[str | None, str]:
        """Return the newest check of a name on a commit: conclusion and title."""
        found = [check for check in self.server.checks(REPOSITORY, commit) if check.name == name]
        newest = max(found, key=lambda check: check.id)
        return newest.conclusion, newest.output.title or ""

    def is_reviewed(self, name: str, commit: str = "HEAD") -> bool:
        """Say whether a review of a commit, the head that is checked out, was kept, without which nothing is applied."""
        s3 = client(self.aws.account_environment(CLONES), "s3")
        key = review_key(EnvironmentName(name), self.repo.git("rev-parse", commit).strip())
        return key in {
            each["Key"] for each in s3.list_objects_v2(Bucket=PLACES[CLONES][0], Prefix=key).get("Contents", [])
        }

    def private_names(self, account: str) -> dict[str, list[str]]:
        """Return what the private zones of an account answer: names and their addresses."""
        dns = client(self.aws.account_environment(account), "route53")
        zones = [zone["Id"] for zone in dns.list_hosted_zones()["HostedZones"] if zone["Config"]["PrivateZone"]]
        records = [r for zone in zones for r in dns.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]]
        return {r["Name"]: [each["Value"] for each in r["ResourceRecords"]] for r in records if r["Type"] == "A"}

    def plan(self, number: int, name: str) -> Planned:
        """Do what the plan job does: a snapshot with production's role, then the plan with the clone's."""
        self.runs += 1
        place = self.scratch / f"run-{self.runs}"
        place.mkdir()
        (place / "snapshot.json").write_bytes(self.taken())
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GITHUB_EVENT_PATH", str(self._event(place, number)))
            arguments = ["plan", name, "--output", str(place / "plan"), "--production", str(place / "snapshot.json")]
            code, _ = self._run(patch, CLONES, self.repo.root, arguments, good=(0, 1))
            token = self.server.workflow_token(REPOSITORY, {"pull_requests": "write", "checks": "write"})
            assert post(patch, place, name, token)[0] == 0
        assert not (place / "snapshot.json").exists(), "no snapshot is left behind"
        head = self.repo.git("rev-parse", "HEAD").strip()
        checks = {
            check.name: (check.conclusion, check.output.title or "", check.output.summary or "")
            for check in self.server.checks(REPOSITORY, head)
        }
        written = place / "plan" / "parity.json"
        comments = [c.body for c in self.server.comments(REPOSITORY, number)]
        return Planned(code, comments[-1], checks, json.loads(written.read_text()) if written.exists() else {})

    def _run(
        self, patch: pytest.MonkeyPatch, account: str, root: Path, arguments: list[str], good: tuple[int, ...] = (0,)
    ) -> tuple[int, str]:
        given = {
            **self.terraform(account).environment,
            "GITHUB_TOKEN": self.server.workflow_token(
                REPOSITORY, {"contents": "read", "pull_requests": "read", "checks": "write"}
            ),
            "GITHUB_API_URL": f"{self.server.url}/api/v3",
            "GITHUB_SERVER_URL": self.server.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": str(self.runs),
        }
        for name, value in given.items():
            patch.setenv(name, value)
        patch.chdir(root)
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert result.exit_code in good, result.output
        return result.exit_code, result.output

    def _event(self, place: Path, number: int) -> Path:
        head = self.repo.git("rev-parse", "HEAD").strip()
        event = place / "event.json"
        event.write_text(
            json.dumps({"pull_request": {"number": number, "base": {"ref": "main"}, "head": {"sha": head}}})
        )
        return event
