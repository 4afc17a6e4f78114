"""`aws.parameter-copy` against moto: what is copied, and what never is."""

import boto3
import pytest

from bot.hooks.aws.parameter_copy import AwsParameterCopy, CopyInputs
from bot.hooks.kind import HookFailed, Undone, VerifyFailed
from bot.model.pipeline import Json
from tests.hooks.conftest import Surroundings
from tests.support.cloud import REGION

pytestmark = pytest.mark.usefixtures("aws")
KIND = AwsParameterCopy()


@pytest.fixture(autouse=True)
def source(aws: None) -> None:
    client = boto3.client("ssm", REGION)
    client.put_parameter(Name="/shop/size", Value="3", Type="String")
    client.put_parameter(Name="/shop/zones", Value="a,b", Type="StringList")
    client.put_parameter(Name="/shop/deep/url", Value="https://production.example", Type="String")
    client.put_parameter(Name="/shop/token", Value="productions-token", Type="SecureString")


def inputs(*names: str, **more: Json) -> CopyInputs:
    return CopyInputs.model_validate({"source_path": "/shop", "target_path": "/demo-x", "names": names, **more})


def present() -> dict[str, tuple[str, str]]:
    found = boto3.client("ssm", REGION).get_parameters_by_path(Path="/demo-x", Recursive=True, WithDecryption=True)
    return {each["Name"]: (each["Value"], each["Type"]) for each in found["Parameters"]}


@pytest.mark.sample
def test_what_the_list_names_is_copied_with_its_type_and_nothing_else(around: Surroundings) -> None:
    wanted = inputs("size", "zones", "deep/url", test_values={"deep/url": "https://sink.example"})
    assert KIND.check(wanted, around.context()).result == "would_change"
    first = KIND.apply(wanted, around.context())
    assert present() == {
        "/demo-x/size": ("3", "String"),
        "/demo-x/zones": ("a,b", "StringList"),
        "/demo-x/deep/url": ("https://sink.example", "String"),
    }
    assert KIND.check(wanted, around.context()).result == "already_so"
    assert first.undo is not None
    second = KIND.apply(wanted, around.context(first.undo.model_dump(mode="json")))
    assert second.evidence.endswith("0 written now")
    assert KIND.verify(wanted, around.context()) == "/demo-x has all of 3 parameters"
    assert KIND.undo(first.undo, around.context()) == Undone("deleted 3 parameters; gone or not ours: 0")
    assert present() == {}
    assert len(boto3.client("ssm", REGION).get_parameters_by_path(Path="/shop", Recursive=True)["Parameters"]) == 4


def test_a_secure_parameter_is_never_copied_only_replaced(around: Surroundings) -> None:
    with pytest.raises(HookFailed, match="`token` of /shop is secure, and secrets are not copied") as failure:
        KIND.apply(inputs("size", "token"), around.context())
    assert failure.value.is_final
    assert present() == {}
    applied = KIND.apply(inputs("size", "token", test_values={"token": "test-token"}), around.context())
    assert present()["/demo-x/token"] == ("test-token", "SecureString")
    assert "productions-token" not in repr(applied) + "".join(around.lines)


def test_what_the_list_no_longer_names_is_deleted(around: Surroundings) -> None:
    first = KIND.apply(inputs("size", "zones"), around.context())
    assert first.undo is not None
    KIND.apply(inputs("zones"), around.context(first.undo.model_dump(mode="json")))
    assert present().keys() == {"/demo-x/zones"}


def test_a_name_that_the_source_lacks_is_an_error_unless_it_has_a_test_value(around: Surroundings) -> None:
    with pytest.raises(HookFailed, match="/shop has no parameter `absent`"):
        KIND.apply(inputs("absent"), around.context())
    KIND.apply(inputs("absent", test_values={"absent": "x"}), around.context())
    assert present() == {"/demo-x/absent": ("x", "String")}


def test_a_change_of_the_source_is_drift(around: Surroundings) -> None:
    KIND.apply(inputs("size"), around.context())
    boto3.client("ssm", REGION).put_parameter(Name="/shop/size", Value="4", Type="String", Overwrite=True)
    assert KIND.check(inputs("size"), around.context()).result == "would_change"
    with pytest.raises(VerifyFailed, match=r"^not as in the source: /demo-x/size$"):
        KIND.verify(inputs("size"), around.context())


@pytest.mark.parametrize(
    "more",
    [
        {"target_path": "/shop"},
        {"target_path": "/shop", "source_path": "/shop/app"},
        {"test_values": {"other": "x"}},
        {"names": []},
        {"names": ["/size"]},
    ],
)
def test_what_makes_no_sense_is_refused(more: dict[str, Json]) -> None:
    with pytest.raises(ValueError, match="CopyInputs"):
        CopyInputs.model_validate({"source_path": "/shop", "target_path": "/demo-x", "names": ["size"], **more})
