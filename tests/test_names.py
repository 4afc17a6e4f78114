"""Names that nobody may choose, and names that a reader takes for others."""

import pytest

from bot.errors import InvalidInput
from bot.names import EnvironmentName, confusable, resembles


@pytest.mark.parametrize("name", ["con", "nul", "aux", "prn", "com0", "com1", "com9", "lpt0", "lpt1", "lpt9"])
def test_a_device_of_windows_names_no_environment(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"`{name}` is the name of a device on Windows.*`{name}-1`"):
        EnvironmentName(name)
    assert EnvironmentName(f"{name}-1") == f"{name}-1"


@pytest.mark.parametrize("name", ["com", "com10", "console", "auxiliary", "nul-x"])
def test_what_only_begins_like_a_device_is_a_name(name: str) -> None:
    assert EnvironmentName(name) == name


@pytest.mark.parametrize(
    "name",
    ["productlon", "pr0duction", "product1on", "prod-uction", "producttion", "pproduction", "productiion", "production-", "procluct10n", "prod", "prd", "pr0d"],
)  # fmt: skip
def test_a_look_alike_resembles_the_protected_name(name: str) -> None:
    assert resembles(name, "production")


@pytest.mark.parametrize(
    "name", ["production", "product", "reproduction", "production-eu", "prod-eu", "production2", "demo", "produktion"]
)
def test_another_name_does_not(name: str) -> None:
    assert not resembles(name, "production")


def test_a_name_for_short_resembles_one_in_full_and_the_other_way_round() -> None:
    assert resembles("prod-eu", "production-eu")
    assert resembles("production", "prod")
    assert resembles("stg", "staging")


@pytest.mark.parametrize(("one", "other"), [("demo-1", "demo-11"), ("dev-a", "dev-aa"), ("prod-1", "prod-11")])
def test_numbered_names_are_told_apart(one: str, other: str) -> None:
    assert not confusable(one, other)
    assert one.startswith("dev") or not resembles(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("demo-1", "demo-l"), ("dem0", "demo"), ("stern", "stem"), ("vveb", "web"), ("clev", "dev")]
)
def test_look_alikes_are_confusable(one: str, other: str) -> None:
    assert confusable(one, other)
    assert confusable(other, one)
