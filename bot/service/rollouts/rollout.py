"""Bring a rollout one step further: read how it stands, decide in one call to the core, propose and merge, and say it in its issue.

Every step looks for what it would make before making it: the issue by its marker, a commit by the issue's address in its trailers, a pull
request by its branch. So this may be killed anywhere and run again. Two runs for one repository must not overlap (its jobs never do).
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.clients.github import GitHubRefused
from bot.clients.github.records import Issue, IssueStatus
from bot.commands.model import Sync
from bot.core.messages.rollouts import issue as rollout_issue
from bot.core.messages.rollouts.issue import ShownRollout
from bot.core.messages.rollouts.standing import SUPERSEDED, TURNED_OFF
from bot.core.requests.branches import Branch, read_wave
from bot.core.requests.change import Unchanged
from bot.core.requests.refusal import Refused
from bot.core.rollout.next_actions import NextActions, may_merge, next_actions
from bot.core.rollout.record import (
    MemberStage,
    RolloutMember,
    RolloutRecord,
    is_of,
    is_paused,
    marker,
    read,
    template_of,
)
from bot.core.rollout.waves import joined, waves
from bot.errors import UserError
from bot.names import EnvironmentName, Login, TemplateName
from bot.service.commands.change import ChangeOrigin, Pushed, propose_change, publish_change
from bot.service.commands.sync import SyncDrafter
from bot.service.module_rollouts.steering import goes_on
from bot.service.repository import Repository
from bot.service.rollouts.members import member_of, members_of
from bot.service.rollouts.shared_pull import shared_pull_of
from bot.service.rollouts.together import BY_PEOPLE, describe, kept_up, merge_together, propose_together
from bot.service.rollouts.under_way import Rollout


def roll_out(repo: Repository, template: TemplateName, only: Collection[EnvironmentName] = ()) -> str:
    """Bring the rollout of a template's newest revision one step further; open it, if there is something to do. Returns what was done, in
    words for the log. Raises `Transient`.

    `only` are the environments that something has happened to; without them everything that has not ended is looked at.
    """
    if not repo.policy().rollout.enabled:
        return _turned_off(repo, template)
    rollout = _found(repo, template)
    if rollout is None:
        return f"{template}: nothing to do"
    policy, members = repo.policy(), dict(members_of(repo, rollout, only))
    now = repo.context.now()
    todo = next_actions(rollout.record, policy, members, now, is_paused=is_paused(rollout.issue.labels))
    if todo.verdict not in {"paused", "done"}:
        _propose_all(repo, rollout, todo, members)
    # Before anything is merged: whoever reads a wave's pull request later sees what its plans were.
    for at in _on_branches(repo, rollout):
        describe(repo, rollout, at, members)
    if todo.verdict not in {"paused", "done"}:
        _merge_all(repo, rollout, todo.merge, members)
    record = rollout.record.model_copy(update={"waves_done": todo.waves_done, "members": members})
    shown = ShownRollout(record, todo, members, policy, now)
    title, body = rollout_issue.title(record, todo), rollout_issue.body(shown)
    state: IssueStatus = "closed" if todo.verdict == "done" else "open"
    repo.github.edit_issue(repo.name, rollout.issue, title=title, body=body, state=state)
    return f"{template}: {todo.verdict} (#{rollout.issue.number})"


def rollout_templates(repo: Repository, only: Collection[EnvironmentName] = ()) -> tuple[TemplateName, ...]:
    """Return the templates that a rollout may be under way for, or due: those of environments.

    Once the policy has turned rollouts off, those whose rollout's issue still says that it is under way.
    """
    if not repo.policy().rollout.enabled:
        return () if only else tuple(sorted({name for each in _open(repo) if (name := template_of(each.body))}))
    found = repo.read_inventory().inventory.live.values()
    return tuple(sorted({each.template for each in found if not only or each.name in only}))


def _open(repo: Repository) -> list[Issue]:
    return [each for each in repo.github.our_issues(repo.name) if each.state == "open"]


def _turned_off(repo: Repository, template: TemplateName) -> str:
    """Close the issues of a template's rollouts, with the reason: nothing would go on with them, and their text says that they go on."""
    for each in _open(repo):
        if is_of(template, each.body):
            repo.github.upsert_comment(repo.name, each.number, TURNED_OFF, rollout_issue.turned_off())
            repo.github.edit_issue(repo.name, each, title=each.title, body=each.body, state="closed")
    return f"{template}: turned off"


def _found(repo: Repository, template: TemplateName) -> Rollout | None:
    """Return the rollout of the newest revision, opened if environments are behind it; older ones are closed."""
    history = repo.template_history(template)
    if not history:
        return None
    newest = history[0]
    issues = [each for each in repo.github.our_issues(repo.name) if is_of(template, each.body)]
    issue = next((each for each in issues if marker(template, newest.commit) in each.body), None)
    live = repo.read_inventory().inventory.live.values()
    # A preview follows its pull request.
    everywhere = [each for each in live if each.template == template and each.preview is None]
    late = [each for each in everywhere if each.revision != newest.revision]
    fresh = RolloutRecord(
        template=template,
        revision=newest.revision,
        commit=newest.commit,
        # In place of a record that is lost all are looked at: a canary at the revision may not be applied yet.
        waves=waves(late if issue is None else everywhere, repo.policy()),
        started_at=repo.context.now(),
    )
    if issue is None and late:
        issue = repo.github.open_issue(repo.name, rollout_issue.title(fresh), rollout_issue.opening(fresh, newest))
    for older in issues:
        if older.state == "open" and (issue is None or older.number != issue.number):
            _supersede(repo, older, issue, {each.name for each in late})
    if issue is None or issue.state == "closed":
        return None
    record = _remembered(issue, fresh)
    return Rollout(issue, record.model_copy(update={"waves": joined(record.waves, late, repo.policy())}))


def _remembered(issue: Issue, fresh: RolloutRecord) -> RolloutRecord:
    """Return what the issue remembers; in its place, and for what it had no room for, what is found anew."""
    found = read(issue.body)
    if found is None or (found.template, found.commit, found.revision) != (
        fresh.template,
        fresh.commit,
        fresh.revision,
    ):
        return fresh
    return found if found.waves else found.model_copy(update={"waves": fresh.waves})


def _supersede(repo: Repository, older: Issue, newer: Issue | None, late: Collection[EnvironmentName]) -> None:
    text = rollout_issue.superseded(newer.number if newer else None, _left(repo, older, late))
    repo.github.upsert_comment(repo.name, older.number, SUPERSEDED, text)
    repo.github.edit_issue(repo.name, older, title=older.title, body=older.body, state="closed")


def _left(repo: Repository, older: Issue, late: Collection[EnvironmentName]) -> list[int]:
    """Return the open pull requests of a rollout whose environments need nothing any more. What people opened is theirs."""
    record = read(older.body)
    members = record.members.items() if record is not None else ()
    ours = {each.pull for name, each in members if each.stage is not MemberStage.BLOCKED and name not in late}
    needed = {each.pull for name, each in members if name in late}
    return sorted(pull.number for pull in repo.own_pull_requests() if pull.number in ours - needed)


def _propose_all(
    repo: Repository, rollout: Rollout, todo: NextActions, members: dict[EnvironmentName, RolloutMember]
) -> None:
    """Propose what is to be proposed, and bring the pull requests of waves up to date; `members` are as they stand after it."""
    own, room = [*todo.alone, *todo.propose], todo.room
    for at, names in todo.together.items():
        if goes_on(repo, rollout.issue):
            members |= propose_together(repo, rollout, at, names)
            left = [name for name in names if not members[name].is_shared][:room]
            own, room = [*own, *left], room - len(left)
    for name in (*own, *todo.retry):
        if goes_on(repo, rollout.issue):
            members[name] = _propose(repo, rollout, name)
    for at in _on_branches(repo, rollout):
        if goes_on(repo, rollout.issue):
            changed = kept_up(repo, rollout, at, members)
            members |= changed
            for name in [name for name, each in changed.items() if not each.is_shared]:
                members[name] = _propose(repo, rollout, name)


def _on_branches(repo: Repository, rollout: Rollout) -> list[int]:
    """Return the waves that have a branch: those of an earlier rollout of the template, which had more of them, too."""
    found = [branch for name in repo.mirror.waves() if (branch := read_wave(name)) is not None]
    return sorted(each.number - 1 for each in found if each.template == rollout.record.template)


def _merge_all(
    repo: Repository, rollout: Rollout, names: Sequence[EnvironmentName], members: dict[EnvironmentName, RolloutMember]
) -> None:
    """Merge what is to be merged: one pull request after the other, that of a wave once."""
    for name in names:
        now = members[name]
        if now.stage is not MemberStage.PLANNED or not goes_on(repo, rollout.issue):
            continue
        if now.is_shared:
            at = next(at for at, wave in enumerate(rollout.record.waves) if name in wave)
            members |= merge_together(repo.fetched(), rollout, at)
        else:
            members[name] = _merge(repo.fetched(), rollout, name)


def _propose(repo: Repository, rollout: Rollout, name: EnvironmentName) -> RolloutMember:
    """Propose an environment alone at the newest revision; a value that people have to give is asked for there.

    One that is in the pull request of its wave leaves that: whoever has its own is taken out of it.
    """
    now = member_of(repo, rollout, name, shared_pull_of(repo, rollout, name))
    if now.stage not in {MemberStage.WAITING, MemberStage.REFUSED} and not now.is_shared:
        return now  # somebody has proposed another change since
    origin = ChangeOrigin(Login(repo.github.identity()), rollout.issue.url)
    try:
        outcome = publish_change(repo, origin, SyncDrafter(Sync(name), asks=True))
        if isinstance(outcome, Pushed):
            return RolloutMember(MemberStage.PLANNING, propose_change(repo.fetched(), outcome.branch).number)
    except (UserError, GitHubRefused) as error:  # a branch that people broke stops no other environment
        return RolloutMember(MemberStage.REFUSED, now.pull, note=str(error))
    match outcome:
        case Refused(reason=reason) | Unchanged(reason=reason):
            return RolloutMember(MemberStage.REFUSED, note=reason)


def _merge(repo: Repository, rollout: Rollout, name: EnvironmentName) -> RolloutMember:
    """Merge a pull request if it still may be. All is read again, for others may have been merged, or it pushed to, since."""
    pull = repo.pull_request(Branch("change", name))
    now = member_of(repo, rollout, name, None)
    # The head that was read first: if it has moved on since, GitHub refuses.
    if pull is None or not may_merge(name, now, repo.policy()):
        return now
    if not repo.github.merge(repo.name, pull.number, pull.head_sha):
        return replace(now, note=BY_PEOPLE)
    return RolloutMember(MemberStage.MERGED, pull.number, now.risk)
