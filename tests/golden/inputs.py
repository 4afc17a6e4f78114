"""What the golden texts are about: a small production, a clone of it, and what is planned, applied and found there."""

from datetime import datetime, timedelta
from typing import Any

from bot.core.ledger.apply_result import ApplyOutcome, StepResult
from bot.core.ledger.destroy_report import DestroyReport
from bot.core.messages.plan_comment import Whole
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import CodeComparison, compare
from bot.core.plans.drift import Drift, DriftChange, StepDrift
from bot.core.plans.environment_plan import EnvironmentPlan, StackPlan
from bot.core.plans.plan import Action, HookPlan, PlannedChange, TerraformPlan
from bot.core.plans.plan_values import UNKNOWN, Masked, PlanValue, ValueChange
from bot.core.requests.clone import Draft, draft_clone
from bot.core.requests.rerun import Last
from bot.core.requests.status import StatusFacts
from bot.errors import Finding
from bot.model.environment import Manifest, Request
from bot.model.pipeline import Pipeline
from bot.names import EnvironmentName, Login, ParameterName, StepName
from tests.support import example

NAME = EnvironmentName("demo-x")
NOW = example.NOW + timedelta(hours=1)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
PULL = "https://github.example/acme/infra/pull/41"
RUN = "https://github.example/acme/infra/actions/runs/900"
WHOLE = Whole("plan-demo-x", RUN)
APP, NETWORK, SMOKE = StepName("app"), StepName("network"), StepName("smoke")
HERE = f"envs/{NAME}/app/main.tf"
PROBLEM = Finding(
    HERE,
    12,
    "`local-exec` runs a program while applying. Declare it as a hook, or have it allowed under `gate` in the policy.",
)


def drafted() -> Draft:
    """Return the clone that the texts are about."""
    found = draft_clone(example.asked(str(NAME)), example.base())
    assert isinstance(found, Draft)
    return found


DRAFT = drafted()
CLONE: Manifest = DRAFT.manifest
PRODUCTION: Manifest = example.production()
PIPELINE = Pipeline(stacks=CLONE.stacks)
REQUEST = Request(
    by=Login("alice"),
    repository=example.REPOSITORY,
    issue=7,
    comment=1,
    url="https://github.example/acme/infra/issues/7#c1",
)


def comparison() -> CodeComparison:
    """Return how the clone differs from production by its code."""
    base = example.base()
    return compare(CodeSide(base.source, base.source_files), CodeSide(CLONE, DRAFT.code), base.template, NOW)


def facts(**more: Any) -> StatusFacts:
    """Return how far pull request 41 has come."""
    return StatusFacts(**{"pull_number": 41, "pull_url": PULL, **more})


def create(address: str, **after: PlanValue) -> PlannedChange:
    return PlannedChange(address, address.partition(".")[0], Action.CREATE, None, after)


POLICY = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "%s", "Resource": "arn:aws:s3:::demo-x/*"}]}'
)
PLAN = EnvironmentPlan(
    NAME,
    COMMIT,
    "update",
    (
        StackPlan(
            NETWORK, TerraformPlan((create("aws_vpc.main", cidr_block="10.64.0.0/24", id=UNKNOWN, tags={"team": "shop"}),))
        ),
        StackPlan(
            APP,
            TerraformPlan(
                (
                    create("aws_iam_policy.reader", name="demo-x-reader", policy=POLICY % "s3:GetObject", arn=UNKNOWN),
                    PlannedChange(
                        "aws_db_instance.main",
                        "aws_db_instance",
                        Action.REPLACE,
                        {"instance_class": "db.t4g.small", "password": Masked("one")},
                        {"instance_class": "db.t4g.large", "password": Masked("other")},
                        ("instance_class",),
                        "replace_because_cannot_update",
                    ),
                    PlannedChange(
                        "aws_s3_bucket_policy.assets",
                        "aws_s3_bucket_policy",
                        Action.UPDATE,
                        {"policy": POLICY % "s3:GetObject"},
                        {"policy": POLICY % "s3:*"},
                    ),
                    PlannedChange("aws_kms_key.old", "aws_kms_key", Action.DELETE, {"id": "k"}, None, (), "delete_because_no_resource_config"),
                )
            ),
            mock_outputs=(ParameterName("vpc_id"),),
            waits_for=(NETWORK,),
            warnings=(Finding(HERE, 7, "Check block assertion failed: the pool has no address left."),),
        ),
        HookPlan(SMOKE, "http.probe", "would_run", "it has not answered yet", "a probe leaves nothing"),
    ),
)  # fmt: skip
QUIET = EnvironmentPlan(NAME, COMMIT, "update", (StackPlan(NETWORK, TerraformPlan(())),))


def step(name: str, **more: Any) -> StepResult:
    defaults: dict[str, Any] = {
        "kind": "stack",
        "state": "succeeded",
        "started_at": NOW,
        "ended_at": NOW + timedelta(seconds=65),
    }
    return StepResult.model_validate({"name": name, **defaults, **more})


def applied(*steps: StepResult) -> ApplyOutcome:
    return ApplyOutcome(
        environment=NAME, head="a" * 40, commit="b" * 40, tree="c" * 40, by="alice", run_url=RUN,
        started_at=NOW, ended_at=NOW + timedelta(seconds=135), steps=steps, diagram="flowchart LR\n  network --> app",
    )  # fmt: skip


LIVE = applied(
    step("network", evidence="1 added", outputs={"vpc_id": "vpc-1"}),
    step(
        "app", evidence="3 added, 1 replaced", outputs={"url": "https://demo-x.clones.acme.example"}, hidden=("token",)
    ),
    step("smoke", kind="http.probe", evidence="https://demo-x.clones.acme.example answered 200"),
)
BROKEN = applied(
    step("network", state="skipped", reason="nothing has changed since it was applied"),
    step("app", state="failed", reason="Error: creating RDS DB Instance: DBInstanceAlreadyExists", attempts=2),
    step("smoke", kind="http.probe", state="blocked", reason="it needs app, which failed"),
)
RESULTS = "### ❌ demo-x: app failed\n\n**`app` failed** after 1 min 5 s:\n\n```\nError: DBInstanceAlreadyExists\n```"


def destroyed(*steps: StepResult, **more: Any) -> DestroyReport:
    return DestroyReport.model_validate(
        {
            "environment": NAME, "head": "a" * 40, "commit": "b" * 40, "by": "alice", "run_url": RUN, "started_at": NOW,
            "ended_at": NOW + timedelta(seconds=95), "steps": steps, "diagram": "flowchart LR\n  app --> network",
            "gone": {"network": {"destroyed": ["aws_vpc.main"]}, "app": {"destroyed": ["aws_db_instance.main"]}}, **more,
        }
    )  # fmt: skip


def last(**more: Any) -> Last:
    """Return how the last run ended, which was of what is on the default branch now."""
    return Last(
        **{"state": "failure", "is_current": True, "note": "demo-x: app failed", "results": RESULTS, "url": RUN, **more}
    )


DRIFTED = Drift(
    NAME,
    COMMIT,
    (
        StepDrift(NETWORK, "stack", "same"),
        StepDrift(
            APP,
            "stack",
            "drifted",
            (
                DriftChange("aws_lb.main", "gone"),
                DriftChange(
                    "aws_security_group.app",
                    "changed",
                    (ValueChange("ingress[0].cidr_blocks", ["0.0.0.0/0"], ["10.0.0.0/8"]),),
                ),
            ),
        ),
        StepDrift(SMOKE, "http.probe", "unchecked", text="the address did not answer within 30 s"),
    ),
)


def at(manifest: Manifest, end: datetime | None) -> Manifest:
    return manifest.model_copy(update={"expires_at": end})
