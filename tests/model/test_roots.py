"""Where environments and templates lie: paths and names, by example."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.errors import UserError
from bot.model.policy import PATH, Policy
from bot.model.roots import DEFAULT, RootPair, Roots
from bot.model.yaml_document import load
from bot.names import EnvironmentName

INFRA = Roots(environments="infra/envs", templates="infra/templates")
SHOPS = {name: RootPair(environments=f"{name}/envs", templates=f"{name}/templates") for name in ("shop", "toy-shop")}
SEVERAL = Roots(environments="infra/envs", templates="infra/templates", also=SHOPS)


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
        ("../../../infra/Envs/other", None),  # an environment's where letters make no difference
        ("../../../Infra", None),
    ],
)
def test_a_module_outside_lies_where_its_path_leads_from_an_environment(directory: str, path: str | None) -> None:
    assert INFRA.module(directory, "demo-x") == path


@given(
    st.from_regex(EnvironmentName.pattern, fullmatch=True)
    | st.sampled_from(["shop-x", "toy-shop-x", "toy-x", "shop", "shop-shop-x"])
)
def test_every_name_has_one_directory_in_several_pairs_and_every_directory_one_name(name: str) -> None:
    for place, root in product((SEVERAL.environment, SEVERAL.template), ("infra", "shop", "toy-shop")):
        directory = place(name)
        assert SEVERAL.name_at(directory) == name
        assert SEVERAL.owner(f"{directory}/main.tf") == directory
        beside = f"{root}/{directory.split('/', 1)[1].rpartition('/')[0]}/{name}"
        assert place(SEVERAL.name_at(beside)) == beside, "also of a directory that can have no name"
        assert (SEVERAL.name_at(beside) == name) == (beside == directory)


def test_a_directory_that_would_have_the_name_of_another_pairs_has_none() -> None:
    assert SEVERAL.environment("shop-demo") == "shop/envs/demo"
    assert SEVERAL.environment_in("infra/envs/shop-demo/main.tf") == "infra/envs/shop-demo"
    with pytest.raises(UserError, match=r"its names begin with the pair's \(`payments-demo`\)"):
        EnvironmentName("infra/envs/shop-demo")


def test_a_module_lies_where_its_path_leads_from_the_pair_of_who_calls_it() -> None:
    found = {name: SEVERAL.module("../../modules/logs", name) for name in ("demo", "shop-demo", "toy-shop-demo")}
    assert list(found.values()) == ["infra/modules/logs", "shop/modules/logs", "toy-shop/modules/logs"]
    for everything in (
        "../..",
        "../../../infra",
        "../../../infra/envs",
        "../../../toy-shop",
        "../../../toy-shop/templates",
    ):
        assert SEVERAL.module(everything, "shop-demo") is None, everything


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
        "{also: {a: {environments: envs/a, templates: a/templates}}}",
        "{also: {a: {environments: a/envs, templates: templates}}}",
        "{also: {a: {environments: a/envs, templates: a/templates}, b: {environments: a/envs, templates: b/templates}}}",
        "{also: {a: {environments: a/envs, templates: a/t}, a-b: {environments: b/envs, templates: b/t}}}",
        "{also: {a: {environments: Envs/a, templates: a/templates}}}",
        "{also: {A: {environments: a/envs, templates: a/templates}}}",
        "{also: {'a/b': {environments: a/envs, templates: a/templates}}}",
        "{also: {a: {environments: a/envs}}}",
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
