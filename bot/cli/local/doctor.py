"""`envclone doctor`: a table of probes. Each looks at one thing; `bot.core.installation.doctor` says how that is."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final

import typer

from bot.cli.actions.account_store import account_store
from bot.cli.console import DOES_NOT_HOLD, NOT_CHECKED, edge, say
from bot.cli.local.options import AsJson, Root
from bot.cli.serving.github_account import github_client
from bot.clients.git.checkout import Checkout, own_checkout
from bot.clients.github import GitHubRefused
from bot.clients.reach import ahead_of
from bot.clients.role_trust import is_role, trusted_subjects
from bot.clients.shipped import shipped
from bot.clients.store import SQLITE_FILE, StoreUnavailable, open_store
from bot.clients.terraform.program import find_terraform
from bot.clients.transient import Transient
from bot.clouds.registry import FACTS
from bot.core.checks.backend import store_address
from bot.core.checks.required_providers import LOCK, of_one_platform
from bot.core.installation import doctor as verdicts
from bot.core.installation.doctor import Release, Verdict
from bot.core.installation.files import (
    BRANCHED,
    CODE_OWNERS,
    GITHUB,
    HANDLE,
    NO_SERVER,
    PRISTINE,
    ROLES,
    branch_of,
    fitted,
    unguarded,
)
from bot.core.installation.pins import loose
from bot.core.installation.tool_source import PATH as TOOL_ACTION
from bot.core.installation.upgrade import FileVersions, Outcome
from bot.errors import Finding, Unreadable, Unverifiable, UserError
from bot.model.policy import PATH as POLICY_PATH
from bot.model.policy import Tool
from bot.names import TemplateName
from bot.settings import Settings, read

TIMEOUT = 30
TOOLS: Final[Mapping[Tool, str]] = {"terraform": "Terraform", "opentofu": "OpenTofu"}
MARKS: Final = {"ok": "✓", "problem": "✗", "unknown": "?", "left out": "·"}


Stores = Annotated[
    bool, typer.Option("--stores", help="Also check each account's store and roles, with this machine's credentials.")
]


def doctor(root: Root = Path(), stores: Stores = False, as_json: AsJson = False) -> None:
    """Check everything that envclone needs (this machine, the checkout, GitHub), and say how to fix what is wrong."""
    with edge():
        found = [verdict for probe in (*PROBES, *((_accounts,) if stores else ())) for verdict in probe(root)]
    say("\n".join(_lines(found)), lambda: [asdict(verdict) for verdict in found], as_json)
    healths = {verdict.health for verdict in found}
    if "problem" in healths:
        raise typer.Exit(DOES_NOT_HOLD)
    if "unknown" in healths:
        raise typer.Exit(NOT_CHECKED)


def _lines(found: Sequence[Verdict]) -> Iterator[str]:
    width = max(len(verdict.probe) for verdict in found)
    for verdict in found:
        yield f"{MARKS[verdict.health]} {verdict.probe.ljust(width)}  {verdict.said}"
        if verdict.fix:
            yield f"  {' ' * width}  → {verdict.fix}"


def _programs(root: Path) -> Iterator[Verdict]:
    yield verdicts.release("Python", sys.version_info[:3], (3, 11), "Install Python 3.11 or newer.")
    fix = "Install a Python that is linked with a newer SQLite, or keep the service's data in PostgreSQL (ENVCLONE_DATABASE_URL)."
    yield verdicts.release("SQLite", sqlite3.sqlite_version_info, (3, 37), fix)
    # From 2.31 on git takes its configuration, and so credentials, from environment variables.
    yield verdicts.release("git", _release("git", "--version"), (2, 31), "Install git 2.31 or newer.")
    yield _tool(_chosen_tool(root))


def _tool(tool: Tool) -> Verdict:
    """Judge the program that the policy lets plan and apply."""
    try:
        found = str(find_terraform(os.environ, tool))
    except UserError:
        return Verdict(TOOLS[tool], "left out", "not on this machine; the workflows install it")
    fix = "Install Terraform 1.10 or newer." if tool == "terraform" else "Install OpenTofu 1.8 or newer."
    return verdicts.release(TOOLS[tool], _release(found, "version"), (1, 10) if tool == "terraform" else (1, 8), fix)


def _chosen_tool(root: Path) -> Tool:
    """Return the policy's tool; a policy that can't be read is another probe's to name."""
    try:
        return Checkout(root).policy().tool
    except Unreadable:
        return "terraform"


def _release(program: str, argument: str) -> Release | None:
    """Return the first version that a program says; None if it is not there or says none."""
    try:
        done = subprocess.run([program, argument], capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\d+(?:\.\d+)+", done.stdout)
    return tuple(map(int, found[0].split("."))) if found else None


def _policy(root: Path) -> Iterator[Verdict]:
    if not (root / POLICY_PATH).is_file():
        yield Verdict("policy", "problem", f"{POLICY_PATH} is missing", "Run `envclone init`.")
        return
    wrong: Sequence[Finding] = ()
    accounts: Sequence[str] = ()
    try:
        accounts = list(Checkout(root).policy().accounts)
    except Unreadable as error:
        wrong = error.findings
    yield verdicts.policy(accounts, wrong)


def _checkout(root: Path) -> Checkout:
    """Return the checkout by its own policy; one that can't be read is another probe's to name, and keeps none from looking."""
    try:
        return own_checkout(root)
    except Unreadable:
        return Checkout(root)


def _environments(root: Path) -> Iterator[Verdict]:
    reading = _checkout(root).read_inventory()
    yield verdicts.environments(len(reading.inventory.live), reading.findings)


def _lock_files(root: Path) -> Iterator[Verdict]:
    checkout = _checkout(root)
    alone: list[str] = []
    missing: list[str] = []
    for name in map(TemplateName, checkout.templates()):
        files, where = checkout.template(name), checkout.roots.template(name)
        alone += [f"{where}/{path}" for path in of_one_platform(files)]
        try:
            stacks = checkout.read_template(name, files).declaration.stacks
        except UserError:
            continue  # `envclone template check` says what is wrong with it
        missing += [f"{where}/{stack}/{LOCK}" for stack in stacks if f"{stack}/{LOCK}" not in files]
    yield verdicts.lock_files(alone, missing, "tofu" if _chosen_tool(root) == "opentofu" else "terraform")


def _installation(root: Path) -> Iterator[Verdict]:
    action = root / TOOL_ACTION
    yield verdicts.tool(action.read_text("utf-8") if action.is_file() else None, version("envclone"))
    roots = _checkout(root).roots
    branch = branch_of(_bytes(root / GITHUB / BRANCHED) or b"") or "main"
    newer = fitted(shipped(), branch, roots)
    outcomes = {path: _outcome(root, path, data) for path, data in newer.items()}
    yield verdicts.pins(list(_loose_actions(root, [TOOL_ACTION, *(f"{GITHUB}/{path}" for path in newer)])))
    optional = NO_SERVER if outcomes[HANDLE] is None else ()
    yield verdicts.workflows(
        {path: each for path, each in outcomes.items() if each is not None or path not in optional}
    )
    code_owners = next((root / each for each in CODE_OWNERS if (root / each).is_file()), None)
    yield verdicts.owners(unguarded(code_owners.read_text("utf-8") if code_owners else "", roots))


def _loose_actions(root: Path, paths: Sequence[str]) -> Iterator[str]:
    """Yield the actions in our own files that can be moved to other code: people edit these files, and keep their edits."""
    for path in paths:
        yield from (f"{action} in {path}" for action in loose((_bytes(root / path) or b"").decode()))


def _outcome(root: Path, path: str, newer: bytes) -> Outcome | None:
    here, pristine = (_bytes(root / directory / path) for directory in (GITHUB, PRISTINE))
    return None if here is None and pristine is None else FileVersions(pristine, here, newer).outcome()


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _accounts(root: Path) -> Iterator[Verdict]:
    try:
        accounts = Checkout(root).policy().accounts
    except Unreadable:
        return  # the probe of the policy says so
    for name, account in accounts.items():
        try:
            # Of a key that is not there, a store that may not be listed says that access is denied, as it would to a plan.
            account_store(account).read("envclone-doctor")
            yield verdicts.store(name, store_address(account, FACTS), None)
        except (Unverifiable, UserError) as error:
            yield verdicts.store(name, store_address(account, FACTS), str(error))
        for role, environment in zip((account.plan_role, account.apply_role), verdicts.GATES, strict=True):
            if is_role(role):
                yield _trust(role, environment, account.region)


def _trust(role: str, environment: str, region: str) -> Verdict:
    try:
        return verdicts.trust(role, environment, trusted_subjects(role, region))
    except Unverifiable as error:
        fix = (
            "Take credentials of the account that may read its roles (`iam:GetRole`), or correct the role's ARN in the policy. If the role is not "
            f"there yet, {GITHUB}/{ROLES} has the code that makes it (`envclone init`)."
        )
        return Verdict(f"trust of {role}", "unknown", str(error), fix)


def _service(_: Path) -> Iterator[Verdict]:
    """Look at GitHub with the service's own settings, where they are in the environment."""
    try:
        settings = read(os.environ)
    except UserError as error:
        yield Verdict("settings", "problem", str(error), "docs/settings.md lists every variable.")
        return
    if not settings.has_credentials:
        said = "no credentials of the service in the environment (ENVCLONE_GITHUB_APP_ID and its key, or ENVCLONE_GITHUB_TOKEN)"
        yield Verdict("GitHub", "left out", said)
        return
    place = settings.data_dir if settings.data_dir.is_dir() else settings.data_dir.absolute().parent
    yield verdicts.disk(shutil.disk_usage(place).free, str(place))
    yield from _queue(settings)
    try:
        yield from _github(settings)
    except (GitHubRefused, Transient, UserError) as error:
        fix = "Check the settings ENVCLONE_GITHUB_…, and that this machine can reach GitHub."
        yield Verdict("GitHub", "unknown", str(error), fix)


def _queue(settings: Settings) -> Iterator[Verdict]:
    url = settings.database_url.get_secret_value() if settings.database_url else None
    if url is None and not (settings.data_dir / SQLITE_FILE).is_file():
        yield Verdict("queue", "left out", f"no service has run with its data in {settings.data_dir}")
        return
    try:
        with closing(open_store(url, settings.data_dir)) as store:
            waiting, silences = store.waiting(), [abs(each.silent_for) for each in store.replicas()]
    except StoreUnavailable as error:
        yield Verdict(
            "queue", "unknown", str(error), "Check ENVCLONE_DATABASE_URL, or ENVCLONE_DATA_DIR and its owner."
        )
        return
    yield verdicts.queue(waiting.count, waiting.oldest, silences, settings.dead_after)


def _github(settings: Settings) -> Iterator[Verdict]:
    yield from _clock(settings.github_api_url)
    client = github_client(settings)
    yield Verdict("GitHub", "ok", f"authenticated as {client.identity()}")
    registration = client.registration()
    if registration is not None:
        yield verdicts.app(registration.permissions, registration.events)
    answers = client.newest_answers()
    if answers is not None:
        yield verdicts.deliveries(answers)
    for repository in settings.repositories or client.repositories():
        branch = client.default_branch(repository)
        yield verdicts.required_check(f"{repository}@{branch}", client.required_checks(repository, branch))
        found = client.environment_branches(repository, verdicts.GATES)
        yield verdicts.deployment_environments(repository, branch, found)


def _clock(url: str) -> Iterator[Verdict]:
    ahead = ahead_of(url)
    if ahead is not None:
        yield verdicts.clock(ahead)


PROBES: Final[Sequence[Callable[[Path], Iterator[Verdict]]]] = (
    _programs,
    _policy,
    _environments,
    _lock_files,
    _installation,
    _service,
)
