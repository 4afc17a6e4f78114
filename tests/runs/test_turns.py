"""The pipeline's tests run on two Terraforms, by turns (`NEWER` in tests/support/terraform.py)."""

import platform
from pathlib import Path

import pytest

from tests import ROOT
from tests.support.terraform import NEWER, PACKAGED, newer_first, on_newer, program

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        (platform.system(), platform.machine()) != ("Linux", "x86_64"), reason="no package holds Terraform"
    ),
]


def test_what_has_its_turn_runs_on_the_packaged_terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [file for file in NEWER if not (ROOT / file).is_file() or not on_newer("turns", file)] == []
    monkeypatch.setenv("PATH", newer_first())
    assert program(tmp_path, {}).binary == PACKAGED
