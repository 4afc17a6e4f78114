"""Production's state as it is handed from one role to the other: all of it, and nothing secret."""

import json
from datetime import UTC, datetime

import pytest

from bot.core.parity.by_plan.snapshot import (
    SourceSnapshot,
    StackSnapshot,
    read_snapshot,
    read_state,
    seal,
    values_of,
    write_snapshot,
)
from bot.core.plans.plan_values import Masked
from bot.errors import Unverifiable
from bot.names import EnvironmentName, StepName

KEY = "cd" * 32
STATE = {
    "format_version": "1.0",
    "values": {
        "outputs": {"url": {"sensitive": False, "value": "https://x"}, "token": {"sensitive": True, "value": "t0ken-of-it"}},
        "root_module": {
            "resources": [
                {"address": "a.b", "mode": "managed", "type": "a", "values": {"name": "n", "password": "hunter22", "tags": {"x": "1"}},
                 "sensitive_values": {"password": True, "tags": {}}},
                {"address": "data.a.b", "mode": "data", "type": "a", "values": {"name": "looked-up"}, "sensitive_values": {}},
                {"address": "a.old", "mode": "managed", "type": "a", "values": {}, "sensitive_values": {}, "deposed_key": "1234"},
            ],
            "child_modules": [
                {"address": "module.m", "resources": [{"address": "module.m.a.c", "mode": "managed", "type": "a", "values": {}, "sensitive_values": {}}]}
            ],
        },
    },
}  # fmt: skip


def stack() -> StackSnapshot:
    found = read_state(json.dumps(STATE).encode(), KEY)
    assert found is not None
    return found


def snapshot(stacks: dict[str, StackSnapshot | None]) -> SourceSnapshot:
    return SourceSnapshot(
        environment=EnvironmentName("production"),
        commit="0" * 40,
        tree="1" * 40,
        revision="2" * 40,
        taken_at=datetime(2026, 3, 4, tzinfo=UTC),
        key=KEY,
        stacks={StepName(name): each for name, each in stacks.items()},
    )


def test_managed_resources_are_read_in_modules_too_and_no_others() -> None:
    assert [each.address for each in stack().resources] == ["a.b", "module.m.a.c"]


def test_nothing_secret_is_handed_on() -> None:
    data = write_snapshot(snapshot({"data": stack()}))
    assert b"hunter22" not in data
    assert b"t0ken" not in data
    read = read_snapshot(data)
    values = values_of(read.stacks[StepName("data")].resources[0])  # type: ignore[union-attr]
    assert values == {"name": "n", "password": Masked(seal("hunter22", KEY)), "tags": {"x": "1"}}
    assert read.stacks[StepName("data")].outputs == {"url": "https://x"}  # type: ignore[union-attr]
    assert KEY not in repr(read)


def test_a_seal_says_nothing_under_another_key() -> None:
    assert seal("hunter22", KEY) != seal("hunter22", "ef" * 32)
    assert seal("1", KEY) != seal(1, KEY)


def test_a_stack_that_was_never_applied_has_no_state() -> None:
    assert read_state(b'{"format_version": "1.0"}', KEY) is None
    assert not snapshot({"data": None, "app": StackSnapshot()}).is_applied
    assert snapshot({"data": stack(), "app": None}).is_applied


@pytest.mark.parametrize(
    "document", [b"", b"[]", b'{"format_version": "2.0"}', b'{"format_version": "1.0", "values": 7}']
)
def test_what_is_not_understood_is_not_compared(document: bytes) -> None:
    with pytest.raises(Unverifiable):
        read_state(document, KEY)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"format": 2}'])
def test_a_snapshot_that_can_not_be_read_is_taken_again(data: bytes) -> None:
    with pytest.raises(Unverifiable, match="Take a new snapshot"):
        read_snapshot(data)
