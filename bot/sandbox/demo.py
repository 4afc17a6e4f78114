"""The demonstration: a person comments, and the way of the clone is watched from outside, on GitHub, until it is live."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.names import EnvironmentName
from bot.sandbox.github.records.checks import CheckRunRecord
from bot.sandbox.github.records.issues import IssueRecord
from bot.sandbox.journey import (
    JourneyStage,
    Story,
    Stuck,
    check,
    deployed,
    is_planned,
    logs,
    marked,
    merged,
    refuse_failed_runs,
    status,
)
from bot.sandbox.kept import keep_parity_page
from bot.sandbox.sandbox import REPOSITORY, REQUESTER, REVIEWER, Sandbox

NAME = EnvironmentName("demo-x")
COMMAND = f"/clone production as {NAME} for demo --ttl 14d"


@dataclass(slots=True)
class Cloning(Story):
    """The clone's way: the issue and the comment that asked for it, the pull request and its merge."""

    issue: int = 0
    comment: int = 0
    pull: int = 0
    merge_commit: str = ""
    command: str = COMMAND

    @classmethod
    def begun(cls, sandbox: Sandbox) -> "Cloning":
        """Open the issue in which somebody needs a clone."""
        title, body = "A demo for a customer on Thursday", "They want to try everything."
        return cls(sandbox, issue=sandbox.github.open_issue(REPOSITORY, title, body, by=REQUESTER))

    @property
    def pull_request(self) -> IssueRecord:
        return self.sandbox.github.issue(REPOSITORY, self.pull)

    @property
    def status(self) -> str:
        return status(self.sandbox, self.issue, self.comment)

    @property
    def plan_comment(self) -> str:
        return marked(self.sandbox, self.pull, f"<!-- envclone:plan:{NAME} -->")

    @property
    def apply_check(self) -> CheckRunRecord | None:
        """The check in which the apply reports its steps and outputs."""
        return check(self.sandbox, self.merge_commit, f"envclone/apply: {NAME}") if self.merge_commit else None

    @property
    def files(self) -> list[str]:
        """The paths that the pull request adds."""
        changes = self.sandbox.github.files(REPOSITORY, self.pull)
        return [change.path for change in changes if f"/{NAME}/" in change.path]


def facts(story: Cloning) -> Sequence[tuple[str, str]]:
    """Return what became of it, as the titles of pull request and checks say it."""
    pull = story.pull_request
    found = [("Pull request", f"#{pull.number} {pull.title}: {len(story.files)} files")]
    for label, commit, name in (
        ("Parity", pull.pull.head_sha if pull.pull else "", "envclone/parity"),
        ("Plan", pull.pull.head_sha if pull.pull else "", "envclone/plan"),
        ("Apply", story.merge_commit, "envclone/apply"),
    ):
        if said := check(story.sandbox, commit, f"{name}: {NAME}"):
            found.append((label, said.output.title or ""))
    return found


def page(story: Cloning) -> Path:
    """Write the page that compares the clone with production, and return its path: it is still there at the end."""
    pull, github = story.pull_request.pull, story.sandbox.github
    assert pull is not None
    bare = github.forge.bare(github.repository(REPOSITORY))
    return keep_parity_page(bare, story.merge_commit or pull.head_sha, NAME, datetime.now(UTC))


def _comment(story: Cloning) -> bool:
    body = f"We promised it for Thursday.\n\n{story.command}"
    story.comment = story.sandbox.github.comment(REPOSITORY, story.issue, body, by=REQUESTER)
    return True


def _reacted(story: Cloning) -> bool:
    return any(reaction.content in {"eyes", "rocket"} for reaction in story.sandbox.github.reactions(story.comment))


def _proposed(story: Cloning) -> bool:
    pulls = story.sandbox.github.pulls(REPOSITORY)
    if not pulls:
        if story.status:
            raise Stuck(f"The bot answered, and opened no pull request: {story.status}")
        return False
    story.pull = pulls[0].number
    return bool(story.status)


def _merge(story: Cloning) -> bool:
    story.merge_commit = merged(story.sandbox, story.pull, by=REVIEWER) or ""
    return bool(story.merge_commit)


def _applied(story: Cloning) -> bool:
    state = deployed(story.sandbox, NAME)
    if state in {"failure", "error"}:
        found = story.apply_check
        raise Stuck(f"The apply failed: {found.output.summary if found else state}\n{logs(story.sandbox)}")
    if state is None:
        refuse_failed_runs(story)
    return state == "success"


def cloning_stages(command: str) -> Sequence[JourneyStage[Cloning]]:
    """Return the stages from the comment with this command to the clone that is live."""
    return (
        JourneyStage("comment", f"{REQUESTER} comments: {command}", 60, _comment),
        JourneyStage("reaction", "the bot reacts with 👀", 180, _reacted),
        JourneyStage("pull_request", "the pull request is open", 180, _proposed),
        JourneyStage(
            "plan",
            "Actions verify and plan it; the required check passes",
            900,
            lambda story: is_planned(story, story.pull),
        ),
        JourneyStage("merge", f"{REVIEWER} reviews and merges", 180, _merge),
        JourneyStage("apply", "Actions apply the stacks and hooks", 1200, _applied),
        JourneyStage("live", "the status comment says: live", 300, lambda story: f"`{NAME}` is live" in story.status),
    )


STAGES = cloning_stages(COMMAND)


def stages(*, as_far_as: str) -> Sequence[JourneyStage[Cloning]]:
    """Return the stages up to one."""
    last = next(position for position, stage in enumerate(STAGES) if stage.key == as_far_as)
    return STAGES[: last + 1]
