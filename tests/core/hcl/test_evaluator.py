"""Evaluation: what code alone decides becomes a value, the rest stays an expression with the known parts filled in."""

from collections.abc import Mapping

import pytest

from bot.core.hcl.module import Module
from bot.core.hcl.result import ModuleResult, free
from bot.core.hcl.scope import ModuleAddress
from bot.core.hcl.values import HclValue, Unknown, plain
from bot.core.tree import File

VARIABLES = """
variable "name" {}
variable "zones" {}
variable "flag" {}
variable "default" { default = { a = 1 } }
variable "never" {}
"""
GIVEN: Mapping[str, HclValue] = {"name": "demo", "zones": ["a", "b"], "flag": True}


def module(code: str, **more: str) -> ModuleResult:
    files = {"app/main.tf": File((VARIABLES + code).encode())}
    files |= {path.replace("__", "/").replace("_tf", ".tf"): File(text.encode()) for path, text in more.items()}
    given = {name: (value, frozenset({f"app/{name}"})) for name, value in GIVEN.items()}
    return Module(files, ModuleAddress("app", "app/"), given).evaluated()


def value(expression: str) -> HclValue:
    return module(f'output "x" {{\n  value = {expression}\n}}\n').outputs["x"][0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('"${var.name}-app"', "demo-app"),
        ('"$${var.name} %%{x}"', "${var.name} %{x}"),
        (r'"a\n\"\u0041\\"', 'a\n"A\\'),
        ('"${var.zones}"', ["a", "b"]),
        ("var.flag ? 30 : aws_x.y.days", 30),
        ("!var.flag", False),
        ("1 + 2 * 3 - 4 / 2", 5),
        ("-(7 % 4)", -3),
        ("1 == 1.0 && true != 1", True),
        ("var.flag || aws_x.y.z", True),
        ("length(var.zones) >= 2", True),
        ("[for i, z in var.zones : \"${i}${z}\" if z != \"a\"]", ["1b"]),
        ("{ for z in var.zones : z => upper(z) }", {"a": "A", "b": "B"}),
        ("{ for z in [\"a\", \"b\", \"c\"] : z == \"c\" ? \"y\" : \"x\" => z... }", {"x": ["a", "b"], "y": ["c"]}),
        ("[{ id = 1 }, { id = 2 }][*].id", [1, 2]),
        ('{ "a-b" = 1, c : 2, (var.name) = 3 }', {"a-b": 1, "c": 2, "demo": 3}),
        ("var.default.a", 1),
        ("var.zones[1]", "b"),
        ("var.zones.0", "a"),
        ("merge({ a = 1 }, { b = 2 }, { a = 3 })", {"a": 3, "b": 2}),
        ('cidrsubnet("10.0.0.0/20", 4, 9)', "10.0.9.0/24"),
        ('cidrsubnets("10.0.0.0/16", 4, 8)', ["10.0.0.0/20", "10.0.16.0/24"]),
        ('cidrhost("10.0.0.0/24", -2)', "10.0.0.254"),
        ('format("%s-%03d%%", var.name, 7)', "demo-007%"),
        ('join(",", concat(var.zones, ["c"]))', "a,b,c"),
        ('setproduct(["a", "b"], [1, 2])', [["a", 1], ["a", 2], ["b", 1], ["b", 2]]),
        ('toset(["b", "a", "b"])', ["a", "b"]),
        ('distinct(["b", 1, "a", 1.0, "b", true])', ["b", "1", "a", "true"]),
        ('setsubtract(["a", "b", "c"], ["b"])', ["a", "c"]),
        ('setintersection(["a", "b", "c"], ["c", "b"], ["b"])', ["b"]),
        ('try(var.default.a, "x")', 1),
        ('coalesce("", "x")', "x"),
        ('replace(var.name, "d", "D")', "Demo"),
        ('jsondecode("{\\"a\\": [1]}").a[0]', 1),
        ('"%{ if var.flag }yes%{ else }no%{ endif }"', "yes"),
        ('"%{ for z in var.zones }<${z}>%{ endfor }"', "<a><b>"),
        ("<<-EOT\n    hi ${var.name}\n      \"there\"\n  EOT", 'hi demo\n  "there"\n'),
        ("jsonencode({ b = [1], a = var.name })", '{"a":"demo","b":[1]}'),
        ('"x${jsonencode([])}"', "x[]"),
        ("path.module", "app"),
    ],
)  # fmt: skip
def test_what_code_decides_is_a_value(expression: str, expected: HclValue) -> None:
    assert plain(value(expression)) == expected


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("aws_x.y.id", "aws_x.y.id"),
        ("data.aws_x.y.id", "data.aws_x.y.id"),
        ('"${aws_x.y.arn}:${var.name}"', '"${aws_x.y.arn}:demo"'),
        ("aws_x.y.flag ? var.name : 1", 'aws_x.y.flag ? "demo" : 1'),
        ("timestamp()", "timestamp()"),
        ("upper(aws_x.y.id)", "upper(aws_x.y.id)"),
        ("var.never", "var.never"),
        ("[for x in aws_x.y.list : \"${x}-${var.name}\"]", '[for x in aws_x.y.list : "${x}-demo"]'),
        ("aws_x.y[*].id", "aws_x.y[*].id"),
        ("1 + aws_x.y.z", "1 + aws_x.y.z"),
        ("local.circle", "local.circle"),
        ("1 / 0", "1 / 0"),
        ("true || -11", "true || -11"),
        ("[] && false", "[] && false"),
        ('regex("a+", "aa")', 'regex("a+", "aa")'),
        ('file("/etc/passwd")', 'file("/etc/passwd")'),
        ("provider::x::f(1)", "provider::x::f(1)"),
    ],
)  # fmt: skip
def test_what_it_does_not_decide_stays_an_expression(expression: str, text: str) -> None:
    found = module(f'locals {{\n  circle = local.circle\n}}\noutput "x" {{\n  value = {expression}\n}}\n').outputs["x"][
        0
    ]
    assert isinstance(found, Unknown)
    assert found.text == text
    assert found.rules


def test_thousands_of_blocks_of_one_name_are_numbered() -> None:
    names: dict[str, int] = {}
    for _ in range(100):
        names[free(names, "moved")] = 1
    assert list(names) == ["moved", *(f"moved#{number}" for number in range(2, 101))]


def test_count_and_for_each_become_instances() -> None:
    found = module(
        'resource "aws_x" "none" {\n  count = var.flag ? 0 : 1\n}\n'
        'resource "aws_x" "two" {\n  count = 2\n  at = count.index\n}\n'
        'resource "aws_x" "each" {\n  for_each = toset(var.zones)\n  z = each.value\n}\n'
        'resource "aws_x" "chained" {\n  for_each = aws_x.each\n  id = each.value.id\n  key = each.key\n}\n'
        'resource "aws_x" "unknown" {\n  for_each = aws_y.z.list\n  a = each.value\n}\n'
    )
    things = {address: thing for address, thing in found.things.items() if "aws_x" in address}
    assert set(things) == {
        "app/aws_x.two[0]", "app/aws_x.two[1]", 'app/aws_x.each["a"]', 'app/aws_x.each["b"]',
        'app/aws_x.chained["a"]', 'app/aws_x.chained["b"]', "app/aws_x.unknown",
    }  # fmt: skip
    assert things["app/aws_x.two[1]"].leaves["at"].value == 1
    assert things['app/aws_x.each["b"]'].leaves["z"].value == "b"
    chained = things['app/aws_x.chained["a"]'].leaves["id"].value
    assert isinstance(chained, Unknown)
    assert chained.text == 'aws_x.each["a"].id'
    assert "for_each" in things["app/aws_x.unknown"].leaves
    assert "app/aws_x.none" in found.codes


def test_blocks_and_dynamic_blocks_are_numbered_in_one_row() -> None:
    found = module(
        'resource "aws_x" "y" {\n  rule {\n    a = 1\n  }\n  dynamic "rule" {\n    for_each = var.zones\n'
        "    content {\n      a = rule.value\n    }\n  }\n  empty {}\n  lifecycle {\n    ignore_changes = [a]\n  }\n}\n"
    )
    values = {at: leaf.value for at, leaf in found.things["app/aws_x.y"].leaves.items() if at}
    assert values == {
        "rule[0].a": 1, "rule[1].a": "a", "rule[2].a": "b", "empty[0]": "{}", "lifecycle[0]": "ignore_changes=[a]",
    }  # fmt: skip


def test_modules_of_the_repository_are_evaluated_with_their_inputs() -> None:
    found = module(
        'module "m" {\n  source   = "./inner"\n  for_each = toset(var.zones)\n  who      = "${var.name}-${each.key}"\n}\n'
        'output "x" {\n  value = module.m["b"].out\n}\n',
        app__inner__main_tf='variable "who" {}\nresource "aws_x" "y" {\n  name = var.who\n}\n'
        'output "out" {\n  value = upper(var.who)\n}\n',
    )
    assert found.things['app/module.m["a"].aws_x.y'].leaves["name"].value == "demo-a"
    assert found.things['app/module.m["a"].aws_x.y'].leaves["name"].reads == {"app/name", "app/zones"}
    assert found.outputs["x"][0] == "DEMO-B"
    assert found.read == {"app/main.tf", "app/inner/main.tf"}


def test_values_know_the_variables_that_decided_them() -> None:
    found = module(
        "locals {\n  both = \"${var.name}${var.flag ? \"\" : var.zones[0]}\"\n}\n"
        'resource "aws_x" "y" {\n  a = local.both\n  b = 1\n}\n'
    )  # fmt: skip
    leaves = found.things["app/aws_x.y"].leaves
    assert leaves["a"].reads == {"app/name", "app/flag"}  # not the side of the condition that was not taken
    assert leaves["b"].reads == frozenset()


def test_a_file_that_does_not_parse_is_told_and_null_is_not_set() -> None:
    found = module('resource "aws_x" "y" {\n  a = null\n}\n', app__bad_tf="x = = 1\n")
    assert list(found.unreadable) == ["app/bad.tf"]
    assert set(found.things["app/aws_x.y"].leaves) == {""}
