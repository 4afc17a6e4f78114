"""The end of an environment in words: what is told of it, what stays on purpose, and who can't be a target."""

from datetime import UTC, datetime

import pytest

from bot.clouds.registry import FACTS
from bot.core.ledger.apply_result import StepResult
from bot.core.ledger.destroy_report import DestroyReport, OrphansFound
from bot.core.ledger.ledger import Gone, Retained
from bot.core.ledger.retained import gone
from bot.core.messages.destroy_receipt import summary, text, title
from bot.core.messages.run_report import ending_of
from bot.core.plans.plan import Action, PlannedChange, TerraformPlan
from bot.core.requests.destroy import NotRemovable, removable
from bot.model.environment import Manifest
from bot.model.policy import Policy
from bot.names import EnvironmentName, StepName
from tests.support.example import production

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
DATA, DEMO = StepName("data"), EnvironmentName("demo-x")
KEY = Retained(
    what="arn:aws:kms:eu-central-1:222222222222:key/1", why="can no longer be used, and is deleted 7 days later"
)


def receipt(state: str = "succeeded", orphans: OrphansFound | None = None, **changed: object) -> DestroyReport:
    step = StepResult.model_validate({"name": DATA, "kind": "stack", "state": state, "reason": "deletion protection"})
    return DestroyReport.model_validate(
        {
            "environment": "demo-x",
            "head": "a" * 40,
            "commit": "b" * 40,
            "by": "alice",
            "run_url": "",
            "started_at": NOW,
            "ended_at": NOW,
            "steps": (step,),
            "gone": {DATA: Gone(destroyed=("aws_kms_key.main", "aws_sqs_queue.orders"), remains=(KEY,))},
            "orphans": orphans,
            "diagram": "flowchart LR",
            **changed,
        }
    )


def test_a_clean_end_says_what_went_and_what_stays_on_purpose() -> None:
    found = receipt(orphans=OrphansFound(tag="Environment=demo-x"))
    assert title(found) == "demo-x is destroyed: 2 resources, nothing left except what is retained"
    said = summary(found, 60_000)
    assert "| `arn:aws:kms:eu-central-1:222222222222:key/1` | can no longer be used" in said
    assert "- `data/aws_sqs_queue.orders`" in said
    assert "Retained" in text(found)
    assert ending_of(found).is_well


def test_what_a_hook_left_on_purpose_is_listed_with_its_end() -> None:
    archive = Retained(what="chat/archive/env-demo-x", why="what was said stays readable", until="90 days are over")
    found = receipt(orphans=OrphansFound(tag="Environment=demo-x"), gone={DATA: Gone(remains=(archive,))})
    assert "| `chat/archive/env-demo-x` | what was said stays readable | 90 days are over |" in summary(found, 60_000)
    assert "chat/archive/env-demo-x: what was said stays readable (90 days are over)" in text(found)


def test_where_nobody_could_look_for_leftovers_is_said_and_is_no_failure() -> None:
    found = receipt(orphans=OrphansFound(tag="Environment=demo-x", unsearched=("Google Cloud",)))
    assert title(found) == "demo-x is destroyed: 2 resources; Google Cloud was not searched for what is left"
    assert "Look for the label or tag `Environment=demo-x` yourself." in summary(found, 60_000)
    assert ending_of(found).is_well
    none = receipt(orphans=OrphansFound(tag="t", unsearched=("the account",)))
    assert title(none) == "demo-x is destroyed: 2 resources; the account was not searched for what is left"
    assert "**The account was not searched** for what is left" in summary(none, 60_000)
    both = receipt(orphans=OrphansFound(tag="t", unsearched=("Google Cloud", "Azure"), found=("arn:aws:sqs:::x",)))
    assert "**Google Cloud and Azure were not searched**" in summary(both, 60_000)
    assert not both.is_clean


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (receipt("failed"), "demo-x was not destroyed: data failed"),
        (receipt(), "the account could not be searched for orphans"),
        (
            receipt(orphans=OrphansFound(tag="Environment=demo-x", problem="denied")),
            "the account could not be searched for orphans",
        ),
        (
            receipt(orphans=OrphansFound(tag="Environment=demo-x", found=("arn:aws:sqs:::x",))),
            "but 1 with its tag remain",
        ),
    ],
)
def test_an_end_that_is_not_clean_is_never_called_one(found: DestroyReport, said: str) -> None:
    assert said in title(found)
    assert not found.is_clean
    assert not ending_of(found).is_well


def test_a_step_that_refused_is_told_with_its_reason_and_how_to_go_on() -> None:
    said = summary(receipt("failed"), 60_000)
    assert "deletion protection" in said
    assert "comment `/resume demo-x`" in said


def test_leftovers_are_listed_with_what_to_do() -> None:
    said = summary(receipt(orphans=OrphansFound(tag="Environment=demo-x", found=("arn:aws:sqs:::x",))), 60_000)
    assert "- `arn:aws:sqs:::x`" in said
    assert "to search again" in said


def test_it_always_fits() -> None:
    many = Gone(destroyed=tuple(f"aws_sqs_queue.q[{number}]" for number in range(5_000)))
    said = summary(receipt(orphans=OrphansFound(tag="t"), gone={DATA: many}), 4_000)
    assert len(said.encode()) <= 4_000
    assert "Shortened to fit" in said


def change(kind: str, action: Action = Action.DELETE, **before: object) -> PlannedChange:
    return PlannedChange(f"{kind}.main", kind, action, before, None)  # type: ignore[arg-type]


def test_what_aws_keeps_for_a_while_is_named_from_the_plan() -> None:
    plan = TerraformPlan(
        (
            change("aws_kms_key", arn="arn:key", deletion_window_in_days=7),
            change("aws_secretsmanager_secret", arn="arn:secret", recovery_window_in_days=0),
            change("aws_db_instance", skip_final_snapshot=False, final_snapshot_identifier="last"),
            change("aws_rds_cluster", skip_final_snapshot=True, final_snapshot_identifier=None),
            change("aws_sqs_queue", arn="arn:queue"),
            change("aws_s3_bucket", Action.FORGET, arn="arn:bucket"),
            change("aws_vpc", Action.NO_OP, id="vpc-1"),
        )
    )
    found = gone(plan, FACTS)
    assert len(found.destroyed) == 5  # what is only forgotten is not destroyed
    assert [(each.what, each.why) for each in found.remains] == [
        ("arn:key", "can no longer be used, and is deleted 7 days later"),
        ("last", "its final snapshot is kept"),
        ("arn:bucket", "Terraform only removes it from the state"),
    ]


def clone(name: str = "demo-x", source: str | None = "production") -> Manifest:
    return production().model_copy(
        update={"name": EnvironmentName(name), "source": EnvironmentName(source) if source else None}
    )


def test_a_clone_is_removable() -> None:
    assert removable(DEMO, clone(), Policy()).name == "demo-x"


def test_a_directory_that_holds_another_ones_manifest_is_no_target() -> None:
    with pytest.raises(NotRemovable, match="contains the manifest of `demo-x`"):
        removable(EnvironmentName("production"), clone(), Policy())


@pytest.mark.parametrize(
    ("manifest", "policy", "said"),
    [
        (clone("production"), Policy(), "is protected"),
        (clone(), Policy(protected=(EnvironmentName("demo-x"),)), "is protected"),
        (clone(source=None), Policy(), "is not a clone"),
    ],
)
def test_what_is_protected_can_not_be_expressed_as_a_target(manifest: Manifest, policy: Policy, said: str) -> None:
    with pytest.raises(NotRemovable, match=said):
        removable(manifest.name, manifest, policy)


def test_a_receipt_of_an_older_version_is_read() -> None:
    found = receipt(orphans=OrphansFound(tag="Environment=demo-x", places=("eu-west-1",), found=("arn:1",)))
    written = found.model_dump(mode="json")
    written["sweep"] = written.pop("orphans")
    written["sweep"]["regions"] = written["sweep"].pop("places")
    assert DestroyReport.model_validate(written) == found
