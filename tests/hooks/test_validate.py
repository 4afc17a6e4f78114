"""What is wrong with declared hooks is found, with its line, before anything runs."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.graph import StepDocuments
from bot.core.rendering.assemble import read_template
from bot.core.tree import File
from bot.hooks.registry import kinds
from bot.hooks.validate import hook_problems, template_findings
from bot.hooks.verbs import StepFailed, apply, reads
from bot.model.environment import Manifest
from bot.model.pipeline import FromOutput, Hooks, Pipeline, Stack
from bot.model.yaml_document import load
from bot.names import ParameterName, StepName, TemplateName
from tests.hooks.conftest import Surroundings

GOOD = """hooks:
  secret:
    uses: aws.secret
    with:
      secret_id: {from: data.secret_arn}
      text:
        value: {generate: 32}
    undo: {none: the value goes with its secret}
  smoke:
    uses: http.probe
    with:
      url: {from: app.url}
      status: {value: 204}
      body_contains: {parameter: greeting}
    undo: {none: a probe leaves nothing}
"""
STACKS = "stacks:\n  data: {}\n  app:\n    inputs: {v: {from: secret.version_id, stand_in: x}}\n"


def found(hooks: str, taken: str = "secret.version_id") -> list[tuple[bool, int, str]]:
    app = Stack(inputs={ParameterName("v"): FromOutput(source=taken, stand_in="x")})
    pipeline = Pipeline(
        stacks={StepName("data"): Stack(), StepName("app"): app}, hooks=load(hooks, Hooks, "hooks.yaml").hooks
    )
    problems = hook_problems(
        pipeline,
        {ParameterName("greeting"): "hello"},
        StepDocuments("stacks.yaml", STACKS, "hooks.yaml", hooks),
    )
    return [(each.path == "stacks.yaml", each.line, each.message) for each in problems]


def test_good_hooks_have_no_problems() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(
    ("was", "now", "line", "message"),
    [
        (
            "aws.secret",
            "aws.secrets",
            3,
            "`secret`: Hook kind `aws.secrets` not found. Did you mean `aws.secret`?",
        ),
        ("greeting}", "greting}", 14, "`smoke`: there is no parameter `greting`. Did you mean `greeting`?"),
        (
            "status: {value: 204}",
            "status: {value: 9}",
            13,
            "`smoke`: `status`: must be at least 100",
        ),
        ("status: {value: 204}", "state: {value: 9}", 13, "`smoke`: `state` is not an input of this kind"),
        ("status: {value: 204}", "state: {from: app.x}", 13, "`smoke`: `state` is not an input of this kind"),
        ("      url: {from: app.url}\n", "", 11, "`smoke`: the input `url` is missing"),
        ("generate: 32", "generate: 1", 6, "`secret`: `text.generate`: must be at least 8"),
    ],
)
def test_a_mistake_is_named_with_its_line(was: str, now: str, line: int, message: str) -> None:
    assert found(GOOD.replace(was, now)) == [(False, line, message)]


UNDONE = """hooks:
  extra:
    needs: [app]
    uses: KIND
    with: INPUTS
"""
CERTIFICATE = "{certificate_arn: {value: 'arn:aws:acm:eu-central-1:123456789012:certificate/0a-1b'}}"
TASK = "{cluster: {value: c}, task_definition: {value: t}, container: {value: m}}"


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("http.probe", "{url: {value: 'https://x'}}"),
        ("aws.secret", "{secret_id: {value: x}, text: {value: {generate: 32}}}"),
        ("aws.certificate", CERTIFICATE),
        ("aws.lambda", "{function: {value: f}}"),
        ("aws.ecs-task", TASK),
    ],
)
def test_a_hook_that_takes_nothing_back_has_to_say_why(kind: str, inputs: str) -> None:
    declared = UNDONE.replace("KIND", kind).replace("INPUTS", inputs)
    assert found(declared, "data.x") == [
        (
            False,
            2,
            f"`extra`: `{kind}` has nothing to undo as declared here: write `undo: {{none: <reason>}}`.",
        )
    ]
    assert found(declared + "    undo: {none: it leaves nothing behind}\n", "data.x") == []


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("aws.lambda", "{function: {value: f}, undo_payload: {value: {delete: true}}}"),
        ("aws.ecs-task", TASK.replace("}}", "}, undo_command: {value: [undo]}}")),
        ("aws.bucket-seed", "{bucket: {value: some-bucket}, directory: {value: seed}}"),
    ],
)
def test_a_hook_that_takes_back_what_it_did_may_but_need_not_say_none(kind: str, inputs: str) -> None:
    declared = UNDONE.replace("KIND", kind).replace("INPUTS", inputs)
    assert found(declared, "data.x") == []
    assert found(declared + "    undo: {none: another step takes it back}\n", "data.x") == []


def test_an_output_that_a_kind_has_not_is_named() -> None:
    assert found(GOOD, "secret.version") == [
        (True, 4, "`app`: `aws.secret` has no output `version`. Did you mean `version_id`?")
    ]


def test_a_template_is_told_of_its_hooks_with_file_and_line() -> None:
    declaration = """name: small
description: One stack.
default_purpose: dev
parameters: {place: {type: string, description: Where.}, other: {type: string, description: Which.}}
purposes: {dev: {description: To build.}}
stacks: {app: {}}
"""
    hooks = """hooks:
  smoke:
    uses: http.probe
    with:
      url: {parameter: place}
      body_contains: {parameter: other}
      status: {value: 9}
    undo: {none: a probe leaves nothing}
"""
    files = {"template.yaml": File(declaration.encode()), "hooks.yaml": File(hooks.encode())}
    template = read_template(TemplateName("small"), files, FACTS)
    [status] = template_findings(template, None)
    assert str(status).startswith("templates/small/hooks.yaml:7: `smoke`: `status`: must be")
    source = Manifest.model_validate(
        {
            "name": "production",
            "template": "small",
            "revision": "0" * 40,
            "purpose": "dev",
            "owner": "ana",
            "parameters": {"place": "no url"},
            "stacks": {},
        }
    )
    assert [finding.line for finding in template_findings(template, source)] == [5, 7]


def test_every_kind_documents_itself() -> None:
    for name, kind in kinds().items():
        assert kind.name == name
        assert kind.__doc__
        assert kind.inputs.model_json_schema()["additionalProperties"] is False
        assert all(kind.outputs.values())


def test_inputs_are_checked_again_when_they_are_known(around: Surroundings) -> None:
    hook = load(GOOD, Hooks, "hooks.yaml").hooks[StepName("smoke")]
    with pytest.raises(StepFailed, match="`url`: must match") as failure:
        apply(hook, {ParameterName("url"): "file:///secret-place"}, around.context(), lambda undo: undo)
    assert "secret-place" not in str(failure.value)
    assert failure.value.is_final


def test_what_a_hook_reads_is_known() -> None:
    hook = load("hooks: {x: {run: {apply: [hooks/a.sh]}, undo: {none: nothing is made}}}", Hooks, "hooks.yaml").hooks
    assert reads(hook[StepName("x")], {}) == ("hooks",)
