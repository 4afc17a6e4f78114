"""Parity certificates, as a plan wrote them into a check of the commit that was reviewed."""

from collections.abc import Sequence

from bot.clients.github import GitHub
from bot.clients.github.records import ACTIONS_APP
from bot.core.parity.certificate import CHECK, Certificate, read_certificate
from bot.names import EnvironmentName, RepositoryName


def certificate_on(
    github: GitHub, repository: RepositoryName, name: EnvironmentName, commits: Sequence[str]
) -> Certificate | None:
    """Return the newest certificate of an environment on any of these commits; one by anybody but Actions counts for nothing."""
    found = [
        certificate
        for commit in commits
        for check in github.checks(repository, commit, CHECK.format(environment=name))
        if check.app == ACTIONS_APP and (certificate := read_certificate(check.summary)) is not None
    ]
    return max((each for each in found if each.environment == name), key=lambda each: each.issued_at, default=None)
