"""What planning acts on, for whatever is planned."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.clients.git.checkout import Checkout
from bot.clients.objects.store import ObjectStore
from bot.clients.terraform.terraform import Terraform
from bot.core.tree import Tree
from bot.model.policy import Policy
from bot.names import TemplateName
from bot.runs.plan.approvals import ProposedCommit
from bot.runs.plan.parity import ParityBase


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What planning acts on. `checkout` is at the pull request's head; `policy`, `base_template` and `against` are the base branch's."""

    checkout: Checkout
    policy: Policy
    base_template: Callable[[TemplateName], Tree]
    terraform: Terraform
    store: ObjectStore
    now: Callable[[], datetime]
    log: Callable[[str], None] = field(default=lambda line: None)
    against: ParityBase = field(default_factory=ParityBase)
    proposed: ProposedCommit | None = None
