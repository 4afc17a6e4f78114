"""The story's people and places: who changes what, which clones follow, and where all that is on GitHub."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.requests.branches import BranchKind, branch_of
from bot.names import EnvironmentName
from bot.sandbox.github.records.issues import IssueRecord
from bot.sandbox.journey import Story, pull_from, status
from bot.sandbox.sandbox import REPOSITORY, REQUESTER, Sandbox

CANARY, QUIET, THICK = EnvironmentName("canary"), EnvironmentName("quiet"), EnvironmentName("thick")
NARROW, SHOWROOM = EnvironmentName("narrow"), EnvironmentName("showroom")
CLONES: Mapping[EnvironmentName, str] = {
    CANARY: "for qa",
    QUIET: "for archive",
    THICK: "for demo --set pages=4",
    NARROW: "for demo --set most_pages=1",
    SHOWROOM: "for showroom",
}
FLAG = f"/{THICK}/flags/folded"
LOGS = f"/{SHOWROOM}/window"


@dataclass(slots=True)
class Evolution(Story):
    """A change under way. `comments` are by what they ask for; `since` is the newest deployment before what was merged in a stage."""

    change: Mapping[str, bytes] = field(default_factory=dict)
    issue: int = 0
    pull: int = 0
    comments: dict[str, tuple[int, int]] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    approved: set[str] = field(default_factory=set)

    @classmethod
    def begun(cls, sandbox: Sandbox, change: Mapping[str, bytes]) -> "Evolution":
        """Open the issue in which people ask for clones."""
        issue = sandbox.github.open_issue(REPOSITORY, "Leaflets for everybody", "One each.", by=REQUESTER)
        return cls(sandbox, change=change, issue=issue)

    @property
    def preview(self) -> EnvironmentName:
        """The clone that tries the change."""
        return EnvironmentName(f"pr-{self.pull}")

    @property
    def rollout(self) -> IssueRecord | None:
        """The issue of the rollout."""
        found = self.sandbox.github.issues(REPOSITORY)
        return next((each for each in found if each.title.startswith("Rollout of template leaflets")), None)

    def reply(self, what: str) -> str:
        """Return the reply to a comment, as it is now."""
        return status(self.sandbox, *self.comments[what])

    def proposal(self, name: EnvironmentName, kind: BranchKind) -> IssueRecord | None:
        """Return the open pull request of an environment."""
        found = pull_from(self.sandbox, branch_of(name, kind))
        return found if found is not None and found.state == "open" else None

    def drift(self, name: EnvironmentName) -> str:
        """Return the text of an environment's open issue about drift; empty when there is none."""
        found = self.sandbox.github.issues(REPOSITORY)
        return next(
            (each.body or "" for each in found if each.title == f"{name} has drifted" and each.state == "open"), ""
        )
