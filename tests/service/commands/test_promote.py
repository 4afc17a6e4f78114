"""`/promote`: from a comment to the pull request that brings what a clone proved into its source (law 4)."""

import pytest

from bot.core.requests.branches import branch_of
from bot.core.requests.commit_trailers import AsIn
from bot.model.environment import Manifest
from bot.names import EnvironmentName, ParameterName
from bot.sandbox.github.records.issues import IssueRecord
from bot.service.versions.evidence import evidence_of
from tests.support import example
from tests.support.small_monorepo import READER, REPOSITORY, SmallMonorepo
from tests.support.triggers import deployed, forged, merged

PRODUCTION = EnvironmentName("production")
CHANGE = branch_of(PRODUCTION, "change")
MAIN = "templates/shop/app/main.tf"
SECURE = example.MAIN.replace(b'"String"', b'"SecureString"')
DECLARATION = "templates/shop/template.yaml"


@pytest.fixture
def tried(live: SmallMonorepo) -> SmallMonorepo:
    """A repository with `demo-x` live, in which somebody tried other values."""

    def change() -> None:
        live.say("/set demo-x greeting=salve db_class=medium payments_url=https://payments.invalid/other")
        merged(live, last(live).number)
        deployed(live, "demo-x", "success", head(live, last(live)))

    live.reach("tried", change)
    return live


def last(place: SmallMonorepo) -> IssueRecord:
    return place.server.pulls(REPOSITORY)[-1]


def head(place: SmallMonorepo, pull: IssueRecord) -> str:
    found = place.service.context.github.pull_request(example.REPOSITORY, pull.number)
    assert found is not None
    return found.head_sha


def proposed_production(place: SmallMonorepo) -> Manifest:
    found = place.repository().at(place.server.head(REPOSITORY, CHANGE) or "").manifest(PRODUCTION)
    assert found is not None
    return found


def value(place: SmallMonorepo, name: str) -> object:
    return proposed_production(place).parameters[ParameterName(name)]


@pytest.mark.sample
def test_promote_proposes_the_values_that_were_given_by_hand_with_the_evidence(tried: SmallMonorepo) -> None:
    reply = tried.say("/promote demo-x") or ""
    assert "The change to `production` is being planned" in reply
    pull = last(tried)
    body = pull.body or ""
    assert pull.title == "Change production: greeting"
    assert "### Proved in `demo-x`" in body
    assert "- **Applied:** 20" in body
    assert "What the steps and probes of demo-x reported" in body
    assert "- **Certificate:** not certified against its source" in body
    assert "| `greeting` | `hello` | `salve` |" in body
    assert value(tried, "db_class") == "large"
    assert value(tried, "payments_url") == "https://payments.acme.example/v1"


def test_a_value_that_a_purpose_sets_or_that_reaches_outside_goes_only_by_name(tried: SmallMonorepo) -> None:
    tried.say("/promote demo-x db_class payments_url")
    assert value(tried, "db_class") == "medium"
    assert value(tried, "greeting") == "hello"
    assert "**These reach systems outside the environment**: `payments_url`." in (last(tried).body or "")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/promote demo-x vpc_cidr", "`vpc_cidr` can't be promoted: it identifies the environment"),
        ("/promote demo-x no_such", "`demo-x` has no parameter `no_such`. It has `name`"),
        ("/promote demo-x zones", "`zones` of `production` equal those of `demo-x` already"),
        ("/promote production", "`production` was not cloned from anything"),
        ("/promote demo-y", "Did you mean `demo-x`?"),
    ],
)
def test_what_can_not_be_promoted_is_refused_with_what_to_type(tried: SmallMonorepo, command: str, said: str) -> None:
    count = len(tried.server.pulls(REPOSITORY))
    assert said in (tried.say(command) or "")
    assert len(tried.server.pulls(REPOSITORY)) == count


def test_only_what_was_applied_as_it_is_counts_as_proved(live: SmallMonorepo) -> None:
    assert "was never applied" in (live.say("/promote demo-x") or "")
    forged(live, "demo-x", head(live, last(live)))
    assert "was never applied" in (live.say("/promote demo-x") or "")
    deployed(live, "demo-x", "in_progress", head(live, last(live)))
    assert "is being applied" in (live.say("/promote demo-x") or "")
    deployed(live, "demo-x", "failure", head(live, last(live)), "app failed")
    assert "Comment `/resume demo-x`" in (live.say("/promote demo-x") or "")
    deployed(live, "demo-x", "success", head(live, last(live)))
    assert "runs no newer revision" in (live.say("/promote demo-x") or "")
    live.say("/set demo-x greeting=salve")
    merged(live, last(live).number)
    assert "has changed on the default branch since its last apply" in (live.say("/promote demo-x") or "")
    live.written(last(live).number)


def test_a_newer_revision_of_the_template_is_promoted_with_what_it_asks_for(live: SmallMonorepo) -> None:
    asked = "  region: {type: string, description: The region.}\n  mail: {type: string, outbound: true, description: The mail.}\n"
    more = example.DECLARATION.replace("  zones:", f"{asked}  zones:")
    live.server.commit(REPOSITORY, {MAIN: SECURE, DECLARATION: more.encode()}, by="alice", message="Encrypt")
    live.say("/sync demo-x --set region=eu-west-1 --set mail=https://mail.invalid/sink")
    merged(live, last(live).number)
    deployed(live, "demo-x", "success", head(live, last(live)))
    live.server.commit(REPOSITORY, {MAIN: SECURE + b"# not tried\n"}, by="alice", message="Not tried")
    assert "Comment `/promote demo-x` first" in (live.say("/promote demo-x region") or "")
    # What reaches outside a clone never gives: it is asked for there, as a sync does.
    assert "**It waits for values:** comment `/set production mail=…`." in (live.say("/promote demo-x") or "")
    assert last(live).title == "Sync production: values are missing"
    assert "### Proved in `demo-x`" in (last(live).body or "")
    live.say("/set production mail=https://mail.acme.example/v1")
    tried_one = live.repository().manifest(EnvironmentName("demo-x"))
    assert tried_one is not None
    assert proposed_production(live).revision == tried_one.revision
    assert (value(live, "region"), value(live, "mail")) == ("eu-west-1", "https://mail.acme.example/v1")
    assert "### What the template changed" in (last(live).body or "")
    assert "### Proved in `demo-x`" in (last(live).body or "")


def test_what_a_trailer_says_of_another_branch_is_no_evidence(tried: SmallMonorepo) -> None:
    inside = tried.server.commit(REPOSITORY, {MAIN: SECURE}, by="alice", message="Mine", branch="someone")
    repo = tried.repository()
    assert evidence_of(repo, AsIn(EnvironmentName("demo-x"), repo.at(inside).commit)) is None
    assert evidence_of(repo, AsIn(EnvironmentName("demo-x"), repo.commit)) is not None


@pytest.mark.parametrize("killed_after", ["accept", "publish", "propose", "report"])
def test_law_4_a_promotion_killed_after_any_step_and_run_again_is_made_once(
    tried: SmallMonorepo, killed_after: str
) -> None:
    count = len(tried.server.pulls(REPOSITORY))
    comment = tried.comment("/promote demo-x")
    tried.work(tried.event(comment, "/promote demo-x"), killed_after)
    tried.work(tried.event(comment, "/promote demo-x"))
    assert len(tried.server.pulls(REPOSITORY)) == count + 1
    assert value(tried, "greeting") == "salve"
    assert tried.reply(comment) is not None


def test_a_reader_may_not_promote_and_a_bare_verb_is_another_bot_s(live: SmallMonorepo) -> None:
    assert "requires the `write` permission" in (live.say("/promote demo-x", by=READER) or "")
    assert "| `[<keys>…]` |" in (live.say("/help promote") or "")
    assert live.say("/promote") is None
