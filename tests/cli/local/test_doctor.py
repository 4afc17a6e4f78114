"""`envclone doctor` in a checkout, and at GitHub with the service's credentials."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.clients.store import open_store
from bot.core.installation.app_manifest import EVENTS
from bot.sandbox.github import GitHubServer
from bot.sandbox.github.repository_settings import create_environment
from tests.support.small_monorepo import monorepo

REPOSITORY = "acme/infrastructure"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENVCLONE_GITHUB_TOKEN", raising=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A monorepo as `envclone init` leaves it, with an account in its policy."""
    root = monorepo(tmp_path / "monorepo")
    (root / ".git").mkdir()
    shutil.rmtree(root / ".github")
    words = ["init", "--root", str(root), "--tool", f"acme/envclone@{COMMIT}", "--owner", "@acme/platform"]
    assert CliRunner().invoke(app, words).exit_code == 0
    policy = root / ".github/envclone.yml"
    roles = "plan_role: arn:aws:iam::111111111111:role/p, apply_role: arn:aws:iam::111111111111:role/a"
    account = f'accounts: {{"111111111111": {{{roles}, region: eu-central-1, state_bucket: acme-state}}}}'
    policy.write_text(policy.read_text().replace("accounts: {}", account))
    return root


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubServer]:
    server = GitHubServer(tmp_path / "github")
    server.create_repository(REPOSITORY)
    server.add_user("root", REPOSITORY, "admin")
    server.commit(REPOSITORY, {"README.md": b"#\n"}, by="root", message="Begin")
    with server.running():
        yield server


def invoke(root: Path, environment: Mapping[str, str], *words: str) -> Result:
    done = CliRunner().invoke(app, ["doctor", "--root", str(root), "--json", *words], env=dict(environment))
    assert isinstance(done.exception, SystemExit | None), done.exception
    return done


def doctor(root: Path, environment: Mapping[str, str] | None = None) -> tuple[int, dict[str, dict[str, str]]]:
    done = invoke(root, environment or {})
    return done.exit_code, {verdict["probe"]: verdict for verdict in json.loads(done.stdout)}


def test_a_checkout_as_it_should_be_has_no_problem(root: Path) -> None:
    code, found = doctor(root)
    healths = {probe: verdict["health"] for probe, verdict in found.items()}
    assert "problem" not in healths.values(), found
    assert code == (2 if "unknown" in healths.values() else 0)
    assert healths["tool of the workflows"] == healths["workflows"] == healths["policy"] == "ok"
    assert healths["GitHub"] == "left out"


def test_the_tool_of_the_policy_is_looked_for(root: Path, tmp_path: Path) -> None:
    policy = root / ".github/envclone.yml"
    policy.write_text(f"tool: opentofu\n{policy.read_text()}")
    (lock,) = root.glob("templates/*/app/.terraform.lock.hcl")
    lock.unlink()
    tofu = tmp_path / "bin/tofu"
    tofu.parent.mkdir()
    (tofu.parent / "git").symlink_to(shutil.which("git") or "git")
    alone = {"PATH": str(tofu.parent)}
    assert doctor(root, alone)[1]["OpenTofu"]["health"] == "left out"
    for version, health in (("1.8.2", "ok"), ("1.7.0", "problem")):
        tofu.write_text(f"#!/bin/sh\necho OpenTofu v{version}\n")
        tofu.chmod(0o755)
        _, found = doctor(root, alone)
        assert (found["OpenTofu"]["health"], "Terraform" in found) == (health, False)
    assert "`tofu init -backend=false`" in found["lock files"]["fix"]


def test_each_account_s_store_is_read_when_asked_for(root: Path, tmp_path: Path) -> None:
    policy = root / ".github/envclone.yml"
    (tmp_path / "objects").mkdir()
    text = policy.read_text().partition("accounts:")[0]
    here = f'clones: {{cloud: none, state: {{backend: local}}, store: "file://{tmp_path / "objects"}"}}'
    roles = "plan_role: arn:aws:iam::111111111111:role/p, apply_role: arn:aws:iam::111111111111:role/a"
    there = f'"111111111111": {{{roles}, region: eu-central-1, state_bucket: acme-others}}'
    policy.write_text(f"{text}accounts:\n  {here}\n  {there}\n")
    nobody = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    found = {each["probe"]: each for each in json.loads(invoke(root, nobody, "--stores").stdout)}
    assert found["store of clones"]["health"] == "ok"
    for probe in (
        "store of 111111111111",
        "trust of arn:aws:iam::111111111111:role/p",
        "trust of arn:aws:iam::111111111111:role/a",
    ):
        assert found[probe]["health"] == "unknown"
    assert "s3://acme-others" in found["store of 111111111111"]["said"]


def test_what_is_wrong_is_named_with_what_to_do(root: Path) -> None:
    (root / ".github/workflows/plan.yml").unlink()
    shutil.rmtree(root / ".github/envclone")
    (root / ".github/CODEOWNERS").unlink()
    drift = root / ".github/workflows/drift.yml"
    drift.write_text(
        drift.read_text().replace("jobs:\n", "jobs:\n  ours: {uses: acme/tools/.github/workflows/x.yml@v1}\n", 1)
    )
    (root / ".github/envclone.yml").write_text("allow: [\n")
    (root / "envs/broken").mkdir()
    (root / "envs/broken/environment.yaml").write_text("name: [\n")
    code, found = doctor(root)
    assert code == 1
    problems = {probe for probe, verdict in found.items() if verdict["health"] == "problem"}
    assert problems == {"policy", "environments", "workflows", "actions", "code owners"}
    assert (
        found["actions"]["said"] == "not pinned: acme/tools/.github/workflows/x.yml@v1 in .github/workflows/drift.yml"
    )
    assert all(found[probe]["fix"] for probe in problems)
    shown = CliRunner().invoke(app, ["doctor", "--root", str(root)]).stdout
    assert "✗ workflows" in shown
    assert "→ Run `envclone init`" in shown


def test_an_app_that_may_and_hears_all_that_it_needs_is_well(root: Path, github: GitHubServer, tmp_path: Path) -> None:
    registered = github.create_app("envclone", owner="acme", events=sorted(EVENTS))
    github.install(registered, "acme")
    github.protect(REPOSITORY, required_checks=("envclone",))
    create_environment(github.forge, REPOSITORY, "envclone-plan", branches=())
    create_environment(github.forge, REPOSITORY, "envclone-apply", branches=("main",))
    with closing(open_store(None, tmp_path / "data")) as store:
        store.beat("one", "")
    place = {"ENVCLONE_DATA_DIR": str(tmp_path / "data")}
    code, found = doctor(root, {**as_app(github, str(registered.id), registered.private_key), **place})
    assert {each["health"] for each in found.values()} == {"ok", "left out"}, found
    assert code == 0
    assert found["webhook"]["health"] == "left out", "nothing was delivered"
    for probe in ("disk", "queue", "clock", "GitHub", "GitHub App", "required check", "GitHub environments"):
        assert found[probe]["health"] == "ok", found[probe]


def test_what_an_app_may_not_and_a_branch_does_not_require_is_named(
    root: Path, github: GitHubServer, tmp_path: Path
) -> None:
    registered = github.create_app(
        "envclone", "acme", {"metadata": "read", "contents": "read", "actions": "read"}, ["issue_comment"]
    )
    github.install(registered, "acme")
    create_environment(github.forge, REPOSITORY, "envclone-plan", branches=None)
    create_environment(github.forge, REPOSITORY, "envclone-apply", branches=("main", "release/*"))
    github.add_webhook("http://127.0.0.1:1/", "secret", app=registered)
    github.open_issue(REPOSITORY, "one", by="root")
    assert github.settle()
    empty = {"ENVCLONE_DATA_DIR": str(tmp_path / "data")}
    code, found = doctor(root, {**as_app(github, str(registered.id), registered.private_key), **empty})
    assert code == 1
    assert found["queue"]["health"] == "left out"
    assert "the newest got no answer" in found["webhook"]["said"]
    assert "contents: write" in found["GitHub App"]["said"]
    assert "pull_request_review" in found["GitHub App"]["said"]
    assert found["required check"]["health"] == "problem"
    assert "open to more than `main`: envclone-apply: release/*" in found["GitHub environments"]["said"]
    assert "any branch: envclone-plan" in found["GitHub environments"]["said"]


def test_a_github_that_does_not_answer_is_not_taken_for_well(root: Path) -> None:
    nobody = {"ENVCLONE_GITHUB_TOKEN": "x", "ENVCLONE_GITHUB_API_URL": "http://127.0.0.1:1/api/v3"}
    code, found = doctor(root, nobody)
    assert code == 2
    assert found["GitHub"]["health"] == "unknown"
    assert "nobody answers at http://127.0.0.1:1/api/v3" in found["GitHub"]["said"]


def as_app(github: GitHubServer, number: str, key: str) -> dict[str, str]:
    return {
        "ENVCLONE_GITHUB_APP_ID": number,
        "ENVCLONE_GITHUB_PRIVATE_KEY": key,
        "ENVCLONE_GITHUB_API_URL": f"{github.url}/api/v3",
    }
