"""A call that reads another file is found wherever code may stand, however it is written."""

import json
import subprocess
from itertools import product

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.functions import COMPUTING
from bot.core.checks.static_checks import GateRules, gate
from bot.core.hcl.functions.read_paths import FILESET, READS_A_FILE
from bot.core.tree import File
from bot.model.pipeline import Stack
from bot.model.static_check_rules import StaticCheckRules
from bot.names import StepName
from bot.sandbox.terraform_config import terraform

RULES = GateRules(StaticCheckRules(imports=True), FACTS)

CALLS = [
    'file("/x")',
    'core::file("/x")',
    'file(\n  "/x",\n)',
    'file /* c */ ("/x")',
    'try(file("/x"), "")',
    'upper(trimspace(file("/x")))',
    'file("/x")[0]',
    'file("/x").a',
    '[file("/x")][*].a',
    '[for a in [1] : file("/x")]',
    '{ for a in [1] : a => file("/x")... }',
    '[for a in [1] : a if fileexists("/x")]',
    '[for a in file("/x") : a]',
    'true ? file("/x") : ""',
    'fileexists("/x") ? 1 : 2',
    '!fileexists("/x")',
    '1 + length(file("/x"))',
    '{ (file("/x")) = 1 }',
    '{ "${file("/x")}" : 1 }',
    'var.x[*][file("/x")]',
    '"a${file("/x")}b"',
    '"${~ file("/x") ~}"',
    '"$${}${file("/x")}"',
    '"$$$${${file("/x")}}"',
    '"%%{${file("/x")}"',
    '"%{ if fileexists("/x") }a%{ endif }"',
    '"%{ for a in file("/x") }a%{ endfor }"',
    '"%{~ if true ~}${file("/x")}%{~ endif ~}"',
    '"\\\\${file("/x")}"',
    '<<E\n${file("/x")}\nE\n',
    '<<-E\n  \\${file("/x")}\n  E\n',
    '<<E\n# ${file("/x")}\nE\n',
    '<<E\nE2\n${file("/x")}\n E\t\n',
    '<<E\n${<<F\n${file("/x")}\nF\n}\nE\n',
    "templatestring(var.x, {})",
    'fileset("/", "*")',
    'provider::external::run("id")',
    'unheard_of("/x")',
]

PLACES = [
    "locals {\n  a = @\n}\n",
    "\ufefflocals { # /* \n  a = @\n}\n// */\n",
    "locals {\n  b = <<EOF\nx\nEOF  \n  a = @\n  c = <<EOF\nx\nEOF\n}\n",
    'output "a" {\n  value = 1\n  precondition {\n    condition     = @\n    error_message = ""\n  }\n}\n',
    'variable "a" {\n  default = @\n}\n',
    'variable "a" {\n  validation {\n    condition     = true\n    error_message = @\n  }\n}\n',
    'resource "terraform_data" "a" {\n  count = @\n}\n',
    'resource "terraform_data" "a" {\n  for_each = @\n}\n',
    'resource "terraform_data" "a" {\n  lifecycle {\n    postcondition {\n      condition     = @\n      error_message = ""\n    }\n  }\n}\n',
    'resource "aws_x" "a" {\n  dynamic "b" {\n    for_each = @\n    content {\n    }\n  }\n}\n',
    'resource "aws_x" "a" {\n  dynamic "b" {\n    for_each = []\n    content {\n      c {\n        d = @\n      }\n    }\n  }\n}\n',
    'data "aws_region" "a" {\n  name = @\n}\n',
    'ephemeral "aws_region" "a" {\n  name = @\n}\n',
    'module "a" {\n  source = "./m"\n  b      = @\n}\n',
    'provider "aws" {\n  allowed_account_ids = [1]\n  region              = @\n}\n',
    'provider "aws" {\n  allowed_account_ids = [1]\n  default_tags {\n    tags = { a = @\n }\n  }\n}\n',
    'check "a" {\n  assert {\n    condition     = @\n    error_message = ""\n  }\n}\n',
    'check "a" {\n  data "aws_region" "b" {\n    name = @\n  }\n}\n',
    "terraform {\n  required_version = @\n}\n",
    'terraform {\n  backend "s3" {\n    key = @\n  }\n}\n',
    'terraform {\n  provider_meta "aws" {\n    a = @\n  }\n}\n',
    "import {\n  to = aws_x.y\n  id = @\n}\n",
    "moved {\n  from = aws_x.y\n  to   = @\n}\n",
    "removed {\n  from = @\n}\n",
]


def is_refused(code: str, path: str = "app/main.tf") -> bool:
    caller = b'module "x" {\n  source = "./m"\n}\n'
    files = {"app/.terraform.lock.hcl": File(b""), "app/main.tf": File(caller), "app/m/main.tf": File(b"")}
    return bool(gate(files | {path: File(code.encode())}, {StepName("app"): Stack()}, RULES, "envs/x"))


@pytest.mark.parametrize("path", ["app/main.tf", "app/m/main.tf"])
def test_no_place_in_code_hides_a_call(path: str) -> None:
    written = [place.replace("@", call) for call, place in product(CALLS, PLACES)]
    assert [code for code in written if not is_refused(code, path)] == []


def test_the_places_are_fine_without_the_calls() -> None:
    assert [place for place in PLACES if is_refused(place.replace("@", '"x"'))] == []


def test_every_function_of_terraform_is_known_or_judged() -> None:
    said = subprocess.run([terraform(), "metadata", "functions", "-json"], stdout=subprocess.PIPE, check=True).stdout
    names = {name for name in json.loads(said)["function_signatures"] if "::" not in name}
    assert names - COMPUTING == {*READS_A_FILE, FILESET, "templatestring"}
