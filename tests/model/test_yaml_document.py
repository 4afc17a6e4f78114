"""Documents of somebody else's making: a mistake has its line, and none of them takes long."""

import pytest
import yaml

from bot.core.rendering.assemble import manifest_file
from bot.errors import Unreadable
from bot.model.environment import Manifest
from bot.model.roots import DEFAULT as ROOTS
from bot.model.yaml_document import DEEPEST, MOST_FINDINGS, line_of, load, plain_value
from tests.support import example


def refused(text: str) -> Unreadable:
    with pytest.raises(Unreadable) as error:
        load(text, Manifest, "environment.yaml")
    return error.value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 900_000, "levels deep"),  # libyaml would end the whole process
        ("a: " + "[" * 2_000 + "]" * 2_000, "levels deep"),
        ("{a: " * 2_000, "levels deep"),
        ("- " * 450_000, "levels deep"),
        ("? " * 450_000, "levels deep"),
        ("\n".join(" " * depth + "a:" for depth in range(1_300)), "levels deep"),
        ("[" + "a," * 450_000 + "]", "keys and values"),
        ("\n".join(f"k{number}: 1" for number in range(80_000)), "keys and values"),
        ("a: " + "9" * 900_000, "integer"),
        ("a: 1" + ":59" * 300_000, "more than 4,300 characters"),
        ("a: &a [b]\nc: *a\n", "aliases"),
        ("a" * 1_000_001, "longer than"),
    ],
)  # fmt: skip
def test_a_document_without_bound_is_refused_before_it_costs_anything(text: str, why: str) -> None:
    assert why in str(refused(text))


def test_as_many_mistakes_as_anybody_reads_are_told_each_with_its_line() -> None:
    # 88 KB of wrong keys took 24 seconds, once for each look at them.
    findings = refused("\n".join(f"wrong{number}: 1" for number in range(6_000))).findings
    assert len(findings) == MOST_FINDINGS
    assert [(each.line, each.message) for each in findings if "wrong" in each.message][:2] == [
        (1, "unknown key `wrong0`"),
        (2, "unknown key `wrong1`"),
    ]


def test_maps_that_are_merged_into_one_another_are_counted_before() -> None:
    doubled = "".join(f"b{n}: &b{n}\n  <<: [*b{n - 1}, *b{n - 1}]\n" for n in range(1, 40))  # 2**40 keys
    with pytest.raises(yaml.YAMLError, match="keys once `<<` is filled in"):
        plain_value(f"b0: &b0\n  x: 1\n{doubled}")
    assert plain_value("a: &a {x: 1}\nb:\n  <<: *a\n  y: 2\n") == {"a": {"x": 1}, "b": {"x": 1, "y": 2}}
    assert plain_value("a: &a [1]\nb: [*a, *a]\n") == {"a": [1], "b": [[1], [1]]}


def test_each_line_of_a_long_document_is_found_at_once() -> None:
    text = "parameters:\n" + "".join(f"  p{number}: {{a: [1, 2]}}\n" for number in range(2_000))
    lines = [line_of(text, ["parameters", f"p{number}", "a", 1]) for number in range(2_000)]
    assert lines == list(range(2, 2_002))


def test_a_place_that_is_not_there_has_the_line_of_its_nearest_parent() -> None:
    assert line_of("a:\n  b: 1\n", ["a", "c", "d"]) == 1
    assert line_of("a:\n  - b\n  -\n    c: 1\n", ["a", 1, "c"]) == 4


def test_a_document_that_is_deep_within_reason_is_read() -> None:
    deep = "[" * (DEEPEST // 5) + "]" * (DEEPEST // 5)
    assert "deep" not in str(refused(f"name: {deep}"))


def test_a_manifest_of_ours_is_read() -> None:
    written = manifest_file(example.production(), ROOTS).data.decode()
    assert load(written, Manifest, "environment.yaml") == example.production()
