"""The three stories that the product must pass, on real Terraform against an applied production: QA, load test, demo."""

import random
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bot.core.parity.certificate import read_certificate
from bot.core.parity.leaks import unwaived
from bot.core.requests.clone import Draft
from bot.core.requests.refusal import Refused
from bot.model.environment import Waiver
from bot.names import Login, ParameterName, StepName
from bot.sandbox.github import GitHubServer
from tests.support.company import NOW, Planned, Shop, alike
from tests.support.leaking import LEAKS
from tests.support.plan_clones import Real, changes, valid_clone
from tests.support.plan_measure import measured
from tests.support.provider_process import provider_process
from tests.support.sandbox_aws import CLONES, PRODUCTION, sandbox_aws
from tests.support.shop import DNS, SMALL_IN_LOAD_TEST, SOURCE, WITHOUT_ZONE_IN_QA, drafted, rendered, template

HOLDS = r"No unexplained difference from production( \(\d+ explained\))?, by plan"
APP_STACK = StepName("app")
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A company whose production is applied, and whose clone `qa-live` was and is merged."""
    scratch = tmp_path_factory.mktemp("shop")
    server = GitHubServer(scratch / "github")
    with sandbox_aws(scratch / "aws") as aws, server.running(), ExitStack() as running:
        code = "".join(file.data.decode() for file in template().files.values())
        accounts = {
            each: running.enter_context(provider_process(aws.account_environment(each), code))
            for each in (PRODUCTION, CLONES)
        }
        found = Shop.create(scratch, aws, server, accounts)
        found.repo.put("envs/qa-live", clean("qa-live", "qa").files)
        found.apply_side_by_side((SOURCE, PRODUCTION), ("qa-live", CLONES))
        yield found


def clean(name: str, purpose: str, at: dict[str, str] | None = None) -> Draft:
    found = drafted(name, purpose, template(at))
    assert isinstance(found, Draft), found
    return found


# 1. QA: a change passed QA and broke production, because QA had no private zone.


def test_qa_can_not_be_asked_for_without_the_private_zone() -> None:
    found = drafted("qa-x", "qa", private_zone="false")
    assert isinstance(found, Refused)
    assert "aws_route53_zone.private" in found.reason
    assert "topology" in found.reason


@pytest.mark.provider
def test_a_zone_removed_by_hand_is_named_in_the_pull_request(shop: Shop) -> None:
    record = DNS[DNS.index('resource "aws_route53_record"') :]
    number = shop.propose(clean("qa-hand", "qa"), edits={"app/dns.tf": record})
    complaints = "\n".join(shop.complaints())
    assert "envs/qa-hand/app/dns.tf" in complaints
    assert "`app/aws_route53_zone.private[0]` is missing" in complaints
    planned = shop.plan(number, "qa-hand")
    assert planned.code == 1
    assert "`envs/qa-hand/app/dns.tf:" in planned.comment
    assert planned.checks["envclone/plan: qa-hand"][0] == "failure"


@pytest.mark.provider
def test_a_zone_removed_by_the_template_is_named_in_the_pull_request(shop: Shop) -> None:
    at = template(WITHOUT_ZONE_IN_QA)
    refused = drafted("qa-none", "qa", at)
    assert isinstance(refused, Refused)
    assert "aws_route53_zone.private" in refused.reason
    planned = shop.plan(shop.propose(rendered(clean("qa-none", "qa"), at), at), "qa-none")
    assert planned.code == 1
    assert "`app/aws_route53_zone.private[0]`" in planned.comment
    assert "must match `production` in topology" in planned.comment
    assert planned.causes("app/aws_route53_zone.private[0]", "") == ["purpose"]
    conclusion, title, _ = planned.checks["envclone/plan: qa-none"]
    assert (conclusion, title) == ("failure", "Parity does not hold: 1 broken contract")
    assert planned.checks["envclone/parity: qa-none"][0] == "failure"
    assert not shop.is_reviewed("qa-none"), "so that it can't be applied either"


@pytest.mark.provider
def test_a_zone_set_away_past_the_comment_is_named_in_the_pull_request(shop: Shop) -> None:
    draft = clean("qa-set", "qa")
    zone = ParameterName("private_zone")
    manifest = draft.manifest.model_copy(
        update={
            "parameters": {**draft.manifest.parameters, zone: False},
            "overrides": (*draft.manifest.overrides, zone),
        }
    )
    planned = shop.plan(shop.propose(rendered(replace(draft, manifest=manifest), template())), "qa-set")
    assert planned.code == 1
    assert "`app/aws_route53_zone.private[0]`" in planned.comment
    assert planned.causes("app/aws_route53_zone.private[0]", "") == ["private_zone"]
    assert planned.checks["envclone/parity: qa-set"][0] == "failure"


@pytest.mark.provider
def test_a_clone_with_the_zone_passes_and_resolves_the_same_private_names(shop: Shop) -> None:
    planned = shop.plan(shop.propose(clean("qa-live", "qa")), "qa-live")
    assert planned.code == 0, planned.comment
    assert (planned.unexplained, planned.parity["depth"]) == ([], "plan")
    names = {account: shop.private_names(account) for account in (PRODUCTION, CLONES)}
    assert names[CLONES].keys() == names[PRODUCTION].keys() == {"db.shop.internal."}
    assert names[CLONES] != names[PRODUCTION], "the same name, each with its own address"


# 2. Load test: a load test passed and production fell over, because the servers had another size.


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"instance_class": "t3.small"}, "instance_type"),
        ({"storage_type": "gp3"}, "volume_type"),
        ({"reads_max": "9"}, "max_capacity"),
        ({"reads_min": "1"}, "min_capacity"),
    ],
)
def test_a_load_test_can_not_be_asked_for_with_other_sizes(given: dict[str, str], place: str) -> None:
    found = drafted("load-x", "load-test", None, **given)
    assert isinstance(found, Refused)
    assert place in found.reason
    [name] = given
    assert f"--set {name}" in found.reason, "it says what causes it"


@pytest.mark.provider
def test_a_template_that_makes_a_load_test_smaller_is_found_by_the_plan(shop: Shop) -> None:
    at = template(SMALL_IN_LOAD_TEST)
    planned = shop.plan(shop.propose(rendered(clean("load-x", "load-test"), at), at), "load-x")
    assert planned.code == 1
    assert "must match `production` in sizes" in planned.comment
    assert "`app/aws_launch_template.app:instance_type`" in planned.comment
    assert planned.causes("app/aws_launch_template.app", "instance_type") == ["purpose"]


@dataclass(frozen=True)
class ProposedDemo:
    """A clean demo's pull request: its head, the commit that it was planned against, and its plan."""

    number: int
    head: str
    main: str
    planned: Planned


@pytest.fixture(scope="module")
def demo(shop: Shop) -> ProposedDemo:
    """Plan a clean demo, once for all that is asked of it."""
    number = shop.propose(clean("demo-x", "demo"))
    head, main = (shop.repo.git("rev-parse", commit).strip() for commit in ("HEAD", "origin/main"))
    return ProposedDemo(number, head, main, shop.plan(number, "demo-x"))


@pytest.mark.provider
def test_a_smaller_demo_passes_with_each_deviation_and_its_cause(shop: Shop, demo: ProposedDemo) -> None:
    planned = demo.planned
    assert planned.code == 0, planned.comment
    assert planned.causes("app/aws_launch_template.app", "instance_type") == ["instance_class"]
    assert planned.causes("app/aws_launch_template.app", "block_device_mappings[0].ebs[0].volume_type") == [
        "storage_type"
    ]
    assert planned.causes("app/aws_appautoscaling_target.reads", "max_capacity") == ["reads_max"]
    assert (
        "| `app/aws_launch_template.app:instance_type` | `m6i.xlarge` | `t3.small` | sizes | `instance_class`: set by the purpose |"
        in planned.comment
    )
    conclusion, title, summary = planned.checks["envclone/parity: demo-x"]
    assert conclusion == "success"
    assert re.fullmatch(HOLDS, title)
    certificate = read_certificate(summary)
    assert certificate is not None
    assert certificate.production_commit == demo.main
    assert shop.is_reviewed("demo-x", demo.head)


# 3. Demo: a customer was lost, because nobody could try the product without making real purchases.


def test_production_s_payments_can_not_be_asked_for() -> None:
    found = drafted("demo-x", "demo", payments_url="https://api.payments.example/v1")
    assert isinstance(found, Refused)
    assert "payments_url" in found.reason
    assert "outbound" in found.reason


@pytest.mark.provider
@pytest.mark.parametrize("way", LEAKS)
def test_production_reached_from_a_demo_is_found_in_the_pull_request(shop: Shop, way: str) -> None:
    path, text, what = LEAKS[way]
    at = template({path: text})
    name = f"demo-{way.replace(' ', '-')}"
    planned = shop.plan(shop.propose(rendered(clean(name, "demo"), at), at), name)
    assert planned.code == 1
    assert f"`envs/{name}/{path}:" in planned.comment
    assert what in planned.comment
    assert planned.checks[f"envclone/plan: {name}"][0] == "failure"
    assert not shop.is_reviewed(name), "nothing was executed"


# A certificate of a merged clone holds until production moves on.


@pytest.mark.provider
def test_a_certificate_stops_holding_when_production_moves_on(shop: Shop, demo: ProposedDemo) -> None:
    assert demo.planned.code == 0, demo.planned.comment
    merged = shop.merge(demo.number)
    assert shop.recertify() == {"demo-x": []}
    assert shop.certificate("demo-x") == (0, "plan", [])
    conclusion, title = shop.check(merged, "envclone/parity: demo-x")
    assert conclusion == "success"
    assert re.fullmatch(HOLDS, title)

    shop.change_production(reads_max=60)
    assert "production` has changed" in shop.recertify()["demo-x"][0]
    for commit in (merged, demo.head):
        conclusion, title = shop.check(commit, "envclone/parity: demo-x")
        assert (conclusion, title) == ("failure", "Certificate no longer valid: demo-x against production")
    assert shop.recertify() == shop.recertify(), "twice is as good as once"
    code, depth, because = shop.certificate("demo-x")
    assert (code, depth, len(because)) == (1, "plan", 1)


# Measured: every single change of a planned clone is found and told rightly, and clean clones give no alarm.

CHANCE = 20260304


@pytest.fixture(scope="module")
def real(shop: Shop) -> Real:
    """Real plans: a demo's, one of a clone with production's storage, and one at random to prove what is derived from these."""
    chosen = clean("demo-m", "demo"), clean("load-m", "load-test"), valid_clone(random.Random(CHANCE), "random-m")
    demo, load, proof = zip(
        chosen, map(shop.planned, chosen), strict=True
    )  # one after the other: one provider's process
    return Real((demo, load), proof)


@pytest.mark.provider
def test_every_single_change_of_a_plan_is_found_with_its_cause(
    shop: Shop, real: Real, record_property: Callable[[str, object], None]
) -> None:
    """Single changes of one real plan and of the clone's hooks, and parameters set to other values in plans derived from it."""
    told = measured(shop, *real.bases[0])
    record_property("measured", str(told))
    assert (told.missed, told.wrong) == ([], [])
    assert all(each.startswith("attribute removed ") for each in told.apart), told.apart
    assert told.right + len(told.apart) == told.tried.total()
    assert told.tried.total() >= 150
    assert set(told.tried) >= {
        "attribute",
        "block added",
        "block removed",
        "resource removed",
        "count",
        "hook",
        "parameter",
    }


@pytest.mark.provider
def test_no_false_alarm_by_plan_on_fifty_clean_clones_with_random_valid_parameters(
    shop: Shop, real: Real, record_property: Callable[[str, object], None]
) -> None:
    """Three real plans, and 50 derived from two of these; that the third, derived, is its own real plan proves the derivation."""
    proof, documents = real.proof
    assert changes(real.derived(proof)) == changes(documents)
    chance = random.Random(CHANCE + 1)
    clones = [valid_clone(chance, f"clone-{number}") for number in range(50)]
    for draft, documents in [*real.bases, real.proof, *((each, real.derived(each)) for each in clones)]:
        found = alike(shop.held(draft), documents)
        assert (found.parity.depth, found.parity.unexplained, found.parity.breaches) == ("plan", [], ())
        assert unwaived(found.leaks) == [], draft.manifest.parameters
        assert found.certificate is not None
    record_property(
        "measured", "parity by plan, 50 clean clones with random parameters (3 real plans, 50 derived): no false alarm"
    )


@pytest.mark.provider
def test_a_waived_difference_of_a_plan_stands_in_the_certificate(shop: Shop, real: Real) -> None:
    draft, documents = real.bases[0]
    held = shop.held(draft)
    app, inputs = documents[APP_STACK]
    other = alike(held, {**documents, APP_STACK: (app.replace(b'"t3.small"', b'"t3.large"'), inputs)})
    assert [each.attribute for each in other.parity.unexplained] == ["instance_type"]
    waiver = Waiver(
        what="app/aws_launch_template.app:instance_type",
        reason="A customer's screen recorder needs it.",
        owner=Login("alice"),
        expires_at=NOW + timedelta(days=3),
    )
    waiving = replace(held, manifest=held.manifest.model_copy(update={"waivers": (waiver,)}))
    waived = alike(waiving, {**documents, APP_STACK: (app.replace(b'"t3.small"', b'"t3.large"'), inputs)})
    assert waived.certificate is not None
    assert (waived.certificate.waivers, waived.certificate.holds_until) == ((waiver.what,), waiver.expires_at)
