"""Which accounts of the policy an environment has to do with."""

from bot.core.requests.accounts import other_accounts
from bot.model.account import PolicyAccount
from bot.model.policy import Policy
from bot.names import ParameterName
from tests.core.parity import shop


def test_other_accounts_are_those_that_the_environments_own_account_names() -> None:
    manifest = shop.clone().manifest
    own = str(manifest.parameters[ParameterName("account_id")])
    accounts = {own: PolicyAccount(also=("dns", "444444444444")), "dns": PolicyAccount(id="333333333333", also=("5",))}
    assert other_accounts(manifest, Policy(accounts=accounts)) == {"333333333333", "444444444444"}


def test_an_account_that_the_policy_does_not_have_has_no_others() -> None:
    assert (
        other_accounts(shop.clone().manifest, Policy(accounts={"1": PolicyAccount(also=("2",)), "3": PolicyAccount()}))
        == set()
    )
