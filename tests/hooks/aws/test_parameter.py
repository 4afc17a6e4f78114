"""`aws.parameter` against moto: each verb, twice, and half done."""

from typing import Any

import boto3
import pytest

from bot.hooks.aws.parameter import AwsParameter, ParameterInputs
from bot.hooks.kind import HookFailed, Undone, VerifyFailed
from bot.model.pipeline import Json
from tests.hooks.conftest import Surroundings
from tests.support.cloud import REGION

pytestmark = pytest.mark.usefixtures("aws")
KIND = AwsParameter()


def inputs(values: dict[str, Json], **more: Json) -> ParameterInputs:
    return ParameterInputs.model_validate({"path": "/demo-x/app", "values": values, **more})


def present() -> dict[str, str]:
    found = boto3.client("ssm", REGION).get_parameters_by_path(Path="/demo-x", Recursive=True, WithDecryption=True)
    return {each["Name"]: each["Value"] for each in found["Parameters"]}


def record(applied: Any) -> Json:
    return applied.undo.model_dump(mode="json")  # type: ignore[no-any-return]


@pytest.mark.sample
def test_parameters_are_put_and_left_alone_when_they_are_right(around: Surroundings) -> None:
    wanted = inputs({"url": "https://x", "size": 3, "deep/on": True})
    assert KIND.check(wanted, around.context()).result == "would_change"
    first = KIND.apply(wanted, around.context())
    assert present() == {"/demo-x/app/url": "https://x", "/demo-x/app/size": "3", "/demo-x/app/deep/on": "true"}
    assert KIND.check(wanted, around.context()).result == "already_so"
    second = KIND.apply(wanted, around.context(record(first)))
    assert second.evidence == "3 parameters below /demo-x/app, 0 written now"
    assert (second.outputs, second.undo) == (first.outputs, first.undo)
    assert KIND.verify(wanted, around.context()) == "below /demo-x/app: 3 parameters as declared"


def test_a_changed_value_is_put_and_a_dropped_name_deleted(around: Surroundings) -> None:
    first = KIND.apply(inputs({"a": "1", "b": "2"}), around.context())
    KIND.apply(inputs({"a": "9"}), around.context(record(first)))
    assert present() == {"/demo-x/app/a": "9"}


def test_a_parameter_that_this_step_did_not_make_is_never_overwritten(around: Surroundings) -> None:
    boto3.client("ssm", REGION).put_parameter(Name="/demo-x/app/a", Value="theirs", Type="String")
    with pytest.raises(HookFailed, match="this step did not make it") as failure:
        KIND.apply(inputs({"a": "1"}), around.context())
    assert failure.value.is_final
    assert present() == {"/demo-x/app/a": "theirs"}


def test_half_done_and_killed_it_goes_on(around: Surroundings) -> None:
    KIND.apply(inputs({"a": "1"}), around.context())  # as though killed before the second was put
    KIND.apply(inputs({"a": "1", "b": "2"}), around.context())
    assert present() == {"/demo-x/app/a": "1", "/demo-x/app/b": "2"}


def test_a_failure_half_way_tells_what_is_to_be_undone(around: Surroundings) -> None:
    boto3.client("ssm", REGION).put_parameter(Name="/demo-x/app/b", Value="theirs", Type="String")
    with pytest.raises(HookFailed) as failure:
        KIND.apply(inputs({"a": "1", "b": "2"}), around.context())
    assert failure.value.undo is not None
    undone = KIND.undo(KIND.record.model_validate(failure.value.undo.model_dump()), around.context())
    assert isinstance(undone, Undone)
    assert undone.evidence == "deleted 1 parameter; gone or not ours: 1"
    # What is in the way is another's: it stays, and is named.
    assert [each.why for each in undone.remains] == [
        "it lacks this step's mark, so somebody else made it, or made it again"
    ]
    assert present() == {"/demo-x/app/b": "theirs"}


def test_undo_deletes_what_was_made_and_may_be_repeated(around: Surroundings) -> None:
    boto3.client("ssm", REGION).put_parameter(Name="/demo-x/other", Value="theirs", Type="String")
    applied = KIND.apply(inputs({"a": "1"}), around.context())
    made = KIND.record.model_validate(record(applied))
    assert KIND.undo(made, around.context()) == Undone("deleted 1 parameter; gone or not ours: 0")
    assert KIND.undo(made, around.context()) == Undone("deleted 0 parameters; gone or not ours: 1")
    assert present() == {"/demo-x/other": "theirs"}


def test_what_somebody_made_again_without_a_mark_is_left_and_named(around: Surroundings) -> None:
    client, applied = boto3.client("ssm", REGION), KIND.apply(inputs({"a": "1", "b": "2"}), around.context())
    made = KIND.record.model_validate(record(applied))
    client.delete_parameter(Name="/demo-x/app/a")
    client.put_parameter(Name="/demo-x/app/a", Value="1", Type="String")
    undone = KIND.undo(made, around.context())
    assert isinstance(undone, Undone)
    assert [(each.what, each.until) for each in undone.remains] == [
        ("parameter /demo-x/app/a", "until somebody deletes it by hand")
    ]
    assert present() == {"/demo-x/app/a": "1"}


def test_what_was_changed_by_hand_fails_verification_without_its_value(around: Surroundings) -> None:
    wanted = inputs({"a": "top-secret-value"}, secure=True)
    KIND.apply(wanted, around.context())
    assert "top-secret-value" in around.secrets
    boto3.client("ssm", REGION).put_parameter(
        Name="/demo-x/app/a", Value="by-hand", Type="SecureString", Overwrite=True
    )
    with pytest.raises(VerifyFailed, match=r"^not as declared: /demo-x/app/a$"):
        KIND.verify(wanted, around.context())


def test_more_than_one_call_of_names_works(around: Surroundings) -> None:
    wanted = inputs({f"p{number}": number for number in range(23)})
    first = KIND.apply(wanted, around.context())
    assert KIND.apply(wanted, around.context(record(first))).evidence.endswith("0 written now")


def test_another_account_is_refused(around: Surroundings) -> None:
    with pytest.raises(HookFailed, match="nothing was done"):
        KIND.apply(inputs({"a": "1"}), around.context(account="222222222222"))
    assert present() == {}


@pytest.mark.parametrize("path", ["demo-x", "/", "/demo-x/", "/demo x", "/../x//y"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        ParameterInputs.model_validate({"path": path, "values": {"a": "1"}})
