"""Take the snapshot of an environment's state that its clones are compared with.

This runs with that environment's own read-only role, on its code as it is on the default branch, before anything of a pull
request is run. It reads state and nothing else: no provider is configured, so not one call reaches the environment itself.
"""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from bot.clients.git.checkout import Checkout
from bot.clients.git.commits import commit_of
from bot.clients.objects.store import ObjectStore
from bot.clients.process import TimedOut
from bot.clients.terraform.output import TerraformFailed
from bot.clients.terraform.terraform import Terraform
from bot.core.checks.backend import state_keys
from bot.core.checks.static_checks import GateRules, gate
from bot.core.parity.by_plan.snapshot import SourceSnapshot, StackSnapshot, read_state
from bot.core.plural import counted
from bot.core.rendering.assemble import read_manifest
from bot.core.tree import tree_id
from bot.errors import Unverifiable, UserError
from bot.names import EnvironmentName, StepName

SIDE_BY_SIDE = 4
"""States read at once. No provider runs, so it is S3's answer that each waits for."""


@dataclass(frozen=True, slots=True)
class SnapshotContext:
    """What a snapshot is taken with. `checkout` is at the default branch; `store` holds the states too, if it `holds_states`."""

    checkout: Checkout
    rules: GateRules
    terraform: Terraform
    store: ObjectStore
    now: Callable[[], datetime]
    holds_states: bool = True
    log: Callable[[str], None] = field(default=lambda line: None)


def take_snapshot(name: EnvironmentName, by: SnapshotContext) -> SourceSnapshot:
    """Return the state of every stack, what is sensitive sealed. Raises `UserError` and `Unverifiable`."""
    files, where = by.checkout.environment(name), by.checkout.roots.environment(name)
    if not files:
        raise UserError(f"{where} does not exist here: there is nothing to take a snapshot of.")
    manifest = read_manifest(files, where)
    code = by.checkout.code(name)
    if refused := gate(code, manifest.stacks, by.rules, where):
        raise UserError("This code was rejected by the static checks:\n" + "\n".join(map(str, refused)))
    key = secrets.token_hex(32)
    keys = state_keys(files, manifest, by.rules.cloud) if by.holds_states else {}

    def read(stack: StepName) -> StackSnapshot | None:
        # Most often there is all or nothing; to look first saves starting Terraform where nothing was ever applied.
        if stack in keys and by.store.read(keys[stack]) is None:
            by.log(f"{stack}: never applied")
            return None
        try:
            with by.terraform.opened(by.checkout.root / where / stack) as module:
                module.init()
                found = read_state(module.show_state(), key)
        except (TerraformFailed, TimedOut) as error:
            raise Unverifiable(f"The state of {where}/{stack} could not be read: {error}") from error
        by.log(f"{stack}: {counted(len(found.resources) if found else 0, 'resource')}")
        return found

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        stacks = dict(zip(manifest.stacks, pool.map(read, manifest.stacks), strict=True))
    return SourceSnapshot(
        environment=name,
        commit=commit_of(by.checkout.root),
        tree=tree_id(files),
        revision=manifest.revision,
        taken_at=by.now(),
        key=key,
        stacks=stacks,
    )
