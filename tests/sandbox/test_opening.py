"""What a sandbox says to begin with fits the repository that it was started from."""

import shutil
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.sandbox.demo import COMMAND
from bot.sandbox.front_door import HANDLE
from bot.sandbox.opening import first_command, unplanned
from bot.sandbox.sandbox import seed
from tests import ROOT
from tests.cli.local.test_adopt import LAYOUTS, run
from tests.cli.local.test_directory_parity import lay_out


def test_the_first_command_names_a_purpose_only_if_the_template_has_it(tmp_path: Path) -> None:
    assert first_command(ROOT) == COMMAND
    root = lay_out(tmp_path, LAYOUTS[0].files)
    assert run(root, "adopt", "infra/production", "--with", "infra/staging")[0] == 0
    assert first_command(root) == "/clone production as demo-x --ttl 14d"


def test_a_checkout_without_workflows_is_told_that_nothing_will_be_planned(tmp_path: Path) -> None:
    assert not unplanned(ROOT)
    assert "because .github/workflows/plan.yml is missing. Run `envclone init --tool OWNER/NAME@COMMIT`" in unplanned(
        tmp_path
    )


def test_without_a_server_the_checkout_must_have_the_workflow_that_takes_its_place(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    for name in (".github", "envs/production", "templates"):
        shutil.copytree(ROOT / name, mine / name)
    assert (seed(tmp_path / "alone", mine, server=False) / HANDLE).is_file()
    assert not (seed(tmp_path / "served", mine) / HANDLE).exists(), "or each command would be carried out by both"
    (mine / HANDLE).unlink()
    with pytest.raises(UserError, match="`envclone init --no-server`"):
        seed(tmp_path / "other", mine, server=False)
