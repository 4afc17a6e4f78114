"""Renovate's configuration gets one rule more, and keeps every other byte."""

import json

import pytest

from bot.core.installation.renovate import RenovateConfiguration, rule
from bot.model.roots import RootPair, Roots

ROOTS = Roots(
    environments="infra/envs",
    templates="infra/templates",
    also={"shop": RootPair(environments="shop/envs", templates="shop/templates")},
)
BOTH = ["infra/envs/**", "shop/envs/**", ".github/envclone/shipped/**"]


def read(text: str) -> RenovateConfiguration:
    found = RenovateConfiguration.of(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        " { } \n",
        '{"extends": ["config:recommended"]}',
        '{\n  "extends": ["config:recommended"],\n  "labels": ["a}"]\n}\n',
        '{"packageRules": [], "a": "}"}',
        '{\r\n\t"a" : {"packageRules": [1]} ,\r\n\t"packageRules" : [\r\n\t\t{"matchManagers": ["pep621"], "enabled": false}\r\n\t]\r\n}\r\n',
    ],
)
def test_one_rule_is_added_and_nothing_else_is_changed(text: str) -> None:
    before = read(text)
    assert list(before.left_open(ROOTS)) == BOTH
    after = before.excepting(before.left_open(ROOTS))
    expected = json.loads(text)
    expected["packageRules"] = [*expected.get("packageRules", []), json.loads(rule(BOTH))]
    assert json.loads(after) == expected
    kept = iter(after)
    assert all(character in kept for character in text if not character.isspace()), "what was there, in its order"
    assert not read(after).left_open(ROOTS), "run again, there is nothing to add"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"ignorePaths": ["infra/envs/**"]}', BOTH[1:]),
        (json.dumps({"packageRules": [{"matchFileNames": BOTH, "enabled": False}]}), []),
        (json.dumps({"packageRules": [{"matchFileNames": BOTH, "enabled": True}]}), BOTH),
        (json.dumps({"packageRules": [{"matchFileNames": BOTH, "enabled": False, "matchManagers": ["npm"]}]}), BOTH),
        (json.dumps({"packageRules": ["odd", {"matchFileNames": "infra/envs/**", "enabled": False}]}), BOTH),
    ],
)
def test_a_path_is_left_alone_if_that_holds_for_every_package(text: str, left: list[str]) -> None:
    assert list(read(text).left_open(ROOTS)) == left


@pytest.mark.parametrize("text", ["", "[]", "{} // ours", "{a: 1}", '{"packageRules": {}}', '{"ignorePaths": "envs"}'])
def test_what_only_a_person_can_edit_is_not_read(text: str) -> None:
    assert RenovateConfiguration.of(text) is None
