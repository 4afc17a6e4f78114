"""From a comment to a pull request, on a real repository over HTTP (laws 4 and 5)."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from bot.clients.git.claims import claim_ref
from bot.clients.git.remote import Moved
from bot.clients.github import GitHub, Token
from bot.core.parity.certificate import CertifiedSubject, certify
from bot.core.parity.report import Parity
from bot.core.rendering.inventory import Claim
from bot.core.rendering.verify import verify
from bot.core.requests.branches import Branch, branch_of
from bot.core.requests.commit_trailers import read
from bot.core.requests.refusal import Refused
from bot.names import EnvironmentName, ParameterName, TemplateName
from bot.runs.plan.recertify import said
from bot.service.branch_cleanup import release_branch
from bot.service.command_job import Accepted, AcceptedCommand, accept
from bot.service.commands.clone import CloneJob, Published, publish_clone
from bot.service.commands.lost_race import learn
from bot.service.proposals.drafting import OthersClaims
from bot.service.repository import repository_at_head
from tests.support import example
from tests.support.clone_calls import MOST, clone_calls
from tests.support.patience import PATIENCE
from tests.support.small_monorepo import MAINTAINER, READER, REPOSITORY, SmallMonorepo
from tests.support.triggers import checked, deployed

CIDR = ParameterName("vpc_cidr")
NAME = EnvironmentName("demo-x")
VALUES = "templates/shop/app/terraform.tfvars.json.j2"
CLONE = Branch("clone", NAME)


def published(place: SmallMonorepo, name: str = "demo-x", comment: int = 1) -> Published:
    outcome = publish_clone(place.repository(), example.asked(name, comment))
    assert isinstance(outcome, Published), outcome
    return outcome


def network(place: SmallMonorepo, clone: Published) -> str:
    """Return the value that was allocated to a published clone."""
    name = EnvironmentName(clone.pull_request.head.removeprefix("envclone/"))
    return str(place.repository().at(clone.commit).source(name).parameters[CIDR])


def refs(place: SmallMonorepo, prefix: str = "") -> dict[str, str]:
    found = place.service.context.mirror(REPOSITORY).refs()
    return {ref: commit for ref, commit in found.items() if ref.startswith(prefix)}


@pytest.mark.sample
def test_clone_opens_a_pull_request_that_adds_one_rendered_directory(place: SmallMonorepo) -> None:
    reply = place.say("Hello!\n\n/clone production as demo-x for demo --ttl 14d")
    (pull,) = place.server.pulls(REPOSITORY)
    assert reply is not None
    assert "`demo-x` is being planned" in reply
    assert pull.title == "Clone production as demo-x for demo"
    changes = place.server.files(REPOSITORY, pull.number)
    assert {change.path.split("/")[1] for change in changes} == {"demo-x"}
    assert all(change.status == "added" for change in changes)
    repo = place.repository()
    files = repo.at(repo.mirror.proposals()["demo-x"]).environment(NAME)
    assert verify(NAME, files, example.template()) == []
    # By this address a request is found in the service's log and, through the commit, in the runs' logs and the ledger.
    trailers = read(repo.mirror.history.message(repo.mirror.proposals()["demo-x"]))
    assert trailers is not None
    assert "#issuecomment-" in trailers.url
    assert files["hooks/seed"].executable


def test_the_commit_says_who_asked_and_where(place: SmallMonorepo) -> None:
    commit = published(place).commit
    message = place.service.context.mirror(REPOSITORY).history.message(commit)
    assert "Requested-by: alice" in message
    assert "Requested-at: https://github.example/acme/infra/issues/7#c1" in message


@pytest.mark.sample
def test_law_4_the_same_request_twice_leaves_github_as_once(place: SmallMonorepo) -> None:
    comment = place.comment("/clone production as demo-x")
    event = place.event(comment, "/clone production as demo-x")
    first = place.work(event)
    before = refs(place), place.server.comments(REPOSITORY, place.issue), place.server.pulls(REPOSITORY)
    second = place.work(event)
    assert second.results["publish"] == first.results["publish"].model_copy(update={"is_new": False})
    assert (refs(place), place.server.comments(REPOSITORY, place.issue), place.server.pulls(REPOSITORY)) == before
    assert len(place.server.reactions(comment)) == 1
    assert place.reply(comment) is not None


@pytest.mark.parametrize("killed_after", ["accept", "publish", "propose", "settle"])
def test_law_4_a_job_killed_after_any_step_and_run_again_leaves_github_as_once(
    place: SmallMonorepo, killed_after: str
) -> None:
    body = "/clone production as demo-x"
    comment = place.comment(body)
    event = place.event(comment, body)
    place.work(event, killed_after)  # the effect happened; its record is lost, and everything starts anew
    place.work(event)
    assert len(place.server.pulls(REPOSITORY)) == 1
    assert place.reply(comment) is not None
    assert [reaction.content for reaction in place.server.reactions(comment)] == ["rocket"]
    assert len(refs(place, "refs/heads/envclone/")) == 1
    assert len(refs(place, "refs/envclone/claims/")) == 1


def test_law_4_a_report_that_is_run_again_takes_nothing_back_that_was_said_meanwhile(place: SmallMonorepo) -> None:
    body = "/clone production as demo-x"
    comment = place.comment(body)
    place.work(place.event(comment, body), killed_after="propose")
    checked(place, place.server.pulls(REPOSITORY)[0].number)
    place.work(place.event(comment, body))
    assert "ready for review" in (place.reply(comment) or "")


def test_what_a_push_just_made_is_proposed_once_though_the_step_is_tried_again(place: SmallMonorepo) -> None:
    body = "/clone production as demo-x"
    comment = place.comment(body)
    job, event = CloneJob(place.service.context), place.event(comment, body)
    accepted = accept(place.service.context, event)
    assert isinstance(accepted, AcceptedCommand)
    asked = Accepted(accepted.command, accepted.request, event.created_at)
    pushed = job.publish(asked)
    assert isinstance(pushed, Published)
    for _ in range(2):
        job.propose(asked, pushed, is_unanswered=True)
    assert len(place.server.pulls(REPOSITORY)) == 1
    assert "`demo-x` is being planned" in (place.reply(comment) or "")
    # Killed before its result was written down, and a person closed the pull request before anybody went on.
    place.server.close(REPOSITORY, place.server.pulls(REPOSITORY)[0].number, by=MAINTAINER)
    CloneJob(place.service.context).propose(asked, pushed, is_unanswered=True)
    assert [pull.state for pull in place.server.pulls(REPOSITORY)] == ["closed"]
    assert "closed without merging" in (place.reply(comment) or "")


def test_whoever_was_told_of_a_wait_gets_no_second_reply(place: SmallMonorepo) -> None:
    body = "/clone production as demo-x"
    comment = place.comment(body)
    request = place.service.plan_of("delivery-1", place.event(comment, body))
    assert request is not None
    place.service.waiting(request, datetime.now(UTC), is_limit=False)
    assert "Not done yet" in (place.reply(comment) or "")
    place.work(request.event, answered=True)
    assert "`demo-x` is being planned" in (place.reply(comment) or "")


def test_a_name_proposed_by_another_request_is_refused(place: SmallMonorepo) -> None:
    place.say("/clone production as demo-x")
    reply = place.say("/clone production as demo-x")
    assert reply is not None
    assert "open pull request" in reply
    assert "/clone production as demo-x-2" in reply
    assert len(place.server.pulls(REPOSITORY)) == 1


@pytest.mark.parametrize("clones", [12, pytest.param(40, marks=pytest.mark.exhaustive)])
def test_law_5_clones_asked_for_at_once_of_two_replicas_get_different_networks(
    clones: int, place: SmallMonorepo, tmp_path: Path
) -> None:
    replicas = [
        place.service.context,
        replace(place.service.context, mirrors_directory=tmp_path / "other", _mirrors={}),
    ]

    def publish(number: int) -> Published:
        outcome = publish_clone(
            repository_at_head(replicas[number % 2], REPOSITORY), example.asked(f"demo-{number}", number)
        )
        assert isinstance(outcome, Published), outcome
        return outcome

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(publish, range(1, clones + 1)))
    networks = {IPv4Network(network(place, outcome)) for outcome in outcomes}
    assert len(networks) == clones
    assert len(refs(place, "refs/heads/envclone/")) == clones
    assert len(refs(place, "refs/envclone/claims/vpc_cidr/")) == clones


@pytest.mark.sample
def test_law_5_whoever_loses_the_race_for_a_value_takes_another(place: SmallMonorepo) -> None:
    first = published(place)
    value = network(place, first)
    # Somebody else holds the branch's claim although no branch shows it, as in the moment between a draft and its push.
    place.server.delete_branch(REPOSITORY, branch_of(NAME), by="alice")
    place.service.context.mirror(REPOSITORY).history.message(first.commit)
    blocked = publish_clone(place.repository(), example.asked("demo-y", 2, set={CIDR: value}))
    assert isinstance(blocked, Published)  # the holder is gone, so its claim is free again


def test_law_5_a_value_given_by_hand_that_another_holds_is_refused(place: SmallMonorepo) -> None:
    value = network(place, published(place))
    reply = place.say(f"/clone production as demo-y --set vpc_cidr={value}")
    assert reply is not None
    assert "`demo-x` already uses it" in reply
    assert reply.endswith("/clone production as demo-y\n```")


def test_a_closed_pull_request_gives_back_its_name_and_values(place: SmallMonorepo) -> None:
    place.say("/clone production as demo-x")
    (pull,) = place.server.pulls(REPOSITORY)
    assert not release_branch(place.repository(), CLONE)
    place.server.close(REPOSITORY, pull.number, by="alice")
    assert release_branch(place.repository(), CLONE)
    assert refs(place, "refs/heads/envclone/") == {}
    assert refs(place, "refs/envclone/") == {}
    assert not release_branch(place.repository(), CLONE)
    place.say("/clone production as demo-x")
    assert len(place.server.pulls(REPOSITORY)) == 2


def test_claims_left_over_by_a_lost_event_are_taken_over(place: SmallMonorepo) -> None:
    first = published(place)
    place.server.delete_branch(REPOSITORY, branch_of(NAME), by="alice")  # by hand, so nobody withdrew the claim
    again = published(place, comment=2)
    assert network(place, again) == network(place, first)
    (claim,) = refs(place, "refs/envclone/claims/").values()
    assert claim == again.commit


def test_law_5_a_value_that_was_merged_while_a_race_is_thought_over_is_not_left_over(place: SmallMonorepo) -> None:
    first = published(place)
    claim = Claim(CIDR, network(place, first))
    fetched, others = place.repository(), OthersClaims()
    pull = place.service.context.github.ensure_pull_request(REPOSITORY, first.pull_request)
    place.server.merge(REPOSITORY, pull.number, by=MAINTAINER)
    learn(fetched, Moved((claim_ref(claim),)), others)
    assert (others.taken, others.left_over) == ({claim: NAME}, {})


def test_a_reader_may_not_clone(place: SmallMonorepo) -> None:
    reply = place.say("/clone production as demo-x", by=READER)
    assert reply is not None
    assert "`write`" in reply
    assert place.server.pulls(REPOSITORY) == []


def test_an_edited_comment_is_not_carried_out(place: SmallMonorepo) -> None:
    comment = place.comment("/clone production as demo-x")
    event = place.event(comment, "/clone production as demo-x")
    later = place.server.forge.state.clock() + timedelta(seconds=2)
    place.server.forge.state.clock = lambda: later  # GitHub counts in seconds, so an edit shows a second later
    place.server.edit_comment(comment, "/clone production as demo-z", by="alice")
    place.work(event)
    assert "edited" in (place.reply(comment) or "")
    assert place.server.pulls(REPOSITORY) == []


def test_a_deleted_comment_is_not_carried_out(place: SmallMonorepo) -> None:
    comment = place.comment("/clone production as demo-x")
    event = place.event(comment, "/clone production as demo-x")
    place.server.delete_comment(comment, by="alice")
    place.work(event)
    assert place.server.pulls(REPOSITORY) == []


@pytest.mark.sample
def test_reading_commands_answer(place: SmallMonorepo) -> None:
    place.say("/clone production as demo-x for qa")
    listing = place.say("/list") or ""
    assert "`production`" in listing
    assert "`demo-x`" in listing
    assert "being planned" in (place.say("/status demo-x") or "")
    assert "being planned" in (place.say("/status") or "")
    assert "- **Stage:** no apply is known" in (place.say("/status production") or "")
    deployed(place, "production", "success", place.server.head(REPOSITORY) or "")
    live = place.say("/status production") or ""
    assert "- **Stage:** live\n- **Last run:** [its log](" in live
    assert "- **Pull request:** [#" in (place.say("/status demo-x") or "")
    assert "Did you mean `demo-x`?" in (place.say("/status demo-y") or "")
    text = place.say("/help") or ""
    assert "/clone <source>[@<at>] as <name>" in text.replace("\\", "")
    assert "load-test" in text
    assert place.say("just a remark with /clone inside") is None


def test_the_status_says_whether_the_clone_is_still_what_it_was_cloned_from(place: SmallMonorepo) -> None:
    place.say("/clone production as demo-x for qa")
    assert "not certified" in (place.say("/status demo-x") or "")
    token = place.server.workflow_token(REPOSITORY, {"contents": "read", "checks": "write"})
    actions = GitHub(Token(token, "github-actions[bot]"), api_url=f"{place.server.url}/api/v3")
    pull = place.server.pulls(REPOSITORY)[0]
    assert pull.pull is not None
    head, main = pull.pull.head_sha, place.repository()
    environments = main.mirror.entries(head, "envs")
    now = datetime.now(UTC)
    subject = CertifiedSubject(
        head,
        environments["demo-x"],
        main.commit,
        environments["production"],
        TemplateName("shop"),
        main.template(TemplateName("shop")).revision,
    )
    parity = Parity(EnvironmentName("demo-x"), EnvironmentName("production"), "plan", 100, ())
    actions.put_check(REPOSITORY, head, "envclone/parity: demo-x", said(certify(parity, (), subject, now)))
    assert f"no unexplained difference from `production` at `{main.commit[:12]}`, by plan" in (
        place.say("/status demo-x") or ""
    )
    stale = replace(subject, production_code="0" * 40)
    actions.put_check(REPOSITORY, head, "envclone/parity: demo-x", said(certify(parity, (), stale, now)))
    assert "**stale**: `production` has changed" in (place.say("/status demo-x") or "")

    place.server.merge(REPOSITORY, pull.number, by=MAINTAINER)
    later = now + timedelta(minutes=1)
    actions.put_check(REPOSITORY, head, "envclone/parity: demo-x", said(certify(parity, (), subject, later)))
    place.say("/set demo-x app_min=3")
    changed = place.server.pulls(REPOSITORY)[-1]
    assert changed.pull is not None
    proposed = changed.pull.head_sha
    would_be = replace(subject, commit=proposed, code=place.repository().mirror.entries(proposed, "envs")["demo-x"])
    newest = said(certify(parity, (), would_be, later + timedelta(minutes=1)))
    actions.put_check(REPOSITORY, proposed, "envclone/parity: demo-x", newest)
    assert "no unexplained difference" in (place.say("/status demo-x") or "")


def test_a_dry_run_shows_everything_and_creates_nothing(place: SmallMonorepo) -> None:
    before = refs(place)
    reply = place.say("/clone production as demo-x for demo --dry-run") or ""
    assert "nothing was created" in reply
    assert "└── " in reply
    assert "`db_class`" in reply
    assert "`smoke`" in reply
    assert refs(place) == before
    assert place.server.pulls(REPOSITORY) == []


def test_the_pull_request_counts_its_own_files_and_names_what_the_code_reaches_as_productions_does(
    place: SmallMonorepo,
) -> None:
    code = b'module "m" {\n  source = "../../../modules/m"\n  to     = "ops@acme.example"\n}\n'
    files = {
        "templates/shop/app/more.tf": code,
        "envs/production/app/more.tf": code,
        "modules/m/main.tf": b'variable "to" {}\n',
    }
    place.server.commit(REPOSITORY, files, by="alice", message="Mail somebody")
    named = "Every environment reaches `ops@acme.example` (`app/more.tf:3`)."
    assert named in (place.say("/clone production as demo-x for demo --dry-run") or "")
    body = published(place).pull_request.body
    own = place.repository().at(place.repository().mirror.proposals()["demo-x"]).environment(NAME)
    assert f"({len(own)} files)" in body
    assert f"- {named}" in body


@pytest.mark.sample
def test_a_mistake_gets_one_reply_with_the_line_to_paste(place: SmallMonorepo) -> None:
    reply = place.say("/clone production as demo-x for dmeo")
    assert reply is not None
    assert "/clone production as demo-x for demo" in reply
    assert "Did you mean" in (place.say("/clnoe production as demo-x") or "")
    assert "2 commands" in (place.say("/list\n/help") or "")


def test_the_mirror_holds_no_token(place: SmallMonorepo) -> None:
    published(place)
    token = place.service.context.github.git_credentials(REPOSITORY)[1]
    directory = place.service.context.mirrors_directory
    found = subprocess.run(["grep", "-rFl", token, str(directory)], capture_output=True, check=False, timeout=PATIENCE)
    assert found.stdout == b""


def test_an_environment_that_cannot_be_read_hides_no_other(place: SmallMonorepo) -> None:
    place.say("/clone production as demo-x")
    place.server.commit(
        REPOSITORY, {"envs/broken/environment.yaml": b"name: [\n"}, by=MAINTAINER, message="Break one", branch="main"
    )
    listed = place.say("/list") or ""
    assert "| `production` |" in listed
    assert "| `demo-x` |" in listed
    assert "- `envs/broken/environment.yaml:2`: " in listed
    assert "- **Owner:** alice\n" in (place.say("/status demo-x") or "")
    assert "`envs/broken/environment.yaml:2`" in (place.say("/status broken") or "")
    assert "`demo-z` is being planned" in (place.say("/clone production as demo-z") or ""), (
        "it keeps nobody from a clone"
    )


@pytest.mark.sample
def test_one_clone_costs_no_more_calls_than_it_must(tmp_path: Path) -> None:
    found, most = asdict(clone_calls(tmp_path)), asdict(MOST)
    assert {name: count for name, count in found.items() if count > most[name]} == {}
    assert min(found.values()) > 0, "whoever counts nothing proves nothing"


@pytest.mark.parametrize("later_first", [True, False])
def test_law_5_two_at_once_under_a_parameters_old_and_new_name_do_not_get_one_network(
    place: SmallMonorepo, *, later_first: bool
) -> None:
    # Each is drafted as though the other were not there yet, so git alone is the referee.
    only = example.DECLARATION.replace("pool: 10.64.0.0/16", "pool: 10.64.0.0/24").encode()
    changes = {"templates/shop/template.yaml": only}
    place.server.commit(REPOSITORY, changes, by="alice", message="Have one network")
    before = place.repository()
    changes = {
        "templates/shop/template.yaml": only.replace(b"vpc_cidr: {", b"network: {renamed_from: [vpc_cidr], "),
        VALUES: example.template_files()["app/terraform.tfvars.json.j2"].data.replace(b"{{ vpc_cidr", b"{{ network"),
    }
    place.server.commit(REPOSITORY, changes, by="alice", message="Call it a network")
    after = place.repository()
    asked = [(after, example.asked("demo-x", 1)), (before, example.asked("demo-y", 2))]
    first, second = (publish_clone(*each) for each in (asked if later_first else asked[::-1]))
    assert isinstance(first, Published), first
    assert isinstance(second, Refused), second
    assert "No value is free" in second.reason
