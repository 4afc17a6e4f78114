"""Stacks whose state lies in a workspace: it has the environment's name, and nothing is written into the code for it."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.backend import misplaced, state_keys, state_place
from bot.core.checks.static_checks import GateRules, gate
from bot.core.checks.workspaces import StackState, Workspace, workspace_of
from bot.core.rendering.inventory import Inventory
from bot.core.requests.new_name import check_name
from bot.core.requests.validation import Correctable
from bot.core.tree import File, Tree
from bot.model.account import PolicyAccount
from bot.model.environment import ExistingState, Manifest
from bot.model.pipeline import Stack
from bot.model.policy import Policy
from bot.model.static_check_rules import StaticCheckRules
from bot.names import EnvironmentName, StepName
from tests.support import example

APP = StepName("app")
NAME = EnvironmentName("demo-x")

S3 = 'terraform {\n  backend "s3" {\n    bucket = "state"\n    key    = "app.tfstate"\nMORE  }\n}\n'
PREFIXED = S3.replace("MORE", '    workspace_key_prefix = "live/shop"\n')
READS = 'locals {\n  name = "shop-${terraform.workspace}"\n}\n'
TAGS = 'terraform {\n  cloud {\n    organization = "acme"\n    workspaces {\n      tags    = ["shop"]\n      project = "web"\n    }\n  }\n}\n'


def code(text: str) -> Tree:
    return {"app/main.tf": File(text.encode())}


def manifest(name: str = NAME, **state: str) -> Manifest:
    said = {"name": name, "template": "shop", "revision": "0" * 40, "purpose": "demo", "owner": "kim", "parameters": {}}
    return Manifest.model_validate({**said, "stacks": {"app": {}}, "state": {"app": state} if state else None})


def account(backend: str = "s3", **arguments: str) -> PolicyAccount:
    said = {"state": {"backend": backend, "with": arguments}, "store": "s3://acme-ledger"}
    return PolicyAccount.model_validate(said)


def found(text: str, policy: PolicyAccount, owner: Manifest | None = None) -> list[str]:
    protected = (EnvironmentName("production"),)
    place = state_place(owner or manifest(), policy, Policy(protected=protected), FACTS)
    return [str(each) for each in misplaced(code(text), [APP], place, "envs/demo-x")]


def selected(text: str, existing: ExistingState | None = None) -> Workspace | None:
    return workspace_of(code(text), StackState(NAME, APP, existing), FACTS.backends)


@pytest.mark.parametrize(
    ("text", "workspace"),
    [
        (S3.replace("MORE", ""), None),
        (S3.replace("MORE", "") + READS, Workspace("demo-x")),
        (PREFIXED, Workspace("demo-x")),
        (TAGS, Workspace("demo-x_app", is_remote=True)),
        (TAGS.replace("tags    =", "name    ="), None),
        ('terraform {\n  backend "gcs" {\n    prefix = "app"\n  }\n}\n' + READS, Workspace("demo-x")),
        ('terraform {\n  backend "http" {}\n}\n' + READS, None),
        (READS, None),
    ],
)
def test_a_stack_has_a_workspace_if_its_code_says_so(text: str, workspace: Workspace | None) -> None:
    assert selected(text) == workspace


@pytest.mark.parametrize("text", [S3.replace("MORE", "") + READS, PREFIXED, TAGS])
def test_the_gate_reads_what_chooses_a_workspace(text: str) -> None:
    files = {**code(text), "app/.terraform.lock.hcl": File(b"")}
    assert not gate(files, {APP: Stack()}, GateRules(StaticCheckRules(), FACTS), "envs/demo-x")


def test_environments_may_share_a_key_if_each_has_its_workspace() -> None:
    assert found(S3.replace("MORE", "") + READS, account(bucket="state")) == []
    assert found(PREFIXED, account(bucket="state", workspace_key_prefix="live/*")) == []
    assert found(TAGS, account("cloud", organization="acme")) == []
    [said] = found(S3.replace("MORE", ""), account(bucket="state"))
    assert "must begin with `demo-x/app/`" in said, "without a workspace the key has to tell"


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("", "leave it out, or add it there (`*` stands for one name, as in `live/*`)"),
        ("live", "must be `live`"),
        ("live/*/*", "must be `live/*/*`"),
        ("*/shop", ""),
        ("live/shop", ""),
    ],
)
def test_a_prefix_is_the_accounts_and_as_deep_as_every_other(pattern: str, said: str) -> None:
    arguments = {"bucket": "state", **({"workspace_key_prefix": pattern} if pattern else {})}
    lines = found(PREFIXED, account("s3", **arguments))
    assert [said in line for line in lines] == ([True] if said else [])


def test_no_environment_is_called_as_the_states_of_workspaces_begin() -> None:
    own = S3.replace("MORE", "").replace("app.tfstate", "live/app/x")
    policy = account(bucket="state", workspace_key_prefix="live/*")
    [said] = found(own, policy, manifest("live"))
    assert "Give the environment another name." in said


@pytest.mark.parametrize("key", ["a/../b", "./a", "a%2fb", "aenv:demo-y"])
def test_a_shared_key_is_a_plain_path(key: str) -> None:
    text = S3.replace("MORE", "").replace("app.tfstate", key) + READS
    [said] = found(text, account(bucket="state"))
    assert "must be a plain path" in said


def test_two_stacks_of_an_environment_don_t_share_a_workspace_s_state() -> None:
    files = {f"{stack}/main.tf": File((S3.replace("MORE", "") + READS).encode()) for stack in ("app", "web")}
    place = state_place(manifest(), account(bucket="state"), Policy(), FACTS)
    [said] = misplaced(files, [APP, StepName("web")], place, "envs/demo-x")
    assert said.message == "the state's key is that of stack `app`."


def test_a_backend_without_workspaces_says_so_where_one_is_read() -> None:
    text = 'terraform {\n  backend "http" {\n    address = "https://s.example/demo-x/app"\n  }\n}\n' + READS
    [said] = found(text, account("http", address="https://s.example"))
    assert said.startswith("envs/demo-x/app/main.tf:7: `terraform.workspace` is `default` in every environment")
    assert "more places" not in said
    [said] = found(text + READS * 420, account("http", address="https://s.example"))
    assert said.startswith("envs/demo-x/app/main.tf:7: `terraform.workspace` is `default` in every environment")
    assert "(and at 420 more places)" in said


def test_production_keeps_the_workspace_that_it_has() -> None:
    production = manifest("production", key="app.tfstate", workspace="live")
    assert found(S3.replace("MORE", "") + READS, account(bucket="state"), production) == []
    assert selected(READS + PREFIXED, ExistingState(key="app.tfstate", workspace="live")) == Workspace("live")
    assert selected(READS + PREFIXED, ExistingState(key="app.tfstate")) is None, "it lies in the default one"
    assert selected(TAGS, ExistingState(key="shop-live")) == Workspace("shop-live", is_remote=True)


def test_no_clone_takes_the_name_of_production_s_workspace() -> None:
    production = manifest("production", key="shop/app.tfstate", workspace="live")
    declared = example.template().declaration
    for name in ("live", "shop"):
        with pytest.raises(Correctable, match=f"keeps an older state under the name `{name}`"):
            check_name(example.asked(name).command, Inventory({production.name: production}), Policy(), declared)
    check_name(example.asked("demo-x").command, Inventory({production.name: production}), Policy(), declared)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (S3.replace("MORE", "") + READS, "env:/demo-x/app.tfstate"),
        (PREFIXED, "live/shop/demo-x/app.tfstate"),
        ('terraform {\n  backend "gcs" {\n    prefix = "app"\n  }\n}\n' + READS, "app/demo-x.tfstate"),
        ('terraform {\n  backend "azurerm" {\n    key = "app.tfstate"\n  }\n}\n' + READS, "app.tfstateenv:demo-x"),
    ],
)
def test_the_object_of_a_workspace_s_state_is_known(text: str, key: str) -> None:
    assert state_keys(code(text), manifest(), FACTS) == {"app": key}
