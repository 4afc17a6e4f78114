"""Which variables an account's Terraform gets: those that the policy names, and never a value in a message."""

import json

import pytest

from bot.core.requests.account_variables import SECRET, account_variables
from bot.core.requests.accounts import account_of, other_accounts
from bot.errors import UserError
from bot.model.account import PolicyAccount
from bot.model.policy import Policy
from bot.names import ParameterName
from tests.core.parity import shop

ACCOUNT = PolicyAccount(variables={"CLOUDFLARE_API_TOKEN": "clones.cloudflare", "TF_VAR_db_password": "db"})


def test_an_account_gets_what_the_policy_names_and_nothing_else_of_the_secret() -> None:
    secret = json.dumps({"clones.cloudflare": "cf-1", "db": "pw-1", "production.cloudflare": "cf-2"})
    assert account_variables(ACCOUNT, {SECRET: secret}) == {
        "CLOUDFLARE_API_TOKEN": "cf-1",
        "TF_VAR_db_password": "pw-1",
    }
    assert account_variables(PolicyAccount(), {SECRET: secret}) == {}


def test_an_account_that_may_also_touch_another_gets_its_own_values_and_none_of_the_other_s() -> None:
    policy = Policy(
        accounts={
            "clones": PolicyAccount(also=("shared",), variables={"CLOUDFLARE_API_TOKEN": "clones.cloudflare"}),
            "shared": PolicyAccount(variables={"CLOUDFLARE_API_TOKEN": "shared.cloudflare", "DD_API_KEY": "shared.dd"}),
        }
    )
    secret = json.dumps({"clones.cloudflare": "cf-1", "shared.cloudflare": "cf-2", "shared.dd": "dd-2"})
    clone = shop.clone().manifest.model_copy(update={"parameters": {ParameterName("account"): "clones"}})
    given = account_variables(account_of(clone, policy), {SECRET: secret})
    assert given == {"CLOUDFLARE_API_TOKEN": "cf-1"}
    assert other_accounts(clone, policy) == {"shared"}


def test_on_somebody_s_own_machine_the_variables_themselves_count() -> None:
    own = {"CLOUDFLARE_API_TOKEN": "mine", "TF_VAR_db_password": "mine-too", "OTHER": "no"}
    assert account_variables(ACCOUNT, own) == {"CLOUDFLARE_API_TOKEN": "mine", "TF_VAR_db_password": "mine-too"}


def test_a_value_that_is_not_there_is_told_with_where_to_add_it() -> None:
    with pytest.raises(UserError) as said:
        account_variables(ACCOUNT, {SECRET: json.dumps({"db": "pw-1"})})
    assert str(said.value) == (
        'The policy\'s `variables` name `CLOUDFLARE_API_TOKEN`, but there is no such value. Add `"clones.cloudflare": "…"` to the Actions '
        "secret `ENVCLONE_VARIABLES` of the GitHub environment (a JSON object), or take the name out of .github/envclone.yml."
    )


@pytest.mark.parametrize("secret", ["pw-1", '["pw-1"]', '{"db": ["pw-1"]}', '{"db": "pw-1'])
def test_a_secret_of_another_form_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(UserError, match="must be a JSON object of texts") as said:
        account_variables(ACCOUNT, {SECRET: secret})
    assert "pw-1" not in str(said.value)


@pytest.mark.parametrize(
    "name", ["PATH", "LD_PRELOAD", "TF_CLI_ARGS_plan", "TF_CLI_CONFIG_FILE", "PYTHONPATH", "lower", "A B"]
)
def test_what_decides_what_is_run_is_no_variable_of_an_account(name: str) -> None:
    with pytest.raises(ValueError, match=r"decides what is run|should match pattern"):
        PolicyAccount(variables={name: "x"})


@pytest.mark.parametrize(
    "name", ["PG_CONN_STR", "TF_TOKEN_app_terraform_io", "TF_HTTP_PASSWORD", "TF_VAR_db-Password", "DD_API_KEY"]
)
def test_credentials_of_providers_and_backends_are(name: str) -> None:
    assert PolicyAccount(variables={name: "x"}).variables == {name: "x"}
