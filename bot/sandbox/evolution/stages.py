"""The demonstration's third act: a template changes, and its environments follow; what somebody changed by hand is put right or kept.

A preview tries the change. Five clones follow it: a canary, one that needs nothing and merges itself, one that keeps its override, one that
fails and stops the wave, and the last once that is fixed.
"""

import re
from collections.abc import Sequence

from bot.core.requests.branches import BranchKind, branch_of
from bot.model.environment import MANIFEST
from bot.names import EnvironmentName
from bot.sandbox.evolution.acts import all_live, all_merged, asked, is_applied, is_green, is_live, note, planned
from bot.sandbox.evolution.story import CANARY, CLONES, FLAG, LOGS, NARROW, QUIET, SHOWROOM, THICK, Evolution
from bot.sandbox.github import IssueText, PullSpec
from bot.sandbox.journey import JourneyStage, Stuck, deployed, logs, merged, once, pull_from
from bot.sandbox.rehearsal import PRODUCTION
from bot.sandbox.sandbox import REPOSITORY, REQUESTER, REVIEWER

_BRANCH = "green-covers"


def _propose(story: Evolution) -> None:
    """Somebody changes the template, and production with it, and asks for a clone that tries it."""
    github = story.sandbox.github
    github.commit(REPOSITORY, story.change, by=REQUESTER, message="Print green covers", branch=_BRANCH)
    words = IssueText("Print green covers", "Every leaflet gets one.")
    story.pull = github.open_pull(REPOSITORY, PullSpec(words, _BRANCH, "main"), by=REQUESTER)
    command = f"/clone production as {story.preview} for qa"
    story.comments["preview"] = (story.pull, github.comment(REPOSITORY, story.pull, command, by=REQUESTER))


def _change_approved(story: Evolution) -> bool:
    """Approve the change and the clone that tries it; wait until both are planned."""
    change = story.sandbox.github.issue(REPOSITORY, story.pull)
    preview = story.proposal(story.preview, "clone")
    is_planned = is_green(story, change, approves=True)
    return is_green(story, preview, approves=True) and is_planned


def _preview_merged(story: Evolution) -> bool:
    return all_merged("preview", (story.preview, "clone"))(story)


def _tried(story: Evolution) -> bool:
    pull = story.sandbox.github.issue(REPOSITORY, story.pull).pull
    assert pull is not None
    said = story.sandbox.github.statuses(REPOSITORY, pull.head_sha)
    # GitHub keeps what was said before: the newest counts.
    newest = max(
        (each for each in said if each.context == f"envclone/tried on {story.preview}"),
        key=lambda each: each.id,
        default=None,
    )
    return is_live(story, "preview", story.preview) and newest is not None and newest.state == "success"


def _change_merged(story: Evolution) -> bool:
    note(story, "change")
    return merged(story.sandbox, story.pull, by=REVIEWER) is not None


def _second_wave(story: Evolution) -> bool:
    """Wait until the second wave is planned, and the one that needs nothing has merged itself."""
    note(story, "second")
    quiet = pull_from(story.sandbox, branch_of(QUIET, "change"))
    by = quiet.pull.merged_by if quiet is not None and quiet.pull is not None else None
    if by is not None and by.login == REVIEWER:
        raise Stuck(f"Nobody was to merge the change of {QUIET}, which needs nothing. {logs(story.sandbox)}")
    return by is not None and planned((THICK, "change"), (NARROW, "change"))(story)


def _stops(story: Evolution) -> bool:
    """Wait for the apply that fails, as it must, and for the rollout that stops."""
    state = deployed(story.sandbox, NARROW, after=story.since["second"])
    if state == "success":
        raise Stuck(f"{NARROW} was applied although its press can't bind that many pages. {logs(story.sandbox)}")
    is_stopped = story.rollout is not None and story.rollout.title.endswith("(stopped)")
    if story.proposal(SHOWROOM, "change") is not None:
        raise Stuck(f"{SHOWROOM} was proposed although the wave before it failed.")
    if not (state in {"failure", "error"} and is_stopped and all_live("second", QUIET, THICK)(story)):
        return False
    if not _keeps_its_override(story):
        raise Stuck(f"{THICK} lost its override. {logs(story.sandbox)}")
    return True


def _keeps_its_override(story: Evolution) -> bool:
    github, pull = story.sandbox.github, pull_from(story.sandbox, branch_of(THICK, "change"))
    assert pull is not None
    path = next(each.path for each in github.files(REPOSITORY, pull.number) if each.path.endswith(f"/{MANIFEST}"))
    return b"\n  pages: 4\n" in (github.read(REPOSITORY, path) or b"")


def _ends(story: Evolution) -> bool:
    found = story.rollout
    return found is not None and found.state == "closed" and found.title.endswith("(done)")


def _proved(story: Evolution) -> bool:
    """Wait for the end of the run, not only of the apply: before that, nothing is proved."""
    return all_live("value", CANARY)(story) and is_applied(story, "value")


def _by_hand(story: Evolution) -> None:
    """Somebody changes what Terraform made, and what a hook made, and tells nobody."""
    story.sandbox.client("logs").put_retention_policy(logGroupName=LOGS, retentionInDays=1)
    story.sandbox.client("ssm").put_parameter(Name=FLAG, Value="false", Type="String", Overwrite=True)


def _drifted(story: Evolution) -> bool:
    """Wait for the issues, and for the end of the runs that open them: only then may the drift be put right."""
    is_told = all("See #" in story.reply(look) for look in ("look-showroom", "look-thick"))
    is_found = all(bool(story.drift(name)) for name in (SHOWROOM, THICK))
    return is_told and is_found and planned((CANARY, "change"))(story)


def _proposed(story: Evolution) -> bool:
    """Wait until what was found and what was proved is planned; the hand edit of what is kept needs an approval."""
    kept = is_green(story, story.proposal(SHOWROOM, "change"), approves=True)
    return planned((THICK, "change"), (PRODUCTION, "change"))(story) and kept


def _confirmed(story: Evolution) -> bool:
    """Confirm the plan of the repair, which merges it; the rest is merged as ever."""
    if "confirm" not in story.comments:
        found = re.search(rf"/repair {THICK} --confirm [0-9a-f]+", story.reply("repair"))
        if found is None:
            return False
        note(story, "right")
        comment = story.sandbox.github.comment(REPOSITORY, story.issue, found[0], by=REVIEWER)
        story.comments["confirm"] = (story.issue, comment)
    is_done = all_merged("right", (SHOWROOM, "change"), (PRODUCTION, "change"))(story)
    return is_done and story.proposal(THICK, "change") is None


def _right(story: Evolution) -> bool:
    if not (all_live("right", SHOWROOM, THICK, PRODUCTION)(story) and is_applied(story, *_RIGHT)):
        return False
    flag = story.sandbox.client("ssm").get_parameter(Name=FLAG)["Parameter"]["Value"]
    groups = story.sandbox.client("logs").describe_log_groups(logGroupNamePrefix=LOGS)["logGroups"]
    if (flag, groups[0]["retentionInDays"]) != ("true", 1):
        raise Stuck(f"The flag is {flag}, and the window's log is kept for {groups[0]['retentionInDays']} days.")
    return True


_ASKED = {str(name): f"/clone production as {name} {more}" for name, more in CLONES.items()}
_LOOK = {
    "look-showroom": f"/plan {SHOWROOM}",
    "look-thick": f"/plan {THICK}",
    "value": f"/set {CANARY} pages=3",
}
_RIGHT = {"codify": f"/codify {SHOWROOM}", "repair": f"/repair {THICK}", "promote": f"/promote {CANARY}"}
_NEW: Sequence[tuple[EnvironmentName, BranchKind]] = [(name, "clone") for name in CLONES]
_FIX = {"fix": f"/set {NARROW} most_pages=8"}

STAGES: Sequence[JourneyStage[Evolution]] = (
    JourneyStage("ask", f"{REQUESTER} asks for five clones of production", 600, asked(_ASKED)),
    JourneyStage("planned", "Actions plan them", 1800, planned(*_NEW)),
    JourneyStage("merge", f"{REVIEWER} merges them", 300, all_merged("merge", *_NEW)),
    JourneyStage("live", "all five are live", 1800, all_live("merge", *CLONES)),
    JourneyStage("change", f"{REQUESTER} changes the template, and asks there for a clone", 300, once(_propose)),
    JourneyStage("approved", f"{REVIEWER} approves both; Actions plan them", 1800, _change_approved),
    JourneyStage("preview", f"{REVIEWER} merges the clone that tries it", 300, _preview_merged),
    JourneyStage("tried", "the change says that it was tried, and how it went", 1200, _tried),
    JourneyStage("merged", f"{REVIEWER} merges the change: a rollout begins", 300, _change_merged),
    JourneyStage("canary", "the first wave is planned: the canary", 1200, planned((CANARY, "change"))),
    JourneyStage("canary_merge", f"{REVIEWER} merges the canary", 300, all_merged("first", (CANARY, "change"))),
    JourneyStage("second", f"{QUIET} needs nothing and merges itself; two wait", 1800, _second_wave),
    JourneyStage("second_merge", f"{REVIEWER} merges both", 300, all_merged("second", (THICK, "change"), (NARROW, "change"))),
    JourneyStage("stops", f"{THICK} keeps its override; {NARROW} fails, and the rollout stops", 1200, _stops),
    JourneyStage("fix", f"{REQUESTER} comments: /set {NARROW} most_pages=8", 300, asked(_FIX)),
    JourneyStage("fix_planned", "Actions plan it", 1200, planned((NARROW, "change"))),
    JourneyStage("fix_merge", f"{REVIEWER} merges: the rollout continues", 300, all_merged("fix", (NARROW, "change"))),
    JourneyStage("last", f"the last wave is planned: {SHOWROOM}", 1800, planned((SHOWROOM, "change"))),
    JourneyStage("last_merge", f"{REVIEWER} merges it", 300, all_merged("last", (SHOWROOM, "change"))),
    JourneyStage("done", "all have followed, and the rollout's issue is closed", 1200, _ends),
    JourneyStage("by_hand", "somebody changes a log's retention and a flag by hand", 180, once(_by_hand)),
    JourneyStage("look", f"{REQUESTER} asks for a drift check, and gives {CANARY} another value", 300, asked(_LOOK)),
    JourneyStage("drift", "two issues report the drift", 1200, _drifted),
    JourneyStage("value", f"{REVIEWER} merges the value", 300, all_merged("value", (CANARY, "change"))),
    JourneyStage("proved", f"{CANARY} proves it", 1200, _proved),
    JourneyStage("right", f"{REQUESTER} comments: /codify, /repair, /promote", 300, asked(_RIGHT)),
    JourneyStage("right_planned", "Actions plan all three", 1800, _proposed),
    JourneyStage("right_merge", f"{REVIEWER} confirms the repair and merges the rest", 600, _confirmed),
    JourneyStage("right_live", "the flag is back, the retention is code, production has the value", 1800, _right),
)  # fmt: skip
