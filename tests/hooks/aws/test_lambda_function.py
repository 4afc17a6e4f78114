"""`aws.lambda` against moto without Docker, which answers what it is told to."""

import base64
import io
import json
import zipfile
from typing import Any

import boto3
import httpx
import pytest
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.config import default_user_config

from bot.hooks.aws.lambda_function import AwsLambda, InvokeInputs
from bot.hooks.kind import HookFailed, VerifyFailed
from bot.model.pipeline import Json
from bot.names import ParameterName
from bot.sandbox.aws.corrections.compute import CORRECTIONS
from tests.hooks.conftest import Surroundings
from tests.support.cloud import ACCOUNT, REGION
from tests.support.patience import PATIENCE

KIND = AwsLambda()
ANSWER = ParameterName("answer")


class Function:
    """The function `warm-up`: what it was asked, and how it is to answer."""

    def __init__(self) -> None:
        self.asked: list[tuple[Json, Json]] = []
        self.fails = False

    def answers(self, *answers: str) -> None:
        url = boto3.client("lambda", REGION).meta.endpoint_url
        told = {"results": answers, "account_id": ACCOUNT, "region": REGION}
        httpx.post(f"{url}/moto-api/static/lambda-simple/response", json=told, timeout=PATIENCE).raise_for_status()


@pytest.fixture
def function(aws: None, monkeypatch: pytest.MonkeyPatch) -> Function:
    monkeypatch.setitem(default_user_config["lambda"], "use_docker", False)
    monkeypatch.setattr(LambdaSimpleBackend, "invoke", LambdaSimpleBackend.invoke)
    next(each for each in CORRECTIONS if each.name == "functions answer without Docker").install()
    found = Function()
    invoke = LambdaSimpleBackend.invoke

    def around(self: Any, *given: Any) -> Any:
        _, _, body, headers, response_headers = given
        context = json.loads(base64.b64decode(headers["X-Amz-Client-Context"]))
        found.asked.append((json.loads(body), context["custom"]))
        if found.fails:
            response_headers["x-amz-function-error"] = "Unhandled"  # moto's functions never fail
        return invoke(self, *given)

    monkeypatch.setattr(LambdaSimpleBackend, "invoke", around)
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = boto3.client("iam").create_role(RoleName="f", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", "def handle(event, context): return event")
    boto3.client("lambda", REGION).create_function(
        FunctionName="warm-up",
        Runtime="python3.13",
        Role=role,
        Handler="main.handle",
        Code={"ZipFile": code.getvalue()},
    )
    return found


def inputs(**more: Json) -> InvokeInputs:
    return InvokeInputs.model_validate({"function": "warm-up", **more})


@pytest.mark.sample
def test_a_function_is_given_its_payload_and_its_answer_is_an_output(around: Surroundings, function: Function) -> None:
    function.answers('{"ok": true, "rows": [3]}', '{"ok": true}')
    wanted = inputs(payload={"a": 1}, json_values={"/ok": True})
    applied = KIND.apply(wanted, around.context())
    assert applied.outputs[ANSWER] == {"ok": True, "rows": [3]}
    assert applied.evidence == "`warm-up` answered 25 bytes, with 1 value as declared"
    assert applied.undo is None
    KIND.apply(wanted, around.context())
    (payload, first), (_, second) = function.asked
    assert payload == {"a": 1}
    assert first == second
    assert KIND.check(wanted, around.context()).result == "unknown"


def test_a_function_that_fails_is_a_failure_with_its_words(around: Surroundings, function: Function) -> None:
    function.fails = True
    function.answers('{"errorType": "ValueError", "errorMessage": "no such shop", "stackTrace": ["main.py"]}')
    with pytest.raises(HookFailed, match=r"^`warm-up` failed: ValueError: no such shop$") as failure:
        KIND.apply(inputs(), around.context())
    assert not failure.value.is_final
    assert len(function.asked) == 1


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [('{"ok": false}', "but `/ok` is something else instead of `true`"), ("no json", "not with JSON")],
)
def test_an_answer_that_is_not_as_it_should_be_is_a_failure(
    around: Surroundings, function: Function, answer: str, complaint: str
) -> None:
    function.answers(answer)
    with pytest.raises(VerifyFailed, match=complaint):
        KIND.apply(inputs(json_values={"/ok": True}), around.context())


def test_a_secret_answer_is_hidden(around: Surroundings, function: Function) -> None:
    function.answers('{"token": "very-secret-token"}', '{"token": "very-secret-token"}')
    applied = KIND.apply(inputs(sensitive=True), around.context())
    assert applied.sensitive == {ANSWER}
    assert "very-secret-token" in around.secrets
    with pytest.raises(VerifyFailed, match=r"answered, but its answer is not as it should be$"):
        KIND.apply(inputs(sensitive=True, json_values={"/token": "other"}), around.context())


def test_undo_invokes_the_function_with_its_undo_payload(around: Surroundings, function: Function) -> None:
    wanted = inputs(payload={"do": 1}, undo_payload={"undo": 1})
    applied = KIND.apply(wanted, around.context())
    assert applied.undo == KIND.may_leave(wanted, around.context())
    assert applied.undo is not None
    assert KIND.undo(applied.undo, around.context()) == "`warm-up` answered to its undo payload"
    assert [payload for payload, _ in function.asked] == [{"do": 1}, {"undo": 1}]
    assert function.asked[0][1] != function.asked[1][1]


def test_an_undo_whose_function_is_gone_says_so(around: Surroundings, function: Function) -> None:
    left = KIND.may_leave(inputs(undo_payload={"undo": 1}), around.context())
    assert left is not None
    boto3.client("lambda", REGION).delete_function(FunctionName="warm-up")
    with pytest.raises(HookFailed, match="no longer exists, so it can't undo what it did") as failure:
        KIND.undo(left, around.context())
    assert failure.value.is_final
