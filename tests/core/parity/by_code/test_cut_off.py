"""A clone can't be led to what production reaches, nor out of its purpose, by a value at the comment or by a hand in its manifest."""

from dataclasses import replace

import pytest

from bot.commands.model import Clone
from bot.core.rendering.assemble import assemble
from bot.core.rendering.verify import verify
from bot.core.requests.clone import CloneRequest, draft_clone
from bot.core.requests.refusal import Refused
from bot.names import EnvironmentName, Login, ParameterName, PurposeName
from tests.core.parity.shop import BASE, NOW, PRODUCTION, asked, clone, leaked


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("payments_url", "https://api.payments.example/v1"),
        ("payments_url", "https://api.payments.example/v2"),
        ("payments_url", "http://api.payments.example/v1"),
        ("payments_url", "https://api.payments.example:443/v1"),
        ("mail_sender", "refunds@shop.acme.example"),
        ("webhook_url", "https://partners.acme.example/refunds"),
    ],
)
def test_another_way_to_productions_own_host_is_production_all_the_same(parameter: str, value: str) -> None:
    found = asked(**{parameter: value})
    assert isinstance(found, Refused), found
    assert f"`--set {parameter}=…` causes that" in found.reason


def test_where_a_purpose_promises_nothing_the_leak_check_finds_it_still() -> None:
    drafted = clone()
    values = {**drafted.manifest.parameters, ParameterName("payments_url"): "https://api.payments.example/v9"}
    manifest = drafted.manifest.model_copy(update={"parameters": values})
    moved = replace(drafted, manifest=manifest, files=assemble(BASE.template, manifest))
    assert any(leak.found == "api.payments.example" for leak in leaked(moved))


def test_what_the_source_itself_is_for_is_no_purpose_of_a_clone() -> None:
    found = asked(purpose="production")
    assert isinstance(found, Refused)
    assert "is the purpose of `production` itself" in found.reason
    assert found.instead is not None


def test_the_parameter_that_names_the_purpose_follows_from_it() -> None:
    command = Clone(PRODUCTION, EnvironmentName("demo-x"), PurposeName("demo"), set={ParameterName("purpose"): "qa"})
    found = draft_clone(CloneRequest(command, None, Login("alice"), NOW), BASE)
    assert isinstance(found, Refused)
    assert "it is the purpose. Use `for <purpose>`" in found.reason


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"purpose": PurposeName("qa")}, "`purpose` is"),
        ({"payments_url": "https://elsewhere.example/v1"}, "`payments_url` is"),
        ({"public_domain": "other.clones.acme.example"}, "`public_domain` is"),
    ],
)
def test_a_manifest_edited_by_hand_into_another_clone_fails_the_proof(changed: dict[str, object], named: str) -> None:
    manifest = clone().manifest
    values = {**manifest.parameters, **{ParameterName(k): v for k, v in changed.items() if k != "purpose"}}
    update = {"parameters": values, **{k: v for k, v in changed.items() if k == "purpose"}}
    edited = manifest.model_copy(update=update)
    findings = verify(edited.name, assemble(BASE.template, edited), BASE.template)
    assert any(named in finding.message and finding.line > 1 for finding in findings), findings
    assert verify(manifest.name, assemble(BASE.template, manifest), BASE.template) == []
