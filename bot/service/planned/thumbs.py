"""The 👍 that confirms a repair: asked for in a comment of its own for each plan. GitHub tells nobody of one.

So it is looked for whenever something else happens to the repair's pull request, and at each regular look.

The comment names one plan and counts only as we wrote it. So who reacts confirms what they have read, whatever is planned meanwhile, and
whoever may edit our comments makes it worth nothing.
"""

from collections.abc import Iterable, Iterator

from bot.commands.model import Repair
from bot.commands.specs import spec_of
from bot.core.messages.versions import repaired
from bot.core.requests.permissions import suffices
from bot.core.requests.versions.repair import RepairProposal, unconfirmed
from bot.errors import UserError
from bot.events import Tick
from bot.names import EnvironmentName, RepositoryName
from bot.service.jobs_api import JobRequest, bound_job
from bot.service.planned.repairs import open_repair
from bot.service.repository import Repository


def ask_for_thumb(repo: Repository, repair: RepairProposal) -> None:
    """Write, once for each plan, the comment whose 👍 confirms it. Raises `Transient`."""
    repo.github.comment_once(repo.name, repair.number, repaired.marker(repair), repaired.thumb(repair))


def perhaps_confirmed(repo: Repository) -> Iterator[EnvironmentName]:
    """Yield the environments with a branch that may be an open repair, as git alone tells."""
    for name, commit in repo.mirror.proposals("change").items():
        try:
            live, proposed = repo.manifest(EnvironmentName(name)), repo.at(commit).manifest(EnvironmentName(name))
        except UserError:
            continue  # what people have broken is no repair
        if live is not None and proposed is not None and live.repaired_at != proposed.repaired_at:
            yield live.name


def thumb_jobs(delivery: str, repository: RepositoryName, names: Iterable[EnvironmentName]) -> tuple[JobRequest, ...]:
    """Return the jobs that look for a 👍, each in its turn among those of its environment."""
    return tuple(bound_job(delivery, "expire", Tick(repository=repository, slot=0, environment=name)) for name in names)


def merge_confirmed(repo: Repository, name: EnvironmentName) -> int | None:
    """Merge the open repair of an environment if somebody who may has confirmed its plan by a 👍; return its number. Raises `Transient`."""
    if name not in set(perhaps_confirmed(repo)):
        return None
    repair = open_repair(repo, name)
    by = _confirmed_by(repo, repair) if repair is not None else None
    if repair is None or by is None:
        return None
    repo.github.comment_once(repo.name, repair.number, repaired.marker(repair, by), repaired.thumb_seen(repair, by))
    return repair.number if repo.github.merge(repo.name, repair.number, repair.head) else None


def _confirmed_by(repo: Repository, repair: RepairProposal) -> str | None:
    """Return who has confirmed the plan, with the permission that the command needs at this moment."""
    if repair.plan is None:
        return None
    asked = repo.github.our_comment(repo.name, repair.number, repaired.marker(repair))
    if asked is None or asked.is_edited or asked.body.replace("\r\n", "\n").strip() != repaired.thumb(repair).strip():
        return None
    needed = repo.policy().allow[spec_of(Repair(repair.name)).permission]
    return next(
        (
            login
            for login in repo.github.thumbs_up(repo.name, asked.id)
            if unconfirmed(repair.plan, login, repair) is None
            and suffices(repo.github.permission(repo.name, login), needed)
        ),
        None,
    )
