"""`envclone apply ENV` and `envclone ledger ENV`: what the apply workflow runs, and what it left behind."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from bot.cli.console import DOES_NOT_HOLD, edge, say
from bot.clients.checkout import Checkout
from bot.clients.commits import commit_of, file_at
from bot.clients.github import GitHub, Token
from bot.clients.holder import death_of, this_holder
from bot.clients.ledger import LeaseLost, LedgerFile
from bot.clients.objects import DirectoryStore, S3Store, Store
from bot.clients.terraform import Terraform, find_terraform
from bot.core import apply_text, ledger_text
from bot.core.apply_outcome import ApplyOutcome
from bot.core.apply_summary import refusal, summary
from bot.core.assemble import read_manifest
from bot.core.mask import add_mask_lines
from bot.core.summary import STEP_SUMMARY_LIMIT
from bot.core.targets import ACCOUNT
from bot.document import load
from bot.environment import directory
from bot.errors import Unverifiable, UserError
from bot.flows.apply import apply as apply_environment
from bot.flows.applying import ApplyRequest, ApplyWorld
from bot.flows.deployment import Deployment, pull_request_of
from bot.flows.reviewed import OnGitHub, reviewed_head
from bot.names import EnvironmentName, ParameterName, RepositoryName, shown
from bot.pipeline import Json
from bot.policy import PATH as POLICY
from bot.policy import Policy

ACTIONS = "github-actions[bot]"
REGION = ParameterName("region")

Root = Annotated[Path, typer.Option("--root", help="The checkout.", file_okay=False, exists=True)]
StoreOption = Annotated[
    str,
    typer.Option(
        "--store", help="Where reviews and ledgers lie: s3://BUCKET/PREFIX or a directory; else the account's bucket."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of text; the log goes to standard error.")]


def apply(  # noqa: PLR0913, PLR0917 (one parameter for each option)
    environment: Annotated[str, typer.Argument(help="The environment's name.")],
    root: Root = Path(),
    commit: Annotated[str, typer.Option("--commit", help="The commit that is checked out; else asked of git.")] = "",
    head: Annotated[
        str, typer.Option("--head", help="The commit that was reviewed; else told from history, GitHub or the ledger.")
    ] = "",
    store: StoreOption = "",
    max_parallel: Annotated[int, typer.Option("--max-parallel", min=1, max=16, help="Steps side by side.")] = 4,
    take_over: Annotated[
        str,
        typer.Option(
            "--take-over",
            envvar="TAKE_OVER",
            metavar="REASON",
            help="Take the environment from a run that is dead, with the state's locks that it left; say how you know.",
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Apply what was reviewed and merged. Exits with 0 (live), 1 (failed or refused) or 2 (can't be known)."""
    with edge(), _stoppable():
        name = EnvironmentName(environment)
        policy = _policy(root, commit or "HEAD")
        opened = _store(store, root, name, policy)
        on = _on_github(os.environ)
        request = replace(
            _request(name, root, head or reviewed_head(root, name, opened, on)),
            take_over=take_over,
            max_parallel=max_parallel,
        )
        if commit and not request.commit.startswith(commit):
            raise UserError(f"The checkout is at {request.commit[:12]}, not at {shown(commit)}.")
        outcome = _applied(request, _world(opened, policy, as_json), on)
        say(apply_text.text(outcome), lambda: outcome.model_dump(mode="json"), as_json)
        if not outcome.has_succeeded:
            raise typer.Exit(DOES_NOT_HOLD)


def ledger(
    environment: Annotated[str, typer.Argument(help="The environment's name.")],
    root: Root = Path(),
    store: StoreOption = "",
    as_json: AsJson = False,
) -> None:
    """Print what each step of an environment did last, and who is at work on it."""
    with edge():
        name = EnvironmentName(environment)
        policy = Policy() if store else _policy(root, "HEAD")
        found = LedgerFile(_store(store, root, name, policy), name).read()
        say(ledger_text.text(found), lambda: found.model_dump(mode="json"), as_json)


def _applied(request: ApplyRequest, world: ApplyWorld, on: OnGitHub | None) -> ApplyOutcome:
    """Apply, and tell GitHub and the step summary how it goes."""
    told = None
    if on is not None:
        number = pull_request_of(on.github, on.repository, request)
        told = Deployment(on.github, on.repository, request, world.log, number)
        told.begin()
    try:
        outcome = apply_environment(request, world)
    except (UserError, Unverifiable, KeyboardInterrupt) as error:
        reason = str(error) or "The run was stopped. Run the workflow again: it goes on where this one stopped."
        was_begun = isinstance(error, LeaseLost) or not isinstance(error, UserError)
        _write_summary(refusal(request.environment, reason, was_begun=was_begun))
        if told is not None:
            told.refuse(reason, was_begun=was_begun)
        raise
    _write_summary(summary(outcome, STEP_SUMMARY_LIMIT))
    if told is not None:
        told.end(outcome)
    return outcome


def _request(name: EnvironmentName, root: Path, head: str) -> ApplyRequest:
    holder = this_holder(os.environ)
    return ApplyRequest(
        environment=name,
        root=root.resolve(),
        commit=commit_of(root),
        head=head,
        by=os.environ.get("GITHUB_ACTOR") or holder.machine,
        holder=holder.name,
        machine=holder.machine,
        run_url=_run_url(os.environ),
    )


def _world(store: Store, policy: Policy, as_json: bool) -> ApplyWorld:
    terraform = Terraform(find_terraform(os.environ), os.environ, policy.gate)
    on_actions = bool(os.environ.get("GITHUB_ACTIONS"))

    def log(line: str) -> None:
        typer.echo(line, err=as_json)

    def announce(value: Json) -> None:
        # Only the runner reads these lines: it takes them out of the log, and hides what they name from then on.
        for line in add_mask_lines(value) if on_actions else ():
            typer.echo(line, err=as_json)

    return ApplyWorld(
        store=store,
        terraform=terraform,
        rules=policy.gate,
        hook_variables=terraform.environment,
        now=lambda: datetime.now(UTC),
        log=log,
        announce=announce,
        death_of=lambda other: death_of(other, this_holder(os.environ)),
    )


def _policy(root: Path, commit: str) -> Policy:
    text = file_at(root, commit, POLICY)
    return Policy() if text is None else load(text.decode("utf-8", "replace"), Policy, POLICY)


def _store(place: str, root: Path, name: EnvironmentName, policy: Policy) -> Store:
    """Return the store that was named, or else that of the environment's account."""
    if place and not place.startswith("s3://"):
        return DirectoryStore(Path(place))
    files = Checkout(root).environment(name)
    if not files:
        raise UserError(f"There is no {directory(name)} in {root}.")
    parameters = read_manifest(files, directory(name)).parameters
    if place:
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        return S3Store(bucket, prefix, str(parameters.get(REGION)))
    number = parameters.get(ACCOUNT)
    if not isinstance(number, str) or number not in policy.accounts:
        raise UserError(f"Account {shown(str(number))} is not in the policy's `accounts` ({POLICY}).")
    account = policy.accounts[number]
    return S3Store(account.state_bucket, "", account.region)


def _on_github(environ: Mapping[str, str]) -> OnGitHub | None:
    token, repository = environ.get("GITHUB_TOKEN"), environ.get("GITHUB_REPOSITORY")
    if not token or not repository or not environ.get("GITHUB_ACTIONS"):
        return None
    api_url = environ.get("GITHUB_API_URL", "https://api.github.com")
    return OnGitHub(GitHub(Token(token, ACTIONS), api_url=api_url), RepositoryName(repository))


def _run_url(environ: Mapping[str, str]) -> str:
    parts = [environ.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")]
    return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}" if all(parts) else ""


def _write_summary(text: str) -> None:
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let a runner's SIGTERM end the run as Ctrl-C does: running steps finish, the lease is given back."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
