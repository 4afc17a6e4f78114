"""The demonstration's second act: a clone's whole life, with a step that fails, drift, and an end that leaves nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.core.requests.branches import BranchKind, branch_of
from bot.names import EnvironmentName
from bot.sandbox.github.records.issues import IssueRecord
from bot.sandbox.journey import (
    JourneyStage,
    Story,
    Stuck,
    check,
    deployed,
    failed_runs,
    is_planned,
    logs,
    merged,
    once,
    pull_from,
    refuse_failed_runs,
    status,
)
from bot.sandbox.sandbox import REPOSITORY, REQUESTER, REVIEWER, Sandbox

NAME = EnvironmentName("demo-x")
FLAG = f"/{NAME}/flags/preview"
LOGS = f"/{NAME}/app"
_APPLY = f"envclone/apply: {NAME}"


@dataclass(slots=True)
class Life(Story):
    """A life under way. `comments` are by stage; `pull` and `commit` are those of the last proposal that was merged."""

    issue: int = 0
    comments: dict[str, int] = field(default_factory=dict)
    pull: int = 0
    commit: str = ""
    deployment: int = 0

    @classmethod
    def begun(cls, sandbox: Sandbox) -> "Life":
        """Open the issue in which somebody needs a clone."""
        title = "A newsletter to show around"
        return cls(sandbox, issue=sandbox.github.open_issue(REPOSITORY, title, "For two weeks.", by=REQUESTER))

    def reply(self, stage: str) -> str:
        """Return the reply to the comment of a stage, as it is now."""
        return status(self.sandbox, self.issue, self.comments[stage])

    @property
    def drift(self) -> IssueRecord | None:
        """The issue about the environment's drift."""
        found = [
            each for each in self.sandbox.github.issues(REPOSITORY) if each.pull is None and each.number != self.issue
        ]
        return next((each for each in found if NAME in each.title), None)

    @property
    def report(self) -> str:
        """What the last run on the environment said of its steps."""
        found = check(self.sandbox, self.commit, _APPLY) if self.commit else None
        return found.output.summary or "" if found else ""


def _says(stage: str, command: str, by: str = REQUESTER) -> Callable[[Life], bool]:
    """Return an act: comment a command, and wait until it is answered."""

    def act(life: Life) -> bool:
        if stage not in life.comments:
            life.comments[stage] = life.sandbox.github.comment(REPOSITORY, life.issue, command, by=by)
        return bool(life.reply(stage))

    return act


def _planned(kind: BranchKind) -> Callable[[Life], bool]:
    def act(life: Life) -> bool:
        found = pull_from(life.sandbox, branch_of(NAME, kind))
        if found is None:
            return False
        life.pull = found.number
        return is_planned(life, found.number)

    return act


def _merged(life: Life) -> bool:
    life.deployment = max((each.id for each in life.sandbox.github.deployments(REPOSITORY)), default=0)
    life.commit = merged(life.sandbox, life.pull, by=REVIEWER) or ""
    return bool(life.commit)


def _fails(life: Life) -> bool:
    """Wait for the apply of the merged pull request to fail, as it must."""
    state = deployed(life.sandbox, NAME, after=life.deployment)
    if state == "success":
        raise Stuck(f"The apply succeeded although {FLAG} already existed. {logs(life.sandbox)}")
    life.expected_failures = len(failed_runs(life.sandbox))
    return state in {"failure", "error"} and life.expected_failures == 1 and "❌" in life.reply("clone")


def _goes_well(life: Life) -> bool:
    state = deployed(life.sandbox, NAME, after=life.deployment)
    if state in {"failure", "error"}:
        raise Stuck(f"The run failed: {life.report or state}\n{logs(life.sandbox)}")
    if state is None:
        refuse_failed_runs(life)
    return state in {"success", "inactive"}


def _resumes(life: Life) -> bool:
    # The failed deployment's own id may be used again by the run that goes on, so its last state counts.
    return deployed(life.sandbox, NAME, after=life.deployment) == "success" and f"`{NAME}` is live" in life.reply(
        "clone"
    )


def _by_hand(life: Life) -> None:
    """Somebody makes a parameter by hand, where the template's own will be."""
    life.sandbox.client("ssm").put_parameter(Name=FLAG, Value="true", Type="String")


def _cleared(life: Life) -> None:
    life.sandbox.client("ssm").delete_parameter(Name=FLAG)


def _drifts(life: Life) -> None:
    """Somebody changes what Terraform made, and what a hook made, and tells nobody."""
    life.sandbox.client("logs").put_retention_policy(logGroupName=LOGS, retentionInDays=1)
    life.sandbox.client("ssm").put_parameter(Name=FLAG, Value="true", Type="String", Overwrite=True)


def _is_destroyed(life: Life) -> bool:
    told = "is complete" in life.reply("destroy") and f"`{NAME}` is destroyed" in life.reply("clone")
    return _goes_well(life) and told and "nothing left" in life.report


STAGES: Sequence[JourneyStage[Life]] = (
    JourneyStage("clone", f"{REQUESTER} comments: /clone production as {NAME} for demo --ttl 3d", 300,
          _says("clone", f"/clone production as {NAME} for demo --ttl 3d")),
    JourneyStage("planned", "Actions plan it", 900, _planned("clone")),
    JourneyStage("by_hand", f"somebody creates {FLAG} by hand", 180, once(_by_hand)),
    JourneyStage("merge", f"{REVIEWER} merges", 180, _merged),
    JourneyStage("fails", "the apply stops at the hook `flags`, which never overwrites what it did not create", 900, _fails),
    JourneyStage("cleared", "the parameter is deleted", 180, once(_cleared)),
    JourneyStage("resume", f"{REQUESTER} comments: /resume {NAME}", 300, _says("resume", f"/resume {NAME}")),
    JourneyStage("live", "the apply resumes at the failed step, until the clone is live", 900, _resumes),
    JourneyStage("extend", f"{REQUESTER} comments: /extend {NAME} 7d", 300, _says("extend", f"/extend {NAME} 7d")),
    JourneyStage("extension_planned", "its plan is empty", 900, _planned("change")),
    JourneyStage("extension_merge", f"{REVIEWER} merges", 180, _merged),
    JourneyStage("extended", "every step is skipped; only the expiry changes", 900, _goes_well),
    JourneyStage("drifts", "somebody changes a retention and a flag by hand", 180, once(_drifts)),
    JourneyStage("look", f"{REQUESTER} comments: /plan {NAME}", 300, _says("look", f"/plan {NAME}")),
    JourneyStage("drift", "an issue reports the drift", 900, lambda life: life.drift is not None),
    JourneyStage("destroy", f"{REVIEWER} comments: /destroy {NAME}", 300, _says("destroy", f"/destroy {NAME}", by=REVIEWER)),
    JourneyStage("end_planned", "Actions plan the destroy, in reverse order", 900, _planned("destroy")),
    JourneyStage("end_merge", f"{REVIEWER} merges", 180, _merged),
    JourneyStage("destroyed", "everything is destroyed, and the report says so", 1200, _is_destroyed),
)  # fmt: skip
