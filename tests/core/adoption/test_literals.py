"""Literals are found where they stand, and paired with those of the same block on the other side."""

from bot.core.adoption.literals import items, paired

CODE = b"""size = "m5" # a comment
block "a" "b" {
  count = 3
  on    = true
  tags  = { "key" = "v-${var.x}-w" }
  list  = ["x", "y"]
  odd   = [
    "z",
  ]
  text = <<EOT
hello
EOT
}
"""


def neutral(key: str, is_ours: bool) -> str:
    return key


def test_each_literal_has_its_place_and_its_argument() -> None:
    text = CODE.decode()
    found = [each for item in items("main.tf", CODE) for each in item.literals]
    assert all(text[each.start : each.end] == each.text for each in found)
    assert [(each.kind, each.name, each.text) for each in found] == [
        ("text", "size", "m5"),
        ("number", "count", "3"),
        ("bool", "on", "true"),
        ("text", "key", "v-"),
        ("text", "key", "-w"),
        ("list", "list", '["x", "y"]'),
        ("text", "odd", "z"),
        ("text", "text", "hello\n"),
    ]


def test_literals_are_paired_by_the_block_around_them_wherever_it_stands() -> None:
    theirs = items("a.tf", b'x "one" { v = 1 }\nx "two" { v = 2 }\n')
    ours = items("b.tf", b'x "two" { v = 3 }\nx "one" { v = 4 }\n')
    pairs, others = paired(theirs, ours, neutral)
    assert [(each.theirs.text, each.ours.text) for each in pairs] == [("1", "4"), ("2", "3")]
    assert others == []


def test_blocks_that_would_take_for_ever_are_not_held_against_one_another() -> None:
    code = b"x = [%s\n]\n"
    theirs, ours = (items("a.tf", code % (b"\n  a.b," * count)) for count in (2_000, 2_001))
    pairs, others = paired(theirs, ours, neutral)
    assert (pairs, others) == ([], list(theirs))


def test_each_value_of_a_json_file_is_an_item_however_its_lines_are_broken() -> None:
    theirs = b'{"zones": [\n "a",\n "b"], "size": "large",\n "tags": {"env": "production"}}'
    ours = b'{\n  "size": "small",\n  "tags": {\n    "env": "qa"\n  },\n  "zones": ["a"]\n}\n'
    assert [each.key for each in items("x.tfvars.json", theirs)] == ["zones", "size", "tags"]
    pairs, others = paired(items("x.tfvars.json", theirs), items("x.tfvars.json", ours), neutral)
    assert [(each.theirs.text, each.ours.text) for each in pairs] == [("large", "small"), ("production", "qa")]
    assert [each.key for each in others] == ["zones"]
