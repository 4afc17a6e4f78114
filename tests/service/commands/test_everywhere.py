"""`/codify --all`: what was changed in several environments alike becomes part of their template, in one pull request (law 4)."""

import pytest

from bot.clients.transient import Transient
from bot.core.plans.drift import Drift, DriftChange, StepDrift
from bot.names import EnvironmentName, Login, StepName
from bot.runs.drift.issue import DriftReport, report_drift
from bot.sandbox.github.records.issues import IssueRecord
from tests.service.commands.test_codify import TYPE, looked
from tests.support import example
from tests.support.small_monorepo import REPOSITORY, SmallMonorepo
from tests.support.triggers import merged, workflow_token

ALL = "/codify demo-x --all"


def elsewhere(place: SmallMonorepo, *changes: DriftChange) -> None:
    """Let there be `demo-y`, and an issue that says of its drift this."""
    place.say("/clone production as demo-y for demo")
    merged(place, place.server.pulls(REPOSITORY)[-1].number)
    stack = StepDrift(StepName("app"), "stack", "drifted", changes)
    to = DriftReport(workflow_token(place, "issues"), example.REPOSITORY, Login("alice"))
    report_drift(Drift(EnvironmentName("demo-y"), "c" * 40, (stack,)), to)


def proposals(place: SmallMonorepo) -> list[IssueRecord]:
    return [each for each in place.server.pulls(REPOSITORY) if each.title.startswith("Codify template")]


@pytest.mark.sample
def test_law_4_the_template_says_it_in_one_pull_request_though_it_is_killed_after_the_push(live: SmallMonorepo) -> None:
    looked(live, TYPE, DriftChange("aws_ssm_parameter.other", "gone"))
    assert "`app/aws_ssm_parameter.greeting`: no other environment was changed in this way" in (live.say(ALL) or "")
    elsewhere(live, TYPE)
    comment = live.comment(ALL)
    live.server.faults.lose_request("POST", f"^/repos/{REPOSITORY}/pulls$")
    with pytest.raises(Transient):
        live.work(live.event(comment, ALL))
    for killed_after in ("propose", "report", None):
        live.work(live.event(comment, ALL), killed_after)
    (pull,) = proposals(live)
    assert f"[#{pull.number}](" in (live.reply(comment) or "")
    assert [change.path for change in live.server.files(REPOSITORY, pull.number)] == ["templates/shop/app/main.tf"]
    body = pull.body or ""
    assert "| `app/aws_ssm_parameter.greeting` | `demo-x` and `demo-y` |" in body
    assert "- `app/aws_ssm_parameter.other`: no other environment was changed in this way" in body
    merged(live, pull.number)
    template = live.repository().template(live.repository().source(EnvironmentName("demo-x")).template)
    assert template.files["app/main.tf"].data == example.MAIN.replace(b'"String"', b'"SecureString"')
    assert "`demo-x` is behind its template. Comment `/sync demo-x` first." in (live.say(ALL) or "")


def test_one_such_change_is_open_at_a_time_and_needs_a_look(live: SmallMonorepo) -> None:
    assert "has not been checked for drift" in (live.say(ALL) or "")
    assert "Did you mean `demo-x`?" in (live.say("/codify demo-z --all") or "")
    looked(live, TYPE)
    elsewhere(live, TYPE)
    live.say(ALL)
    (pull,) = proposals(live)
    assert f"#{pull.number} changes the template in this way" in (live.say(ALL) or "")
