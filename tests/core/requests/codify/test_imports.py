"""What exists and is in no state: import blocks for what somebody names, and the code that Terraform wrote, if it is that."""

import pytest

from bot.commands.grammar import format_command, parse
from bot.commands.model import Codify
from bot.core.rendering.assemble import assemble
from bot.core.requests.change import Changed, ChangeSubject
from bot.core.requests.codify.imports import IMPORTED, draft_import, names_imports, open_imports, with_code
from bot.core.requests.refusal import Refused
from bot.core.tree import Tree
from bot.model.policy import Policy
from bot.model.static_check_rules import StaticCheckRules
from bot.names import EnvironmentName, StepName
from tests.support import example

PRODUCTION, APP = EnvironmentName("production"), StepName("app")
ARN = "arn:aws:sns:eu-central-1:123456789012:alerts"
TOPIC = f"app/aws_sns_topic.alerts={ARN}"
CODE = 'resource "aws_sns_topic" "alerts" {\n  name = "alerts"\n}\n'


def drafted(*addresses: str, imports: bool = True, files: Tree | None = None, clone: bool = False) -> Changed | Refused:
    template = example.template()
    manifest = example.production(template)
    if clone:
        manifest = manifest.model_copy(update={"name": EnvironmentName("demo-x"), "source": PRODUCTION})
    policy = Policy(gate=StaticCheckRules(imports=imports))
    found = files if files is not None else assemble(template, manifest)
    command = Codify(manifest.name, addresses)
    assert names_imports(command)
    return draft_import(command, ChangeSubject(manifest, template, policy), found, example.NOW)


def written(*addresses: str, files: Tree | None = None) -> Tree:
    found = drafted(*addresses, files=files)
    assert isinstance(found, Changed), found
    assert found.is_codified
    return dict(found.files)


def test_what_is_named_gets_an_import_block_in_a_file_of_its_own() -> None:
    once = written(TOPIC)
    assert once[f"app/{IMPORTED}"].data.decode() == f'import {{\n  to = aws_sns_topic.alerts\n  id = "{ARN}"\n}}\n'
    again = written("app/aws_sqs_queue.jobs=https://sqs/${x}=1", files=once)
    assert [(each.address, each.id) for each in open_imports(APP, again)] == [
        ("aws_sns_topic.alerts", ARN),
        ("aws_sqs_queue.jobs", "https://sqs/${x}=1"),
    ]


@pytest.mark.parametrize(
    ("addresses", "said"),
    [
        (
            ("other/aws_sns_topic.alerts=x",),
            "Say which stack of `production` gets `aws_sns_topic.alerts`: `network/aws_sns_topic.alerts=x` or `app/aws_sns_topic.alerts=x`",
        ),
        ((TOPIC, "app/aws_lb.this"), "names no id, and the others do"),
        (("app/aws_ssm_parameter.greeting=x",), "`app/aws_ssm_parameter.greeting` is in the code already"),
        (("app/module.alerts=x",), "`module.alerts` is not a resource. Write its type and a name"),
        ((TOPIC, TOPIC), "`app/aws_sns_topic.alerts` is imported already"),
    ],
)
def test_what_can_not_be_imported_is_refused_with_what_to_type(addresses: tuple[str, ...], said: str) -> None:
    found = drafted(*addresses)
    assert isinstance(found, Refused)
    assert said in found.reason


def test_a_clone_imports_nothing_and_neither_does_anybody_whom_the_policy_does_not_let() -> None:
    clone, nobody = drafted(TOPIC, clone=True), drafted(TOPIC, imports=False)
    assert isinstance(clone, Refused)
    assert f"`/codify production {TOPIC}`" in clone.reason
    assert isinstance(nobody, Refused)
    assert "Set `imports: true` under `gate`" in nobody.reason


def test_of_what_is_said_to_be_written_only_the_code_that_is_lacking_is_taken() -> None:
    files = written(TOPIC)
    found = with_code(APP, CODE, files)
    assert found is not None
    assert found[f"app/{IMPORTED}"].data.decode().endswith(f'"\n}}\n\n{CODE}')
    assert open_imports(APP, found) == []
    assert with_code(APP, CODE, found) is None, "it is there already"
    others = (
        CODE.replace("alerts", "other", 1),
        CODE + CODE,
        CODE + 'resource "aws_iam_user" "x" {}\n',
        CODE + 'data "aws_iam_user" "x" {}\n',
        "resource {",
        "",
    )
    assert [with_code(APP, each, files) for each in others] == [None] * len(others)
    assert with_code(StepName("data"), CODE, files) is None


def test_the_command_reads_an_id_as_it_stands() -> None:
    command = Codify(PRODUCTION, (TOPIC, "aws_x.y=a b=c"))
    assert parse(format_command(command)) == command
    assert parse(f"/codify production {TOPIC}") == Codify(PRODUCTION, (TOPIC,))
