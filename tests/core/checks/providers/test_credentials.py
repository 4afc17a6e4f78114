"""A provider gets credentials from the runner, or by a role or a program that the policy names whole."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules, gate
from bot.core.tree import File
from bot.model.pipeline import Stack
from bot.model.static_check_rules import StaticCheckRules
from bot.names import StepName

APP = StepName("app")
PROVIDERS = ("hashicorp/aws", "hashicorp/kubernetes", "hashicorp/helm")
ARGUMENTS = {
    "hashicorp/kubernetes": ("host", "cluster_ca_certificate", "token"),
    "hashicorp/helm": ("kubernetes", "host", "cluster_ca_certificate"),
}
TOKEN = "aws eks get-token --cluster-name *"


def found(code: str, inner: str = "", **policy: object) -> list[str]:
    rules = StaticCheckRules.model_validate({"providers": PROVIDERS, "provider_arguments": ARGUMENTS, **policy})
    files = {"app/main.tf": File(code.encode()), "app/.terraform.lock.hcl": File(b"")}
    files |= {"app/inner/main.tf": File(inner.encode())} if inner else {}
    return [f"{each.line}: {each.message}" for each in gate(files, {APP: Stack()}, GateRules(rules, FACTS), "envs/x")]


def aws(inside: str) -> str:
    return f'provider "aws" {{\n  allowed_account_ids = [var.account_id]\n{inside}\n}}\n'


ROLE = '  assume_role {\n    role_arn     = "arn:aws:iam::111111111111:role/dns"\n    session_name = "envclone"\n  }'


def test_a_role_that_the_policy_names_is_assumed() -> None:
    assert found(aws(ROLE), assume_role=["arn:aws:iam::111111111111:role/dns"]) == []
    by_variable = "  assume_role {\n    role_arn = var.dns_role\n  }"
    assert found(aws(by_variable), assume_role=["var.dns_role"]) == []


def test_without_the_policy_no_role_is_assumed() -> None:
    assert any("`assume_role` in a provider block is not allowed" in each for each in found(aws(ROLE)))


@pytest.mark.parametrize(
    "block",
    [
        '  assume_role {\n    role_arn = "arn:aws:iam::111111111111:role/admin"\n  }',
        "  assume_role {\n    role_arn = var.other\n  }",
        '  assume_role {\n    session_name = "x"\n  }',
        '  assume_role {\n    role_arn = "arn:aws:iam::111111111111:role/${var.x}"\n  }',
        '  assume_role = [{ role_arn = "arn:aws:iam::111111111111:role/dns" }]',
        '  dynamic "assume_role" {\n    for_each = [1]\n    content {\n      role_arn = "arn:aws:iam::111111111111:role/dns"\n    }\n  }',
        '  assume_role {\n    role_arn          = "arn:aws:iam::111111111111:role/dns"\n    web_identity_token_file = "/x"\n  }',
        '  assume_role_with_web_identity {\n    role_arn = "arn:aws:iam::111111111111:role/dns"\n  }',
    ],
)
def test_any_other_role_is_refused(block: str) -> None:
    assert found(aws(block), assume_role=["arn:aws:iam::111111111111:role/dns"]) != []


def test_several_roles_are_each_held_against_the_policy() -> None:
    code = (
        aws(ROLE)
        + 'provider "aws" {\n  alias = "b"\n  allowed_account_ids = [1]\n'
        + ROLE.replace("dns", "admin")
        + "\n}\n"
    )
    said = found(code, assume_role=["arn:aws:iam::111111111111:role/dns"])
    assert len(said) == 1
    assert said[0].startswith(
        "11: the role `arn:aws:iam::111111111111:role/admin` is not in the policy's `gate.assume_role`"
    )


def kubernetes(args: str = '["eks", "get-token", "--cluster-name", module.eks.cluster_name]', more: str = "") -> str:
    return (
        'provider "kubernetes" {\n  host = module.eks.endpoint\n  exec {\n    api_version = "client.authentication.k8s.io/v1beta1"\n'
        f'    command     = "aws"\n    args        = {args}\n{more}  }}\n}}\n'
    )


def test_a_program_that_the_policy_names_is_started() -> None:
    assert found(kubernetes(), exec=[TOKEN]) == []


@pytest.mark.parametrize(
    ("allowed", "written", "others"),
    [
        (
            "aws eks get-token --cluster-name * --region eu-west-1",
            'aws eks get-token --cluster-name ${var.x} --region eu-west-1',
            ["aws eks get-token --cluster-name ${var.x}", "aws eks get-token --cluster-name ${var.x} --region eu-west-2", "aws eks get-token --region eu-west-1 --cluster-name ${var.x}"],
        ),
        (
            "kubelogin get-token --login workloadidentity --server-id *",
            "kubelogin get-token --login workloadidentity --server-id ${var.x}",
            ["kubelogin get-token --login spn --server-id ${var.x}", "kubelogin convert-kubeconfig", "kubelogin get-token --login workloadidentity --server-id --token-cache-dir=/etc"],
        ),
        (
            "gke-gcloud-auth-plugin",
            "gke-gcloud-auth-plugin",
            ["gke-gcloud-auth-plugin --use_application_default_credentials", "gke-gcloud-auth-plugin2", "gcloud", "/tmp/gke-gcloud-auth-plugin", "./gke-gcloud-auth-plugin"],
        ),
    ],
)  # fmt: skip
def test_each_clouds_program_is_compared_whole(allowed: str, written: str, others: list[str]) -> None:
    def code(line: str) -> str:
        program, *args = line.split()
        listed = ", ".join(f'"{each}"' for each in args)
        return f'provider "kubernetes" {{\n  host = var.host\n  exec {{\n    api_version = "v1"\n    command     = "{program}"\n    args        = [{listed}]\n  }}\n}}\n'

    assert found(code(written), exec=[allowed]) == []
    assert found(code(written)) != []
    for each in [*others, f"{written} --more", f"sh -c {written}"]:
        assert found(code(each), exec=[allowed]) != [], each
    without = code(allowed).replace("    args        = []\n", "")
    assert allowed != written or found(without, exec=[allowed]) == []


def test_in_an_object_too() -> None:
    code = (
        'provider "helm" {\n  kubernetes = {\n    host = "x"\n    exec = {\n      api_version = "v1"\n      command = "aws"\n'
        '      args = ["eks", "get-token", "--cluster-name", local.name]\n    }\n  }\n}\n'
    )
    assert found(code, exec=[TOKEN]) == []
    assert found(code.replace('"eks"', '"s3"'), exec=[TOKEN]) != []
    nested = code.replace("kubernetes = {", "kubernetes {").replace("exec = {", "exec {")
    assert found(nested, exec=[TOKEN]) == []
    assert found(nested.replace("aws", "sh"), exec=[TOKEN]) != []


def test_without_the_policy_no_program_is_started() -> None:
    assert any("starts a program" in each for each in found(kubernetes()))
    assert found(kubernetes(), provider_arguments={"hashicorp/kubernetes": ("host", "exec", "command")}) != []


@pytest.mark.parametrize(
    "code",
    [
        kubernetes('["eks", "get-token", "--cluster-name", "x", "--endpoint-url", "https://evil.example"]'),
        kubernetes('["eks", "get-token"]'),
        kubernetes('["eks", "get-token", "--cluster-name", "--endpoint-url=https://evil.example"]'),
        kubernetes('concat(["eks", "get-token", "--cluster-name"], ["x"])'),
        kubernetes('["s3", "cp", "--cluster-name", "x"]'),
        kubernetes('[var.verb, "get-token", "--cluster-name", "x"]'),
        kubernetes(more='    env = {\n      AWS_PROFILE = "admin"\n    }\n'),
        kubernetes().replace('"aws"', "var.program"),
        kubernetes()
        .replace("exec {", 'dynamic "exec" {\n    for_each = [1]\n    content {')
        .replace("  }\n}\n", "  }}\n}\n"),
        kubernetes() + 'provider "helm" {\n  kubernetes {\n    exec {\n      command = "sh"\n    }\n  }\n}\n',
        'provider "helm" {\n  kubernetes = { "exec" = merge({ command = "sh" }, {}) }\n}\n',
    ],
)
def test_any_other_line_is_refused(code: str) -> None:
    assert found(code, exec=[TOKEN]) != []


def test_a_program_beside_the_one_that_the_policy_names_is_refused() -> None:
    other = {"hashicorp/kubernetes": ("helper", "host")}
    code = kubernetes().replace("  exec {", '  helper {\n    host = "x"\n  }\n  exec {')
    assert found(code, exec=[TOKEN], provider_arguments=other) == []
    assert found(code.replace('host = "x"', 'command = "sh"'), exec=[TOKEN], provider_arguments=other) != []


def test_a_profile_is_taken_for_the_account_that_the_provider_asserts_and_refused_with_the_way_otherwise() -> None:
    assert found(aws('  profile = "moj-cp"')) == []
    [said] = found('provider "aws" {\n  profile = "moj-cp"\n}\n', account_guard=False)
    assert "the role of the account in the policy's `accounts` takes its place" in said
    assert "Say in `allowed_account_ids` which account that is, or leave `profile` out" in said
    [said] = found('module "x" {\n  source = "./inner"\n}\n', inner=aws('  profile = "moj-cp"'))
    assert "hand it to the module (`providers = { … }`)" in said


def test_the_guard_of_the_account_can_be_left_to_the_credentials() -> None:
    assert found('provider "aws" {\n  region = "eu-central-1"\n}\n') != []
    assert found('provider "aws" {\n  region = "eu-central-1"\n}\n', account_guard=False) == []


def test_what_the_policy_allows_of_a_provider_it_allows_in_its_blocks_but_no_program() -> None:
    code = 'provider "helm" {\n  kubernetes {\n    host  = "x"\n    token = "y"\n  }\n}\n'
    assert any("`token`" in each for each in found(code))
    assert found(code, provider_arguments={"hashicorp/helm": ("kubernetes", "host", "token")}) == []


@pytest.mark.parametrize(
    "code",
    [
        'provider "helm" {\n  kubernetes = local.k\n}\nlocals {\n  k = { exec = { command = "sh" } }\n}\n',
        'provider "helm" {\n  kubernetes = merge({ host = "x" }, local.k)\n}\n',
        'provider "helm" {\n  kubernetes = true ? local.k : null\n}\n',
        'provider "helm" {\n  kubernetes = { (local.e) = { (local.c) = "sh" } }\n}\n',
        'provider "helm" {\n  kubernetes = { "ex${local.c}" = local.e }\n}\n',
        'provider "helm" {\n  kubernetes = { for k in ["exec"] : k => local.e }\n}\n',
    ],
)
def test_a_program_that_is_not_written_in_the_provider_block_is_refused(code: str) -> None:
    for allowed in ([], [TOKEN]):
        assert any("must be written out there" in each for each in found(code, exec=allowed))


def test_an_object_with_plain_names_may_hold_any_values() -> None:
    assert found('provider "helm" {\n  kubernetes = {\n    host = module.eks.endpoint\n  }\n}\n') == []
    tags = "  default_tags {\n    tags = { (var.key) = var.name }\n  }"
    assert found(aws(tags)) == []
