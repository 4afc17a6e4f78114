"""The files at the root of the repository, held against one another: what runs at home, before a commit and in CI is the same."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import yaml

from tests import ROOT


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project


def _parts_of_check() -> list[str]:
    found = re.search(r"^CHECKS := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert found
    return found[1].split()


def test_a_commit_runs_every_part_of_make_check_and_nothing_else() -> None:
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert local["repo"] == "local"  # anything else would be fetched
    assert [hook["entry"] for hook in local["hooks"]] == [f"make {part}" for part in _parts_of_check()]
    assert all(hook["always_run"] and not hook["pass_filenames"] for hook in local["hooks"])


def test_every_part_of_make_check_is_a_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^check: \$\(CHECKS\)", makefile, re.MULTILINE)
    for part in _parts_of_check():
        assert re.search(rf"^{part}: \$\(READY\)", makefile, re.MULTILINE), part


def test_the_licence_is_the_one_that_the_metadata_names() -> None:
    assert _project()["license"] == "Apache-2.0"
    assert _project()["license-files"] == ["LICENSE"]
    text = (ROOT / "LICENSE").read_text()
    assert text.split()[:5] == ["Apache", "License", "Version", "2.0,", "January"]
    assert "END OF TERMS AND CONDITIONS" in text


def test_locks_hold_hashes_and_no_address() -> None:
    for name in (
        "requirements.lock",
        "requirements-dev.lock",
        "requirements-site.lock",
        "requirements-terraform.lock",
        ".github/actions/setup/build.lock",
        ".github/actions/setup/clouds.lock",
    ):
        blocks = re.split(r"\n(?=\w)", (ROOT / name).read_text().strip())
        assert all("--hash=sha256:" in block for block in blocks if not block.startswith("#")), name
        assert "://" not in (ROOT / name).read_text(), name


def test_code_owners_name_paths_that_are_there() -> None:
    for line in (ROOT / ".github/CODEOWNERS").read_text().splitlines():
        pattern = line.partition("#")[0].split()[:1]
        if pattern and pattern != ["*"]:
            assert (ROOT / pattern[0].strip("/")).is_dir(), line


def test_the_index_of_decisions_lists_each_once() -> None:
    text = (ROOT / "docs/decisions.md").read_text()
    index = re.findall(r"^- \[(.+)\]\(#(.+)\)$", text, re.MULTILINE)
    assert sorted(index) == sorted((title, _anchor(title)) for title in re.findall(r"^## (.+)$", text, re.MULTILINE))


def _anchor(title: str) -> str:
    """Return what GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_the_pictures_of_the_readme_are_there_and_say_in_words_what_they_show() -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert pictures
    for words, place in pictures:
        assert len(words) > 20, place
        assert (ROOT / place).is_file(), place
