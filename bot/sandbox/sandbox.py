"""Everything at once on loopback: GitHub, AWS, Actions and the service, with a monorepo seeded from this repository's own files.

Nothing here is a different product: the service is `envclone serve`, the workflows are the repository's, Terraform is
Terraform. What the sandbox simulates is what lies outside: GitHub, AWS, the internet and the runners' machines.
"""

import logging
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bot.clients.git.checkout import Checkout, own_checkout
from bot.core.checks.workspaces import backend_blocks
from bot.core.hcl.parser import blocks
from bot.core.installation.tool_source import PATH as TOOL_ACTION
from bot.core.installation.tool_source import ToolSource
from bot.core.rendering.assemble import read_manifest
from bot.core.requests.accounts import NamedAccount, named_account
from bot.core.tree import CODE, Tree
from bot.errors import UserError
from bot.names import EnvironmentName, ParameterName, TemplateName
from bot.sandbox.actions.runner import ActionsRunner
from bot.sandbox.aws import SandboxAccount, SandboxAws
from bot.sandbox.aws.accounts import check_buckets
from bot.sandbox.aws.session import Admin
from bot.sandbox.edge import Edge
from bot.sandbox.front_door import APP, HANDLE, NO_SERVER, Service, app_of, service, settings_of_handle
from bot.sandbox.github import GitHubServer
from bot.sandbox.github.records.repositories import NO_COMMIT
from bot.sandbox.pages.routes import routes as pages
from bot.sandbox.port import reserved_port
from bot.sandbox.terraform_config import terraform_environment

REPOSITORY = "acme/infrastructure"
REQUESTER, REVIEWER = "ana", "max"
_NOT_SEEDED = (
    ".terraform",
    "__pycache__",
    "compare.yml",  # called from this repository, by any other
    "ci.yml",
    "release.yml",
)  # the last two are about this repository's own code
_PARENT_ZONE, _CLONES_ZONE = "acme.example", "clones.acme.example"
_LOCK_TABLE = ParameterName("state_dynamodb_table")
"""What `adopt` calls the table of locks that clones use, if it is another than production's."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Sandbox:
    """A running sandbox; see `running`."""

    root: Path
    github: GitHubServer
    aws: SandboxAws
    runner: ActionsRunner
    service: Service | None
    """What carries out the commands; without one, the workflow `handle` does."""
    environment: Mapping[str, str]
    """What a job's machine has: where AWS is, Terraform's configuration, the way to the internet."""
    clones: str
    """The account in which clones live."""

    def client(self, service: str) -> Any:
        """Return a boto3 client with all rights in the account of the clones: somebody with its console open."""
        return Admin(self.aws.endpoint, self.clones, self.aws.accounts[self.clones].region).client(service)


@contextmanager
def running(root: Path, source: Path, *, server: bool = True) -> Iterator[Sandbox]:
    """Start everything under `root` with a monorepo made from `source`, and stop it all at the end, whatever happens.

    Without a server, the monorepo's own workflow `handle` carries out the commands. Raises `UserError`.
    """
    root.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        aws = SandboxAws(root / "aws")
        stack.enter_context(aws.running())
        edge = Edge(aws)
        stack.enter_context(edge.running())
        environment = {
            **aws.environment(),
            **terraform_environment(root / "terraform", os.environ),
            **edge.environment(),
        }
        github = GitHubServer(root / "github", pages=pages)
        github.create_repository(REPOSITORY, seed(root / "monorepo", source, server=server))
        github.add_user(REQUESTER, REPOSITORY, "write")
        github.add_user(REVIEWER, REPOSITORY, "maintain")
        github.protect(REPOSITORY, required_checks=("envclone",))
        stack.enter_context(github.running())
        tool = Path(sys.executable).parent / "envclone"
        app = app_of(github, REPOSITORY)
        settings = None if server else settings_of_handle(app)
        runner = stack.enter_context(ActionsRunner(root / "actions", github, tool, environment, settings))
        clones = _accounts(aws, own_checkout(source), runner.issuer.url)
        found = None
        if server:
            ports = stack.enter_context(reserved_port()), stack.enter_context(reserved_port())
            found = stack.enter_context(service(root / "service", github, app, *ports))
        yield Sandbox(root, github, aws, runner, found, environment, clones)


def seed(target: Path, source: Path, *, server: bool = True) -> Path:
    """Copy what a company's monorepo would hold of `source` (templates, production, workflows, policy) to `target`.

    Not the tool: the workflows take it from another repository, for which a stand-in answers here. Raises `UserError`.
    """
    of = own_checkout(source)
    for name in (*of.roots.of_templates, of.roots.environment("production"), ".github"):
        if not (source / name).is_dir():
            raise UserError(
                f"{source / name} does not exist. Run this in a checkout that has templates, environments and workflows."
            )
        shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns(*_NOT_SEEDED))
    if server:
        for path in NO_SERVER:
            (target / path).unlink(missing_ok=True)
    elif not (target / HANDLE).is_file():
        raise UserError(f"{source / HANDLE} does not exist. Run `envclone init --no-server` there, which writes it.")
    _seed_modules(target, of)
    action = target / TOOL_ACTION
    if action.with_name(
        "build.lock"
    ).exists():  # envclone's own repository, whose action installs from its own checkout
        shutil.rmtree(action.parent)
        action.parent.mkdir()
        action.write_text(ToolSource(f"{APP}/{APP}", NO_COMMIT, version(APP)).action())
    return target


def _seed_modules(target: Path, source: Checkout) -> None:
    """Copy the directories beside the environments whose modules a template's files call."""
    for name in map(TemplateName, source.templates()):
        for path, file in source.read_template(name, source.template(name)).modules.items():
            place = Path(os.path.normpath(target / source.roots.environment("production") / path))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.data)


def _accounts(aws: SandboxAws, checkout: Checkout, issuer: str) -> str:
    """Make the accounts that the policy speaks of, as an organisation would have; return that of the clones."""
    files = checkout.environment(EnvironmentName("production"))
    production = read_manifest(files, checkout.roots.environment("production"))
    backends = (block for stack in production.stacks for _, block in backend_blocks(files, stack))
    template = checkout.read_template(production.template, checkout.template(production.template))
    of_clones = template.declaration.parameters.get(_LOCK_TABLE)
    said = (*(block.text("dynamodb_table") for block in backends), of_clones.derive if of_clones else None)
    lock_tables = frozenset(name for name in said if name and "{" not in name)
    zones, roles = _looked_up(files, "aws_route53_zone"), _looked_up(files, "aws_iam_role")
    policy = checkout.policy()
    of_production = named_account(production, policy)
    if not isinstance(of_production, NamedAccount):
        raise UserError(f"The sandbox can't make production's account: {of_production}")
    check_buckets({name: account.state_bucket for name, account in policy.accounts.items()})
    for name, account in policy.accounts.items():
        number = NamedAccount(name, account).id
        aws.create_account(
            SandboxAccount(
                id=number,
                region=account.region,
                state_bucket=account.state_bucket,
                domain=_PARENT_ZONE if number == of_production.id else _CLONES_ZONE,
                issuer=issuer,
                plan_subjects=(
                    f"repo:{REPOSITORY}:environment:envclone-plan",
                    "repo:*@*/*@*:environment:envclone-plan",
                ),
                apply_subjects=(
                    f"repo:{REPOSITORY}:environment:envclone-apply",
                    "repo:*@*/*@*:environment:envclone-apply",
                ),
                lock_tables=lock_tables,
                zones=zones,
                roles=roles,
            )
        )
    return next((number for number in aws.accounts if number != of_production.id), of_production.id)


def _looked_up(files: Tree, kind: str) -> frozenset[str]:
    """Return the names by which code looks up public things of one kind, where they are written out."""
    code = (block for path, file in files.items() if path.endswith(CODE) for block in blocks(path, file.data))
    found = (each for each in code if each.type == "data" and each.labels[:1] == (kind,))
    return frozenset(name for each in found if not each.setting("private_zone") and (name := each.text("name")))
