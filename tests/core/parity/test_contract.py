"""Purposes are contracts: a `--set` that breaks one is refused at the comment, a template that breaks its own fails its check."""

from dataclasses import replace

import pytest

from bot.clouds.registry import FACTS
from bot.commands.model import Clone, Set
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.external_references import outbound_alike
from bot.core.rendering.assemble import assemble, read_template
from bot.core.requests.change import Changed, ChangeSubject, draft_change
from bot.core.requests.clone import CloneRequest, Draft, draft_clone
from bot.core.requests.refusal import Refused
from bot.core.requests.template_check.proof import a_clone, check_template
from bot.core.tree import File
from bot.model.policy import Policy
from bot.names import EnvironmentName, Login, ParameterName, TemplateName
from tests.core.parity import shop
from tests.support import example
from tests.support.cases import few


def refusal(purpose: str, **values: str) -> Refused:
    found = shop.asked("lt-1", purpose, **values)
    assert isinstance(found, Refused), found
    return found


# The second story: another instance class, storage or bound.
@pytest.mark.parametrize(
    ("purpose", "values", "aspect"),
    few(
        [
            ("load-test", {"db_class": "db.c6gd.medium"}, "sizes"),
            ("load-test", {"db_storage_type": "gp3"}, "sizes"),
            ("load-test", {"app_memory": "4096"}, "sizes"),
            ("load-test", {"app_max": "3"}, "scaling"),
            ("qa", {"db_engine_version": "17.2"}, "versions"),
            ("qa", {"zones": '["eu-central-1a","eu-central-1b"]'}, "topology"),
            ("demo", {"payments_url": "https://api.payments.example/v1"}, "outbound"),
            ("demo", {"outbound_mail": "send"}, "outbound"),
        ],
        3,
    ),
)
def test_a_set_that_breaks_the_contract_is_refused(purpose: str, values: dict[str, str], aspect: str) -> None:
    found = refusal(purpose, **values)
    (name,) = values
    verb = "differ from" if aspect == "outbound" else "match"
    assert f"`{purpose}` must {verb} `production` in {aspect}" in found.reason
    assert f"`--set {name}=…` causes that" in found.reason
    assert isinstance(found.instead, Clone)
    assert found.instead.set == {}


def test_the_refusal_says_which_purposes_would_allow_it_and_keeps_the_other_sets() -> None:
    found = refusal("load-test", db_class="db.c6gd.medium", team="growth")
    assert "allow it: `qa`, `demo`, `dev`." in found.reason
    assert isinstance(found.instead, Clone)
    assert found.instead.set == {"team": "growth"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("purpose", "values"),
    few(
        [
            ("demo", {"db_class": "db.m6gd.large", "app_max": "3"}),
            ("qa", {"app_image": "registry.example/shop:2.0.0"}),
            ("demo", {"allowed_cidrs": '["192.0.2.0/24","198.51.100.0/24"]'}),
            ("load-test", {"log_days": "30", "vpc_cidr": "10.80.0.0/18"}),
            ("demo", {"region": "us-east-1", "zones": '["us-east-1a","us-east-1b","us-east-1c"]'}),
        ],
        3,
    ),
)
def test_what_no_contract_speaks_of_is_free(purpose: str, values: dict[str, str]) -> None:
    parity = shop.compared(shop.clone("lt-1", purpose, **values)).parity
    assert parity.holds
    told = {cause.parameter for each in parity.differences for cause in each.causes}
    assert values.keys() <= told


def proof(was: str, now: str) -> str:
    files = dict(shop.BASE.template.files)
    text = files["template.yaml"].data.decode()
    assert was in text
    files["template.yaml"] = File(text.replace(was, now, 1).encode())
    template = read_template(TemplateName("production"), files, FACTS)
    asked = CloneRequest(a_clone(EnvironmentName("production"), Login("alice")), None, Login("alice"), shop.NOW)
    return "\n".join(map(str, check_template(template, shop.BASE.source, asked).findings))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("was", "now", "complaint"),
    [
        pytest.param(
            'match: [topology, sizes, versions, scaling, "parameter:private_domain"]\n    differ',
            "match: [topology, data]\n    differ",
            "cloning production for purpose `load-test` fails: `load-test` must match `production` in data",
            marks=pytest.mark.exhaustive,
        ),
        (
            "match: [topology]",
            'match: ["attribute:aws_rds_cluster.*:allocated_storage"]',
            "in `aws_rds_cluster.*:allocated_storage`, but differs at `data/aws_rds_cluster.this:allocated_storage`",
        ),
        pytest.param(
            "match: [topology]",
            'match: ["parameter:app_min"]',
            "`dev` must match `production` in parameter `app_min`: it has `1` instead of `6`",
            marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            "match: [topology]\n    differ: [identity, secrets, outbound]",
            'match: []\n    differ: ["attribute:aws_sqs_queue.*:sqs_managed_sse_enabled", "attribute:aws_rds_cluster.this:engine"]',
            "`data/aws_rds_cluster.this:engine` is the same",
            marks=pytest.mark.exhaustive,
        ),
        ("match: [topology]", 'match: ["parameter:nothing"]', "unknown parameter `nothing`"),
    ],
)
def test_a_template_whose_purpose_breaks_its_own_contract_fails_its_check(was: str, now: str, complaint: str) -> None:
    assert complaint in proof(was, now)


@pytest.mark.exhaustive
def test_a_template_that_names_its_source_fails_its_check_once_and_by_line() -> None:
    files = dict(shop.BASE.template.files)
    code = files["data/queue.tf"].data.decode().replace('"${var.name}-orders"', '"production-orders"')
    files["data/queue.tf"] = File(code.encode())
    template = read_template(TemplateName("production"), files, FACTS)
    asked = CloneRequest(a_clone(EnvironmentName("production"), Login("alice")), None, Login("alice"), shop.NOW)
    (found,) = check_template(template, shop.BASE.source, asked).findings
    assert (found.path, found.line) == ("templates/production/data/queue.tf", 10)
    assert "`production-orders` is derived from production's name" in found.message


@pytest.mark.exhaustive
def test_a_difference_that_is_demanded_must_be_there() -> None:
    assert "`dev` must differ from `production` in versions, but nothing differs" in proof(
        "match: [topology]\n    differ: [identity, secrets, outbound]", "match: [topology]\n    differ: [versions]"
    )


def test_a_secret_with_productions_name_breaks_the_contract() -> None:
    drafted = shop.clone()
    files = shop.edited(drafted.files, "data/secrets.tf", '"${var.name}/payments"', '"production/payments"')
    messages = [breach.message for breach in shop.compared(drafted, files).parity.breaches]
    assert messages == [
        (
            "`demo` must differ from `production` in secrets, but `data/aws_secretsmanager_secret.payments:name` is the "
            "same"
        )
    ]


@pytest.mark.slow
def test_set_keeps_the_contract_of_a_clone_that_is_there() -> None:
    drafted = shop.clone("lt-1", "load-test")
    source = CodeSide(shop.BASE.source, shop.BASE.source_files)
    subject = ChangeSubject(drafted.manifest, shop.BASE.template, Policy(), source)
    values = {ParameterName("db_class"): "db.c6gd.medium", ParameterName("team"): "growth"}
    found = draft_change(Set(drafted.manifest.name, values), subject, shop.NOW)
    assert isinstance(found, Refused)
    assert "`load-test` must match `production` in sizes" in found.reason
    assert found.instead == Set(drafted.manifest.name, {ParameterName("team"): "growth"})
    assert isinstance(draft_change(found.instead, subject, shop.NOW), Changed)


# The first story: the private zone removed by hand, by a condition, or by somebody who turns it off for this purpose.
@pytest.mark.parametrize("condition", ["0", 'var.name == "production" ? 1 : 0', 'var.purpose == "qa" ? 0 : 1'])
def test_a_qa_clone_without_the_private_zone_is_caught_by_name(condition: str) -> None:
    drafted = shop.clone("qa-1", "qa")
    head = 'resource "aws_route53_zone" "private" {'
    files = shop.edited(drafted.files, "traffic/dns.tf", head, f"{head}\n  count = {condition}")
    parity = shop.compared(drafted, files).parity
    assert ("missing", "traffic/aws_route53_zone.private") in [(each.kind, each.address) for each in parity.unexplained]
    assert "at `traffic/aws_route53_zone.private` (missing)" in parity.breaches[0].message


QUEUE = ParameterName("payments_url")
INVOICES = "arn:aws:sqs:eu-west-1:{}:{}"


@pytest.mark.parametrize(
    ("value", "is_elsewhere"),
    [
        (INVOICES.format("999999999999", "other"), False),
        (INVOICES.format("222222222222", "sink"), True),
        (INVOICES.format("888888888888", "sink"), True),
        ("https://payments.invalid/", True),
    ],
)
def test_another_resource_of_the_account_that_production_reaches_is_production_s_unless_the_account_is_the_clone_s_own(
    value: str, is_elsewhere: bool
) -> None:
    base = example.base()
    values = {**base.source.parameters, QUEUE: INVOICES.format("999999999999", "invoices")}
    source = base.source.model_copy(update={"parameters": values})
    base = replace(base, source=source, source_files=assemble(base.template, source))
    found = draft_clone(example.asked(set={QUEUE: value}), base)
    assert isinstance(found, Draft) == is_elsewhere
    if isinstance(found, Refused):
        assert "in outbound, but both reach the same host or account by `payments_url`" in found.reason
    clone = source.model_copy(
        update={"parameters": {**values, QUEUE: value, ParameterName("account_id"): "222222222222"}}
    )
    alike = [] if is_elsewhere else [QUEUE]
    assert outbound_alike(clone, source, base.template) == alike, "where nothing must differ, it is named"
    shared = base.template.declaration.model_copy(update={"shared": ("999999999999",)})
    assert not outbound_alike(clone, source, replace(base.template, declaration=shared))
    unknown = clone.model_copy(update={"parameters": {QUEUE: value}})
    assert not outbound_alike(unknown, source, base.template), "nobody says which account is its own"
