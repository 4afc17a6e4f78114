"""A sparse checkout is read as though it were whole: what git did not write is neither gone nor free for others to take."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.clients.git.checkout import Checkout, own_checkout
from bot.clients.git.left_out import left_out
from bot.core.rendering.assemble import assemble
from bot.core.tree import File
from bot.errors import Unverifiable, UserError
from bot.model.roots import DEFAULT
from bot.names import EnvironmentName, TemplateName
from bot.runs.plan.verify import verify_environments
from tests.support import example
from tests.support.patience import PATIENCE
from tests.support.small_monorepo import monorepo, place

PRODUCTION, DEMO = EnvironmentName("production"), EnvironmentName("demo-x")
WITHOUT_ENVIRONMENTS = "/*\n!/envs/*/\n"
CALL = b'module "logs" {\n  source = "../../_shared/logs"\n}\n'


def git(root: Path, *words: str, given: str = "") -> None:
    subprocess.run(["git", "-C", str(root), *words], check=True, input=given.encode(), timeout=PATIENCE)


def commit(root: Path) -> None:
    git(root, "add", "-A")
    git(root, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x")


def sparse(whole: Path, patterns: str = WITHOUT_ENVIRONMENTS) -> Path:
    """Return a checkout of the same commit as the workflows make it."""
    found = whole.with_name("sparse")
    git(whole, "clone", "-q", "--no-checkout", "--filter=blob:limit=100m", f"file://{whole}", str(found))
    git(found, "config", "core.sparseCheckout", "true")
    (found / ".git/info/sparse-checkout").write_text(patterns)
    git(found, "checkout", "-q", "main")
    return found


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A monorepo with all that may lie among environments: one of them, a module, what has no manifest, links, programs."""
    root = monorepo(tmp_path / "whole")
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "uploadpack.allowFilter", "true")
    environment = root / "envs/production"
    (environment / "app/calls.tf").write_bytes(CALL)
    (environment / "app/.terraform-version").write_text("1.9.8\n")
    (environment / ".opentofu-version").symlink_to("app/.terraform-version")
    (environment / "app/link.bin").symlink_to("logo.bin")
    (environment / "errored.tfstate").write_bytes(b"")
    place(root / "envs/_shared/logs", {"main.tf": File(b"locals {}\n"), "é.txt": File(b"x")})
    place(root / "envs/other/app", {"main.tf": File(b"")})
    (root / "envs/odd").mkdir()
    (root / "envs/odd/.terraform-version").symlink_to("nowhere")
    (root / "envs/README.md").write_text("Environments.\n")
    commit(root)
    return root


READERS: dict[str, Callable[[Checkout], object]] = {
    "environments": lambda at: (at.environments(), at.directories("environments"), at.unmanaged()),
    "templates": lambda at: (at.templates(), at.template(TemplateName("shop"))),
    "files": lambda at: (at.environment(PRODUCTION), at.environment(DEMO)),
    "code": lambda at: at.code(PRODUCTION),
    "modules": lambda at: [at.module(each, "demo-x") for each in ("../_shared/logs", "../production/app", "../other")],
    "manifests": lambda at: (at.manifest_alone(PRODUCTION), at.manifest_alone(DEMO)),
    "versions": lambda at: [at.version_files(EnvironmentName(each)) for each in ("production", "odd")],
    "inventory": lambda at: at.read_inventory(),
    "policy": lambda at: (at.policy(), own_checkout(at.root).roots),
    "files that are there": lambda at: [
        at.has(f"envs/{path}") for path in ("production/environment.yaml", "demo-x/environment.yaml", "production")
    ],
    "proof": verify_environments,
}


@pytest.mark.parametrize("patterns", [WITHOUT_ENVIRONMENTS, "/README.md\n"])
def test_every_reader_finds_in_a_sparse_checkout_what_it_finds_in_a_whole_one(whole: Path, patterns: str) -> None:
    there = Checkout(sparse(whole, patterns))
    assert not (there.root / "envs/production").exists()
    for name, read in READERS.items():
        assert read(there) == read(Checkout(whole)), name


def test_a_value_of_an_environment_that_is_not_written_is_not_free(whole: Path) -> None:
    manifest = example.production().model_copy(update={"name": DEMO})
    place(whole / "envs/demo-x", assemble(example.template(), manifest))
    commit(whole)
    there = Checkout(sparse(whole, f"{WITHOUT_ENVIRONMENTS}/envs/production/\n"))
    assert not (there.root / "envs/demo-x").exists()
    assert "which demo-x already uses" in str(verify_environments(there, ["production"]).findings)


def test_only_what_is_worked_on_is_written(whole: Path) -> None:
    there = Checkout(sparse(whole))
    for _ in range(2):
        there.bring_out(PRODUCTION)
    written = {path.relative_to(there.root).as_posix() for path in (there.root / "envs").rglob("*") if path.is_file()}
    git(whole, "rm", "-qr", "envs/odd", "envs/other", "envs/production/errored.tfstate")
    assert written == {path.relative_to(whole).as_posix() for path in (whole / "envs").rglob("*") if path.is_file()}
    for path in written:
        assert (there.root / path).stat().st_mode == (whole / path).stat().st_mode
        assert (there.root / path).is_symlink() == (whole / path).is_symlink()
    assert READERS["code"](there) == READERS["code"](Checkout(whole))


def test_what_somebody_changed_or_deleted_in_a_sparse_checkout_counts_as_it_lies_there(whole: Path) -> None:
    there = Checkout(sparse(whole))
    there.bring_out(PRODUCTION)
    git(there.root, "status", "--porcelain")
    (there.root / "envs/production/app/main.tf").write_text("# changed\n")
    (there.root / "envs/production/app/provider.tf").unlink()
    files = there.environment(PRODUCTION)
    assert files["app/main.tf"].data == b"# changed\n"
    assert "app/provider.tf" not in files


def test_what_is_refused_of_a_whole_checkout_is_refused_of_a_sparse_one(whole: Path) -> None:
    (whole / "envs/production/big").write_bytes(bytes(1024**2))
    (whole / "envs/demo-x").mkdir()
    (whole / "envs/demo-x/environment.yaml").symlink_to("../production/environment.yaml")
    (whole / "envs/_shared/other").symlink_to("logs")
    git(whole, "add", "-A")
    git(whole, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},envs/qa-x/sub")
    git(whole, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x")
    there = Checkout(sparse(whole))
    with pytest.raises(UserError, match="more than 1 MiB"):
        list(left_out(there.root).files("envs/production", 1024**2))
    with pytest.raises(UserError, match=r"demo-x/environment\.yaml is a symlink"):
        there.manifest_alone(DEMO)
    with pytest.raises(UserError, match="other is a symlink"):
        there.module("../_shared/other", "demo-x")
    with pytest.raises(UserError, match="`sub` is a submodule"):
        there.environment(EnvironmentName("qa-x"))


def test_content_that_git_lacks_is_not_taken_for_nothing(whole: Path, tmp_path: Path) -> None:
    there = sparse(whole)
    git(there, "config", "--remove-section", "remote.origin")
    pack = there / ".git/objects/pack"
    for each in pack.iterdir():
        each.rename(tmp_path / each.name)
    with pytest.raises(Unverifiable, match=r"git (has no content of|cat-file failed)"):
        Checkout(there).environment(PRODUCTION)


def test_without_git_or_with_a_whole_checkout_nothing_is_left_out(whole: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(whole, "worktree", "add", "-q", str(linked))
    for root in (whole, linked, tmp_path, Path("nowhere")):
        assert not left_out(root)
    git(linked, "sparse-checkout", "set", "--cone", "templates")
    assert DEFAULT.environment("production") in {path.rpartition("/")[0] for path in left_out(linked).below("envs")}
