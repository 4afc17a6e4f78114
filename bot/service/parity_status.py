"""Say of an environment whether it is still certified to equal what it was cloned from, for its status."""

from bot.clients.github.certificates import certificate_on
from bot.clients.github.records import PullRequest
from bot.core.hcl.local_modules import code_id
from bot.core.parity.certificate import Now, lapses, status_line
from bot.core.requests.branches import Branch, read_wave
from bot.model.environment import Manifest
from bot.names import EnvironmentName
from bot.service.repository import Repository


def parity_line(repo: Repository, manifest: Manifest) -> str:
    """Return the line. The certificate is the newest of what the environment is; git says whether it holds.

    Of a live environment that is one of a merged pull request: an open one is certified as it would be.
    """
    clone, change = Branch("clone", manifest.name), Branch("change", manifest.name)
    if manifest.name in repo.trees():
        pulls = [repo.github.merged_pull_request_for_head(repo.name, str(branch)) for branch in (clone, change)]
        pulls.append(_wave_of(repo, manifest.name))
    else:
        pulls = [repo.pull_request(clone)]
    heads = [pull.head_sha for pull in pulls if pull is not None]
    certificate = certificate_on(repo.github, repo.name, manifest.name, heads)
    if certificate is None:
        return status_line(None, ())
    proposed = repo.proposed(clone)
    own = repo if manifest.name in repo.trees() or not proposed else repo.at(proposed)
    now = Now(
        code=_code_id(own, manifest.name),
        production_code=_code_id(repo, certificate.against),
        template_tree=repo.mirror.tree_at(repo.commit, repo.roots.template(certificate.template)),
        time=repo.context.now(),
    )
    return status_line(certificate, lapses(certificate, now))


def _wave_of(repo: Repository, name: EnvironmentName) -> PullRequest | None:
    """Return the pull request of a wave that changed an environment last, where waves have one. Raises `Transient`."""
    if repo.policy().rollout.pull_requests != "wave":
        return None
    commit = repo.mirror.history.last_change(repo.commit, repo.roots.environment(name))
    found = repo.github.pull_requests_for_commit(repo.name, commit) if commit is not None else []
    return next((each for each in found if each.is_merged and repo.is_ours(each) and read_wave(each.head)), None)


def _code_id(repo: Repository, name: EnvironmentName) -> str | None:
    return code_id(repo.code(name)) if name in repo.trees() else None
