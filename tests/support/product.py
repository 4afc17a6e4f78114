"""The small example product: a template that plans and applies for real in a second, on Terraform's built-in `terraform_data`.

Three stacks and two hooks. What a stack makes leaves a mark outside of its state: each creation runs a program that writes
the key down (`MADE`), fails while `have-KEY` lies beside it, and hangs while `hang-KEY` does. So a thing that is made twice is
seen to be. Where AWS itself is what is tested, a stack's code is that of `ON_AWS`.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.clouds.registry import FACTS
from bot.core.rendering.assemble import TemplateAt, read_template
from bot.core.tree import File
from bot.model.environment import Manifest
from bot.names import EnvironmentName, TemplateName
from tests.support.cloud import ACCOUNT, REGION
from tests.support.terraform import provider_files

NAME: Final = TemplateName("small")
MADE: Final = "made"
"""The file in which each creation is written down, in the folder `place` at home."""

DECLARATION = f"""
name: small
description: Three stacks and two hooks.
default_purpose: demo
parameters:
  name: {{type: string, identity: true, derive: "{{environment}}", description: The name., pattern: "[a-z0-9-]+"}}
  account_id: {{type: string, identity: true, derive: "{ACCOUNT}", description: The account., pattern: "[0-9]{{12}}"}}
  region: {{type: string, default: {REGION}, description: The region.}}
  state_bucket: {{type: string, identity: true, derive: unset, description: The state's bucket.}}
  place: {{type: string, default: place, description: The folder at home where it is written down what was done.}}
  greeting: {{type: string, default: hello, description: Any text.}}
purposes:
  demo: {{description: To show.}}
"""

DECLARED = {
    "network": "{description: A name., timeout: 10m}",
    "data": "{description: A text., timeout: 10m}",
    "app": """
    description: Texts that name the others.
    needs: [data]
    timeout: 10m
    inputs:
      group_arn: {from: network.group_arn, stand_in: not-made-yet}
      group_name: {from: network.group_name, stand_in: not-made-yet}
      token: {from: network.token, stand_in: not-made-yet}
""",
}

HOOKS = """hooks:
  record:
    description: Writes down that it ran.
    needs: [network]
    run: {apply: [python3, hooks/record.py], verify: [python3, hooks/record.py], undo: [python3, hooks/record.py]}
    with:
      place: {parameter: place}
      token: {from: network.token}
  flags:
    description: Flags.
    needs: [app]
    uses: aws.parameter
    with:
      path: {from: app.path}
      values: {value: {a: 1, b: true}}
"""

CHECKED_HOOKS = """hooks:
  announce:
    description: Says hello.
    run: {check: [hooks/announce], apply: [hooks/announce]}
    undo: {none: what was said can not be unsaid}
  smoke:
    description: Is it there?
    needs: [app]
    uses: http.probe
    with: {url: {value: "http://127.0.0.1:9/"}}
    undo: {none: a probe has nothing to undo}
"""
"""Hooks that a plan can look at: one has a check, and one asks a port where nobody answers."""

RECORD = '''"""Write down that the hook ran; fail or hang while somebody wants that."""

import json
import sys
import time
from pathlib import Path

given = json.load(sys.stdin)
place = Path.home() / (given["inputs"] or given["parameters"])["place"]
with (place / "ran").open("a") as file:
    file.write(given["verb"] + "\\n")
if "token" in given["inputs"]:
    print("the token is " + given["inputs"]["token"], file=sys.stderr)
if given["verb"] == "undo" and (place / "fail-undo").exists():
    sys.exit("told to fail")
if given["verb"] == "undo" and given["undo"]:
    (place / "undone-with").write_text(given["undo"]["login"])
if given["verb"] == "apply":
    if (place / "fail").exists():
        sys.exit("told to fail with " + given["inputs"]["token"])
    while (place / "hang").exists():
        time.sleep(0.1)
undo = {"place": str(place), "login": "alice:" + given["inputs"].get("token", "")}
if given["verb"] == "undo":
    remains = [{"what": str(place), "why": "the record is kept", "until": "somebody removes it"}]
    print(json.dumps({"evidence": "taken back", "remains": remains}))
else:
    print(json.dumps({"outputs": {"said": "recorded"}, "evidence": "written down", "undo": undo}))
'''

ANNOUNCE = '#!/bin/sh\ncat >/dev/null\necho \'{"result": "already_so", "text": "said before"}\'\n'

_MAKE = f"""
variable "place" {{ type = string }}
locals {{
  make = <<-EOT
    here="$HOME/$PLACE" # and not by `cd`: a test finds what works on a stack by its directory
    while [ -e "$here/hang-$KEY" ]; do sleep 0.1; done
    if [ -e "$here/have-$KEY" ]; then echo "$KEY already exists" >&2; exit 1; fi
    echo "$KEY" >>"$here/{MADE}"
  EOT
}}
"""

_GREETING = """
variable "name" { type = string }
variable "greeting" {
  type = string
  validation {
    condition     = var.greeting != ""
    error_message = "Say something."
  }
}
"""

_APP = """
variable "name" { type = string }
variable "group_arn" { type = string }
variable "group_name" { type = string }
variable "token" { type = string }
output "path" { value = "/${var.name}/flags" }
output "url" { value = "https://${var.name}.example" }
"""

_TOKEN = """
output "token" {
  value     = "token-of-${var.name}"
  sensitive = true
}
"""


def _thing(key: str, value: str) -> str:
    return f"""
resource "terraform_data" "{key}" {{
  input            = {{ name = "/${{var.name}}/{key}", value = {value} }}
  triggers_replace = {value}
  provisioner "local-exec" {{
    command     = local.make
    environment = {{ KEY = "{key}", PLACE = var.place }}
  }}
}}
"""


STACKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "network": f"""
variable "name" {{ type = string }}
resource "terraform_data" "main" {{
  input = "/${{var.name}}/main"
}}
output "group_arn" {{ value = terraform_data.main.id }}
output "group_name" {{ value = terraform_data.main.input }}
{_TOKEN}""",
        "data": _GREETING + _MAKE + _thing("greeting", "var.greeting"),
        "app": _APP
        + _MAKE
        + _thing("group", "jsonencode({ arn = var.group_arn, name = upper(var.group_name) })")
        + _thing("token", "var.token"),
    }
)

ON_AWS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "network": f"""
variable "name" {{ type = string }}
resource "aws_cloudwatch_log_group" "main" {{
  name = "/${{var.name}}/main"
}}
output "group_arn" {{ value = aws_cloudwatch_log_group.main.arn }}
output "group_name" {{ value = aws_cloudwatch_log_group.main.name }}
{_TOKEN}""",
        "data": f"""{_GREETING}
variable "place" {{ type = string }}
resource "aws_ssm_parameter" "greeting" {{
  name  = "/${{var.name}}/greeting"
  type  = "String"
  value = var.greeting
}}
""",
        "app": f"""{_APP}
variable "place" {{ type = string }}
resource "aws_ssm_parameter" "group" {{
  name  = "/${{var.name}}/group"
  type  = "String"
  value = jsonencode({{ arn = var.group_arn, name = upper(var.group_name) }})
}}
resource "aws_ssm_parameter" "token" {{
  name  = "/${{var.name}}/token"
  type  = "SecureString"
  value = var.token
}}
""",
    }
)
"""The same product on AWS. A start of its provider costs ten times what a whole cycle of `terraform_data` does."""


def without_marks(code: str) -> str:
    """Return a stack's code as it is where nobody looks for marks, so that it runs no program."""
    return re.sub(r'  provisioner "local-exec" {.*?\n  }\n', "", code, flags=re.DOTALL)


VARIABLES = {"network": ("name",), "data": ("name", "greeting", "place"), "app": ("name", "place")}

BACKEND = """terraform {
  backend "s3" {
    bucket       = "{{ state_bucket }}"
    key          = "{{ name }}/STACK/terraform.tfstate"
    region       = "{{ region }}"
    use_lockfile = true
  }
}
"""


def template(
    stacks: Mapping[str, str] = STACKS,
    hooks: str = HOOKS,
    former: Mapping[str, tuple[str, ...]] | None = None,
    migrations: str = "",
    name: TemplateName = NAME,
) -> TemplateAt:
    """Return the template with these stacks' code, these hooks and migrations; `former` are the names that stacks had, the first one first."""
    first = {stack: names[0] for stack, names in (former or {}).items()}
    declared = "".join(f"  {stack}: {DECLARED[first.get(stack, stack)]}\n" for stack in stacks)
    if "data" not in stacks:
        declared = declared.replace("needs: [data]", "needs: [network]")
    for stack, names in (former or {}).items():
        declared = declared.replace(f"{stack}: {{", f"{stack}: {{renamed_from: [{', '.join(names)}], ")
        declared, hooks = (
            text.replace(f"from: {names[0]}.", f"from: {stack}.").replace(f"[{names[0]}]\n", f"[{stack}]\n")
            for text in (declared, hooks)
        )
    files = {
        "template.yaml": f"{DECLARATION.replace(NAME, name, 1)}stacks:\n{declared}{migrations}",
        "hooks.yaml": hooks,
        "hooks/record.py": RECORD,
        "hooks/announce": ANNOUNCE,
    }
    for stack, main in stacks.items():
        variables = ",\n".join(f'  "{name}": {{{{ {name} | json }}}}' for name in VARIABLES[first.get(stack, stack)])
        files |= {
            f"{stack}/main.tf": main,
            f"{stack}/backend.tf.j2": BACKEND.replace("STACK", stack),
            f"{stack}/terraform.tfvars.json.j2": f"{{\n{variables}\n}}\n",
        }
        files |= {f"{stack}/{path}": text for path, text in provider_files(main).items()}
    tree = {path: File(text.encode(), executable=path == "hooks/announce") for path, text in files.items()}
    return read_template(name, tree, FACTS)


def manifest(at: TemplateAt, name: str, source: str | None, values: Mapping[str, str]) -> Manifest:
    """Return the manifest of an environment with these values of parameters, and the usual ones for the others."""
    usual = {"name": name, "account_id": ACCOUNT, "region": REGION, "place": "place", "greeting": "hello"}
    return Manifest.model_validate(
        {
            "name": EnvironmentName(name),
            "template": at.declaration.name,
            "revision": at.revision,
            "source": source,
            "purpose": "demo",
            "owner": "alice",
            "overrides": ["state_bucket"],  # each test has a bucket of its own
            "parameters": {**usual, **values},
            "stacks": at.declaration.stacks,
        }
    )
