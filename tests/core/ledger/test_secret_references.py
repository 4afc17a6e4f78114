"""Undo records without secrets, and with them again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.ledger.ledger import Undo
from bot.core.ledger.secret_references import (
    Redaction,
    SecretChanged,
    Unredactable,
    Unrehydratable,
    redacted,
    rehydrated,
    secrets_of,
)
from bot.model.pipeline import Json

KEY = "k" * 64
SECRET: Json = {"user": "shop-user", "password": 'hunter "2"', "port": 54321, "pin": "42"}
AGAIN = {"data.login": SECRET}
CLEAR = st.text(alphabet="abc /:{}", max_size=8)
LEAVES = st.one_of(
    CLEAR,
    st.integers(0, 999),
    st.booleans(),
    st.none(),
    st.sampled_from(["shop-user", 'hunter "2"', 54321]),
    st.builds(lambda before, after: f'{before}hunter "2"{after}shop-user', CLEAR, CLEAR),
)
RECORDS = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CLEAR, inner, max_size=3))


@given(record=RECORDS)
def test_a_sealed_record_holds_no_secret_and_opens_as_it_was(record: Json) -> None:
    kept, redactions = redacted(record, [*secrets_of(SECRET, "data.login", KEY)])
    written = json.dumps(kept) + "".join(redaction.model_dump_json() for redaction in redactions)
    assert not [secret for secret in ("shop-user", "hunter", "54321") if secret in written]
    assert exactly(rehydrated(kept, redactions, AGAIN.__getitem__, KEY)) == exactly(record)


SHORT = st.one_of(
    st.integers(0, 12), st.integers(0, 12).map(str), st.sampled_from([1.5, 10.0, 99999, "99999", 99999.0])
)
SHORT_RECORDS = st.recursive(
    SHORT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CLEAR, inner, max_size=3)
)


@given(record=SHORT_RECORDS, secret=SHORT, rotated=SHORT)
def test_a_record_comes_back_exactly_as_it_was_or_not_at_all(record: Json, secret: Json, rotated: Json) -> None:
    try:
        kept, redactions = redacted(record, [*secrets_of(secret, "data.pin", KEY)])
    except Unredactable:
        return
    undo = Undo.model_validate_json(Undo(record=kept, redactions=redactions).model_dump_json())
    assert exactly(rehydrated(undo.record, undo.redactions, lambda source: secret, KEY)) == exactly(record)
    try:
        again = rehydrated(undo.record, undo.redactions, lambda source: rotated, KEY)
    except SecretChanged:
        return
    assert exactly(again) == exactly(record)


def exactly(value: Json) -> str:
    """Return a value so that the number 3 and the text "3", 10 and 10.0, differ."""
    return json.dumps(value)


@pytest.mark.parametrize("pin", ["3", "12"])
def test_a_number_that_only_coincides_with_a_short_secret_is_not_taken_for_it(pin: str) -> None:
    record: Json = {"previous_desired_count": int(pin)}
    kept, redactions = redacted(record, [*secrets_of({"pin": pin}, "data.login", KEY)])
    assert rehydrated(kept, redactions, lambda source: {"pin": "7"}, KEY) == record
    assert (kept, redactions) == (record, ())


def test_a_number_that_coincides_with_a_short_secret_of_a_hook_is_no_reason_to_refuse() -> None:
    assert redacted({"count": 3}, [*secrets_of("3", "`probe.pin` from a hook", None)]) == ({"count": 3}, ())


@pytest.mark.parametrize(
    ("secret", "leaf"),
    [(54321, 54321), ("54321", 54321), (54321, "54321"), ("54321.50", 54321.5), (54321.0, 54321), (7, 7), ("7", "7")],
)
def test_a_secret_that_is_all_of_a_value_comes_back_with_the_value_s_type(secret: Json, leaf: Json) -> None:
    kept, redactions = redacted({"it": leaf}, [*secrets_of(secret, "data.it", KEY)])
    assert str(leaf) not in json.dumps(kept)
    assert exactly(rehydrated(kept, redactions, lambda source: secret, KEY)) == exactly({"it": leaf})


@pytest.mark.parametrize(("secret", "leaf"), [(5.25, 5.25), ("5.25", 5.25), ("3", 3)])
def test_a_number_of_a_record_of_an_earlier_version_comes_back(secret: Json, leaf: Json) -> None:
    [found] = [*secrets_of(secret, "data.it", KEY)]
    assert found.reference is not None
    old = Redaction(place=("it",), parts=(found.reference,), is_text=False)
    assert exactly(rehydrated({"it": 0}, (old,), lambda source: secret, KEY)) == exactly({"it": leaf})


def test_a_short_secret_is_sealed_where_it_is_all_of_a_text() -> None:
    kept, redactions = redacted({"pin": "42", "note": "42 is the answer"}, [*secrets_of(SECRET, "data.login", KEY)])
    assert kept == {"pin": "", "note": "42 is the answer"}
    assert [redaction.place for redaction in redactions] == [("pin",)]


@pytest.mark.parametrize("record", ["shop-user", {"url": "https://shop-user@x"}, {"shop-user": 1}, [54321]])
def test_a_secret_that_can_t_be_had_again_is_refused(record: Json) -> None:
    with pytest.raises(Unredactable, match=r"`probe\.login` from a hook") as refused:
        redacted(record, [*secrets_of(SECRET, "`probe.login` from a hook", None)])
    assert "shop-user" not in str(refused.value)


@pytest.mark.parametrize("record", [{"shop-user": 1}, {"body": json.dumps({"p": 'hunter "2"'})}])
def test_a_secret_that_was_changed_by_the_kind_is_refused(record: Json) -> None:
    with pytest.raises(Unredactable):
        redacted(record, [*secrets_of(SECRET, "data.login", KEY)])


@pytest.mark.parametrize("record", [["shop-user"], ["arn:shop-user"], {"pin": "42"}, [54321]])
def test_a_record_whose_secret_was_changed_since_is_refused(record: Json) -> None:
    now: dict[str, Json] = {"data.login": {"user": "other", "password": "other", "port": 11111, "pin": "43"}}
    kept, redactions = redacted(record, [*secrets_of(SECRET, "data.login", KEY)])
    with pytest.raises(SecretChanged, match=r"`data\.login` has changed since"):
        rehydrated(kept, redactions, now.__getitem__, KEY)


def test_a_secret_of_another_shape_is_not_guessed() -> None:
    kept = redacted(["shop-user"], [*secrets_of(SECRET, "data.login", KEY)])
    with pytest.raises(Unrehydratable, match="no longer has the structure"):
        rehydrated(*kept, lambda source: "one text", KEY)
