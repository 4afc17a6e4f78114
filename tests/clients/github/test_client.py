"""Our client against the sandbox's GitHub, through the real PyGithub over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import github
import pytest

from bot.clients.github import (
    AppCredentials,
    CheckState,
    DeploymentStatus,
    GitHub,
    GitHubRefused,
    Pacing,
    PullRequestSpec,
    Token,
)
from bot.clients.github.github_time import GitHubTime
from bot.clients.transient import RateLimited, Transient
from bot.model.pipeline import Json
from bot.names import Login, RepositoryName
from bot.sandbox.github import GitHubServer, SandboxRun
from bot.sandbox.github.integrations import BOT_PERMISSIONS

REPOSITORY = RepositoryName("acme/infrastructure")
BRANCH = "envclone/demo-x"
MARKER = "<!-- envclone:status:1 -->"
IN_PLACE = Pacing(longest_wait=timedelta(seconds=5))


@dataclass(frozen=True)
class World:
    server: GitHubServer
    url: str
    github: GitHub
    app_id: int
    private_key: str

    def by(self, login: str) -> GitHub:
        return GitHub(Token(self.server.token(login)), api_url=f"{self.url}/api/v3")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    server = GitHubServer(root=tmp_path / "github")
    source = tmp_path / "source"
    source.mkdir()
    (source / "README.md").write_text("infrastructure\n")
    server.create_repository(REPOSITORY, source=source)
    server.add_user("ana", REPOSITORY, role="maintain")
    server.add_user("eve", REPOSITORY, role="read")
    app = server.create_app("envclone", owner="acme", permissions={**BOT_PERMISSIONS, "deployments": "write"})
    server.install(app, "acme")
    with server.running() as url:
        api = f"{url}/api/v3"
        github = GitHub(AppCredentials(app.id, app.private_key, api), api_url=api, pacing=IN_PLACE)
        yield World(server, url, github, app.id, app.private_key)


def branch(world: World, content: bytes = b"{}") -> str:
    return world.server.commit(
        REPOSITORY, {"envs/demo-x/main.tf": content}, by="envclone[bot]", message="Add demo-x", branch=BRANCH
    )


def proposal(title: str = "Clone production as demo-x", body: str = "Please review.") -> PullRequestSpec:
    return PullRequestSpec(BRANCH, "main", title, body, labels=("envclone",))


def test_an_app_knows_its_own_login(world: World) -> None:
    assert world.github.identity() == "envclone[bot]"


def test_what_issues_and_pull_requests_were_opened_with_is_listed_from_a_moment_on(world: World) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    issue = world.server.open_issue(REPOSITORY, "wanted", "/list", by="ana")
    branch(world)
    pull = world.github.ensure_pull_request(REPOSITORY, proposal()).number
    found = [(each.id, each.author, each.body) for each in world.github.openings_since(REPOSITORY, before)]
    assert found == [(-pull, "envclone[bot]", "Please review."), (-issue, "ana", "/list")]
    assert world.github.openings_since(REPOSITORY, before + timedelta(hours=1)) == []


def test_an_app_knows_where_it_is_installed_and_a_token_does_not(world: World) -> None:
    world.server.create_repository("acme/other")
    world.server.create_repository("elsewhere/infrastructure")
    assert world.github.repositories() == ["acme/infrastructure", "acme/other"]
    assert world.by("ana").repositories() == ()


def test_an_issue_of_ours_is_found_edited_closed_and_opened_again(world: World) -> None:
    marker = "<!-- envclone:drift:demo-x -->"
    world.by("ana").open_issue(REPOSITORY, "A copy", marker)
    assert world.github.find_issue(REPOSITORY, marker) is None
    opened = world.github.open_issue(REPOSITORY, "Drift", f"{marker}\nlost")
    world.github.edit_issue(REPOSITORY, opened, title="Drift", body=f"{marker}\nfound", state="closed")
    found = world.github.find_issue(REPOSITORY, marker)
    assert found is not None
    assert (found.number, found.state, found.body) == (opened.number, "closed", f"{marker}\nfound")
    world.github.edit_issue(REPOSITORY, found, title="Drift", body=found.body, state="open")
    assert world.server.issue(REPOSITORY, found.number).state == "open"


def test_a_pull_request_is_merged_only_at_the_head_that_was_seen_and_if_the_rules_allow_it(world: World) -> None:
    sha = branch(world)
    world.server.protect(REPOSITORY, "main", ("envclone",))
    pull = world.github.ensure_pull_request(REPOSITORY, PullRequestSpec(BRANCH, "main", "Clone", "body"))
    assert not world.github.merge(REPOSITORY, pull.number, sha), "its check is missing"
    world.server.protect(REPOSITORY, "main")
    assert not world.github.merge(REPOSITORY, pull.number, "0" * 40)
    assert world.github.merge(REPOSITORY, pull.number, sha)
    assert world.server.issue(REPOSITORY, pull.number).state == "closed"


@pytest.mark.parametrize("refused", range(3))
def test_a_pull_request_is_merged_in_whichever_way_the_repository_allows(world: World, refused: int) -> None:
    pull = world.github.ensure_pull_request(REPOSITORY, PullRequestSpec(BRANCH, "main", "Clone", branch(world)))
    if refused:
        world.server.faults.answer("PUT", "/merge$", status=405, times=refused)
    assert world.github.merge(REPOSITORY, pull.number, pull.head_sha)
    assert world.server.issue(REPOSITORY, pull.number).state == "closed"
    assert world.server.faults.left == 0


def test_a_token_asks_for_its_own_login(world: World) -> None:
    assert world.by("ana").identity() == "ana"


def test_git_credentials_are_a_token_that_lasts(world: World) -> None:
    user, token = world.github.git_credentials(REPOSITORY)
    assert user == "x-access-token"
    assert token == world.github.git_credentials(REPOSITORY)[1]


def test_a_token_is_renewed_before_it_expires(world: World) -> None:
    moment = datetime.now(UTC)

    def uptime() -> float:
        return moment.timestamp()

    time = GitHubTime(lambda: moment, uptime)
    credentials = AppCredentials(world.app_id, world.private_key, f"{world.url}/api/v3", time)
    first = credentials.token(REPOSITORY)
    moment += timedelta(minutes=54)
    assert credentials.token(REPOSITORY) == first
    moment += timedelta(minutes=2)
    assert credentials.token(REPOSITORY) != first


@pytest.mark.parametrize("wrong", [timedelta(days=1), timedelta(days=-1)], ids=["ahead", "late"])
def test_an_app_on_a_machine_whose_clock_is_a_day_off_is_let_in_and_waits_no_longer(
    world: World, wrong: timedelta
) -> None:
    def clock() -> datetime:
        return datetime.now(UTC) + wrong

    api = f"{world.url}/api/v3"
    credentials = AppCredentials(world.app_id, world.private_key, api, GitHubTime(clock))
    assert credentials.login() == "envclone[bot]"
    first = credentials.token(REPOSITORY)
    assert credentials.token(REPOSITORY) == first, "it is good for an hour still"
    assert credentials.repositories() == [REPOSITORY]
    world.server.faults.primary_limit(timedelta(minutes=1), "GET", f"^/repos/{REPOSITORY}$")
    with pytest.raises(RateLimited) as limited:
        GitHub(credentials, api_url=api, clock=clock).default_branch(REPOSITORY)
    assert timedelta(0) < limited.value.until - clock() < timedelta(minutes=2)


def test_a_key_that_github_refuses_is_tried_once_however_the_clock_is(world: World) -> None:
    other = world.server.create_app("other", owner="acme")
    credentials = AppCredentials(world.app_id, other.private_key, f"{world.url}/api/v3")
    with pytest.raises(github.GithubException, match="401"):
        credentials.login()


def test_a_token_revoked_early_is_replaced(world: World) -> None:
    world.server.faults.answer("GET", f"^/repos/{REPOSITORY}$", status=401)
    assert world.github.default_branch(REPOSITORY) == "main"
    assert world.server.faults.left == 0


def test_a_wrong_token_is_refused(world: World) -> None:
    with pytest.raises(GitHubRefused, match="401"):
        GitHub(Token("wrong"), api_url=f"{world.url}/api/v3").default_branch(REPOSITORY)


def test_a_comment_is_read_as_it_is_now(world: World) -> None:
    issue = world.server.open_issue(REPOSITORY, "wanted", by="ana")
    comment_id = world.server.comment(REPOSITORY, issue, "/help", by="ana")
    comment = world.github.comment(REPOSITORY, comment_id)
    assert comment is not None
    assert (comment.body, comment.author, comment.author_is_bot, comment.issue) == ("/help", "ana", False, issue)
    world.server.delete_comment(comment_id, by="ana")
    assert world.github.comment(REPOSITORY, comment_id) is None


@pytest.mark.parametrize(("login", "role"), [("ana", "maintain"), ("eve", "read"), ("nobody-at-all", None)])
def test_permission_is_the_live_role(world: World, login: str, role: str | None) -> None:
    assert world.github.permission(REPOSITORY, login) == role


def test_people_with_a_role_are_those_who_hold_it_or_more(world: World) -> None:
    world.server.add_user("max", REPOSITORY, "admin")
    world.server.add_user("zoe", REPOSITORY, "write")
    world.server.add_user("tom", REPOSITORY, "triage")
    assert {"ana", "max", "zoe"} <= set(world.github.people_with(REPOSITORY, "write"))
    assert not {"eve", "tom"} & set(world.github.people_with(REPOSITORY, "write"))
    assert "zoe" not in world.github.people_with(REPOSITORY, "maintain")


def test_a_permission_taken_away_is_gone_at_once(world: World) -> None:
    world.server.set_role(REPOSITORY, "ana", "none")
    assert world.github.permission(REPOSITORY, "ana") is None


def test_a_reaction_is_made_once(world: World) -> None:
    issue = world.server.open_issue(REPOSITORY, "wanted", by="ana")
    comment_id = world.server.comment(REPOSITORY, issue, "/help", by="ana")
    for _ in range(2):
        world.github.react(REPOSITORY, comment_id, "eyes")
    assert [(r.content) for r in world.server.reactions(comment_id)] == ["eyes"]


def test_a_reaction_becomes_another_however_often_it_is_tried(world: World) -> None:
    issue = world.server.open_issue(REPOSITORY, "wanted", by="ana")
    comment_id = world.server.comment(REPOSITORY, issue, "/help", by="ana")
    eyes = world.github.react(REPOSITORY, comment_id, "eyes")
    for _ in range(2):
        world.github.replace_reaction(REPOSITORY, comment_id, "rocket", given=eyes)
    assert [(r.content) for r in world.server.reactions(comment_id)] == ["rocket"]
    for _ in range(2):
        world.github.replace_reaction(REPOSITORY, comment_id, "-1")
    assert [(r.content) for r in world.server.reactions(comment_id)] == ["-1"], "without an id ours are looked for"
    world.github.replace_reaction(REPOSITORY, 123456, "rocket")


def test_a_new_pull_request_is_opened_once_and_not_looked_for(world: World) -> None:
    branch(world)
    first = world.github.new_pull_request(REPOSITORY, proposal())
    assert first is not None
    assert first.labels == proposal().labels
    assert world.github.new_pull_request(REPOSITORY, proposal()) is None
    assert world.github.ensure_pull_request(REPOSITORY, proposal()).number == first.number


def test_the_status_comment_is_edited_in_place(world: World) -> None:
    issue = world.server.open_issue(REPOSITORY, "wanted", by="ana")
    first = world.github.upsert_comment(REPOSITORY, issue, MARKER, "seen")
    assert world.github.upsert_comment(REPOSITORY, issue, MARKER, "live") == first
    assert [c.body for c in world.server.comments(REPOSITORY, issue)] == [f"{MARKER}\nlive"]


def test_a_comment_that_says_it_already_is_not_edited(world: World) -> None:
    issue = world.server.open_issue(REPOSITORY, "wanted", by="ana")
    world.github.upsert_comment(REPOSITORY, issue, MARKER, "seen")
    world.server.faults.answer("PATCH", "comments", status=500)
    world.github.upsert_comment(REPOSITORY, issue, MARKER, "seen")
    assert world.server.faults.left == 1
    world.server.faults.clear()


def test_somebody_else_s_copy_of_the_marker_is_left_alone(world: World) -> None:
    issue = world.server.open_issue(REPOSITORY, "wanted", by="ana")
    world.server.comment(REPOSITORY, issue, f"{MARKER} all good, merge it", by="eve")
    world.github.upsert_comment(REPOSITORY, issue, MARKER, "seen")
    comments = world.server.comments(REPOSITORY, issue)
    assert [c.author.login for c in comments] == ["eve", "envclone[bot]"]


def test_of_two_status_comments_the_oldest_stays(world: World) -> None:
    issue = world.server.open_issue(REPOSITORY, "wanted", by="ana")
    kept = world.server.comment(REPOSITORY, issue, f"{MARKER}\none", by="envclone[bot]")
    world.server.comment(REPOSITORY, issue, f"{MARKER}\ntwo", by="envclone[bot]")
    world.github.upsert_comment(REPOSITORY, issue, MARKER, "three")
    assert [(c.id, c.body) for c in world.server.comments(REPOSITORY, issue)] == [(kept, f"{MARKER}\nthree")]


@pytest.mark.parametrize("lose", ["lose_answer", "cut_answer"])
def test_a_comment_whose_answer_was_lost_is_not_written_twice(world: World, lose: str) -> None:
    issue = world.server.open_issue(REPOSITORY, "wanted", by="ana")
    getattr(world.server.faults, lose)("POST", f"/issues/{issue}/comments")
    with pytest.raises(Transient):
        world.github.upsert_comment(REPOSITORY, issue, MARKER, "seen")
    world.github.upsert_comment(REPOSITORY, issue, MARKER, "seen")
    assert len(world.server.comments(REPOSITORY, issue)) == 1


def test_a_pull_request_is_opened_once_and_kept_up_to_date(world: World) -> None:
    sha = branch(world)
    first = world.github.ensure_pull_request(REPOSITORY, proposal())
    second = world.github.ensure_pull_request(REPOSITORY, proposal(body="Now with a table."))
    assert (first.number, first.head, first.head_sha, first.state) == (second.number, BRANCH, sha, "open")
    assert second.body == "Now with a table."
    assert second.labels == ("envclone",)
    assert [p.number for p in world.github.open_pull_requests(REPOSITORY)] == [first.number]
    assert len(world.server.pulls(REPOSITORY)) == 1


def test_a_pull_request_whose_answer_was_lost_is_found(world: World) -> None:
    branch(world)
    world.server.faults.lose_answer("POST", "/pulls$")
    with pytest.raises(Transient):
        world.github.ensure_pull_request(REPOSITORY, proposal())
    assert world.github.ensure_pull_request(REPOSITORY, proposal()).number == 1
    assert len(world.server.pulls(REPOSITORY)) == 1


def test_a_closed_pull_request_is_not_proposed_again(world: World) -> None:
    branch(world)
    found = world.github.ensure_pull_request(REPOSITORY, proposal())
    world.server.close(REPOSITORY, found.number, by="ana")
    again = world.github.ensure_pull_request(REPOSITORY, proposal())
    assert (again.number, again.state, again.is_merged) == (found.number, "closed", False)


def test_a_branch_that_moved_on_after_a_merge_is_proposed_again(world: World) -> None:
    branch(world)
    found = world.github.ensure_pull_request(REPOSITORY, proposal())
    world.server.merge(REPOSITORY, found.number, by="ana")
    merged = world.github.pull_request_for_head(REPOSITORY, BRANCH)
    assert merged is not None
    assert merged.is_merged
    branch(world, b"{ }")
    assert world.github.ensure_pull_request(REPOSITORY, proposal()).number == found.number + 1


def test_reviewers_who_can_t_be_asked_stop_nothing(world: World) -> None:
    branch(world)
    wanted = PullRequestSpec(BRANCH, "main", "title", "body", reviewers=(Login("left-long-ago"),))
    assert world.github.ensure_pull_request(REPOSITORY, wanted).state == "open"


def test_pull_requests_are_found_by_number_and_by_commit(world: World) -> None:
    branch(world)
    found = world.github.ensure_pull_request(REPOSITORY, proposal())
    assert world.github.pull_request(REPOSITORY, found.number) == found
    assert world.github.pull_request(REPOSITORY, 999) is None
    commit = world.server.merge(REPOSITORY, found.number, by="ana")
    assert [p.number for p in world.github.pull_requests_for_commit(REPOSITORY, commit)] == [found.number]


def test_a_check_is_updated_and_says_whose_it_is(world: World) -> None:
    sha = branch(world)
    world.github.put_check(REPOSITORY, sha, "envclone", CheckState("Planning", "…", progress="in_progress"))
    done = CheckState("Planned", "3 to add", conclusion="success", external_id="sha256:abc", text="{}")
    world.github.put_check(REPOSITORY, sha, "envclone", done)
    world.github.put_check(REPOSITORY, sha, "envclone", done)
    (check,) = world.github.checks(REPOSITORY, sha)
    assert (check.name, check.conclusion, check.app) == ("envclone", "success", "envclone")
    assert (check.external_id, check.title, check.summary, check.text) == ("sha256:abc", "Planned", "3 to add", "{}")
    assert len(world.server.checks(REPOSITORY, sha)) == 1


def test_no_text_or_title_is_too_long_for_github(world: World) -> None:
    title, text = "Change demo-x: app_min, " * 100, "A `line` of a long list.\n" * 30_000
    sha = branch(world)
    issue = world.github.open_issue(REPOSITORY, title, text)
    world.github.edit_issue(REPOSITORY, issue, title=f"Once more: {title}", body=f"Once more\n{text}", state="open")
    pull = world.github.ensure_pull_request(REPOSITORY, PullRequestSpec(BRANCH, "main", title, text))
    same = PullRequestSpec(BRANCH, "main", f"Once more: {title}", text)
    again = world.github.ensure_pull_request(REPOSITORY, same)
    world.github.put_check(REPOSITORY, sha, "envclone", CheckState(title, text, conclusion="success", text=text))
    [check] = world.github.checks(REPOSITORY, sha, "envclone")
    now = world.github.issue(REPOSITORY, issue.number)
    for said in (now.title, pull.title, again.title, check.title):
        assert said.removesuffix("…").split()[-1] in {"Change", "demo-x:", "demo-x", "app_min"}, "between two words"
    for said in (now.body, pull.body, check.summary, check.text):
        assert said.endswith(
            "A `line` of a long list.\n\n*This text is longer than GitHub allows, so the rest is left out.*"
        )


def test_only_apps_write_checks(world: World) -> None:
    sha = branch(world)
    with pytest.raises(GitHubRefused, match="403"):
        world.by("ana").put_check(REPOSITORY, sha, "envclone", CheckState("t", "s", conclusion="success"))


def test_a_deployment_is_made_once_for_a_commit_and_payload(world: World) -> None:
    sha = world.server.head(REPOSITORY)
    assert sha is not None
    payload: dict[str, Json] = {"envclone": "apply", "pull_request": 7}
    first = world.github.ensure_deployment(REPOSITORY, sha, "demo-x", dict(payload), "Clone of production")
    assert world.github.ensure_deployment(REPOSITORY, sha, "demo-x", dict(payload)).id == first.id
    live = DeploymentStatus("success", "live", environment_url="https://demo-x.example.com")
    for _ in range(2):
        world.github.deployment_status(REPOSITORY, first.id, live)
    assert world.github.last_deployment_status(REPOSITORY, first.id) == live
    assert len(world.server.deployment_statuses(first.id)) == 1
    assert [d.payload for d in world.github.deployments(REPOSITORY, "demo-x")] == [payload]


APPLY = b"run-name: ${{ inputs.request }}\non: {workflow_dispatch: {inputs: {environment: {required: true}, request: {}}}}\n"


def test_workflows_are_started_listed_and_run_again(world: World) -> None:
    head = world.server.commit(REPOSITORY, {".github/workflows/apply.yml": APPLY}, by="ana", message="apply")
    heard: list[str] = []
    world.server.on_event(lambda name, payload: heard.append(name))
    world.github.dispatch_workflow(REPOSITORY, "apply.yml", "main", {"environment": "demo-x", "request": "resume"})
    with pytest.raises(GitHubRefused, match=r"422.*Required input 'environment' not provided"):
        world.github.dispatch_workflow(REPOSITORY, "apply.yml", "main", {})
    for title in ("first", "second"):
        run = SandboxRun(".github/workflows/apply.yml", "workflow_dispatch", head, "ana", "main", title)
        world.server.record_run(REPOSITORY, run)
    newest, oldest = world.github.workflow_runs(REPOSITORY, "apply.yml", event="workflow_dispatch")
    assert (newest.title, oldest.title, newest.is_over, newest.attempt) == ("second", "first", False, 1)
    assert world.github.workflow_runs(REPOSITORY, "apply.yml", head_sha="0" * 40) == []
    with pytest.raises(GitHubRefused, match="403"):
        world.github.rerun(REPOSITORY, newest.id)
    world.server.finish_run(newest.id, "failure")
    world.github.rerun(REPOSITORY, newest.id)
    again = world.github.workflow_runs(REPOSITORY, "apply.yml")[0]
    assert (again.id, again.attempt, again.is_over) == (newest.id, 2, False)
    assert again.started_at >= newest.started_at
    assert world.server.settle()
    assert heard == ["workflow_dispatch", "workflow_run", "workflow_run"], "it ended, and was asked for again"
    with pytest.raises(GitHubRefused, match="404"):
        world.github.workflow_runs(REPOSITORY, "missing.yml")
    with pytest.raises(GitHubRefused, match="403"):
        world.by("eve").dispatch_workflow(REPOSITORY, "apply.yml", "main", {"environment": "demo-x"})


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_failing_server_is_transient(world: World, status: int) -> None:
    world.server.faults.answer("GET", f"^/repos/{REPOSITORY}$", status=status)
    with pytest.raises(Transient, match=str(status)):
        world.github.default_branch(REPOSITORY)


def test_a_lost_read_is_read_again(world: World) -> None:
    world.server.faults.lose_request("GET", f"^/repos/{REPOSITORY}$")
    assert world.github.default_branch(REPOSITORY) == "main"


@pytest.mark.parametrize("status", [403, 429])
def test_a_short_secondary_limit_is_waited_for(world: World, status: int) -> None:
    world.server.faults.secondary_limit(timedelta(seconds=1), path=f"^/repos/{REPOSITORY}$", status=status)
    assert world.github.default_branch(REPOSITORY) == "main"
    assert world.server.faults.left == 0


@pytest.mark.parametrize("status", [403, 429])
def test_a_long_limit_is_handed_to_the_job_and_holds_for_the_next_call(world: World, status: int) -> None:
    world.server.faults.primary_limit(timedelta(minutes=20), path=f"^/repos/{REPOSITORY}$", status=status)
    before = datetime.now(UTC)
    with pytest.raises(RateLimited, match="API rate limit") as limited:
        world.github.default_branch(REPOSITORY)
    assert timedelta(minutes=19) < limited.value.until - before < timedelta(minutes=21)
    with pytest.raises(RateLimited):
        world.github.pull_request(REPOSITORY, 1)


def test_an_unreachable_server_is_transient(world: World) -> None:
    with pytest.raises(Transient, match="reached"):
        GitHub(Token("any"), api_url="http://127.0.0.1:9/api/v3").default_branch(REPOSITORY)
