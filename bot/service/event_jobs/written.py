"""The code that Terraform wrote for what an open pull request imports: added to it as a commit, once its plan has said it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.clients.git.remote import Moved
from bot.commands.model import Codify
from bot.core.plans.required_check import CHECK
from bot.core.plans.written_imports import WrittenImports, read_written
from bot.core.rendering.inventory import Claim
from bot.core.requests.branches import Branch
from bot.core.requests.change import Changed, Unchanged
from bot.core.requests.codify.imports import with_code
from bot.core.requests.refusal import Refused
from bot.core.requests.sync import Synced
from bot.names import EnvironmentName, Login
from bot.service.commands.change import ChangeOrigin, Pushed, propose_change, publish_change
from bot.service.commands.drafter import ChangePlace
from bot.service.planned.checks import newest_check
from bot.service.repository import Repository


@dataclass(frozen=True, slots=True)
class WrittenDrafter:
    """Drafts the environment with the code, on top of the very commit that lacks it."""

    written: WrittenImports
    as_in: None = None

    @property
    def command(self) -> Codify:
        return Codify(self.written.environment)

    @property
    def changes(self) -> EnvironmentName:
        return self.written.environment

    def draft(self, repo: Repository, place: ChangePlace) -> Changed | Unchanged | Refused:
        if place.parent != self.written.commit:
            return Unchanged("It was pushed to since.")
        files = with_code(self.written.step, self.written.code, repo.at(place.parent).environment(self.changes))
        if files is None:
            return Unchanged("It is not the code that is lacking.")
        return Changed(place.manifest, files, is_codified=True)

    def claims(self, _: Changed | Synced) -> Mapping[Claim, str | None]:
        return {}

    def lost(self, repo: Repository, moved: Moved) -> None:
        """Learn nothing: what was pushed meanwhile is planned anew."""


def add_written(repo: Repository, name: EnvironmentName, commit: str) -> str | None:
    """Add the code that the plan of a commit wrote to the pull request, unless it is there; return the commit. Raises `Transient`.

    Run again after its push, it finds its own commit, and brings the pull request's text up to date.
    """
    branch = Branch("change", name)
    check = newest_check(repo, commit, CHECK.format(environment=name))
    written = read_written(check.summary) if check is not None and check.conclusion == "failure" else None
    if written is None or (written.environment, written.commit) != (name, commit):
        return None
    pull = repo.pull_request(branch)
    if pull is None or pull.state != "open" or not repo.is_ours(pull):
        return None
    origin = ChangeOrigin(Login(repo.github.identity()), f"{pull.url}/commits/{commit}")
    pushed = publish_change(repo, origin, WrittenDrafter(written))
    if not isinstance(pushed, Pushed):
        return None
    propose_change(repo.fetched(), pushed.branch)
    return pushed.commit
