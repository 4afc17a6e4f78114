"""What was found when an environment was last checked for drift, as the run wrote it into the check of a commit."""

from bot.core.plans.drift_facts import DriftFacts, read_facts
from bot.core.requests.rerun import DRIFT_CHECK
from bot.names import EnvironmentName
from bot.service.planned.checks import newest_check
from bot.service.repository import Repository

MOST_LOOKED_AT = 20
"""Commits of the default branch whose checks are asked for, one request each: drift is looked for at least once a day."""


def drift_found(repo: Repository, name: EnvironmentName) -> DriftFacts | None:
    """Return what was found last of an environment as it is now; None when nobody has looked since it changed. Raises `Transient`."""
    check_name, tree = DRIFT_CHECK.format(environment=name), repo.trees().get(name)
    commit: str | None = repo.commit
    for _ in range(MOST_LOOKED_AT):
        if commit is None or repo.mirror.tree_at(commit, repo.roots.environment(name)) != tree:
            return None
        check = newest_check(repo, commit, check_name)
        if check is not None and check.conclusion is not None:
            facts = read_facts(check.text)
            is_ours = facts is not None and (facts.environment, facts.commit) == (name, commit)
            return facts if is_ours else None
        commit = repo.mirror.history.parent(commit)
    return None
