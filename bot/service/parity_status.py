"""Say of an environment whether it is still certified to equal what it was cloned from, for its status."""

from bot.clients.github.certificates import certificate_on
from bot.core.parity.certificate import Now, lapses, status_line
from bot.core.requests.branches import Branch
from bot.model.environment import Manifest
from bot.model.template import TEMPLATES
from bot.service.repository import Repository


def parity_line(repo: Repository, manifest: Manifest) -> str:
    """Return the line. The certificate is the newest on a pull request of the environment; git says whether it holds."""
    clone, change = Branch("clone", manifest.name), Branch("change", manifest.name)
    pulls = [repo.pull_request(branch) for branch in (clone, change)]
    heads = [pull.head_sha for pull in pulls if pull is not None]
    certificate = certificate_on(repo.github, repo.name, manifest.name, heads)
    if certificate is None:
        return status_line(None, ())
    proposed = repo.proposed(clone)
    environments = repo.trees()
    own = environments if manifest.name in environments or not proposed else repo.at(proposed).trees()
    now = Now(
        tree=own.get(manifest.name),
        production_tree=environments.get(certificate.against),
        template_tree=repo.mirror.entries(repo.commit, TEMPLATES).get(certificate.template),
        time=repo.context.now(),
    )
    return status_line(certificate, lapses(certificate, now))
