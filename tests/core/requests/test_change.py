"""Changing what is there: only what was asked for differs, and who the environment is never does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clouds.registry import FACTS
from bot.commands.model import Extend, Set
from bot.core.messages.change_pull_request import ProposedChange, body, title
from bot.core.messages.changed_values import values_table
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.rendering.assemble import assemble, read_template
from bot.core.rendering.verify import verify
from bot.core.requests.change import Changed, ChangeSubject, Unchanged, draft_change, followers
from bot.core.requests.clone import Draft, draft_clone
from bot.core.requests.refusal import Refused
from bot.core.tree import File
from bot.model.environment import MANIFEST, Manifest
from bot.model.policy import Policy
from bot.names import EnvironmentName, ParameterName, TemplateName
from tests.support import example
from tests.support.budget import dear

NAME = EnvironmentName("demo-x")
DAY = timedelta(days=1)


def clone(**command: Any) -> Manifest:
    found = draft_clone(example.asked(**command), example.base())
    assert isinstance(found, Draft), found
    return found.manifest


def subject(manifest: Manifest | None = None) -> ChangeSubject:
    return ChangeSubject(manifest or clone(), example.template(), Policy())


def setting(**values: str) -> Set:
    return Set(NAME, {ParameterName(name): text for name, text in values.items()})


def changed(command: Set | Extend, at: ChangeSubject | None = None) -> Changed:
    found = draft_change(command, at or subject(), example.NOW)
    assert isinstance(found, Changed), found
    return found


def refused(command: Set | Extend, at: ChangeSubject | None = None) -> Refused:
    found = draft_change(command, at or subject(), example.NOW)
    assert isinstance(found, Refused), found
    return found


def test_set_changes_what_was_asked_for_and_nothing_else() -> None:
    before = clone()
    found = changed(setting(app_min="3", db_class="medium"), subject(before))
    after = found.manifest
    assert after.parameters == {**before.parameters, ParameterName("app_min"): 3, ParameterName("db_class"): "medium"}
    assert after.overrides == ("db_class", "app_min")
    fields = {"parameters", "overrides"}
    assert after.model_dump(exclude=fields) == before.model_dump(exclude=fields)
    assert verify(NAME, found.files, example.template()) == []


def test_production_is_changed_through_the_same_door() -> None:
    production = example.production()
    command = Set(production.name, {ParameterName("app_min"): "8"})
    after = changed(command, subject(production)).manifest
    assert after.parameters[ParameterName("app_min")] == 8
    assert after.overrides == ()


@pytest.mark.parametrize(
    ("values", "message", "instead"),
    [
        ({"app_mni": "3"}, "Did you mean `app_min`?", setting(app_min="3")),
        ({"db_class": "lrage"}, "Did you mean `large`?", setting(db_class="large")),
        ({"app_min": "50"}, "from 1 to 20", setting(app_min="20")),
        ({"greeting": "a\u202eb"}, "invisible character U+202E", setting(greeting="ab")),
        ({"name": "other"}, "it identifies `demo-x`", None),
        ({"vpc_cidr": "10.64.9.0/24", "app_min": "3"}, "another environment", setting(app_min="3")),
        ({"account_id": "333333333333"}, "it identifies", None),
    ],
)
def test_what_cannot_be_set_is_refused_with_what_to_type(
    values: dict[str, str], message: str, instead: Set | None
) -> None:
    found = refused(setting(**values))
    assert message in found.reason
    assert found.instead == instead


def test_a_value_that_breaks_the_purposes_contract_is_refused_with_what_would_be_allowed() -> None:
    source = example.production()
    template = example.template()
    whole = replace(subject(), source=CodeSide(source, assemble(template, source)))
    found = refused(setting(payments_url="https://payments.acme.example/v1", app_min="3"), whole)
    assert "`payments_url=…` causes that" in found.reason
    assert found.instead == setting(app_min="3")
    assert isinstance(draft_change(setting(app_min="3"), whole, example.NOW), Changed)


def test_nothing_to_change_is_said() -> None:
    found = draft_change(setting(app_min="1", greeting="hello", protected="false"), subject(), example.NOW)
    assert isinstance(found, Unchanged)
    assert "`app_min` is `1`" in found.reason
    assert "`protected` is `false`" in found.reason, "as it is typed"


def test_a_value_made_from_others_follows_unless_it_is_who_the_environment_is() -> None:
    declared = example.DECLARATION.replace(
        "  tags:", '  label: {type: string, derive: "{greeting}-{name}", description: A label.}\n  tags:'
    )
    template = read_template(
        TemplateName("shop"), {**example.template_files(), "template.yaml": File(declared.encode())}, FACTS
    )
    before = clone()
    at = before.model_copy(
        update={
            "revision": template.revision,
            "parameters": {**before.parameters, ParameterName("label"): "hello-demo-x"},
        }
    )
    after = changed(setting(greeting="moin"), ChangeSubject(at, template, Policy())).manifest
    assert after.parameters[ParameterName("label")] == "moin-demo-x"
    assert followers(template.declaration, at, [ParameterName("greeting")]) == ["label"]
    assert "derived from other parameters" in refused(setting(label="x"), ChangeSubject(at, template, Policy())).reason
    identity = declared.replace("label: {type: string,", "label: {type: string, identity: true,")
    stricter = read_template(
        TemplateName("shop"), {**example.template_files(), "template.yaml": File(identity.encode())}, FACTS
    )
    assert "would change `label` to" in refused(setting(greeting="moin"), ChangeSubject(at, stricter, Policy())).reason


def test_extend_counts_from_the_expiry_or_from_now_if_that_is_over() -> None:
    manifest = clone(ttl=10 * DAY)
    assert manifest.expires_at is not None
    assert changed(Extend(NAME, 7 * DAY), subject(manifest)).manifest.expires_at == manifest.expires_at + 7 * DAY
    over = manifest.model_copy(update={"expires_at": example.NOW - 3 * DAY})
    after = changed(Extend(NAME, 7 * DAY), subject(over)).manifest
    assert after.expires_at == example.NOW + 7 * DAY
    assert after.model_dump(exclude={"expires_at"}) == manifest.model_dump(exclude={"expires_at"})


def test_extend_is_bounded_from_now_on_and_says_how_much_is_left() -> None:
    at = subject(clone(ttl=10 * DAY))
    found = refused(Extend(NAME, 25 * DAY), at)
    assert found.instead == Extend(NAME, 19 * DAY)  # a second of the twentieth day is gone
    assert isinstance(found.instead, Extend)
    changed(found.instead, at)
    full = subject(at.manifest.model_copy(update={"expires_at": example.NOW + 30 * DAY}))
    assert refused(Extend(NAME, DAY), full).instead is None


def test_what_never_expires_can_not_be_extended() -> None:
    production = example.production()
    assert "does not expire" in refused(Extend(production.name, DAY), subject(production)).reason


@dear(25, 60)
@given(st.text(max_size=40), st.integers(1, 20))
def test_law_3_no_value_that_is_set_escapes_its_place(text: str, count: int) -> None:
    found = draft_change(setting(greeting=text, app_min=str(count)), subject(), example.NOW)
    if isinstance(found, Changed):
        assert found.files.keys() == assemble(example.template(), clone()).keys()
        assert verify(NAME, found.files, example.template()) == []
        assert found.manifest.parameters[ParameterName("greeting")] == text


def test_the_body_names_value_cause_place_and_what_reaches_the_outside() -> None:
    before, template, source = clone(), example.template(), example.production()
    after = changed(setting(payments_url="https://payments.acme.example/v1", app_min="3"), subject(before)).manifest
    was, becomes = (
        CodeSide(m, {p: f for p, f in assemble(template, m).items() if p != MANIFEST}) for m in (before, after)
    )
    found = compare(was, becomes, template, example.NOW).parity.differences
    files = ["app/terraform.tfvars.json"]
    assert before.request is not None
    text = body(ProposedChange(before, after, source, template, files, found, [before.request], rival=9))
    assert "| `app_min` | `1` | `3` | set with `/set`; it was set by the purpose |" in text
    assert "`app/terraform.tfvars.json`" in text
    assert "**unexplained**" not in text
    assert "Requested by @alice [in #7]" in text
    assert "would reach the same systems as `production`" in text
    assert "#9 would destroy `demo-x`" in text


def test_titles_are_short_and_say_what_for() -> None:
    before = clone()
    after = changed(setting(app_min="3", db_class="large", greeting="moin", zones="a,b"), subject(before)).manifest
    assert title(before, after) == "Change demo-x: db_class, app_min, greeting, 1 more"
    later = changed(Extend(NAME, DAY), subject(before)).manifest
    assert title(before, later) == "Extend demo-x until 2026-03-12 12:00 UTC"
    assert "| expires | 2026-03-11 12:00 UTC | 2026-03-12 12:00 UTC |" in values_table(before, later)
