"""What the policy says of an account's store is held against the forms of addresses, at its line."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.rendering.assemble import read_policy
from bot.errors import Unreadable

POLICY = """\
accounts:
  "111111111111":
    plan_role: arn:aws:iam::111111111111:role/plan
    apply_role: arn:aws:iam::111111111111:role/apply
    region: eu-central-1
    state_bucket: acme-state
    store: {store}
"""


@pytest.mark.parametrize("store", ["s3://acme-ledger/x", "gs://acme-ledger", "azblob://acmeledger/envclone"])
def test_a_store_may_be_in_any_cloud(store: str) -> None:
    assert read_policy(POLICY.format(store=store).encode(), FACTS).accounts["111111111111"].store == store


@pytest.mark.parametrize("store", ["acme-ledger", "https://acme.example.com/ledger", "s3://key:secret@acme-ledger"])
def test_what_is_no_address_is_refused_at_its_line_with_what_to_write(store: str) -> None:
    with pytest.raises(
        Unreadable, match=r"envclone\.yml:7: .* is not the address of a store\. Write `s3://BUCKET/PREFIX`"
    ):
        read_policy(POLICY.format(store=store).encode(), FACTS)


@pytest.mark.parametrize(("also", "is_right"), [("222222222222", True), ("111111111111", True), ("dns", False)])
def test_other_accounts_are_named_by_the_policys_names_or_by_ids(also: str, *, is_right: bool) -> None:
    text = POLICY.format(store="s3://acme-ledger/x") + f'    also: ["{also}"]\n'
    if is_right:
        assert read_policy(text.encode(), FACTS).accounts["111111111111"].also == (also,)
    else:
        with pytest.raises(Unreadable, match=r"envclone\.yml:8: `also` names `dns`"):
            read_policy(text.encode(), FACTS)
