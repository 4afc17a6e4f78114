"""Somebody who may only push a branch: what is pushed counts for nothing, is named, and stops nobody."""

import subprocess

import pytest

from bot.core.requests.branches import Branch
from bot.names import EnvironmentName, ParameterName
from bot.sandbox.github import IssueText, PullSpec
from bot.service.status import report_branch
from tests.support.patience import PATIENCE
from tests.support.small_monorepo import MAINTAINER, REPOSITORY, SmallMonorepo
from tests.support.triggers import checked, deployed, merged

CIDR = ParameterName("vpc_cidr")
NAME = EnvironmentName("demo-x")
CLONE = Branch("clone", NAME)
PATH = "envs/demo-x/environment.yaml"
PUSHER = "mallory"
IDENTITY = ("-c", "user.name=m", "-c", "user.email=m@m")


@pytest.fixture(autouse=True)
def pusher(place: SmallMonorepo) -> None:
    place.server.add_user(PUSHER, REPOSITORY, "write")


def push(place: SmallMonorepo, branch: str, files: dict[str, bytes | None]) -> str:
    return place.server.commit(REPOSITORY, files, by=PUSHER, message="Mine", branch=branch)


def manifest(place: SmallMonorepo, name: str, **parameters: str) -> bytes:
    """Return a manifest that can be read, of an environment that nobody asked the bot for."""
    text = place.repository().mirror.read(place.repository().commit, "envs/production/environment.yaml") or b""
    lines = text.decode().replace("name: production", f"name: {name}", 1).splitlines()
    for key, value in parameters.items():
        lines = [f"  {key}: {value}" if line.startswith(f"  {key}:") else line for line in lines]
    return "\n".join(lines).encode()


def network(place: SmallMonorepo, name: str) -> str:
    repo = place.repository()
    return str(repo.inventory().proposed[EnvironmentName(name)].parameters[CIDR])


def refs(place: SmallMonorepo) -> dict[str, str]:
    return place.repository().mirror.refs("refs/*")


def git(place: SmallMonorepo, *arguments: str, given: str = "") -> str:
    """Run git on the repository itself, as a push with any refs would leave it."""
    command = ["git", "-C", str(place.server.forge.bare(place.server.repository(REPOSITORY)).path), *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True, timeout=PATIENCE)
    return done.stdout.strip()


def put(place: SmallMonorepo, branch: str, commit: str) -> None:
    """Push a commit as the pusher."""
    url = place.server.url.replace("://", f"://{PUSHER}:{place.server.token(PUSHER)}@")
    git(place, "push", "--force", f"{url}/{REPOSITORY}.git", f"{commit}:refs/heads/{branch}")


@pytest.mark.parametrize(
    "files",
    [
        {"envs/evil/environment.yaml": b"name: ["},
        {"envs/evil/environment.yaml": b"\xff\xfe"},
        {"envs/evil/environment.yaml": None, "envs/evil/main.tf": b""},
    ],
    ids=["no YAML", "no UTF-8", "no manifest"],
)
def test_a_pushed_branch_stops_no_clone_and_is_named(place: SmallMonorepo, files: dict[str, bytes | None]) -> None:
    push(place, "envclone/evil", files)
    assert "`demo-x` is being planned" in (place.say("/clone production as demo-x") or "")
    listed = place.say("/list") or ""
    assert "`envclone/evil`: no open pull request of mine belongs to it" in listed
    assert "| `demo-x` |" in listed
    assert "| `evil` |" not in listed


def test_a_proposal_without_a_directory_of_environments_stops_no_clone(place: SmallMonorepo) -> None:
    place.say("/clone production as demo-y")
    blob = git(place, "rev-parse", "main:.github/envclone.yml")
    tree = git(place, "mktree", given=f"100644 blob {blob}\tenvs\n")
    commit = git(place, *IDENTITY, "commit-tree", tree, "-p", "main", "-m", "Mine")
    put(place, "envclone/demo-y", commit)
    assert "`demo-x` is being planned" in (place.say("/clone production as demo-x") or "")
    assert "`envs/demo-y/environment.yaml:1`" in (place.say("/list") or "")


def test_a_pull_request_that_somebody_else_opened_is_no_proposal(place: SmallMonorepo) -> None:
    push(place, "envclone/demo-x", {PATH: manifest(place, "demo-x", vpc_cidr="10.64.0.0/16")})
    place.server.open_pull(REPOSITORY, PullSpec(IssueText("Mine"), "envclone/demo-x", "main"), by=PUSHER)
    listed = place.say("/list") or ""
    assert "`envclone/demo-x`: `mallory` opened #2 from it" in listed
    assert "not found" in (place.say("/status demo-x") or "")
    refused = place.say("/clone production as demo-x") or ""
    assert "`mallory` opened #2 from it" in refused
    place.say("/clone production as demo-y")
    assert network(place, "demo-y")


@pytest.mark.sample
def test_a_branch_in_the_way_of_a_clone_is_moved_aside_and_named(place: SmallMonorepo) -> None:
    theirs = push(place, "envclone/demo-x", {PATH: manifest(place, "demo-x")})
    assert "`demo-x` is being planned" in (place.say("/clone production as demo-x") or "")
    (pull,) = place.server.pulls(REPOSITORY)
    (warning,) = place.written(pull.number)
    aside = f"envclone-displaced/envclone-demo-x-{theirs[:12]}"
    assert f"- `envclone/demo-x` is now `{aside}`" in warning
    assert refs(place)[f"refs/heads/{aside}"] == theirs
    assert place.repository().proposed(CLONE) != theirs


@pytest.mark.parametrize("branch", ["envclone", "envclone/demo-x/more"])
def test_a_branch_whose_name_leaves_no_room_for_ours_is_moved_aside(place: SmallMonorepo, branch: str) -> None:
    theirs = push(place, branch, {"README.md": b"mine\n"})
    assert "`demo-x` is being planned" in (place.say("/clone production as demo-x") or "")
    (pull,) = place.server.pulls(REPOSITORY)
    assert f"- `{branch}` is now `envclone-displaced/" in "".join(place.written(pull.number))
    assert theirs in refs(place).values()


@pytest.mark.parametrize("holder", ["production", "nobody-there", ""])
def test_claims_in_the_name_of_others_leave_every_network_free(place: SmallMonorepo, holder: str) -> None:
    tree = git(place, "rev-parse", "main^{tree}")
    said = f"Mine\n\nEnvclone-Environment: {holder}\nRequested-by: mallory"
    commit = git(place, *IDENTITY, "commit-tree", tree, "-m", said)
    taken = commit if holder else git(place, "rev-parse", "main:.github/envclone.yml")
    parameter = "refs/envclone/claims/vpc_cidr"
    every = "".join(f"create {parameter}/10=2E64=2E{third}=2E0=2F24 {taken}\n" for third in range(256))
    git(place, "update-ref", "--stdin", given=every)
    place.say("/clone production as demo-x --set vpc_cidr=10.64.16.0/24")
    assert network(place, "demo-x") == "10.64.16.0/24"
    place.say("/clone production as demo-y")
    assert network(place, "demo-y")


def test_a_ref_in_place_of_all_claims_is_removed(place: SmallMonorepo) -> None:
    git(place, "update-ref", "refs/envclone/claims", "main")
    assert "`demo-x` is being planned" in (place.say("/clone production as demo-x") or "")
    (pull,) = place.server.pulls(REPOSITORY)
    assert "- `refs/envclone/claims` was deleted" in "".join(place.written(pull.number))


@pytest.mark.parametrize("spoilt", [b"name: [", None], ids=["unreadable", "removed"])
def test_a_proposal_that_people_broke_keeps_its_name_and_its_values(place: SmallMonorepo, spoilt: bytes | None) -> None:
    place.say("/clone production as demo-x")
    held = network(place, "demo-x")
    files = place.repository().at(place.repository().proposed(CLONE) or "").environment(NAME)
    gone: dict[str, bytes | None] = {f"envs/demo-x/{path}": None for path in files}
    push(place, "envclone/demo-x", {PATH: spoilt} if spoilt else gone)
    assert f"`{PATH}:" in (place.say("/list") or "")
    assert "already is proposed" in (place.say("/clone production as demo-x") or "")
    assert "`demo-x` already uses it" in (place.say(f"/clone production as demo-y --set vpc_cidr={held}") or "")
    place.say("/clone production as demo-z")
    assert network(place, "demo-z") != held


def test_a_live_environment_that_cannot_be_read_keeps_what_it_says_it_has(place: SmallMonorepo) -> None:
    broken = manifest(place, "broken", vpc_cidr="10.64.32.0/24") + b"\nbogus: 1\n"
    place.server.commit(REPOSITORY, {"envs/broken/environment.yaml": broken}, by=MAINTAINER, message="Add one")
    assert "`envs/broken/environment.yaml:" in (place.say("/list") or "")
    assert "`broken` already uses it" in (place.say("/clone production as demo-y --set vpc_cidr=10.64.32.0/24") or "")


def test_no_value_on_a_proposal_keeps_everybody_else_from_a_network(place: SmallMonorepo) -> None:
    place.say("/clone production as demo-x")
    text = place.repository().mirror.read(place.repository().proposed(CLONE) or "", PATH) or b""
    mine = network(place, "demo-x").encode()
    push(place, "envclone/demo-x", {PATH: text.replace(mine, b"0.0.0.0/0")})
    place.say("/clone production as demo-y")
    assert network(place, "demo-y")


def test_a_person_may_push_to_a_proposal_and_bring_it_up_to_date(place: SmallMonorepo) -> None:
    comment = place.comment("/clone production as demo-x")
    place.work(place.event(comment, "/clone production as demo-x"))
    push(place, "envclone/demo-x", {"envs/demo-x/NOTES.md": b"mine\n"})
    (pull,) = place.server.pulls(REPOSITORY)
    checked(place, pull.number)
    assert "ready for review" in (place.reply(comment) or "")
    merged(place, pull.number)
    place.reply(comment)
    change = place.comment("/extend demo-x 2d")
    place.work(place.event(change, "/extend demo-x 2d"))
    place.server.commit(REPOSITORY, {"README.md": b"new\n"}, by=MAINTAINER, message="Something else")
    update(place, "envclone-change/demo-x")
    checked(place, place.server.pulls(REPOSITORY)[-1].number)
    reply = place.reply(change) or ""
    assert "ready for review" in reply
    assert place.say("/extend demo-x 2d")
    assert place.reply(change)


def update(place: SmallMonorepo, branch: str) -> None:
    """Merge the default branch into another, as the button "Update branch" does."""
    tree = git(place, "merge-tree", "--write-tree", branch, "main").splitlines()[0]
    said = f"Merge branch 'main' into {branch}"
    put(place, branch, git(place, *IDENTITY, "commit-tree", tree, "-p", branch, "-p", "main", "-m", said))


@pytest.mark.sample
def test_nobody_is_answered_for_what_a_stranger_proposes(place: SmallMonorepo) -> None:
    comment = place.comment("Hello")
    trailers = f"Envclone-Environment: demo-x\nRequested-by: alice\nEnvclone-Request: {comment}"
    place.server.commit(
        REPOSITORY, {"a": b"b"}, by=PUSHER, message=f"Mine\n\n{trailers}", branch="envclone-destroy/demo-x"
    )
    number = place.server.open_pull(REPOSITORY, PullSpec(IssueText("M"), "envclone-destroy/demo-x", "main"), by=PUSHER)
    checked(place, number)
    assert report_branch(place.repository(), Branch("destroy", NAME)) == []
    assert place.written() == []


def test_a_change_that_people_broke_keeps_nobody_from_hearing_of_the_environment(place: SmallMonorepo) -> None:
    asked = place.comment("/clone production as demo-x for demo")
    place.work(place.event(asked, "/clone production as demo-x for demo"))
    head = place.server.head(REPOSITORY, str(CLONE)) or ""
    merged(place, 2)
    place.say("/set demo-x app_min=3")
    number = place.server.pulls(REPOSITORY)[-1].number
    push(place, str(Branch("change", NAME)), {PATH: b"name: ["})
    deployed(place, NAME, "success", head)
    checked(place, number, "failure")
    assert "is live" in (place.reply(asked) or "")
    assert "No repair of `demo-x` is open" in (place.say("/repair demo-x --confirm 0123456789ab") or "")
