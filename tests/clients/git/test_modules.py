"""Modules outside an environment are read from the work tree, and nothing that only looks like one."""

from pathlib import Path

import pytest

from bot.clients.git.checkout import Checkout
from bot.errors import UserError

LOGS = "../../modules/logs"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path in (
        "modules/logs/main.tf",
        "envs/other/app/main.tf",
        "envs/other/environment.yaml",
        "envs/shared/main.tf",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    return tmp_path


@pytest.mark.parametrize("directory", [LOGS, "../shared"])
def test_a_module_of_the_repository_is_read(root: Path, directory: str) -> None:
    assert list(Checkout(root).module(directory, "demo-x")) == ["main.tf"]


@pytest.mark.parametrize(
    "directory", ["..", "../..", "../../..", "../../../etc", "../other/app", "../other", "../../envs", "../../.git"]
)
def test_what_is_no_module_of_the_repository_is_not_read(root: Path, directory: str) -> None:
    assert Checkout(root).module(directory, "demo-x") == {}


def test_a_symlink_on_the_way_to_a_module_is_refused(root: Path, tmp_path: Path) -> None:
    (root / "linked").symlink_to(tmp_path / "modules")
    with pytest.raises(UserError, match="linked is a symlink"):
        Checkout(root).module("../../linked/logs", "demo-x")


def test_a_directory_of_any_size_is_not_read_as_a_module(root: Path) -> None:
    with (root / "modules/logs/large").open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    with pytest.raises(UserError, match="holds more than 64 MiB"):
        Checkout(root).module(LOGS, "demo-x")
