"""Undo records without secrets, and with them again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.ledger.secret_references import Unopenable, Unsealable, opened, sealed, secrets_of
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
    assert opened(kept, seals, AGAIN.__getitem__, KEY) == record


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


def test_a_secret_that_was_changed_since_is_put_back_as_it_is_now_but_into_no_text() -> None:
    now = {"data.login": {**dict(SECRET), "user": "other"} if isinstance(SECRET, dict) else None}
    secrets = [*secrets_of(SECRET, "data.login", KEY)]
    assert opened(*sealed(["shop-user"], secrets), now.__getitem__, KEY) == ["other"]
    with pytest.raises(Unopenable, match=r"`data\.login` has changed since"):
        opened(*sealed(["arn:shop-user"], secrets), now.__getitem__, KEY)


def test_a_secret_of_another_shape_is_not_guessed() -> None:
    kept = sealed(["shop-user"], [*secrets_of(SECRET, "data.login", KEY)])
    with pytest.raises(Unopenable, match="not of the shape"):
        opened(*kept, lambda source: "one text", KEY)
