"""A template small enough to be applied for real in half a minute, its production, and clones drafted from it.

The app stack has a VPC with a private zone, an instance's launch template, a table that scales, and what the shop reaches
outside of itself. The network stack needs no provider, whose starts are most of what a plan costs: it hands on what is known
only after its apply. What is tested changes the template, a clone's files, or what is asked for.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from bot.clouds.registry import FACTS
from bot.commands.model import Clone
from bot.core.rendering.assemble import TemplateAt, assemble, read_template
from bot.core.rendering.inventory import Inventory
from bot.core.requests.clone import Base, CloneRequest, Draft, draft_clone
from bot.core.requests.refusal import Refused
from bot.core.tree import File
from bot.model.account import PolicyAccount
from bot.model.environment import Manifest
from bot.model.policy import Policy, Quota
from bot.model.static_check_rules import StaticCheckRules
from bot.names import EnvironmentName, Login, ParameterName, PurposeName, TemplateName
from tests.support.product import BACKEND
from tests.support.sandbox_aws import CLONES, PLACES, PRODUCTION, REGION
from tests.support.terraform import provider_files

SOURCE = EnvironmentName("production")

DECLARATION = f"""
name: shop
description: A shop.
default_purpose: demo
parameters:
  name: {{type: string, identity: true, derive: "{{environment}}", description: The name., pattern: "[a-z0-9-]+"}}
  account_id: {{type: string, identity: true, derive: "{CLONES}", description: The account., pattern: "[0-9]{{12}}"}}
  state_bucket: {{type: string, identity: true, derive: {PLACES[CLONES][0]}, description: The state's bucket.}}
  vpc_cidr: {{type: cidr, identity: true, allocate: {{pool: 10.64.0.0/10, prefix: 20}}, description: The network.}}
  region: {{type: string, default: {REGION}, description: The region.}}
  purpose: {{type: enum, values: [production, qa, load-test, demo], description: What it is for.}}
  private_zone: {{type: bool, default: true, description: Whether there are private names.}}
  instance_class: {{type: enum, values: [t3.small, m6i.xlarge], description: The size of an instance.}}
  storage_type: {{type: enum, values: [gp3, io2], description: The storage of an instance.}}
  reads_min: {{type: number, integer: true, min: 1, max: 100, description: The least capacity.}}
  reads_max: {{type: number, integer: true, min: 1, max: 1000, description: The most capacity.}}
  payments_url: {{type: string, outbound: true, description: Where payments go.}}
  mail_sender: {{type: string, outbound: true, description: Who sends mail.}}
purposes:
  production: {{description: The real thing., set: {{purpose: production}}}}
  qa:
    description: To test.
    set: {{purpose: qa, payments_url: "https://sandbox.payments.example/v1", mail_sender: "no-reply@{{environment}}.example"}}
    match: [topology, versions]
    differ: [identity, outbound]
  load-test:
    description: To load.
    set: {{purpose: load-test, payments_url: "https://sandbox.payments.example/v1", mail_sender: "no-reply@{{environment}}.example"}}
    match: [topology, sizes, scaling]
    differ: [identity, outbound]
  demo:
    description: To show.
    set:
      purpose: demo
      instance_class: t3.small
      storage_type: gp3
      reads_min: 1
      reads_max: 2
      payments_url: https://sandbox.payments.example/v1
      mail_sender: "no-reply@{{environment}}.example"
    match: [topology, versions]
    differ: [identity, outbound]
stacks:
  network: {{description: A range of addresses.}}
  app:
    description: Private names, instances, a table, and what they reach.
    needs: [network]
    inputs: {{network_id: {{from: network.network_id, stand_in: not-made-yet}}}}
"""

HOOKS = """hooks:
  partners:
    description: Tells the partners where the shop is.
    needs: [app]
    run: {apply: [hooks/partners], undo: [hooks/partners]}
    with:
      payments_url: {parameter: payments_url}
"""

VARIABLES = {
    "network": ("name", "vpc_cidr"),
    "app": (
        "name", "account_id", "region", "purpose", "vpc_cidr", "private_zone", "instance_class", "storage_type",
        "reads_min", "reads_max", "payments_url", "mail_sender",
    ),
}  # fmt: skip

TYPES = {"reads_min": "number", "reads_max": "number", "private_zone": "bool"}

PROVIDER = """
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
  default_tags {
    tags = { Environment = var.name, Purpose = var.purpose }
  }
}
"""

NETWORK = """
resource "terraform_data" "range" {
  input = "${var.name} has ${var.vpc_cidr}"
}
output "network_id" { value = terraform_data.range.id }
"""

DNS = """
resource "aws_route53_zone" "private" {
  count         = var.private_zone ? 1 : 0
  name          = "shop.internal"
  force_destroy = true
  vpc { vpc_id = aws_vpc.main.id }
}
resource "aws_route53_record" "db" {
  count   = var.private_zone ? 1 : 0
  zone_id = aws_route53_zone.private[0].zone_id
  name    = "db.shop.internal"
  type    = "A"
  ttl     = 60
  records = [cidrhost(var.vpc_cidr, 10)]
}
"""

APP = """
variable "network_id" { type = string }
resource "aws_vpc" "main" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = var.name, Network = var.network_id }
}
resource "aws_security_group" "app" {
  name        = "${var.name}-app"
  description = "Instances of ${var.name}"
  vpc_id      = aws_vpc.main.id
}
resource "aws_launch_template" "app" {
  name          = "${var.name}-app"
  image_id      = "ami-0123456789abcdef0"
  instance_type = var.instance_class
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size = 20
      volume_type = var.storage_type
      iops        = var.storage_type == "io2" ? 3000 : null
    }
  }
}
resource "aws_dynamodb_table" "orders" {
  name           = "${var.name}-orders"
  hash_key       = "id"
  billing_mode   = "PROVISIONED"
  read_capacity  = var.reads_min
  write_capacity = 1
  attribute {
    name = "id"
    type = "S"
  }
  lifecycle { ignore_changes = [read_capacity] }
}
resource "aws_appautoscaling_target" "reads" {
  service_namespace  = "dynamodb"
  scalable_dimension = "dynamodb:table:ReadCapacityUnits"
  resource_id        = "table/${aws_dynamodb_table.orders.name}"
  min_capacity       = var.reads_min
  max_capacity       = var.reads_max
}
locals {
  settings = { payments_url = var.payments_url, mail_sender = var.mail_sender }
}
resource "aws_ssm_parameter" "app" {
  for_each = local.settings
  name     = "/${var.name}/app/${each.key}"
  type     = "String"
  value    = each.value
}
"""

WITHOUT_ZONE_IN_QA = {"app/dns.tf": DNS.replace("var.private_zone ?", 'var.private_zone && var.purpose != "qa" ?')}
SMALL_IN_LOAD_TEST = {
    "app/main.tf": APP.replace("= var.instance_class", '= var.purpose == "load-test" ? "t3.small" : var.instance_class')
}

PRODUCTION_VALUES = {
    "name": "production",
    "account_id": PRODUCTION,
    "state_bucket": PLACES[PRODUCTION][0],
    "vpc_cidr": "10.0.0.0/20",
    "region": REGION,
    "purpose": "production",
    "private_zone": True,
    "instance_class": "m6i.xlarge",
    "storage_type": "io2",
    "reads_min": 5,
    "reads_max": 50,
    "payments_url": "https://api.payments.example/v1",
    "mail_sender": "orders@shop.acme.example",
}


def template(changes: Mapping[str, str] | None = None) -> TemplateAt:
    """Return the template; `changes` are whole files by path."""
    files = {
        "template.yaml": DECLARATION,
        "hooks.yaml": HOOKS,
        "hooks/partners": "#!/bin/sh\ncat >/dev/null\necho '{}'\n",
        "network/main.tf": NETWORK,
        "app/main.tf": APP,
        "app/dns.tf": DNS,
    }
    for stack, names in VARIABLES.items():
        values = ",\n".join(f'  "{name}": {{{{ {name} | json }}}}' for name in names)
        files |= {
            f"{stack}/variables.tf": "\n".join(
                f'variable "{name}" {{ type = {TYPES.get(name, "string")} }}' for name in names
            ),
            f"{stack}/backend.tf.j2": BACKEND.replace("STACK", stack),
            f"{stack}/terraform.tfvars.json.j2": f"{{\n{values}\n}}\n",
        }
    files |= {f"network/{path}": text for path, text in provider_files(NETWORK).items()}
    files |= {f"app/{path}": text for path, text in (provider_files(APP) | {"provider.tf": PROVIDER}).items()}
    files |= changes or {}
    return read_template(
        TemplateName("shop"),
        {path: File(text.encode(), path == "hooks/partners") for path, text in files.items()},
        FACTS,
    )


def production(at: TemplateAt) -> Manifest:
    """Return production's manifest, rendered from this template."""
    return Manifest.model_validate(
        {
            "name": SOURCE,
            "template": "shop",
            "revision": at.revision,
            "purpose": "production",
            "owner": "platform",
            "parameters": PRODUCTION_VALUES,
            "stacks": at.declaration.stacks,
        }
    )


def policy() -> Policy:
    """Return a policy with both accounts."""
    accounts = {
        number: PolicyAccount(
            plan_role=f"arn:aws:iam::{number}:role/envclone-plan",
            apply_role=f"arn:aws:iam::{number}:role/envclone-apply",
            region=REGION,
            state_bucket=bucket,
        )
        for number, (bucket, _) in PLACES.items()
    }
    gate = StaticCheckRules(data_sources=("aws_ssm_parameter",))  # what one of the leaks reads
    return Policy(accounts=accounts, quota=Quota(total=100, per_owner=100), gate=gate)


def drafted(name: str, purpose: str, at: TemplateAt | None = None, **given: str) -> Draft | Refused:
    """Answer `/clone production as NAME for PURPOSE --set …`."""
    found = at or template()
    source = production(found)
    sets = {ParameterName(key): value for key, value in given.items()}
    command = Clone(SOURCE, EnvironmentName(name), PurposeName(purpose), set=sets)
    base = Base(found, source, assemble(found, source), Inventory({SOURCE: source}), policy())
    return draft_clone(CloneRequest(command, None, Login("alice"), datetime.now(UTC)), base)


def rendered(draft: Draft, at: TemplateAt) -> Draft:
    """Return a clone as somebody renders it on the command line, past what the bot refuses: from another template."""
    manifest = draft.manifest.model_copy(update={"revision": at.revision})
    return replace(draft, manifest=manifest, files=assemble(at, manifest))
