"""Drift on real Terraform and a real GitHub over HTTP: changed outside, found and named; put right, gone and the issue closed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from bot.clients.github import GitHub, Token
from bot.clients.ledger import LedgerFile
from bot.clients.terraform.terraform import Terraform
from bot.clients.transient import Transient
from bot.clouds.registry import FACTS
from bot.core.checks.static_checks import GateRules
from bot.core.ledger.ledger import Lease
from bot.core.messages.drift_issue import marker
from bot.core.plans.drift import Drift, DriftChange, DriftState, StepDrift
from bot.core.plans.plan_values import PlanValue, differences
from bot.model.static_check_rules import StaticCheckRules
from bot.names import EnvironmentName, Login, RepositoryName, StepName
from bot.runs.drift.causes import report_causes
from bot.runs.drift.drift import DriftContext, DriftRequest, find_drift
from bot.runs.drift.issue import DriftReport, forget_drift, report_drift
from bot.sandbox.github import GitHubServer
from tests.support.cloud import REGION
from tests.support.deploying import DEMO, Deploying
from tests.support.hooked import Hooked

REPOSITORY = RepositoryName("acme/infrastructure")
OWNER = Login("alice")
HIDDEN = 'variable "token" {\n  type      = string\n  sensitive = true\n}\n'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHubServer]:
    found = GitHubServer(tmp_path / "github")
    found.create_repository(REPOSITORY, protected=False)
    found.add_user("envclone-bot", REPOSITORY, "write")
    found.add_user("mallory", REPOSITORY, "write")
    with found.running():
        yield found


def github(server: GitHubServer) -> GitHub:
    return GitHub(Token(server.token("envclone-bot")), api_url=f"{server.url}/api/v3")


def told(server: GitHubServer, drift: Drift, run: int) -> str:
    """Report twice, as a run that is killed at its end and run again does; return what was done first."""
    report = DriftReport(github(server), REPOSITORY, OWNER, f"https://github.example/run/{run}")
    said = report_drift(drift, report)
    once = [
        (issue.state, issue.body, len(server.comments(REPOSITORY, issue.number))) for issue in server.issues(REPOSITORY)
    ]
    report_drift(drift, report)
    again = [
        (issue.state, issue.body, len(server.comments(REPOSITORY, issue.number))) for issue in server.issues(REPOSITORY)
    ]
    assert once == again
    return said


def found(deploying: Deploying, log: list[str]) -> Drift:
    world = DriftContext(
        store=deploying.store,
        terraform=deploying.terraform,
        rules=GateRules(deploying.policy.gate, FACTS, roots=deploying.policy.roots),
        now=lambda: datetime.now(UTC),
        log=log.append,
    )
    commit = deploying.repo.git("rev-parse", "HEAD").strip()
    return find_drift(DriftRequest(DEMO, deploying.repo.root, commit), world)


def states(drift: Drift) -> dict[str, str]:
    return {step.name: step.state for step in drift.steps}


def test_a_reset_of_data_whose_undo_failed_keeps_nothing_else_from_being_looked_at(hooked: Hooked) -> None:
    def hook(name: str, more: str = "") -> str:
        program = "[python3, hooks/step.py]"
        return f"  {name}:\n    run: {{apply: {program}, undo: {program}}}\n    with: {{name: {{value: {name}}}, leaves: {{value: {{name: {name}}}}}}}\n{more}"

    hooks = "hooks:\n" + hook("seed", "    data: true\n") + hook("other")
    hooked.declare(hooks)
    assert hooked.apply().has_succeeded, hooked.lines
    hooked.head = "c" * 40
    hooked.declare(hooks, data_reset_at=datetime.now(UTC), due=("seed",))
    (hooked.root / "keeps").touch()
    assert not hooked.apply().has_succeeded
    world = DriftContext(
        store=hooked.store,
        terraform=Terraform(Path("no-terraform-here"), {}),
        rules=GateRules(StaticCheckRules(), FACTS),
        now=lambda: datetime.now(UTC),
        log=hooked.lines.append,
    )
    drift = find_drift(DriftRequest(DEMO, hooked.root, "b" * 40), world)
    assert states(drift) == {"seed": "not_applied", "other": "no_check"}
    assert [step.text for step in drift.steps if step.name == "seed"] == ["its last undo failed"]


@pytest.mark.whole
def test_what_is_changed_outside_is_named_until_it_is_put_right(nested: Deploying, server: GitHubServer) -> None:
    """That Terraform finds what its provider says of a cloud is seen in a clone's whole life (`tests/e2e`)."""
    ssm, log = boto3.client("ssm", REGION), list[str]()
    nested.stacks["app"] = nested.stacks["app"].replace('variable "token" { type = string }\n', HIDDEN)
    head = nested.deliver()
    assert found(nested, log).because == "it was never applied"
    assert nested.apply(head).has_succeeded
    group, _ = nested.parameters()["/demo-x/group"]
    nested.change_outside("app", "group", "tampered")
    nested.change_outside("app", "token", "stolen-token")
    ssm.delete_parameter(Name="/demo-x/flags/a")
    drifted = found(nested, log)
    assert states(drifted) == {
        "network": "same",
        "data": "same",
        "app": "drifted",
        "record": "no_check",
        "flags": "drifted",
    }
    assert told(server, drifted, 1) == "opened #1"
    (issue,) = server.issues(REPOSITORY)
    body = issue.body or ""
    assert issue.title == "demo-x has drifted"
    assert "! terraform_data.group\n" in body
    assert "! terraform_data.token\n!     input.value: differs (sensitive)" in body
    assert "1 to create, 0 to change" in body
    assert not [secret for secret in ("stolen-token", "token-of-demo-x") if secret in body + "".join(log)]

    # Put right. What is merged and not applied is said to be so, and what is applied is compared all the same.
    nested.change_outside("app", "group", group)
    nested.change_outside("app", "token", "token-of-demo-x")
    ssm.put_parameter(Name="/demo-x/flags/a", Value="1", Type="String")
    nested.merge(nested.propose(greeting="good morning"))
    right = found(nested, log)
    # A program is given all parameters, so it is newer, too.
    assert states(right) == {
        "network": "same", "data": "not_applied", "app": "same", "record": "not_applied", "flags": "same",
    }  # fmt: skip
    assert told(server, right, 2) == "closed #1"
    assert server.comments(REPOSITORY, 1)[-1].body.endswith("` again.")

    now = datetime.now(UTC)
    LedgerFile(nested.store, DEMO).acquire(Lease(lock_owner="run-9", until=now + timedelta(minutes=5), since=now), now)
    assert found(nested, log).because == "run-9 is at work on it"


APP, DATA = StepName("app"), StepName("data")
GONE = StepDrift(APP, "stack", "drifted", (DriftChange("aws_lb.this", "gone"),))


def drift(*steps: StepDrift, because: str = "") -> Drift:
    return Drift(DEMO, "c" * 40, steps, because)


def test_one_issue_is_opened_updated_closed_and_opened_again(server: GitHubServer) -> None:
    more = StepDrift(DATA, "aws.parameter", "drifted", text="1 to change")
    same = (StepDrift(APP, "stack", "same"), StepDrift(DATA, "aws.parameter", "same"))
    assert told(server, drift(*same), 1) == "nothing to report"
    assert told(server, drift(GONE), 2) == "opened #1"
    assert told(server, drift(GONE, more), 3) == "updated #1"
    assert told(server, drift(*same), 4) == "closed #1"
    assert told(server, drift(more), 5) == "reopened #1"
    assert [comment.body.split("\n")[1] for comment in server.comments(REPOSITORY, 1)] == [
        "`demo-x` matches commit `cccccccccccc` again.",
        "demo-x: 1 change made outside the code. See the updated description above.",
    ]
    assert forget_drift(github(server), REPOSITORY, ["production", "demo-x"]) == []
    assert forget_drift(github(server), REPOSITORY, ["production"]) == [1]
    assert forget_drift(github(server), REPOSITORY, ["production"]) == []
    assert server.issue(REPOSITORY, 1).state == "closed"
    assert server.comments(REPOSITORY, 1)[-1].body.endswith("`demo-x` is no longer on the default branch.")


def found_in(name: str, size: int) -> Drift:
    there: dict[str, PlanValue] = {"size": size, "name": f"{name}-lb"}
    should: dict[str, PlanValue] = {"size": 1, "name": "lb"}
    change = DriftChange("aws_lb.this", "changed", tuple(differences(there, should)), there, should)
    return Drift(EnvironmentName(name), "c" * 40, (StepDrift(APP, "stack", "drifted", (change,)),))


def test_the_same_change_in_several_environments_is_one_issue_of_its_own(server: GitHubServer) -> None:
    def causes() -> list[str]:
        done = report_causes(github(server), REPOSITORY)
        assert report_causes(github(server), REPOSITORY) == [], "once"
        return list(done)

    told(server, found_in("demo-x", 2), 1)
    told(server, found_in("demo-y", 3), 2)
    assert causes() == []
    told(server, found_in("demo-y", 2), 3)
    server.faults.lose_answer("POST", "/issues$")
    with pytest.raises(Transient):
        report_causes(github(server), REPOSITORY)
    assert causes() == [], "it was opened, though nobody heard so"
    issue = server.issue(REPOSITORY, 3)
    assert issue.title == "The same change outside the code in demo-x and demo-y"
    assert "1 change outside the code is the same in `demo-x` (#1) and `demo-y` (#2)" in (issue.body or "")
    assert "/codify demo-x --all" in (issue.body or "")
    told(server, found_in("demo-z", 2), 4)
    assert causes() == ["updated #3"]
    assert server.issue(REPOSITORY, 3).title == "The same change outside the code in demo-x, demo-y and demo-z"
    for number, name in enumerate(("demo-y", "demo-z"), 5):
        told(server, Drift(EnvironmentName(name), "c" * 40, (StepDrift(APP, "stack", "same"),)), number)
    assert causes() == ["closed #3"]
    told(server, found_in("demo-y", 2), 7)
    assert causes() == ["updated #3"]
    assert (server.issue(REPOSITORY, 3).state, len(server.issues(REPOSITORY))) == ("open", 4)


def test_the_same_change_in_several_environments_is_told_in_each_issue(server: GitHubServer) -> None:
    found = found_in
    told(server, found("demo-x", 2), 1)
    told(server, found("demo-y", 2), 2)
    told(server, found("demo-z", 3), 3)
    told(server, found("demo-x", 2), 4)
    first, second, third = (issue.body or "" for issue in server.issues(REPOSITORY))
    assert "**The same change was found in `demo-y` (#2)**, so it probably has one cause." in first
    assert "in `demo-x` (#1)**" in second
    assert "The same change" not in third
    told(server, drift(StepDrift(APP, "stack", "same")), 5)
    told(server, found("demo-y", 2), 6)
    assert "The same change" not in (server.issue(REPOSITORY, 2).body or "")


@pytest.mark.parametrize("state", ["unchecked", "not_applied"])
def test_what_could_not_be_looked_at_is_not_taken_for_no_drift(server: GitHubServer, state: DriftState) -> None:
    told(server, drift(GONE), 1)
    said = told(server, drift(StepDrift(APP, "stack", state), StepDrift(DATA, "stack", "same")), 2)
    assert "stays open" in said
    assert "stays open" in told(server, drift(because="run-9 is at work on it"), 3)
    # What had not drifted does not keep it open.
    assert told(server, drift(StepDrift(APP, "stack", "same"), StepDrift(DATA, "stack", state)), 4) == "closed #1"


def test_an_issue_of_somebody_else_with_our_marker_is_left_alone(server: GitHubServer) -> None:
    server.open_issue(REPOSITORY, "Mine", marker(DEMO), by="mallory")
    assert told(server, drift(GONE), 1) == "opened #2"
    assert told(server, drift(StepDrift(APP, "stack", "same")), 2) == "closed #2"
    assert server.issue(REPOSITORY, 1).state == "open"
