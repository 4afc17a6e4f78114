"""A path of the machine is seen however its text is made."""

import json
from collections.abc import Mapping

import pytest

from bot.core.checks.gate_rules import BUILT_IN
from bot.core.checks.static_checks import GateRules, gate
from bot.core.tree import File
from bot.model.pipeline import Stack
from bot.names import StepName
from tests.core.checks.test_named_files import BLOCKS, LOCK, RULES


def found_in(value: str, more: str = "", rules: GateRules = RULES, files: Mapping[str, str] | None = None) -> list[str]:
    code = f'{BLOCKS}{more}\nresource "any_thing" "x" {{\n  part {{\n    anything = {value}\n  }}\n}}\n'
    tree = {"app/main.tf": File(code.encode()), "app/.terraform.lock.hcl": File(LOCK.encode())}
    tree |= {f"app/{name}": File(text.encode()) for name, text in (files or {}).items()}
    return [each.message for each in gate(tree, {StepName("app"): Stack()}, rules, "envs/x")]


@pytest.mark.parametrize(
    ("value", "more"),
    [
        ('"/etc/passwd"', ""),
        ('"x/../../../etc/passwd"', ""),
        ('"~"', ""),
        ('"FILE:///etc/passwd"', ""),
        ('"//proc//self/environ"', ""),
        ('"${"/"}etc/passwd"', ""),
        ('join("/", ["", "etc", "passwd"])', ""),
        ('format("%s%s", "/", "etc/passwd")', ""),
        ("local.x", 'locals {\n  x = "/etc/passwd"\n}'),
        ('"${local.x}/environ"', 'locals {\n  x = "/proc/self"\n}'),
        ("var.x", 'variable "x" {\n  default = "/home/runner/x"\n}'),
        ("var.x.y[0]", 'variable "x" {\n  default = { y = ["/home/runner/x"] }\n}'),
        ('[for x in ["etc"] : "/${x}/passwd"]', ""),
        ('{ (local.k) = "/etc/passwd" }', 'locals {\n  k = "x y"\n}'),
        ('data.aws_region.current.name == "x" ? "/etc/passwd" : "x"', ""),
    ],
)
def test_a_text_that_comes_to_a_path_of_the_machine_is_refused(value: str, more: str) -> None:
    assert any("is a path of the machine that plans" in each for each in found_in(value, more)), value


@pytest.mark.parametrize(
    "value", ['base64decode("L2V0Yw==")', 'strrev("dwssap/cte/")', 'pathexpand("~/.aws/credentials")']
)
def test_a_text_that_a_function_hides_is_refused(value: str) -> None:
    assert any("makes a text for `anything` that can't be seen here" in each for each in found_in(value)), value


def test_a_value_that_a_file_gives_is_seen() -> None:
    more = 'variable "x" {}\nvariable "y" {}'
    for files in ({"terraform.tfvars": 'x = "/etc/passwd"'}, {"a.auto.tfvars.json": '{"x": "/etc/passwd"}'}):
        assert any("is a path of the machine" in each for each in found_in("var.x", more, files=files))
        assert found_in("var.y", more, files=files) == []


@pytest.mark.parametrize(
    "values", ["y = " + "[" * 200 + "]" * 200 + '\nx = "/etc/passwd"', '\ufeffx = "/etc/passwd"', '# \0\nx = "/etc"']
)
def test_no_file_of_values_hides_what_it_gives(values: str) -> None:
    """Terraform reads all of these; two of them we don't, and they are refused whatever the stack has."""
    assert found_in("var.x", 'variable "x" {}', files={"terraform.tfvars": values}) != []
    files = {"main.tf": BLOCKS, ".terraform.lock.hcl": LOCK, "terraform.tfvars": values}
    tree = {f"app/{name}": File(text.encode()) for name, text in files.items()}
    assert ("\ufeff" in values) == (not [*gate(tree, {StepName("app"): Stack()}, RULES, "envs/x")])


def test_what_another_file_says_is_seen_through_a_data_source() -> None:
    more = 'data "local_file" "y" {\n  filename = "${path.module}/y.txt"\n}'
    rules = GateRules(RULES.policy.model_copy(update={"providers": (*RULES.providers, "hashicorp/local")}), RULES.cloud)
    for text, is_path in (("/etc/passwd", True), ("shop", False)):
        found = found_in("data.local_file.y.content", more, rules, {"y.txt": text})
        assert any("is a path of the machine" in each for each in found) is is_path


def test_what_a_module_inside_is_handed_is_seen() -> None:
    code = f'{BLOCKS}module "x" {{\n  source = "./x"\n  name   = "/etc/passwd"\n}}\n'
    inner = f'{BLOCKS}variable "name" {{}}\nresource "any_thing" "x" {{\n  anything = var.name\n}}\n'
    tree = {"app/main.tf": code, "app/x/main.tf": inner, "app/.terraform.lock.hcl": LOCK}
    found = gate(
        {path: File(text.encode()) for path, text in tree.items()}, {StepName("app"): Stack()}, RULES, "envs/x"
    )
    assert [each.path for each in found if "`anything` is a path of the machine" in each.message] == [
        "envs/x/app/x/main.tf"
    ]


def test_the_policy_names_an_argument_that_is_no_path_of_the_machine() -> None:
    def rules(named: str) -> GateRules:
        policy = RULES.policy.model_copy(update={"paths": (named,)})
        return GateRules(policy, RULES.cloud)

    for value in ('"/v1/things"', 'join("/", ["", "v1"])'):
        assert any("`any_thing.anything` added to the policy's `gate.paths`" in each for each in found_in(value))
        assert found_in(value, rules=rules("any_thing.anything")) == []
        assert found_in(value, rules=rules("any_other.anything")) != []


@pytest.mark.parametrize(
    "value", ['"x"', '"/"', '"a/b"', "var.unknown", "random_id.x.hex", '"${random_id.x.hex}/v1"', "5", "[]"]
)
def test_anything_else_passes(value: str) -> None:
    assert found_in(value, 'variable "unknown" {}') == []


def test_json_in_one_line_says_which_argument_it_is() -> None:
    code = {
        "terraform": {"required_providers": {"any": {"source": "acme/any"}}},
        "resource": {
            "any_thing": {"x": {"anything": '${join("/", ["", "etc"])}'}},
            "aws_ssm_parameter": {"x": {"name": '${join("/", ["", "shop"])}'}},
        },
    }
    tree = {"app/main.tf.json": File(json.dumps(code).encode()), "app/.terraform.lock.hcl": File(LOCK.encode())}
    found = [each.message for each in gate(tree, {StepName("app"): Stack()}, RULES, "envs/x")]
    assert [each for each in found if "`any_thing.anything`" in each] == found
    assert len(found) == 1


def test_data_in_a_check_is_seen() -> None:
    more = 'check "x" {\n  data "any_thing" "y" {\n    anything = join("/", ["", "etc"])\n  }\n  assert {\n    condition     = true\n    error_message = "x"\n  }\n}'
    rules = GateRules(RULES.policy.model_copy(update={"data_sources": ("any_thing",)}), RULES.cloud)
    assert any("is a path of the machine that plans" in each for each in found_in('"x"', more, rules))


SOME = 'resource "any_thing" "y" {}'
ID = "any_thing.y.id"


@pytest.mark.parametrize(
    "value",
    [
        f'replace({ID}, "/^.*$/", "/etc/passwd")',
        f'try({ID}.x, "/etc/passwd")',
        f'coalesce({ID}, "/etc/passwd")',
        f'element(["/etc/passwd"], length({ID}))',
        f'lookup({{}}, {ID}, "/etc/passwd")',
        f'{{ ({ID}) = "/etc/passwd" }}[""]',
        f'compact([{ID}, "/etc/passwd"])[0]',
        f'substr("#/etc/passwd", length({ID}) - 35, -1)',
        f'split("#", "x#/etc/passwd${{{ID}}}")[1]',
        f'jsondecode("[\\"/etc/passwd\\", \\"${{{ID}}}\\"]")[0]',
        f'yamldecode("a: /etc/passwd\\nb: ${{{ID}}}").a',
        f'"%{{ if {ID} != "" }}/etc/passwd%{{ endif }}"',
        f'"${{{ID}}}/../../etc/passwd"',
        f'join("/", [{ID}, "..", "etc"])',
        f'format("%s/../etc/passwd", {ID})',
        f'formatlist("/etc/%s", [{ID}])[0]',
        'format("%cetc/passwd", 47)',
        "<<EOT\n/etc/passwd\nEOT",
        '" /etc/passwd"',
        '"a+b/../../etc/passwd"',
    ],
)
def test_a_path_that_stands_written_is_seen_whatever_is_unknown_beside_it(value: str) -> None:
    assert any("is a path of the machine that plans" in each for each in found_in(value, SOME)), value


@pytest.mark.parametrize(
    "value",
    [
        f'replace({ID}, "/^[a-z]/", "")',
        f'split("/aws/", {ID})[0]',
        f'{ID} == "/etc/passwd" ? "a" : "b"',
        f'"${{{ID}}}/etc/x"',
        f'join("", ["https://", {ID}, "/api"])',
        f'format("%s/api", {ID})',
        f'jsonencode({{ route = "/api", id = {ID} }})',
        f'templatefile("${{path.module}}/x.tftpl", {{ to = "/opt", id = {ID} }})',
    ],
)
def test_what_is_only_looked_for_or_compared_or_stands_further_on_is_no_path(value: str) -> None:
    assert found_in(value, SOME, files={"x.tftpl": "cd ${to}"}) == []


ANOTHER = 'resource "terraform_data" "y" {\n  input = "/etc/passwd"\n}'
PET = 'resource "random_pet" "y" {\n  prefix = "/etc/passwd"\n}'


@pytest.mark.parametrize(
    ("value", "more"),
    [
        ("terraform_data.y.input", ANOTHER),
        ("terraform_data.y.output", ANOTHER),
        ('"${terraform_data.y.output}/x"', ANOTHER),
        ('join("/", [terraform_data.y.output, "x"])', ANOTHER),
        ('"${terraform_data.y.output}etc/passwd"', 'resource "terraform_data" "y" {\n  input = "/"\n}'),
        ("terraform_data.y[0].output", ANOTHER.replace("{", "{\n  count = 1", 1)),
        (
            'terraform_data.y["/etc"].output',
            'resource "terraform_data" "y" {\n  for_each = toset(["/etc"])\n  input    = each.key\n}',
        ),
        (
            "one(terraform_data.y[*].output)",
            ANOTHER.replace("{", '{\n  count = data.aws_region.x.name == "x" ? 1 : 0', 1),
        ),
        (
            "terraform_data.z.output",
            f'{ANOTHER}\nresource "terraform_data" "z" {{\n  input = terraform_data.y.output\n}}',
        ),
        ("terraform_data.z.id", f'{ANOTHER}\nresource "terraform_data" "z" {{\n  input = terraform_data.y.id\n}}'),
        ("random_pet.y.id", PET),
        ("local.y", f"{PET}\nlocals {{\n  y = random_pet.y.id\n}}"),
        ("substr(random_pet.y.id, 0, 11)", PET),
        ("aws_ssm_parameter.y.id", 'resource "aws_ssm_parameter" "y" {\n  name = "/etc/passwd"\n}'),
        ("null_resource.y.triggers.x", 'resource "null_resource" "y" {\n  triggers = { x = "/etc/passwd" }\n}'),
    ],
)
def test_a_path_that_another_resource_is_given_is_seen(value: str, more: str) -> None:
    assert any("is a path of the machine that plans" in each for each in found_in(value, more)), value


@pytest.mark.parametrize(
    ("value", "more"),
    [
        ("aws_lb.y.dns_name", 'resource "aws_lb" "y" {\n  name = "/etc/passwd"\n}'),
        ("random_pet.y.id", 'resource "random_pet" "y" {\n  prefix = "shop"\n}'),
        ('"of ${terraform_data.y.output}"', ANOTHER),
        ("terraform_data.y.output", 'resource "terraform_data" "y" {\n  input = "${path.module}/x"\n}'),
        ("module.y.name", 'module "y" {\n  source = "./y"\n}'),
    ],
)
def test_what_another_resource_is_given_passes_if_it_is_no_path(value: str, more: str) -> None:
    files = {"y/main.tf": 'resource "random_pet" "y" {}\noutput "name" {\n  value = random_pet.y.id\n}\n'}
    policy = RULES.policy.model_copy(update={"providers": (*RULES.providers, BUILT_IN)})
    assert found_in(value, more, GateRules(policy, RULES.cloud), files) == []


@pytest.mark.parametrize("instances", ["count = random_pet.z.length", "for_each = toset(data.aws_region.z[*].name)"])
def test_a_module_whose_instances_are_not_known_is_looked_into(instances: str) -> None:
    inner = f'{BLOCKS}variable "name" {{}}\nresource "any_thing" "x" {{\n  anything = var.name\n}}\n'
    more = f'module "y" {{\n  source = "./y"\n  {instances}\n  name   = "/etc/passwd"\n}}\n'
    assert any("is a path of the machine" in each for each in found_in('"x"', more, files={"y/main.tf": inner}))


@pytest.mark.parametrize("depth", [7, 30])
def test_modules_are_looked_into_however_deep_they_are_or_refused(depth: int) -> None:
    inner = f'{BLOCKS}variable "name" {{}}\nresource "any_thing" "x" {{\n  anything = var.name\n}}\n'
    call = 'module "y" {\n  source = "./y"\n  name   = NAME\n}\n'
    files = {
        f"{'y/' * at}main.tf": f'variable "name" {{}}\n{call.replace("NAME", "var.name")}' for at in range(1, depth)
    }
    files[f"{'y/' * depth}main.tf"] = inner
    found = found_in('"x"', call.replace("NAME", '"/etc/passwd"'), files=files)
    assert any("is a path of the machine" in each or "can't be evaluated" in each for each in found), found


def test_what_a_downloaded_module_is_given_may_come_back() -> None:
    policy = RULES.policy.model_copy(update={"module_sources": ("acme/name/any *",)})
    rules = GateRules(policy, RULES.cloud)
    call = 'module "y" {\n  source = "acme/name/any"\n  ARGUMENT\n}\n'
    assert found_in("module.y.name", call.replace("ARGUMENT", 'name = "shop"'), rules) == []
    found = found_in("module.y.name", call.replace("ARGUMENT", 'name = "/etc/passwd"'), rules)
    assert any("depends on `module.y.name`, which is given a path of the machine" in each for each in found)


def test_a_text_that_is_too_large_or_nested_too_deeply_to_be_evaluated_is_refused() -> None:
    deep = "upper(" * 90 + '"/etc"' + ")" * 90
    assert any("is a path of the machine" in each or "is too large to be evaluated" in each for each in found_in(deep))
    code = {"resource": {"any_thing": {"x": {"anything": f'${{{"upper(" * 400}"/etc"{")" * 400}}}'}}}}
    assert found_in('"x"', files={"more.tf.json": json.dumps(code)}), "it can't be read"
    large = 'join("", [for a in range(1000) : join("", [for b in range(1000) : join("", [for c in range(1000) : "/etc"])])])'
    assert any("is too large to be evaluated" in each for each in found_in(large))
