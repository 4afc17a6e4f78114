"""Propose a wave in one pull request, keep that as it would be proposed now, and merge it.

The branch is ours as long as its head is, byte for byte, what we would have proposed on the commit that it was made on: then it is written anew
where an environment has changed meanwhile or has left it. What somebody pushed there is never overwritten, and never merged by itself, whoever a
commit says that it is by.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from bot.clients.git.trees import Publication
from bot.clients.github import GitHubRefused
from bot.clients.github.records import PullRequest
from bot.clients.transient import Transient
from bot.core.messages.rollouts import wave_pull_request
from bot.core.requests import commit_trailers
from bot.core.requests.branches import Stranger, WaveBranch
from bot.core.rollout.next_actions import may_merge
from bot.core.rollout.record import MemberStage, RolloutMember
from bot.core.tree import Tree
from bot.errors import UserError
from bot.names import EnvironmentName, Login
from bot.service.proposals.wave import PublishedWave, changed_between, wave_proposal
from bot.service.repository import Repository
from bot.service.rollouts.members import member_of
from bot.service.rollouts.shared_pull import directories, holds, shared_pull, wave_branch
from bot.service.rollouts.under_way import Rollout
from bot.service.way import clear, publish

log = logging.getLogger(__name__)

Members: TypeAlias = Mapping[EnvironmentName, RolloutMember]

BY_PEOPLE = "the branch's rules ask for a person"


def propose_together(repo: Repository, rollout: Rollout, at: int, names: tuple[EnvironmentName, ...]) -> Members:
    """Propose what nobody has to look at alone in one pull request; return how that stands. The others are for pull requests of their own.

    Raises `Transient`.
    """
    wanted = directories(repo, names)
    return _proposed(repo, rollout, at, wanted) if len(wanted) > 1 else {}


def kept_up(repo: Repository, rollout: Rollout, at: int, members: Members) -> Members:
    """Bring the open pull request of a wave to what would be proposed now; return those that stand differently. Raises `Transient`.

    Those that are in it no more wait, for a pull request of their own. One that nobody is in any more is closed.
    """
    shared = shared_pull(repo, rollout, at)
    if shared is None or not shared.is_open:
        return {}
    inside = [name for name in _wave(rollout, at) if members[name].is_shared]
    protected, head = repo.policy().protected, shared.pull.head_sha
    wanted = directories(repo, [name for name in inside if name not in protected])
    if shared.names == wanted.keys() and holds(repo, head, wanted):
        return {}
    if repo.proposed(shared.branch) != head or not _is_own(repo, head):
        return {}
    if not inside:
        repo.github.close_pull_request(repo.name, shared.pull.number)
        return {}
    # Without any of them it would be an empty pull request: it is closed once all have their own.
    found = _proposed(repo, rollout, at, wanted) if wanted else {}
    if wanted and not found:
        return {}
    return {name: found.get(name, RolloutMember(MemberStage.WAITING)) for name in inside}


def merge_together(repo: Repository, rollout: Rollout, at: int) -> Members:
    """Merge the pull request of a wave if every environment in it still may be merged; return how they stand. Raises `Transient`."""
    shared = shared_pull(repo, rollout, at)
    if shared is None:
        return {}
    now = {name: member_of(repo, rollout, name, shared) for name in shared.names}
    policy = repo.policy()
    # Somebody may have pushed there since: what brings no environment to the revision is theirs.
    if not now or not all(each.is_shared and may_merge(name, each, policy) for name, each in now.items()):
        return now
    if not repo.github.merge(repo.name, shared.pull.number, shared.pull.head_sha):
        return {name: replace(each, note=BY_PEOPLE) for name, each in now.items()}
    return {name: RolloutMember(MemberStage.MERGED, each.pull, each.risk) for name, each in now.items()}


def describe(repo: Repository, rollout: Rollout, at: int, members: Members) -> None:
    """Bring the text of a wave's open pull request up to date, where an environment of it stands differently now. Raises `Transient`."""
    sharing = {name: members[name] for name in _wave(rollout, at) if members[name].is_shared}
    if any(each != rollout.record.members.get(name) for name, each in sharing.items()):
        branch = wave_branch(rollout, at)
        tip = repo.proposed(branch)
        try:
            if tip is not None:
                _ensured(repo, rollout, branch, tip, sharing)
        except (UserError, GitHubRefused) as error:  # what people pushed there may be no environment any more
            log.warning("the text of %s stays: %s", branch, error, extra={"action": "roll out"})


def _proposed(repo: Repository, rollout: Rollout, at: int, wanted: Mapping[EnvironmentName, Tree]) -> Members:
    """Publish and propose these directories; nothing, if that is refused or somebody else's commit is on the branch."""
    branch, planning = wave_branch(rollout, at), RolloutMember(MemberStage.PLANNING, is_shared=True)
    try:
        tip = _published(repo, rollout, branch, wanted)
        if tip is None:
            return {}
        number = _ensured(repo, rollout, branch, tip, dict.fromkeys(wanted, planning)).number
    except (UserError, GitHubRefused) as error:
        log.warning("%s is not proposed: %s", branch, error, extra={"action": "roll out"})
        return {}
    return dict.fromkeys(wanted, replace(planning, pull=number))


def _published(
    repo: Repository, rollout: Rollout, branch: WaveBranch, wanted: Mapping[EnvironmentName, Tree]
) -> str | None:
    """Return the commit that holds these directories, pushing it unless it is there; None where somebody else's is on the branch."""
    was = repo.proposed(branch)
    is_own = was is not None and _is_own(repo, was)
    if was is not None and is_own and holds(repo, was, wanted):
        return was
    if was is not None and not is_own:
        cleared, pull = clear(repo, branch), repo.pull_request(branch)
        if isinstance(cleared, Stranger) or (pull is not None and pull.state == "open"):
            return None
        was = None if cleared else was
    to = f"{branch.template} at {rollout.record.revision[:12]}"
    title = wave_pull_request.title_of(len(wanted), to, branch.number)
    by, url = Login(repo.github.identity()), rollout.issue.url
    publication = Publication(
        parent=repo.commit,
        directories={repo.roots.environment(name): files for name, files in wanted.items()},
        branch=str(branch),
        branch_was=was,
        claims={},
        message=f"{title}\n\n{commit_trailers.write_wave(wanted, by, url, repo.commit)}",
        author=repo.context.author,
        at=repo.context.now(),
    )
    outcome = publish(repo, publication)
    if not isinstance(outcome, str):
        raise Transient(f"{branch}: something was in its way, or was pushed there at this moment")
    return outcome


def _ensured(repo: Repository, rollout: Rollout, branch: WaveBranch, tip: str, members: Members) -> PullRequest:
    base = repo.mirror.history.merge_base(tip, repo.commit) or repo.commit
    wave = PublishedWave(branch, tip, base, members, len(rollout.record.waves), rollout.issue.url)
    return repo.github.ensure_pull_request(repo.name, wave_proposal(repo, wave))


def _wave(rollout: Rollout, at: int) -> tuple[EnvironmentName, ...]:
    """Return the environments of a wave; none of one that only an earlier rollout had."""
    return rollout.record.waves[at] if at < len(rollout.record.waves) else ()


def _is_own(repo: Repository, commit: str) -> bool:
    """Say whether a commit is what we proposed on its parent. Anybody can write our name into a commit, but loses nothing that we would write anew."""
    if not repo.mirror.history.is_by(repo.context.author, commit, onto=repo.commit):
        return False
    base = repo.at(repo.mirror.history.parent(commit) or commit)
    wanted = directories(base, changed_between(base, repo.at(commit)), repo.mirror.history.committed_at(commit))
    return bool(wanted) and holds(base, commit, wanted)
