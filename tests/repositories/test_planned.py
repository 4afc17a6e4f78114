"""Repositories of other kinds, with the real Terraform: production as somebody applied it is taken over, and a clone lives and goes."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from bot.clients.terraform.plan_options import PlanOptions
from bot.clients.terraform.terraform import Terraform
from bot.core.plans.plan import TerraformPlan
from bot.core.plans.plan_json import read_plan
from bot.core.requests.clone import Draft, draft_clone
from tests.support import example
from tests.support.cloud import REGION, cloud
from tests.support.repositories import Adopted
from tests.support.terraform import program

BUCKET = "acme-state"


IDIOMS = {"all": 'demo-x-001 ["a0","b0"]', "one": "y", "legacy": "x", "plain": 64, "json": ["a", "b"]}


@pytest.fixture(scope="module")
def aws() -> Iterator[Mapping[str, str]]:
    with cloud() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield variables


def by_hand(terraform: Terraform, directory: Path, workspace: str) -> None:
    """Apply a root module as its people did, without us."""
    selected = {"TF_WORKSPACE": workspace} if workspace else {}
    for words in (["init", "-input=false"], ["apply", "-input=false", "-auto-approve"]):
        environment = {**terraform.environment, **(selected if words[0] == "apply" else {})}
        subprocess.run([terraform.binary, *words], cwd=directory, env=environment, check=True, capture_output=True)


def planned(terraform: Terraform, directory: Path, *, destroy: bool = False) -> TerraformPlan:
    with terraform.opened(directory) as module:
        module.init()
        return read_plan(module.show(module.plan({}, PlanOptions(lock=False, destroy=destroy))))


def applied(terraform: Terraform, directory: Path, *, destroy: bool = False) -> Mapping[str, object]:
    with terraform.opened(directory) as module:
        module.init()
        module.apply(module.plan({}, PlanOptions(destroy=destroy)))
        return {name: output.value for name, output in module.outputs().items()}


@dataclass(frozen=True)
class Kind:
    """A repository, the stack of it that is applied, the workspace of production's state, and the outputs of a clone."""

    name: str
    stack: str
    workspace: str
    outputs: Mapping[str, object]


@pytest.mark.whole
@pytest.mark.parametrize(
    "kind",
    [
        Kind("workspaces", "shop", "prod", {"servers": ["shop-demo-x-0"]}),
        Kind("shared_modules", "pages/web_site", "", {"names": ["svc-demo-x-web_site-0"]}),
        Kind("idioms", "shop", "", IDIOMS),
    ],
    ids=lambda kind: kind.name,
)
def test_production_is_taken_over_as_it_is_and_a_clone_lives_and_goes(
    kind: Kind, tmp_path: Path, aws: Mapping[str, str]
) -> None:
    adopted, found, stack = Adopted(kind.name), program(tmp_path, aws), kind.stack
    terraform = Terraform(found.binary, found.environment, adopted.rules.gate)
    by_hand(found, adopted.lay_out(tmp_path / "theirs", adopted.production) / stack, kind.workspace)

    production = adopted.lay_out(tmp_path / "ours", adopted.production) / stack
    assert not planned(terraform, production).changes_anything, "its state is found, and nothing is to be done"

    drafted = draft_clone(example.asked(), adopted.base)
    assert isinstance(drafted, Draft)
    clone = adopted.lay_out(tmp_path / "ours", drafted.manifest) / stack
    before = keys()
    plan = planned(terraform, clone)
    assert {change.action.value for change in plan.changes} == {"create"}
    assert keys() == before, "a plan writes nothing"
    assert applied(terraform, clone) == kind.outputs
    assert not planned(terraform, clone).changes_anything
    assert not planned(terraform, production).changes_anything
    assert applied(terraform, clone, destroy=True) == {}
    assert not planned(terraform, production).changes_anything


def keys() -> set[str]:
    return {each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])}
