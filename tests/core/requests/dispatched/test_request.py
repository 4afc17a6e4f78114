"""What another repository asks for: read, signed, fresh, and allowed."""

import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.requests.dispatched.request import FRESH, check_target, is_fresh, is_signed, read
from bot.errors import UserError
from bot.model.dispatch import DispatchPolicy
from bot.model.policy import Policy
from bot.names import EnvironmentName, ParameterName
from tests.support import example

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ASKED = {
    "repository": "acme/infra",
    "id": "build-4711",
    "environment": "demo-x",
    "set": {"greeting": "hi"},
    "at": NOW.isoformat(),
    "url": "https://ci.example/4711",
}
TEXT = json.dumps(ASKED)


def signed(text: str, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"repository": "acme"}, {"id": "short"}, {"id": "a\nReviewed-by: x"}, {"environment": "../x"}, {"set": {}}, {"set": {"greeting": 1}}, {"at": "2026-03-04"},
        {"url": "http://ci.example"}, {"url": "https://ci.example/1)\nEnvclone-As-In: x"}, {"url": "https://ci.example/#envclone-1"}, {"more": 1},
    ],
)  # fmt: skip
def test_only_what_has_every_part_in_its_form_is_read(change: dict[str, object]) -> None:
    assert read(TEXT) is not None
    assert read(json.dumps({**ASKED, **change})) is None


def test_the_very_text_is_signed_with_one_of_the_secrets() -> None:
    assert is_signed(TEXT, signed(TEXT, "new"), ["old", "new"])
    for signature, secrets in (
        (signed(TEXT, "other"), ["old", "new"]), (signed(f"{TEXT} ", "new"), ["new"]), (signed(TEXT, ""), [""]), ("", ["new"]), (signed(TEXT, "new"), []),
    ):  # fmt: skip
        assert not is_signed(TEXT, signature, secrets)


def test_what_is_old_or_of_the_future_is_not_fresh() -> None:
    asked = read(TEXT)
    assert asked is not None
    assert is_fresh(asked, NOW + FRESH)
    assert not is_fresh(asked, NOW + FRESH + timedelta(seconds=1))
    assert not is_fresh(asked, NOW - FRESH - timedelta(seconds=1))


def test_only_clones_and_only_what_the_policy_names_may_be_changed() -> None:
    asked = read(TEXT)
    assert asked is not None
    clone = example.production().model_copy(
        update={"name": EnvironmentName("demo-x"), "source": EnvironmentName("production")}
    )
    policy = Policy(dispatch=DispatchPolicy(parameters=(ParameterName("greeting"),)))
    check_target(asked, clone, policy)
    with pytest.raises(UserError, match=r"doesn't let another repository set `greeting`"):
        check_target(asked, clone, Policy())
    lines = read(json.dumps({**ASKED, "set": {"greeting": "hi\nthere"}}))
    assert lines is not None
    with pytest.raises(UserError, match="`greeting` has several lines"):
        check_target(lines, clone, policy)
    with pytest.raises(UserError, match="`production` is not a clone"):
        check_target(asked, example.production(), policy)
