"""Another stack's state is read if it is the environment's own, or the policy names it."""

from collections.abc import Mapping

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.remote_states import own_states_read
from bot.core.checks.static_checks import GateRules, downloaded_findings, gate
from bot.core.checks.unread_states import outdated
from bot.core.tree import File
from bot.model.pipeline import Stack
from bot.model.static_check_rules import StaticCheckRules
from bot.names import StepName

STACKS = {StepName("app"): Stack(), StepName("network"): Stack()}
BACKEND = 'terraform {\n  backend "s3" {\n    bucket = "state"\n    key    = "demo-x/STACK/terraform.tfstate"\n  }\n}\n'
OWN = "demo-x/network/terraform.tfstate"
SHARED = StaticCheckRules(remote_states=("s3://acme-shared/network.tfstate",))


def read(bucket: str = '"state"', key: str = f'"{OWN}"', backend: str = "s3", more: str = "", config: str = "") -> str:
    return (
        f'data "terraform_remote_state" "x" {{\n  backend = "{backend}"\n{more}'
        f"  config = {{\n    bucket = {bucket}\n    key    = {key}\n{config}  }}\n}}\n"
    )


def found(main: str, rules: StaticCheckRules | None = None, files: Mapping[str, str] | None = None) -> list[str]:
    written = {f"{stack}/backend.tf": BACKEND.replace("STACK", stack) for stack in STACKS}
    locks = {f"{stack}/.terraform.lock.hcl": "" for stack in STACKS}
    tree = {**written, **locks, "app/main.tf": main, **(files or {})}
    code = {path: File(text.encode()) for path, text in tree.items()}
    return [str(each) for each in gate(code, STACKS, GateRules(rules or StaticCheckRules(), FACTS), "envs/demo-x")]


VARIABLE = 'variable "name" {\n  default = "demo-x"\n}\n'


@pytest.mark.parametrize(
    "main",
    [
        read(),
        read(config='    region = "eu-central-1"\n'),
        read(key='"${var.name}/network/terraform.tfstate"') + VARIABLE,
        read(more="  defaults = {}\n"),
        'check "x" {\n' + read() + "}\n",
    ],
)
def test_a_stack_reads_the_state_of_another_of_its_environment(main: str) -> None:
    assert found(main) == []


def test_what_the_policy_names_is_read_and_nothing_beside_it() -> None:
    assert found(read('"acme-shared"', '"network.tfstate"'), SHARED) == []
    [said] = found(read('"acme-shared"', '"network.tfstate"'))
    assert said.startswith("envs/demo-x/app/main.tf:1: ")
    assert "`s3://acme-shared/network.tfstate` added to the policy's `gate.remote_states`" in said
    assert "inputs: {subnet: {from: network.subnet, stand_in: none-yet}}" in said
    assert found(read('"acme-shared"', '"data.tfstate"'), SHARED)


@pytest.mark.parametrize(
    "main",
    [
        read(key='"production/network/terraform.tfstate"'),
        read(key="var.name") + 'variable "name" {}\n',
        read(key='"${var.name}/network/terraform.tfstate"') + VARIABLE.replace("demo-x", "production"),
        read(config='    role_arn = "arn:aws:iam::111111111111:role/x"\n'),
        read(config='    "ke\\u0079" = "x"\n'),
        read(config='    (var.name) = "x"\n'),
        read(config='    endpoints = { s3 = "https://x.example" }\n'),
        read(config='    profile = "x"\n'),
        read(backend="http"),
        read(backend="local"),
        read(more='  workspace = "production"\n'),
        read(more="  workspace = var.x\n"),
        read(more='  workspace = "any-environment"\n'),
        'data "terraform_remote_state" "x" {\n  backend = "s3"\n  config  = var.config\n}\n',
        'data "terraform_remote_state" "x" {\n  backend = "s3"\n  config  = merge({}, { bucket = "state", key = "x" })\n}\n',
        'check "x" {\n' + read('"other"') + "}\n",
    ],
)
def test_another_state_is_not_read(main: str) -> None:
    assert len(found(main)) == 1


@pytest.mark.parametrize(
    ("main", "said"),
    [
        (read("var.x") + 'variable "x" {}\n', "`var.x` gets none"),
        (read(key='"${local.x}/y"') + "locals {\n  x = upper(var.name)\n}\n", "`local.x` gets none"),
        (read(more="  workspace = var.x\n"), "`workspace` must be a text"),
        (read(config='    profile = "x"\n'), "leave `profile` out of `config`"),
        (read(backend="local"), '`backend` must be one of `"azurerm"`, `"gcs"`, `"s3"`'),
        (read(more="  nonsense = 1\n"), "leave `nonsense` out"),
        (read().replace("bucket", "region"), "write `bucket` into `config`"),
        ('data "terraform_remote_state" "x" {\n  backend = "s3"\n  config  = var.config\n}\n', "write `config` out"),
    ],
)
def test_what_is_not_plain_about_a_state_is_named(main: str, said: str) -> None:
    [complaint] = found(main)
    assert said in complaint
    assert "`terraform_remote_state` in `gate.data_sources`" in complaint
    assert found(main, StaticCheckRules(data_sources=("terraform_remote_state",))) == []


def test_of_a_choice_every_state_must_be_named() -> None:
    for key in ("coalesce(var.key, var.other)", "var.is_new ? var.key : var.other"):
        main = read('"acme"', key) + 'variable "key" {\n  default = "a"\n}\nvariable "other" {\n  default = "b"\n}\n'
        both = StaticCheckRules(remote_states=("s3://acme/a", "s3://acme/b"))
        assert found(main, both) == []
        assert "`s3://acme/b` added" in found(main, StaticCheckRules(remote_states=("s3://acme/a",)))[0]


def test_a_directory_that_is_no_stack_owns_no_state() -> None:
    foreign = BACKEND.replace("demo-x/STACK", "production/app")
    assert found(read(key='"production/app/terraform.tfstate"'), files={"fake/backend.tf": foreign})
    files = {"main.tf": File(read().encode()), "network/backend.tf": File(BACKEND.replace("STACK", "network").encode())}
    assert len(downloaded_findings(files, GateRules(StaticCheckRules(), FACTS), "module.x")) == 1


def test_the_state_of_a_workspace_is_read_in_the_same_workspace() -> None:
    shared = BACKEND.replace("demo-x/STACK", "network") + "locals {\n  x = terraform.workspace\n}\n"
    same = read(key='"network/terraform.tfstate"', more="  workspace = terraform.workspace\n")
    assert found(same, files={"network/backend.tf": shared}) == []
    other = same.replace("terraform.workspace\n  config", '"production"\n  config')
    assert len(found(other, files={"network/backend.tf": shared})) == 1


def test_a_state_in_google_s_storage_has_an_address_too() -> None:
    main = 'data "terraform_remote_state" "x" {\n  backend = "gcs"\n  config = {\n    bucket = "acme"\n    prefix = "shared/net"\n  }\n}\n'
    [said] = found(main)
    assert "`gs://acme/shared/net/default.tfstate`" in said
    assert found(main, StaticCheckRules(remote_states=("gs://acme/shared/net/default.tfstate",))) == []


@pytest.mark.parametrize(
    ("uses", "taken"),
    [
        ("", set()),
        ("data.terraform_remote_state.x.outputs.a + data.terraform_remote_state.x.outputs.b.c[0]", {"a", "b"}),
        ('try(data.terraform_remote_state.x.outputs["a"], 1)', {"a"}),
        ("data.terraform_remote_state.x[0].outputs.a", {"a"}),
        ('lookup(data.terraform_remote_state.x.outputs, "a")', None),
        ("[for k, v in data.terraform_remote_state.x.outputs : v], data.terraform_remote_state.x.outputs.a", None),
        ("data.terraform_remote_state.other.outputs", set()),
    ],
)
def test_what_is_taken_of_a_state_is_known_one_by_one_or_is_all(uses: str, taken: set[str] | None) -> None:
    main = read() + (f"locals {{\n  a = [{uses}]\n}}\n" if uses else "")
    written = {f"{stack}/backend.tf": BACKEND.replace("STACK", stack) for stack in STACKS}
    code = {path: File(text.encode()) for path, text in {**written, "app/main.tf": main}.items()}
    expected = None if taken is None else frozenset(taken)
    [own] = own_states_read(code, StepName("app"), STACKS, FACTS.backends)
    assert own.outputs == expected
    assert own.stacks == {StepName("network")}
    changes = list(outdated([own], {StepName("network"): frozenset({"a"})}))
    assert changes == ([own] if taken is None or "a" in taken else [])
