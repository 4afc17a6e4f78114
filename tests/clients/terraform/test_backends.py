"""Backends that are neither S3 nor a file: the real Terraform keeps the state in them."""

import os
from pathlib import Path

import httpx
import pytest

from bot.clients.terraform.plan_options import PlanOptions
from bot.clients.terraform.program import find_terraform
from bot.clients.terraform.terraform import Terraform
from bot.clouds.backends import BACKENDS
from tests.postgres import cluster
from tests.support.gcs import google_storage
from tests.support.patience import PATIENCE

RESOURCE = 'resource "terraform_data" "a" {\n  input = "kept"\n}\noutput "a" {\n  value = terraform_data.a.output\n}\n'


def _lived_through(directory: Path, terraform: Terraform, backend: str) -> None:
    """Apply, read the output in another working directory, and destroy."""
    directory.mkdir()
    (directory / "main.tf").write_text(f"terraform {{\n  {backend}\n}}\n{RESOURCE}")
    with terraform.opened(directory) as module:
        module.init()
        module.apply(module.plan({}))
    with terraform.opened(directory) as module:
        module.init()
        assert module.outputs()["a"].value == "kept"
        module.apply(module.plan({}, PlanOptions(destroy=True)))
        assert module.outputs() == {}


@pytest.mark.slow
def test_a_state_lives_in_google_s_storage_where_a_reader_of_it_looks(tmp_path: Path) -> None:
    with google_storage() as where:
        url = where["STORAGE_EMULATOR_HOST"]
        httpx.post(f"{url}/storage/v1/b?project=any", json={"name": "acme-state"}, timeout=PATIENCE).raise_for_status()
        terraform = Terraform(
            find_terraform(os.environ), os.environ, variables={**where, "GOOGLE_OAUTH_ACCESS_TOKEN": "any"}
        )
        block = 'backend "gcs" {\n    bucket = "acme-state"\n    prefix = "demo-x/network"\n  }'
        _lived_through(tmp_path / "stack", terraform, block)
        listed = httpx.get(f"{url}/storage/v1/b/acme-state/o", timeout=PATIENCE).raise_for_status().json()["items"]
        assert [each["name"] for each in listed] == [BACKENDS["gcs"].object.format(key="demo-x/network")]


@pytest.mark.postgres
def test_a_state_lives_in_postgresql_by_the_account_s_own_variable(tmp_path: Path) -> None:
    with cluster() as server:
        variables = {"PG_CONN_STR": server.url()}
        terraform = Terraform(find_terraform(os.environ), os.environ, variables=variables)
        _lived_through(tmp_path / "stack", terraform, 'backend "pg" {\n    schema_name = "demo-x_network"\n  }')
