"""Undo records without secrets, and with them again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.ledger.ledger import Undo
from bot.core.ledger.secret_references import Seal, SecretChanged, Unopenable, Unsealable, opened, sealed, secrets_of
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
    kept, seals = sealed(record, [*secrets_of(SECRET, "data.login", KEY)])
    written = json.dumps(kept) + "".join(seal.model_dump_json() for seal in seals)
    assert not [secret for secret in ("shop-user", "hunter", "54321") if secret in written]
    assert exactly(opened(kept, seals, AGAIN.__getitem__, KEY)) == exactly(record)


SHORT = st.one_of(
    st.integers(0, 12), st.integers(0, 12).map(str), st.sampled_from([1.5, 10.0, 99999, "99999", 99999.0])
)
SHORT_RECORDS = st.recursive(
    SHORT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CLEAR, inner, max_size=3)
)


@given(record=SHORT_RECORDS, secret=SHORT, rotated=SHORT)
def test_a_record_comes_back_exactly_as_it_was_or_not_at_all(record: Json, secret: Json, rotated: Json) -> None:
    try:
        kept, seals = sealed(record, [*secrets_of(secret, "data.pin", KEY)])
    except Unsealable:
        return
    undo = Undo.model_validate_json(Undo(record=kept, seals=seals).model_dump_json())
    assert exactly(opened(undo.record, undo.seals, lambda source: secret, KEY)) == exactly(record)
    try:
        again = opened(undo.record, undo.seals, lambda source: rotated, KEY)
    except SecretChanged:
        return
    assert exactly(again) == exactly(record)


def exactly(value: Json) -> str:
    """Return a value so that the number 3 and the text "3", 10 and 10.0, differ."""
    return json.dumps(value)


@pytest.mark.parametrize("pin", ["3", "12"])
def test_a_number_that_only_coincides_with_a_short_secret_is_not_taken_for_it(pin: str) -> None:
    record: Json = {"previous_desired_count": int(pin)}
    kept, seals = sealed(record, [*secrets_of({"pin": pin}, "data.login", KEY)])
    assert opened(kept, seals, lambda source: {"pin": "7"}, KEY) == record
    assert (kept, seals) == (record, ())


def test_a_number_that_coincides_with_a_short_secret_of_a_hook_is_no_reason_to_refuse() -> None:
    assert sealed({"count": 3}, [*secrets_of("3", "`probe.pin` from a hook", None)]) == ({"count": 3}, ())


@pytest.mark.parametrize(
    ("secret", "leaf"),
    [(54321, 54321), ("54321", 54321), (54321, "54321"), ("54321.50", 54321.5), (54321.0, 54321), (7, 7), ("7", "7")],
)
def test_a_secret_that_is_all_of_a_value_comes_back_with_the_value_s_type(secret: Json, leaf: Json) -> None:
    kept, seals = sealed({"it": leaf}, [*secrets_of(secret, "data.it", KEY)])
    assert str(leaf) not in json.dumps(kept)
    assert exactly(opened(kept, seals, lambda source: secret, KEY)) == exactly({"it": leaf})


@pytest.mark.parametrize(("secret", "leaf"), [(5.25, 5.25), ("5.25", 5.25), ("3", 3)])
def test_a_number_of_a_record_of_an_earlier_version_comes_back(secret: Json, leaf: Json) -> None:
    [found] = [*secrets_of(secret, "data.it", KEY)]
    assert found.taken is not None
    old = Seal(place=("it",), parts=(found.taken,), is_text=False)
    assert exactly(opened({"it": 0}, (old,), lambda source: secret, KEY)) == exactly({"it": leaf})


def test_a_short_secret_is_sealed_where_it_is_all_of_a_text() -> None:
    kept, seals = sealed({"pin": "42", "note": "42 is the answer"}, [*secrets_of(SECRET, "data.login", KEY)])
    assert kept == {"pin": "", "note": "42 is the answer"}
    assert [seal.place for seal in seals] == [("pin",)]


@pytest.mark.parametrize("record", ["shop-user", {"url": "https://shop-user@x"}, {"shop-user": 1}, [54321]])
def test_a_secret_that_can_t_be_had_again_is_refused(record: Json) -> None:
    with pytest.raises(Unsealable, match=r"`probe\.login` from a hook") as refused:
        sealed(record, [*secrets_of(SECRET, "`probe.login` from a hook", None)])
    assert "shop-user" not in str(refused.value)


@pytest.mark.parametrize("record", [{"shop-user": 1}, {"body": json.dumps({"p": 'hunter "2"'})}])
def test_a_secret_that_was_changed_by_the_kind_is_refused(record: Json) -> None:
    with pytest.raises(Unsealable):
        sealed(record, [*secrets_of(SECRET, "data.login", KEY)])


@pytest.mark.parametrize("record", [["shop-user"], ["arn:shop-user"], {"pin": "42"}, [54321]])
def test_a_record_whose_secret_was_changed_since_is_refused(record: Json) -> None:
    now: dict[str, Json] = {"data.login": {"user": "other", "password": "other", "port": 11111, "pin": "43"}}
    kept, seals = sealed(record, [*secrets_of(SECRET, "data.login", KEY)])
    with pytest.raises(SecretChanged, match=r"`data\.login` has changed since"):
        opened(kept, seals, now.__getitem__, KEY)


def test_a_secret_of_another_shape_is_not_guessed() -> None:
    kept = sealed(["shop-user"], [*secrets_of(SECRET, "data.login", KEY)])
    with pytest.raises(Unopenable, match="not of the shape"):
        opened(*kept, lambda source: "one text", KEY)
