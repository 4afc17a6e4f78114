"""What a sandbox opens with, for somebody who wants to try it or to show it: people of each role, and an issue to comment on."""

from collections.abc import Mapping
from typing import Final

from bot.names import RepositoryName
from bot.sandbox.github.records.accounts import RoleName
from bot.sandbox.sandbox import REPOSITORY, REQUESTER, REVIEWER, Sandbox
from bot.sandbox.visit import SandboxCard

PEOPLE: Final[Mapping[str, RoleName]] = {
    "kim": "read", "tom": "triage", REQUESTER: "write", REVIEWER: "maintain", "lea": "admin",
}  # fmt: skip
"""Logins and roles, the one who may least first. Two of them are in every sandbox."""
_TITLE = "A demo for a customer on Thursday"
_TEXT = """\
They want to try everything, and must not be able to order anything.

Comment with a command: `/help` lists them all. A clone is one line:

    {command}
"""


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
