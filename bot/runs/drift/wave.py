"""The wave of a rollout that an environment waits for, where drift can't be looked for because a module beside it has changed."""

from dataclasses import replace

from bot.clients.github import GitHub
from bot.core.messages.modules import held
from bot.core.plans.drift import Drift
from bot.core.rollout.module_record import held_by, records_in
from bot.names import RepositoryName


def with_wave(drift: Drift, github: GitHub, repository: RepositoryName, bot: str) -> Drift:
    """Return what was found with the wave and the issue that steps wait for, as the issues of `bot`, or our own, remember it. Raises `Transient`."""
    if not any(step.modules for step in drift.steps):
        return drift
    issues = [*github.our_issues(repository), *(github.issues_by(repository, bot) if bot else ())]
    newest_first = sorted({each.number: each.body for each in issues}.items(), reverse=True)
    found = held_by(records_in(newest_first)).get(drift.environment)
    if found is None:
        return drift
    text = f"it waits for {held.waits(found)}; `/resume {drift.environment}` applies it now"
    return replace(drift, steps=tuple(replace(step, text=text) if step.modules else step for step in drift.steps))
