"""Hooks to paste for what can't be code: they are read as the template's own are."""

import re

from bot.core.graph import graph
from bot.core.messages.versions.codified import left
from bot.core.messages.versions.hook_stubs import MOST, hook_stubs
from bot.model.pipeline import Hooks, Pipeline, Stack
from bot.model.yaml_document import load
from bot.names import StepName

NOTES = """- `app/aws_lb.this["Ünï: {x}"]`: it is not in the code
- hook `flags`: what its check found is not code; it runs again in the apply if the plan says so
- … and 3 more"""


def test_each_resource_that_is_left_gets_a_hook_that_can_be_pasted_as_it_is() -> None:
    section = left(NOTES)
    found = re.search("```yaml\n(.*?)```", section, re.DOTALL)
    assert found is not None
    hooks = load(found[1], Hooks, "hooks.yaml").hooks
    assert list(hooks) == ["keep-app-aws-lb-this-n-x"]
    [hook] = hooks.values()
    assert hook.run is not None
    assert hook.run.check == ("hooks/keep.py", 'app/aws_lb.this["Ünï: {x}"]')
    assert graph(Pipeline(stacks={StepName("app"): Stack()}, hooks=hooks)).order == ("app", "keep-app-aws-lb-this-n-x")


def test_where_no_resource_is_named_no_hook_is_offered_and_of_many_only_some() -> None:
    assert hook_stubs(NOTES.partition("\n")[2]) == ""
    many = "\n".join(f"- `app/aws_lb.number_{number}_{'x' * 60}`: secret" for number in range(MOST + 3))
    assert 1 <= hook_stubs(many).count("undo:") <= MOST
