"""What we evaluate is what Terraform evaluates: against `terraform console`, right or unknown, never wrong."""

import base64
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.hcl.module import Module
from bot.core.hcl.scope import ModuleAddress
from bot.core.hcl.values import HclValue, plain, rules_in
from bot.core.tree import File
from bot.sandbox.terraform_config import terraform
from tests.support.budget import examples

ERROR = {"refused": True}
"""What stands for an expression that Terraform refuses."""


def console(expressions: Sequence[str], scratch: Path) -> list[object]:
    """Return what Terraform makes of each expression; all are asked in one start.

    `terraform console` prints only the last line's result when it is not at a terminal, so it is one list. What is refused
    before anything is evaluated (a name that is no function) refuses the whole list.
    """
    asked = ", ".join(f"try([{each}], {{ refused = true }})" for each in expressions)
    environment = {"PATH": os.environ["PATH"], "HOME": str(scratch), "CHECKPOINT_DISABLE": "1"}
    found = subprocess.run(
        [terraform(), "console"],
        input=f"base64encode(jsonencode([{asked}]))\n",
        cwd=scratch,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-2000:]
    answers = json.loads(base64.b64decode(found.stdout.strip().strip('"')))
    return [answer if answer == ERROR else answer[0] for answer in answers]


def ours(expression: str) -> HclValue:
    files = {"app/main.tf": File(f'output "x" {{\n  value = {expression}\n}}\n'.encode())}
    return Module(files, ModuleAddress("app", "app/"), {}).evaluated().outputs["x"][0]


def is_wrong(expression: str, theirs: object) -> str:
    """Return how our value differs from Terraform's; nothing if it doesn't, or if we say that we don't know."""
    found = ours(expression)
    if rules_in(found):
        return ""
    said = plain(found)
    return "" if _same(said, theirs) else f"{expression}: Terraform has {theirs!r}, we have {said!r}"


def _same(one: object, other: object) -> bool:
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return (type(one) in (int, float) and type(other) in (int, float) and one == other) or (
        isinstance(one, str) and one == other
    )


EXPRESSIONS = (
    # Numbers
    "-7 % 3", "7 % -3", "-7.5 % 2", "7 / 2", "6 / 3", "1 / 3", "2 / 3 * 3", "0.1 + 0.2", "1e21", "1e400", "-0", "1.50",
    "10000000000000000000000 + 1", "12345678901234567890", "9007199254740993", "9007199254740993 * 3", "1.1 * 1.1",
    "100000000000000000000000000000000000000000", "0.1 * 3", "1e-7", "123456789.123456789", "ceil(1.2)", "floor(-1.2)",
    "ceil(-0.5)", "abs(-3.5)", "max(1, 2.5)", "min(3, -1)", "sum([0.1, 0.2, 0.3])", "1 == 1.0", '1 == "1"', 'true == "true"',
    '"1" + 1', 'true ? 1 : "a"', 'false ? [1] : ["a"]', "true ? null : 1", "tonumber(\"0x10\")", 'tonumber("1e3")',
    'tonumber(" 1")', 'tonumber("")', 'tonumber("1_000")',  'tonumber("nan")', 'tonumber("1.0")', "tostring(1.0)",
    "tostring(0.1)", "tostring(1e21)", "tostring(1e6)", "tostring(123456789012)", "tostring(-0)", "tostring(1e-7)", '"${1e21}"',
    '"${1 / 3}"', '"${12345678901234567890}"', '"${1.10}"', "!true", "-(3)", '"5" > 3', "[1, 2] == [1, 2]", "{ a = 1 } == { a = 1 }",
    'parseint("ff", 16)', "pow(2, 10)", "signum(-3)", "log(8, 2)", 'tobool("true")', 'tobool("yes")', "tobool(1)",
    # Texts
    'title("hello-world")', 'title("hello world_x y.z")', 'title("ÉCOLE école")', "title(\"it's o'neil\")", 'title("a1b 2c")', 'title("hello\\tworld\\nx")',
    'upper("straße")', 'upper("ŉ")', 'lower("İ")', 'upper("ǆ")', 'lower("ΑΣ")', 'upper("éa")', 'length("straße")', 'length("e\\u0301")',
    'length("👨‍👩‍👧")', 'length("🇩🇪x")', 'substr("straße", 4, 1)', 'substr("hello", -3, 2)', 'substr("hello", 1, -1)', 'substr("hello", 1, 100)',
    'substr("👨‍👩‍👧x", 1, 1)', 'substr("hello", 7, 1)', 'strrev("abc")', 'reverse(["a", "b"])', 'split(",", "")', 'split("", "abc")', 'split(",", "a,,b")',
    'join("-", ["a", 1, true])', 'join(",", [])', 'trim("  x  ", " ")', 'trim("xxhixx", "x")', 'trimspace("\\u00a0x\\u2003")', 'trimspace("\\ufeffx")',
    'trimprefix("aab", "a")', 'trimsuffix("baa", "a")', 'chomp("x\\r\\n\\n")', 'indent(2, "a\\nb")', 'replace("aaa", "a", "b")', 'replace("abc", "", "-")',
    'replace("a1b2", "/[0-9]/", "#")', 'format("%v", 1e21)', 'format("%v", 1.5)', 'format("%v", "x")', 'format("%v", true)',
    'format("%v", [1, "a"])', 'format("%v", { b = 1, a = "<" })', 'format("%s", 1.0)', 'format("%s", true)',  'format("%d", 3)',
    'format("%d", 3.7)', 'format("%5d|%-5d|%05d", 1, 2, 3)', 'format("%+d", 3)', 'format("%x", 255)', 'format("%.2f", 1.005)', 'format("%5.1f", 3.14159)',
    'format("%q", "a\\"b<é")', 'format("%q", "\\u2028")', 'format("%%")', 'format("%5s|%-5s|", "a", "b")', 'format("%3s", "straße")', 'format("%#v", "x")',
    'format("%v", 12345678901234567890)', 'format("%d", 12345678901234567890)', 'format("%s", "é")', 'format("%t", true)', 'format("%b", 5)',
    'format("%[2]s %[1]s", "a", "b")', 'format("%s", [1])', 'format("x", 1)', 'format("%d", "5")', 'format("%d", "x")', 'format("%e", 12345.678)',
    'formatlist("%s-%s", ["a", "b"], "x")', 'formatlist("%s", [])', 'startswith("abc", "")', 'endswith("abc", "bc")', 'strcontains("abc", "z")',
    'jsonencode({ b = 1, a = "<é>", c = 1e21, d = 0.1, e = null })', 'jsonencode("\\u2028")', "jsonencode(1.0)", "jsonencode(12345678901234567890)",
    'jsonencode("\\u007f")', "jsonencode([1.5, 1e-7])", "jsondecode(\"1.0\")", 'jsondecode("12345678901234567890")', 'jsondecode("[1, \\"a\\", null]")',
    "jsondecode(\"{\\\"a\\\": 1, \\\"a\\\": 2}\")", 'jsondecode("nan")', 'jsondecode("\\"\\\\ud83d\\\\ude00\\"")', 'base64encode("é")', 'base64decode("w6k=")',
    'md5("é")', 'sha1("")', 'sha256("x")', 'urlencode("a b&é")', '"a\\u0301" == "á"', '"e\\u0301"', '"\\U0001F600"', '"a${"b"}c"', '"${true}"', '"$${x}%%{y}"',
    '"%{ if true }yes%{ else }no%{ endif }"', '"%{ for x in ["a", "b"] ~} ${x} %{ endfor ~} z"', '"%{ for x in ["a", "b"] }${x},%{ endfor }"',
    '"a  %{~ if true ~}  b  %{~ endif ~}  c"', '"a ${~ "b" ~} c"', '"%{ for k, v in { b = 1, a = 2 } }${k}${v}%{ endfor }"', '"${[1]}"', '"${null}"', '"x${null}"',
    # Lists, sets and maps
    'toset([1, "1"])', 'toset(["b", "a", "b"])', 'toset([true, "true"])', "toset([2, 10, 1])", 'toset([1.0, 1])', "toset([[1], [1]])", "toset([])",
    'toset([null, "a"])', 'toset([1, true])', 'tolist([1, "a"])', "tolist([1, true])", 'tolist(toset(["b", "a"]))', 'tomap({ a = 1, b = "x" })',
    "tomap({ a = 1, b = true })", "concat([1], [\"a\"])", 'concat([], [])', "flatten([[1, [2]], 3, []])", "flatten([toset([2, 1])])", "distinct([1, \"1\", 1.0])",
    "distinct([[1], [1]])", 'compact(["a", "", null, "b"])', "contains([1, 2], \"1\")", 'contains(["a"], "a")', "element([1, 2, 3], 4)", "element([1, 2, 3], -1)",
    "element([], 0)", "index([\"a\", \"b\"], \"b\")", "slice([1, 2, 3], 1, 2)", "slice([1, 2, 3], 0, 5)", "slice([1, 2, 3], 2, 1)", "slice([1,2,3], -1, 2)",
    "sort([\"b\", \"a\", \"B\"])", "sort([10, 9, \"a\"])", 'sort(["é", "z", "e"])', "range(3)", "range(1, 4)", "range(5, 1)", "range(0, 1, 0.3)", "range(1.5)", "range(0, -3, -1)",
    "range(3, 0)", "chunklist([1, 2, 3], 2)", "chunklist([1, 2], 0)", "merge({ a = 1 }, { a = \"x\" })", "merge({ a = { b = 1 } }, { a = { c = 2 } })", "merge({}, null)",
    "keys({ b = 1, a = 2 })", "values({ b = 1, a = 2 })", "lookup({ a = 1 }, \"b\", \"x\")", 'lookup({ a = 1 }, "a", "x")', "lookup({ a = 1 }, \"b\")", "zipmap([\"b\", \"a\"], [1, 2])",
    'zipmap(["a", "a"], [1, 2])', "setunion([1, 2], [2, 3])", "setintersection([1, 2], [\"2\"])", "setsubtract([\"a\", \"b\"], [\"b\"])", "setproduct([\"a\"], [1, 2])", "setproduct([1], [])",
    "setproduct([2, 1], [\"b\", \"a\"])", "length({ a = 1 })", "length([1, null])", "one([])", "one([1])", "coalesce(\"\", null, \"x\")", 'coalesce(null, 1, "a")', "coalesce(1, \"a\")",
    "coalescelist([], [1])", "alltrue([true, \"true\"])", "alltrue([])", "alltrue([null])", "anytrue([null, true])", "anytrue([])", "matchkeys([1, 2], [\"a\", \"b\"], [\"b\"])", "transpose({ a = [\"x\"] })",
    "[for i, x in [\"a\", \"b\"] : \"${i}${x}\"]", "{ for x in [\"b\", \"a\"] : x => upper(x) }", "[for k, v in { b = 1, a = 2 } : k]", "[for x in toset([3, 1, 2]) : x]", "{ for x in [1, 1] : x => x... }",
    "[for x in [1, 2, 3] : x if x > 1]", "[{ a = 1 }, { a = 2 }][*].a", "[1, 2][*]", "null[*]", "\"x\"[*]", "[1, 2, 3][1]", "[1, 2][5]", "{ a = 1 }[\"a\"]", "{ a = 1 }.b", "try([1][3], \"none\")", "can([1][3])",
    "[1, 2][\"1\"]", "[1, 2][1.5]", '{ "1" = "x" }[1]', "{ (true) = 1 }", "{ a = 1, a = 2 }", "true && null", "null == null", "[null] == [null]", '{ a = 1, "b" : 2 }', "1 < 2 ? \"y\" : \"n\"",
    'cidrsubnet("10.0.0.0/8", 8, 255)', 'cidrsubnet("10.1.2.3/16", 4, 15)', 'cidrsubnet("fd00::/8", 8, 1)', 'cidrhost("10.0.0.0/30", 5)', 'cidrhost("fd00::/64", 1)', 'cidrnetmask("10.0.0.0/12")',
    'cidrnetmask("fd00::/64")', 'cidrsubnets("10.0.0.0/8", 8, 4, 8)', 'cidrsubnet("010.0.0.0/8", 8, 1)', 'cidrhost("10.0.0.0", 1)', 'timeadd("2020-01-01T00:00:00Z", "1h")', 'formatdate("YYYY", "2020-01-01T00:00:00Z")',
     'basename("/a/b")', 'dirname("/a/b")',  'nonsensitive("x")', "issensitive(1)", "sum([])", 'join("", [null])', 'upper(1)', "length(1)", "keys([])", 'lower(true)', "split(\",\", 1)",
)  # fmt: skip
"""Expressions of every kind that code has, and the corners where a reimplementation goes astray."""


def wrong(expressions: Sequence[str], scratch: Path) -> list[str]:
    answers = console(expressions, scratch)
    return [said for each, theirs in zip(expressions, answers, strict=True) if (said := is_wrong(each, theirs))]


def test_what_we_evaluate_is_what_terraform_evaluates(tmp_path: Path) -> None:
    assert wrong(EXPRESSIONS, tmp_path) == []


def test_most_of_it_is_known() -> None:
    """That nothing is wrong would also hold for an evaluator that knows nothing."""
    assert sum(not rules_in(ours(each)) for each in EXPRESSIONS) > 0.65 * len(EXPRESSIONS)


TEXTS = st.sampled_from(["", "a", "b", "hello-world", "it's_x y", "straße", "É e\u0301", "1", "1.50", "-3", "true", " x ", "<&>", "a,b,,c", "👩‍👧", "10", "1e3"])  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-12, 12).map(str),
    st.sampled_from(["0.1", "0.2", "1.50", "1e3", "1e21", "123456789", "12345678901234567890", "1e-7", "2.5"]),
)
SCALARS = st.one_of(
    TEXTS.map(lambda text: json.dumps(text, ensure_ascii=False)), NUMBERS, st.sampled_from(["true", "false", "null"])
)
LISTS = st.lists(SCALARS, max_size=4).map(lambda items: f"[{', '.join(items)}]")
MAPS = st.dictionaries(st.sampled_from(["a", "b", "c-d"]), SCALARS, max_size=3).map(
    lambda pairs: "{" + ", ".join(f"{json.dumps(key)} = {value}" for key, value in pairs.items()) + "}"
)
OF_TEXT = (
    "upper",
    "lower",
    "title",
    "length",
    "trimspace",
    "tostring",
    "tonumber",
    "tobool",
    "jsonencode",
    "base64encode",
    "sha256",
)
OF_LIST = (
    "toset",
    "tolist",
    "distinct",
    "compact",
    "flatten",
    "length",
    "reverse",
    "sort",
    "sum",
    "alltrue",
    "anytrue",
    "jsonencode",
    "one",
)
OF_MAP = ("keys", "values", "length", "jsonencode", "tomap", "merge")


def call(names: Sequence[str], of: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(names), of).map(lambda pair: f"{pair[0]}({pair[1]})")


def filled(pattern: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda given: pattern % given)


FIRST = st.one_of(SCALARS, LISTS, MAPS, call(OF_TEXT, SCALARS), call(OF_LIST, LISTS), call(OF_MAP, MAPS))
EXPRESSION = st.one_of(
    call((*OF_TEXT, *OF_LIST), FIRST),
    filled("(%s %s %s)", FIRST, st.sampled_from(["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||"]), FIRST),
    filled("(%s ? %s : %s)", st.sampled_from(["true", "false"]), FIRST, FIRST),
    filled("format(%s, %s)", st.sampled_from(['"%s"', '"%v"', '"%d"', '"%q"', '"%05d"', '"%-5s|"', '"%5s"']), FIRST),
    filled("join(%s, %s)", SCALARS, FIRST),
    filled("split(%s, %s)", SCALARS, SCALARS),
    filled("replace(%s, %s, %s)", SCALARS, SCALARS, SCALARS),
    filled("substr(%s, %s, %s)", SCALARS, NUMBERS, NUMBERS),
    filled("concat(%s, %s)", LISTS, LISTS),
    filled("merge(%s, %s)", MAPS, MAPS),
    filled("coalesce(%s, %s)", SCALARS, SCALARS),
    filled("contains(%s, %s)", LISTS, SCALARS),
    filled("element(%s, %s)", LISTS, NUMBERS),
    filled("slice(%s, %s, %s)", LISTS, NUMBERS, NUMBERS),
    filled("setunion(%s, %s)", LISTS, LISTS),
    filled("setsubtract(%s, %s)", LISTS, LISTS),
    filled("setintersection(%s, %s)", LISTS, LISTS),
    filled("setproduct(%s, %s)", LISTS, LISTS),
    filled("zipmap(%s, %s)", LISTS, LISTS),
    filled("lookup(%s, %s, %s)", MAPS, SCALARS, SCALARS),
    filled("range(%s, %s)", st.integers(-9, 9).map(str), st.integers(-9, 9).map(str)),
    filled("[for x in %s : x]", FIRST),
    filled('"a${%s}b"', FIRST),
    filled("%s[%s]", LISTS, SCALARS),
    # Terraform itself does not know what it would make of this, and so nothing of a list that has it.
).filter(lambda expression: not (expression.startswith("format(") and "null" in expression))


@examples(2)
@given(expressions=st.lists(EXPRESSION, min_size=50, max_size=50))
def test_nor_in_any_other_expression(expressions: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Fifty to a start of Terraform: 100 expressions in `make test`, 4,000 in `make fuzz`."""
    assert wrong(expressions, tmp_path_factory.mktemp("console")) == []
