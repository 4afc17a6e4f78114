"""What keeps this repository's own pins fresh."""

import json
import re
import subprocess

from tests import ROOT

CONFIGURATION = json.loads((ROOT / ".github" / "renovate.json").read_text())


def test_every_lock_of_packages_is_kept_fresh() -> None:
    patterns = [each.strip("/") for each in CONFIGURATION["pip_requirements"]["managerFilePatterns"]]
    listed = subprocess.run(["git", "ls-files", "*.lock"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    locks = listed.split()
    assert "requirements.lock" in locks
    assert [lock for lock in locks if not any(re.search(pattern, lock) for pattern in patterns)] == []


def test_pyproject_is_read_by_the_manager_that_the_rules_are_for() -> None:
    assert CONFIGURATION["poetry"]["enabled"] is False, "else poetry's manager takes the file from pep621's"
    assert any("pep621" in rule.get("matchManagers", ()) for rule in CONFIGURATION["packageRules"])


def test_rendered_environments_are_left_alone() -> None:
    assert "envs/**" in CONFIGURATION["ignorePaths"]
