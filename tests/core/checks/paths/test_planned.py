"""What an argument came to in a plan is a path of the machine, or it is not."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.core.checks.paths.planned import planned_path_findings
from tests.core.checks.test_named_files import RULES

HERE = {"/etc", "/proc"}
GIVEN = {"references": ["data.any_text.x"]}


def told(
    values: dict[str, Any], given: dict[str, Any] | None = None, kind: str = "any_thing", paths: tuple[str, ...] = ()
) -> list[str]:
    """Return what is said of a plan in which a resource of a called module has these values."""
    resource = {"address": f"module.a[0].{kind}.x", "mode": "managed", "type": kind, "name": "x"}
    inner = {"address": "module.a[0]", "resources": [{**resource, "values": values}]}
    written = {**resource, "expressions": given if given is not None else dict.fromkeys(values, GIVEN)}
    plan = {
        "planned_values": {"root_module": {"child_modules": [inner]}},
        "configuration": {"root_module": {"module_calls": {"a": {"module": {"resources": [written]}}}}},
    }
    rules = replace(RULES, policy=RULES.policy.model_copy(update={"paths": paths}))
    return list(planned_path_findings(json.dumps(plan).encode(), rules, HERE.__contains__))


@pytest.mark.parametrize("text", ["/etc/passwd", "/proc/self/environ", "//etc//passwd", "../x", "~/.aws", "file:///x"])
@pytest.mark.parametrize("nest", [lambda x: x, lambda x: [x], lambda x: [{"anything": x}]])
def test_a_path_of_the_machine_is_named_and_never_quoted(text: str, nest: Any) -> None:
    (found,) = told({"anything": nest(text)})
    assert found.startswith("`anything` of `module.a[0].any_thing.x`: `anything` is a path of the machine that plans")
    assert text not in found


def test_what_the_machine_has_no_directory_for_is_an_identity_of_some_service() -> None:
    assert told({"parent_id": "/subscriptions/0/resourceGroups/x", "name": "orders"}) == []


def test_what_the_provider_says_itself_is_nothing_that_it_read() -> None:
    assert told({"anything": "x", "computed": "/etc/x"}, {"anything": GIVEN}) == []


def test_what_the_policy_names_or_the_cloud_says_is_no_path_passes() -> None:
    assert told({"anything": "/etc/x"}, paths=("any_thing.anything",)) == []
    assert told({"anything": "/etc/x"}, kind="aws_any_thing") == []


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"configuration": {"root_module": {}}}', b"{" * 5000])
def test_what_is_no_plan_is_left_to_whoever_reads_it(document: bytes) -> None:
    assert list(planned_path_findings(document, RULES, HERE.__contains__)) == []


def test_the_answer_of_a_data_source_that_another_is_asked_with_counts() -> None:
    data = {"address": "data.any_file.x", "mode": "data", "type": "any_file", "name": "x"}
    plan = {
        "prior_state": {"values": {"root_module": {"resources": [{**data, "values": {"anything": "/etc/passwd"}}]}}},
        "configuration": {"root_module": {"resources": [{**data, "expressions": {"anything": GIVEN}}]}},
    }
    (found,) = planned_path_findings(json.dumps(plan).encode(), RULES, HERE.__contains__)
    assert "`anything` of `data.any_file.x`" in found
