"""The command line in a checkout, as somebody types it: exit codes, and what is said."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.clients.git.checkout import Checkout
from bot.clients.proved_before import ReadBefore
from bot.core.tree import tree_id
from bot.errors import UserError
from bot.model.roots import DEFAULT
from bot.names import EnvironmentName
from tests.support.patience import PATIENCE
from tests.support.small_monorepo import monorepo


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = monorepo(tmp_path / "monorepo")
    git(found, "init", "-q", "-b", "main")
    git(found, "add", "-A")
    git(found, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "start")
    return found


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, timeout=PATIENCE)


def envclone(root: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--root", str(root)])


def test_clone_writes_a_directory_that_verifies(root: Path) -> None:
    done = envclone(root, "clone", "production", "as", "demo-x", "for", "demo", "--ttl", "14d")
    assert done.exit_code == 0, done.stderr
    assert (root / "envs/demo-x/app/main.tf").exists()
    assert (root / "envs/demo-x/hooks/seed").stat().st_mode & 0o111
    assert envclone(root, "verify").exit_code == 0
    again = envclone(root, "clone", "production", "as", "demo-x")
    assert again.exit_code == 1
    assert "already exists" in again.stderr
    assert "envclone clone production as demo-x-2" in again.stderr


def test_a_dry_run_writes_nothing(root: Path) -> None:
    done = envclone(root, "clone", "production", "as", "demo-x", "--dry-run")
    assert done.exit_code == 0
    assert "nothing was created" in done.stdout
    assert not (root / "envs/demo-x").exists()


def test_a_misspelt_sentence_says_what_to_type(root: Path) -> None:
    done = envclone(root, "clone", "production", "demo-x")
    assert done.exit_code == 64
    assert "envclone clone production as demo-x" in done.stderr


def test_verify_names_file_and_line_of_a_hand_edit(root: Path) -> None:
    path = root / "envs/production/app/main.tf"
    path.write_bytes(path.read_bytes().replace(b'"String"', b'"SecureString"'))
    done = envclone(root, "verify")
    assert done.exit_code == 1
    assert "envs/production/app/main.tf:4: edited by hand" in done.stdout
    found = json.loads(envclone(root, "verify", "production", "--json").stdout)
    assert not found["holds"]
    assert found["findings"][0]["line"] == 4


@pytest.mark.parametrize(
    "path", ["app/.DS_Store", "app/.terraform/modules/modules.json", "hooks/__pycache__/announce.cpython-311.pyc"]
)
def test_what_a_tool_leaves_in_a_work_tree_is_a_hand_edit_once_it_is_committed(root: Path, path: str) -> None:
    place = root / "envs/production" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"{}")
    assert envclone(root, "verify").exit_code == 0
    git(root, "add", "-f", f"envs/production/{path}")
    done = envclone(root, "verify")
    assert done.exit_code == 1
    assert f"envs/production/{path}:1: the template renders no such file" in done.stdout


def test_what_python_leaves_beside_a_hook_that_somebody_tried_is_no_part_of_the_template(root: Path) -> None:
    place = root / "templates/shop/hooks/__pycache__/announce.cpython-311.pyc"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"compiled")
    done = envclone(root, "clone", "production", "as", "demo-x", "for", "demo")
    assert done.exit_code == 0, done.stderr
    place.unlink()
    assert envclone(root, "verify", "demo-x").exit_code == 0


def test_verify_says_when_it_could_not_check(root: Path) -> None:
    assert envclone(root, "verify", "nowhere").exit_code == 2
    manifest = root / "envs/production/environment.yaml"
    text = manifest.read_text()
    revision = next(line for line in text.splitlines() if line.startswith("revision: "))
    manifest.write_text(text.replace(revision, f"revision: {'a' * 40}"))
    done = envclone(root, "verify")
    assert done.exit_code == 2
    assert "history" in done.stderr


def test_an_environment_of_an_older_template_is_proved_from_history(root: Path) -> None:
    template = root / "templates/shop/app/main.tf"
    template.write_bytes(template.read_bytes() + b"# newer\n")
    assert envclone(root, "verify").exit_code == 0
    assert envclone(root, "render", "production").exit_code == 0
    assert (root / "envs/production/app/main.tf").read_bytes().endswith(b"# newer\n")
    assert envclone(root, "verify").exit_code == 0


@pytest.mark.parametrize("target", ["../../../modules/x.tf", "/etc/passwd", "none.tf", "../app", "logo.bin"])
def test_a_symlink_that_leads_elsewhere_is_refused(root: Path, target: str) -> None:
    (root / "envs/production/app/link.tf").symlink_to(target)
    done = envclone(root, "verify")
    assert done.exit_code == 1
    assert "symlink" in done.stdout + done.stderr


def test_no_environment_is_read_through_a_symlink(root: Path, tmp_path: Path) -> None:
    (root / "envs/production").rename(tmp_path / "demo-x")
    (root / "envs/demo-x").symlink_to(tmp_path / "demo-x")
    (root / "envs/demo-y").mkdir()
    (tmp_path / "elsewhere").write_text("a_key_of_the_machine: 1\n")
    (root / "envs/demo-y/environment.yaml").symlink_to(tmp_path / "elsewhere")
    read = Checkout(root).read_inventory()
    said = "\n".join(str(each) for each in read.findings)
    assert "envs/demo-x is a symlink" in said
    assert "envs/demo-y/environment.yaml is a symlink" in said
    assert (len(read.findings), "a_key_of_the_machine" in said) == (2, False)
    with pytest.raises(UserError, match="envs/demo-x is a symlink"):
        Checkout(root).environment(EnvironmentName("demo-x"))


def test_a_symlink_that_the_template_has_not_is_a_hand_edit(root: Path) -> None:
    (root / "envs/production/app/link.tf").symlink_to("main.tf")
    done = envclone(root, "verify")
    assert done.exit_code == 1
    assert "the template renders no such file" in done.stdout + done.stderr


def test_a_symlink_of_the_template_is_one_in_every_environment(root: Path) -> None:
    (root / "templates/shop/network/logo.bin").symlink_to("../app/logo.bin")
    assert envclone(root, "render", "production").exit_code == 0
    assert envclone(root, "clone", "production", "as", "demo-x").exit_code == 0
    for name in ("production", "demo-x"):
        assert str((root / "envs" / name / "network/logo.bin").readlink()) == "../app/logo.bin"
    assert envclone(root, "verify").exit_code == 0
    git(root, "add", "-A")
    git(root, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "links")
    manifest = (root / "envs/demo-x/environment.yaml").read_text()
    revision = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "HEAD:templates/shop"], check=True, capture_output=True, text=True
    ).stdout
    assert revision.strip() in manifest, "the revision is git's own"
    at_commit = Checkout(root).environment_at(EnvironmentName("demo-x"), "HEAD")
    assert at_commit == Checkout(root).environment(EnvironmentName("demo-x"))
    link = root / "envs/demo-x/network/logo.bin"
    link.unlink()
    link.write_bytes((root / "templates/shop/app/logo.bin").read_bytes())
    done = envclone(root, "verify")
    assert "it must be a symlink to `../app/logo.bin`" in done.stdout + done.stderr


@pytest.mark.parametrize("target", ["../app/backend.tf.j2", "../app/backend.tf"])
def test_a_symlink_to_what_is_rendered_is_refused(root: Path, target: str) -> None:
    (root / "templates/shop/network/backend.tf").symlink_to(target)
    done = envclone(root, "template", "check")
    assert done.exit_code == 1
    assert "is a symlink to" in done.stdout + done.stderr


def test_list_and_status_read_the_checkout(root: Path) -> None:
    assert "production" in envclone(root, "list").stdout
    assert json.loads(envclone(root, "status", "production", "--json").stdout)["template"] == "shop"
    assert "Did you mean `production`?" in envclone(root, "status", "producton").stderr


def test_a_manifest_that_was_read_is_not_read_again_until_it_changes(root: Path, tmp_path: Path) -> None:
    checkout, before, name = Checkout(root), ReadBefore(tmp_path / "cache", DEFAULT), EnvironmentName("production")
    truth = checkout.read_inventory(before).inventory.live
    manifest = root / "envs/production/environment.yaml"
    manifest.write_text(f"{manifest.read_text()}# said again\n")
    untrue = truth[name].model_copy(update={"owner": "nobody"})  # so that reading it again would find another one
    before.keep({name: tree_id(checkout.manifest_alone(name))}, {name: untrue})
    assert checkout.read_inventory(before).inventory.live == {name: untrue}
    manifest.write_text(f"{manifest.read_text()}# and again\n")
    assert checkout.read_inventory(before).inventory.live == truth
    manifest.write_text("name: [")
    assert [each.path for each in checkout.read_inventory(before).findings] == ["envs/production/environment.yaml"]


def test_a_template_is_proved_or_its_mistakes_are_named(root: Path) -> None:
    done = envclone(root, "template", "check")
    assert done.exit_code == 0, done.stdout
    path = root / "templates/shop/template.yaml"
    path.write_text(path.read_text().replace("default_purpose: demo", "default_purpose: party"))
    done = envclone(root, "template", "check")
    assert done.exit_code == 1
    assert "templates/shop/template.yaml:4: unknown purpose `party`" in done.stdout


def test_what_a_killed_command_left_beside_an_environment_goes_with_the_next_one(root: Path) -> None:
    assert envclone(root, "clone", "production", "as", "demo-x").exit_code == 0
    name, left = EnvironmentName("demo-x"), root / "envs/.demo-x.k1lled"
    (left / "new/app").mkdir(parents=True)
    (root / "envs/.demo-y.other").mkdir()
    checkout = Checkout(root)
    files = checkout.environment(name)
    checkout.write_environment(name, files)
    assert not left.exists()
    assert (root / "envs/.demo-y.other").exists()
    assert checkout.environment(name) == files
