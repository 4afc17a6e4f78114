"""What a sandbox opens with, for somebody who wants to try it or to show it: people of each role, and an issue to comment on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bot.clients.git.checkout import own_checkout
from bot.core.rendering.assemble import own_manifest
from bot.names import EnvironmentName, PurposeName, RepositoryName
from bot.sandbox.demo import COMMAND
from bot.sandbox.github.records.accounts import RoleName
from bot.sandbox.sandbox import REPOSITORY, REQUESTER, REVIEWER, Sandbox
from bot.sandbox.visit import SandboxCard

PEOPLE: Final[Mapping[str, RoleName]] = {
    "kim": "read", "tom": "triage", REQUESTER: "write", REVIEWER: "maintain", "lea": "admin",
}  # fmt: skip
"""Logins and roles, the one who may least first. Two of them are in every sandbox."""
_DEMO: Final = PurposeName("demo")
_PLAN: Final = ".github/workflows/plan.yml"
_TITLE = "A demo for a customer on Thursday"
_TEXT = """\
They want to try everything, and must not be able to order anything.

Comment with a command: `/help` lists them all. A clone is one line:

    {command}
"""


def first_command(source: Path) -> str:
    """Return the line of a clone that the template of this checkout's production takes, whatever its purposes are called."""
    checkout, production = own_checkout(source), EnvironmentName("production")
    manifest = own_manifest(checkout.environment(production), production, checkout.roots)
    template = checkout.read_template(manifest.template, checkout.template(manifest.template))
    return COMMAND if _DEMO in template.declaration.purposes else COMMAND.replace(f" for {_DEMO}", "")


def unplanned(source: Path) -> str:
    """Say why nothing would be planned or applied in a sandbox from this checkout; empty if it has the workflows."""
    if (source / _PLAN).is_file():
        return ""
    return (
        f"Nothing is planned or applied here, because {_PLAN} is missing. Run `envclone init --tool OWNER/NAME@COMMIT` (the sandbox takes "
        "any) and start this again."
    )


def opened(box: Sandbox, command: str) -> SandboxCard:
    """Add the people that are missing, open the issue, and return the sandbox's card."""
    for login, role in PEOPLE.items():
        if login not in {REQUESTER, REVIEWER}:
            box.github.add_user(login, REPOSITORY, role)
    issue = box.github.open_issue(REPOSITORY, _TITLE, _TEXT.format(command=command), by=REQUESTER)
    return card(box, issue, *PEOPLE)


def card(box: Sandbox, issue: int, *logins: str) -> SandboxCard:
    """Return the card of a sandbox in which these people are."""
    tokens = {login: box.github.token(login) for login in logins}
    return SandboxCard(url=box.github.url, repository=RepositoryName(REPOSITORY), issue=issue, people=tokens)
