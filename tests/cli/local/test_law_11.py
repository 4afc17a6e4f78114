"""Law 11: what passes one check passes all. Each edit of a template is put to every entrance, and they agree, also on the line."""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import ANY

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.clients.git.checkout import Checkout
from bot.clouds.registry import FACTS
from bot.core.rendering.assemble import assemble, read_manifest, read_template
from bot.core.requests.clone import Draft, draft_clone
from bot.names import EnvironmentName, TemplateName
from bot.runs.plan.matrix import Span, find_targets
from bot.service.proposals.drafting import draft
from tests.support import example
from tests.support.lock_files import lock_file
from tests.support.small_monorepo import MAINTAINER, REPOSITORY, SmallMonorepo, monorepo

MAIN = "templates/shop/app/main.tf"
LOCK = "templates/shop/app/.terraform.lock.hcl"
POLICY = ".github/envclone.yml"
ROLE = "arn:aws:iam::{0}:role/any"
ACCOUNT = '  "{0}": {{plan_role: "{1}", apply_role: "{1}", region: eu-central-1, state_bucket: state-{0}}}\n'
ACCOUNTS = "accounts:\n" + "".join(
    ACCOUNT.format(number, ROLE.format(number)) for number in ("111111111111", "222222222222")
)
GATE = f"{ACCOUNTS}gate:\n"
_PLACE = re.compile(r"(?:templates|envs|modules)/[\w./-]+:\d+")


@dataclass(frozen=True)
class Edit:
    """What is appended to files, what files are written, and whether the code may then be planned."""

    name: str
    appended: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    passes: bool = False

    def make(self, root: Path) -> None:
        for path, text in {**self.written, **{p: (root / p).read_text() + t for p, t in self.appended.items()}}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)


def main(text: str) -> Mapping[str, str]:
    return {MAIN: text}


LOCAL = 'module "logs" {\n  source = "../../../modules/logs"\n}\n'
HARMLESS = 'resource "aws_cloudwatch_log_group" "x" {\n  name = "/logs"\n}\n'
RANDOM = 'resource "random_password" "x" {\n  length = 20\n}\n'
PULLED = 'module "x" {\n  source = "git::ssh://git@example.com/logs.git//group?ref=v1"\n}\n'

EDITS = [
    Edit("nothing", passes=True),
    Edit("a module of the repository", main(LOCAL), {"modules/logs/main.tf": HARMLESS}, passes=True),
    Edit("a module that runs a program", main(LOCAL), {"modules/logs/main.tf": 'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "id"\n  }\n}\n'}),
    Edit("a module that reads a file", main(LOCAL), {"modules/logs/main.tf": 'output "x" {\n  value = file("/etc/passwd")\n}\n'}),
    Edit("a module that is not there", main(LOCAL)),
    Edit("a module of another environment", main('module "x" {\n  source = "../../production/app"\n}\n')),
    Edit("a random password", main(RANDOM), {LOCK: lock_file(aws="5.100.0", random="3.7.2").decode()}, passes=True),
    Edit("a provider's function", main('output "x" {\n  value = provider::aws::arn_parse(var.name).account_id\n}\n'), passes=True),
    Edit("an unknown provider", main('resource "vault_mount" "x" {}\n')),
    Edit("a role", main('provider "aws" {\n  allowed_account_ids = [var.account_id]\n  assume_role {\n    role_arn = var.name\n  }\n}\n')),
    Edit("a module of elsewhere", main(PULLED)),
    Edit("a module that the policy names", main(PULLED), {POLICY: f'{GATE}  module_sources: ["git::ssh://git@example.com/logs.git//group"]\n'}, passes=True),
    Edit("an import", main('import {\n  to = aws_ssm_parameter.greeting\n  id = "x"\n}\n')),
    Edit("another state", main('data "terraform_remote_state" "x" {\n  backend = "s3"\n}\n')),
    Edit("a program", main('data "external" "x" {\n  program = ["id"]\n}\n')),
    Edit("a file elsewhere", main('locals {\n  x = file("../../x")\n}\n')),
    Edit("a template file that reads another", main('locals {\n  x = templatefile("x.tftpl", {})\n}\n'), {"templates/shop/app/x.tftpl": '${file("/etc/passwd")}'}),
    Edit("a pattern that leaves", main('locals {\n  x = fileset(path.module, "../**")\n}\n')),
    Edit("files of the module", main('locals {\n  x = [for f in fileset(path.module, "*.json") : file("${path.module}/${f}")]\n}\n'), passes=True),
    Edit("an address of a provider", main('provider "aws" {\n  allowed_account_ids = [var.account_id]\n  dynamic "endpoints" {\n    for_each = [1]\n    content {\n      sts = "x"\n    }\n  }\n}\n')),
    Edit("an end of a heredoc with a blank", main('locals {\n  x = <<EOT\nEOT \n  y = file("/etc/passwd")\n}\n')),
    Edit("what would outlast a clone", main('resource "aws_lb" "x" {\n  enable_deletion_protection = true\n}\n')),
    Edit("an output that is not there", written={"templates/shop/hooks.yaml": example.HOOKS.replace("app.url", "app.uri")}),
    Edit("an input that no hook has", written={"templates/shop/hooks.yaml": example.HOOKS.replace("{url:", "{uri:")}),
    Edit("a lock file without the provider", written={LOCK: "# none\n"}),
    Edit("production's name", main('resource "aws_sns_topic" "x" {\n  name = "production-orders"\n}\n')),
    Edit("production's account", main('resource "aws_sns_topic" "x" {\n  name = "x-111111111111"\n}\n')),
]  # fmt: skip


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = monorepo(tmp_path_factory.mktemp("law") / "monorepo")
    (found / POLICY).write_text(ACCOUNTS)
    (found / "templates/shop/network/backend.tf.j2").write_text(example.BACKEND.replace("/app/", "/network/"))
    assert run(found, "render", "production") == (True, ANY)
    assert run(found, "clone", "production", "as", "demo-y") == (True, ANY)
    git(found, "init", "-q", "-b", "main")
    commit(found)
    return found


@pytest.fixture
def root(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / "checkout"))


def git(root: Path, *words: str) -> str:
    who = ("-c", "user.name=Alice", "-c", "user.email=alice@example.com")
    return subprocess.run(["git", "-C", str(root), *who, *words], check=True, capture_output=True, text=True).stdout


def commit(root: Path) -> str:
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "x")
    return git(root, "rev-parse", "HEAD").strip()


def run(root: Path, *words: str) -> tuple[bool, str]:
    done = CliRunner().invoke(app, [*words, "--root", str(root)])
    return done.exit_code == 0, done.output


def first_job(root: Path) -> tuple[bool, str]:
    """Return what the first job of a pull request says of a clone that nobody held against anything."""
    base = commit(root)
    checkout = Checkout(root)
    name = TemplateName("shop")
    template = read_template(name, checkout.template(name), FACTS)
    source = read_manifest(checkout.environment(EnvironmentName("production")), "envs/production")
    drafted = draft_clone(example.asked("demo-z"), example.base())
    assert isinstance(drafted, Draft)
    changes = {"revision": template.revision, "stacks": template.declaration.stacks}
    ours, theirs = drafted.manifest.model_copy(update=changes), source.model_copy(update=changes)
    for each in (ours, theirs):
        checkout.write_environment(each.name, assemble(template, each))
    head = commit(root)
    found = find_targets(root, Span(base, head), "plan", only="demo-z", now=datetime.now(UTC))
    return not found.complaints, "\n".join(found.complaints)


def comment(root: Path, place: SmallMonorepo) -> tuple[bool, str]:
    """Return what the service says of `/clone` in a repository with these files."""
    files = {each.relative_to(root).as_posix(): each.read_bytes() for each in root.rglob("*") if each.is_file()}
    ours = {path: data for path, data in files.items() if not path.startswith((".git/", ".github/workflows/"))}
    place.server.commit(REPOSITORY, ours, by=MAINTAINER, message="x")
    drafted = draft(place.repository(), example.asked())
    return isinstance(drafted, Draft), "" if isinstance(drafted, Draft) else drafted.reason


def places(said: str) -> set[str]:
    """Return the lines that are named, in the template also where they were found in what it renders."""
    return {re.sub("^envs/demo-z/", "templates/shop/", each) for each in _PLACE.findall(said)}


ENTRANCES: Mapping[str, Callable[[Path], tuple[bool, str]]] = {
    "template check": lambda root: run(root, "template", "check"),
    "clone": lambda root: run(root, "clone", "production", "as", "demo-x", "--dry-run"),
    "render": lambda root: run(root, "render", "demo-y"),
    "first job": first_job,
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(edit, id=edit.name, marks=pytest.mark.exhaustive if number % 5 else ())
        for number, edit in enumerate(EDITS)
    ],
)
def test_law_11_every_entrance_says_the_same_of_an_edit(root: Path, place: SmallMonorepo, edit: Edit) -> None:
    edit.make(root)
    said = {"/clone": comment(root, place), **{name: entrance(root) for name, entrance in ENTRANCES.items()}}
    assert {name: passes for name, (passes, _) in said.items()} == dict.fromkeys(said, edit.passes), said
    if not edit.passes:
        first = places(said["template check"][1])
        assert first, said
        # The first job evaluates the environment, too, and so may name more lines.
        assert all(
            places(text) == first or (name == "first job" and first < places(text)) for name, (_, text) in said.items()
        ), said
