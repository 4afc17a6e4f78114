"""What was said of accounts and rights stands in the policy as the reader of policies has it."""

import pytest

from bot.cli.local.installing.accounts import SaidAccount
from bot.clouds.registry import FACTS
from bot.core.installation.files import POLICY
from bot.core.installation.first_policy import with_accounts, with_rights
from bot.core.rendering.assemble import read_policy

SUBSCRIPTION, GUID = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-00000000000a"
PROVIDER = "projects/1/locations/global/workloadIdentityPools/envclone/providers/github"
OF_EACH_CLOUD = (
    "222222222222,region=eu-central-1,state_bucket=acme-state",
    "acme-demo,region=europe-west1,state_bucket=acme-demo-state,workload_identity_provider=" + PROVIDER,
    f"{SUBSCRIPTION},region=westeurope,tenant_id={GUID},storage_account_name=acmestate,container_name=tfstate,plan_role={GUID},apply_role={GUID}",
)


@pytest.mark.parametrize(
    "policy", [POLICY, "protected: [live]\n", "protected: [live]\naccounts: {} # none\nquota: {total: 3}\n"]
)
def test_accounts_of_each_cloud_are_written_as_the_policy_takes_them(policy: str) -> None:
    said = [SaidAccount.parsed(text) for text in OF_EACH_CLOUD]
    assert not any(each.missing() for each in said)
    written = with_accounts(policy, {each.id: each.in_policy() for each in said})
    assert written is not None
    found = read_policy(written.encode(), FACTS)
    assert list(found.accounts) == ["222222222222", "acme-demo", SUBSCRIPTION]
    assert found.model_copy(update={"accounts": {}}) == read_policy(policy.encode(), FACTS), "and all else is as it was"


@pytest.mark.parametrize(
    "policy", ["accounts:\n  demo: {}\n", "accounts: {demo: {}}\n", "accounts: # ours\n  demo: {}\n"]
)
def test_accounts_that_are_there_are_a_person_s(policy: str) -> None:
    assert with_accounts(policy, {"1": {}}) is None


def test_rights_stand_in_the_place_of_the_usual_ones() -> None:
    found = read_policy(with_rights(POLICY, {"destroy": "admin", "plan_unproved": "write"}).encode(), FACTS)
    assert (found.allow["destroy"], found.allow["plan_unproved"], found.allow["clone"]) == ("admin", "write", "write")
    assert "# approves a commit" in with_rights(POLICY, {"plan_unproved": "write"})
