"""How Actions reach the account of an environment, as the policy of the default branch says."""

import re
from collections.abc import Mapping, Sequence

from bot.core.cloud_facts import CloudFacts
from bot.errors import UserError
from bot.model.environment import MANIFEST, Manifest, directory
from bot.model.pipeline import Json
from bot.model.policy import Policy, PolicyAccount
from bot.names import ParameterName, shown

ACCOUNT = ParameterName("account_id")


REGION = ParameterName("region")


def regions_in(parameters: Mapping[ParameterName, Json], cloud: CloudFacts) -> Sequence[str]:
    """Return the regions that the values of an environment name: an environment may be at work in more than one."""
    texts = [text for value in parameters.values() for text in (value if isinstance(value, list) else [value])]
    return [text for text in texts if isinstance(text, str) and re.fullmatch(cloud.accounts.region, text)]


def account_of(manifest: Manifest, policy: Policy) -> PolicyAccount:
    """Return how Actions reach the account of an environment. Raises `UserError` when the policy does not know it."""
    found = _account(manifest, policy)
    if isinstance(found, str):
        raise UserError(f"{directory(manifest.name)}/{MANIFEST}: {found}")
    return found[1]


def _account(manifest: Manifest, policy: Policy) -> tuple[str, PolicyAccount] | str:
    number = manifest.parameters.get(ACCOUNT)
    accounts: Mapping[str, PolicyAccount] = policy.accounts
    if not isinstance(number, str) or number not in accounts:
        return (
            f"account {shown(str(number))} is not in the policy's `accounts` on the default branch "
            f"({', '.join(f'`{known}`' for known in accounts) or 'none'}). Add it there first."
        )
    return number, accounts[number]
