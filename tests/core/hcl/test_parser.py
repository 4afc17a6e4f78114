"""The one reader of HCL: it reads what Terraform reads, as Terraform reads it, and refuses the rest with what to write."""

import pytest

from bot.core.hcl.comparison.structure import structure
from bot.core.hcl.parser import blocks, body, expression_in, parsed, template
from bot.core.hcl.syntax.ast import Block, Call, Choice, Literal, NameExpression
from bot.errors import InvalidInput


def settings(code: str) -> dict[str, object]:
    """Return what a file's first block sets to plain texts, numbers and bools."""
    found = body(code.encode()).blocks[0].settings
    return {each.name: each.value.value for each in found if isinstance(each.value, Literal)}


def calls(code: str) -> list[tuple[str, int]]:
    top = body(code.encode())
    return [(node.name, node.line) for node in top.expressions() if isinstance(node, Call)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("locals {\n  motd = <<-EOT\n    Welcome\n    EOT \n  next = 1\n}\n", {"motd": "Welcome\n", "next": 1}),
        ("\ufefflocals {\n  a = 1\n}\n", {"a": 1}),
        ('locals {\n  hint = "write $${NAME to see it"\n}\n', {"hint": "write ${NAME to see it"}),
        ('locals {\n  a = "$$${b}"\n  c = "%%%{ d"\n}\n', {"a": "$${b}", "c": "%%{ d"}),
        ("locals {\n  größe = 1\n}\n", {"größe": 1}),
        ('locals {\n  a = "\\u00e9\\t\\"\\\\"\n}\n', {"a": 'é\t"\\'}),
        ("locals {\n  a = <<EOT\n\\n # no comment\nEOT\n}\n", {"a": "\\n # no comment\n"}),
        ("locals {\r\n  a = <<-E\r\n    x\r\n\r\n      y\r\n    E\r\n}\r\n", {"a": "x\r\n\r\n  y\r\n"}),
        ("locals { a = true }\n", {"a": True}),
        ("locals {\n  a = null # why\n  // b = 1\n  /* c = 2\n  d = 3 */ e = 4\n}\n", {"a": None, "e": 4}),
        ("locals {\n  x = <<E\n  E\u00a0\n  y = 1\n}\n", {"x": "", "y": 1}),
    ],
)  # fmt: skip
def test_plain_values_are_terraforms(code: str, expected: dict[str, object]) -> None:
    assert settings(code) == expected


@pytest.mark.parametrize(
    "code",
    [
        'locals {\n  prefix = "shop-${\n    true ? "live" :\n    "copy"\n  }"\n}\n',
        'locals {\n  dear = "Dear ${~ local.who ~} team"\n}\n',
        "locals {\n  ok = (\n    true\n\n    && false\n  )\n}\n",
        "locals {\n  n = (\n    true\n    # then\n    ? 1\n    : 2\n  )\n}\n",
        'resource "terraform_data" /* main */ "x" {}\n',
        "resource terraform_data x {}\n",
        'x = { "a" : 1, b = 2\n  (c) = 3\n\n}\n',
        "x = a.0.b[1].*.c[*].d[0]\n",
        "x = core :: file(1)\n",
        "x = f(a...\n)\n",
        "x = [for a, b in c : a if b]\n",
        "x = {\n  for a in b : a => a...\n}\n",
        'x = "${<<E\na\nE\n}"\n',
    ],
)
def test_what_terraform_reads_is_read(code: str) -> None:
    assert isinstance(parsed("a.tf", code.encode()), Block)


def test_labels_are_read_without_their_escapes() -> None:
    assert blocks("a.tf", b'data "terraform_\\u0072emote_state" x {}\n')[0].labels == ("terraform_remote_state", "x")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('x = "$${ ${f(1)} }"\n', [("f", 1)]),
        ('x = "# ${f(1)} /* ${g(2)} */"\n', [("f", 1), ("g", 1)]),
        ("x = <<E\n${f/**/(\n1)} $${g(2)}\n  E  \ny = h()\n", [("f", 2), ("h", 5)]),
        ('x = "%{ if f(1) }${g("${h()}")}%{ endif }"\n', [("f", 1), ("g", 1), ("h", 1)]),
        ("x = a[f(1)].b ? { (g()) = [h()] } : -i()\n", [("f", 1), ("g", 1), ("h", 1), ("i", 1)]),
        ("# f(1)\nx = a\nb {\n  c {\n    d = e::f()\n  }\n}\n", [("e::f", 5)]),
        ("x = [for a in f() : { for b in g() : h() => i() if j() } if k()]\n",
         [("f", 1), ("g", 1), ("h", 1), ("i", 1), ("j", 1), ("k", 1)]),
    ],
)  # fmt: skip
def test_every_call_is_seen_with_its_line(code: str, expected: list[tuple[str, int]]) -> None:
    assert calls(code) == expected


@pytest.mark.parametrize(
    ("code", "line", "message"),
    [
        ("x = = 1\n", 1, "expected a value, found `=`"),
        ("a {\n  x = 1 y = 2\n}\n", 2, "begin a new line"),
        ("a {\n  x = 1\n  x = 2\n}\n", 3, "`x` is already set in line 2: remove one"),
        ("a\n{\n}\n", 1, "expected `=`, a label or `{` after `a`"),
        ("a { x = 1, y = 2 }\n", 1, "a block in one line has one argument"),
        ('a "${b}" {}\n', 1, "a label can't contain"),
        ('x = "a\nb"\n', 1, "must be on one line"),
        ('x = "\\d"\n', 1, "write `\\\\` for a backslash"),
        ('x = "\\ud800"\n', 1, "is not a character"),
        ("x = 'a'\n", 1, "write texts in double quotes"),
        ("x = a;\n", 1, "begin a new line"),
        ("x = [1\n\n2]\n", 3, "expected `,` or `]` after an item of the list"),
        ("x = {a = 1 b = 2}\n", 1, "after an item of the object"),
        ("x = f(1 2)\n", 1, "expected `,` or `)` after an argument of `f`"),
        ("x = <<E\na\nE", 1, "write `E` on a line of its own"),
        ('\nx = "a\n', 2, "must be on one line"),
        ('x = "${a"\n', 1, "must be on one line"),
        ('x = "%{ if a }b"\n', 1, "write `%{ endif }`"),
        ('x = "b%{ endfor }"\n', 1, "has no beginning"),
        ('x = "%{ elseif a }"\n', 1, "write `if`, `else`, `endif`, `for` or `endfor`"),
        ("x = a.0.1\n", 1, "as in `[0]`"),
        ("x = 1\n\n\0", 3, "NUL"),
        ("x = 1\ry = 2\n", 1, "end lines with a line feed"),
        ("/* a\n", 1, "close the comment"),
        (f"x = {'(' * 150}1{')' * 150}\n", 1, "nested too deeply"),
        (f"x = {'a ? b : ' * 150}c\n", 1, "nested too deeply"),
        ("a {\n" * 5000 + "}\n" * 5000, 1, "nested too deeply"),
        (f"x = {'9' * 5000}\n", 1, "write it in quotes"),
    ],
)
def test_what_terraform_refuses_is_refused_with_its_line_and_what_to_write(code: str, line: int, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parsed("app/main.tf", code.encode())
    assert str(refused.value).startswith(f"app/main.tf:{line}: not HCL: ")
    assert message in str(refused.value)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"a\.tf: not UTF-8 at byte 4"):
        parsed("a.tf", b"x = \xff\n")


def test_conditions_and_operators_bind_as_in_terraform() -> None:
    found = expression_in("a ? b : c ? d : e")
    assert isinstance(found, Choice)
    assert isinstance(found.condition, NameExpression)
    assert isinstance(found.otherwise, Choice)
    assert expression_in("!a == b || c && d < e + f * g - h") == expression_in(
        "((!a) == b) || (c && (d < ((e + (f * g)) - h)))"
    )


def test_strip_marks_take_the_blanks_beside_them() -> None:
    assert expression_in('"a  ${~ b ~}  c"') == expression_in('"a${b}c"')
    assert template("%{ for a in b ~}\n${a}\n%{ endfor ~}\n") == template("%{ for a in b }${a}\n%{ endfor }")


def test_a_template_file_is_text_up_to_its_last_character() -> None:
    assert template('a "b" \\n $${c}') == Literal('a "b" \\n ${c}')
    assert [node.name for node in _calls(template('${file("/etc/hostname")}'))] == ["file"]


def _calls(node: object) -> list[Call]:
    return [node] if isinstance(node, Call) else [call for part in getattr(node, "parts", ()) for call in _calls(part)]


def test_long_chains_are_read_without_exhausting_the_stack() -> None:
    assert len(list(body(f"x = {'a + ' * 20_000}f(1)\n".encode()).expressions())) == 40_002


@pytest.mark.parametrize("text", ["$" * 200_000, "%" * 200_000 + "{", "{" * 50_000, '"${' * 50_000, "<<E\n" * 20_000])
def test_hostile_texts_are_refused_in_linear_time(text: str) -> None:
    with pytest.raises(InvalidInput):
        parsed("a.tf", f'x = "{text}\n'.encode())


def test_layout_and_comments_are_no_part_of_the_code() -> None:
    found = body(b"a {\n  x = f( 1,\n # why\n 2 )\n\n  y = b ? 1 : 2\n}\n")
    assert found.blocks[0].code == "x=f(1,2) y=b?1:2"
    assert [setting.code for setting in found.blocks[0].settings] == ["f(1,2)", "b?1:2"]


def test_the_structure_is_the_same_whatever_stands_in_texts_and_different_for_code() -> None:
    assert structure("a.tf", b'x = "${a}b" # c\n') == structure("a.tf", b'x = "${a}\\"c"\n')
    assert structure("a.tf", b'x = ""\n') == structure("a.tf", b'x = "a\\n$${b}"\n')
    assert structure("a.tf", b'x = "a"\n') != structure("a.tf", b'x = "${a}"\n')
    assert structure("a.tf", b'x = "a"\n') != structure("a.tf", b'x = "a"\ny = "b"\n')
