"""Law 10: what our reader sees of a Terraform file is what HashiCorp's parser sees, or the file is refused."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clients.hcl_referee import PARSER, Reading, disagreements, verdict
from bot.core.hcl.comparison.outline import NotComparable, difference, outline, with_marked_texts
from bot.core.hcl.parser import parsed
from bot.core.hcl.syntax.tokens import NAME, tokens
from bot.core.tree import File
from bot.errors import InvalidInput
from tests.support.budget import examples

REVIEWED = """resource "terraform_data" "x" {
  input = "$${ ${upper(var.a)} }"
  text  = <<-EOT
    # ${lower("x")}
    %{ for a, b in var.c ~}
    ${a}
    %{ endfor }
    EOT  
  dynamic "rule" {
    for_each = { for k, v in var.d : k => v... if v }
    content {
      a = core::max(1, 2...)
    }
  }
}
locals { one = "a\\"b\\u0041" }
"""  # noqa: W291 (blanks behind a heredoc's end are what this is about)

_NAMES = st.sampled_from(["a", "b", "var", "größe", "e-f", "for", "null", "if"])
_RAW = st.text('ab $%{}~#/*("\\\n', max_size=6)
_LITERALS = st.sampled_from(["x", "$${", "%%{", "$$${", "$", "%", "# ", "/* ", "(", "f(", "~", "}"])


def _texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    filled = st.builds("${{{}{}{}}}".format, st.sampled_from(["", "~ "]), inner, st.sampled_from(["", " ~"]))
    chosen = st.builds("%{{ if {} }}{}%{{ endif }}".format, inner, _LITERALS)
    repeated = st.builds("%{{ for a in {} ~}}${{a}}%{{ endfor }}".format, inner)
    parts = st.lists(st.one_of(_LITERALS, filled, chosen, repeated), max_size=3).map("".join)
    quoted = parts.map('"{}"'.format)
    heredoc = st.builds(
        "<<{}E\n  {}\n{}E{}\n".format,
        st.sampled_from(["", "-"]),
        parts,
        st.sampled_from(["", "  "]),
        st.sampled_from(["", " \t"]),
    )
    return st.one_of(quoted, quoted, heredoc)


def _wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    gap = st.sampled_from(["", " ", "\n", "/* ( */", " # (\n"])
    return st.one_of(
        st.builds("f{}({}{}{})".format, st.sampled_from(["", "/**/", "::g"]), gap, inner, gap),
        st.builds("({}{}{})".format, gap, inner, gap),
        st.builds("[{}{},{}]".format, gap, inner, inner),
        st.builds("{{ a = {}, (b) : {} }}".format, inner, inner),
        st.builds("{} ? {} : {}".format, inner, inner, inner),
        st.builds("{} {} {}".format, inner, st.sampled_from(["+", "&&", "==", "%"]), inner),
        st.builds("{}{}".format, inner, st.sampled_from([".a", "[0]", "[*].b", ".*.c", ".0"])),
        st.builds("[for a in {} : {}]".format, inner, inner),
        _texts(inner),
    )


EXPRESSIONS = st.recursive(st.one_of(_NAMES, st.sampled_from(["1", "1.5", '""', "true"])), _wider, max_leaves=8)
_SETTINGS = st.builds("{} = {}\n".format, _NAMES, EXPRESSIONS)
_LABELS = st.sampled_from(["", ' "x"', ' "a\\u0062"', " y", ' "x" /* c */ "y"', ' "$${a}"'])
_BLOCKS = st.recursive(
    _SETTINGS,
    lambda inner: st.builds("{}{} {{\n{}}}\n".format, _NAMES, _LABELS, inner) | st.builds("{}{}".format, inner, inner),
    max_leaves=5,
)
FILES = st.builds("{}{}".format, st.sampled_from(["", "\ufeff", "# c\n"]), _BLOCKS)
CUTS = st.tuples(
    st.integers(0, 10_000),
    st.integers(0, 4),
    _RAW | _LITERALS | st.sampled_from(["\n E \n", "\nE\n", "<<E\n", '"', "${", "EOT", " ", "\r\n", "\r"]),
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return a file with up to three places broken."""
    text = draw(FILES | st.just(REVIEWED))
    for at, cut, put in draw(st.lists(CUTS, max_size=3)):
        place = at % (len(text) + 1)
        text = text[:place] + put + text[place + cut :]
    return text


class HashiCorp:
    """HashiCorp's parser, asked one question after the other."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def read(self, **texts: str) -> Mapping[str, Mapping[str, Any]]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(texts) + "\n")
        self.process.stdin.flush()
        found: Mapping[str, Mapping[str, Any]] = json.loads(self.process.stdout.readline())
        return found


@pytest.fixture(scope="module")
def hashicorp() -> Iterator[HashiCorp]:
    with subprocess.Popen(
        PARSER.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        yield HashiCorp(process)
        assert process.stdin is not None
        process.stdin.close()


def with_broken_calls(text: str) -> Iterator[str]:
    """Yield the file once for each call that we see, with a comma after its parenthesis: no parser takes that for a call."""
    text = text.removeprefix("\ufeff")
    found = tokens(text)
    for before, token in pairwise(found):
        if token.kind == "(" and before.kind == NAME:
            yield f"{text[: token.at + 1]},{text[token.at + 1 :]}"


@examples(500)
@given(mutated())
def test_law_10_what_we_read_is_what_hashicorp_reads_or_it_is_refused(hashicorp: HashiCorp, text: str) -> None:
    data = text.encode()
    try:
        ours = outline(parsed("a.tf", data))
    except (InvalidInput, NotComparable):
        return
    broken = {f"call{number}": each for number, each in enumerate(with_broken_calls(text))}
    theirs = hashicorp.read(plain=text, marked=with_marked_texts(data), **broken)
    if "value is null" in theirs["plain"].get("error", ""):  # it reads the text, and has no value for it
        assert disagreements({"a.tf": File(data)}, "envs/x")
        return
    assert "error" not in theirs["plain"], "we read what Terraform refuses"
    assert "error" not in theirs["marked"], "we take a call for text"
    assert [name for name in broken if "error" not in theirs[name]] == [], "we take text for a call"
    assert difference(ours, theirs["plain"]["tree"]) is None


@examples(200)
@given(EXPRESSIONS)
def test_what_hashicorp_reads_we_read(hashicorp: HashiCorp, expression: str) -> None:
    text = f"x = {expression}\n"
    if "tree" in hashicorp.read(plain=text)["plain"]:
        parsed("a.tf", text.encode())


def test_files_that_both_read_alike_pass() -> None:
    assert disagreements({"app/main.tf": File(REVIEWED.encode()), "app/x.txt": File(b"x = = 1")}, "envs/x") == []


@pytest.mark.parametrize("text", ['("a")', '"${("a")}b"', '"${("" )}${("" )}"', '"(${"a"})"', '"${"a"}b"'])
def test_a_text_in_parentheses_is_no_difference(text: str) -> None:
    assert disagreements({"app/main.tf": File(f"x = {text}\n".encode())}, "envs/x") == []


def test_what_our_reader_refuses_is_left_to_the_checks() -> None:
    assert disagreements({"app/main.tf": File(b"x = = 1\n")}, "envs/x") == []


@pytest.mark.parametrize("text", ['"a${null}"', "<<E\n${null}\nE", '"${null}${b}"'])
def test_a_text_with_null_in_it_is_refused_with_what_to_do(text: str) -> None:
    [found] = disagreements({"app/main.tf": File(f"x = {text}\n".encode())}, "envs/x")
    assert str(found).endswith("which Terraform can't fill in: leave it out.")


def test_an_argument_and_a_block_of_one_name_are_refused() -> None:
    found = disagreements({"app/main.tf": File(b"a {\n}\na = 1\n")}, "envs/x")
    assert [str(each) for each in found] == [
        "envs/x/app/main.tf:1: `a` in line 1 is both an argument and a block: give them different names."
    ]


@pytest.mark.parametrize(
    ("plain", "marked", "why"),
    [
        ({"tree": {"a": None}}, {"tree": {"a": None}}, "reads `b` differently"),
        ({"tree": {"a": None, "b": {"x": None}}}, {}, "differently"),
        ({"error": "1:1: no"}, {}, "refuses this file: 1:1: no"),
        ({"tree": {"a": None, "b": {}}}, {"error": "2:1: no"}, "finds a function call"),
        ({"tree": {"a": None, "b": {}}}, {"tree": {}}, None),
    ],
)
def test_a_file_that_is_read_otherwise_is_refused(plain: Reading, marked: Reading, why: str | None) -> None:
    said = verdict(b"a = 1\nb {\n}\n", plain, marked)
    assert (said is None) if why is None else (said is not None and why in said[1])
