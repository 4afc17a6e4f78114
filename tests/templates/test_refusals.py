"""What the check of a pull request would refuse is refused when it is asked for, with what would be allowed."""

from datetime import UTC, datetime
from functools import cache

import pytest

from bot.clouds.registry import FACTS
from bot.commands.model import Clone, Set
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.rendering.assemble import assemble, read_manifest, read_policy, read_template
from bot.core.rendering.inventory import Inventory, differs_enough
from bot.core.requests.change import ChangeSubject, draft_change
from bot.core.requests.clone import Base, CloneRequest, Draft, draft_clone
from bot.core.requests.refusal import Refused
from bot.core.tree import File
from bot.model.template import StringParameter
from bot.names import EnvironmentName, Login, ParameterName, PurposeName, TemplateName
from tests import ROOT
from tests.support.cases import few
from tests.templates.deployment import template_files

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ANA = Login("ana")


@cache
def base() -> Base:
    template = read_template(TemplateName("production"), template_files(), FACTS)
    manifest = {"environment.yaml": File((ROOT / "envs/production/environment.yaml").read_bytes())}
    source = read_manifest(manifest, "envs/production")
    policy = read_policy((ROOT / ".github/envclone.yml").read_bytes(), FACTS)
    return Base(template, source, assemble(template, source), Inventory({source.name: source}), policy)


def clone(**values: str) -> CloneRequest:
    given = {ParameterName(name): text for name, text in values.items()}
    return CloneRequest(
        Clone(EnvironmentName("production"), EnvironmentName("demo-x"), PurposeName("demo"), set=given), None, ANA, NOW
    )


REFUSED = [
    ({"protected": "true"}, "`protected` can't be set: the template, the purpose and the source decide its value."),
    ({"account_id": "333333333333"},
        ("account `333333333333` is not in the policy's `accounts` on the default branch (`111111111111`, "
        "`222222222222`)")
    ),
    ({"state_bucket": "somewhere-else"}, "envs/demo-x/network/backend.tf:2: the state must be in the account's `state_bucket`, `acme-clones-tfstate`."),
    ({"app_image": "111111111111.dkr.ecr.eu-central-1.amazonaws.com/shop:1"}, "`111111111111` is production's account"),
    ({"public_domain": "x.shop.acme.example"}, "which lies below `shop.acme.example` of production, so it is not separate enough"),
    ({"public_domain": "acme.example"}, "which lies above `shop.acme.example` of production"),
    ({"vpc_cidr": "10.0.0.0/21"}, "which overlaps with production's network `10.0.0.0/20`"),
    ({"purpose": "qa"}, "`purpose` can't be set: it is the purpose"),
    ({"name": "other"}, "`name` can't be set: it is the environment's name"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "message"), few(REFUSED, 4))
def test_what_the_check_would_refuse_is_refused_at_the_comment(values: dict[str, str], message: str) -> None:
    found = draft_clone(clone(**values, team="sales"), base())
    assert isinstance(found, Refused)
    assert message in found.reason
    assert found.instead == clone(team="sales").command, "what else was asked for is kept"


@pytest.mark.parametrize("values", few([{"public_domain": "x.acme.example"}, {"app_min": "2", "team": "sales"}], 2))
def test_what_the_check_would_let_pass_is_drafted(values: dict[str, str]) -> None:
    assert isinstance(draft_clone(clone(**values), base()), Draft)


@pytest.mark.exhaustive
def test_several_values_that_are_refused_are_all_left_out_of_the_corrected_line() -> None:
    found = draft_clone(clone(account_id="333333333333", protected="yes", app_min="9", team="sales"), base())
    assert isinstance(found, Refused)
    assert found.instead == clone(app_min="2", team="sales").command


@pytest.mark.exhaustive
def test_a_set_is_held_against_the_check_as_well() -> None:
    drafted = draft_clone(clone(), base())
    assert isinstance(drafted, Draft)
    subject = ChangeSubject(
        drafted.manifest, base().template, base().policy, CodeSide(base().source, base().source_files)
    )
    image = "111111111111.dkr.ecr.eu-central-1.amazonaws.com/shop:1"
    command = Set(drafted.manifest.name, {ParameterName("app_image"): image, ParameterName("team"): "sales"})
    found = draft_change(command, subject, NOW)
    assert isinstance(found, Refused)
    assert "production's account" in found.reason
    assert found.instead == Set(drafted.manifest.name, {ParameterName("team"): "sales"})


@pytest.mark.parametrize(
    ("ours", "theirs", "enough"),
    [
        ("demo.clones.acme.example", "shop.acme.example", True),
        ("x.shop.acme.example", "shop.acme.example", False),
        ("X.Shop.acme.example", "shop.acme.example", False),
        ("xshop.acme.example", "shop.acme.example", True),
        ("acme.example", "shop.acme.example", False),
        ("shop.acme.example", "shop.acme.example", False),
        ("a.production", "production", True),
    ],
)
def test_hosts_differ_enough_when_neither_lies_below_the_other(ours: str, theirs: str, enough: bool) -> None:
    parameter = StringParameter(type="string", description="A host.", identity=True)
    assert differs_enough(parameter, ours, theirs) is enough
    on_purpose = parameter.model_copy(update={"below_source": True})
    assert differs_enough(on_purpose, ours, theirs) is (ours != theirs)


def test_a_hand_edit_into_the_sources_zone_breaks_the_contract() -> None:
    drafted = draft_clone(clone(), base())
    assert isinstance(drafted, Draft)
    values = {**drafted.manifest.parameters, ParameterName("public_domain"): "x.shop.acme.example"}
    manifest = drafted.manifest.model_copy(update={"parameters": values})
    sides = CodeSide(base().source, base().source_files), CodeSide(manifest, assemble(base().template, manifest))
    breaches = compare(*sides, base().template, NOW).parity.breaches
    said = "`demo` must differ from `production` in identity, but one contains the other in `public_domain`"
    assert said in [breach.message for breach in breaches]
