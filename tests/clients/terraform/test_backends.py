"""Backends that are neither S3 nor a file: the real Terraform keeps the state in them."""

import os
from pathlib import Path

import pytest

from bot.clients.terraform.terraform import PlanOptions, Terraform, find_terraform
from tests.postgres import cluster

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


@pytest.mark.postgres
def test_a_state_lives_in_postgresql_by_the_account_s_own_variable(tmp_path: Path) -> None:
    with cluster() as server:
        variables = {"PG_CONN_STR": server.url()}
        terraform = Terraform(find_terraform(os.environ), os.environ, variables=variables)
        _lived_through(tmp_path / "stack", terraform, 'backend "pg" {\n    schema_name = "demo-x_network"\n  }')
