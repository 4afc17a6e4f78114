"""What hooks write into the ledger never holds a secret in clear, whatever the kind and whichever input is secret."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.core.ledger.ledger import Ledger, Undo
from bot.core.ledger.secret_references import Unredactable
from bot.core.ledger.transitions import Start, failed, started
from bot.core.plans.stack_inputs import Output
from bot.hooks import verbs
from bot.hooks.registry import built_in
from bot.model.pipeline import FromOutput, Hook, Json
from bot.names import EnvironmentName, ParameterName, StepName
from bot.runs.apply.undo_secrets import UndoSecrets
from tests.hooks.conftest import Surroundings

pytestmark = pytest.mark.usefixtures("aws")
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
KEY = "k" * 64
STEP, DATA = StepName("extra"), StepName("data")
INPUTS: dict[str, dict[str, Json]] = {
    "http.probe": {
        "url": "https://hidden-host.example/hidden-token",
        "request_headers": {"Authorization": "Bearer hidden-bearer"},
        "request_json": {"password": "hidden-body"},
        "headers": {"X-Answer": "hidden-header"},
        "body_contains": "hidden-text",
        "json_values": {"/token": "hidden-value"},
        "method": "POST",
    },
    "aws.secret": {
        "secret_id": "hidden-secret",
        "fields": {"a": {"test_value": "hidden-value"}},
        "shape_of": "hidden-shape",
    },
    "aws.parameter": {"path": "/hidden-path", "values": {"token": "hidden-value"}},
    "aws.parameter-copy": {"source_path": "/hidden-source", "target_path": "/hidden-target", "names": ["hidden-name"]},
    "aws.bucket-seed": {"bucket": "hidden-bucket", "directory": "seed", "prefix": "hidden-prefix/"},
    "aws.rds-snapshot": {
        "latest_of": "hidden-database",
        "copy_id": "hidden-copy",
        "kms_key_id": "hidden-key",
        "restore": {"id": "hidden-restored"},
    },
    "aws.dns-delegation": {"domain": "hidden.example", "name_servers": ["hidden-ns-1.example"]},
    "aws.certificate": {"certificate_arn": "arn:aws:acm:eu-central-1:111111111111:certificate/hidden-one"},
    "aws.ecs-task": {
        "cluster": "hidden-cluster",
        "task_definition": "hidden-task",
        "container": "hidden-container",
        "command": ["--password=hidden-password", "hidden-word"],
        "environment": {"TOKEN": "hidden-token"},
        "undo_command": ["--undo", "hidden-undo"],
    },
    "aws.lambda": {
        "function": "hidden-function",
        "payload": {"password": "hidden-password"},
        "undo_payload": {"url": "mysql://shop:hidden-undo@db", "pin": "hidden-pin"},
        "json_values": {"/token": "hidden-value"},
    },
}
"""Every built-in kind with inputs of which each text that begins with `hidden` is to be kept from the ledger."""


def hidden_in(value: Json) -> Iterator[str]:
    """Yield the texts of a value that are secret."""
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from hidden_in(item)
    if isinstance(value, str) and "hidden" in value:
        yield value


def hook_of(uses: str, source: str) -> Hook:
    inputs = {name: FromOutput(source=f"{source}.{name}") for name in INPUTS[uses]}
    return Hook.model_validate({"uses": uses, "with": inputs})


@pytest.mark.parametrize("uses", [kind.name for kind in built_in()])
def test_what_a_run_that_is_killed_may_leave_is_written_without_any_secret_and_read_again_whole(
    around: Surroundings, uses: str
) -> None:
    given = {ParameterName(name): Output(value, is_sensitive=True) for name, value in INPUTS[uses].items()}
    values = {name: output.value for name, output in given.items()}
    hook = hook_of(uses, "data")
    undo_secrets = UndoSecrets(KEY, lambda step, output: given.get(ParameterName(output)))
    undo_secrets.give(hook, given, {DATA})
    context = around.context()
    plain = verbs.may_leave(hook, values, context, lambda undo: undo)
    if plain is None:
        return  # it leaves nothing behind
    undo = undo_secrets.redacted(plain)
    start = Start("digest", "alice", "", "h" * 40, "c" * 40, "t" * 40, undo)
    ledger = started(Ledger(environment=EnvironmentName("demo-x")), STEP, start, NOW)
    written = failed(ledger, STEP, "x", NOW, undo=undo).model_dump_json()
    assert not [text for value in values.values() for text in hidden_in(value) if text in written]
    again = Undo.model_validate_json(undo.model_dump_json())
    assert undo_secrets.rehydrated(again) == plain


@pytest.mark.parametrize("uses", [kind.name for kind in built_in()])
def test_a_secret_that_only_a_hook_gives_is_in_no_record(around: Surroundings, uses: str) -> None:
    given = {ParameterName(name): Output(value, is_sensitive=True) for name, value in INPUTS[uses].items()}
    values = {name: output.value for name, output in given.items()}
    hook = hook_of(uses, "probe")
    undo_secrets = UndoSecrets(KEY, lambda step, output: None)
    undo_secrets.give(hook, given, {DATA})
    try:
        left = verbs.may_leave(hook, values, around.context(), undo_secrets.redacted)
    except Unredactable as refused:
        left, said = None, str(refused)
        assert "is not a stack's output" in said
        assert "name or identifier" in said
    written = left.model_dump_json() if left is not None else ""
    assert not [text for value in values.values() for text in hidden_in(value) if text in written]
