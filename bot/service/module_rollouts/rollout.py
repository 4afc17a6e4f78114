"""Bring a rollout of modules one step further: a merge that changes a module beside the environments holds those that use it, and they are
released wave by wave.

A release starts the apply of one environment by name, as `/resume` does, and it applies what the merged pull request was reviewed for. Every step
looks for what it would make before making it: the issue by its marker, a run by its title. So this may be killed anywhere and run again. Two runs for
one repository must not overlap (its jobs never do).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from bot.clients.github.records import ACTIONS_APP, Issue, IssueStatus
from bot.core.messages.modules import issue as texts
from bot.core.messages.modules.issue import ShownModules
from bot.core.messages.rollouts.standing import SUPERSEDED, TURNED_OFF
from bot.core.plans.required_check import CHECK
from bot.core.plans.risk import said_in
from bot.core.requests.refusal import Refused
from bot.core.requests.rerun import release_title
from bot.core.rollout.module_record import HeldModule, ModuleRecord, commit_of, held_by, read, records_in, rollouts_of
from bot.core.rollout.next_actions import next_actions
from bot.core.rollout.record import ENDED, PAUSED, MemberStage, RolloutMember, is_paused
from bot.core.rollout.waves import Waves, waves
from bot.model.policy import Policy
from bot.names import EnvironmentName
from bot.service.module_rollouts.held import HeldChange, held_changes, modules_of_all, users_of
from bot.service.module_rollouts.members import ModuleRollout, Runs, module_member, module_members, named_runs
from bot.service.module_rollouts.steering import goes_on
from bot.service.repository import Repository
from bot.service.reruns.run_end import APPLY
from bot.service.reruns.starts import start


def roll_out_modules(repo: Repository, only: Collection[EnvironmentName] = ()) -> str:
    """Bring the rollout of what merges held one step further; open it, if there is something to do. Returns what was done, in words for
    the log. Raises `Transient`.

    `only` are the environments that something has happened to; without them everything that is under way is looked at.
    """
    issues = module_issues(repo)
    if not repo.policy().rollout.holds_modules:
        return _turned_off(repo, issues)
    due = _concerned(issues, only) if only else [each for each in _opened(repo, issues)[-1:] if each.state == "open"]
    done = [_looked_at(repo, ModuleRollout(each, _remembered(repo, each)), only) for each in due]
    return "; ".join(done) or "modules: nothing to do"


def is_due(repo: Repository, only: Collection[EnvironmentName] = ()) -> bool:
    """Say whether there may be something to do: while the policy has modules held and any are called, or an issue says so."""
    if repo.policy().rollout.holds_modules and modules_of_all(repo):
        return True
    return not only and any(each.state == "open" for each in module_issues(repo))


def module_issues(repo: Repository) -> Sequence[Issue]:
    """Return the issues of rollouts of modules, open and closed, oldest first. Raises `Transient`."""
    return [each for each in repo.github.our_issues(repo.name) if commit_of(each.body) is not None]


def held_modules(repo: Repository) -> Mapping[EnvironmentName, HeldModule]:
    """Return what environments wait for, as the issues remember it; GitHub is asked only if the policy has modules held. Raises `Transient`."""
    if not repo.policy().rollout.holds_modules:
        return {}
    return {
        name: each for name, each in held_by(_records(module_issues(repo))).items() if repo.tree_of(name) is not None
    }


def _records(issues: Sequence[Issue]) -> Iterator[tuple[int, ModuleRecord]]:
    """Yield the records that can be read, newest first."""
    return records_in((each.number, each.body) for each in reversed(issues))


def _concerned(issues: Sequence[Issue], only: Collection[EnvironmentName]) -> Sequence[Issue]:
    """Return the issues in which environments have not ended yet; one that was aborted still shows what people apply since."""
    found = rollouts_of(_records(issues))
    numbers = {held.issue for name, (held, member) in found.items() if name in only and member.stage not in ENDED}
    return [each for each in issues if each.number in numbers]


def _looked_at(repo: Repository, rollout: ModuleRollout, only: Collection[EnvironmentName]) -> str:
    policy, runs, is_open = _of_modules(repo.policy()), named_runs(repo), rollout.issue.state == "open"
    members = module_members(repo, rollout, runs, only)
    todo = next_actions(rollout.record, policy, members, repo.context.now(), is_paused=is_paused(rollout.issue.labels))
    for name in (*todo.propose, *todo.retry) if is_open else ():
        if goes_on(repo, rollout.issue):
            members[name] = _released(repo, rollout, runs, name)
    record = rollout.record.model_copy(update={"waves_done": todo.waves_done, "members": members})
    shown = ShownModules(record, todo, policy, is_aborted=not is_open and todo.verdict != "done")
    state: IssueStatus = "closed" if todo.verdict == "done" or not is_open else "open"
    repo.github.edit_issue(
        repo.name, rollout.issue, title=texts.title(record, todo), body=texts.body(shown), state=state
    )
    return f"modules: {todo.verdict} (#{rollout.issue.number})"


def _released(repo: Repository, rollout: ModuleRollout, runs: Runs, name: EnvironmentName) -> RolloutMember:
    """Start the apply of an environment, unless it is started or applied already."""
    now = module_member(repo, rollout, runs, name)
    if now.stage not in {MemberStage.WAITING, MemberStage.REFUSED}:
        return now
    inputs = {"environment": str(name), "request": release_title(name, rollout.issue.number)}
    refused = start(lambda: repo.github.dispatch_workflow(repo.name, APPLY, repo.branch, inputs), APPLY)
    if isinstance(refused, Refused):
        return replace(now, stage=MemberStage.REFUSED, note=refused.reason)
    return replace(now, stage=MemberStage.MERGED, note="")


def _of_modules(policy: Policy) -> Policy:
    """Return the policy with nothing to be planned or proposed: all were, in the pull request that was merged."""
    merged = {"plan_first": "wave", "pull_requests": "environment"}
    return policy.model_copy(update={"rollout": policy.rollout.model_copy(update=merged)})


def _opened(repo: Repository, issues: Sequence[Issue]) -> Sequence[Issue]:
    """Return the issues, with a new one for what merges have held since, if anything. Only the newest is open then."""
    newest = issues[-1] if issues else None
    changes = held_changes(repo, commit_of(newest.body) if newest is not None else None)
    if changes:
        record = _record(repo, changes, newest if newest is not None and newest.state == "open" else None)
        policy = _of_modules(repo.policy())
        todo = next_actions(record, policy, record.members, repo.context.now())
        text = texts.body(ShownModules(record, todo, policy))
        issues = [*issues, repo.github.open_issue(repo.name, texts.title(record), text)]
    older = [each for each in issues[:-1] if each.state == "open"]
    if any(is_paused(each.labels) for each in older):
        # Whoever paused it meant what waits, and that is in the newer one now.
        repo.github.mark_issue(repo.name, issues[-1], PAUSED, has=True)
        issues = [*issues[:-1], repo.github.issue(repo.name, issues[-1].number)]
    for each in older:
        text = texts.superseded(issues[-1].number)
        repo.github.upsert_comment(repo.name, each.number, SUPERSEDED, text)
        repo.github.edit_issue(repo.name, each, title=each.title, body=each.body, state="closed")
    return issues


def _record(repo: Repository, changes: Sequence[HeldChange], before: Issue | None) -> ModuleRecord:
    """Return the record of a new rollout: of what merges have held, and of what one under way has not applied."""
    last = _remembered(repo, before) if before is not None else None
    left = {name: each for name, each in last.members.items() if each.stage not in ENDED} if last is not None else {}
    # What has failed or is under way is looked at once more, and released again if it has come to nothing.
    members = {name: replace(each, stage=MemberStage.WAITING, note="") for name, each in left.items()}
    for change in reversed(changes):
        members |= _planned(repo, change)
    modules = {place for each in changes for place in each.modules} | set(last.modules if left and last else ())
    return ModuleRecord(
        commit=changes[0].commit,
        modules=tuple(sorted(modules)),
        waves=_waves(repo, members),
        started_at=repo.context.now(),
        members={name: each for name, each in members.items() if name in repo.read_inventory().inventory.live},
    )


def _planned(repo: Repository, change: HeldChange) -> Mapping[EnvironmentName, RolloutMember]:
    """Return the environments that a change held, with the risk of their plans in the pull request that brought it."""
    pulls = repo.github.pull_requests_for_commit(repo.name, change.commit)
    pull = next((each for each in pulls if each.is_merged), None)
    if pull is None:
        return dict.fromkeys(change.names, RolloutMember(MemberStage.WAITING))
    said = {each.name: each.summary for each in repo.github.checks(repo.name, pull.head_sha) if each.app == ACTIONS_APP}
    risks = {name: said_in(said.get(CHECK.format(environment=name), "")) for name in change.names}
    return {name: RolloutMember(MemberStage.WAITING, pull.number, risk) for name, risk in risks.items()}


def _waves(repo: Repository, names: Iterable[EnvironmentName]) -> Waves:
    live = repo.read_inventory().inventory.live
    return waves([live[name] for name in names if name in live], repo.policy())


def _remembered(repo: Repository, issue: Issue) -> ModuleRecord:
    """Return what an issue remembers; in place of what it had no room for, or people broke, everything that it may be about."""
    found = read(issue.body)
    if found is None:
        commit = commit_of(issue.body)
        assert commit is not None, "it is the issue of a rollout of modules"
        found = ModuleRecord(commit=commit, modules=modules_of_all(repo), started_at=repo.context.now())
    order = found.waves or _waves(repo, users_of(repo, found.modules))
    everybody = (name for wave in order for name in wave)
    members = {name: found.members.get(name, RolloutMember(MemberStage.WAITING)) for name in everybody}
    return found.model_copy(update={"waves": order, "members": members})


def _turned_off(repo: Repository, issues: Sequence[Issue]) -> str:
    """Close what is open, with the reason: nothing would go on with it, and its text says that it goes on."""
    for each in (issue for issue in issues if issue.state == "open"):
        record = read(each.body)
        left = sum(member.stage not in ENDED for member in record.members.values()) if record is not None else 0
        repo.github.upsert_comment(repo.name, each.number, TURNED_OFF, texts.turned_off(left))
        repo.github.edit_issue(repo.name, each, title=each.title, body=each.body, state="closed")
    return "modules: turned off"
