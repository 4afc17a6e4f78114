"""What a run on an environment acts on: its request, its Terraform, its clock and its log."""

import os
from datetime import UTC, datetime
from pathlib import Path

import typer

from bot.cli.actions.options import run_url, write_summary
from bot.cli.masked import mask_streams, process_secrets
from bot.clients.cage import landlock, reach_of, unconfined
from bot.clients.git.commits import commit_of
from bot.clients.hcl_referee import gate_rules
from bot.clients.lock_owner import stale_reason, this_lock_owner
from bot.clients.objects.store import ObjectStore
from bot.clients.own_memory import keep_memory_private
from bot.clients.steady_clock import steady
from bot.clients.terraform.program import find_terraform
from bot.clients.terraform.terraform import Terraform
from bot.core.ledger.redaction import add_mask_lines, held
from bot.core.requests.account_variables import account_variables
from bot.model.account import PolicyAccount
from bot.model.pipeline import Json
from bot.model.policy import Policy
from bot.names import EnvironmentName
from bot.runs.context import ApplyContext
from bot.runs.request import ApplyRequest


def request_of(name: EnvironmentName, root: Path, head: str) -> ApplyRequest:
    """Return the request of this process, for what is checked out at `root`."""
    owner = this_lock_owner(os.environ)
    return ApplyRequest(
        environment=name,
        root=root.resolve(),
        commit=commit_of(root),
        head=head,
        by=os.environ.get("GITHUB_ACTOR") or owner.machine,
        lock_owner=owner.name,
        machine=owner.machine,
        run_url=run_url(os.environ),
    )


def context_of(store: ObjectStore, policy: Policy, account: PolicyAccount, as_json: bool) -> ApplyContext:
    """Return what a run acts on: this machine's Terraform, its variables, its clock; the log goes to the terminal."""
    terraform = terraform_of(policy, account)
    on_actions = bool(os.environ.get("GITHUB_ACTIONS"))

    def log(line: str) -> None:
        typer.echo(line, err=as_json)

    def announce(value: Json) -> None:
        # Only the runner reads these lines: it takes them out of the log, and hides what they name from then on.
        for line in add_mask_lines(value) if on_actions else ():
            typer.echo(line, err=as_json)

    return ApplyContext(
        store=store,
        terraform=terraform,
        rules=gate_rules(policy),
        hook_variables=terraform.environment,
        # Put back meanwhile, the machine's clock would have this run's lease end while it is at work.
        now=lambda: max(datetime.now(UTC), steady()),
        log=log,
        announce=announce,
        held=(*held(os.environ), *terraform.secrets),
        stale_reason=lambda other: stale_reason(other, this_lock_owner(os.environ)),
    )


def terraform_of(policy: Policy, account: PolicyAccount) -> Terraform:
    """Return this machine's Terraform as the policy lets it run for an account. Raises `UserError` if that has to be confined and can't be.

    From now on this process's own memory is closed to what it runs, and its tokens and keys are hidden in what it prints.
    """
    keep_memory_private()
    variables = account_variables(account, os.environ)
    if os.environ.get("GITHUB_ACTIONS"):
        # Before our own mask, which would hide the values in these lines, too; the runner takes the lines out of the log.
        for line in (line for value in variables.values() for line in add_mask_lines(value)):
            typer.echo(line, err=True)
    for value in variables.values():
        process_secrets().add(value)
    mask_streams()
    if (said := unconfined(policy.confinement, landlock())) is not None:
        typer.echo(said, err=True)
        write_summary(f"{said}\n")
    program, reach = find_terraform(os.environ, policy.tool), reach_of(policy.confinement)
    return Terraform(program, os.environ, gate_rules(policy), reach, variables=variables)
