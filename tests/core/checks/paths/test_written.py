"""What may be empty, or be made of something else, bounds no path: neither in front of it nor on its way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.checks.paths.of_machine import is_of_machine
from bot.core.checks.paths.written import Allowance, is_path_written, nothing_known
from bot.core.hcl.module import Module
from bot.core.hcl.scope import ModuleAddress
from bot.core.hcl.values import HclValue, Unknown
from bot.core.tree import File
from tests.core.checks.paths.test_evaluated import ID, SOME, found_in
from tests.core.checks.test_named_files import BLOCKS
from tests.support.budget import examples

EMPTY = f"substr({ID}, 0, 0)"
PASSWD = "/etc/passwd"


@pytest.mark.parametrize(
    "value",
    [
        # A part in front that may be empty.
        f'"${{{EMPTY}}}/etc/passwd"',
        '"${substr("x", 0, 0)}/etc/passwd"',
        f'"${{lower(replace({ID}, "/.*/", ""))}}/etc/passwd"',
        f'"${{trimprefix({ID}, {ID})}}/etc/passwd"',
        f'"${{trimspace({ID})}}/etc/passwd"',
        f'"${{regex("x*", {ID})}}/etc/passwd"',
        f'"${{base64encode({EMPTY})}}/etc/passwd"',
        '"${filebase64("${path.module}/empty")}/etc/passwd"',
        f'"${{[for x in [{ID}] : ""][0]}}/etc/passwd"',
        f'"%{{ for x in {ID} }}x%{{ endfor }}/etc/passwd"',
        f'"${{title({ID} == "" ? "" : "x")}}/etc/passwd"',
        f'"${{join("", [for x in [{ID}] : "" if x == ""])}}/etc/passwd"',
        f'join("", [{EMPTY}, "/etc/passwd"])',
        f'format("%s/etc/passwd", {EMPTY})',
        f'format("%.0s/etc/passwd", {ID})',
        f'format("%[2]s%[1]s", {EMPTY}, "/etc")',
        f'pathexpand("${{{EMPTY}}}~/.aws")',
        # A part behind that may be empty.
        f'join("/", ["", "etc", "passwd${{{EMPTY}}}"])',
        f'"x/.${{{EMPTY}}}./.${{{EMPTY}}}./etc/passwd"',
        f'"a/%{{ if {ID} == "" }}..%{{ else }}x%{{ endif }}/%{{ if {ID} == "" }}..%{{ else }}x%{{ endif }}/etc"',
        # A text that is made of others, or cut out of one.
        f'replace("#etc#passwd${{{EMPTY}}}", "#", "/")',
        f'"/${{replace({ID}, "/.*/", "etc/passwd")}}"',
        f'replace("etc/passwd", "/^/", substr("/${{{ID}}}", 0, 1))',
        f'regexall("/etc/passwd", "x/etc/passwd${{{ID}}}")[0]',
        f'"/${{regexall("etc", "xetc${{{ID}}}")[0]}}/${{regexall("passwd", "xpasswd${{{ID}}}")[0]}}"',
        f'substr("arn/etc/passwd${{{ID}}}", 3, 11)',
        f'trimprefix("#/etc/passwd${{{EMPTY}}}", "#")',
        f'trimprefix("${{{ID}}}/etc/passwd", {ID})',
        f'trimsuffix("/etc/passwd#${{{ID}}}", "#${{{ID}}}")',
        f'chomp("/etc/passwd${{{EMPTY}}}\\n")',
        f'strrev("dwssap/cte/${{{EMPTY}}}")',
        f'split("\\"", jsonencode(["/etc/passwd", {ID}]))[1]',
        f'jsondecode("[\\"\\\\u002fetc/passwd\\", \\"${{{ID}}}\\"]")[0]',
        f'urldecode("%2Fetc${{{EMPTY}}}")',
        f'base64decode("L2V0Yy9wYXNzd2Q=${{{EMPTY}}}")',
        "formatdate(\"'/etc/passwd'\", timestamp())",
        f'format("%[2]s", {ID}, "/etc/passwd")',
        # The path of the stack itself, once something is cut off.
        '"${dirname(dirname(dirname(abspath("x"))))}etc/passwd"',
        '"${substr(abspath("x"), 0, 1)}etc/passwd"',
        '"${substr(path.cwd, 0, 1)}etc/passwd"',
        # Collections of which nobody knows which element it will be.
        f'[for x in [{ID}, "/etc/passwd"] : x if x != ""][0]',
        f'[for x in compact([{ID}, "/"]) : "${{x}}etc/passwd"][0]',
        f'[for k, v in {{ a = {{ p = "/etc/passwd", q = {ID} }} }} : v.p if v.q != "z"][0]',
        f'{{ for k in [{ID}] : k => {{ x = "/etc/passwd" }} }}["x"].x',
        f'values({{ name = {{ name = "q" }}, b = {{ name = "/etc/passwd" }}, ({ID}) = {{ name = "w" }} }})[0].name',
        f'zipmap([{ID}], ["/etc/passwd"])["x"]',
        f'flatten([[{ID}], "/etc/passwd"])[1]',
        # A text that would be read otherwise than it is.
        f'try({ID}.x, "/etc/passwd", "$${{")',
        f'try({ID}.x, "$${{md5(", "/etc/passwd/", ")}}")',
    ],
)
def test_what_may_come_to_a_path_is_refused(value: str) -> None:
    found = found_in(value, SOME)
    assert any("is a path of the machine that plans" in each for each in found), value


@pytest.mark.parametrize(
    "value",
    [
        f'"${{{ID}}}/etc/x"',
        f'"/${{{ID}}}/x"',
        f'"${{substr({ID}, 0, 8)}}/etc/x"',
        f'"https://${{trimsuffix({ID}, "/")}}/x"',
        f'trimprefix("https://${{{ID}}}", "https://")',
        f'replace("https://${{{ID}}}", "https://", "")',
        f'replace("(a / LIMIT) * 100", "LIMIT", {ID})',
        f'replace({ID}, "/", "-")',
        f'"${{replace({ID}, "-", "")}}-x"',
        f'split("/", {ID})[1]',
        f'element(split("/", {ID}), 1)',
        f'regex("^https://(.*)", {ID})[0]',
        f"base64decode({ID})",
        f"jsondecode({ID}).x",
        f'join("/", compact([{ID}, "x"]))',
        f'join(",", [for x in [{ID}] : "${{x}}/32"])',
        f'format("%s/%s", {ID}, "x")',
        f'"${{{ID}}}${{{ID} == "" ? "" : "/x"}}"',
        f'[for k, v in {{ a = {{ p = "/x", q = {ID} }} }} : v.q if v.q != "z"][0]',
        'abspath("${path.module}/x")',
        '"${abspath(path.module)}/x/y"',
        '"${path.cwd}/x"',
        'dirname("${path.module}/x/y")',
        f'"$${{x}} ${{{ID}}}"',
    ],
)
def test_what_everyday_code_makes_of_an_attribute_passes(value: str) -> None:
    assert found_in(value, SOME) == []


@pytest.mark.parametrize(
    ("value", "given_to"),
    [
        ('"${terraform_data.y.output}/etc/passwd"', 'terraform_data" "y" {\n  input = ""'),
        ('"x/${terraform_data.y.output}/etc/passwd"', 'terraform_data" "y" {\n  input = "../../.."'),
        ("substr(random_pet.y.id, 1, 11)", 'random_pet" "y" {\n  prefix = "a/etc/passwd"'),
        ("base64decode(random_pet.y.id)", 'random_pet" "y" {\n  prefix = "L2V0Yy9wYXNzd2Q="'),
        ("random_pet.y.id", 'random_pet" "y" {\n  prefix = "${substr(random_id.z.hex, 0, 0)}/etc/passwd"'),
    ],
)
def test_what_another_resource_is_given_counts_wherever_it_is_put(value: str, given_to: str) -> None:
    found = found_in(value, f'resource "{given_to}\n}}')
    assert any("is a path of the machine that plans" in each for each in found), value


COLLECTION = 'toset(compact([data.aws_region.z.name, "/etc/passwd"]))'


@pytest.mark.parametrize(
    "body",
    [
        f"for_each = {COLLECTION}\n  anything = each.value",
        f"for_each = {COLLECTION}\n  anything = each.key",
        f'dynamic "part" {{\n    for_each = {COLLECTION}\n    iterator = it\n    content {{\n      anything = it.value\n    }}\n  }}',
    ],
)
def test_what_each_instance_is_given_is_seen_where_nobody_knows_the_instances(body: str) -> None:
    found = found_in('"x"', f'resource "any_thing" "z" {{\n  {body}\n}}')
    assert any("`anything` is a path of the machine" in each for each in found)


def test_a_module_of_which_nobody_knows_the_instances_is_handed_what_each_is() -> None:
    inner = f'{BLOCKS}variable "name" {{}}\nresource "any_thing" "x" {{\n  anything = var.name\n}}\n'
    more = f'module "y" {{\n  source   = "./y"\n  for_each = {COLLECTION}\n  name     = each.value\n}}\n'
    assert any("is a path of the machine" in each for each in found_in('"x"', more, files={"y/main.tf": inner}))


def test_a_template_whose_variables_nobody_knows_may_say_anything() -> None:
    for variables, is_path in ((f"{{ for k in [{ID}] : k => k }}", True), (f"{{ to = {ID} }}", False)):
        value = f'templatefile("${{path.module}}/x.tftpl", {variables})'
        found = found_in(value, SOME, files={"x.tftpl": "${to}/etc/passwd" if not is_path else "/etc/passwd"})
        assert any("is a path of the machine" in each for each in found) is is_path


def test_a_text_of_too_many_forms_is_refused() -> None:
    value = "".join(f'${{{ID} == {at} ? "/{at}" : ".{at}"}}' for at in range(12))
    value = f'"{value}"'
    assert any("is a path of the machine that plans" in each for each in found_in(value, SOME))


# The property: whatever an expression comes to, once everything in it is known, was seen before.

TEXTS = st.sampled_from(["", "/", "etc", "passwd", "/etc/passwd", "#", ".", "..", "~", "a/b", "#etc#passwd", "x", "-"])


def _calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    number = st.integers(0, 3).map(str)
    text = TEXTS.map(lambda each: f'"{each}"')
    return st.one_of(
        st.tuples(inner, inner).map(lambda each: f'"${{{each[0]}}}${{{each[1]}}}"'),
        st.tuples(inner, TEXTS).map(lambda each: f'"${{{each[0]}}}{each[1]}"'),
        st.tuples(TEXTS, inner).map(lambda each: f'"{each[0]}${{{each[1]}}}"'),
        st.tuples(text, inner, inner).map(lambda each: f"join({each[0]}, [{each[1]}, {each[2]}])"),
        st.tuples(inner, text, text).map(lambda each: f"replace({', '.join(each)})"),
        st.tuples(inner, number, st.sampled_from(["1", "2", "3", "11", "-1"])).map(
            lambda each: f"substr({', '.join(each)})"
        ),
        st.tuples(text.filter(lambda each: each != '""'), inner, number).map(
            lambda each: f"element(split({each[0]}, {each[1]}), {each[2]})"
        ),
        st.tuples(st.sampled_from(["trimprefix", "trimsuffix", "trim"]), inner, text).map(
            lambda each: f"{each[0]}({each[1]}, {each[2]})"
        ),
        st.tuples(st.sampled_from(["lower", "trimspace", "coalesce", "tostring"]), inner).map(
            lambda each: f"{each[0]}({each[1]})"
        ),
        st.tuples(st.sampled_from(["%s%s", "%[2]s%[1]s", "/%s.%s", "%s/%5s"]), inner, inner).map(
            lambda each: f'format("{each[0]}", {each[1]}, {each[2]})'
        ),
        st.tuples(inner, inner).map(lambda each: f'(var.i == "i" ? {each[0]} : {each[1]})'),
        st.tuples(inner, inner).map(lambda each: f'{{ a = {each[0]}, ({each[1]}) = "y" }}["a"]'),
        st.tuples(inner, inner).map(lambda each: f'[for x in [{each[0]}, {each[1]}] : x if x != "i"][0]'),
        st.tuples(inner, inner).map(lambda each: f"jsondecode(jsonencode([{each[0]}, {each[1]}]))[1]"),
    )


EXPRESSIONS = st.recursive(TEXTS.map(lambda each: f'"{each}"') | st.just("var.i"), _calls, max_leaves=6)


def value_of(expression: str, known: dict[str, str]) -> HclValue:
    files = {"app/main.tf": File(f'variable "i" {{}}\noutput "x" {{\n  value = {expression}\n}}\n'.encode())}
    given_values = {name: (value, frozenset[str]()) for name, value in known.items()}
    found: HclValue = Module(files, ModuleAddress("app", "app/"), given_values).evaluated().outputs["x"][0]
    return found


@examples(300)
@given(EXPRESSIONS, st.sampled_from(["i", "zulu1", "k/l", "q#q", "m.n"]))
def test_what_an_expression_comes_to_was_seen_before_it_was_known(expression: str, known: str) -> None:
    before = value_of(expression, {})
    after = value_of(expression, {"i": known})
    if isinstance(before, Unknown) and isinstance(after, str) and is_of_machine("any", after, is_known=False):
        is_of_unknown = after.lstrip("/ ")[:1] in set(known)  # `/${var.i}` says nothing of where it goes
        assert is_of_unknown or is_path_written("any", before, nothing_known, Allowance()), (before.text, after)
