"""What a run on an environment acts on: its store, its policy, its Terraform, and GitHub if there is one."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import typer

from bot.cli.actions.options import ACTIONS, run_url, write_summary
from bot.cli.masked import mask_streams, process_secrets
from bot.clients.cage import landlock, reach_of, unconfined
from bot.clients.git.checkout import Checkout
from bot.clients.git.commits import commit_of
from bot.clients.git.history.changes import change_of
from bot.clients.github import GitHub, Token
from bot.clients.hcl_referee import gate_rules
from bot.clients.lock_owner import stale_reason, this_lock_owner
from bot.clients.objects.directory import DirectoryStore
from bot.clients.objects.opening import open_object_store
from bot.clients.objects.store import ObjectStore
from bot.clients.own_memory import keep_memory_private
from bot.clients.steady_clock import steady
from bot.clients.terraform.program import find_terraform
from bot.clients.terraform.terraform import Terraform
from bot.clouds.registry import FACTS
from bot.clouds.store_address import S3Address, read_address
from bot.core.checks.backend import store_address
from bot.core.ledger.redaction import add_mask_lines, held
from bot.core.rendering.assemble import read_manifest
from bot.core.requests.account_variables import account_variables
from bot.core.requests.accounts import REGION, account_of, named_account
from bot.errors import UserError
from bot.model.account import PolicyAccount
from bot.model.environment import Manifest
from bot.model.pipeline import Json
from bot.model.policy import Policy
from bot.names import EnvironmentName, RepositoryName
from bot.runs.context import ApplyContext
from bot.runs.plan.approvals import ProposedCommit
from bot.runs.request import ApplyRequest
from bot.runs.reviewed_commit import OnGitHub


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


def store_of(place: str, root: Path, name: EnvironmentName, policy: Policy) -> ObjectStore:
    """Return the store that was named, or else that of the environment's account."""
    if not place:
        return account_store(account_of(_last_manifest(Checkout(root, policy.roots), name), policy))
    if "://" not in place:
        return DirectoryStore(Path(place))
    address = read_address(place)
    if isinstance(address, S3Address) and not address.region:
        address = replace(
            address, region=str(_last_manifest(Checkout(root, policy.roots), name).parameters.get(REGION, ""))
        )
    return open_object_store(address)


def known_account(root: Path, name: EnvironmentName, policy: Policy) -> PolicyAccount:
    """Return the account of an environment; one that says nothing where the policy has none, as for a store of one's own."""
    found = named_account(_last_manifest(Checkout(root, policy.roots), name), policy)
    return PolicyAccount() if isinstance(found, str) else found.account


def account_store(account: PolicyAccount) -> ObjectStore:
    """Return the store of an account; a bucket of S3 that does not say its region is in the account's, if that keeps state in S3."""
    address = read_address(store_address(account, FACTS))
    own = FACTS.accounts[account.cloud or FACTS.key].backend
    if isinstance(address, S3Address) and not address.region and own == "s3":
        address = replace(address, region=account.region)
    return open_object_store(address)


def _last_manifest(checkout: Checkout, name: EnvironmentName) -> Manifest:
    """Return the environment's manifest as it is, or as it was before its directory was removed."""
    where = checkout.roots.environment(name)
    files = checkout.environment(name)
    if not files and (removal := change_of(checkout.root, where)) and removal.parents:
        files = checkout.environment_at(name, removal.parents[0]) or {}
    if not files:
        raise UserError(f"There is no `{where}/` in this checkout, and it never existed on this branch.")
    return read_manifest(files, where)


def on_github(environ: Mapping[str, str]) -> OnGitHub | None:
    """Return GitHub as a job of Actions reaches it, or None outside of one."""
    token, repository = environ.get("GITHUB_TOKEN"), environ.get("GITHUB_REPOSITORY")
    if not token or not repository or not environ.get("GITHUB_ACTIONS"):
        return None
    api_url = environ.get("GITHUB_API_URL", "https://api.github.com")
    return OnGitHub(GitHub(Token(token, ACTIONS), api_url=api_url), RepositoryName(repository))


def schedule_of(environ: Mapping[str, str]) -> str:
    """Return the line of cron that started this job of Actions; empty if something else did."""
    try:
        return str(json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))["schedule"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def proposed_commit(environ: Mapping[str, str]) -> ProposedCommit | None:
    """Return the head of the pull request that this job of Actions is about, which somebody may have approved; else None."""
    token, repository = environ.get("GITHUB_TOKEN"), environ.get("GITHUB_REPOSITORY")
    path = environ.get("GITHUB_EVENT_PATH")
    if not token or not repository or not path:
        return None
    api_url = environ.get("GITHUB_API_URL", "https://api.github.com")
    on = OnGitHub(GitHub(Token(token, ACTIONS), api_url=api_url), RepositoryName(repository))
    try:
        pull = json.loads(Path(path).read_text("utf-8"))["pull_request"]
        return ProposedCommit(on, int(pull["number"]), str(pull["head"]["sha"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # started by something else, and so nobody approved anything
