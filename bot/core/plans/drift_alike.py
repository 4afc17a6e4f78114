"""Which changes outside are the same in several environments: such a change has one cause, and somebody makes it by hand each time.

A change is known by its address and by what is there, whatever the environment is called. One in which anything is secret is left out.
"""

from bot.core.digest import digest_of
from bot.core.plans.drift import Drift
from bot.core.plans.drift_facts import DriftFact, facts_of


def signs(drift: Drift) -> tuple[str, ...]:
    """Return a short digest of each change, equal for the same change of another environment."""
    found = (_sign(drift.environment, fact) for fact in facts_of(drift).changes if not fact.secret)
    return tuple(dict.fromkeys(found))


def _sign(environment: str, fact: DriftFact) -> str:
    said = fact.model_dump_json(exclude={"should"})
    return digest_of(said.replace(environment, "{environment}"))[:12]
