"""What `envclone init` goes by: what was given as an option, what the repository says and, at a terminal, what a person answers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import cast, get_args

from bot.cli.local.installing import questions
from bot.cli.local.installing.accounts import SaidAccount
from bot.cli.local.installing.installation import Installation
from bot.cli.local.installing.roles import Cloud, found_accounts, named_clouds, names_accounts, unread
from bot.clients.git.commits import asked
from bot.clouds.registry import FACTS
from bot.core.installation.files import BRANCHED, CODE_OWNERS, POLICY, PRISTINE, branch_of, unguarded
from bot.core.installation.first_policy import with_accounts, with_rights
from bot.core.installation.tool_source import PATH as TOOL_ACTION
from bot.core.installation.tool_source import ToolSource
from bot.core.rendering.assemble import read_policy
from bot.errors import InvalidInput, Unreadable
from bot.model.policy import PATH as POLICY_PATH
from bot.model.policy import Permission, Role
from bot.model.roots import Roots
from bot.names import shown


@dataclass(frozen=True, slots=True)
class Answers:
    """What is written goes by these; empty is what nobody said."""

    tool: str = ""
    branch: str = ""
    owner: str = ""
    clouds: tuple[Cloud, ...] = ()
    accounts: Mapping[str, SaidAccount] = field(default_factory=dict)
    rights: Mapping[Permission, Role] = field(default_factory=dict)


def answers(place: Installation, given: Answers, roots: Roots, *, is_asked: bool) -> Answers:
    """Return what was given, completed by what the repository says and, if somebody is asked, by what it does not say."""
    before = branch_of(place.read(f"{PRISTINE}/{BRANCHED}") or b"")
    tool, branch, owner = given.tool, given.branch or before or _branch(place.root), given.owner
    said, is_new = dict(given.accounts), not names_accounts(place) and not list(unread(place))
    clouds = given.clouds or tuple(
        each for each in Cloud if each in {*named_clouds(place), *(one.cloud for one in said.values())}
    )
    if is_new:
        said = _completed(place.root, said)
    if not is_asked:
        return Answers(tool, branch, owner, clouds, said, given.rights)
    if not tool and not knows_tool(place):
        tool = questions.the_tool(version("envclone"))
    if not (given.branch or before):
        branch = questions.the_branch(branch)
    owners = code_owners(place)
    if not owner and unguarded(owners, roots):
        owner = questions.the_owner(_owner_of_all(owners))
    if is_new:
        clouds = clouds if given.clouds or said else tuple(questions.the_clouds(clouds))
        known = {name: each for cloud in clouds for name, each in found_accounts(place.root, cloud).items()}
        said = dict(questions.the_accounts({**known, **said}))
        clouds = tuple(each for each in Cloud if each in {*clouds, *(one.cloud for one in said.values())})
    rights = given.rights if given.rights or place.read(POLICY_PATH) is not None else questions.the_rights()
    return Answers(tool, branch, owner, clouds, said, rights)


def _completed(root: Path, said: Mapping[str, SaidAccount]) -> dict[str, SaidAccount]:
    """Return the accounts that were given with what the repository says of them besides."""
    found = {name: each for cloud in Cloud for name, each in found_accounts(root, cloud).items()} if said else {}
    return {
        name: replace(each, facts={**found[name].facts, **each.facts}) if name in found else each
        for name, each in said.items()
    }


def first_policy(place: Installation, found: Answers) -> bytes | None:
    """Return the policy with what was said of accounts and rights; None where it stays. Raises `InvalidInput` where a person must edit it."""
    there = place.read(POLICY_PATH)
    try:
        policy = read_policy(there, FACTS) if there is not None else None
    except Unreadable:
        return None  # `unread` says so
    if policy is not None and any(policy.allow[what] != role for what, role in found.rights.items()):
        raise InvalidInput(
            f"{POLICY_PATH} already says who may do what. Change `allow` there, and leave out `--allow`."
        )
    text = there.decode() if there is not None else with_rights(POLICY, found.rights)
    named = policy.accounts if policy is not None else {}
    whole = {
        name: each.in_policy() for name, each in found.accounts.items() if name not in named and not each.missing()
    }
    if whole:
        written = with_accounts(text, whole)
        if written is None:
            raise InvalidInput(
                f"{POLICY_PATH} names accounts already. Add the others there, and leave out `--account`."
            )
        text = written
    if there is not None and text.encode() == there:
        return None
    try:
        read_policy(text.encode(), FACTS)
    except Unreadable as error:
        raise InvalidInput(str(error)) from error
    return text.encode()


def rights(texts: Sequence[str]) -> Mapping[Permission, Role]:
    """Read `WHAT=ROLE`, each. Raises `InvalidInput`."""
    found: dict[Permission, Role] = {}
    for text in texts:
        what, _, role = text.partition("=")
        if what not in get_args(Permission) or role not in get_args(Role):
            raise InvalidInput(
                f"{shown(text)} is not a permission. Write WHAT=ROLE, of {', '.join(get_args(Permission))} and of {', '.join(get_args(Role))}, as in "
                "`--allow destroy=admin`."
            )
        found[cast(Permission, what)] = cast(Role, role)
    return found


def knows_tool(place: Installation) -> ToolSource | None:
    """Return where workflows take this version of the tool from, if it stands there."""
    action = place.read(TOOL_ACTION)
    found = ToolSource.of_action(action.decode()) if action is not None else None
    return found if found is not None and found.version == version("envclone") else None


def code_owners(place: Installation) -> str:
    """Return the file of code owners that counts."""
    return next((each.decode() for path in CODE_OWNERS if (each := place.read(path)) is not None), "")


def _owner_of_all(owners: str) -> str:
    found = re.search(r"^\*\s+(@\S+)", owners, re.MULTILINE)
    return found[1] if found else ""


def _branch(root: Path) -> str:
    """Return the default branch, as git heard of it when the repository was cloned."""
    found = asked(root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    return found.decode().strip().removeprefix("origin/") if found else "main"
