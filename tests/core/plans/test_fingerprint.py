"""Laws of the fingerprint: it sees every change that matters, and nothing else."""

import json
import random
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.core.plans.fingerprint import Fingerprint, fingerprint
from bot.core.plans.plan_json import read_plan
from bot.model.pipeline import Json
from tests.support.budget import dear

KEY = "00" * 32
OTHER_KEY = "01" * 32

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
scalars = st.none() | st.booleans() | st.integers(-1000, 1000) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
attributes = st.dictionaries(st.sampled_from(["name", "tags", "size", "rules", "id"]), values, min_size=1)


def change(address: str, actions: list[str], before: Json, after: Json, **more: Json) -> dict[str, Any]:
    kind, _, name = address.rpartition("module.")[2].partition(".")
    inner: dict[str, Any] = {"actions": actions, "before": before, "after": after, **more}
    return {"address": address, "mode": "managed", "type": kind, "name": name, "change": inner}


def created(address: str, after: Json, **more: Json) -> dict[str, Any]:
    return change(address, ["create"], None, after, **more)


def document(changes: list[dict[str, Any]], timestamp: str = "2026-01-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    return {"format_version": "1.2", "resource_changes": changes, "timestamp": timestamp, **more}


def print_of(doc: Mapping[str, Any], key: str = KEY) -> Fingerprint:
    return fingerprint(read_plan(json.dumps(doc).encode()), key)


@dear(40)
@given(st.lists(attributes, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_order_does_not_matter(bodies: list[dict[str, Json]], chance: random.Random) -> None:
    changes = [created(f"aws_thing.n{i}", body) for i, body in enumerate(bodies)]
    shuffled = [created(c["address"], dict(reversed(c["change"]["after"].items()))) for c in changes]
    chance.shuffle(shuffled)
    assert print_of(document(changes)) == print_of(document(shuffled))


@given(attributes, st.data())
def test_every_changed_value_of_a_creation_is_seen(body: dict[str, Json], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(body)))
    other = data.draw(values.filter(lambda value: json.dumps(value) != json.dumps(body[name])))
    changed = document([created("aws_thing.one", {**body, name: other})])
    assert print_of(document([created("aws_thing.one", body)])).value != print_of(changed).value


def test_the_moment_of_the_plan_does_not_matter() -> None:
    def at(moment: str) -> Fingerprint:
        return print_of(document([created("aws_thing.one", {"tags": {"At": f"planned {moment}"}})], timestamp=moment))

    assert at("2026-01-01T00:00:00Z") == at("2027-12-31T23:59:59Z")


def test_what_stays_as_it_is_and_what_is_read_do_not_matter() -> None:
    quiet = change("aws_thing.quiet", ["no-op"], {"version": 1}, {"version": 1})
    read = {**change("data.aws_thing.read", ["read"], None, {"x": 1}), "mode": "data"}
    one = change("aws_thing.one", ["update"], {"size": 1, "seen": "a"}, {"size": 2, "seen": "a"})
    same = change("aws_thing.one", ["update"], {"size": 1, "seen": "b"}, {"size": 2, "seen": "b"})
    assert print_of(document([one, quiet, read])).value == print_of(document([same])).value


def test_actions_renames_imports_and_outputs_matter() -> None:
    body: dict[str, Json] = {"id": "i-1", "size": 1}
    variants = [
        document([change("aws_thing.one", ["update"], body, {"id": "i-1", "size": 2})]),
        document([change("aws_thing.one", ["delete", "create"], body, {"id": "i-1", "size": 2})]),
        document([change("aws_thing.one", ["delete"], body, None)]),
        document([change("aws_thing.one", ["delete"], {"id": "i-2", "size": 1}, None)]),
        document([change("aws_thing.one", ["forget"], body, None)]),
        document([{**change("aws_thing.one", ["no-op"], body, body), "previous_address": "aws_thing.old"}]),
        document([change("aws_thing.one", ["no-op"], body, body, importing={"id": "i-1"})]),
        document([], output_changes={"name": {"actions": ["create"], "before": None, "after": "x"}}),
        document([], output_changes={"name": {"actions": ["create"], "before": None, "after": "y"}}),
        document([]),
    ]
    assert len({print_of(variant).value for variant in variants}) == len(variants)


def test_a_changed_secret_is_seen_but_can_not_be_guessed_without_the_key() -> None:
    def with_pin(pin: str, key: str = KEY) -> Fingerprint:
        return print_of(document([created("aws_thing.one", {"pin": pin}, after_sensitive={"pin": True})]), key=key)

    assert with_pin("1234").value != with_pin("1235").value
    assert with_pin("1234").value != with_pin("1234", OTHER_KEY).value
    assert "1234" not in repr(with_pin("1234"))


def test_a_value_that_becomes_known_is_seen() -> None:
    unknown = created("aws_thing.one", {"size": 1}, after_unknown={"arn": True})
    assert (
        print_of(document([unknown])).value
        != print_of(document([created("aws_thing.one", {"size": 1, "arn": ""})])).value
    )


def test_what_differs_is_named() -> None:
    one, two = created("aws_thing.one", {"size": 1}), created("aws_thing.two", {"size": 1})
    assert print_of(document([one, two])).differing(print_of(document([one]))) == ["aws_thing.two"]
