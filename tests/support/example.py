"""A small template and its production, for tests of the core that don't need the shipped one."""

from datetime import UTC, datetime, timedelta

from bot.clouds.registry import FACTS
from bot.commands.model import Clone
from bot.core.rendering.assemble import TemplateAt, assemble, read_template
from bot.core.rendering.inventory import Inventory
from bot.core.requests.clone import Base, CloneRequest
from bot.core.tree import File
from bot.model.environment import Manifest, Request
from bot.model.policy import Policy, Quota
from bot.names import EnvironmentName, Login, RepositoryName, TemplateName
from tests.support.lock_files import lock_file

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ALICE = Login("alice")
REPOSITORY = RepositoryName("acme/infra")

DECLARATION = """
name: shop
description: A shop.
default_purpose: demo
parameters:
  name: {type: string, identity: true, derive: "{environment}", description: The name., pattern: "[a-z0-9-]+"}
  account_id: {type: string, identity: true, derive: "222222222222", description: The account., pattern: "[0-9]{12}"}
  domain: {type: string, identity: true, derive: "{name}.clones.acme.example", description: The domain.}
  vpc_cidr: {type: cidr, identity: true, allocate: {pool: 10.64.0.0/16, prefix: 24}, description: The network.}
  db_class: {type: enum, values: [small, medium, large], default: small, description: The database's size.}
  app_min: {type: number, integer: true, min: 1, max: 20, default: 1, description: The fewest tasks.}
  payments_url: {type: string, outbound: true, description: Where payments go.}
  greeting: {type: string, default: hello, description: Any text.}
  tags: {type: map, default: {}, description: More tags.}
  zones: {type: list, default: [a, b], description: The zones.}
  protected: {type: bool, default: false, description: Whether it may be destroyed.}
purposes:
  production: {description: The real thing.}
  demo: {description: To show., set: {db_class: small, app_min: 1, payments_url: "https://payments.invalid/{environment}", protected: false}, match: [topology], differ: [outbound]}
  qa: {description: To test., set: {payments_url: "https://payments.invalid/{environment}", protected: false}, match: [topology, versions], differ: [outbound]}
  load-test: {description: To load., set: {payments_url: "https://payments.invalid/load", protected: false}, match: [sizes, scaling], differ: [outbound]}
stacks:
  network: {description: The network., inputs: {}}
  app: {description: The shop., needs: [network], inputs: {vpc_id: {from: network.vpc_id, stand_in: vpc-0}}}
"""

HOOKS = """hooks:
  smoke: {uses: http.probe, description: Is it there?, needs: [app], with: {url: {from: app.url}}, undo: {none: a probe leaves nothing}}
"""

TFVARS = """{
  "name": {{ name | json }},
  "account_id": {{ account_id | json }},
  "domain": {{ domain | json }},
  "vpc_cidr": {{ vpc_cidr | json }},
  "db_class": {{ db_class | json }},
  "app_min": {{ app_min | json }},
  "payments_url": {{ payments_url | json }},
  "greeting": {{ greeting | json }},
  "tags": {{ tags | json }},
  "zones": {{ zones | json }},
  "protected": {{ protected | json }}
}
"""

BACKEND = """terraform {
  backend "s3" {
    bucket = "state-{{ account_id }}"
    key    = "{{ name }}/app/terraform.tfstate"
  }
}
"""

MAIN = b"""# \xc3\xa9 A comment that must survive.
resource "aws_ssm_parameter" "greeting" {
  name  = "/${var.name}/greeting"
  type  = "String"
  value = var.greeting
}
output "url" {
  value = "http://${var.name}.example"
}
"""

PROVIDER = b"""provider "aws" {
  allowed_account_ids = [var.account_id]
}
"""

PRODUCTION_VALUES = {
    "name": "production",
    "account_id": "111111111111",
    "domain": "shop.acme.example",
    "vpc_cidr": "10.0.0.0/16",
    "db_class": "large",
    "app_min": 6,
    "payments_url": "https://payments.acme.example/v1",
    "greeting": "hello",
    "tags": {"team": "shop"},
    "zones": ["a", "b", "c"],
    "protected": True,
}


def template_files(name: str = "shop") -> dict[str, File]:
    return {
        "template.yaml": File(DECLARATION.replace("name: shop", f"name: {name}", 1).encode()),
        "hooks.yaml": File(HOOKS.encode()),
        "README.md": File(b"About the template.\n"),
        "network/.terraform.lock.hcl": File(lock_file()),
        "app/.terraform.lock.hcl": File(lock_file(aws="5.100.0")),
        "network/main.tf": File(b'output "vpc_id" {\n  value = "vpc-1"\n}\n'),
        "app/main.tf": File(MAIN),
        "app/provider.tf": File(PROVIDER),
        "app/terraform.tfvars.json.j2": File(TFVARS.encode()),
        "app/backend.tf.j2": File(BACKEND.encode()),
        "app/logo.bin": File(bytes(range(256))),
        "hooks/seed": File(b"#!/bin/sh\n", executable=True),
    }


def template() -> TemplateAt:
    return read_template(TemplateName("shop"), template_files(), FACTS)


def production(at: TemplateAt | None = None, name: str = "production") -> Manifest:
    at = at or template()
    return Manifest.model_validate(
        {
            "name": name,
            "template": at.declaration.name,
            "revision": at.revision,
            "purpose": "production",
            "owner": "platform",
            "parameters": {**PRODUCTION_VALUES, "name": name},
            "stacks": at.declaration.stacks,
        }
    )


def base(*others: Manifest, policy: Policy | None = None) -> Base:
    at = template()
    source = production(at)
    live = {source.name: source, **{manifest.name: manifest for manifest in others}}
    lenient = Policy(quota=Quota(total=1000, per_owner=1000))
    return Base(at, source, assemble(at, source), Inventory(live), policy or lenient)


def asked(name: str = "demo-x", comment: int = 1, **command: object) -> CloneRequest:
    request = Request(
        by=ALICE,
        repository=REPOSITORY,
        issue=7,
        comment=comment,
        url=f"https://github.example/acme/infra/issues/7#c{comment}",
    )
    clone = Clone(EnvironmentName("production"), EnvironmentName(name), **command)  # type: ignore[arg-type]
    return CloneRequest(clone, request, ALICE, NOW + timedelta(seconds=comment))
