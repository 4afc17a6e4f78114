"""`aws.secret` against moto: each verb, twice, and half done."""

import json

import boto3
import pytest

from bot.hooks.aws.secret import AwsSecret, SecretInputs, SecretRecord, _version_of
from bot.hooks.kind import HookFailed, VerifyFailed
from bot.names import ParameterName
from tests.hooks.conftest import Surroundings
from tests.support.cloud import REGION

pytestmark = pytest.mark.usefixtures("aws")

INPUTS = SecretInputs.model_validate(
    {
        "secret_id": "demo-x/app",
        "fields": {
            "password": {"generate": 24},
            "pin": {"generate": 8, "alphabet": "digits"},
            "endpoint": {"value": "https://x"},
        },
    }
)
KIND = AwsSecret()
VERSION = ParameterName("version_id")


def make() -> str:
    return boto3.client("secretsmanager", REGION).create_secret(Name="demo-x/app")["ARN"]


def value() -> str:
    return boto3.client("secretsmanager", REGION).get_secret_value(SecretId="demo-x/app")["SecretString"]


@pytest.mark.sample
def test_a_secret_gets_a_value_of_its_shape_once(around: Surroundings) -> None:
    make()
    assert KIND.check(INPUTS, around.context()).result == "would_change"
    applied = KIND.apply(INPUTS, around.context())
    first = value()
    parsed = json.loads(first)
    assert (len(parsed["password"]), len(parsed["pin"]), parsed["endpoint"]) == (24, 8, "https://x")
    assert parsed["pin"].isdigit()
    assert KIND.check(INPUTS, around.context()).result == "already_so"
    again = KIND.apply(INPUTS, around.context())
    assert value() == first
    assert again.outputs == applied.outputs
    assert again.undo == applied.undo
    assert "declared shape" in KIND.verify(INPUTS, around.context())


def test_no_value_is_ever_told(around: Surroundings) -> None:
    make()
    applied = KIND.apply(INPUTS, around.context())
    password = json.loads(value())["password"]
    told = [applied.evidence, repr(applied.outputs), repr(applied.undo), *around.lines]
    assert not any(password in text for text in told)
    assert password in around.secrets


def test_a_value_that_somebody_put_is_kept_and_is_not_ours(around: Surroundings) -> None:
    make()
    boto3.client("secretsmanager", REGION).put_secret_value(SecretId="demo-x/app", SecretString="theirs")
    applied = KIND.apply(INPUTS, around.context())
    assert value() == "theirs"
    assert applied.undo is None
    with pytest.raises(VerifyFailed, match="lacks endpoint, password, pin"):
        KIND.verify(INPUTS, around.context())


def test_killed_after_the_value_was_put_it_recognises_its_own(around: Surroundings) -> None:
    arn = make()
    token = _version_of(arn, around.context().owner)
    boto3.client("secretsmanager", REGION).put_secret_value(
        SecretId=arn, SecretString='{"password": "a"}', ClientRequestToken=token
    )
    applied = KIND.apply(INPUTS, around.context())
    assert value() == '{"password": "a"}'
    assert applied.outputs[VERSION] == token
    assert isinstance(applied.undo, SecretRecord)
    assert applied.undo.version_id == token


def test_a_secret_that_no_stack_made_is_refused(around: Surroundings) -> None:
    assert KIND.check(INPUTS, around.context()).result == "unknown"
    with pytest.raises(HookFailed, match="a stack has to create it first"):
        KIND.apply(INPUTS, around.context())


def test_another_account_is_refused_before_anything_is_written(around: Surroundings) -> None:
    make()
    with pytest.raises(HookFailed, match="belong to account 123456789012, but the environment lives in 222222222222"):
        KIND.apply(INPUTS, around.context(account="222222222222"))
    assert KIND.check(INPUTS, around.context()).result == "would_change"


def test_undo_says_where_the_value_goes(around: Surroundings) -> None:
    make()
    applied = KIND.apply(INPUTS, around.context())
    assert isinstance(applied.undo, SecretRecord)
    assert "goes when its stack destroys the secret" in KIND.undo(applied.undo, around.context())


def test_a_single_text_is_a_shape_too(around: Surroundings) -> None:
    make()
    inputs = SecretInputs.model_validate({"secret_id": "demo-x/app", "text": {"generate": 40, "alphabet": "hex"}})
    KIND.apply(inputs, around.context())
    assert len(value()) == 40
    assert "declared shape" in KIND.verify(inputs, around.context())


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"text": {"generate": 40}, "fields": {"a": {"generate": 9}}},
        {"text": {}},
        {"text": {"generate": 8, "value": "x"}},
        {"text": {"generate": 2}},
        {"copy_from": "production/app"},
        {"shape_of": "production/app"},
        {"text": {"generate": 40}, "otherwise": {"generate": 40}},
    ],
)
def test_a_shape_that_is_none_is_refused(shape: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="SecretInputs"):
        SecretInputs.model_validate({"secret_id": "demo-x/app", **shape})


SOURCE = {"session_key": "productions-session", "stripe": "productions-stripe", "deep": {"pin": "productions-pin"}}


def source(value: object = SOURCE) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    boto3.client("secretsmanager", REGION).create_secret(Name="source", SecretString=text)


def shaped(**more: object) -> SecretInputs:
    return SecretInputs.model_validate({"secret_id": "demo-x/app", "shape_of": "source", **more})


def test_a_shape_is_copied_and_no_value_of_it_goes_anywhere(around: Surroundings) -> None:
    make()
    source()
    inputs = shaped(fields={"stripe": {"value": "sk_test"}, "extra": {"value": "x"}}, otherwise={"generate": 20})
    checked = KIND.check(inputs, around.context())
    applied = KIND.apply(inputs, around.context())
    verified = KIND.verify(inputs, around.context())
    parsed = json.loads(value())
    assert parsed.keys() == {"stripe", "extra", "session_key", "deep"}
    assert (parsed["stripe"], len(parsed["session_key"]), len(parsed["deep"])) == ("sk_test", 20, 20)
    assert "copied shape" in verified
    told = [checked.text, repr(applied), verified, value(), *around.lines]
    assert not any("productions" in text for text in told)
    assert not any(each in around.secrets for each in ("productions-session", "productions-stripe", "productions-pin"))


def test_a_field_of_the_source_that_nothing_replaces_is_refused_by_its_name(around: Surroundings) -> None:
    make()
    source()
    with pytest.raises(HookFailed, match="fields that nothing replaces: `deep`, `session_key`") as failure:
        KIND.apply(shaped(fields={"stripe": {"value": "sk_test"}}), around.context())
    assert failure.value.is_final
    assert KIND.check(shaped(fields={"stripe": {"value": "sk_test"}}), around.context()).result == "would_change"


def test_a_source_that_is_one_text_gives_one_text(around: Surroundings) -> None:
    make()
    source("productions-only-secret")
    KIND.apply(shaped(otherwise={"generate": 12}), around.context())
    assert len(value()) == 12


def test_a_source_that_cannot_be_read_leaves_the_declared_shape(around: Surroundings) -> None:
    make()
    with pytest.raises(HookFailed, match=r"can't be read \(ResourceNotFoundException\): declare its fields"):
        KIND.apply(shaped(otherwise={"generate": 12}), around.context())
    applied = KIND.apply(shaped(fields={"a": {"generate": 12}}), around.context())
    assert applied.evidence.endswith("(as declared: `source` can't be read, ResourceNotFoundException)")
    assert json.loads(value()).keys() == {"a"}


def test_a_value_that_lost_a_field_of_the_source_fails_verification(around: Surroundings) -> None:
    make()
    source()
    boto3.client("secretsmanager", REGION).put_secret_value(SecretId="demo-x/app", SecretString='{"stripe": "x"}')
    with pytest.raises(VerifyFailed, match="lacks deep, session_key"):
        KIND.verify(shaped(otherwise={"generate": 12}), around.context())
