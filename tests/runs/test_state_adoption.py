"""A directory whose state holds more than its code says: real Terraform writes the code, and plans no change of it."""

from pathlib import Path

import pytest

from bot.errors import Unverifiable
from bot.runs.state_adoption import ADOPTED, write_code_from_state
from tests.support.terraform import program, write

CODE = """
terraform {
  backend "local" {}
}
resource "terraform_data" "network" {
  input = "10.0.0.0/16"
}
"""
GONE = """
resource "terraform_data" "subnet" {
  input            = terraform_data.network.id
  triggers_replace = "plain $${text}"
}
resource "terraform_data" "several" {
  count = 2
}
"""


def test_what_the_state_alone_holds_gets_code_with_references_and_a_plan_that_changes_nothing(tmp_path: Path) -> None:
    place = write(tmp_path / "infra/production", {"main.tf": CODE + GONE, ".terraform.lock.hcl": "# No provider.\n"})
    terraform = program(tmp_path, {})
    with terraform.opened(place) as module:
        module.init()
        module.apply(module.plan({}))
    (place / "main.tf").write_text(CODE)
    before = {path.name: path.read_bytes() for path in place.iterdir()}

    (found,) = write_code_from_state(tmp_path, "infra/production", terraform)

    assert (found.resources, found.changed, found.secret) == (["terraform_data.subnet"], [], [])
    assert found.others == ["terraform_data.several[0]", "terraform_data.several[1]"]
    text = (place / ADOPTED).read_text()
    assert "input            = terraform_data.network.id\n" in text
    assert 'triggers_replace = "plain $${text}"\n' in text
    assert {path.name: path.read_bytes() for path in place.iterdir() if path.name != ADOPTED} == before
    (place / "main.tf").write_text(CODE.replace("network", "renamed"))
    with pytest.raises(Unverifiable, match=rf"infra/production/{ADOPTED} already exists"):
        write_code_from_state(tmp_path, "infra/production", terraform)
