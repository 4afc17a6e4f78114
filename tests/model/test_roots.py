"""Where environments and templates lie: paths and names, by example."""

import pytest
from pydantic import ValidationError

from bot.errors import UserError
from bot.model.policy import PATH, Policy
from bot.model.roots import DEFAULT, Roots
from bot.model.yaml_document import load

INFRA = Roots(environments="infra/envs", templates="infra/templates")


@pytest.mark.parametrize("roots", [DEFAULT, INFRA])
def test_a_path_below_a_root_is_its_environments_or_its_templates(roots: Roots) -> None:
    inside = f"{roots.environment('demo-x')}/network/main.tf"
    assert roots.environment_in(inside) == "demo-x"
    assert roots.owner(inside) == roots.environment("demo-x")
    assert roots.owner(f"{roots.template('shop')}/template.yaml") == roots.template("shop")
    for other in (
        roots.environments,
        f"{roots.environments}/",
        "README.md",
        f"x/{inside}",
        f"{roots.environments}-old/a/b",
    ):
        assert roots.environment_in(other) is None, other
        assert roots.owner(other) is None, other


@pytest.mark.parametrize(
    ("directory", "path"),
    [
        ("../../modules/logs", "infra/modules/logs"),
        ("../../../modules/logs", "modules/logs"),
        ("../other/network", "infra/envs/other/network"),  # whether that is an environment is asked of the repository
        ("../../../../elsewhere", None),
        ("../../..", None),  # all of the repository
        ("../..", None),  # all environments, and all templates
        ("..", None),
        ("network", None),  # its own
        ("../../../.github/actions", None),
    ],
)
def test_a_module_outside_lies_where_its_path_leads_from_an_environment(directory: str, path: str | None) -> None:
    assert INFRA.module(directory) == path


@pytest.mark.parametrize(
    "said",
    [
        "{environments: infra, templates: infra/templates}",
        "{environments: same, templates: same}",
        "{environments: ../envs}",
        "{environments: /envs}",
        "{environments: envs/}",
        "{templates: .github/templates}",
        "{templates: 'a//b'}",
        '{templates: "a/*"}',
    ],
)
def test_roots_that_are_no_two_directories_of_the_repository_are_refused(said: str) -> None:
    with pytest.raises(UserError):
        load(f"roots: {said}\n", Policy, PATH)


def test_roots_may_be_left_out_and_named_one_by_one() -> None:
    assert load("quota: {total: 3}\n", Policy, PATH).roots == DEFAULT
    assert load("roots: {environments: stages}\n", Policy, PATH).roots == Roots(environments="stages")


def test_an_absolute_path_is_named_with_what_to_write() -> None:
    with pytest.raises(ValidationError, match=r"`/infra/envs` begins at the root of the machine"):
        Roots.model_validate({"environments": "/infra/envs"})
