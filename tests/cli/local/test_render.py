"""`envclone render` in a checkout: it undoes no hand edit unasked, and writes everything or nothing."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.clients.git.checkout import Checkout
from bot.core.tree import Tree
from bot.names import EnvironmentName
from tests.support.small_monorepo import monorepo

TEMPLATE = "templates/shop/app/main.tf"
RENDERED = "envs/demo-x/app/main.tf"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = monorepo(tmp_path)
    assert run(found, "clone", "production", "as", "demo-x")[0] == 0
    git(found, "init", "-q")
    commit(found)
    return found


def run(root: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words, "--root", str(root)])
    return done.exit_code, done.output


def git(root: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run(["git", "-C", str(root), *who, *words], check=True, capture_output=True, timeout=60)


def commit(root: Path) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-qm", "x")


def append(root: Path, path: str, text: str) -> None:
    with (root / path).open("a") as file:
        file.write(text)


def environments(root: Path) -> dict[str, Tree]:
    return {name: Checkout(root).environment(EnvironmentName(name)) for name in ("production", "demo-x")}


@pytest.mark.parametrize("is_committed", [True, False])
@pytest.mark.parametrize("is_newer", [True, False])
def test_a_hand_edit_is_named_with_its_line_and_nothing_is_written(
    root: Path, is_committed: bool, is_newer: bool
) -> None:
    append(root, RENDERED, "# by hand\n")
    if is_committed:
        commit(root)
    if is_newer:
        append(root, TEMPLATE, "# newer\n")
    before = environments(root)
    code, output = run(root, "render", "production", "demo-x")
    assert code == 1
    assert f"{RENDERED}:10: edited by hand" in output
    assert "envclone render demo-x --overwrite" in output
    assert environments(root) == before
    assert run(root, "render", "production", "demo-x", "--overwrite")[0] == 0
    assert run(root, "verify")[0] == 0


def test_files_that_somebody_added_or_took_out_are_hand_edits(root: Path) -> None:
    append(root, "envs/demo-x/app/more.tf", "# more\n")
    (root / "envs/demo-x/hooks/seed").unlink()
    commit(root)
    code, output = run(root, "render", "demo-x")
    assert code == 1
    assert "envs/demo-x/app/more.tf:1: the template renders no such file" in output
    assert "envs/demo-x/hooks/seed:1: the template renders this file, but it is missing" in output


def test_a_comment_in_the_manifest_is_a_hand_edit(root: Path) -> None:
    append(root, "envs/demo-x/environment.yaml", "# why\n")
    code, output = run(root, "render", "demo-x")
    assert code == 1
    assert "environment.yaml" in output
    assert "written without comments" in output


@pytest.mark.slow
def test_a_template_that_is_edited_again_and_again_needs_no_commit_in_between(root: Path) -> None:
    for text in ("# one\n", "# two\n", "# three\n"):
        append(root, TEMPLATE, text)
        assert run(root, "render", "demo-x")[0] == 0, text
    append(root, RENDERED, "# by hand\n")
    append(root, TEMPLATE, "# four\n")
    assert f"{RENDERED}:13: edited by hand" in run(root, "render", "demo-x")[1]


def test_a_migration_s_blocks_are_rendered_also_while_somebody_is_still_writing_it(root: Path) -> None:
    declared, block = (
        "templates/shop/template.yaml",
        "moved {\n  from = terraform_data.{old}\n  to   = terraform_data.new\n}",
    )
    file = root / "envs/production/app/migrations.tf"

    def migration(more: str) -> str:
        return (
            f"migrations:\n  one:\n    description: Called otherwise.\n    values: {{greeting: {{old: hello}}}}\n{more}"
        )

    def blocks(old: str) -> str:
        text = block.replace("{old}", old).replace("\n", "\n        ")
        return f"    blocks:\n      app: |\n        {text}\n"

    first = (root / declared).read_text()
    for more, said in (("", ""), (blocks("one"), "terraform_data.one"), (blocks("two"), "terraform_data.two")):
        (root / declared).write_text(first + migration(more))
        assert run(root, "render", "production")[0] == 0
        assert said in (file.read_text() if more else "")
        assert file.exists() == bool(more), "also where an earlier rendering knew its name"
    assert run(root, "verify", "production")[0] == 0
    assert "migrated:\n  - one\n" in (root / "envs/production/environment.yaml").read_text()
    commit(root)
    append(root, TEMPLATE, "# newer\n")
    assert run(root, "render", "production")[0] == 0
    assert "terraform_data.two" in file.read_text()
    assert run(root, "clone", "production", "as", "demo-y")[0] == 0
    assert not (root / "envs/demo-y/app/migrations.tf").exists()


def test_a_value_that_was_written_into_the_manifest_is_rendered(root: Path) -> None:
    manifest = root / "envs/production/environment.yaml"
    manifest.write_text(manifest.read_text().replace("app_min: 6", "app_min: 7"))
    assert run(root, "render", "production")[0] == 0
    assert '"app_min": 7' in (root / "envs/production/app/terraform.tfvars.json").read_text()


def test_a_manifest_alone_is_rendered_and_what_is_there_already_must_be_the_same(root: Path) -> None:
    manifest = root / "envs/production/environment.yaml"
    first = next(line for line in manifest.read_text().splitlines() if line.startswith("revision: "))
    unknown = f"revision: {'a' * 40}"
    manifest.write_text("# ours\n" + manifest.read_text().replace(first, unknown))
    for path in (root / "envs/production").glob("*/*.tf"):
        path.unlink()
    commit(root)
    assert run(root, "render", "production")[0] == 0
    manifest.write_text(manifest.read_text().replace(first, unknown))
    append(root, "envs/production/app/main.tf", "# older than the template\n")
    commit(root)
    assert "envs/production/app/main.tf:10" in run(root, "render", "production")[1]
