"""Real Terraform writes the code for what a stack imports, and plans with it an import that changes nothing."""

from datetime import timedelta
from pathlib import Path

from bot.core.plans.from_state import import_blocks
from bot.core.plans.written_imports import read_written
from bot.core.requests.codify.imports import IMPORTED, OpenImport
from bot.names import EnvironmentName, StepName
from bot.runs.plan.report import left_behind, report
from bot.runs.plan.request import PlanRequest
from bot.runs.plan.steps.imported import written_for
from bot.runs.plan.steps.steps import ImportsWritten
from tests.support.terraform import program, write

MAIN = """
resource "terraform_data" "network" {
  input = "10.0.0.0/16"
}
"""


def test_what_is_imported_gets_code_and_the_directory_stays_as_it_was(tmp_path: Path) -> None:
    place = write(tmp_path / "app", {"main.tf": MAIN, ".terraform.lock.hcl": "# No provider.\n"})
    with program(tmp_path / "configuration", {}).opened(place) as module:
        module.init()
        module.apply(module.plan({}))
        asked = OpenImport("terraform_data.extra", "1b9e2a56-0000-4000-8000-5c3d2e1f0a9b")
        file = place / IMPORTED
        file.write_text(import_blocks([asked.known()]))
        before = file.read_text()
        found = written_for(module, [asked], {}, timedelta(minutes=5))
        assert file.read_text() == before
    code = 'resource "terraform_data" "extra" {\n}\n'
    assert (found.code, found.secret, found.changed) == (code, [], [])
    request = PlanRequest(EnvironmentName("production"), "c" * 40, "update", "https://github.example/run/1")
    said = left_behind(request, report(request, ImportsWritten(StepName("app"), found)))
    assert f"```hcl\n{code}```" in said.comment
    assert said.plan.conclusion == "failure"
    handed_on = read_written(said.plan.summary)
    assert handed_on is not None
    assert (handed_on.step, handed_on.code) == ("app", code)
