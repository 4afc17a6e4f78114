"""The one pull request of a wave: its title, its text, and which environments it changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.clients.github.records import PullRequest, PullRequestSpec
from bot.core.messages.rollouts import wave_pull_request
from bot.core.messages.rollouts.wave_pull_request import ProposedWave
from bot.core.requests.branches import Branch, WaveBranch, read_wave
from bot.core.rollout.record import RolloutMember
from bot.errors import InvalidInput, UserError
from bot.names import EnvironmentName, TemplateName
from bot.service.proposals.change import compared
from bot.service.repository import Repository
from bot.service.requesters import OwnProposal


@dataclass(frozen=True, slots=True)
class PublishedWave:
    """What is on a wave's branch: these environments, on top of `base`, as they stand. `number` of `count` waves; `issue` is the rollout's."""

    branch: WaveBranch
    tip: str
    base: str
    members: Mapping[EnvironmentName, RolloutMember]
    count: int
    issue: str

    @property
    def template(self) -> TemplateName:
        return self.branch.template


def wave_proposal(repo: Repository, wave: PublishedWave) -> PullRequestSpec:
    """Return the pull request. Its text says of each environment what its own pull request would say. Raises `Transient`, `UserError`."""
    changes = []
    for name in sorted(wave.members):
        before, after = (repo.at(commit).manifest(name) for commit in (wave.base, wave.tip))
        if before is None or after is None:
            raise UserError(f"Branch `{wave.branch}` has changed in the meantime.")
        own = OwnProposal(Branch("change", name), wave.tip, wave.base, (), None)
        changes.append((compared(repo, own, before, after), wave.members[name]))
    policy, shown = repo.policy(), ProposedWave(changes, wave.branch.number, wave.count, wave.issue)
    return PullRequestSpec(
        head=str(wave.branch),
        base=repo.branch,
        title=wave_pull_request.title(shown),
        body=wave_pull_request.body(shown),
        labels=policy.labels,
        reviewers=policy.reviewers,
    )


def changed_in(repo: Repository, pull: PullRequest) -> Sequence[EnvironmentName]:
    """Return the environments that a wave's pull request changes, or changed. Raises `Transient`."""
    head = pull.head_sha
    began = repo.mirror.history.merge_base(head, repo.commit)
    if began == head:
        began = repo.mirror.history.parent(head)  # it is merged
    return changed_between(repo.at(began) if began is not None else None, repo.at(head))


def changed_between(before: Repository | None, after: Repository) -> Sequence[EnvironmentName]:
    """Return the environments that one commit has otherwise than another."""
    was = before.trees() if before is not None else {}
    return sorted(filter(None, (_name(text) for text, tree in after.trees().items() if was.get(text) != tree)))


def waves_with(repo: Repository) -> Mapping[EnvironmentName, PullRequest]:
    """Return the environments that open pull requests of waves change, each with the one that does. Raises `Transient`."""
    if not repo.mirror.waves():
        return {}
    pulls = [pull for pull in repo.own_pull_requests() if read_wave(pull.head) is not None]
    return {name: pull for pull in pulls for name in changed_in(repo, pull)}


def _name(text: str) -> EnvironmentName | None:
    try:
        return EnvironmentName(text)
    except InvalidInput:
        return None
