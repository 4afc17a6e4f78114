"""`envclone adopt` on repositories of four layouts: no byte of production changes, and what tells two environments apart is found."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from bot.cli.app import app
from bot.clouds.registry import FACTS
from bot.core.checks.gate_rules import default_providers
from bot.hooks.registry import kinds
from tests.cli.local.test_directory_parity import lay_out
from tests.support.terraform import program

LOCK = '# This file is maintained automatically by "terraform init".\n'
MODULE = {
    "modules/service/main.tf": """
variable "name" {}
variable "copies" {}
resource "terraform_data" "one" {
  count = var.copies
  input = "${var.name}-${count.index}"
}
output "names" { value = terraform_data.one[*].output }
"""
}
SERVICE = """# The service.
variable "env" { description = "Which environment it is." }
variable "copies" {
  type = number
}
terraform {
  backend "s3" {
    bucket = "acme-state-%(env)s"
    key    = "%(env)s/app/terraform.tfstate"
    region = "eu-central-1"
  }
}
module "service" {
  source = "../../modules/service"
  name   = "acme-${var.env}"   # a comment stays
  copies = var.copies
}
"""


def both(files: Mapping[str, str], production: Mapping[str, object], staging: Mapping[str, object]) -> dict[str, str]:
    return {path % side: text % side for side in (production, staging) for path, text in files.items()}


@dataclass(frozen=True)
class Layout:
    """A repository; `labelled` is what a person calls its identity, and `values` all else that differs: production's texts."""

    name: str
    files: Mapping[str, str]
    production: str
    other: str
    labelled: frozenset[str]
    values: frozenset[object]


LAYOUTS = (
    Layout(
        "shared modules and values",
        {
            **MODULE,
            **both(
                {
                    "infra/%(env)s/main.tf": SERVICE,
                    "infra/%(env)s/terraform.tfvars": 'env    = "%(env)s" # which\ncopies = %(copies)d\n',
                    "infra/%(env)s/.terraform.lock.hcl": LOCK.replace("%", "%%"),
                },
                {"env": "production", "copies": 3},
                {"env": "staging", "copies": 1},
            ),
        },
        "infra/production",
        "infra/staging",
        frozenset({"production", "production/app/terraform.tfstate", "acme-state-production"}),
        frozenset({3}),
    ),
    Layout(
        "a tree of root modules",
        both(
            {
                "live/%(env)s/network/main.tf": """
terraform {
  backend "s3" {
    bucket = "%(bucket)s"
    key    = "%(env)s/network/terraform.tfstate"
    region = "eu-central-1"
  }
}
locals {
  account = "%(account)s"
  network = "%(network)s"
  zones   = %(zones)s
}
resource "terraform_data" "net" { input = [local.network, local.zones, "arn:aws:iam::%(account)s:role/net"] }
output "id" { value = terraform_data.net.id }
""",
                "live/%(env)s/app/main.tf": """
terraform {
  backend "s3" {
    bucket = "%(bucket)s"
    key    = "%(env)s/app/terraform.tfstate"
    region = "eu-central-1"
  }
}
data "terraform_remote_state" "network" {
  backend = "s3"
  config = {
    bucket = "%(bucket)s"
    key    = "%(env)s/network/terraform.tfstate"
    region = "eu-central-1"
  }
}
resource "terraform_data" "app" {
  input = {
    host  = "app.%(domain)s"
    debug = %(debug)s
    text  = "{{ not ours }} ${data.terraform_remote_state.network.outputs.id}"
  }
}
""",
                "live/%(env)s/network/.terraform.lock.hcl": LOCK,
                "live/%(env)s/app/.terraform.lock.hcl": LOCK,
            },
            {
                "env": "prod",
                "bucket": "acme-live-state",
                "account": "111111111111",
                "network": "10.0.0.0/16",
                "zones": '["a", "b", "c"]',
                "domain": "acme.example",
                "debug": "false",
            },
            {
                "env": "stg",
                "bucket": "acme-trial-state",
                "account": "222222222222",
                "network": "10.1.0.0/16",
                "zones": '["a", "b"]',
                "domain": "stg.acme.example",
                "debug": "true",
            },
        ),
        "live/prod",
        "live/stg",
        frozenset({"prod", "acme-live-state", "111111111111", "10.0.0.0/16", "app.acme.example"}),
        frozenset({False, '["a", "b", "c"]'}),
    ),
    Layout(
        "one directory with two files of values",
        {
            "infra/main.tf": 'variable "env" {}\nvariable "size" {}\nresource "terraform_data" "x" { input = "${var.env} ${var.size}" }\n',
            "infra/.terraform.lock.hcl": LOCK,
            "infra/env/prod.tfvars": 'env  = "prod"\nsize = "large"\n',
            "infra/env/qa.tfvars": 'env  = "qa"\nsize = "small"\n',
        },
        "infra/env/prod.tfvars",
        "infra/env/qa.tfvars",
        frozenset({"prod"}),
        frozenset({"large"}),
    ),
    Layout(
        "everything written out in the code",
        both(
            {
                "%(env)s/app.tf": """resource "terraform_data" "%(env)s_app" {
  input = "https://%(env)s.acme.example/"
}
resource "terraform_data" "size" { input = %(n)d }
""",
                "%(env)s/.terraform.lock.hcl": LOCK,
            },
            {"env": "production", "n": 40},
            {"env": "qa", "n": 2},
        ),
        "production",
        "qa",
        frozenset({"production"}),
        frozenset({40}),
    ),
)


SEARCHED = {"10.0.0.0/16": None, "acme-state-production": None}
"""What search alone doesn't find: a network at an argument that isn't called after one, and that a bucket is an account's."""


def state_of(*names: str) -> dict[str, object]:
    """Return a local state that holds resources of these names."""
    resources = [
        {
            "mode": "managed",
            "type": "terraform_data",
            "name": name,
            "provider": 'provider["terraform.io/builtin/terraform"]',
            "instances": [
                {
                    "schema_version": 0,
                    "attributes": {"id": name, "input": None, "output": None, "triggers_replace": None},
                }
            ],
        }
        for name in names
    ]
    return {
        "version": 4,
        "terraform_version": "1.10.0",
        "serial": 1,
        "lineage": "a",
        "outputs": {},
        "resources": resources,
    }


def run(root: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words, "--root", str(root)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, done.output


@pytest.fixture(params=LAYOUTS, ids=lambda layout: layout.name)
def layout(request: pytest.FixtureRequest) -> Layout:
    found: Layout = request.param
    return found


def test_law_12_production_is_rendered_byte_for_byte_as_it_was(layout: Layout, tmp_path: Path) -> None:
    root = lay_out(tmp_path, layout.files)
    found = json.loads(run(root, "adopt", layout.production, "--with", layout.other, "--json")[1])
    assert (found["proved"], found["changed"]) == (True, [])
    before = [
        text for path, text in layout.files.items() if path.startswith(layout.production) and path.endswith(".tf")
    ]
    after = [path.read_text("utf-8") for path in (root / "envs/production").rglob("*.tf")]
    if found["moved"]:
        after = [text.replace("../../../modules", "../../modules") for text in after]
    assert set(before) <= set(after)
    assert all((root / path).read_text("utf-8") == text for path, text in layout.files.items())
    assert run(root, "verify")[0] == 0


def test_identity_and_all_other_values_that_differ_are_found(layout: Layout, tmp_path: Path) -> None:
    found = json.loads(
        run(lay_out(tmp_path, layout.files), "adopt", layout.production, "--with", layout.other, "--json")[1]
    )
    told = {
        each["production"] for each in found["parameters"] if each["identity"] and isinstance(each["production"], str)
    }
    assert len(layout.labelled & told) >= 0.95 * len(layout.labelled), (layout.labelled, told)
    others = [each["production"] for each in found["parameters"]]
    for value in layout.values:
        assert value in others or json.loads(str(value)) in others, (value, others)
    assert len(others) == len(layout.labelled) + len(layout.values), "as few as explain all places"


def test_without_another_environment_identity_is_found_by_search(layout: Layout, tmp_path: Path) -> None:
    found = json.loads(run(lay_out(tmp_path, layout.files), "adopt", layout.production, "--json")[1])
    assert found["proved"] is True
    told = {each["production"] for each in found["parameters"]}
    labelled = {SEARCHED.get(text, text) for text in layout.labelled} - {None}
    assert len(labelled & told) >= 0.95 * len(labelled), (labelled, told)
    assert not told - labelled, "as few as explain all places"


def test_run_again_it_goes_on_from_where_it_is(layout: Layout, tmp_path: Path) -> None:
    root = lay_out(tmp_path, layout.files)
    words = ("adopt", layout.production, "--with", layout.other, "--json")
    run(root, *words)
    declaration = root / "templates/production/template.yaml"
    declaration.write_text(declaration.read_text("utf-8").replace("The real thing.", "What we sell."), "utf-8")
    kept = {path: path.read_bytes() for path in (root / "templates").rglob("*") if path.is_file()}
    again = json.loads(run(root, *words)[1])
    assert (again["again"], again["proved"]) == (True, True)
    assert {path: path.read_bytes() for path in kept} == kept
    assert run(root, "verify")[0] == 0


def test_run_again_production_gets_the_value_of_a_parameter_that_was_declared_since(tmp_path: Path) -> None:
    root = lay_out(tmp_path, LAYOUTS[0].files)
    words = ("adopt", "infra/production", "--with", "infra/staging", "--json")
    run(root, *words)
    declaration, code = root / "templates/production/template.yaml", root / "templates/production/main/main.tf.j2"
    added = "  disposable: {type: bool, description: Whether it may be lost.}\npurposes:\n"
    declaration.write_text(declaration.read_text("utf-8").replace("purposes:\n", added), "utf-8")
    only = '{% if disposable %}resource "terraform_data" "clone" {}\n{% endif %}'
    code.write_text(code.read_text("utf-8") + only, "utf-8")
    before = (root / "envs/production/environment.yaml").read_bytes()
    status, said = run(root, *words)
    place = (
        "templates/production/template.yaml: `disposable` has no value in production. Add `disposable: …` under `set:`"
    )
    assert (status, place in said) == (1, True), said
    assert (root / "envs/production/environment.yaml").read_bytes() == before
    valued = "The real thing.\n    set: {disposable: false}"
    declaration.write_text(declaration.read_text("utf-8").replace("The real thing.", valued), "utf-8")
    again = json.loads(run(root, *words)[1])
    assert (again["again"], again["proved"]) == (True, True)
    said = run(root, *words[:-1])[1]
    assert f"Parameters: {len(again['parameters']) + 1}\n" in said
    assert "  disposable: false  Whether it may be lost.\n" in said
    manifest = yaml.safe_load((root / "envs/production/environment.yaml").read_text("utf-8"))
    assert manifest["parameters"]["disposable"] is False
    assert run(root, "verify")[0] == 0


def test_what_would_change_production_is_named_with_what_to_do(tmp_path: Path) -> None:
    root = lay_out(tmp_path, LAYOUTS[0].files)
    words = ("adopt", "infra/production", "--with", "infra/staging")
    run(root, *words)
    code = root / "templates/production/main/main.tf.j2"
    code.write_text(code.read_text("utf-8") + "# more\n", "utf-8")
    status, said = run(root, *words)
    assert status == 1
    assert (
        "Not proved: main/main.tf would change.\n  main/main.tf: line 18 is the end of the file, and would be `# more`.\n"
        "Make templates/production render what infra/production has" in said
    )
    assert "Next:" not in said
    old, hooks = root / "infra/production/main.tf", root / "templates/production/hooks.yaml"
    old.write_text(f'{old.read_text("utf-8")}output "env" {{ value = "production" }}\n', "utf-8")
    hooks.write_text("hooks: {}\n", "utf-8")
    assert json.loads(run(root, *words, "--anew", "--json")[1])["proved"], "what changed since is taken over"
    assert (hooks.read_text("utf-8"), "# more" in code.read_text("utf-8")) == ("hooks: {}\n", False)


def test_the_first_clone_of_an_adopted_production_is_drafted(tmp_path: Path) -> None:
    mailed = 'resource "terraform_data" "mailed" { input = "data-oncall@acme.example" }\n'
    mains = {
        path: text + mailed
        for path, text in LAYOUTS[0].files.items()
        if path.startswith("infra/") and path.endswith("main.tf")
    }
    root = lay_out(tmp_path, {**LAYOUTS[0].files, **mains})
    code, output = run(root, "adopt", "infra/production", "--with", "infra/staging")
    assert code == 0
    reached = "every environment reaches data-oncall@acme.example (main/main.tf:"
    assert f"Before the first clone, look at this: {reached}" in output
    code, output = run(root, "clone", "production", "as", "demo-x", "--dry-run")
    assert code == 0
    for words in (
        "acme-state-staging",
        "demo-x/main/terraform.tfstate",
        "copies: set by the purpose",
        "Every environment reaches `data-oncall@acme.example` (`main/main.tf:",
    ):
        assert words in output
    again = run(root, "clone", "production", "as", "demo-x", "--dry-run", "--json")
    assert [each.partition(" ")[0] for each in json.loads(again[1])["external"]] == ["data-oncall@acme.example"]
    code, output = run(root, "clone", "production", "as", "staging", "--dry-run")
    assert code != 0
    assert "`staging` is an environment with code of its own" in output
    shutil.rmtree(root / "infra/production")
    code, output = run(root, "adopt", "infra/production", "--with", "infra/staging")
    assert (code, "production lies in envs/production now" in output) == (2, True)
    assert "`envclone render production`" in output


def test_production_is_taken_over_below_its_pair_of_the_policys_roots_and_cloned_there(tmp_path: Path) -> None:
    named = {
        ".github/envclone.yml": "roots: {also: {shop: {environments: stages/envs, templates: stages/templates}}}\n"
    }
    root = lay_out(tmp_path, {**LAYOUTS[0].files, **named})
    found = json.loads(
        run(root, "adopt", "infra/production", "--with", "infra/staging", "--as", "shop-production", "--json")[1]
    )
    assert (found["proved"], found["changed"]) == (True, [])
    (adopted,) = (root / "stages/envs/production").glob("*/main.tf")
    assert 'source = "../../../../modules/service"' in adopted.read_text("utf-8")
    assert (root / "stages/templates/production/template.yaml").is_file()
    assert not (root / "envs").exists()
    assert not (root / "templates").exists()
    assert run(root, "verify")[0] == 0
    assert "two pairs" not in run(root, "template", "check")[1]
    code, output = run(root, "clone", "shop-production", "as", "shop-demo")
    assert (code, "Wrote stages/envs/demo/" in output) == (0, True), output
    assert run(root, "verify")[0] == 0
    assert run(root, "parity", "shop-demo")[0] == 0


def test_a_host_with_the_other_s_name_in_it_is_identity_and_every_parameter_is_used(tmp_path: Path) -> None:
    code = """
terraform {
  backend "s3" {
    bucket = "acme-state"
    key    = "%s/web.tfstate"
  }
}
resource "terraform_data" "web" {
  input = "https://api.%sacme.example"
}
"""
    files = {"production/main.tf": code % ("production", ""), "staging/main.tf": code % ("staging", "stg.")}
    run(lay_out(tmp_path, files), "adopt", "production", "--with", "staging")
    declared = yaml.safe_load((tmp_path / "templates/production/template.yaml").read_text("utf-8"))["parameters"]
    assert {name: each["derive"] for name, each in declared.items()} == {
        "main_state_key": "{environment}/main/terraform.tfstate",
        "input": "https://api.{environment}.acme.example",
    }


def test_in_a_map_by_environment_only_production_s_entry_is_its_identity(tmp_path: Path) -> None:
    code = """
locals {
  settings = {
    production = { host = "shop.acme.example", cidr = "10.0.0.0/16" }
    staging    = { host = "shop.acme-trial.example", cidr = "10.8.0.0/16" }
  }
  here = local.settings[terraform.workspace]
}
"""
    output = run(lay_out(tmp_path, {"infra/main.tf": code}), "adopt", "infra")[1]
    written = (tmp_path / "templates/production/main/main.tf.j2").read_text("utf-8")
    assert 'production = { host = "{{ host }}", cidr = "{{ cidr }}" }' in written
    assert 'staging    = { host = "shop.acme-trial.example", cidr = "10.8.0.0/16" }' in written
    assert (
        "main.tf.j2:5: `settings` has entries for production and staging, and a clone finds none of its own" in output
    )


def test_a_production_in_a_workspace_of_another_cloud_is_adopted_once_it_is_said_which(tmp_path: Path) -> None:
    code = """
terraform {
  backend "gcs" {
    bucket = "acme-tfstate"
    prefix = "platform"
  }
}
provider "google" {
  project     = var.project
  region      = "europe-west3"
  credentials = "key.json"
}
variable "project" { type = string }
locals {
  tier = {
    "prod" = "db-custom-4-15360"
    stg    = "db-f1-micro"
  }[terraform.workspace]
}
"""
    files = {
        "infra/main.tf": code, "infra/env/prod.tfvars": 'project = "acme-live-1"\n', "infra/env/stg.tfvars": 'project = "acme-trial-1"\n'
    }  # fmt: skip
    root = lay_out(tmp_path, files)
    words = ("adopt", "infra/env/prod.tfvars", "--with", "infra/env/stg.tfvars")
    said = run(root, *words)[1]
    assert "main.tf.j2:17: `tier` has entries for production and stg, and a clone finds none of its own" in said
    assert "main.tf.j2:15: reads `terraform.workspace`, so production's state lies in a workspace." in said
    policy = yaml.safe_load((root / ".github/envclone.yml").read_text("utf-8"))["gate"]
    assert policy["provider_arguments"] == {"hashicorp/google": ["project", "region"]}, "credentials are for a person"

    assert "reads `terraform.workspace`" not in run(root, *words, "--workspace", "prod", "--anew")[1]
    manifest = root / "envs/production/environment.yaml"
    assert yaml.safe_load(manifest.read_text("utf-8"))["state"] == {"main": {"key": "platform", "workspace": "prod"}}

    template = root / "templates/production"
    edited = (template / "main/main.tf.j2").read_text("utf-8").replace('"prod" =', '"{{ name }}" =')
    template.joinpath("main/main.tf.j2").write_text(edited)
    declared = yaml.safe_load((template / "template.yaml").read_text("utf-8"))
    declared["parameters"]["name"] = {"type": "string", "description": "Its name.", "identity": True, "derive": "{environment}"}  # fmt: skip
    template.joinpath("template.yaml").write_text(yaml.safe_dump(declared))
    assert 'would be `"production" =' in run(root, *words)[1]
    assert list(declared["purposes"]) == ["production", "stg"]
    declared["purposes"]["production"]["set"] = {"name": "prod"}
    template.joinpath("template.yaml").write_text(yaml.safe_dump(declared))
    said = run(root, *words)[1]
    assert ("Proved: 2 files" in said, "has entries for" in said) == (True, False), said


def test_a_clone_has_a_state_below_its_own_name_also_where_both_environments_call_theirs_alike(tmp_path: Path) -> None:
    code = """
terraform {
  backend "s3" {
    bucket = "acme-%s"
    key    = "%s/terraform.tfstate"
    region = "eu-central-1"
  }
}
"""
    read = """
data "terraform_remote_state" "net" {
  backend = "s3"
  config  = { bucket = "acme-%s", key = "net/terraform.tfstate" }
}
"""
    files = {
        f"{env}/{stack}/main.tf": code % (word, stack[:3]) + (read % word if stack == "app" else "")
        for env, word in (("prod", "live"), ("qa", "trial"))
        for stack in ("net/core", "app")
    }
    root = lay_out(tmp_path, files)
    found = json.loads(run(root, "adopt", "prod", "--with", "qa", "--json")[1])
    assert found["proved"], "production's states stay where they are"
    declared = yaml.safe_load((root / "templates/production/template.yaml").read_text("utf-8"))["parameters"]
    assert {name: each["derive"] for name, each in declared.items() if name.endswith("_state_key")} == {
        "app_state_key": "{environment}/app/terraform.tfstate",
        "net_core_state_key": "{environment}/net/core/terraform.tfstate",
    }
    assert (root / "envs/production/net/core/main.tf").read_bytes() == (root / "prod/net/core/main.tf").read_bytes()
    app = (root / "templates/production/app/main.tf.j2").read_text("utf-8")
    assert 'key = "{{ net_core_state_key }}"' in app, "who reads the state finds that of the clone"


def test_what_is_to_be_decided_of_many_blocks_is_said_once_with_a_count(tmp_path: Path) -> None:
    files = {
        f"{env}/{name}.tf": "".join(f'locals {{ db{number}_password = "{env}-{number}" }}\n' for number in range(9))
        for env in ("prod", "qa")
        for name in ("main", "more")
    }
    code, output = run(lay_out(tmp_path, files), "adopt", "prod", "--with", "qa")
    main, more = (f"templates/production/main/{name}.tf" for name in ("main", "more"))
    assert code == 1
    (said,) = (line.strip() for line in output.splitlines() if "is a secret in plain text" in line)
    assert said.startswith(f"{main}:1: `db0_password` is a secret in plain text")
    assert said.endswith(
        f" Also {main}:2 (`db1_password`), {main}:3 (`db2_password`), {main}:4 (`db3_password`), "
        f"and 14 more (9 in {more}, 5 in {main}; `--json` has every one)."
    )


def test_what_a_person_must_decide_is_listed_with_its_place(tmp_path: Path) -> None:
    files = {
        "prod/main.tf": 'resource "terraform_data" "only" { input = "prod" }\nlocals { db_password = "hunter-a" }\n'
        'output "env" { value = "prod" }\n',
        "prod/more.tf": 'locals { db_password = "hunter-c" }\n',
        "qa/more.tf": 'locals { db_password = "hunter-d" }\n',
        "qa/main.tf": 'locals { db_password = "hunter-b" }\noutput "env" { value = "qa" }\n',
    }
    code, output = run(lay_out(tmp_path, files), "adopt", "prod", "--with", "qa")
    assert code == 1
    for line in (
        (
            "templates/production/main/.terraform.lock.hcl:1: missing, so any provider version could be installed. Run `terraform init "
            "-backend=false` in envs/production/main, and copy the .terraform.lock.hcl that it writes to templates/production/main."
        ),
        "templates/production/main/main.tf.j2:1: `resource terraform_data only` differs in more than values, or only production has it",
        "templates/production/main/main.tf.j2:2: `db_password` is a secret in plain text",
        "before anything is cloned. Also templates/production/main/more.tf:1.",
    ):
        assert line in output
    assert output.count("any provider version") == 1
    assert "hunter" not in output


def test_hooks_are_proposed_for_what_the_code_leaves_to_people(tmp_path: Path) -> None:
    secret = 'resource "aws_secretsmanager_secret" "key" { name = "key" }\n'
    files = {
        "prod/app/main.tf": secret + 'resource "aws_route53_zone" "public" { name = "acme.example" }\n',
        "prod/app/more.tf": 'resource "aws_route53_zone" "inside" {\n  name = "a.internal"\n  vpc { vpc_id = "vpc-1" }\n}\n',
        "prod/data/main.tf": secret
        + 'resource "aws_secretsmanager_secret_version" "key" {\n  secret_id = "key"\n  secret_string = "x"\n}\n'
        + 'data "aws_s3_bucket" "theirs" { bucket = "theirs" }\n',
    }
    root = lay_out(tmp_path, files)
    output = run(root, "adopt", "prod")[1]
    assert "  aws.secret: app/aws_secretsmanager_secret.key has no value in the code" in output
    found = json.loads(run(root, "adopt", "prod", "--json")[1])["hooks"]
    assert [(each["kind"], each["blocks"]) for each in found] == [
        ("aws.dns-delegation", ["app/aws_route53_zone.public"]),
        ("aws.secret", ["app/aws_secretsmanager_secret.key"]),
    ]
    hooks = "hooks:\n  key:\n    description: Its value.\n    uses: aws.secret\n    with: {secret_id: {value: key}, text: {value: {generate: 20}}}\n"
    (root / "templates/production/hooks.yaml").write_text(hooks, "utf-8")
    again = json.loads(run(root, "adopt", "prod", "--json")[1])["hooks"]
    assert [each["kind"] for each in again] == ["aws.dns-delegation"], "what is declared is not proposed again"


def test_every_proposed_hook_is_a_kind_that_there_is() -> None:
    assert {each.hook for each in FACTS.left_to_hooks.values()} <= set(kinds())


@pytest.mark.parametrize("provider", ["random", "datadog"])
def test_a_policy_names_the_providers_that_production_has_if_they_are_more_than_the_usual_ones(
    tmp_path: Path, provider: str
) -> None:
    files = {
        **MODULE,
        "infra/prod/main.tf": 'module "log_name" {\n  source = "../../modules/service"\n  name = "prod"\n  copies = 1\n}\n',
        "infra/prod/more.tf": 'resource "aws_sqs_queue" "q" {}\nresource "PROVIDER_x" "r" {}\n'.replace(
            "PROVIDER", provider
        ),
        "infra/qa/main.tf": "",
    }
    run(lay_out(tmp_path, files), "adopt", "infra/prod", "--with", "infra/qa")
    policy = yaml.safe_load((tmp_path / ".github/envclone.yml").read_text("utf-8"))
    usual = {*default_providers(FACTS)}
    named = {"gate": {"providers": sorted({*usual, "hashicorp/datadog"})}} if provider == "datadog" else {}
    assert policy == {"protected": ["production"], **named}


def test_items_of_lists_that_differ_in_length_are_no_parameters(tmp_path: Path) -> None:
    code = 'resource "terraform_data" "x" {\n  triggers_replace = [\n    %s\n  ]\n  input = "%s"\n}\n'
    files = {
        "prod/main.tf": code % ('"get",\n    "put-prod"', "prod"),
        "qa/main.tf": code % ('"list"', "qa"),
    }
    found = json.loads(run(lay_out(tmp_path, files), "adopt", "prod", "--with", "qa", "--json")[1])
    assert [each["name"] for each in found["parameters"]] == ["name"]
    rendered = (tmp_path / "templates/production/main/main.tf.j2").read_text("utf-8")
    assert '"put-{{ name }}"' in rendered, "what only production has is searched for its name"


def test_names_and_accounts_are_found_inside_lists_too(tmp_path: Path) -> None:
    code = 'locals {\n  users = ["arn:aws:iam::%s:role/%s", "x"]\n  account = "%s"\n}\n'
    files = {
        "prod/main.tf": code % ("111111111111", "prod", "111111111111"),
        "qa/main.tf": code % ("222222222222", "qa", "222222222222"),
    }
    for words in ((), ("--with", "qa")):
        root = lay_out(tmp_path / str(len(words)), files)
        found = json.loads(run(root, "adopt", "prod", *words, "--json")[1])
        told = {each["name"]: each["production"] for each in found["parameters"]}
        assert told == {"name": "prod", "account_id": "111111111111"}
        assert "111111111111" not in (root / "templates/production/main/main.tf.j2").read_text("utf-8")


@pytest.mark.parametrize(
    ("called", "word"), [((), "production"), (("--as", "live"), "live"), (("--as", "acme"), "acme")]
)
def test_a_directory_that_is_called_after_no_environment_has_the_names_of_production(
    tmp_path: Path, called: tuple[str, ...], word: str
) -> None:
    code = f'resource "terraform_data" "x" {{\n  input = "shop-{word}-orders"\n  output = "terraform.tfstate"\n}}\n'
    found = json.loads(run(lay_out(tmp_path, {"terraform/main.tf": code}), "adopt", "terraform", *called, "--json")[1])
    assert [(each["name"], each["production"]) for each in found["parameters"]] == [("name", word)]


def test_all_that_a_clone_has_no_value_for_is_asked_for_at_once(tmp_path: Path) -> None:
    code = 'resource "terraform_data" "x" {\n  input = { domain = "shop.acme.example", project_id = "acme-1" }\n}\n'
    output = run(lay_out(tmp_path, {"prod/main.tf": code}), "adopt", "prod")[1]
    assert "need values. Add `--set domain=… --set project_id=…`." in output


def test_other_files_that_differ_are_named(tmp_path: Path) -> None:
    files = {"prod/main.tf": "", "qa/main.tf": "", "prod/policy.json": "{}", "qa/policy.json": "[]"}
    output = run(lay_out(tmp_path, files), "adopt", "prod", "--with", "qa")[1]
    assert "templates/production/main/policy.json:1: differs, and is not Terraform code" in output


def test_it_is_committed_on_a_branch_of_its_own_and_nothing_else_with_it(tmp_path: Path) -> None:
    root = lay_out(tmp_path, LAYOUTS[0].files)

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=True
        ).stdout.strip()

    git("init", "--quiet", "--initial-branch", "main")
    git("config", "user.name", "ana")
    git("config", "user.email", "ana@acme.example")
    git("add", "--all")
    git("commit", "--quiet", "--message", "As it was")
    (root / "infra/production/main.tf").write_text(LAYOUTS[0].files["infra/production/main.tf"] + "# staged\n", "utf-8")
    git("add", "--all")
    words = ("adopt", "infra/production", "--with", "infra/staging", "--branch", "adopt-production")
    code, output = run(root, *words)
    assert "infra/production has changes that aren't committed" in output
    assert (code, output.splitlines()[-1]) == (0, "Committed on the branch adopt-production.")
    assert git("branch", "--show-current") == "adopt-production"
    assert {path.split("/")[0] for path in git("diff", "--name-only", "main", "HEAD").splitlines()} == {
        ".github", "envs", "templates",
    }  # fmt: skip
    assert git("diff", "--cached", "--name-only") == "infra/production/main.tf"
    assert "Committed" not in run(root, *words)[1], "there is nothing new"
    (root / "templates/production/hooks.yaml").write_text("hooks: {}\n", "utf-8")
    assert "Committed" in run(root, *words)[1]
    assert git("log", "--format=%s", "main..").splitlines() == [
        "Change hooks.yaml in templates/production", "Adopt infra/production",
    ]  # fmt: skip
    git("stash")
    git("switch", "--quiet", "main")
    code, output = run(root, *words)
    assert (code, "`git switch adopt-production`" in output) == (1, True)
    git("commit", "--quiet", "--allow-empty", "--message", "Restrict the provider")
    said = run(root, *words)[1]
    assert "It lacks 1 commit of `main`. Continue on it: `git switch adopt-production && git merge main`" in said
    assert run(root, *words[:-1], "a..b")[0] == 64
    assert not (root / "envs").exists()


@pytest.mark.parametrize(
    ("words", "missing"),
    [(("infra/prod",), "infra/prod"), (("infra/production", "--with", "infra/stagin"), "infra/stagin")],
)
def test_a_directory_that_does_not_exist_is_named_with_what_to_type(
    tmp_path: Path, words: tuple[str, ...], missing: str
) -> None:
    root = lay_out(tmp_path, LAYOUTS[0].files)
    assert run(root, "adopt", *words) == (
        2,
        (
            f"{missing} does not exist. For example: `envclone adopt infra/production --with infra/staging`. "
            "With code here: infra/production, infra/staging, modules/service.\n"
        ),
    )


def test_code_for_what_the_state_alone_holds_is_committed_with_its_copies_and_the_state_is_not(tmp_path: Path) -> None:
    program(tmp_path, {})
    code = 'terraform {\n  backend "local" {}\n}\nresource "terraform_data" "old" {}\n'
    root = lay_out(tmp_path / "repository", {"prod/main.tf": code, "qa/main.tf": code})
    (root / "prod/terraform.tfstate").write_text(json.dumps(state_of("old", "by_hand")), "utf-8")
    for words in (["init", "-q"], ["config", "user.name", "ana"], ["config", "user.email", "ana@acme.example"]):
        subprocess.run(["git", "-C", str(root), *words], check=True)
    output = run(root, "adopt", "prod", "--with", "qa", "--from-state", "--branch", "adopt-production")[1]
    assert "Wrote prod/from_state.tf" in output
    assert "prod/terraform.tfstate:1: is a state beside the code, so it was not adopted." in output
    shown = subprocess.run(["git", "-C", str(root), "ls-files"], capture_output=True, text=True, check=True).stdout
    assert {path for path in shown.splitlines() if path.endswith((".tf", ".tfstate"))} == {
        "prod/from_state.tf", *(f"{each}/production/main/{name}.tf" for each in ("envs", "templates") for name in ("main", "from_state")),
    }  # fmt: skip


def test_a_state_outside_of_the_checkout_is_named_with_what_to_do(tmp_path: Path) -> None:
    program(tmp_path, {})
    (tmp_path / "elsewhere.tfstate").write_text(json.dumps(state_of("old", "by_hand")), "utf-8")
    code = 'terraform {\n  backend "local" {\n    path = "../../elsewhere.tfstate"\n  }\n}\n'
    root = lay_out(tmp_path / "repository", {"prod/main.tf": code})
    (root / ".git").mkdir()
    status, said = run(root, "adopt", "prod", "--from-state")
    assert (status, len(said.splitlines())) == (2, 1)
    assert "The code names ../../elsewhere.tfstate, which lies outside of the checkout" in said
    assert "Copy it into the checkout" in said


def test_an_environment_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    files = {"prod/main.tf": "", "qa/main.tf": "", "envs/production/notes": "mine"}
    code, output = run(lay_out(tmp_path, files), "adopt", "prod", "--with", "qa")
    assert (code, "envs/production already exists" in output) == (2, True)
    assert (tmp_path / "envs/production/notes").read_text("utf-8") == "mine"
