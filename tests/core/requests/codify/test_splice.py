"""A block of code that says what is there: only the values that differ change, and no value becomes code."""

import pytest

from bot.core.hcl.comparison.structure import structure
from bot.core.hcl.parser import expression_in, parsed
from bot.core.requests.codify.splice import CannotSplice, block_at, spliced, without
from bot.errors import InvalidInput
from bot.model.pipeline import Json

PATH = "app/main.tf"


def after(code: str, there: dict[str, Json], should: dict[str, Json]) -> str:
    data = code.encode()
    block = block_at(PATH, data, 1)
    assert block is not None
    found = spliced(PATH, data, block, there, should)
    parsed(PATH, found)
    return found.decode()


def test_only_the_value_changes_and_its_comment_stays() -> None:
    code = 'resource "x" "y" {\n  size = var.size # as big as it gets\n  name = "a"\n}\n'
    assert after(code, {"size": 3}, {"size": 2}) == code.replace("var.size", "3")


def test_an_argument_that_is_new_stands_at_the_end_and_one_that_is_gone_loses_its_line() -> None:
    code = 'resource "x" "y" {\n  name = "a"\n  size = 2 # two\n}\n'
    assert after(code, {"note": "hi", "size": None}, {"size": 2}) == (
        'resource "x" "y" {\n  name = "a"\n  note = "hi"\n}\n'
    )
    assert after('resource "x" "y" {}\n', {"a": 1, "b": [True]}, {}) == (
        'resource "x" "y" {\n  a = 1\n  b = [true]\n}\n'
    )


def test_of_a_map_only_the_keys_change_that_differ() -> None:
    code = 'resource "x" "y" {\n  tags = {\n    Name   = var.name\n    "team" = "a" # ours\n    old    = "b"\n  }\n}\n'
    now: dict[str, Json] = {"tags": {"Name": "demo", "team": "c", "cost-center": "7"}}
    said: dict[str, Json] = {"tags": {"Name": "demo", "team": "a", "old": "b"}}
    assert after(code, now, said) == (
        'resource "x" "y" {\n  tags = {\n    Name   = var.name\n    "team" = "c" # ours\n    cost-center = "7"\n  }\n}\n'
    )
    short = 'resource "x" "y" {\n  tags = { Name = var.name }\n}\n'
    assert after(short, {"tags": {"Name": "d", "a": "1"}}, {"tags": {"Name": "d"}}) == short.replace(
        "var.name }", 'var.name, a = "1" }'
    )
    merged = 'resource "x" "y" {\n  tags = merge(local.tags, { a = "1" })\n}\n'
    assert '  tags = {"a" = "2"}\n' in after(merged, {"tags": {"a": "2"}}, {"tags": {"a": "1"}})


BLOCKS = 'resource "x" "y" {\n  rule {\n    port = 80\n    from = var.all\n  }\n  rule {\n    port = 443\n  }\n}\n'


def test_blocks_that_are_told_apart_stay_and_others_are_added_and_removed() -> None:
    one: Json = {"port": 80, "from": ["0"], "note": ""}
    two: Json = {"port": 443, "from": [], "note": ""}
    new: Json = {"port": 22, "from": ["9"], "note": "", "more": [{"a": 1}]}
    assert after(BLOCKS, {"rule": [new, one]}, {"rule": [one, two]}) == (
        'resource "x" "y" {\n  rule {\n    port = 80\n    from = var.all\n  }\n'
        '  rule {\n    port = 22\n    from = ["9"]\n    more {\n      a = 1\n    }\n  }\n}\n'
    )
    assert after(BLOCKS, {"rule": []}, {"rule": [one, two]}) == 'resource "x" "y" {\n}\n'


def test_in_the_only_block_of_its_kind_only_the_value_changes() -> None:
    code = 'resource "x" "y" {\n  rule {\n    port = 80\n    from = var.all\n  }\n}\n'
    assert after(code, {"rule": [{"port": 81, "from": ["0"]}]}, {"rule": [{"port": 80, "from": ["0"]}]}) == (
        code.replace("80", "81")
    )
    assert after(code, {"rule": {"port": 81}}, {"rule": {"port": 80}}) == code.replace("80", "81")


def test_a_document_that_was_encoded_stays_readable() -> None:
    code = 'resource "x" "y" {\n  policy = jsonencode({ a = var.b })\n}\n'
    assert 'policy = jsonencode({"a" = ["c"]})' in after(code, {"policy": '{"a":["c"]}'}, {"policy": '{"a":"b"}'})


@pytest.mark.parametrize(
    ("code", "there", "said"),
    [
        ('resource "x" "y" { size = 2 }\n', None, "line 1 holds something else, too"),
        ('resource "x" "y" {\n  dynamic "size" {\n    for_each = []\n    content {}\n  }\n}\n', [], "`dynamic` block"),
        ('resource "x" "y" {\n}\n', None, "`size` is not set in the code"),
        ('resource "x" "y" {\n}\n', [{"a b": 1}], "not the name of an argument"),
    ],
)
def test_what_can_t_be_written_is_named(code: str, there: Json, said: str) -> None:
    with pytest.raises(CannotSplice, match=said):
        after(code, {"size": there}, {"size": 2})


@pytest.mark.parametrize("text", ["${file(1)}", '"}', "a\n}\n", "%{if}", "$${x}", "\\", "<<EOT\n", "é\u2028"])
def test_no_value_becomes_code(text: str) -> None:
    code = 'resource "x" "y" {\n  name = "a"\n  tags = { b = "c" }\n}\n'
    found = after(code, {"name": text, "tags": {"b": text}}, {"name": "a", "tags": {"b": "c"}})
    assert structure(PATH, found.encode()) == structure(PATH, code.encode())
    (block,) = parsed(PATH, found.encode()).blocks
    assert block.text("name") == text
    with pytest.raises(CannotSplice):
        after(code, {f"{text}=": "a"}, {})
    added = after(code, {"tags": {"b": "c", text: "d"}}, {"tags": {"b": "c"}})
    assert len(parsed(PATH, added.encode()).blocks) == 1


def test_a_block_is_taken_out_with_its_comment_and_nothing_else() -> None:
    code = b'# kept\n\n# ours\n# too\nresource "x" "y" {\n  a = 1\n}\n\nresource "x" "z" {}\n'
    block = block_at(PATH, code, 5)
    assert block is not None
    assert without(PATH, code, block) == b'# kept\n\nresource "x" "z" {}\n'
    last = block_at(PATH, code, 9)
    assert last is not None
    assert without(PATH, code, last) == b'# kept\n\n# ours\n# too\nresource "x" "y" {\n  a = 1\n}\n'


def test_a_mark_at_the_start_and_windows_line_ends_stay() -> None:
    code = '\ufeffresource "x" "y" {\r\n  a = 1\r\n}\r\n'
    assert after(code, {"a": 2}, {"a": 1}) == code.replace("1", "2")
    assert expression_in("1") is not None


def test_what_is_there_is_no_block_where_the_code_has_one() -> None:
    code = 'resource "x" "y" {\n  part {\n    a = 1\n  }\n}\n'
    there: dict[str, Json] = {"part": [["b"], False]}
    with pytest.raises(CannotSplice, match="`part` is a block in the code, and what is there isn't one"):
        after(code, there, {"part": [{"a": 1}]})


@pytest.mark.parametrize("value", ["a\0b", ["\0"], {"\0": 1}, float("inf"), float("nan")])
def test_what_no_code_can_say_is_not_written(value: Json) -> None:
    with pytest.raises(InvalidInput):
        after('resource "x" "y" {\n  a = 1\n}\n', {"a": value}, {"a": 1})
