"""A clone that tries a pull request, as a person asks for it there: rendered, planned once approved, pushed to, over; on a real repository."""

import subprocess
from pathlib import Path

import pytest

from bot.clients.git.checkout import Checkout
from bot.core.requests.branches import SNAPSHOTS, branch_of
from bot.errors import UserError
from bot.events import CommentCreated, PreviewDue, Tick
from bot.model.environment import Manifest
from bot.names import EnvironmentName, ParameterName
from bot.runs.plan.base.history import History
from bot.runs.plan.base.proof import unproved
from bot.runs.plan.verify import verify_environments
from bot.sandbox.github import IssueText, PullSpec
from tests.support import example
from tests.support.example import REPOSITORY
from tests.support.small_monorepo import MAINTAINER, SmallMonorepo
from tests.support.triggers import changed, deployed, merged

NAME = EnvironmentName("pr-2")
CLONE = "/clone production as pr-2 for qa"
ASKING = example.DECLARATION.replace(
    "  zones:",
    "  site: {type: string, description: The site.}\n  floor: {type: string, description: The floor.}\n  zones:",
).encode()
DECLARATION = "templates/shop/template.yaml"
MAIN = "templates/shop/app/main.tf"
SECURE = example.MAIN.replace(b'"String"', b'"SecureString"')
NAMED = SECURE.replace(b"/greeting", b"/welcome")


def proposed(place: SmallMonorepo, files: dict[str, bytes | None], head: str = "encrypt") -> int:
    """Open a person's pull request, and return its number."""
    owner, _, branch = head.rpartition(":")
    if not owner:
        place.server.commit(REPOSITORY, files, by=MAINTAINER, message="Encrypt", branch=branch)
    return place.server.open_pull(
        REPOSITORY, PullSpec(IssueText("Encrypt", "It is a secret"), head, "main"), by=MAINTAINER
    )


def say(place: SmallMonorepo, number: int, text: str = CLONE, killed_after: str | None = None) -> str:
    """Comment in a pull request, and return the reply."""
    comment = place.comment(text, issue=number)
    event: CommentCreated = place.event(comment, text).model_copy(update={"issue": number, "is_pull_request": True})
    if killed_after:
        place.work(event, killed_after)
    place.work(event)
    return place.reply(comment) or ""


def pushed(place: SmallMonorepo, number: int, killed_after: str | None = None) -> None:
    """Let the service hear that a pull request was pushed to."""
    for each in place.work(changed(place, number, "synchronize")).follow:
        assert isinstance(each.event, PreviewDue)
        if killed_after:
            place.work(each.event, killed_after)
        place.work(each.event)


def preview(place: SmallMonorepo, branch: str = branch_of(NAME)) -> Manifest:
    commit = place.server.head(REPOSITORY, branch)
    assert commit is not None
    found = place.repository().at(commit).manifest(NAME)
    assert found is not None
    return found


def doubts(place: SmallMonorepo, directory: Path) -> str:
    """Return why the preview is not proved, in a checkout as workflows have it."""
    head = place.server.head(REPOSITORY, branch_of(NAME)) or ""
    url = f"{place.server.url}/{REPOSITORY}.git"
    subprocess.run(["git", "clone", "-q", url, str(directory)], check=True)
    subprocess.run(["git", "-C", str(directory), "checkout", "-q", head], check=True)
    checkout = Checkout(directory)
    verified = verify_environments(checkout, [NAME])
    assert verified.holds, "it is what the template of the pull request renders"
    found = unproved(checkout, History(directory, "origin/main"), NAME, verified)
    return "\n".join(map(str, found.reasons)) if found is not None else ""


def tried(place: SmallMonorepo, commit: str) -> tuple[str, str]:
    """Return how a commit of the pull request stands, and what is said of it."""
    found = [each for each in place.server.statuses(REPOSITORY, commit) if each.context == "envclone/tried on pr-2"]
    return found[-1].state, found[-1].description or ""


def snapshots(place: SmallMonorepo) -> set[str]:
    """Return the commits that are kept for previews."""
    return set(place.repository().mirror.local(f"refs/heads/{SNAPSHOTS}/").values())


def rewritten(place: SmallMonorepo, files: dict[str, bytes | None]) -> str:
    """Have the branch of the pull request begin anew, and return its head."""
    head = place.server.commit(REPOSITORY, files, by=MAINTAINER, message="Again", branch="again")
    repo = place.repository().at(head)
    repo.mirror.push({"refs/heads/encrypt": head}, {"refs/heads/encrypt": place.server.head(REPOSITORY, "encrypt")})
    return head


def test_law_4_production_is_cloned_with_the_change_and_waits_for_an_approval(
    place: SmallMonorepo, tmp_path: Path
) -> None:
    number = proposed(place, {MAIN: SECURE})
    assert f"`{NAME}` is being planned" in say(place, number, killed_after="publish")
    head, made = place.server.head(REPOSITORY, "encrypt"), preview(place)
    assert made.preview is not None
    assert (made.preview.pull_request, made.preview.commit, made.ends_with) == (number, head, number)
    assert place.server.read(REPOSITORY, "envs/pr-2/app/main.tf", branch_of(NAME)) == SECURE
    assert place.server.read(REPOSITORY, MAIN, branch_of(NAME)) == example.MAIN, (
        "the template itself is not proposed twice"
    )
    (pull,) = [each for each in place.server.pulls(REPOSITORY) if each.title.startswith("Clone")]
    assert f"with the change of #{number}, as of {head}**" in (pull.body or "")
    # Nobody can take away what proves it: the branch is rewritten and deleted.
    place.server.delete_branch(REPOSITORY, "encrypt", by=MAINTAINER)
    assert "is on no commit of the base branch" in doubts(place, tmp_path / "before")
    place.server.commit(REPOSITORY, {MAIN: SECURE}, by=MAINTAINER, message="Encrypt, merged as it was")
    assert doubts(place, tmp_path / "after") == "", "what was merged is proved by its content"


def test_law_4_each_push_is_brought_to_it_with_values_that_production_gets(place: SmallMonorepo) -> None:
    number = proposed(place, {MAIN: SECURE})
    say(place, number)
    say(place, number, "/clone production as second for demo")
    first = preview(place)
    manifest = place.server.read(REPOSITORY, "envs/production/environment.yaml") or b""
    values = manifest.replace(b"db_class: large", b"db_class: medium")
    place.server.commit(
        REPOSITORY,
        {MAIN: NAMED, "envs/production/environment.yaml": values},
        by=MAINTAINER,
        message="Rename",
        branch="encrypt",
    )
    for killed_after in ("publish", "propose"):
        pushed(place, number, killed_after)
    pushed(place, number)
    now = preview(place)
    assert now.preview is not None
    assert now.preview.commit == place.server.head(REPOSITORY, "encrypt")
    classes = [each.parameters[ParameterName("db_class")] for each in (first, now)]
    assert classes == ["large", "medium"]
    assert place.server.read(REPOSITORY, "envs/pr-2/app/main.tf", branch_of(NAME)) == NAMED
    second = place.server.read(REPOSITORY, "envs/second/app/main.tf", branch_of(EnvironmentName("second")))
    assert second == NAMED, "a pull request may be tried on several"
    assert snapshots(place) == {now.preview.commit}, "it grew, and so did the branch that keeps it"
    (pull,) = [each for each in place.server.pulls(REPOSITORY) if each.title.startswith("Clone production as pr-2")]
    assert f"with the change of #{number}, as of {now.preview.commit}**" in (pull.body or "")
    place.server.protect(REPOSITORY, branch_of(NAME))
    place.server.commit(REPOSITORY, {MAIN: SECURE}, by=MAINTAINER, message="Rename it back", branch="encrypt")
    pushed(place, number)
    assert (
        f"it stays at {now.preview.commit}. A branch protection keeps envclone from pushing"
        in place.written(number)[-1]
    )
    assert [each.pull for each in place.server.pulls(REPOSITORY)].count(pull.pull) == 1


def test_a_live_preview_is_changed_by_a_pull_request_and_a_rewritten_branch_is_kept_beside_what_runs(
    place: SmallMonorepo,
) -> None:
    number = proposed(place, {MAIN: SECURE})
    say(place, number)
    branch = place.server.head(REPOSITORY, branch_of(NAME)) or ""
    merged(place, number + 1)
    was = preview(place, "main").preview
    assert was is not None
    assert tried(place, was.commit) == ("pending", "This commit was not applied there yet.")
    deployed(place, "pr-2", "failure", branch)
    assert tried(place, was.commit)[0] == "failure"
    deployed(place, "pr-2", "success", branch)
    state, said = tried(place, was.commit)
    assert (state, said.partition(" on ")[0], said.partition(";")[2]) == (
        "success", "Applied", " not certified against its source.",
    )  # fmt: skip
    head = rewritten(place, {MAIN: NAMED})
    pushed(place, number, "publish")
    pushed(place, number)
    (pull,) = [each for each in place.server.pulls(REPOSITORY) if each.title.startswith("Bring")]
    assert pull.title == f"Bring pr-2 to #{number} at {head[:12]}"
    assert f"#{number} got new commits, and `pr-2` now tries it" in (pull.body or "")
    assert "rollout" not in (pull.body or "")
    assert snapshots(place) == {was.commit, head}
    assert tried(place, head)[0] == "pending"
    assert place.work(Tick(repository=REPOSITORY, slot=1)).follow == (), "it is brought along already"
    broken = rewritten(place, {"templates/shop/template.yaml": b"name: shop\n"})
    (missed,) = place.work(Tick(repository=REPOSITORY, slot=2)).follow
    place.work(missed.event)
    said = place.written(number)[-1]
    assert f"`pr-2` was not brought to {broken}; it stays at {head}." in said


def test_law_4_a_push_that_asks_for_values_waits_for_them_and_the_answer_is_rendered_from_the_pull_request(
    place: SmallMonorepo,
) -> None:
    number = proposed(place, {MAIN: SECURE})
    say(place, number)
    first = preview(place)
    head = rewritten(place, {DECLARATION: ASKING, MAIN: NAMED})
    for killed_after in ("publish", "propose"):
        pushed(place, number, killed_after)
    pushed(place, number)
    waiting = preview(place)
    assert waiting.preview == first.preview
    assert waiting.awaits is not None
    assert waiting.awaits.missing == ("site", "floor")
    (asked,) = [each for each in place.written(number) if "needs values" in each]
    assert f"`pr-2` was not brought to {head}" in asked
    assert (
        "- `site` is new: The site.\n- `floor` is new: The floor.\n\nComment `/set pr-2 site=… floor=…` here" in asked
    )
    say(place, number, "/set pr-2 floor=3")
    fewer = rewritten(place, {DECLARATION: ASKING.replace(b"floor: {", b"floor: {default: a, "), MAIN: NAMED})
    say(place, number, "/set pr-2 site=a", killed_after="publish")
    now = preview(place)
    assert now.preview is not None
    assert (now.preview.commit, now.awaits) == (fewer, None), "what is pushed by now, heard of or not"
    assert [now.parameters[ParameterName(each)] for each in ("site", "floor")] == ["a", "3"]
    assert fewer in snapshots(place)
    pushed(place, number)
    assert preview(place) == now
    assert place.work(Tick(repository=REPOSITORY, slot=1)).follow == ()


def test_a_preview_goes_back_with_a_branch_that_is_set_back(place: SmallMonorepo) -> None:
    number = proposed(place, {MAIN: SECURE})
    say(place, number)
    first = rewritten(place, {MAIN: NAMED})
    pushed(place, number)
    second = place.server.commit(REPOSITORY, {MAIN: SECURE}, by=MAINTAINER, message="Back", branch="encrypt")
    pushed(place, number)
    change = branch_of(NAME, "change")
    for head, branch in ((first, branch_of(NAME)), (second, branch_of(NAME)), (first, change), (second, change)):
        at = place.server.head(REPOSITORY, "encrypt")
        place.repository().mirror.push({"refs/heads/encrypt": head}, {"refs/heads/encrypt": at})
        pushed(place, number, "publish")
        made = place.server.head(REPOSITORY, branch)
        pushed(place, number)
        assert place.server.head(REPOSITORY, branch) == made, "a second look pushes nothing"
        now = preview(place, branch).preview
        assert now is not None
        assert now.commit == head
        if head == second or branch == change:
            pull = place.repository().github.pull_request_for_head(example.REPOSITORY, branch)
            assert pull is not None
            merged(place, pull.number)


def test_a_change_that_demands_less_of_clones_is_not_tried(place: SmallMonorepo) -> None:
    less = example.DECLARATION.replace("outbound: true, ", "").replace(
        'payments_url: "https://payments.invalid/{environment}", ', ""
    )
    less = less.replace("versions], differ: [outbound]", "versions], differ: []")
    number = proposed(place, {"templates/shop/template.yaml": less.encode()})
    reply = say(place, number)
    assert "(so the base branch's template demands)" in reply
    assert "change the pull request." in reply
    assert place.server.head(REPOSITORY, branch_of(NAME)) is None


@pytest.mark.parametrize("of", ["a fork", "a module", "something else"])
def test_what_cannot_be_tried_is_refused_and_what_has_nothing_to_try_is_a_clone_of_what_is_there(
    place: SmallMonorepo, of: str
) -> None:
    if of == "a fork":
        place.server.add_user("eve-2")
        fork = place.server.fork(REPOSITORY, by="eve-2")
        place.server.commit(fork, {MAIN: SECURE}, by="eve-2", message="Encrypt", branch="encrypt")
        reply = say(place, proposed(place, {}, "eve-2:encrypt"))
        assert (
            "comes from a fork, and code from a fork is not tried here. To clone `production` as it is, comment on an issue"
            in reply
        )
        assert place.server.head(REPOSITORY, branch_of(NAME)) is None
    elif of == "a module":
        source = place.server.read(REPOSITORY, "envs/production/network/main.tf") or b""
        called = source + b'module "logs" {\n  source = "../../../modules/logs"\n}\n'
        logs: dict[str, bytes | None] = {"modules/logs/main.tf": b"locals {}\n"}
        place.server.commit(
            REPOSITORY, {**logs, "envs/production/network/main.tf": called}, by=MAINTAINER, message="Log"
        )
        reply = say(place, proposed(place, {"modules/logs/main.tf": b"locals { a = 1 }\n"}))
        assert "changes `modules/logs`, and a clone calls that module where it lies on `main`" in reply
    else:
        say(place, proposed(place, {"README.md": b"more\n"}))
        assert preview(place).preview is None
        assert snapshots(place) == set()


@pytest.mark.sample
def test_a_preview_ends_with_its_pull_request_and_lets_go_of_what_was_kept(place: SmallMonorepo) -> None:
    number = proposed(place, {MAIN: SECURE})
    say(place, number)
    place.work(changed(place, number + 1, "closed"))
    assert snapshots(place), "it was reopened before anybody looked"
    place.server.close(REPOSITORY, number, by=MAINTAINER)
    for each in place.work(changed(place, number, "closed")).follow:
        place.work(each.event)
    (pull,) = [each for each in place.server.pulls(REPOSITORY) if each.title.startswith("Clone")]
    assert pull.state == "closed"
    assert place.written(pull.number)
    place.work(changed(place, pull.number, "closed"))
    assert snapshots(place) == set()


def test_a_person_s_branch_may_be_called_as_ours_are(place: SmallMonorepo) -> None:
    head = "envclone/encrypt"
    number = proposed(place, {MAIN: SECURE}, head)
    say(place, number)
    place.server.commit(REPOSITORY, {MAIN: NAMED}, by=MAINTAINER, message="Rename", branch=head)
    for action in ("synchronize", "retargeted"):
        assert [each.kind for each in place.work(changed(place, number, action)).follow] == ["preview"]
    place.server.merge(REPOSITORY, number, by=MAINTAINER)
    assert {each.kind for each in place.work(changed(place, number, "closed")).follow} == {"expire", "rollout"}


def test_a_commit_that_is_gone_stops_no_other_and_is_named(place: SmallMonorepo) -> None:
    number = proposed(place, {MAIN: SECURE})
    say(place, number)
    made, path = preview(place).preview, "envs/pr-2/environment.yaml"
    assert made is not None
    manifest = place.server.read(REPOSITORY, path, branch_of(NAME)) or b""
    broken: dict[str, bytes | None] = {path: manifest.replace(made.commit.encode(), b"ab" * 20)}
    place.server.commit(REPOSITORY, broken, by=MAINTAINER, message="Break", branch=branch_of(NAME))
    (due,) = place.work(Tick(repository=REPOSITORY, slot=1)).follow
    place.work(due.event)
    assert (
        "Commit abababababab, which `pr-2` was rendered from, is not in this repository any more"
        in place.written(number)[-1]
    )


def test_a_branch_that_leaves_no_room_for_what_is_kept_is_moved_aside(place: SmallMonorepo) -> None:
    place.server.commit(REPOSITORY, {"README.md": b"Mine\n"}, by=MAINTAINER, message="Mine", branch=SNAPSHOTS)
    number = proposed(place, {MAIN: SECURE})
    assert f"`{NAME}` is being planned" in say(place, number)
    (pull,) = [each for each in place.server.pulls(REPOSITORY) if each.title.startswith("Clone")]
    assert f"`{SNAPSHOTS}`" in place.written(pull.number)[-1]
    assert preview(place).preview is not None


def test_a_manifest_that_names_a_pull_request_of_a_fork_brings_nothing_of_it_here(place: SmallMonorepo) -> None:
    number = proposed(place, {MAIN: SECURE})
    say(place, number)
    place.server.add_user("eve-2")
    fork = place.server.fork(REPOSITORY, by="eve-2")
    theirs = place.server.commit(fork, {MAIN: NAMED}, by="eve-2", message="Rename", branch="rename")
    of_a_fork = proposed(place, {}, "eve-2:rename")
    path = "envs/pr-2/environment.yaml"
    manifest = place.server.read(REPOSITORY, path, branch_of(NAME)) or b""
    told = manifest.replace(b"pull_request: %d" % number, b"pull_request: %d" % of_a_fork)
    assert told != manifest
    place.server.commit(REPOSITORY, {path: told}, by=MAINTAINER, message="Try theirs", branch=branch_of(NAME))
    for each in place.work(Tick(repository=REPOSITORY, slot=1)).follow:
        place.work(each.event)
    assert theirs not in snapshots(place)
    assert place.server.read(REPOSITORY, "envs/pr-2/app/main.tf", branch_of(NAME)) == SECURE


def test_nothing_is_kept_for_a_preview_that_is_refused_after_all(place: SmallMonorepo) -> None:
    number = proposed(place, {MAIN: SECURE})
    place.server.protect(REPOSITORY, branch_of(NAME))
    with pytest.raises(UserError):
        say(place, number)
    assert snapshots(place) == set()


def test_what_a_preview_was_rendered_from_is_kept_when_it_is_made_again(place: SmallMonorepo) -> None:
    number = proposed(place, {MAIN: SECURE})
    say(place, number)
    head = place.server.head(REPOSITORY, branch_of(NAME)) or ""
    merged(place, number + 1)
    deployed(place, NAME, "success", head)
    tried_at = place.server.head(REPOSITORY, "encrypt")
    assert "The removal of `pr-2`" in (place.say("/reset pr-2") or "")
    head = place.server.head(REPOSITORY, branch_of(NAME, "destroy")) or ""
    merged(place, place.server.pulls(REPOSITORY)[-1].number)
    deployed(place, NAME, "success", head)
    assert place.server.pulls(REPOSITORY)[-1].title == "Recreate pr-2 as it was"
    assert snapshots(place) == {tried_at}
