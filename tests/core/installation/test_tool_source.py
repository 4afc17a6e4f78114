"""Where a monorepo's workflows take the tool from: written, read back, and refused if it can be moved."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bot.core.installation.tool_source import PATH, ToolSource
from bot.errors import InvalidInput
from tests import ROOT

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOURCE = ToolSource("acme/envclone", COMMIT, "1.2.3")


def test_the_action_is_read_back_as_it_was_written() -> None:
    for source in (SOURCE, ToolSource("Acme-2/env.clone_x", COMMIT, "")):
        assert ToolSource.of_action(source.action()) == source


def test_the_version_stands_in_one_line() -> None:
    assert SOURCE.action().count(COMMIT) == 1
    assert SOURCE.action().count("1.2.3") == 1


@pytest.mark.parametrize(
    "text",
    [
        "acme/envclone",
        "acme/envclone@v1",
        "acme/envclone@main",
        f"envclone@{COMMIT}",
        f"acme/envclone@{COMMIT[:12]}",
        "",
    ],
)
def test_what_can_be_moved_to_other_code_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="40 digits"):
        ToolSource.parsed(text, "1.2.3")
    assert ToolSource.of_action(f"    - uses: {text}\n") is None


def test_envclone_s_own_action_names_no_other_repository() -> None:
    assert ToolSource.of_action((ROOT / PATH).read_text()) is None


def test_the_action_hands_on_the_policy_beside_it_and_fits_the_action_that_it_calls() -> None:
    (step,) = yaml.safe_load(SOURCE.action())["runs"]["steps"]
    called = yaml.safe_load((ROOT / PATH).read_text())
    assert set(step["with"]) == set(called["inputs"]) == {"policy"}
    relative = step["with"]["policy"].removeprefix("${{ github.action_path }}/")
    assert (Path(PATH).parent / relative) == Path(".github/actions/setup/../../envclone.yml")


@pytest.mark.slow
def test_linters_find_nothing_in_the_action(tmp_path: Path) -> None:
    file = tmp_path / PATH
    file.parent.mkdir(parents=True)
    file.write_text(SOURCE.action())
    for argv in (
        ["zizmor", "--offline", "--no-progress", "--persona", "auditor", str(tmp_path / ".github")],
        ["check-jsonschema", "--builtin-schema", "vendor.github-actions", str(file)],
    ):
        program = Path(sys.executable).parent / argv[0]
        found = subprocess.run([str(program), *argv[1:]], capture_output=True, text=True, timeout=120, check=False)
        assert found.returncode == 0, found.stdout
        assert not re.search(r"warning\[|error\[", found.stdout)
