"""The service as a process: what a person sees, and what a kill at any point leaves behind (laws 4 and 5)."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest
import yaml

from bot.names import EnvironmentName
from tests.support.serving import PATIENCE, Moment, Serving, serving
from tests.support.small_monorepo import MAINTAINER, REPOSITORY

pytestmark = pytest.mark.e2e

COMMAND = "/clone production as demo-x for demo"
PULLS = f"/repos/{REPOSITORY}/pulls$"
COMMENTS = f"/repos/{REPOSITORY}/issues/\\d+/comments$"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A service that is killed and comes back in one test after the other: its start is most of what such a test costs."""
    with serving(tmp_path_factory.mktemp("killed")) as found:
        yield found


def done(service: Serving, comment: int) -> bool:
    return any("is planning" in reply for reply in service.replies(comment))


def reactions(service: Serving, comment: int) -> list[str]:
    return [reaction.content for reaction in service.server.reactions(comment)]


def test_a_comment_becomes_a_pull_request_and_one_status_comment(service: Serving) -> None:
    comment = service.comment(f"Hi!\n\n{COMMAND}")
    service.until(lambda: done(service, comment))
    (pull,) = service.server.pulls(REPOSITORY)
    assert pull.title == "Clone production as demo-x for demo"
    service.until(lambda: reactions(service, comment) == ["rocket"])
    service.server.close(REPOSITORY, pull.number, by=MAINTAINER)
    service.until(lambda: "closed without merging" in service.replies(comment)[0])
    service.until(lambda: service.server.head(REPOSITORY, "envclone/demo-x") is None)
    assert len(service.replies(comment)) == 1


def test_mistakes_and_strangers_get_one_answer(service: Serving) -> None:
    service.server.add_user("eve", REPOSITORY, "read")
    mistake, forbidden, remark = (
        service.comment("/clnoe production as demo-x"),
        service.comment(COMMAND, by="eve"),
        service.comment("nice!"),
    )
    service.until(lambda: service.replies(mistake) and service.replies(forbidden))
    assert "Did you mean `/clone`?" in service.replies(mistake)[0]
    assert "requires the `write` permission" in service.replies(forbidden)[0]
    assert service.replies(remark) == []
    assert service.server.pulls(REPOSITORY) == []


def test_a_redelivered_comment_is_carried_out_once(service: Serving) -> None:
    comment = service.comment(COMMAND)
    service.until(lambda: done(service, comment))
    for delivery in [d for d in service.server.deliveries if d.event == "issue_comment"]:
        service.server.redeliver(delivery.id)
    after = service.comment("/list")
    service.until(lambda: service.replies(after))
    assert len(service.server.pulls(REPOSITORY)) == 1
    assert len(service.replies(comment)) == 1


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
    killed: Serving, method: str, path: str, when: str
) -> None:
    if killed.process is None:  # an earlier test failed
        killed.start()
    name = f"demo-{len(killed.server.pulls(REPOSITORY))}"
    killed.guillotine.arm(Moment(method, path, "before" if when == "before" else "after"), killed.kill)
    comment = killed.comment(f"/clone production as {name} for demo")
    assert killed.guillotine.fell.wait(PATIENCE), "the job never got there"
    killed.start()
    killed.until(lambda: done(killed, comment))
    after = killed.comment("/list")
    killed.until(lambda: killed.replies(after))
    heads = [pull.pull.head_ref for pull in killed.server.pulls(REPOSITORY) if pull.pull is not None]
    assert heads.count(f"envclone/{name}") == 1
    assert len(heads) == len(set(heads))
    assert len(killed.replies(comment)) == 1
    killed.until(lambda: reactions(killed, comment) == ["rocket"])


def test_a_comment_that_was_written_while_nothing_ran_is_carried_out_once_after_the_start(service: Serving) -> None:
    service.kill()
    missed = service.comment(COMMAND)
    service.until(lambda: [each for each in service.server.deliveries if each.event == "issue_comment"])
    service.start()
    service.until(lambda: done(service, missed))
    after = service.comment("/list")
    service.until(lambda: service.replies(after))
    service.kill()
    service.start()  # and looks back over both
    again = service.comment("/list")
    service.until(lambda: service.replies(again))
    assert len(service.server.pulls(REPOSITORY)) == 1
    assert [len(service.replies(each)) for each in (missed, after, again)] == [1, 1, 1]


def test_what_happened_on_a_pull_request_while_nothing_ran_is_known_after_the_start(service: Serving) -> None:
    comment = service.comment(COMMAND)
    service.until(lambda: done(service, comment))
    (pull,) = service.server.pulls(REPOSITORY)
    service.kill()
    service.server.close(REPOSITORY, pull.number, by=MAINTAINER)
    service.server.settle()
    service.environment["ENVCLONE_LOOK_BACK_EVERY"] = "2s"  # the first time the door may not be open yet
    service.start()
    service.until(lambda: service.server.head(REPOSITORY, "envclone/demo-x") is None)
    service.until(lambda: "closed without merging" in service.replies(comment)[0])
    assert len(service.replies(comment)) == 1


def test_law_5_a_hundred_clones_asked_for_at_once_don_t_collide(service: Serving) -> None:
    comments = [service.comment(f"/clone production as load-{number} for demo") for number in range(100)]
    service.until(lambda: len(service.server.pulls(REPOSITORY)) >= 100)
    service.until(lambda: all(service.replies(comment) for comment in comments))
    pulls = service.server.pulls(REPOSITORY)
    assert len(pulls) == 100
    assert all(len(service.replies(comment)) == 1 for comment in comments)
    networks = set()
    for number in range(100):
        name = EnvironmentName(f"load-{number}")
        manifest = service.server.read(REPOSITORY, f"envs/{name}/environment.yaml", ref=f"envclone/{name}")
        assert manifest is not None
        networks.add(IPv4Network(yaml.safe_load(manifest)["parameters"]["vpc_cidr"]))
    assert len(networks) == 100
