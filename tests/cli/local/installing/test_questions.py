"""`envclone init` at a terminal asks for what the repository does not say; without one, options say the same."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import pytest

from bot.clouds.registry import FACTS
from bot.core.installation.tool_source import PATH as TOOL_ACTION
from bot.core.installation.tool_source import ToolSource
from bot.core.rendering.assemble import read_policy
from bot.model.account import PolicyAccount
from bot.model.policy import PATH
from tests.cli.local.installing.test_init import AWS, COMMIT, TOOL, files, init, outcomes

PRODUCTION, CLONES = "111111111111", "222222222222"
PATIENCE = 300


@pytest.fixture
def root(tmp_path: Path) -> Path:
    there = tmp_path / "monorepo"
    (there / "envs/production").mkdir(parents=True)
    values = f"parameters: {{account_id: '{PRODUCTION}', region: eu-west-1, state_bucket: acme-state}}"
    manifest = f"name: production\ntemplate: shop\nrevision: {'a' * 40}\npurpose: production\nowner: ana\n{values}\nstacks: {{}}\n"
    (there / "envs/production/environment.yaml").write_text(manifest)
    (there / "CODEOWNERS").write_text("* @acme/everybody\n")
    for words in (["init", "--quiet"], ["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]):
        subprocess.run(["git", "-C", str(there), *words], check=True, timeout=60)
    return there


def at_a_terminal(root: Path, typed: Sequence[str], *words: str) -> tuple[int, str]:
    """Run `envclone init` as a person does who types these lines; return its exit code, and what they saw."""
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-m", "bot.cli.app", "init", "--root", str(root), *words]
    process = subprocess.Popen(
        argv, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env={**os.environ, "COLUMNS": "200"}
    )
    os.close(theirs)
    os.write(ours, "".join(f"{line}\n" for line in typed).encode())
    seen = b""
    try:
        while part := os.read(ours, 65536):
            seen += part
    except OSError:
        pass  # how Linux says that nobody holds the other side any more
    os.close(ours)
    return process.wait(PATIENCE), seen.decode().replace("\r\n", "\n")


def accounts(root: Path) -> Mapping[str, PolicyAccount]:
    return read_policy((root / PATH).read_bytes(), FACTS).accounts


def test_a_person_is_asked_for_what_the_repository_does_not_say_and_offered_what_it_says(root: Path) -> None:
    typed = [
        f"acme/envclone@{COMMIT}",
        "",  # the branch
        "nobody",
        "@acme/platform",
        "aws",
        "",  # production's region
        "acme-production",
        "",
        "",
        CLONES,
        "eu-central-1",
        "acme-clones",
        "",
        "arn:aws:iam::222222222222:role/deploy",
        "",  # no more accounts
        "",
        "admin",
        "read",  # lets nobody's code meet credentials
        "",
    ]
    code, seen = at_a_terminal(root, typed)
    assert code == 0, seen
    assert "nobody's name on GitHub" in seen
    assert "[trunk]" in seen
    assert "[@acme/everybody]" in seen
    assert "read is not one of write, maintain, admin." in seen
    said = accounts(root)
    assert {name: (each.region, each.state_bucket, each.apply_role) for name, each in said.items()} == {
        PRODUCTION: ("eu-west-1", "acme-production", "arn:aws:iam::111111111111:role/envclone-apply"),
        CLONES: ("eu-central-1", "acme-clones", "arn:aws:iam::222222222222:role/deploy"),
    }
    policy = read_policy((root / PATH).read_bytes(), FACTS)
    assert (policy.allow["clone"], policy.allow["destroy"], policy.allow["rescue"]) == ("write", "admin", "maintain")
    assert "/templates/ @acme/platform" in (root / "CODEOWNERS").read_text()
    assert "branches: [trunk]" in (root / ".github/workflows/plan.yml").read_text()
    assert json.loads((root / AWS / f"{CLONES}.tfvars.json").read_text()) == {
        "account_id": CLONES,
        "region": "eu-central-1",
        "state_bucket": "acme-clones",
    }
    assert f"make the roles of each account ({PRODUCTION}, {CLONES})" in seen

    before = files(root)
    code, seen = at_a_terminal(root, [])
    assert (code, "]: " in seen) == (0, False), "what was answered is not asked again"
    assert files(root) == before


def test_options_say_the_same_and_may_be_given_again(root: Path) -> None:
    account = f"{PRODUCTION},region=eu-west-1,state_bucket=acme-production"
    words = (*TOOL, "--owner", "@acme/platform", "--allow", "destroy=admin", "--account", account)
    assert init(root, *words).exit_code == 0
    assert list(accounts(root)) == [PRODUCTION]
    assert ToolSource.of_action((root / TOOL_ACTION).read_text()) == ToolSource(
        "acme/envclone", COMMIT, version("envclone")
    )
    assert set(outcomes(init(root, *words, "--json")).values()) == {"unchanged"}
    done = init(root, *words, "--account", f"{CLONES},region=eu-west-1,state_bucket=acme-clones")
    assert (done.exit_code, "names accounts already" in done.stderr) == (64, True)
    done = init(root, "--allow", "destroy=write")
    assert (done.exit_code, "Change `allow` there" in done.stderr) == (64, True)


def test_what_the_repository_says_of_an_account_need_not_be_said(root: Path) -> None:
    assert init(root, *TOOL, "--account", f"{PRODUCTION},region=eu-west-2").exit_code == 0
    assert [(each.region, each.state_bucket) for each in accounts(root).values()] == [("eu-west-2", "acme-state")]


def test_without_a_terminal_the_options_are_named(root: Path) -> None:
    done = init(root, *TOOL, "--cloud", "aws", "--account", f"{CLONES},region=eu-west-1")
    assert done.exit_code == 0
    assert not accounts(root), "of which a fact is missing"
    assert f"run this again with `--account {PRODUCTION} --account {CLONES},state_bucket=…`" in done.stdout
    assert json.loads((root / AWS / f"{CLONES}.tfvars.json").read_text())["region"] == "eu-west-1"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("--account=12", "not an account's id"),
        (f"--account={CLONES},zone=a", "Write `region=`, `state_bucket=`"),
        (f"--account={CLONES},region=Frankfurt", "does not match"),
        ("--allow=destroy=nobody", "is not a permission"),
        ("--allow=plan_unproved=read", "must be write"),
    ],
)
def test_what_is_not_of_an_account_s_form_is_wrong_usage(root: Path, word: str, said: str) -> None:
    before = files(root)
    done = init(root, *TOOL, word)
    assert (done.exit_code, said in done.stderr) == (64, True), done.output
    assert files(root) == before
