"""What an apply or a destroy acts on: the store, Terraform, the policy's rules, the clock and the log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.clients.objects.store import ObjectStore
from bot.clients.terraform.terraform import Terraform
from bot.core.checks.static_checks import GateRules
from bot.model.pipeline import Json


@dataclass(frozen=True, slots=True)
class ApplyContext:
    """What an apply acts on.

    `hook_variables` are the environment variables that hooks' programs see. `log` takes one line in which nothing is
    secret. `announce` is told each secret, before anything else is, for whoever masks logs himself. `stale_reason` says why the
    owner of a lease is surely dead, or None.
    """

    store: ObjectStore
    terraform: Terraform
    rules: GateRules
    hook_variables: Mapping[str, str] = field(repr=False)
    now: Callable[[], datetime]
    log: Callable[[str], None]
    announce: Callable[[Json], None]
    held: tuple[str, ...] = field(default=(), repr=False)
    """Tokens and keys that this process holds: hidden like what is learnt to be secret."""
    stale_reason: Callable[[str], str | None] = lambda lock_owner: None
