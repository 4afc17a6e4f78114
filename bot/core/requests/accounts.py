"""How Actions reach the account of an environment, as the policy of the default branch says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.cloud_facts import CloudFacts
from bot.errors import UserError
from bot.model.account import PolicyAccount
from bot.model.environment import MANIFEST, Manifest
from bot.model.pipeline import Json
from bot.model.policy import PATH as POLICY
from bot.model.policy import Policy
from bot.names import ParameterName, shown

REGION = ParameterName("region")


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """An account of the policy, with its name there."""

    name: str
    account: PolicyAccount

    @property
    def id(self) -> str:
        """Return the account's id in its cloud's form."""
        return self.account.id or self.name


def regions_in(parameters: Mapping[ParameterName, Json], cloud: CloudFacts) -> Sequence[str]:
    """Return the regions that the values of an environment name: an environment may be at work in more than one."""
    texts = [text for value in parameters.values() for text in (value if isinstance(value, list) else [value])]
    return [text for text in texts if isinstance(text, str) and re.fullmatch(cloud.own_accounts.region, text)]


def account_of(manifest: Manifest, policy: Policy) -> PolicyAccount:
    """Return how Actions reach the account of an environment. Raises `UserError` when the policy does not know it."""
    found = named_account(manifest, policy)
    if isinstance(found, str):
        raise UserError(f"{policy.roots.environment(manifest.name)}/{MANIFEST}: {found}")
    return found.account


def other_accounts(manifest: Manifest, policy: Policy) -> frozenset[str]:
    """Return the ids of the accounts that aliased providers of an environment may be restricted to, besides its own."""
    found = named_account(manifest, policy)
    if isinstance(found, str):
        return frozenset()
    named = {name: NamedAccount(name, account).id for name, account in policy.accounts.items()}
    return frozenset(named.get(each, each) for each in found.account.also)


def account_value(manifest: Manifest, policy: Policy) -> Json:
    """Return what the environment's parameters say of its account, or None where they say nothing."""
    values = (manifest.parameters.get(name) for name in policy.account_parameters)
    return next((value for value in values if value is not None), None)


def named_account(manifest: Manifest, policy: Policy) -> NamedAccount | str:
    """Return the account of an environment by its name or its id, or why there is none, in words.

    Where no parameter says which, it is the only one that the policy has.
    """
    said = account_value(manifest, policy)
    if said is None and len(policy.accounts) == 1:
        return NamedAccount(*next(iter(policy.accounts.items())))
    found = [
        each
        for each in (NamedAccount(name, account) for name, account in policy.accounts.items())
        if isinstance(said, str) and said in (each.name, each.id)
    ]
    exact = [each for each in found if each.name == said] or found
    if len(exact) == 1:
        return exact[0]
    if exact:
        names = ", ".join(f"`{each.name}`" for each in exact)
        return f"several accounts of the policy have the id {shown(str(said))}: write the name of one, {names}."
    if said is None:
        names = ", ".join(f"`{name}`" for name in policy.account_parameters)
        return f"no parameter says which account this is. Add one of {names}, or name it in `account_parameters` ({POLICY})."
    known = ", ".join(f"`{name}`" for name in policy.accounts) or "none"
    return f"account {shown(str(said))} is not in the policy's `accounts` on the default branch ({known}). Add it there first."
