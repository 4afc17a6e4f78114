"""What the policy says of accounts is held against the forms that each cloud and each backend knows."""

import re
from collections.abc import Iterator, Sequence

from bot.core.cloud_facts import AccountPatterns, CloudFacts
from bot.model.account import PolicyAccount
from bot.model.policy import Policy
from bot.names import shown


def account_problems(policy: Policy, cloud: CloudFacts) -> Iterator[tuple[Sequence[str], str]]:
    """Yield what is wrong with the accounts, each with its place in the document."""
    for name, account in policy.accounts.items():
        patterns = cloud.accounts.get(account.cloud or cloud.key)
        if patterns is None:
            known = ", ".join(f"`{each}`" for each in cloud.accounts)
            yield ["accounts", name, "cloud"], f"cloud {shown(account.cloud)} is not known. Write one of {known}."
            continue
        yield from _wrong_forms(name, account, patterns)
        yield from _wrong_state(name, account, cloud)
        yield from _wrong_store(name, account, cloud)
        for other in account.also:
            if other not in policy.accounts and not re.fullmatch(patterns.account, other):
                message = f"`also` names {shown(other)}, which is not an account of this policy and does not match `{patterns.account}`."
                yield ["accounts", name, "also"], message


def _wrong_forms(name: str, account: PolicyAccount, patterns: AccountPatterns) -> Iterator[tuple[Sequence[str], str]]:
    values: dict[tuple[str, ...], tuple[str, str]] = {
        ("id",) if account.id else (): (account.id or name, patterns.account),
        ("plan_role",): (account.plan_role, patterns.role),
        ("apply_role",): (account.apply_role, patterns.role),
        ("region",): (account.region, patterns.region),
        **{("identity", key): (account.identity.get(key, ""), form) for key, form in patterns.identity.items()},
    }
    if account.state_bucket or account.state is None:
        values[("state_bucket",)] = (account.state_bucket, patterns.bucket)
    for at, (value, pattern) in values.items():
        if not re.fullmatch(pattern, value):
            place = ["accounts", name, *at]
            wrong = (
                f"is {shown(value)}, which does not match `{pattern}`"
                if value
                else f"is missing. It must match `{pattern}`"
            )
            yield place, f"`{'.'.join(place)}` {wrong}."
    for key in sorted(account.identity.keys() - patterns.identity.keys()):
        yield ["accounts", name, "identity", key], f"this cloud has no `identity.{key}`. Leave it out."


def _wrong_state(name: str, account: PolicyAccount, cloud: CloudFacts) -> Iterator[tuple[Sequence[str], str]]:
    state, place = account.state, ["accounts", name, "state"]
    if state is None:
        backend = cloud.accounts[account.cloud or cloud.key].backend
        if not backend or len(cloud.backends[backend].place) != 1:
            yield ["accounts", name], "`state` is missing: say where Terraform keeps this account's state."
        return
    facts = cloud.backends.get(state.backend)
    if facts is None:
        known = ", ".join(f"`{each}`" for each in cloud.backends)
        yield [*place, "backend"], f"backend {shown(state.backend)} is not known. Write one of {known}."
        return
    for missing in [argument for argument in facts.place if argument not in state.arguments]:
        yield (
            [*place, "with"],
            f"backend `{state.backend}` needs `with.{missing}`: it says where this account's state lies.",
        )
    if not facts.store and not account.store and not account.state_bucket:
        yield (
            place,
            (
                f"backend `{state.backend}` can't hold the ledger and the reviews. Name a store beside it, for example "
                f"`store: {next(each.store for each in cloud.backends.values() if each.store)}`."
            ),
        )


def _wrong_store(name: str, account: PolicyAccount, cloud: CloudFacts) -> Iterator[tuple[Sequence[str], str]]:
    if account.store and not re.fullmatch(cloud.store_pattern, account.store, re.ASCII):
        yield (
            ["accounts", name, "store"],
            f"{shown(account.store)} is not the address of a store. Write {cloud.store_forms}.",
        )
