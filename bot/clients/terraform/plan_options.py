"""How a root module is planned, and the plan file that comes of it."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

LOCK_TIMEOUT = timedelta(seconds=60)
"""Long enough to outlast a plan of somebody else's that holds the lock for a moment."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """How to plan: `refresh_only` finds drift, `destroy` plans the removal of everything.

    `generate` is the file that code is written to for `import` blocks without any (Terraform's `-generate-config-out`).
    `unread_states` are data sources of other states that are not read, so that what they say is known after the apply.
    Without `lock` the state isn't locked (a read-only role can't), and what is applied meanwhile makes the plan stale.
    """

    refresh_only: bool = False
    destroy: bool = False
    lock: bool = True
    lock_timeout: timedelta = LOCK_TIMEOUT
    generate: Path | None = None
    unread_states: tuple[str, ...] = ()


ORDINARY = PlanOptions()


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan file, in the private directory of the module that made it."""

    path: Path
