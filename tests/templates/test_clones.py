"""Clones of the shipped production: laws 5 to 7, for every purpose, with any name."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clients.git.checkout import Checkout
from bot.clouds.registry import FACTS
from bot.commands.model import Clone
from bot.core.checks.destroyable import undestroyable_code
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.rendering.assemble import read_manifest, read_template
from bot.core.rendering.inventory import Inventory
from bot.core.rendering.verify import verify
from bot.core.requests.clone import Base, CloneRequest, Draft, draft_clone
from bot.model.environment import MANIFEST
from bot.model.policy import Policy
from bot.names import RESERVED, EnvironmentName, Login, PurposeName, TemplateName
from tests import ROOT
from tests.support.budget import examples

PURPOSES = ("qa", "demo", "load-test", "dev")
PRODUCTION = EnvironmentName("production")
NOW = datetime(2026, 3, 4, tzinfo=UTC)


def base() -> Base:
    checkout = Checkout(ROOT)
    files = checkout.environment(PRODUCTION)
    source = read_manifest(files, "envs/production")
    template = read_template(TemplateName("production"), checkout.template(TemplateName("production")), FACTS)
    return Base(template, source, files, Inventory({PRODUCTION: source}), Policy())


BASE = base()


def clone(name: str, purpose: str) -> Draft:
    command = Clone(PRODUCTION, EnvironmentName(name), PurposeName(purpose))
    drafted = draft_clone(CloneRequest(command, None, Login("alice"), NOW), BASE)
    assert isinstance(drafted, Draft), drafted
    return drafted


def test_production_is_no_exception() -> None:
    assert verify(PRODUCTION, BASE.source_files, BASE.template) == []


names = st.from_regex(r"[a-z]{2}[a-z0-9]{0,8}(-[a-z0-9]{1,6})?", fullmatch=True).filter(lambda n: n not in RESERVED)


@examples(10)  # four tenths of a second each
@given(names, st.sampled_from(PURPOSES))
def test_law_6_nothing_of_productions_identity_is_in_a_clone(name: str, purpose: str) -> None:
    found = draft_clone(
        CloneRequest(
            Clone(PRODUCTION, EnvironmentName(name), PurposeName(purpose)),
            None,
            Login("alice"),
            NOW,
        ),
        BASE,
    )
    if not isinstance(found, Draft):
        return  # a name that is easily mistaken for production's is refused, which is right too
    values = BASE.source.parameters
    marks = [
        str(values[key]) for key, p in BASE.template.declaration.parameters.items() if p.identity and key != "name"
    ]
    marks += [
        str(values[key])
        for key, p in BASE.template.declaration.parameters.items()
        if p.outbound and key != "outbound_mail"
    ]
    marks += ['"production/', "/production/", "production-"]
    for path, file in found.files.items():
        if path == MANIFEST:
            continue
        text = file.data.decode("utf-8", "replace")
        assert [mark for mark in marks if mark in text] == [], path


@pytest.mark.slow
@pytest.mark.parametrize("purpose", PURPOSES)
def test_law_7_every_difference_is_caused_by_identity_or_the_purpose(purpose: str) -> None:
    drafted = clone("demo-x", purpose)
    declared = BASE.template.declaration
    allowed = set(declared.purposes[PurposeName(purpose)].set) | {
        n for n, p in declared.parameters.items() if p.identity
    }
    sides = CodeSide(BASE.source, BASE.source_files), CodeSide(drafted.manifest, drafted.files)
    found = compare(*sides, BASE.template, NOW).parity
    assert found.differences
    assert found.holds
    assert [d for d in found.differences if not d.causes or not {c.parameter for c in d.causes} <= allowed] == []


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_clone_is_what_its_template_renders(purpose: str) -> None:
    drafted = clone("demo-x", purpose)
    assert verify(drafted.manifest.name, drafted.files, BASE.template) == []


def test_a_load_test_has_productions_sizes_and_bounds() -> None:
    values, theirs = clone("load-1", "load-test").manifest.parameters, BASE.source.parameters
    sizes = [key for key in theirs if key.startswith(("db_", "app_"))]
    assert {key: values[key] for key in sizes} == {key: theirs[key] for key in sizes}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_clone_reaches_outside_as_production_does(purpose: str) -> None:
    values, theirs = clone("demo-x", purpose).manifest.parameters, BASE.source.parameters
    outbound = [key for key, parameter in BASE.template.declaration.parameters.items() if parameter.outbound]
    assert outbound
    assert [key for key in outbound if values[key] == theirs[key]] == []


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_clone_can_be_destroyed_again(purpose: str) -> None:
    drafted = clone("demo-x", purpose)
    assert undestroyable_code(drafted.files, drafted.manifest.stacks, "envs/demo-x", FACTS.destroy_rules) == []


def test_production_itself_would_be_complained_about_at_each_of_its_protections() -> None:
    found = undestroyable_code(BASE.source_files, BASE.source.stacks, "envs/production", FACTS.destroy_rules)
    places = {f"{finding.path}: {finding.message.split(':')[1].split()[0]}" for finding in found}
    assert places == {
        "envs/production/data/buckets.tf: `force_destroy`",
        "envs/production/data/database.tf: `deletion_protection`",
        "envs/production/data/database.tf: `skip_final_snapshot`",
        "envs/production/traffic/dns.tf: `force_destroy`",
        "envs/production/traffic/load_balancer.tf: `enable_deletion_protection`",
    }
