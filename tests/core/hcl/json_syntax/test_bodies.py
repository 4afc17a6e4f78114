"""Terraform's JSON is read into the blocks and expressions that its own syntax would be."""

import json

import pytest

from bot.core.hcl.module import Module
from bot.core.hcl.parser import body, parsed
from bot.core.hcl.scope import ModuleAddress
from bot.core.hcl.syntax.ast import Block, Call, Setting
from bot.core.tree import File
from bot.errors import InvalidInput
from tests.support.json_code import as_json

NATIVE = b"""variable "name" {
  type    = string
  default = "shop"
}

locals {
  zones = ["a", "b"]
}

module "web" {
  source = "./web"
  count  = 2
  size   = upper(var.name)
}

resource "terraform_data" "zone" {
  for_each   = toset(local.zones)
  input      = { name = "${var.name}-${each.key}", pattern = "a\\\\d", price = "$${x}" }
  depends_on = [terraform_data.first]

  lifecycle {
    ignore_changes = [input]
  }
}

resource "terraform_data" "first" {
  triggers_replace = [1, true, null, -2.5]
  provisioner "local-exec" {
    command = "date"
  }
}

output "all" {
  value = "%{ for z in local.zones }${z},%{ endfor }"
}
"""


def in_json(value: object) -> Block:
    return parsed("main.tf.json", json.dumps(value).encode())


def evaluated(path: str, data: bytes) -> dict[tuple[str, str], object]:
    found = Module({f"app/{path}": File(data)}, ModuleAddress("app", ""), {}).evaluated()
    assert not found.unreadable
    return {(at, name): leaf.value for at, thing in found.things.items() for name, leaf in thing.leaves.items()}


def test_code_in_json_comes_to_the_same_values() -> None:
    ours, theirs = evaluated("main.tf.json", as_json(NATIVE)), evaluated("main.tf", NATIVE)
    as_written = {
        key for key in theirs if key[1] in {"depends_on", "lifecycle[0]"}
    }  # kept as code, which looks otherwise
    assert as_written
    for key in theirs.keys() - as_written:
        assert ours[key] == theirs[key], key


def test_blocks_have_their_labels_lines_and_calls() -> None:
    code = b'{\n  "//": "why",\n  "resource": {\n    "a": {\n      "x": {\n        "b": "${file(1)}"\n      },\n      "y": [{}, {}]\n    }\n  }\n}\n'
    found = parsed("main.tf.json", code).blocks
    assert [(each.type, each.labels, each.line, each.calls) for each in found] == [
        ("resource", ("a", "x"), 5, {"file"}),
        ("resource", ("a", "y"), 8, frozenset()),
        ("resource", ("a", "y"), 8, frozenset()),
    ]
    assert [node.line for node in found[0].expressions() if isinstance(node, Call)] == [6]


def test_an_object_of_a_resource_is_read_as_an_argument_and_as_a_block() -> None:
    (block,) = in_json({"resource": {"a": {"x": {"b": [{"c": {"d": 1}}]}}}}).blocks
    assert [each.name for each in block.settings] == ["b"]
    assert [each.type for each in block.within()] == ["resource", "b", "c"]


@pytest.mark.parametrize(
    ("text", "code"),
    [("${var.a}", "var.a"), ("a-${b}", '"a-${b}"'), ("$${a}", '"$${a}"'), ("a\\b", '"a\\\\b"'), ("${f({})}", "f({})")],
)
def test_a_text_is_a_template(text: str, code: str) -> None:
    def first(block: Block) -> Setting:
        return block.blocks[0].settings[0]

    assert first(in_json({"locals": {"x": text}})).value == first(body(f"locals {{\n  x = {code}\n}}\n".encode())).value


@pytest.mark.parametrize(
    ("code", "line", "message"),
    [
        ('{"locals": {"a": 1,\n "a": 2}}', 2, "`a` is already in line 1"),
        ('{"locals": {"a": NaN}}', 1, "expected a value, found `N`"),
        ('{"locals": {"a": 1,}}', 1, "expected a key after the comma"),
        ('{"locals": [1]}', 1, "`locals` is a block"),
        ('{"locals": {"a": "\\ud800"}}', 1, "is not text in JSON"),
        ('{"locals": {"a":\n\n"${"}}', 3, "has no end"),
        ('{"locals": {"a": 01}}', 1, "expected `,` or `}`"),
        ("[]", 1, "is an object"),
        ('{"locals": ' + "[" * 200, 1, "nested too deeply"),
        ("{} {}", 1, "expected the end of the file"),
        ('{"locals": {"a": "x\ny"}}', 1, "expected a value"),
    ],
)
def test_what_is_no_json_of_terraforms_is_refused_with_its_line(code: str, line: int, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parsed("app/main.tf.json", code.encode())
    assert f"app/main.tf.json:{line}: " in str(caught.value)
    assert message in str(caught.value)
