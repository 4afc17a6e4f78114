"""The store of an environment's account, or the one that was named."""

from dataclasses import replace
from pathlib import Path

from bot.clients.git.checkout import Checkout
from bot.clients.git.history.changes import change_of
from bot.clients.objects.directory import DirectoryStore
from bot.clients.objects.opening import open_object_store
from bot.clients.objects.store import ObjectStore
from bot.clouds.registry import FACTS
from bot.clouds.store_address import S3Address, read_address
from bot.core.checks.backend import store_address
from bot.core.rendering.assemble import read_manifest
from bot.core.requests.accounts import REGION, account_of, named_account
from bot.errors import UserError
from bot.model.account import PolicyAccount
from bot.model.environment import Manifest
from bot.model.policy import Policy
from bot.names import EnvironmentName


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
