"""What is known of each cloud's resources: tables that don't meet, and what they say of a clone and of what a destroy leaves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.clients.orphans.searches import SEARCHES
from bot.clouds.aws.facts import FACTS as AWS
from bot.clouds.azure.facts import FACTS as AZURE
from bot.clouds.gcp.facts import FACTS as GCP
from bot.clouds.registry import FACTS
from bot.core.checks.destroyable import undestroyable_code
from bot.core.cloud_facts import CloudFacts, OtherCloud
from bot.core.ledger.retained import gone
from bot.core.ledger.unsearched import unsearched
from bot.core.parity.aspects import tabled
from bot.core.plans.plan import Action, PlannedChange, TerraformPlan
from bot.core.plans.plan_values import PlanValue
from bot.core.tree import File
from bot.model.pipeline import Stack
from bot.names import StepName

DATA = StepName("data")
SQL = """resource "google_sql_database_instance" "x" {
  deletion_protection = false
  settings {
    deletion_protection_enabled = true
  }
}"""


def undestroyable(code: str) -> list[str]:
    files = {"data/main.tf": File(code.encode())}
    found = undestroyable_code(files, {DATA: Stack()}, "envs/demo-x", FACTS.destroy_rules)
    return [str(finding).partition(" could not be destroyed later: ")[2] for finding in found]


@pytest.mark.parametrize("cloud", [AWS, GCP, AZURE], ids=lambda cloud: cloud.key)
def test_a_clouds_tables_are_about_its_own_resources(cloud: CloudFacts | OtherCloud) -> None:
    sources = cloud.gate.data_sources if isinstance(cloud, CloudFacts) else cloud.data_sources
    kinds = {*cloud.destroy_rules, *cloud.retained, *sources} - {"*"}
    assert [kind for kind in sorted(kinds) if not kind.startswith(cloud.prefix)] == []
    assert kinds <= {*FACTS.destroy_rules, *FACTS.retained, *FACTS.gate.data_sources}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ('resource "google_container_cluster" "x" {}', "`deletion_protection` is not set; it must be false in a clone"),
        ('resource "google_container_cluster" "x" {\n  deletion_protection = false\n}', ""),
        (SQL, "`settings.deletion_protection_enabled` is true"),
        (SQL.replace("true", "false"), ""),
        ('resource "google_bigtable_table" "x" {\n  deletion_protection = "UNPROTECTED"\n}', ""),
        ('resource "google_compute_instance" "x" {}', ""),
        ('resource "google_compute_instance" "x" {\n  deletion_protection = true\n}', "`deletion_protection` is true"),
        ('resource "google_firestore_database" "x" {}', "removed from the state but not deleted"),
        ('resource "azurerm_key_vault" "x" {\n  purge_protection_enabled = true\n}', "its name would stay taken"),
        ('resource "azurerm_key_vault" "x" {}', ""),
        ('resource "azurerm_management_lock" "x" {\n  lock_level = "CanNotDelete"\n}', "by `files` in template.yaml"),
    ],
)
def test_a_clone_is_born_destroyable_on_every_cloud(code: str, said: str) -> None:
    found = undestroyable(code)
    assert [said in each for each in found] == ([True] if said else [])


def test_what_stays_after_a_destroy_is_known_of_every_cloud() -> None:
    def removed(address: str, before: dict[str, PlanValue]) -> PlannedChange:
        return PlannedChange(address, address.partition(".")[0], Action.DELETE, before, None)

    changes = (
        removed("google_kms_key_ring.a", {"id": "projects/acme/locations/eu/keyRings/a"}),
        removed("google_project_service.run", {"id": "acme/run.googleapis.com", "disable_on_destroy": False}),
        removed("google_project_service.sql", {"id": "acme/sql.googleapis.com", "disable_on_destroy": True}),
        removed("azurerm_log_analytics_workspace.a", {"id": "/subscriptions/x/logs"}),
    )
    assert [(each.what, each.why) for each in gone(TerraformPlan(changes), FACTS).remains] == [
        ("projects/acme/locations/eu/keyRings/a", "a key ring can't be deleted"),
        ("acme/run.googleapis.com", "the API stays enabled"),
        ("/subscriptions/x/logs", "can be restored for 14 days"),
    ]


@pytest.mark.parametrize(
    ("addresses", "account", "names"),
    [
        (["data/aws_sqs_queue.a", "data/module.google_x.terraform_data.google_x"], "aws", ()),
        (["data/aws_sqs_queue.a", 'data/module.db.google_sql_database_instance.a["x.y"]'], "", ("Google Cloud",)),
        (["data/azurerm_key_vault.a", "net/google_dns_record_set.a"], "aws", ("Google Cloud", "Azure")),
        ([], "gcp", ()),
        (["db/google_sql_database_instance.a", "net/azurerm_dns_zone.a"], "gcp", ("Azure",)),
        (["data/azurerm_key_vault.a", "net/google_dns_record_set.a"], "azure", ("Google Cloud",)),
        (["data/aws_sqs_queue.a"], "gcp", ("AWS",)),
        (["data/aws_sqs_queue.a", "data/datadog_monitor.a"], "none", ("AWS",)),
        (["data/datadog_monitor.a"], "none", ("the account",)),
        (["data/datadog_monitor.a"], "", ()),
    ],
)
def test_where_nobody_searches_for_leftovers(addresses: list[str], account: str, names: tuple[str, ...]) -> None:
    assert unsearched(addresses, account, FACTS, SEARCHES) == names


@pytest.mark.parametrize(
    ("address", "attribute", "aspect"),
    [
        ("google_compute_instance.a", "machine_type", "sizes"),
        ("google_sql_database_instance.a", "settings[0].availability_type", "topology"),
        ("google_sql_database_instance.a", "database_version", "versions"),
        ("google_secret_manager_secret.a", "secret_id", "secrets"),
        ("azurerm_kubernetes_cluster.a", "default_node_pool[0].vm_size", "sizes"),
        ("azurerm_kubernetes_cluster.a", "default_node_pool[0].node_count", "scaling"),
        ("azurerm_key_vault.a", "purge_protection_enabled", "data"),
        ("data/module.x.google_compute_instance.a", "zone", "topology"),
        ("aws_db_instance.a", "instance_class", "sizes"),
        ("terraform_data.a", "zones", None),
        ("aws_ssm_parameter.a", "tier", None),
    ],
)
def test_aspects_are_known_of_every_clouds_attributes(address: str, attribute: str, aspect: str | None) -> None:
    assert tabled(address, attribute, FACTS) == aspect


def test_a_package_of_somebody_elses_adds_a_cloud(tmp_path: Path) -> None:
    metadata = tmp_path / "acme_cloud-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-cloud\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[envclone.clouds]\nacme = acme_cloud:FACTS\n")
    (tmp_path / "acme_cloud.py").write_text(
        "import re\n"
        "from bot.core.cloud_facts import AspectTable, DestroyRule, NameFacts, OtherCloud\n"
        'FACTS = OtherCloud("acme", "Acme", "acme_", {"acme_vm": (DestroyRule("keep", False, True, "it stays"),)}, {},\n'
        '    frozenset({"acme_zones"}), NameFacts("", re.compile(r"vm-\\d+"), (), ()), AspectTable({}, ()))\n'
    )
    program = (
        "from bot.clouds.registry import FACTS\n"
        "print(*FACTS.destroy_rules['acme_vm'], 'acme_zones' in FACTS.gate.data_sources, FACTS.others[-1].name)"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}"},
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "DestroyRule(attribute='keep', may_be=False, unset=True, why='it stays') True Acme"
