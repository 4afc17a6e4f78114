"""Say of an environment whether it is still certified to equal what it was cloned from, for its status."""

from bot.clients.certificates import certificate_on
from bot.core.parity.certificate import Now, lapses, status_line
from bot.core.requests.branches import branch_of
from bot.model.environment import ENVIRONMENTS, Manifest
from bot.model.template import TEMPLATES
from bot.names import RepositoryName
from bot.service.context import ServiceContext
from bot.service.repository import Repository


def parity_line(world: ServiceContext, repository: RepositoryName, repo: Repository, manifest: Manifest) -> str:
    """Return the line. The certificate is the newest on a pull request of the environment; git says whether it holds."""
    pulls = [
        world.github.pull_request_for_head(repository, branch_of(manifest.name, kind)) for kind in ("clone", "change")
    ]
    heads = [pull.head_sha for pull in pulls if pull is not None]
    certificate = certificate_on(world.github, repository, manifest.name, heads)
    if certificate is None:
        return status_line(None, ())
    proposed = repo.mirror.proposals().get(manifest.name)
    environments = repo.mirror.entries(repo.commit, ENVIRONMENTS)
    own = environments if manifest.name in environments or not proposed else repo.mirror.entries(proposed, ENVIRONMENTS)
    now = Now(
        tree=own.get(manifest.name),
        production_tree=environments.get(certificate.against),
        template_tree=repo.mirror.entries(repo.commit, TEMPLATES).get(certificate.template),
        time=world.now(),
    )
    return status_line(certificate, lapses(certificate, now))
