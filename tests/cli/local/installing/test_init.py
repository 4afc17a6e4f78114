"""`envclone init`: a checkout that has nothing of ours gets all that workflows need, once; what people edit, stays."""

import json
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.clients.shipped import shipped, shipped_roles
from bot.clouds.roles import ROLE_CODE
from bot.core.installation.files import HANDLE, NO_SERVER, PRISTINE, ROLES, SHIPPED
from bot.core.installation.tool_source import PATH as TOOL_ACTION
from bot.core.installation.tool_source import ToolSource
from bot.core.messages.reference.generated_docs import FORMATS
from bot.model.policy import PATH, Policy
from bot.model.yaml_document import load
from tests import ROOT
from tests.support.patience import PATIENCE
from tests.support.person_checkout import PERSON, REPOSITORY, person_checkout

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
TOOL = ("--tool", f"acme/envclone@{COMMIT}")
PLAN = ".github/workflows/plan.yml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "monorepo/.git").mkdir(parents=True)
    return tmp_path / "monorepo"


def init(root: Path, *words: str) -> Result:
    done = CliRunner().invoke(app, ["init", "--root", str(root), *words], prog_name="envclone")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def outcomes(done: Result) -> dict[str, str]:
    found: dict[str, str] = json.loads(done.stdout)["files"]
    return found


def as_shipped_before(root: Path, old: str, new: str, path: str = PLAN) -> None:
    """Make what the checkout has of a file, and its pristine copy, those of an older version."""
    for place in (root / path, root / PRISTINE / path.removeprefix(".github/")):
        assert new in place.read_text()
        place.write_text(place.read_text().replace(new, old))


def test_a_repository_gets_everything_and_the_tool_from_one_place(root: Path) -> None:
    done = init(root, *TOOL, "--owner", "@acme/platform")
    assert done.exit_code == 0, done.stderr
    for path in SHIPPED:
        assert (root / ".github" / path).read_bytes() == (ROOT / ".github" / path).read_bytes()
    assert ToolSource.of_action((root / TOOL_ACTION).read_text()) == ToolSource(
        "acme/envclone", COMMIT, version("envclone")
    )
    assert load((root / PATH).read_text(), Policy, PATH).protected == ("production",)
    assert (root / ".github/CODEOWNERS").read_text() == "/.github/ @acme/platform\n/templates/ @acme/platform\n"
    schemas = {name for name in files(root) if name.endswith(".schema.json")}
    assert {name.removeprefix(".github/schemas/").partition(".")[0] for name in schemas} == set(FORMATS)
    assert not any(name.split("/")[0] not in {".github"} for name in files(root)), "nothing beside .github/"
    assert not list(root.rglob("*.lock"))


def test_workflows_and_owners_lines_name_the_roots_of_the_policy(root: Path) -> None:
    (root / ".github").mkdir()
    (root / PATH).write_text("roots: {environments: infra/envs, templates: infra/templates}\n")
    assert init(root, *TOOL, "--owner", "@acme/platform").exit_code == 0
    workflow = (root / ".github/workflows/parity.yml").read_text()
    assert '    paths: ["infra/envs/**", "infra/templates/**"]\n' in workflow
    assert " |\n            /*\n            !/infra/envs/*/\n      - " in workflow
    assert (root / ".github/CODEOWNERS").read_text() == "/.github/ @acme/platform\n/infra/templates/ @acme/platform\n"
    shop = "also: {shop: {environments: shop/envs, templates: shop/templates}}"
    (root / PATH).write_text(f"roots: {{environments: stages, {shop}}}\n")
    assert '    paths: ["stages/**", "shop/envs/**", "templates/**", "shop/templates/**"]\n' not in workflow
    assert outcomes(init(root, "--json"))[".github/workflows/parity.yml"] == "written"
    assert (
        '    paths: ["stages/**", "shop/envs/**", "templates/**", "shop/templates/**"]\n'
        in (root / ".github/workflows/parity.yml").read_text()
    )
    assert "            /*\n            !/stages/*/\n            !/shop/envs/*/\n" in (root / PLAN).read_text()
    assert init(root, "--owner", "@acme/platform").exit_code == 0
    assert "/shop/templates/ @acme/platform\n" in (root / ".github/CODEOWNERS").read_text()


def test_linters_find_nothing_in_what_is_written(root: Path) -> None:
    assert init(root, *TOOL).exit_code == 0
    argv = [
        "--offline",
        "--no-progress",
        "--persona",
        "pedantic",
        "--config",
        str(ROOT / ".github/zizmor.yml"),
        str(root / ".github"),
    ]
    program = Path(sys.executable).parent / "zizmor"
    found = subprocess.run([str(program), *argv], capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 0, found.stdout


def test_run_again_it_changes_nothing_and_needs_not_be_told_the_tool(root: Path) -> None:
    init(root, *TOOL, "--owner", "@acme/platform")
    before = files(root)
    done = init(root, "--json")
    assert done.exit_code == 0, done.stderr
    assert set(outcomes(done).values()) == {"unchanged"}
    assert files(root) == before


def test_a_newer_version_replaces_what_nobody_edited_and_is_merged_with_what_somebody_did(root: Path) -> None:
    init(root, *TOOL)
    as_shipped_before(root, "timeout-minutes: 44", "timeout-minutes: 45")
    as_shipped_before(root, "name: drifting", "name: drift\n".strip(), ".github/workflows/drift.yml")
    edited = root / PLAN
    edited.write_text(edited.read_text().replace("name: plan\n", "name: plan of ours\n", 1))
    done = init(root, "--json")
    assert done.exit_code == 0, done.stdout
    assert outcomes(done)[PLAN] == "merged"
    assert outcomes(done)[".github/workflows/drift.yml"] == "written"
    shipped_now = (ROOT / PLAN).read_text()
    assert edited.read_text() == shipped_now.replace("name: plan\n", "name: plan of ours\n", 1)
    again = init(root, "--json")
    assert outcomes(again)[PLAN] == "edited"
    assert again.exit_code == 0


def test_an_upgrade_asks_nothing_and_begins_nothing(root: Path) -> None:
    done = init(root, *TOOL, "--upgrade")
    assert (done.exit_code, "Leave out `--upgrade`" in done.stderr, files(root)) == (1, True, {})
    init(root, *TOOL)
    as_shipped_before(root, "timeout-minutes: 44", "timeout-minutes: 45")
    assert outcomes(init(root, "--upgrade", "--json"))[PLAN] == "written"


def test_edits_that_meet_a_newer_version_in_the_same_lines_are_named_and_left_to_a_person(root: Path) -> None:
    init(root, *TOOL)
    as_shipped_before(root, "timeout-minutes: 44", "timeout-minutes: 45")
    edited = root / PLAN
    edited.write_text(edited.read_text().replace("timeout-minutes: 44", "timeout-minutes: 120"))
    done = init(root)
    assert done.exit_code == 1
    assert f"CONFLICT   {PLAN}" in done.stdout
    text = edited.read_text()
    assert "<<<<<<< as edited here" in text
    assert "timeout-minutes: 120" in text
    assert "timeout-minutes: 45" in text


def test_a_line_of_a_person_s_that_looks_like_a_conflict_is_none(root: Path) -> None:
    init(root, *TOOL)
    as_shipped_before(root, "timeout-minutes: 44", "timeout-minutes: 45")
    edited = root / PLAN
    edited.write_text(f"# A merge of ours left this behind:\n<<<<<<< HEAD\n{edited.read_text()}")
    assert outcomes(init(root, "--json"))[PLAN] == "merged"


def test_what_was_removed_stays_removed_and_what_was_there_before_is_not_touched(root: Path) -> None:
    theirs = root / ".github/workflows/drift.yml"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("name: about rivers\n")
    done = init(root, *TOOL, "--json")
    assert done.exit_code == 1
    assert outcomes(done)[".github/workflows/drift.yml"] == "theirs"
    assert theirs.read_text() == "name: about rivers\n"
    (root / ".github/workflows/expire.yml").unlink()
    done = init(root, "--json")
    assert outcomes(done)[".github/workflows/expire.yml"] == "removed"
    assert not (root / ".github/workflows/expire.yml").exists()


def test_a_policy_and_code_owners_that_are_there_are_kept(root: Path) -> None:
    (root / ".github").mkdir()
    (root / PATH).write_text("quota: {total: 3}\n")
    (root / "CODEOWNERS").write_text("/.github/ @acme/security")
    assert init(root, *TOOL, "--owner", "@acme/platform").exit_code == 0
    assert (root / PATH).read_text() == "quota: {total: 3}\n"
    assert (root / "CODEOWNERS").read_text() == "/.github/ @acme/security\n/templates/ @acme/platform\n"
    assert not (root / ".github/CODEOWNERS").exists()


def test_the_tool_moves_to_the_commit_that_is_said(root: Path) -> None:
    init(root, *TOOL)
    done = init(root, "--tool", f"acme/envclone@{OTHER}", "--json")
    assert {path for path, outcome in outcomes(done).items() if outcome == "written"} == {TOOL_ACTION}
    assert OTHER in (root / TOOL_ACTION).read_text()


def test_another_default_branch_is_written_into_every_trigger(root: Path) -> None:
    assert init(root, *TOOL, "--branch", "release/live").exit_code == 0
    texts = [path.read_text() for path in (root / ".github/workflows").iterdir()]
    assert sum(text.count("branches: [release/live]") for text in texts) == 4
    assert not any("branches: [main]" in text for text in texts)
    assert set(outcomes(init(root, "--json")).values()) == {"unchanged"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--tool OWNER/NAME@COMMIT"),
        (("--tool", "acme/envclone@v1"), "40 digits"),
        ((*TOOL, "--branch", "a b"), "not a branch"),
        ((*TOOL, "--owner", "acme"), "nobody's name"),
    ],
)
def test_what_is_typed_wrong_is_wrong_usage(root: Path, words: tuple[str, ...], said: str) -> None:
    done = init(root, *words)
    assert done.exit_code == 64
    assert said in done.stderr
    assert files(root) == {}


def test_an_older_tool_s_commit_is_not_kept_for_newer_workflows(root: Path) -> None:
    (root / TOOL_ACTION).parent.mkdir(parents=True)
    (root / TOOL_ACTION).write_text(ToolSource("acme/envclone", COMMIT, "0.0.1").action())
    assert init(root).exit_code == 64


def test_an_action_of_that_name_that_is_not_ours_is_not_touched(root: Path) -> None:
    (root / TOOL_ACTION).parent.mkdir(parents=True)
    (root / TOOL_ACTION).write_bytes((ROOT / TOOL_ACTION).read_bytes())
    done = init(root, *TOOL, "--json")
    assert done.exit_code == 1
    assert outcomes(done)[TOOL_ACTION] == "theirs"
    assert (root / TOOL_ACTION).read_bytes() == (ROOT / TOOL_ACTION).read_bytes()


@pytest.mark.parametrize("link", [".github", ".github/CODEOWNERS", ".github/schemas"])
def test_nothing_is_written_through_a_symlink(root: Path, tmp_path_factory: pytest.TempPathFactory, link: str) -> None:
    there = tmp_path_factory.mktemp("there")
    (root / link).parent.mkdir(parents=True, exist_ok=True)
    (root / link).symlink_to(there / "mine" if link.endswith("CODEOWNERS") else there)
    done = init(root, *TOOL, "--owner", "@acme/platform")
    assert (done.exit_code, f"{link} is a symlink" in done.stderr) == (1, True), done.output
    assert not list(there.iterdir())


def test_outside_of_a_repository_nothing_is_written(tmp_path: Path) -> None:
    done = init(tmp_path, *TOOL)
    assert done.exit_code == 1
    assert "not the top of a git repository" in done.stderr
    assert files(tmp_path) == {}


@pytest.mark.slow
def test_the_wheel_has_what_it_writes(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(argv, cwd=ROOT, capture_output=True, timeout=300, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert {path: archive.read(f"bot/shipped/{path}") for path in (*SHIPPED, *NO_SERVER)} == shipped()
        for code in ROLE_CODE.values():
            packed = {
                f"{ROLES}/{code.directory}/{name}": archive.read(f"bot/shipped/roles/{code.directory}/{name}")
                for name in code.files
            }
            assert packed == shipped_roles(code)


def test_comments_are_carried_out_in_a_workflow_where_that_was_asked_for_and_from_then_on(root: Path) -> None:
    places = [root / ".github" / path for path in NO_SERVER]
    assert "handle.yml" not in init(root, *TOOL).output
    assert not any(place.exists() for place in places)
    done = init(root, "--no-server")
    assert done.exit_code == 0
    assert [place.read_bytes() for place in places] == [(ROOT / ".github" / path).read_bytes() for path in NO_SERVER]
    assert "ENVCLONE_GITHUB_PRIVATE_KEY" in done.output, "what a person has to do for it"
    as_shipped_before(root, "an older word", "each event once", f".github/{HANDLE}")
    _, reviews = (f".github/{path}" for path in NO_SERVER)
    for path in (reviews, f"{PRISTINE}/{NO_SERVER[1]}"):  # an older version had none
        (root / path).unlink()
    again = outcomes(init(root, "--json"))
    assert (again[f".github/{HANDLE}"], again[reviews]) == ("written", "written"), "an upgrade brings them, too"


def test_renovate_is_kept_from_what_is_rendered_where_it_is_used(root: Path) -> None:
    init(root, *TOOL)
    assert not list(root.rglob("*renovate*")), "who doesn't use it gets nothing"
    place = root / "renovate.json"
    place.write_text('{\n  "extends": ["config:recommended"]\n}\n')
    assert outcomes(init(root, "--json"))["renovate.json"] == "written"
    (rule,) = json.loads(place.read_text())["packageRules"]
    assert (rule["matchFileNames"], rule["enabled"]) == (["envs/**", f"{PRISTINE}/**"], False)
    assert "renovate.json" not in outcomes(init(root, "--json"))
    place.write_text("{} // ours\n")
    done = init(root)
    assert "if renovate.json does not yet: add" in done.stdout
    assert place.read_text() == "{} // ours\n"


AWS = ".github/envclone/roles/aws"
IN_TWO_CLOUDS = {
    "infra/main.tf": 'provider "aws" {\n  region = "eu-central-1"\n}\n',
    "infra/dns.tf": 'resource "google_dns_managed_zone" "one" {}\n',
    "renovate.json": '{"extends": ["config:recommended"]}\n',
}


def test_roles_of_the_clouds_that_the_policy_names_come_with_what_is_known_of_each_account(root: Path) -> None:
    (root / ".github").mkdir()
    (root / PATH).write_text(
        "accounts:\n  demo:\n    id: '222222222222'\n    region: eu-central-1\n    state_bucket: acme-demo-tfstate\n"
        "    plan_role: arn:aws:iam::222222222222:role/plan\n    apply_role: arn:aws:iam::222222222222:role/apply\n"
    )
    done = init(root, *TOOL)
    assert done.exit_code == 0, done.stderr
    for name in ROLE_CODE["aws"].files:
        assert (root / AWS / name).read_bytes() == (ROOT / "docs/roles/aws" / name).read_bytes()
    assert json.loads((root / AWS / "222222222222.tfvars.json").read_text()) == {
        "account_id": "222222222222",
        "region": "eu-central-1",
        "state_bucket": "acme-demo-tfstate",
    }
    assert not (root / AWS).with_name("google").exists()
    (root / AWS / "222222222222.tfvars.json").write_text("{}")
    as_shipped_before(root, "an older word", "ViewOnlyAccess", f"{AWS}/variables.tf")
    found = outcomes(init(root, "--json"))
    assert found[f"{AWS}/variables.tf"] == "written", "an upgrade brings it, too"
    assert (root / AWS / "222222222222.tfvars.json").read_text() == "{}", "a person's from the beginning"


def test_another_cloud_is_asked_for_by_name_and_its_directory_lacks_nothing(root: Path) -> None:
    done = init(root, *TOOL, "--cloud", "azure", "--cloud", "gcp")
    assert done.exit_code == 0, done.stderr
    for name in ("azure", "google"):
        there = {path.name for path in (ROOT / "docs/roles" / name).iterdir() if path.suffix == ".tf"}
        assert there == {path.name for path in (root / AWS).with_name(name).glob("*.tf")}
    assert "make the roles of each account" in done.stdout


@pytest.mark.parametrize(
    ("remotes", "trusted"),
    [
        ({"origin": "git@github.com:acme/infra.git"}, {"repository": "acme/infra"}),
        ({"origin": "git@github.com:ana/infra.git", "upstream": "git@github.com:acme/infra.git"}, {}),
        (
            {"origin": "git@git.acme.example:acme/infra.git"},
            {"repository": "acme/infra", "issuer": "https://git.acme.example/_services/token"},
        ),
        (
            {"origin": "git@acme.ghe.com:acme/infra.git"},
            {"repository": "acme/infra", "issuer": "https://token.actions.acme.ghe.com"},
        ),
    ],
    ids=["github.com", "a fork", "another server", "a company's own GitHub"],
)
def test_roles_trust_no_repository_that_may_be_somebody_elses(
    tmp_path: Path, remotes: dict[str, str], trusted: dict[str, str]
) -> None:
    for words in (["init", "--quiet"], *(["remote", "add", *remote] for remote in remotes.items())):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, timeout=60)
    assert init(tmp_path, *TOOL, "--cloud", "aws").exit_code == 0
    assert json.loads((tmp_path / AWS / "terraform.tfvars.json").read_text()) == trusted


def test_all_of_it_becomes_one_pull_request_and_again_the_same_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with person_checkout(tmp_path, IN_TWO_CLOUDS) as there:
        for name, value in {"GITHUB_TOKEN": "", "GITHUB_ACTIONS": "", **there.environment}.items():
            monkeypatch.setenv(name, value)
        (there.root / "notes").write_text("not for anybody")
        words = (*TOOL, "--owner", "@acme/platform", "--pull-request")
        done = init(there.root, *words)
        assert done.exit_code == 0, done.stderr
        (pull,) = there.github.pulls(REPOSITORY)
        assert pull.pull is not None
        assert (pull.author.login, pull.pull.head_ref, pull.pull.base_ref) == (PERSON, "install-envclone", "main")
        assert f"Open: {there.github.url}/{REPOSITORY}/pull/{pull.number}" in done.stdout
        proposed = set(there.git("diff", "--name-only", "origin/main", "origin/install-envclone").splitlines())
        assert proposed >= {
            PATH,
            ".github/workflows/plan.yml",
            ".github/CODEOWNERS",
            "renovate.json",
            f"{AWS}/main.tf",
            ".github/envclone/roles/google/main.tf",
            f"{PRISTINE}/workflows/plan.yml",
        }
        assert "notes" not in proposed
        assert json.loads((there.root / AWS / "terraform.tfvars.json").read_text()) == {"repository": REPOSITORY}
        roles = "] make the roles of each account"
        assert f"- [ {roles}" in (pull.body or "")
        ticked = {"body": (pull.body or "").replace(f"- [ {roles}", f"- [x{roles}")}
        address = f"{there.environment['GITHUB_API_URL']}/repos/{REPOSITORY}/pulls/{pull.number}"
        person = {"Authorization": f"Bearer {there.environment['GH_TOKEN']}"}
        assert httpx.patch(address, json=ticked, headers=person, timeout=PATIENCE).status_code == 200
        assert "commit this" not in (pull.body or "")

        head = there.git("rev-parse", "HEAD")
        assert init(there.root, *words).exit_code == 0
        assert (there.git("rev-parse", "HEAD"), len(there.github.pulls(REPOSITORY))) == (head, 1)
        assert f"- [x{roles}" in (there.github.pulls(REPOSITORY)[0].body or ""), "what a person ticked stays"
        (there.root / PATH).write_text(f"quota: {{total: 3}}\n{(there.root / PATH).read_text().partition('quota:')[0]}")
        assert init(there.root, *words).exit_code == 0
        (pull,) = there.github.pulls(REPOSITORY)
        assert there.git("rev-parse", "origin/install-envclone") == there.git("rev-parse", "HEAD") != head


def test_without_a_remote_or_a_token_no_pull_request_is_begun(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GH_TOKEN", raising=False)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    before = files(root)
    for remote, said in (("", "not a repository on GitHub"), ("git@github.com:acme/infra.git", "Set GH_TOKEN")):
        if remote:
            for words in (["init", "--quiet"], ["remote", "add", "origin", remote]):
                subprocess.run(["git", "-C", str(root), *words], check=True, timeout=60)
            before = files(root)
        done = init(root, *TOOL, "--pull-request")
        assert (done.exit_code, said in done.stderr) == (1, True), done.output
    assert files(root) == before


def test_accounts_of_production_and_of_clones_are_known_from_what_was_adopted(root: Path) -> None:
    for directory in ("envs", "templates"):
        shutil.copytree(ROOT / directory, root / directory)
    locks = '    dynamodb_table = "locks-{{ account_id }}-{{ name }}"\n    dynamodb_table = "locks-{{ account_id }}"\n'
    (root / "templates/production/network/locks.tf.j2").write_text(locks)
    done = init(root, *TOOL, "--cloud", "aws")
    found = {path.name: json.loads(path.read_text()) for path in (root / AWS).glob("[0-9]*.tfvars.json")}
    assert {name: each["state_bucket"] for name, each in found.items()} == {
        "111111111111.tfvars.json": "acme-production-tfstate",
        "222222222222.tfvars.json": "acme-clones-tfstate",
    }
    assert {each["region"] for each in found.values()} == {"eu-central-1"}, "of clones, what the template says"
    assert [each.get("lock_table") for _, each in sorted(found.items())] == [None, "locks-222222222222"]
    assert "make the roles of each account (111111111111, 222222222222)" in done.stdout


def test_a_region_and_a_lock_table_that_only_the_code_names_are_known_too(root: Path) -> None:
    values = "parameters: {account_id: '111111111111'}"
    manifest = f"name: production\ntemplate: shop\nrevision: {'a' * 40}\npurpose: production\nowner: ana\n{values}\nstacks: {{}}\n"
    (root / "envs/production/main").mkdir(parents=True)
    (root / "envs/production/environment.yaml").write_text(manifest)
    code = 'provider "aws" {\n  region = "eu-west-1"\n}\nterraform {\n  backend "s3" {\n    dynamodb_table = "acme-locks"\n  }\n}\n'
    (root / "envs/production/main/main.tf").write_text(code)
    init(root, *TOOL, "--cloud", "aws")
    known = json.loads((root / AWS / "111111111111.tfvars.json").read_text())
    assert (known["region"], known["lock_table"]) == ("eu-west-1", "acme-locks")


def test_a_policy_that_can_not_be_read_is_told_and_keeps_none_of_the_rest(root: Path) -> None:
    (root / ".github").mkdir()
    (root / PATH).write_text("accounts:\n  demo: {region: nowhere}\n")
    done = init(root, *TOOL)
    assert (done.exit_code, PLAN in done.stdout) == (0, True), done.output
    assert f"- correct {PATH} and run this again, since its accounts could not be read: {PATH}:2" in done.stdout
