"""Whatever the code of a pull request says, it is evaluated in few steps, or told to be too large."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.hcl.budget import CHARACTERS, MOST_OF_AN_EXPRESSION, Budget, weight
from bot.core.hcl.module import Module
from bot.core.hcl.scope import ModuleAddress
from bot.core.hcl.values import TOO_LARGE, Encoded, HclValue, Unknown, rules_in
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.parity.output.markdown import report
from bot.core.tree import File
from bot.errors import InvalidInput
from tests.core.parity import shop
from tests.support.cases import few
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.timeout(PATIENCE)  # without bounds each would take hours


def output(expression: str, locals_: str = "") -> HclValue:
    code = f'locals {{\n{locals_}\n}}\noutput "x" {{\n  value = {expression}\n}}\n'
    return Module({"app/main.tf": File(code.encode())}, ModuleAddress("app", "app/"), {}).evaluated().outputs["x"][0]


def chain(step: str, first: str) -> str:
    """Return 40 locals, each made of several of the one before."""
    return "\n".join([f"  a0 = {first}", *(f"  a{n} = {step.replace('@', f'local.a{n - 1}')}" for n in range(1, 41))])


@pytest.mark.parametrize(
    "expression",
    few(
        [
            "[for a in range(4000) : [for b in range(4000) : [for c in range(4000) : a * b * c]]]",
            "{ for a in range(4000) : a => { for b in range(4000) : b => a } }",
            "[for a in range(4000) : range(4000)]",
            '"%{ for a in range(4000) }%{ for b in range(4000) }x%{ endfor }%{ endfor }"',
            "length(setproduct(range(64), range(64), range(1))) == 1 ? 0 : [for a in range(4000) : setproduct(range(64), range(64))]",
            "[for a in [for b in range(4000) : range(4000)] : a][*][0]",
        ],
        3,
    ),
)
def test_loops_inside_loops_are_too_large(expression: str) -> None:
    found = output(expression)
    assert isinstance(found, Unknown)
    assert found.rules == {TOO_LARGE}


@pytest.mark.parametrize(
    ("step", "first"),
    few(
        [
            ('join("", [for x in range(4000) : @])', '"0123456789"'),
            ("join(@, range(4000))", '"0123456789"'),
            ('replace(@, "0", @)', '"0000000000"'),
            ('"${@}${@}"', '"0123456789"'),
            ('"${@}${@}"', "aws_x.y.id"),
            ("[@, @, @, @]", "1"),
            ("{ a = @, b = @ }", "1"),
            ("concat(@, @)", "[1, 2]"),
            ('merge({ for k, v in @ : "${k}a" => v }, { for k, v in @ : "${k}b" => v })', "{ a = 1 }"),
            ('jsonencode("\\"${@}")', '"x"'),
            ("jsonencode([@])", '"\\""'),
            ('format("%999s%s", @, @)', '"x"'),
            ("@ * @", "9999999999"),
        ],
        3,
    ),
)
def test_values_made_of_values_are_too_large_before_they_fill_the_memory(step: str, first: str) -> None:
    try:
        found = output("local.a40", chain(step, first))
    except InvalidInput:
        return  # the steps of all of them together were too many
    assert weight(found, MOST_OF_AN_EXPRESSION) <= MOST_OF_AN_EXPRESSION
    assert rules_in(found), "and it is not taken for known"


def test_what_people_write_is_not_too_large() -> None:
    assert output('length(flatten([for a in range(100) : [for b in range(50) : "${a}-${b}"]]))') == 5000
    assert output("length(jsonencode([for a in range(1000) : { id = a, on = true }]))") == 20_891


@pytest.mark.exhaustive
def test_a_stack_that_is_too_large_in_all_is_refused_as_a_whole() -> None:
    block = 'resource "aws_x" "y%d" {\n  count = 100\n  a = range(40)\n}\n'
    code = "".join(block % number for number in range(100))
    whole = Module({"app/main.tf": File(code.encode())}, ModuleAddress("app", "app/"), {})
    whole.names.allowance = Budget(100_000)
    with pytest.raises(
        InvalidInput, match=r"more than 250,000 steps to evaluate. Reduce what its `for`, `count` or `for_each`"
    ):
        whole.evaluated()


def test_modules_inside_modules_share_what_their_stack_may_take() -> None:
    files = {
        f"app/{'m/' * depth}main.tf": File(b'module "m" {\n  source = "./m"\n  count = 1000\n}\n') for depth in range(6)
    }
    whole = Module(files, ModuleAddress("app", "app/"), {})
    whole.names.allowance = Budget(25_000)
    with pytest.raises(InvalidInput, match="steps to evaluate"):
        whole.evaluated()
    assert whole.names.allowance.left < 0


def test_what_is_too_large_is_counted_in_the_report() -> None:
    code = 'output "big" {\n  value = [for a in range(4000) : range(4000)]\n}\n'
    clone, more = shop.clone(), {"app/big.tf": File(code.encode())}
    sides = (
        CodeSide(shop.BASE.source, {**shop.BASE.source_files, **more}),
        CodeSide(clone.manifest, {**clone.files, **more}),
    )
    parity = compare(*sides, shop.BASE.template, shop.NOW).parity
    assert parity.set_apart[TOO_LARGE] == 1
    assert f"1 {TOO_LARGE}" in report(parity)


LEAF = st.none() | st.booleans() | st.integers(0, 99) | st.text(max_size=20)
VALUES = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
)


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)  # it ends by itself, and `make fuzz` tries forty times as many
@given(VALUES)
def test_a_value_weighs_as_much_as_it_has_parts(value: HclValue) -> None:
    def parts(item: HclValue) -> int:
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        return 1 + sum(map(parts, inner))

    assert weight(value, MOST_OF_AN_EXPRESSION) == parts(value)
    assert weight([value, value], MOST_OF_AN_EXPRESSION) == 1 + 2 * parts(value)


def test_long_texts_and_texts_in_texts_weigh_more() -> None:
    assert weight("x" * CHARACTERS * 10, MOST_OF_AN_EXPRESSION) == 11
    nested: HclValue = "x"
    for _ in range(100):
        nested = Encoded([nested])
    assert weight(nested, MOST_OF_AN_EXPRESSION) > MOST_OF_AN_EXPRESSION
