"""What people do on the way, and wait for: the acts that many stages are made of."""

from collections.abc import Callable, Mapping

from bot.core.requests.branches import BranchKind
from bot.names import EnvironmentName
from bot.sandbox.evolution.story import Evolution
from bot.sandbox.github.records.issues import IssueRecord
from bot.sandbox.journey import Stuck, check, deployed, logs, merged
from bot.sandbox.sandbox import REPOSITORY, REQUESTER, REVIEWER

Act = Callable[[Evolution], bool]


def asked(commands: Mapping[str, str], by: str = REQUESTER) -> Act:
    """Return an act: comment commands, each by what it asks for, and wait until all are answered."""

    def act(story: Evolution) -> bool:
        for what, command in commands.items():
            if what not in story.comments:
                comment = story.sandbox.github.comment(REPOSITORY, story.issue, command, by=by)
                story.comments[what] = (story.issue, comment)
        return all(bool(story.reply(what)) for what in commands)

    return act


def planned(*what: tuple[EnvironmentName, BranchKind]) -> Act:
    """Return an act: wait until these proposals are open and their checks have passed."""
    return lambda story: all(is_green(story, story.proposal(name, kind)) for name, kind in what)


def is_green(story: Evolution, proposal: IssueRecord | None, *, approves: bool = False) -> bool:
    """Say whether a pull request's check has passed; one that asks for an approval gets it. Raises `Stuck` if it failed otherwise."""
    if proposal is None or proposal.pull is None:
        return False
    head, sandbox = proposal.pull.head_sha, story.sandbox
    found = check(sandbox, head, "envclone")
    if found is None or found.conclusion is None:
        return False
    if found.conclusion == "success":
        return True
    if not approves:
        raise Stuck(
            f"The check of #{proposal.number} concluded {found.conclusion}: {found.output.title}. {logs(sandbox)}"
        )
    if head not in story.approved:
        story.approved.add(head)
        sandbox.github.review(REPOSITORY, proposal.number, by=REVIEWER)
    return False


def all_merged(stage: str, *what: tuple[EnvironmentName, BranchKind]) -> Act:
    """Return an act: merge these proposals, as far as they are open."""

    def act(story: Evolution) -> bool:
        note(story, stage)
        left = [found for name, kind in what if (found := story.proposal(name, kind)) is not None]
        return all(merged(story.sandbox, each.number, by=REVIEWER) is not None for each in left)

    return act


def note(story: Evolution, stage: str) -> None:
    """Remember the newest deployment before what a stage merges."""
    newest = max((each.id for each in story.sandbox.github.deployments(REPOSITORY)), default=0)
    story.since.setdefault(stage, newest)


def all_live(stage: str, *names: EnvironmentName) -> Act:
    """Return an act: wait until these environments are applied as they were merged in a stage. Raises `Stuck`."""
    return lambda story: all(is_live(story, stage, name) for name in names)


def is_live(story: Evolution, stage: str, name: EnvironmentName) -> bool:
    """Say whether an environment is applied as it was merged in a stage. Raises `Stuck` if that failed."""
    state = deployed(story.sandbox, name, after=story.since[stage])
    if state in {"failure", "error"}:
        raise Stuck(f"The apply of {name} failed. {logs(story.sandbox)}")
    return state == "success"


def is_applied(story: Evolution, *what: str) -> bool:
    """Say whether whoever asked for these changes was told that they are applied: the runs that did it have ended then."""
    return all("is applied" in story.reply(each).partition("\n")[0] for each in what)
