"""`.ci/release_notes.py`: the notes of a release, or why a tag is not one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT

CHANGELOG = """# Changelog

Newest first.

## Unreleased

- not yet

## 1.2.0 (2026-11-28)

- `/clone` is faster

### Fixed

- a fault

## 1.1.0

- older
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci/release_notes.py").write_bytes((ROOT / ".ci/release_notes.py").read_bytes())
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def _notes(project: Path, tag: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(project / ".ci/release_notes.py"), tag], capture_output=True, text=True, check=False
    )


def test_the_notes_are_the_version_s_own_section(project: Path) -> None:
    done = _notes(project, "v1.2.0")
    assert (done.returncode, done.stdout) == (0, "- `/clone` is faster\n\n### Fixed\n\n- a fault\n")


def test_a_tag_of_another_version_is_refused(project: Path) -> None:
    done = _notes(project, "v1.3.0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The tag is v1.3.0, but pyproject.toml has version 1.2.0. Tag the commit as v1.2.0.\n"


def test_a_version_without_notes_is_refused(project: Path) -> None:
    (project / "CHANGELOG.md").write_text(CHANGELOG.replace("## 1.2.0 (2026-11-28)", "## 1.2.01"))
    done = _notes(project, "v1.2.0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "CHANGELOG.md has no notes for 1.2.0. Rename `## Unreleased` to `## 1.2.0`.\n"
