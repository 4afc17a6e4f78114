"""What people write in Terraform and is harmless passes, or passes once the policy names it."""

from typing import Any

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules, gate
from bot.core.tree import File
from bot.model.pipeline import FromOutput, Stack
from bot.model.static_check_rules import StaticCheckRules
from bot.names import ParameterName, StepName


def findings(main: str, rules: StaticCheckRules | None = None) -> list[str]:
    files = {
        "app/.terraform.lock.hcl": File(b""),
        "app/main.tf": File(main.encode()),
        "app/x.tpl": File(b"${name}"),
        "lambda/main.tf": File(b""),
    }
    return [
        found.message
        for found in gate(files, {StepName("app"): Stack()}, GateRules(rules or StaticCheckRules(), FACTS), "envs/x")
    ]


@pytest.mark.parametrize(
    "main",
    [
        'locals {\n  x = fileset(path.module, "*.json")\n}\n',
        'locals {\n  x = file("${path.root}/x")\n}\n',
        'locals {\n  x = templatefile("x.tpl", { name = 1 })\n}\n',
        'module "x" {\n  source = "../lambda"\n}\n',
        'resource "aws_sns_topic" "x" {\n  provider = "aws.eu"\n}\n',
        'resource "aws_sns_topic" "x" {\n  provider = aws.eu\n}\n',
        'output "x" {\n  value = provider::aws::arn_parse(var.x).account_id\n}\n',
        'resource "random_password" "x" {\n  length = 20\n}\n',
        'ephemeral "random_password" "x" {\n  length = 20\n}\nephemeral "tls_private_key" "x" {\n  algorithm = "RSA"\n}\n',
        'data "local_sensitive_file" "x" {\n  filename = "${path.module}/x"\n}\n',
        'resource "null_resource" "x" {}\nresource "time_static" "x" {}\nresource "tls_private_key" "x" {}\n',
        'data "archive_file" "x" {\n  type = "zip"\n  source_dir = "${path.module}/src"\n  output_path = "${path.module}/x.zip"\n}\n',
        'resource "local_file" "x" {\n  filename = "${path.module}/x"\n}\n',
        'provider "aws" {\n  allowed_account_ids = [1]\n  sts_region = "us-gov-east-1"\n}\n',
        'data "aws_ip_ranges" "x" {\n  services = ["s3"]\n}\n',
        'locals {\n  x = file("${path.module}/${var.big ? "big" : "small"}.json")\n}\n',
        'locals {\n  x = file(var.big ? "${path.module}/big.json" : "small.json")\n}\n',
        'locals {\n  x = templatefile(var.big ? "x.tpl" : "${path.module}/x.tpl", {})\n}\n',
        'resource "aws_s3_object" "x" {\n  for_each = { "a.txt" = "text/plain", b = var.type }\n  source = "${path.module}/${each.key}"\n}\n',
        'resource "aws_s3_object" "x" {\n  for_each = { index = "index.html" }\n  source = "${path.module}/${each.value}"\n}\n',
        'locals {\n  x = file("${path.module}/policies/${terraform.workspace}.json")\n}\n',
        'locals {\n  x = templatefile("${abspath(path.module)}/x.tpl", { here = abspath(path.root) })\n}\n',
        'locals {\n  x = [file(join("/", [path.module, "x.tpl"])), file(format("%s/%s", path.module, "x.tpl")), file(join("", [path.module, "/x.tpl"]))]\n}\n',
        'resource "aws_s3_object" "x" {\n  for_each = local.files\n  source = "${path.module}/${each.value}"\n}\nlocals {\n  files = { for name in fileset(path.module, "*.html") : trimsuffix(name, ".html") => name }\n}\n',
        'variable "x" {\n  type = map(object({ a = optional(set(string)), b = tuple([list(number)]) }))\n}\n',
    ],
)
def test_it_passes(main: str) -> None:
    assert findings(main) == []


@pytest.mark.parametrize(
    ("main", "rules"),
    [
        (
            'module "x" {\n  source = "git::ssh://git@github.com/acme/tf-logs.git//log-group?ref=v1.4.0"\n}\n',
            StaticCheckRules(module_sources=("git::ssh://git@github.com/acme/tf-logs.git",)),
        ),
        (
            'module "x" {\n  source = "terraform-aws-modules/iam/aws//modules/role"\n  version = "~> 5.1"\n}\n',
            StaticCheckRules(module_sources=("terraform-aws-modules/iam/aws >= 5.0, < 6",)),
        ),
        ('module "x" {\n  source = "a/b/aws"\n}\n', StaticCheckRules(module_sources=("a/b/aws *",))),
        (
            'module "x" {\n  source = "github.com/acme/logs//one"\n}\n',
            StaticCheckRules(module_sources=("github.com/acme/logs *",)),
        ),
    ],
)
def test_it_passes_once_the_policy_names_it(main: str, rules: StaticCheckRules) -> None:
    assert findings(main, rules) == []
    assert findings(main), "and not before"


@pytest.mark.parametrize(
    ("main", "rules", "message"),
    [
        ('module "x" {\n  source = "a/b/aws"\n  version = "~> 5.1"\n}\n', StaticCheckRules(module_sources=("a/b/aws",)), "`a/b/aws >= 5.0, < 6`"),
        ('module "x" {\n  source = "a/b/aws"\n}\n', StaticCheckRules(module_sources=("a/b/aws >= 5, < 6",)), "is not pinned"),
        ('module "x" {\n  source = "git::https://x.example/y.git"\n}\n', StaticCheckRules(module_sources=("git::https://x.example/y.git",)), "is not pinned"),
        ('module "x" {\n  source = "a/b/aws2"\n  version = "5.1.0"\n}\n', StaticCheckRules(module_sources=("a/b/aws",)), "not in the policy"),
        ('provider "aws" {\n  allowed_account_ids = [var.x]\n  assume_role {\n    role_arn = var.y\n  }\n}\n', StaticCheckRules(), "added to `gate.assume_role`"),
        ('data "terraform_remote_state" "x" {\n  backend = "s3"\n}\n', StaticCheckRules(), "`inputs: {subnet: {from: network.subnet, stand_in: none-yet}}`"),
        ('output "x" {\n  value = provider::vault::x("a")\n}\n', StaticCheckRules(), "gate.providers"),
        ('output "x" {\n  value = provider::local::direxists("/etc")\n}\n', StaticCheckRules(), "files of its own module"),
        (
            'terraform {\n  required_providers {\n    l = { source = "hashicorp/local" }\n  }\n}\noutput "x" {\n  value = provider::l::direxists("/etc")\n}\n',
            StaticCheckRules(),
            "files of its own module",
        ),
        ('locals {\n  x = file(var.big ? "x.json" : "/etc/passwd")\n}\n', StaticCheckRules(), "files of its own module"),
        ('locals {\n  x = file(var.big ? var.path : "x.json")\n}\n', StaticCheckRules(), "files of its own module"),
        ('locals {\n  x = file("${path.module}/${var.up ? ".." : "x"}/y")\n}\n', StaticCheckRules(), "files of its own module"),
        ('locals {\n  x = file("${path.module}/.${var.up ? "x" : "./y"}")\n}\n', StaticCheckRules(), "files of its own module"),
        ('locals {\n  x = file("${path.module}/${var.up ? var.x : "x"}")\n}\n', StaticCheckRules(), "files of its own module"),
        ('locals {\n  x = file("${abspath(path.module)}/../x")\n}\n', StaticCheckRules(), "files of its own module"),
        *(
            (f"locals {{\n  x = file({path})\n}}\n", StaticCheckRules(), "files of its own module")
            for path in (
                'join("/", [path.module, "..", "x"])', 'join("", [path.module, "x"])', 'join("/", ["", "etc/passwd"])', 'join("/", [path.module, var.x])',
                'join("/", [path.module], ["/../x"])', 'join("/", [path.module, "a"]...)', 'join("..", [path.module, "/", "/x"])', 'join(".", [path.module, "/", "/x"])',
                'format("%s/../x", path.module)', 'format("%s/%s", path.module, "../x")', 'format("%[2]s%[1]s", path.module, "/etc/")', 'format("%s%%s", path.module)',
                'format("%s%s", "/etc", path.module)', 'format("%s.%s", "x/.", "/../etc")', 'format("/etc%.0s", path.module)', 'format("%s/x", [path.module]...)',
            )
        ),
        ('locals {\n  x = file("${abspath(var.x)}/x")\n}\n', StaticCheckRules(), "files of its own module"),
        ('locals {\n  x = [for path in var.l : file("${abspath(path.module)}/x")]\n}\n', StaticCheckRules(), "files of its own module"),
        ('locals {\n  x = file("${terraform.workspace}/../../x")\n}\n', StaticCheckRules(), "files of its own module"),
        ('locals {\n  x = [for terraform in var.l : file("${path.module}/${terraform.workspace}")]\n}\n', StaticCheckRules(), "files of its own module"),
        (
            'resource "aws_s3_object" "x" {\n  for_each = { "../x" = 1 }\n  source = "${path.module}/${each.key}"\n}\n',
            StaticCheckRules(),
            "names a file",
        ),
        (
            'resource "aws_s3_object" "x" {\n  for_each = { a = "x", b = var.x }\n  source = "${path.module}/${each.value}"\n}\n',
            StaticCheckRules(),
            "names a file",
        ),
        (
            'resource "aws_s3_object" "x" {\n  for_each = { (var.x) = "x" }\n  source = "${path.module}/${each.key}"\n}\n',
            StaticCheckRules(),
            "names a file",
        ),
        (
            'resource "aws_s3_object" "x" {\n  for_each = { for a, b in fileset(path.module, "*") : b => a }\n  source = "${path.module}/${each.value}/"\n}\n',
            StaticCheckRules(),
            "names a file",
        ),
        (
            'resource "aws_s3_object" "x" {\n  for_each = { for f in var.files : f => f }\n  source = "${path.module}/${each.value}"\n}\n',
            StaticCheckRules(),
            "names a file",
        ),
        ('locals {\n  x = file("${path.module}/${var.x}")\n}\n', StaticCheckRules(), "Here `var.x` gets no plain text"),
        (
            'resource "vault_generic_secret" "x" {\n  path = var.x\n}\n',
            StaticCheckRules(providers=("hashicorp/vault",)),
            "`vault_generic_secret.path` added to the policy's `gate.paths`",
        ),
        ('data "tls_certificate" "x" {\n  url = "https://x.example"\n}\n', StaticCheckRules(), "gate.data_sources"),
        ('data "local_file" "x" {\n  filename = "/etc/passwd"\n}\n', StaticCheckRules(), "names a file"),
        ('data "local_sensitive_file" "x" {\n  filename = "/etc/passwd"\n}\n', StaticCheckRules(), "names a file"),
        ('resource "local_sensitive_file" "x" {\n  filename = "/etc/x"\n}\n', StaticCheckRules(), "names a file"),
        ('resource "null_resource" "x" {\n  provisioner "local-exec" {\n    command = "id"\n  }\n}\n', StaticCheckRules(), "runs programs"),
        ('provider "tls" {\n  proxy {\n    url = "https://x.example"\n  }\n}\n', StaticCheckRules(), "in a provider block is not allowed"),
        ('data "archive_file" "x" {\n  source_dir = "/etc"\n}\n', StaticCheckRules(), "names a file"),
        (
            'resource "helm_release" "x" {\n  repository_key_file = "/etc/x"\n}\n',
            StaticCheckRules(providers=("hashicorp/helm",)),
            "names a file",
        ),
        ('data "archive_file" "x" {\n  source {\n    filename = "/etc/x"\n    content = "x"\n  }\n}\n', StaticCheckRules(), "names a file"),
    ],
)  # fmt: skip
def test_what_is_refused_says_what_to_write(main: str, rules: StaticCheckRules, message: str) -> None:
    assert any(message in found for found in findings(main, rules)), findings(main, rules)


READS = 'locals {\n  x = file("${path.module}/x/${NAME}.json")\n}\n'
VARIABLE = 'variable "y" {\n  type = string\nDEFAULT}\n'


def told(
    name: str = "var.y",
    default: str | None = None,
    values: dict[str, str] | None = None,
    inputs: dict[ParameterName, FromOutput] | None = None,
    more: str = "",
) -> bool:
    """Say whether a path with a name in it is read."""
    declared = VARIABLE.replace("DEFAULT", f"  default = {default}\n" if default is not None else "")
    files = {
        "app/.terraform.lock.hcl": "",
        "app/main.tf": READS.replace("NAME", name) + declared + more,
        **(values or {}),
    }
    stacks = {StepName("app"): Stack(inputs=inputs or {})}
    tree = {path: File(text.encode()) for path, text in files.items()}
    return not gate(tree, stacks, GateRules(StaticCheckRules(), FACTS), "envs/x")


JSON_VALUES = "app/terraform.tfvars.json"


@pytest.mark.parametrize(
    ("given", "is_read"),
    [
        ({"default": '"a"'}, True),
        ({"default": '"a/b"'}, True),
        ({"default": '"../../../etc/x"'}, False),
        ({"default": '".."'}, False),
        ({"default": '"a/"'}, False),
        ({"default": '"/etc/x"'}, False),
        ({"default": "null"}, False),
        ({}, False),
        ({"values": {JSON_VALUES: '{"y": "a"}'}}, True),
        ({"values": {JSON_VALUES: '{"y": 1}'}}, True),
        ({"values": {JSON_VALUES: '{"y": "../a"}'}}, False),
        ({"default": '"a"', "values": {JSON_VALUES: '{"y": "../a"}'}}, False),
        ({"default": '"a"', "values": {"app/x.auto.tfvars": 'y = "../a"\n'}}, False),
        ({"default": '"a"', "values": {"app/x.auto.tfvars": 'y = upper("a")\n'}}, False),
        ({"default": '"a"', "values": {"app/terraform.tfvars": 'y = "b"\n'}}, True),
        ({"default": '"a"', "inputs": {ParameterName("y"): FromOutput(source="other.path")}}, False),
        ({"name": "local.z", "default": '"a"', "more": 'locals {\n  z = "b-${var.y}"\n}\n'}, True),
        ({"name": "local.z", "default": '".."', "more": 'locals {\n  z = "b/${var.y}"\n}\n'}, False),
        ({"name": "local.z", "more": 'locals {\n  z = trimprefix("a../x", "a")\n}\n'}, False),
        ({"name": "local.z", "more": 'locals {\n  z = local.w\n  w = local.z\n}\n'}, False),
        ({"name": "each.value", "default": '"a"'}, False),
    ],
)  # fmt: skip
def test_a_variable_in_a_path_is_read_if_all_that_it_can_be_stays_in_the_module(
    given: dict[str, Any], is_read: bool
) -> None:
    assert told(**given) is is_read


def test_texts_that_double_with_each_local_come_to_an_end() -> None:
    doubled = "".join(f'  z{n} = "${{local.z{n + 1}}}${{local.z{n + 1}}}"\n' for n in range(60))
    assert not told("local.z0", more=f'locals {{\n{doubled}  z60 = "aa"\n}}\n')


@pytest.mark.parametrize(
    ("first", "second", "is_read"),
    [('"a"', '"b"', True), ('"a"', "var.y", False), ('"a"', '"../b"', False), ('"a"', "null", False)],
)
def test_a_module_is_known_by_what_all_its_callers_hand_to_it(first: str, second: str, is_read: bool) -> None:
    call = 'module "NAME" {\n  source = "./inner"\n  y = VALUE\n}\n'
    main = call.replace("NAME", "one").replace("VALUE", first) + call.replace("NAME", "two").replace("VALUE", second)
    files = {
        "app/.terraform.lock.hcl": "",
        "app/main.tf": main + VARIABLE.replace("DEFAULT", ""),
        "app/inner/main.tf": READS.replace("NAME", "var.y") + VARIABLE.replace("DEFAULT", ""),
    }
    tree = {path: File(text.encode()) for path, text in files.items()}
    found = gate(tree, {StepName("app"): Stack()}, GateRules(StaticCheckRules(), FACTS), "envs/x")
    assert (not found) is is_read


def reading(main: str, inner: str = "", *more: str) -> list[str]:
    """Return what is found of a stack with a module in `app/modules/logs` that reads its own stack's files."""
    files = {
        "app/.terraform.lock.hcl": "",
        "app/main.tf": main,
        "app/modules/logs/main.tf": inner,
        "app/policies/a.json": "{}",
        "app/policies/b.tpl": "${name}",
        **dict.fromkeys(more, "{}"),
    }
    tree = {path: File(text.encode()) for path, text in files.items()}
    return [
        str(each) for each in gate(tree, {StepName("app"): Stack()}, GateRules(StaticCheckRules(), FACTS), "envs/x")
    ]


EACH = (
    'resource "terraform_data" "x" {\n  for_each = OVER\n  input = file("${path.module}/policies/${each.value}")\n}\n'
)


@pytest.mark.parametrize(
    ("over", "local", "is_read"),
    [
        ("toset(local.names)", '["a.json", "b.json"]', True),
        ("local.names", 'fileset("${path.module}/policies", "*.json")', True),
        ("toset(local.names)", '["../../x"]', False),
        ("toset(local.names)", "var.names", False),
        ("toset(local.names)", "local.names", False),
        ("local.names", 'fileset("..", "*.json")', False),
    ],
)
def test_a_collection_may_be_a_local(over: str, local: str, is_read: bool) -> None:
    found = reading(EACH.replace("OVER", over) + f"locals {{\n  names = {local}\n}}\n")
    assert (not found) is is_read, found


@pytest.mark.parametrize(
    ("local", "is_read"),
    [
        ('"${path.module}/policies"', True),
        ('"policies"', True),
        ('"./policies"', True),
        ("path.module", True),
        ('"${local.root}/policies"', True),
        ('"${path.module}/.."', False),
        ('"/etc"', False),
        ("var.directory", False),
        ('"${local.directory}/x"', False),
    ],
)
def test_a_path_may_begin_with_a_local(local: str, is_read: bool) -> None:
    body = f'locals {{\n  directory = {local}\n  root = path.module\n  x = file("${{local.directory}}/a.json")\n}}\n'
    found = reading(body)
    assert (not found) is is_read, found


def test_what_templatefile_reads_is_found_through_a_local() -> None:
    body = 'locals {\n  directory = "${path.module}/policies"\n  x = templatefile("${local.directory}/b.tpl", {})\n}\n'
    assert reading(body) == []
    [found] = reading(body.replace("b.tpl", "c.tpl"))
    assert "the file that `templatefile` reads is not in the module" in found


def test_a_name_that_hides_locals_hides_their_paths() -> None:
    body = 'locals {\n  directory = "policies"\n  x = [for local in var.x : file("${local.directory}/a.json")]\n}\n'
    assert reading(body)


@pytest.mark.parametrize(
    ("path", "is_read"),
    [
        ("${path.module}/../../policies/a.json", True),
        ("${path.module}/../logs/a.json", True),
        ("${path.module}/../../../policies/a.json", False),
        ("${path.module}/x/../../policies/a.json", False),
        ("${path.root}/../policies/a.json", False),
        ("../policies/a.json", False),
        ("${path.module}/../../.terraform/x", False),
    ],
)
def test_a_module_inside_a_stack_reads_that_stack_s_files(path: str, is_read: bool) -> None:
    call = 'module "logs" {\n  source = "./modules/logs"\n}\n'
    inner = f'locals {{\n  x = file("{path}")\n}}\n'
    found = reading(call, inner)
    assert (not found) is is_read, found
    assert reading(inner), "but the stack itself is at its top"


@pytest.mark.parametrize(
    ("main", "is_read"),
    [
        ('resource "kubernetes_pod" "x" {\n  spec {\n    path = "/ready"\n    source = google_compute_disk.x.self_link\n  }\n}\n', True),
        ('resource "kubernetes_pod" "x" {\n  path = "/etc"\n}\n', False),
        ('resource "kubernetes_pod" "x" {\n  spec {\n    filename = "/etc/x"\n  }\n}\n', False),
        ('resource "aws_lambda_function" "x" {\n  filename = data.archive_file.x[0].output_path\n}\n', True),
        ('resource "aws_lambda_function" "x" {\n  filename = terraform_data.x[0].output_path\n}\n', False),
        ('resource "helm_release" "x" {\n  chart = "ingress-nginx"\n}\n', True),
        ('resource "helm_release" "x" {\n  chart = "oci://registry.example/charts/x"\n}\n', True),
        ('resource "helm_release" "x" {\n  chart = "${path.module}/chart"\n}\n', True),
        ('variable "chart" {\n  default = "x"\n}\nresource "helm_release" "x" {\n  chart = var.chart\n}\n', True),
        ('resource "helm_release" "x" {\n  chart = "/etc"\n}\n', False),
        ('resource "helm_release" "x" {\n  chart = "../../other"\n}\n', False),
        ('resource "helm_release" "x" {\n  chart   = "x"\n  keyring = "/etc/passwd"\n}\n', False),
        ('resource "helm_release" "x" {\n  chart = "x"\n  postrender {\n    binary_path = "sh"\n  }\n}\n', False),
        ('resource "helm_release" "x" {\n  chart      = "x"\n  postrender = { binary_path = "sh" }\n}\n', False),
    ],
)  # fmt: skip
def test_what_names_a_file_is_told_from_what_has_its_name_alone(main: str, is_read: bool) -> None:
    rules = StaticCheckRules(
        providers=("hashicorp/aws", "hashicorp/helm", "hashicorp/kubernetes", "terraform.io/builtin/terraform")
    )
    assert (not findings(main, rules)) is is_read


def test_a_role_that_the_policy_does_not_name_is_said_once() -> None:
    (said,) = findings(
        'provider "aws" {\n  allowed_account_ids = [var.x]\n  assume_role {\n    role_arn = var.y\n  }\n}\n'
    )
    assert "`assume_role` in a provider block is not allowed" in said
