"""What somebody else wrote and made costly on purpose: each text is read or refused with what to do, and the times are told at the end.

No time is asserted; what is not bounded at all ends at the limit of a test. The times are the processor's, since the machine does other things, too.
"""

import itertools
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from bot.clients.children.filler import FILLER, fill_in_a_child
from bot.commands.comment import LONGEST_BODY, command_in_code, command_lines
from bot.core.checks.static_checks import gate
from bot.core.hcl.comparison.structure import structure
from bot.core.rendering.fill import filled
from bot.core.rendering.filling import Filling, NotFilled, elsewhere
from bot.core.tree import File
from bot.errors import InvalidInput, Unreadable
from bot.model import pattern
from bot.model.environment import Manifest
from bot.model.pipeline import Stack
from bot.model.policy import Policy
from bot.model.template import Template
from bot.model.yaml_document import DocumentModel, load
from bot.names import StepName
from tests.core.checks.paths.test_evaluated import ID, SOME
from tests.core.checks.test_named_files import BLOCKS, LOCK, RULES

N = 100_000
DIGITS = "[0,1,2,3,4,5,6,7,8,9]"
Look = Callable[[], str]
"""Reads a costly text, and returns what is said of it; nothing where it is read."""


def of_code(text: str, **more: str) -> Look:
    """Hold a stack against all rules; `more` are files beside its code."""
    files = {f"{name.replace('__', '/').replace('_', '.')}": each for name, each in more.items()}
    tree = {"main.tf": f"{BLOCKS}{SOME}\n{text}", ".terraform.lock.hcl": LOCK, **files}

    def look() -> str:
        code = {f"app/{path}": File(each.encode()) for path, each in tree.items()}
        return "\n".join(each.message for each in gate(code, {StepName("app"): Stack()}, RULES, "envs/x")[:3])

    return look


def of_value(value: str, more: str = "") -> Look:
    """The same, of the value of an argument that might be a path."""
    return of_code(f'{more}\nresource "any_thing" "x" {{\n  anything = {value}\n}}\n')


def locals_of(*lines: str) -> str:
    return "\n".join(["locals {", *lines, "}"])


def resources(count: int, value: str) -> str:
    return "".join(f'resource "any_thing" "x{n}" {{\n  a = {value.replace("N", str(n))}\n}}\n' for n in range(count))


def nested_modules(depth: int, calls: int) -> dict[str, str]:
    """Return modules in one another, each of which calls the next so many times."""
    call = "".join(f'module "x{number}" {{\n  source = "./m"\n}}\n' for number in range(calls))
    return {f"{'m__' * level}more_tf": call for level in range(depth)}


HCL = {
    "2,000 lists in one another": (of_value("[" * 2_000 + "]" * 2_000), "nested too deeply"),
    "2,000 objects": (of_value("{a=" * 2_000 + "1" + "}" * 2_000), "nested too deeply"),
    "2,000 calls": (of_value("f(" * 2_000 + "1" + ")" * 2_000), "nested too deeply"),
    "2,000 conditions": (of_value("true ? " * 2_000 + "1" + " : 0" * 2_000), "nested too deeply"),
    "2,000 texts": (of_value('"${' * 2_000 + "1" + '}"' * 2_000), "nested too deeply"),
    "2,000 loops": (of_value("[for x in " * 2_000 + "[]" + " : x]" * 2_000), "nested too deeply"),
    "90,000 negations": (of_value("!" * 90_000 + "true"), "nested too deeply"),
    "60,000 blocks in one another": (of_code("a {\n" * 60_000), "nested too deeply"),
    "100,000 blocks": (of_code("locals {\n}\n" * N), "split it"),
    "100,000 arguments outside of blocks": (of_code("".join(f"a{n} = 1\n" for n in range(N))), "split it"),
    "100,000 lines of a heredoc": (of_value("<<E\n" + "x\n" * N + "E\n"), ""),
    "a heredoc of 9 MB": (of_value("<<E\n" + ("x" * 899 + "\n") * 10_000 + "E\n"), "too large"),
    "a text of 9 MB": (of_value(f'"{"x" * 9_000_000}"'), "too large"),
    "20,000 heredocs that never end": (of_value("<<E\n" * 20_000), "has no end"),
    "a comment of 9 MB": (of_code("# " + "x" * 9_000_000), ""),
    "a million empty lines": (of_code("\n" * 1_000_000), "split it"),
    "a sum of 45,000": (of_value("1+" * 45_000 + "1"), "too large"),
    "a number of a million digits": (of_value("9" * 1_000_000), "more than 512 characters"),
    "1e999999999, and powers": (of_value("[1e999999999, 1e-999999999 * 3, pow(9, pow(9, 9)), range(1000000000)]"), ""),
    "format() to any width": (of_value('format("%999999999d", 1)'), ""),
    "8 loops in one another": (of_value("".join(f"[for x{n} in {DIGITS} : " for n in range(8)) + "1" + "]" * 8), "too large"),
    "12 loops of a text": (of_value(f'"{f"%{{ for x in {DIGITS} }}" * 12}x{"%{ endfor }" * 12}"'), "too large"),
    "a product of 8 lists": (of_value(f"setproduct({','.join([DIGITS] * 8)})"), ""),
    "a text doubled 60 times": (
        of_value("local.a60", locals_of('a0 = "xxxxxxxx"', *(f'a{n + 1} = "${{local.a{n}}}${{local.a{n}}}"' for n in range(60)))),
        "can't be evaluated",
    ),
    "a list doubled 60 times": (
        of_value("local.a60", locals_of("a0 = [1]", *(f"a{n + 1} = concat(local.a{n}, local.a{n})" for n in range(60)))),
        "can't be evaluated",
    ),
    "what is not known doubled 60 times": (
        of_value("local.a60", locals_of(f"a0 = {ID}", *(f'a{n + 1} = "${{local.a{n}}}${{local.a{n}}}"' for n in range(60)))),
        "can't be evaluated",
    ),
    "5,000 locals in a row": (of_value("local.a0", locals_of(*(f"a{n} = local.a{n + 1}" for n in range(5_000)))), "can't be evaluated"),
    "a pattern that goes back and forth": (of_value(f'replace("{"a" * 5_000}b", "/^(a+)+$/", "x")'), ""),
    "3,500 unknown texts, all different": (of_code(resources(3_500, f'"${{{ID}}}-xN"')), ""),
    "5,000 resources in a row": (of_code("".join(f'resource "any_thing" "x{n}" {{\n  a = any_thing.x{n + 1}.id\n}}\n' for n in range(5_000))), "can't be evaluated"),
    "150 resources that each name all": (of_code(resources(150, f"[{','.join(f'any_thing.x{n}.id' for n in range(150))}]")), "can't be evaluated"),
    "90 changes to an unknown text": (of_value('replace(' * 90 + ID + ', "/", "x")' * 90), ""),
    "200 conditions in a path": (of_value('"' + "".join(f'${{{ID} == "x" ? "a{n}" : ""}}' for n in range(200)) + '/etc"'), "is a path"),
    "200 modules in one another": (of_code("", **nested_modules(200, 1)), "is not the directory"),
    "20 modules, each called twice": (of_code("", **nested_modules(20, 2)), "can't be evaluated"),
    "12,000 blocks of one name": (of_code("moved {\n}\n" * 12_000), ""),
    "100,000 files": (of_code("", **{f"f{number}_txt": "" for number in range(N)}), "more than 20,000 files"),
    "5,000 files of code": (of_code("", **{f"f{number}_tf": "locals {\n}\n" for number in range(5_000)}), ""),
    "JSON 100,000 deep": (of_code("", x_tf_json='{"locals":{"a":' + "[" * N + "]" * N + "}}"), "nested too deeply"),
    "JSON with 100,000 keys": (of_code("", x_tf_json='{"locals":{' + ",".join(f'"a{n}":1' for n in range(N)) + "}}"), "split it"),
    "JSON with 4,000 resources": (
        of_code("", x_tf_json='{"resource":{"any_thing":{' + ",".join(f'"a{n}":{{"x":"${{a.b}}"}}' for n in range(4_000)) + "}}}"),
        "",
    ),
    "values of 100,000 variables": (of_code("", terraform_tfvars="".join(f"a{n} = 1\n" for n in range(N))), "split it"),
    "values 100,000 deep": (of_code("", terraform_tfvars_json='{"a":' + "[" * N + "]" * N + "}"), "nested too deeply"),
    "a template file of 300,000 parts": (
        of_code('resource "any_thing" "x" {\n  a = templatefile("${path.module}/x.tftpl", { x = 1 })\n}\n', x_tftpl="${x}" * N * 3),
        "split it",
    ),
}  # fmt: skip


def of_comment(text: str) -> Look:
    """Look for commands in a comment as long as one may be."""
    whole = (text * (LONGEST_BODY // len(text) + 1))[:LONGEST_BODY]
    return lambda: "".join(command_lines(whole)[:1]) + (command_in_code(whole) or "")


MARKDOWN = [
    "![", "[", "[a](", "[a]: b\n", "[^1]:", "*a ", "_a_", "*_", "a**b", "**", "`", "` `` ", "` ", "~~~\n", "<a ", "<a b='", "<!--", "<?",
    "<![CDATA[", "<details>", "</details>", "<b>\n\n", ">", "> ", "- ", "* ", "*  \t", "1. ", "***\n", "\t", " ", " \n", "\n", "x\n", "_",
    "\u200b", "\u2028", "|a|\n|-|\n", "$$\n", "&x", "\\", "http://a", "hi ", "/", "`/ ",
]  # fmt: skip
WITH_COMMAND = ["[", "![", "<a ", "*a", "` `` ", "[a](", "> ", "$"]
SHAPES = {
    "lines ever deeper": "".join(f"{' ' * depth}- a\n" for depth in range(350)),
    "ticks ever more": "".join(f"{'`' * count} " for count in range(1, 360)),
    "7,000 commands": "/clone a\n",
}
COMMENTS = {f"Markdown {text!r}": (of_comment(text), None) for text in MARKDOWN}
COMMENTS |= {f"a command before {text!r}": (of_comment(f"/clone x\n{text * 30_000}"), None) for text in WITH_COMMAND}
COMMENTS |= {f"a command, and markup just below its bound, {text!r}": (of_comment(f"/clone x\n{text * (2_900 // len(text))}" + "\n\nx" * 30_000), None) for text in WITH_COMMAND}  # fmt: skip
COMMENTS |= {f"Markdown: {name}": (of_comment(text), None) for name, text in SHAPES.items()}


def of_yaml(text: str, model: type[DocumentModel]) -> Look:
    def look() -> str:
        with pytest.raises(Unreadable) as refused:
            load(text, model, "x.yaml")
        return str(refused.value)

    return look


def of_file(text: str, path: str = "x.yaml") -> Look:
    """Compare the structure of a file, as of each that is rendered."""

    def look() -> str:
        with suppress(InvalidInput):
            return f"{len(structure(path, text.encode()))} words"
        return "refused"

    return look


WRONG = "\n".join(f"wrong{number}: 1" for number in range(6_000))
DOUBLED = "".join(f"b{n}: &b{n}\n  <<: [*b{n - 1}, *b{n - 1}]\n" for n in range(1, 60))
YAML = {
    **{f"88 KB of wrong keys in a {model.__name__}": (of_yaml(WRONG, model), "wrong0") for model in (Manifest, Template, Policy)},
    "900,000 brackets": (of_yaml("[" * 900_000, Manifest), "levels deep"),
    "a manifest of 10 MB": (of_yaml("a: 1\n" * 2_000_000, Manifest), "longer than"),
    "9,000 aliases": (of_yaml("a: &a [b]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(9_000)), Manifest), "aliases"),
    "a number in 300,000 parts": (of_yaml("a: 1" + ":59" * 300_000, Manifest), "more than 4,300 characters"),
    "a number of 900,000 digits": (of_yaml("a: " + "9" * 900_000, Manifest), "more than 4,300 characters"),
    "200,000 documents": (of_yaml("---\n" * 200_000, Manifest), "keys and values"),
    "a file of aliases in one another": (
        of_file("a0: &a0 [b]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))), "refused"
    ),
    "a file of merged maps, doubled 60 times": (of_file(f"b0: &b0\n  x: 1\n{DOUBLED}"), "refused"),
    "a file that merges one map 10,000 times": (
        of_file("a: &a {" + ",".join(f"x{n}: 1" for n in range(1_000)) + "}\nb:\n  <<: [" + ",".join(["*a"] * 10_000) + "]\n"), "refused"
    ),
    "a file with a number in 300,000 parts": (of_file("a: 1" + ":59" * 300_000), "refused"),
    "a JSON file 100,000 deep": (of_file("[" * N + "]" * N, "x.json"), "refused"),
}  # fmt: skip


def of_pattern(text: str) -> Look:
    def look() -> str:
        try:
            return str(pattern.matches(pattern.usable(text), "a" * 50_000 + "b"))
        except InvalidInput as error:
            return str(error)

    return look


PATTERNS = {
    f"the pattern {text[:30]}": (of_pattern(text), why)
    for text, why in {
        "^(a+)+$": "False", "(a|a)*c" * 20: "False", "(a*)*" * 100: "False", "(x+x+)+y": "False", "(a?){1000}": "False",
        "(a{0,100}){0,100}": "repeats too much", "(" * 480 + ")" * 480: "can't be used", "(?=a)a": "can't be used",
        ".*.*.*.*.*.*.*=.*": "False", r"\p{L}{0,200}": "False", "a" * 1_001: "at most",
    }.items()
}  # fmt: skip


def of_template(text: str) -> Look:
    def look() -> str:
        with pytest.raises(NotFilled) as refused:
            filled(Filling(text, {"texts": ["a" * 100] * 2_000, "text": "x" * 1_000}, is_hcl=True))
        return str(refused.value)

    return look


TEMPLATES = {
    f"the template {text[:60]}": (of_template(text), why)
    for text, why in {
        "{{ 9**(9**9) }}": "too much",
        "{% for a in texts %}{% for b in texts %}{% for c in texts %}{% endfor %}{% endfor %}{% endfor %}": "too much",
        "{% for a in texts %}{% for b in texts %}{{ text }}{% endfor %}{% endfor %}": "more than 250,000",
        "{{ 'a' * 10**10 }}": "memory",
        "{% set x = text %}" + "{% set x = x ~ x %}" * 40 + "{{ x }}": "too much",
        "{{ " + "(" * 2_000 + "1" + ")" * 2_000 + " }}": "nested too deeply",
        "{% " * 80_000: "tag name expected",
    }.items()
}

KINDS = {**TEMPLATES, **PATTERNS, **COMMENTS, **YAML, **HCL}


@pytest.fixture(scope="module")
def _filler() -> Iterator[None]:
    fill_in_a_child()
    filled(Filling("{{ 1 + 1 }}", {}, is_hcl=True))  # started, so that its start isn't measured
    yield
    elsewhere(None)
    FILLER.child.close()


@pytest.mark.slow
@pytest.mark.usefixtures("_filler")
def test_what_is_made_to_be_costly_is_read_or_refused_with_a_word(
    record_property: Callable[[str, object], None],
) -> None:
    took: dict[str, float] = {}
    for name, (look, why) in KINDS.items():
        began = _processor_time()
        said = look()
        took[name] = _processor_time() - began
        assert why is None or (why in said if why else not said), f"{name}: {said[:300]}"
    slowest = sorted(took.items(), key=lambda item: -item[1])
    table = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in itertools.islice(slowest, 12))
    record_property(
        "measured",
        f"{len(took)} texts made to be costly, {sum(took.values()):.1f} s of the processor in all; the slowest: {table}",
    )


def _processor_time() -> float:
    """Return what this process and those that it ended have taken, in seconds."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime
