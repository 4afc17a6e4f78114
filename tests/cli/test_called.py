"""What the program says to type is what a person can type."""

import os
import sys
from pathlib import Path

import pytest

from bot.cli.called import called


def test_it_is_called_by_its_name_only_where_the_shell_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = tmp_path / "some where" / ".venv/bin"
    beside.mkdir(parents=True)
    monkeypatch.setattr(sys, "executable", str(beside / "python"))
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.chdir(tmp_path)
    assert called() == "envclone", "there is no such file, so whoever started it knows how"

    (beside / "envclone").touch(mode=0o755)
    assert called() == "'some where/.venv/bin/envclone'"
    monkeypatch.chdir(tmp_path / "some where")
    assert called() == ".venv/bin/envclone"
    monkeypatch.chdir("/")
    assert called().strip("'") == str(beside / "envclone").lstrip("/")

    monkeypatch.setenv("PATH", f"{beside}:{os.defpath}")
    assert called() == "envclone"
