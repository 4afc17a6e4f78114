"""`/codify`: from a comment to the pull request whose code says what was changed outside (law 4)."""

import pytest

from bot.clients.github import CheckState
from bot.clients.transient import Transient
from bot.core.plans.drift import Drift, DriftChange, StepDrift
from bot.core.plans.plan_values import Masked, PlanValue, differences
from bot.core.plans.required_check import CHECK
from bot.core.plans.written_imports import WrittenImports, write_written
from bot.core.requests.branches import branch_of
from bot.names import EnvironmentName, Login, StepName
from bot.runs.drift.issue import DriftReport, report_check
from bot.sandbox.github.records.issues import IssueRecord
from tests.support import example
from tests.support.small_monorepo import POLICY, READER, REPOSITORY, SmallMonorepo
from tests.support.triggers import actions, checked, merged

NAME = EnvironmentName("demo-x")
GREETING = "aws_ssm_parameter.greeting"


def changed(there: dict[str, PlanValue], should: dict[str, PlanValue], address: str = GREETING) -> DriftChange:
    return DriftChange(address, "changed", tuple(differences(there, should)), there, should)


def looked(place: SmallMonorepo, *changes: DriftChange) -> None:
    """Let a run look for drift in the clone as it is on the default branch, and find this."""
    commit = place.server.head(REPOSITORY) or ""
    stack = StepDrift(StepName("app"), "stack", "drifted", changes)
    smoke = StepDrift(StepName("smoke"), "http.probe", "drifted", text="it answers 503")
    to = DriftReport(actions(place), example.REPOSITORY, Login("alice"))
    assert report_check(Drift(NAME, commit, (stack, smoke) if changes else ()), "opened #9", to) == ""


def last(place: SmallMonorepo) -> IssueRecord:
    return place.server.pulls(REPOSITORY)[-1]


def main_tf(place: SmallMonorepo) -> str:
    at = place.repository().at(place.server.head(REPOSITORY, branch_of(NAME, "change")) or "")
    return at.environment(NAME)["app/main.tf"].data.decode()


TYPE = changed({"type": "SecureString"}, {"type": "String"})


def test_what_no_parameter_explains_is_written_where_it_stands_and_waived(live: SmallMonorepo) -> None:
    looked(live, TYPE, changed({"value": Masked("x")}, {"value": Masked("y")}, "aws_x.gone"))
    reply = live.say("/codify demo-x") or ""
    assert "The change to `demo-x` is being planned" in reply
    assert last(live).title == "Codify demo-x: keep what was changed outside the code"
    assert main_tf(live) == example.MAIN.decode().replace('"String"', '"SecureString"')
    body = last(live).body or ""
    assert "**The plan should do nothing**" in body
    assert "### What is not part of the code\n\n- `app/aws_x.gone`: `value` is secret" in body
    assert "- hook `smoke`: what its check found is not code" in body
    assert "1 new difference" in body
    at = live.repository().at(live.server.head(REPOSITORY, branch_of(NAME, "change")) or "")
    (waiver,) = at.source(NAME).waivers
    assert (waiver.what, waiver.expires_at) == (f"app/{GREETING}:type", at.source(NAME).expires_at)


@pytest.mark.sample
def test_only_what_is_named_becomes_code(live: SmallMonorepo) -> None:
    looked(live, TYPE, DriftChange("aws_ssm_parameter.other", "gone"))
    assert "called `aws_lb.x` has drifted. These have:\n- `app/aws_ssm_parameter.greeting`" in (
        live.say("/codify demo-x aws_lb.x") or ""
    )
    assert "`app/aws_ssm_parameter.other`: it is not in the code" in (
        live.say("/codify demo-x aws_ssm_parameter.other") or ""
    )
    live.say(f"/codify demo-x app/{GREETING}")
    assert "SecureString" in main_tf(live)
    assert "not part of the code\n" not in (last(live).body or "")


def test_nothing_is_made_of_what_nobody_looked_at(live: SmallMonorepo) -> None:
    assert "has not been checked for drift. Comment `/plan demo-x`" in (live.say("/codify demo-x") or "")
    looked(live)
    assert "No stack of `demo-x` had drifted" in (live.say("/codify demo-x") or "")
    looked(live, TYPE)
    live.say("/set demo-x app_min=3")
    number = last(live).number
    assert f"#{number} changes `demo-x`. Merge or close it first" in (live.say("/codify demo-x") or "")
    merged(live, number)
    assert "has not been checked for drift" in (live.say("/codify demo-x") or "")
    assert "requires the `write` permission" in (live.say("/codify demo-x", by=READER) or "")
    for pull in live.server.pulls(REPOSITORY):
        live.written(pull.number)


@pytest.mark.parametrize("killed_after", ["accept", "publish", "propose", "report"])
def test_law_4_a_codify_killed_after_any_step_and_run_again_is_made_once(
    live: SmallMonorepo, killed_after: str
) -> None:
    looked(live, TYPE)
    count = len(live.server.pulls(REPOSITORY))
    comment = live.comment("/codify demo-x")
    live.work(live.event(comment, "/codify demo-x"), killed_after)
    live.work(live.event(comment, "/codify demo-x"))
    assert len(live.server.pulls(REPOSITORY)) == count + 1
    assert live.reply(comment) is not None


def test_law_4_what_is_in_no_state_is_imported_and_the_code_that_its_plan_wrote_is_added_once(
    live: SmallMonorepo,
) -> None:
    line = "/codify production app/aws_sns_topic.alerts=arn:aws:sns:eu-central-1:123456789012:alerts"
    assert "Set `imports: true` under `gate`" in (live.say(line) or "")
    policy: dict[str, bytes | None] = {".github/envclone.yml": POLICY + b"gate: {imports: true}\n"}
    live.server.commit(REPOSITORY, policy, by="alice", message="Import", branch="main")
    live.say(line)
    number, branch = last(live).number, branch_of(EnvironmentName("production"), "change")
    assert "**It imports what exists but is in no state**, by `app/imported.tf`" in (last(live).body or "")

    def head() -> str:
        return live.server.head(REPOSITORY, branch) or ""

    def planned(code: str, commit: str) -> str:
        """Let the plan of the head say that this code is lacking in a commit, twice, and return the file as it is then."""
        said = WrittenImports(environment=EnvironmentName("production"), commit=commit, step=StepName("app"), code=code)
        state = CheckState("Written", f"…\n{write_written(said)}", conclusion="failure")
        actions(live).put_check(example.REPOSITORY, head(), CHECK.format(environment="production"), state)
        for _ in range(2):
            checked(live, number, "failure")
        live.written(number)
        return live.repository().at(head()).environment(EnvironmentName("production"))["app/imported.tf"].data.decode()

    asked, code = head(), 'resource "aws_sns_topic" "alerts" {\n  name = "a <-- b"\n}\n'
    assert code not in planned(code.replace("sns_topic", "iam_user"), asked), "it is not what is asked for"
    assert code not in planned(code, "c" * 40), "it is of another commit"
    assert head() == asked
    live.server.faults.lose_request("PATCH", f"^/repos/{REPOSITORY}/pulls/{number}$")
    with pytest.raises(Transient):
        planned(code, asked)
    added = head()
    assert live.repository().mirror.history.parent(added) == asked
    assert "| `app/aws_sns_topic.alerts` |" not in (last(live).body or "")
    checked(live, number, "failure", asked)
    live.written(number)
    assert "| `app/aws_sns_topic.alerts` |" in (last(live).body or "")
    assert "rollout" not in (last(live).body or "")
    assert planned(code, added).count(code) == 1
    assert (head(), last(live).number) == (added, number)
