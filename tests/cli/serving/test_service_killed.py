"""The service as a process: what a person sees, and what a kill at any point leaves behind (laws 4 and 5)."""

import shutil
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest
import yaml

from bot.names import EnvironmentName
from bot.sandbox.github.records.hooks import DeliveryRecord
from bot.sandbox.github.records.issues import IssueRecord
from tests.support.serving import PATIENCE, Moment, Serving, serving
from tests.support.small_monorepo import MAINTAINER, REPOSITORY

pytestmark = pytest.mark.e2e

PULLS = f"/repos/{REPOSITORY}/pulls$"
COMMENTS = f"/repos/{REPOSITORY}/issues/\\d+/comments$"


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A service that one test after the other has, and kills: its start is most of what such a test costs."""
    with serving(tmp_path_factory.mktemp("service")) as found:
        yield found


@pytest.fixture
def service(lasting: Serving) -> Serving:
    """The service, running also after a test that failed."""
    if lasting.process is None:
        lasting.start()
    return lasting


def proposed(service: Serving, name: str) -> list[IssueRecord]:
    """Return the pull requests that add a clone."""
    pulls = service.server.pulls(REPOSITORY)
    return [each for each in pulls if each.pull is not None and each.pull.head_ref == f"envclone/{name}"]


def clone(name: str) -> str:
    return f"/clone production as {name} for demo"


def commented(service: Serving) -> list[DeliveryRecord]:
    """Return the deliveries of comments."""
    return [each for each in service.server.deliveries if each.event == "issue_comment"]


def done(service: Serving, comment: int) -> bool:
    return any("is being planned" in reply for reply in service.replies(comment))


def reactions(service: Serving, comment: int) -> list[str]:
    return [reaction.content for reaction in service.server.reactions(comment)]


def test_a_comment_becomes_a_pull_request_and_one_status_comment(service: Serving) -> None:
    comment = service.comment(f"Hi!\n\n{clone('demo-x')}")
    service.until(lambda: done(service, comment))
    (pull,) = proposed(service, "demo-x")
    assert pull.title == "Clone production as demo-x for demo"
    service.until(lambda: reactions(service, comment) == ["rocket"])
    service.server.close(REPOSITORY, pull.number, by=MAINTAINER)
    service.until(lambda: "closed without merging" in service.replies(comment)[0])
    service.until(lambda: service.server.head(REPOSITORY, "envclone/demo-x") is None)
    assert len(service.replies(comment)) == 1
    # Its address is in the log's lines about its job; the commit, the runs' logs and the ledger have it, too.
    told = [line for line in service.log.read_text().splitlines() if f'"request": "{service.server.url}/' in line]
    assert any(f"#issuecomment-{comment}" in line for line in told)


def test_mistakes_and_strangers_get_one_answer(service: Serving) -> None:
    service.server.add_user("eve", REPOSITORY, "read")
    before = service.server.pulls(REPOSITORY)
    mistake, forbidden, remark = (
        service.comment("/clnoe production as demo-y"),
        service.comment(clone("demo-eve"), by="eve"),
        service.comment("nice!"),
    )
    service.until(lambda: service.replies(mistake) and service.replies(forbidden))
    assert "Did you mean `/clone`?" in service.replies(mistake)[0]
    assert "requires the `write` permission" in service.replies(forbidden)[0]
    assert service.replies(remark) == []
    assert service.server.pulls(REPOSITORY) == before


def test_a_redelivered_comment_is_carried_out_once(service: Serving) -> None:
    comment = service.comment(clone("demo-again"))
    service.until(lambda: done(service, comment))
    before = len(service.server.pulls(REPOSITORY))
    for delivery in commented(service):
        service.server.redeliver(delivery.id)
    after = service.comment("/list")
    service.until(lambda: service.replies(after))
    assert len(service.server.pulls(REPOSITORY)) == before
    assert (len(proposed(service, "demo-again")), len(service.replies(comment))) == (1, 1)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/repos/{REPOSITORY}/issues/comments/\\d+$"),
        ("POST", f"/repos/{REPOSITORY}/issues/comments/\\d+/reactions$"),
        ("GET", "/permission$"),
        ("POST", "/git-upload-pack$"),
        ("POST", "/git-receive-pack$"),
        ("POST", PULLS),
        ("POST", COMMENTS),
    ],
)
def test_law_4_killed_at_any_point_and_restarted_nothing_is_lost_or_done_twice(
    service: Serving, method: str, path: str, when: str
) -> None:
    name = f"demo-{len(service.server.pulls(REPOSITORY))}"
    service.guillotine.arm(Moment(method, path, "before" if when == "before" else "after"), service.kill)
    comment = service.comment(clone(name))
    assert service.guillotine.fell.wait(PATIENCE), "the job never got there"
    service.start()
    service.until(lambda: done(service, comment))
    after = service.comment("/list")
    service.until(lambda: service.replies(after))
    heads = [pull.pull.head_ref for pull in service.server.pulls(REPOSITORY) if pull.pull is not None]
    assert heads.count(f"envclone/{name}") == 1
    assert len(heads) == len(set(heads))
    assert len(service.replies(comment)) == 1
    service.until(lambda: reactions(service, comment) == ["rocket"])


def test_a_comment_that_was_written_while_nothing_ran_is_carried_out_once_after_the_start(service: Serving) -> None:
    service.kill()
    before = len(commented(service))
    missed = service.comment(clone("demo-missed"))
    service.until(lambda: len(commented(service)) > before)
    service.start()
    service.until(lambda: done(service, missed))
    after = service.comment("/list")
    service.until(lambda: service.replies(after))
    service.kill()
    service.start()  # and looks back over both
    again = service.comment("/list")
    service.until(lambda: service.replies(again))
    assert len(proposed(service, "demo-missed")) == 1
    assert [len(service.replies(each)) for each in (missed, after, again)] == [1, 1, 1]


def test_databases_and_mirrors_deleted_in_the_middle_of_a_clone_lose_and_double_nothing(service: Serving) -> None:
    def lose() -> None:
        for each in Path(service.environment["ENVCLONE_DATA_DIR"]).iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()

    service.guillotine.arm(Moment("POST", PULLS, "after"), lose)
    during = service.comment(clone("demo-lost"))
    service.until(lambda: done(service, during))
    after = service.comment(clone("demo-after-loss"))
    service.until(lambda: done(service, after))
    again = service.comment("/list")
    service.until(lambda: service.replies(again))
    assert [len(proposed(service, name)) for name in ("demo-lost", "demo-after-loss")] == [1, 1]
    assert [len(service.replies(each)) for each in (during, after, again)] == [1, 1, 1]


def test_law_5_fifty_clones_asked_for_at_once_don_t_collide(service: Serving) -> None:
    names = [EnvironmentName(f"load-{number}") for number in range(50)]
    comments = [service.comment(clone(name)) for name in names]
    service.until(lambda: all(proposed(service, name) for name in names))
    service.until(lambda: all(service.replies(comment) for comment in comments))
    assert all(len(proposed(service, name)) == 1 for name in names)
    assert all(len(service.replies(comment)) == 1 for comment in comments)
    networks = set()
    for name in names:
        manifest = service.server.read(REPOSITORY, f"envs/{name}/environment.yaml", ref=f"envclone/{name}")
        assert manifest is not None
        networks.add(IPv4Network(yaml.safe_load(manifest)["parameters"]["vpc_cidr"]))
    assert len(networks) == 50


# The last one here, for the service that it leaves looks back every other second.
def test_what_happened_on_a_pull_request_while_nothing_ran_is_known_after_the_start(service: Serving) -> None:
    comment = service.comment(clone("demo-closed"))
    service.until(lambda: done(service, comment))
    (pull,) = proposed(service, "demo-closed")
    service.kill()
    service.server.close(REPOSITORY, pull.number, by=MAINTAINER)
    service.server.settle()
    service.environment["ENVCLONE_LOOK_BACK_EVERY"] = "2s"  # the first time the door may not be open yet
    service.start()
    del service.environment["ENVCLONE_LOOK_BACK_EVERY"]
    service.until(lambda: service.server.head(REPOSITORY, "envclone/demo-closed") is None)
    service.until(lambda: "closed without merging" in service.replies(comment)[0])
    assert len(service.replies(comment)) == 1
