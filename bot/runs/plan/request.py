"""What is to be planned."""

from dataclasses import dataclass

from bot.core.plans.environment_plan import ChangeKind
from bot.names import EnvironmentName


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Which environment, at which head commit of the pull request, and the page of the run that plans it."""

    environment: EnvironmentName
    commit: str
    change: ChangeKind
    run_url: str = ""
