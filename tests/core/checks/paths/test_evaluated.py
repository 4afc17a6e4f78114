"""A path of the machine is seen however its text is made."""

import json
from collections.abc import Mapping

import pytest

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
    assert any("makes a text for `anything` that nobody sees here" in each for each in found_in(value)), value


def test_a_value_that_a_file_gives_is_seen() -> None:
    more = 'variable "x" {}\nvariable "y" {}'
    for files in ({"terraform.tfvars": 'x = "/etc/passwd"'}, {"a.auto.tfvars.json": '{"x": "/etc/passwd"}'}):
        assert any("is a path of the machine" in each for each in found_in("var.x", more, files=files))
        assert found_in("var.y", more, files=files) == []


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
