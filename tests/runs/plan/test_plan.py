"""Plan an environment of a real monorepo, with the real Terraform against moto."""

import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from bot.clients.git.checkout import Checkout
from bot.clients.objects.s3 import S3Store
from bot.clients.terraform.terraform import Terraform
from bot.clouds.registry import FACTS
from bot.core.messages.plan_comment import complete
from bot.core.plans.fingerprint import fingerprint
from bot.core.plans.plan import TerraformPlan, unshown
from bot.core.plans.plan_json import read_plan
from bot.core.plans.review import read_review, review_key
from bot.core.plans.stack_inputs import known, replayed, resolved
from bot.core.rendering.assemble import assemble, read_template
from bot.core.requests.codify.imports import IMPORTED
from bot.core.tree import File
from bot.errors import UserError
from bot.model.pipeline import Json
from bot.model.risk import Risk
from bot.names import EnvironmentName, ParameterName, StepName
from bot.runs.plan.context import PlanContext
from bot.runs.plan.parity import ParityBase
from bot.runs.plan.plan import CreatedAgain, Planned, PlanRefused, Undestroyable, plan
from bot.runs.plan.report import report
from bot.runs.plan.request import PlanRequest
from bot.runs.plan.steps.steps import Failed
from tests.support.cloud import REGION, cloud
from tests.support.deploying import DEMO, PRODUCTION, Deploying
from tests.support.monorepo import Monorepo
from tests.support.product import NAME, ON_AWS, STACKS, template
from tests.support.provider_process import provider_by_stack
from tests.support.terraform import program

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
NETWORK, DATA, APP = StepName("network"), StepName("data"), StepName("app")


@pytest.fixture(scope="module")
def aws() -> Iterator[Mapping[str, str]]:
    with cloud() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables


def create_bucket() -> str:
    bucket = f"state-{uuid.uuid4().hex}"
    boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return bucket


def changed(planner: PlanContext, **values: object) -> PlanContext:
    held = ("checkout", "policy", "base_template", "terraform", "store", "now")
    return PlanContext(**{**{key: getattr(planner, key) for key in held}, **values})


@pytest.fixture
def monorepo(tmp_path: Path, aws: Mapping[str, str]) -> Monorepo:
    return Monorepo.create(tmp_path / "monorepo", create_bucket())


@pytest.fixture
def planner(tmp_path: Path, monorepo: Monorepo, aws: Mapping[str, str]) -> PlanContext:
    return PlanContext(
        checkout=Checkout(monorepo.root),
        policy=monorepo.policy,
        base_template=lambda name: monorepo.template.files,
        terraform=program(tmp_path / "configuration", aws),
        store=S3Store(monorepo.bucket, "", REGION),
        now=lambda: NOW,
    )


def request(monorepo: Monorepo, name: EnvironmentName) -> PlanRequest:
    return PlanRequest(name, monorepo.git("rev-parse", "HEAD").strip(), "create", "https://github.example/run/1")


def planned(monorepo: Monorepo, name: EnvironmentName, planner: PlanContext) -> Planned:
    outcome = plan(request(monorepo, name), planner)
    assert isinstance(outcome, Planned), outcome
    return outcome


@dataclass(frozen=True)
class StackOf:
    """A stack of an environment, planned without the flow."""

    terraform: Terraform
    directory: Path

    def plan(self, inputs: Mapping[ParameterName, Json]) -> TerraformPlan:
        with self.terraform.opened(self.directory) as module:
            module.init()
            return read_plan(module.show(module.plan(inputs)))

    def apply(self) -> TerraformPlan:
        """Apply it, and return the plan that follows, which shows what it gives."""
        with self.terraform.opened(self.directory) as module:
            module.init()
            module.apply(module.plan({}))
            return read_plan(module.show(module.plan({})))


@pytest.mark.whole
def test_a_check_block_that_fails_is_told_to_reviewers(
    tmp_path: Path, planner: PlanContext, aws: Mapping[str, str]
) -> None:
    check = 'check "pool" {\n  assert {\n    condition     = var.name == "production"\n    error_message = "${var.name} is small."\n  }\n}\n'
    only = {"network": STACKS["network"] + check, "app": STACKS["app"]}
    monorepo = Monorepo.create(tmp_path / "checked", create_bucket(), only)
    name = monorepo.add("demo-x")
    base = {"checkout": Checkout(monorepo.root), "policy": monorepo.policy}
    outcome = planned(monorepo, name, changed(planner, **base, base_template=lambda name: monorepo.template.files))
    [warning] = [each for stack in outcome.plan.stacks for each in stack.warnings]
    assert warning.path == "envs/demo-x/network/main.tf"
    assert warning.message == "Check block assertion failed: demo-x is small."
    assert "demo-x is small." in complete(outcome.plan, Risk.NONE)


def test_a_new_environment_is_planned_and_its_review_kept(monorepo: Monorepo, planner: PlanContext) -> None:
    name = monorepo.add("demo-x")
    outcome = planned(monorepo, name, planner)
    stacks = {stack.name: stack for stack in outcome.plan.stacks}
    network, app = stacks[NETWORK], stacks[APP]
    assert {name: stack.plan.counts.add for name, stack in stacks.items()} == {NETWORK: 1, DATA: 1, APP: 2}
    assert network.mock_outputs == stacks[DATA].mock_outputs == ()
    assert (app.mock_outputs, app.waits_for) == (("group_arn",), (NETWORK,))
    assert {hook.name: hook.verb_result for hook in outcome.plan.hooks} == {
        "announce": "would_run",
        "smoke": "would_run",
    }
    assert "Risk: **unknown**" in report(request(monorepo, name), outcome).check.summary, (
        "a stack was planned with mocks"
    )

    stored = planner.store.read(review_key(name, outcome.plan.commit))
    assert stored is not None
    review = read_review(stored.data, name, outcome.plan.commit)
    assert review == outcome.review
    assert review.tree == monorepo.git("rev-parse", f"HEAD:envs/{name}").strip()

    text = complete(outcome.plan, Risk.NONE)
    assert "/demo-x/greeting" in text
    assert "**Planned with mock outputs:** `app` waits for `network`." in text
    assert "token-of-demo-x" not in text + stored.data.decode(), (
        "an output that is sensitive stays so in the next stack"
    )
    assert monorepo.git("status", "--porcelain", "--ignored") == "", "nothing is written into the checkout"


@pytest.mark.whole
def test_a_plan_with_mocks_is_proven_by_its_replay_after_the_upstream_is_applied(
    monorepo: Monorepo, planner: PlanContext
) -> None:
    name = monorepo.add("demo-y")
    reviewed = planned(monorepo, name, planner).review
    place = monorepo.root / "envs" / name
    after = StackOf(planner.terraform, place / "network").apply()
    stack, app = monorepo.template.declaration.stacks[APP], StackOf(planner.terraform, place / "app")
    real = resolved(APP, stack, {NETWORK: known(after)})
    assert not real.mock_outputs
    step = reviewed.steps[APP]
    again = app.plan(replayed(stack, real.values, step.mock_outputs))
    assert fingerprint(again, reviewed.key) == step.as_fingerprint
    fresh = app.plan(real.values)
    assert fingerprint(fresh, reviewed.key) != step.as_fingerprint
    assert unshown(again, fresh) == []


@pytest.mark.whole
def test_the_same_commit_planned_twice_has_the_same_fingerprints_under_one_key(
    monorepo: Monorepo, planner: PlanContext
) -> None:
    name = monorepo.add("demo-z")
    first, second = planned(monorepo, name, planner), planned(monorepo, name, planner)
    assert first.review.key != second.review.key
    for one, other in zip(first.plan.stacks, second.plan.stacks, strict=True):
        assert one.reviewed(first.review.key) == other.reviewed(first.review.key)


@pytest.mark.slow
def test_a_stack_that_terraform_refuses_is_named_with_file_and_line(monorepo: Monorepo, planner: PlanContext) -> None:
    name = monorepo.add("demo-bad", greeting="")
    outcome = plan(request(monorepo, name), planner)
    assert isinstance(outcome, Failed), outcome
    assert outcome.step == DATA
    assert "envs/demo-bad/data" in outcome.reason
    assert "main.tf:" in outcome.reason


@pytest.mark.slow
def test_a_protected_environment_whose_state_is_not_found_is_not_built_again(
    monorepo: Monorepo, planner: PlanContext
) -> None:
    name = monorepo.add("demo-live")
    policy = monorepo.policy.model_copy(update={"protected": (name,)})
    outcome = plan(request(monorepo, name), changed(planner, policy=policy))
    assert isinstance(outcome, CreatedAgain), outcome
    said = report(request(monorepo, name), outcome)
    assert "## `demo-live` would be created a second time" in said.comment
    assert "may_be_created" in said.comment
    assert said.check.conclusion == "failure"
    assert planner.store.read(review_key(name, request(monorepo, name).commit)) is None


@pytest.mark.provider
def test_a_clone_that_could_not_be_destroyed_again_is_found_in_its_plan(
    tmp_path: Path, planner: PlanContext, aws: Mapping[str, str]
) -> None:
    # What the code alone does not tell: a function decides that is Terraform's to evaluate.
    told = 'length(regexall("^hello$", var.greeting)) == 1'
    kept = f'resource "aws_cloudwatch_log_group" "kept" {{\n  skip_destroy = {told}\n}}\n'
    place = tmp_path / "small"
    place.mkdir()
    deploying = Deploying.create(place, create_bucket(), planner.terraform)
    deploying.stacks["data"] = ON_AWS["data"] + kept
    line = deploying.stacks["data"].splitlines().index(f"  skip_destroy = {told}") + 1
    head = deploying.propose()
    request = PlanRequest(DEMO, head, "create")
    values = {"checkout": Checkout(deploying.repo.root), "policy": deploying.policy, "store": deploying.store}
    with provider_by_stack() as path:
        values["terraform"] = program(tmp_path / "configuration", {**aws, "PATH": path})
        outcome = plan(request, changed(planner, **values, base_template=lambda name: template(deploying.stacks).files))
    assert isinstance(outcome, Undestroyable), outcome
    (found,) = map(str, outcome.findings)
    assert found.startswith(
        f"envs/demo-x/data/main.tf:{line}: `aws_cloudwatch_log_group.kept` could not be destroyed later"
    )
    assert deploying.store.read(review_key(DEMO, head)) is None, "without a review nothing can be applied"
    said = report(request, outcome)
    assert said.check.conclusion == "failure"
    assert f"`envs/demo-x/data/main.tf:{line}`" in said.comment


@pytest.mark.whole
def test_an_import_that_would_change_what_exists_is_refused_and_keeps_no_review(
    tmp_path: Path, planner: PlanContext
) -> None:
    place = tmp_path / "small"
    place.mkdir()
    deploying = Deploying.create(place, create_bucket(), planner.terraform)
    block = 'import {\n  to = terraform_data.kept\n  id = "made-before"\n}\n'
    code = 'resource "terraform_data" "kept" {\n  input = "it had none"\n}\n'
    files = {**deploying.template.files, f"data/{IMPORTED}": File((block + code).encode())}
    at = read_template(NAME, files, FACTS)
    deploying.repo.put(at.where, at.files)
    deploying.repo.put(f"envs/{PRODUCTION}", assemble(at, deploying.manifest(at, PRODUCTION)))
    request = PlanRequest(PRODUCTION, deploying.repo.commit("import it"), "update")
    gate = deploying.policy.gate.model_copy(update={"imports": True})
    policy = deploying.policy.model_copy(update={"gate": gate, "may_be_created": (PRODUCTION,)})
    values = {"checkout": Checkout(deploying.repo.root), "policy": policy, "store": deploying.store}
    outcome = plan(request, changed(planner, **values, base_template=lambda name: at.files))
    assert isinstance(outcome, Failed), outcome
    assert f"{DATA}/{IMPORTED} imports what exists, and the plan would also change it: terraform_data.kept" in (
        outcome.reason
    )
    assert deploying.store.read(review_key(PRODUCTION, request.commit)) is None, (
        "without a review nothing can be applied"
    )


def without_terraform(planner: PlanContext, **values: object) -> PlanContext:
    """Return a planner whose Terraform can't run, so that a test fails if anything tries to."""
    return changed(planner, **{"terraform": Terraform(Path("/no/such/terraform"), {}), **values})


def refused(monorepo: Monorepo, name: EnvironmentName, planner: PlanContext) -> str:
    outcome = plan(request(monorepo, name), without_terraform(planner))
    assert isinstance(outcome, PlanRefused), outcome
    return "\n".join(str(finding) for finding in outcome.findings)


def test_code_that_the_gate_refuses_is_not_run(monorepo: Monorepo, planner: PlanContext) -> None:
    name = monorepo.add("demo-gate")
    monorepo.put(f"envs/{name}/app", {"evil.tf": File(b'data "external" "x" {\n  program = ["id"]\n}\n')})
    assert f"envs/{name}/app/evil.tf:1" in refused(monorepo, name, planner)


def test_a_hand_edit_is_not_run(monorepo: Monorepo, planner: PlanContext) -> None:
    name = monorepo.add("demo-edit")
    place = monorepo.root / "envs" / name / "app" / "main.tf"
    place.write_text(place.read_text().replace("upper(", "lower("))
    assert f"envs/{name}/app/main.tf:20: edited by hand" in refused(monorepo, name, planner)


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("hooks/__pycache__/announce.cpython-311.pyc", "announce.cpython-311.pyc:1: the template renders no such file"),
        # Uncommitted, these are overlooked; code may read the second by `fileset`.
        ("app/.terraform/modules/modules.json", "modules.json:1: Terraform's working directory must not be committed"),
        ("app/.DS_Store", ".DS_Store:1: the template renders no such file"),
    ],
)
def test_what_a_tool_leaves_behind_may_not_be_committed(
    monorepo: Monorepo, planner: PlanContext, path: str, complaint: str
) -> None:
    name = monorepo.add("demo-cache")
    monorepo.put(f"envs/{name}", {path: File(b"{}")})
    monorepo.commit("slip it in")
    assert complaint in refused(monorepo, name, planner)


def test_a_state_in_another_bucket_is_not_run(monorepo: Monorepo, planner: PlanContext) -> None:
    name = monorepo.add("demo-state", state_bucket="somebody-elses")
    assert "the state must be in the account's `state_bucket`" in refused(monorepo, name, planner)


def test_no_state_is_adopted_of_an_environment_that_the_same_change_removes(
    monorepo: Monorepo, planner: PlanContext
) -> None:
    monorepo.add("demo-x")
    base = monorepo.git("rev-parse", "HEAD").strip()
    theirs = monorepo.root / "envs/demo-x/app/backend.tf"
    found = re.search(r'key\s*=\s*"([^"]+)"', theirs.read_text())
    assert found
    shutil.rmtree(monorepo.root / "envs/demo-x")
    name = monorepo.add("production")
    manifest = monorepo.root / "envs/production/environment.yaml"
    manifest.write_text(f"{manifest.read_text()}state: {{app: {{key: {found[1]}}}}}\n")
    ours = monorepo.root / "envs/production/app/backend.tf"
    ours.write_text(ours.read_text().replace("production/app/terraform.tfstate", found[1]))
    monorepo.commit("Adopt it")
    context = without_terraform(planner, against=ParityBase(base))
    outcome = plan(request(monorepo, name), context)
    assert isinstance(outcome, PlanRefused)
    said = "\n".join(map(str, outcome.findings))
    assert f"`state` gives stack `app` the state `{found[1]}`, which is that of `demo-x`" in said


def test_an_account_that_the_policy_does_not_know_is_refused(monorepo: Monorepo, planner: PlanContext) -> None:
    name = monorepo.add("demo-account")
    with pytest.raises(UserError, match="not in the policy"):
        plan(
            request(monorepo, name),
            without_terraform(planner, policy=monorepo.policy.model_copy(update={"accounts": {}})),
        )


def test_a_removed_directory_is_no_plan(monorepo: Monorepo, planner: PlanContext) -> None:
    with pytest.raises(UserError, match="/destroy gone"):
        plan(request(monorepo, EnvironmentName("gone")), without_terraform(planner))
