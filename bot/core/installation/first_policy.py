"""What a person said of accounts and of who may do what, written into a policy that says nothing of it yet."""

import re
from collections.abc import Mapping
from typing import Final

from bot.model import yaml_writer
from bot.model.pipeline import Json
from bot.model.policy import Permission, Role

_ACCOUNTS: Final = re.compile(r"^accounts: *\{\} *(?:#.*)?\n?", re.MULTILINE)
_ANY: Final = re.compile(r"^accounts\s*:", re.MULTILINE)


def with_accounts(policy: str, accounts: Mapping[str, Mapping[str, Json]]) -> str | None:
    """Return a policy that has no accounts with these; None where it says something of them in another way, which is a person's to edit."""
    block = yaml_writer.text({"accounts": {name: dict(each) for name, each in accounts.items()}})
    if _ANY.search(policy) is None:
        return f"{policy.rstrip()}\n{block}"
    if _ACCOUNTS.search(policy) is None:
        return None
    return _ACCOUNTS.sub(lambda _: block, policy, count=1)


def with_rights(policy: str, rights: Mapping[Permission, Role]) -> str:
    """Return the policy that is shipped with other roles behind `allow`."""
    for permission, role in rights.items():
        policy = re.sub(rf"(?<=^  {permission}: )\w+", role, policy, count=1, flags=re.MULTILINE)
    return policy
