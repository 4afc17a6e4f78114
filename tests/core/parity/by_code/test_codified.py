"""What a `/set` would make of a drift: offered only where it says what is there and nothing else."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.messages.drift_issue import body
from bot.core.parity.by_code.codified import codified
from bot.core.plans.drift import Drift, DriftChange, StepDrift
from bot.core.plans.plan_values import ValueChange
from bot.core.rendering.assemble import TemplateAt, read_template
from bot.core.tree import File
from bot.names import EnvironmentName, Login, StepName, TemplateName
from tests.support import example

APP = StepName("app")
GREETING = "aws_ssm_parameter.greeting"
VARIABLES = b'variable "greeting" {\n  type = string\n}\nvariable "name" {\n  type = string\n}\nvariable "app_min" {\n  type = number\n}\n'


def template(more: bytes = b"") -> TemplateAt:
    files = example.template_files()
    return read_template(TemplateName("shop"), {**files, "app/main.tf": File(example.MAIN + VARIABLES + more)}, FACTS)


def drifted(*changes: ValueChange, address: str = GREETING) -> StepDrift:
    return StepDrift(APP, "stack", "drifted", (DriftChange(address, "changed", changes),))


def offered(step: StepDrift, more: bytes = b"") -> dict[str, str]:
    at = template(more)
    return {str(name): value for name, value in codified(example.production(at), at, [step]).items()}


def test_the_parameter_that_stands_there_is_offered_with_the_value_that_is_there() -> None:
    assert offered(drifted(ValueChange("value", "salve tibi", "hello"))) == {"greeting": "salve tibi"}


def test_a_number_is_typed_as_the_parameter_takes_it() -> None:
    more = b'resource "aws_ecs_service" "this" {\n  desired_count = var.app_min\n}\n'
    assert offered(drifted(ValueChange("desired_count", 9, 6), address="aws_ecs_service.this"), more) == {
        "app_min": "9"
    }
    assert offered(drifted(ValueChange("desired_count", 90, 6), address="aws_ecs_service.this"), more) == {}


@pytest.mark.parametrize(
    "change",
    [
        ValueChange("type", "SecureString", "String"),
        ValueChange("name", "/x/greeting", "/production/greeting"),
        ValueChange("nothing", "salve", "hello"),
        ValueChange("value", None, "hello"),
    ],
)
def test_what_no_parameter_explains_is_left(change: ValueChange) -> None:
    assert offered(drifted(change)) == {}


def test_a_value_that_would_change_something_else_too_is_not_offered() -> None:
    more = b'resource "aws_ssm_parameter" "other" {\n  name  = "/other"\n  value = "${var.greeting}!"\n}\n'
    assert offered(drifted(ValueChange("value", "salve", "hello")), more) == {}


def test_the_issue_offers_the_command_ready_to_paste() -> None:
    step = drifted(ValueChange("value", "salve tibi", "hello"))
    at = template()
    settings = codified(example.production(at), at, [step])
    text = body(Drift(EnvironmentName("production"), "c" * 40, (step,), settings=settings), Login("alice"), "")
    assert "Comment `/repair production`" in text
    assert 'comment\n\n```text\n/set production "greeting=salve tibi"\n```' in text
    assert "To keep" not in body(Drift(EnvironmentName("production"), "c" * 40, (step,)), Login("alice"), "")
