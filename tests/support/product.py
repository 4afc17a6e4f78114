"""A template that applies for real, in seconds: three stacks and two hooks."""

from collections.abc import Mapping

from bot.clouds.registry import FACTS
from bot.core.rendering.assemble import TemplateAt, read_template
from bot.core.tree import File
from bot.names import TemplateName
from tests.support.cloud import ACCOUNT, REGION
from tests.support.monorepo import BACKEND
from tests.support.terraform import LOCK, PROVIDER, VERSIONS

DECLARATION = f"""
name: small
description: Three stacks and two hooks.
default_purpose: demo
parameters:
  name: {{type: string, identity: true, derive: "{{environment}}", description: The name.}}
  account_id: {{type: string, identity: true, derive: "{ACCOUNT}", description: The account.}}
  region: {{type: string, default: {REGION}, description: The region.}}
  state_bucket: {{type: string, identity: true, derive: unset, description: The state's bucket.}}
  place: {{type: string, description: The folder at home where the hook writes down that it ran.}}
  greeting: {{type: string, default: hello, description: Any text.}}
purposes:
  demo: {{description: To show.}}
"""

DECLARED = {
    "network": "{description: A log group., timeout: 3m}",
    "data": "{description: A parameter., timeout: 3m}",
    "app": f"""
    description: Parameters that name the others.
    needs: [data]
    timeout: 3m
    inputs:
      group_arn: {{from: network.group_arn, stand_in: "arn:aws:logs:{REGION}:000000000000:log-group:not-made-yet"}}
      token: {{from: network.token, stand_in: not-made-yet}}
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

STACKS = {
    "network": """
variable "name" { type = string }
resource "aws_cloudwatch_log_group" "main" {
  name = "/${var.name}/main"
}
output "group_arn" { value = aws_cloudwatch_log_group.main.arn }
output "token" {
  value     = "token-of-${var.name}"
  sensitive = true
}
""",
    "data": """
variable "name" { type = string }
variable "greeting" { type = string }
resource "aws_ssm_parameter" "greeting" {
  name  = "/${var.name}/greeting"
  type  = "String"
  value = var.greeting
}
""",
    "app": """
variable "name" { type = string }
variable "group_arn" { type = string }
variable "token" {
  type      = string
  sensitive = true
}
resource "aws_ssm_parameter" "group" {
  name  = "/${var.name}/group"
  type  = "String"
  value = var.group_arn
}
resource "aws_ssm_parameter" "token" {
  name  = "/${var.name}/token"
  type  = "SecureString"
  value = var.token
}
output "path" { value = "/${var.name}/flags" }
output "url" { value = "https://${var.name}.example" }
""",
}
NAMES = {"network": ("name",), "data": ("name", "greeting"), "app": ("name",)}


def template(stacks: Mapping[str, str]) -> TemplateAt:
    """Return the template with these stacks' code."""
    declared = "".join(f"  {stack}: {DECLARED[stack]}\n" for stack in stacks)
    if "data" not in stacks:
        declared = declared.replace("needs: [data]", "needs: [network]")
    files = {"template.yaml": f"{DECLARATION}stacks:\n{declared}", "hooks.yaml": HOOKS, "hooks/record.py": RECORD}
    for stack, main in stacks.items():
        variables = ",\n".join(f'  "{name}": {{{{ {name} | json }}}}' for name in NAMES[stack])
        files |= {
            f"{stack}/main.tf": main,
            f"{stack}/provider.tf": PROVIDER,
            f"{stack}/versions.tf": VERSIONS,
            f"{stack}/backend.tf.j2": BACKEND.replace("STACK", stack),
            f"{stack}/.terraform.lock.hcl": LOCK,
            f"{stack}/terraform.tfvars.json.j2": f"{{\n{variables}\n}}\n",
        }
    return read_template(TemplateName("small"), {path: File(text.encode()) for path, text in files.items()}, FACTS)
