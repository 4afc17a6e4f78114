"""An output that nobody declares is named with its line, before anything runs."""

from bot.core.checks.outputs import output_problems
from bot.core.graph import StepDocuments
from bot.core.tree import File
from bot.model.pipeline import Hooks, Pipeline, Stack
from bot.model.yaml_document import load
from bot.names import StepName

STACKS = """stacks:
  app:
    inputs:
      vpc: {from: network.vpc_di, stand_in: vpc-0}
      subnet: {from: network.subnet, stand_in: subnet-0}
"""
HOOKS = """hooks:
  smoke:
    uses: http.probe
    with:
      url: {from: app.ulr, stand_in: "http://x.example"}
      note: {from: other.anything, stand_in: x}
    undo: {none: a probe leaves nothing behind}
"""
FILES = {
    "network/outputs.tf": File(b'output "vpc_id" {\n  value = 1\n}\noutput "subnet" {\n  value = 2\n}\n'),
    "network/modules/inner/outputs.tf": File(b'output "vpc_di" {\n  value = 1\n}\n'),
    "app/main.tf": File(b'output "url" {\n  value = 1\n}\n'),
}


def test_each_is_named_with_its_line_and_what_was_meant() -> None:
    stacks = {
        StepName("network"): Stack(),
        StepName("app"): Stack.model_validate(
            {"inputs": {"vpc": {"from": "network.vpc_di", "stand_in": "v"}, "subnet": {"from": "network.subnet"}}}
        ),
    }
    pipeline = Pipeline(stacks=stacks, hooks=load(HOOKS, Hooks, "hooks.yaml").hooks)
    first, second = output_problems(pipeline, FILES, StepDocuments("stacks.yaml", STACKS, "hooks.yaml", HOOKS))
    assert (first.path, first.line) == ("stacks.yaml", 4)
    assert "stack `network` has no output `vpc_di`. Did you mean `vpc_id`?" in first.message
    assert (second.path, second.line) == ("hooks.yaml", 5)
    assert "Did you mean `url`?" in second.message


def test_of_code_that_is_still_to_be_rendered_nothing_is_said() -> None:
    stacks = {
        StepName("network"): Stack(),
        StepName("app"): Stack.model_validate({"inputs": {"vpc": {"from": "network.vpc_di", "stand_in": "v"}}}),
    }
    files = {"network/outputs.tf.j2": File(b'output "vpc_{{ kind }}" {\n  value = 1\n}\n'), "app/main.tf": File(b"")}
    documents = StepDocuments("stacks.yaml", STACKS, "hooks.yaml", HOOKS)
    assert not output_problems(Pipeline(stacks=stacks), files, documents)
