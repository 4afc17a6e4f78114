"""A repository on the sandbox's GitHub, the people in it, and the flows of the service acting on it: no process, no engine.

Speaks as a user: `place.comment(...)`, then `place.work()` carries out what the comment asks for, step by step. What the bot wrote
and nobody read by the end of a test fails it.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, cast

import pytest
from pydantic import TypeAdapter

from bot.clients.git.trees import Author
from bot.clients.github.auth import Token
from bot.clients.github.client import GitHub
from bot.clients.store import open_store
from bot.clouds.registry import FACTS
from bot.core.rendering.assemble import assemble, read_template
from bot.core.tree import Tree
from bot.events import CommentCreated, Event
from bot.model.roots import DEFAULT, Roots
from bot.names import RepositoryName, TemplateName, opening_text
from bot.sandbox.github import GitHubServer
from bot.sandbox.github.server import Middleware
from bot.service.author_limit import AuthorLimit
from bot.service.context import ServiceContext
from bot.service.jobs_api import Finished, JobRequest, JobStepResult, R
from bot.service.repository import Repository, repository_at_head
from bot.service.router import Router
from tests import ROOT
from tests.support import example
from tests.support.stages import Stages

REPOSITORY = example.REPOSITORY
MAINTAINER = "alice"
READER = "rob"
STRANGER = "eve"
BOT = "envclone-bot"
WORKFLOWS = ROOT / ".github" / "workflows"
FRESH = "fresh"
T = TypeVar("T")
POLICY = b"quota: {total: 1000, per_owner: 1000}\n"


def monorepo(root: Path, roots: Roots = DEFAULT) -> Path:
    """Write the example template and its production, in each pair of roots, as a monorepo with our own workflows."""
    for before in ("", *(f"{pair}-" for pair in roots.also)):
        files = example.template_files(f"{before}shop")
        template = read_template(TemplateName(f"{before}shop"), files, FACTS, roots=roots)
        place(root / template.where, files)
        production = example.production(template, f"{before}production")
        place(root / roots.environment(production.name), assemble(template, production))
    shutil.copytree(WORKFLOWS, root / ".github" / "workflows")
    said = f"roots: {roots.model_dump_json()}\n".encode() if roots != DEFAULT else b""
    (root / ".github" / "envclone.yml").write_bytes(POLICY + said)
    return root


def place(directory: Path, files: Tree) -> None:
    """Write files below a directory."""
    for path, file in files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
        target.chmod(0o755 if file.executable else 0o644)


class Killed(Exception):
    """The process died after a step, before its result was written down."""


class StepsInOrder:
    """`Steps` without an engine: results go through JSON, as they do in one."""

    def __init__(self, killed_after: str | None, *, answered: bool = False) -> None:
        self.results: dict[str, JobStepResult] = {}
        self.are_answered = answered
        self._killed_after = killed_after

    def run(self, name: str, result: TypeAdapter[R], act: Callable[[], R]) -> R:
        dumped = result.dump_python(act(), mode="json")
        assert isinstance(dumped, dict), "the engine keeps objects and nothing else"
        written = json.dumps(dumped)
        if name == self._killed_after:
            raise Killed
        returned = result.validate_python(json.loads(written))
        assert isinstance(returned, JobStepResult)
        self.results[name] = returned
        return returned


@dataclass(frozen=True)
class Worked:
    """What the steps of a job returned, and which jobs it asked for."""

    results: dict[str, JobStepResult]
    follow: tuple[JobRequest, ...] = ()


@dataclass
class SmallMonorepo:
    """The server, and the service's jobs."""

    server: GitHubServer
    service: Router
    issue: int
    read: set[int] = field(default_factory=set)
    """The bot's comments that the test has looked at."""
    start: Callable[[], ServiceContext] | None = None
    """Begins the service anew."""
    stages: Stages | None = None

    def reach(self, name: str, make: Callable[[], T]) -> T:
        """Come to where `make` leads, and let the service start again: the first time by `make`, later by what was kept of that."""
        assert self.stages is not None
        assert self.start is not None
        stage = self.stages.reached(name)
        if stage is not None:
            self.stages.take_up(stage, self.server)
            self.read = set(stage.read)
            made = cast("T", stage.made)
        else:
            made = make()
            self.stages.keep(name, self.server, self.read, made)
        self.service.context.close()
        self.service.context = self.start()
        return made

    def repository(self) -> Repository:
        """Return the repository as the service sees it now."""
        return repository_at_head(self.service.context, RepositoryName(REPOSITORY))

    def comment(self, body: str, by: str = MAINTAINER, issue: int | None = None) -> int:
        """Write a comment as a person."""
        return self.server.comment(REPOSITORY, issue or self.issue, body, by=by)

    def event(self, comment_id: int, body: str, by: str = MAINTAINER) -> CommentCreated:
        """Return what the webhook would say of a comment."""
        return CommentCreated(
            repository=RepositoryName(REPOSITORY),
            issue=self.issue,
            is_pull_request=False,
            comment=comment_id,
            author=by,
            body=body,
            url=f"{self.server.url}/{REPOSITORY}/issues/{self.issue}#issuecomment-{comment_id}",
            created_at=datetime.now(UTC),
        )

    def opening(self, body: str, by: str = MAINTAINER) -> CommentCreated:
        """Open an issue as a person, and return what the webhook would say of its text."""
        number = self.server.open_issue(REPOSITORY, "A copy for the demonstration", body, by=by)
        address = f"{self.server.url}/{REPOSITORY}/issues/{number}"
        said = {"issue": number, "comment": opening_text(number), "url": address}
        return self.event(0, body, by).model_copy(update=said)

    def say(self, body: str, by: str = MAINTAINER) -> str | None:
        """Comment, carry it out, and return the reply to it, without its marker; None when there is none."""
        comment_id = self.comment(body, by)
        self.work(self.event(comment_id, body, by))
        return self.reply(comment_id)

    def work(self, event: Event, killed_after: str | None = None, *, answered: bool = False) -> Worked:
        """Carry out the job of an event, if it has one, perhaps no further than after one of its steps.

        `answered` if whoever asked was told that it waits.
        """
        request = self.service.plan_of("delivery-1", event)
        if request is None:
            return Worked({})
        steps, finished = StepsInOrder(killed_after, answered=answered), Finished()
        try:
            finished = self.service.run(request, steps)
        except Killed:
            assert killed_after is not None
        else:
            assert killed_after is None, f"there was no step {killed_after}"
        return Worked(steps.results, finished.follow)

    def reply(self, comment_id: int) -> str | None:
        """Read the bot's reply to a comment as people see it; there must be at most one."""
        marker = f"<!-- envclone:request:{comment_id} -->"
        comments = [each for number in self._numbers() for each in self.server.comments(REPOSITORY, number)]
        found = [each for each in comments if each.body.startswith(marker)]
        assert len(found) <= 1, f"several replies to one comment: {found}"
        self.read |= {each.id for each in found}
        return re.sub("<!--.*?-->", "", found[0].body).strip() if found else None

    def written(self, number: int | None = None) -> list[str]:
        """Read all that the bot wrote on an issue or pull request, with its markers."""
        found = [each for each in self.server.comments(REPOSITORY, number or self.issue) if each.author.login == BOT]
        self.read |= {each.id for each in found}
        return [each.body for each in found]

    def unread(self) -> list[str]:
        """Return what the bot wrote and nobody looked at."""
        comments = [each for number in self._numbers() for each in self.server.comments(REPOSITORY, number)]
        return [each.body for each in comments if each.author.login == BOT and each.id not in self.read]

    def _numbers(self) -> list[int]:
        found = (*self.server.issues(REPOSITORY), *self.server.pulls(REPOSITORY))
        return sorted({each.number for each in found})


@contextmanager
def small_monorepo(
    directory: Path, middleware: Middleware | None = None, *, roots: Roots = DEFAULT, stages: Stages | None = None
) -> Iterator[SmallMonorepo]:
    """Serve a fresh repository from `directory`. Raises `AssertionError` at the end if the bot wrote what nobody read."""
    server = GitHubServer(root=directory / "github", middleware=middleware)
    if stages is None:
        _found(server, directory, roots)
    elif (stage := stages.reached(FRESH)) is not None:
        stages.take_up(stage, server)
    else:
        _found(server, directory, roots)
        stages.keep(FRESH, server, set())
    # A middleware is to see all that is asked for, git's requests too.
    listening = server.running(stages.port if stages else 0)
    with listening as url, _fetched_from_disk(url, directory) if middleware is None else nullcontext():
        store = open_store(None, directory / "service")

        def context() -> ServiceContext:
            return ServiceContext(
                github=GitHub(Token(server.token(BOT)), api_url=f"{url}/api/v3"),
                git_url=lambda repository: f"{url}/{repository}.git",
                mirrors_directory=directory / "mirrors",
                author=Author("envclone", "envclone@users.noreply.github.example"),
                now=lambda: datetime.now(UTC),
                author_limit=AuthorLimit(store, 10_000),
            )

        issue = server.open_issue(REPOSITORY, "We need a demo", by=MAINTAINER)
        place = SmallMonorepo(server, Router(context()), issue, start=context, stages=stages)
        try:
            yield place
        finally:
            place.service.context.close()
            store.close()
        assert place.unread() == [], "the bot wrote this, and the test did not read it"


def _found(server: GitHubServer, directory: Path, roots: Roots) -> None:
    """Make the repository, and the people in it."""
    server.create_repository(REPOSITORY, source=monorepo(directory / "monorepo", roots))
    server.add_user(MAINTAINER, REPOSITORY, "write")
    server.add_user(READER, REPOSITORY, "read")
    server.add_user(STRANGER)
    server.add_user(BOT, REPOSITORY, "write")


@contextmanager
def _fetched_from_disk(url: str, directory: Path) -> Iterator[None]:
    """Let git fetch from the server's own directory, and push over HTTP: a fetch over HTTP costs three times as much, and other tests hold it.

    Nor does git look after each fetch whether a mirror that lives for one test needs maintenance: a quarter of what a fetch costs.
    """
    settings = directory / "gitconfig"
    settings.write_text(
        f'[url "{(directory / "github" / "repositories").as_uri()}/"]\n  insteadOf = {url}/\n'
        f'[url "{url}/"]\n  pushInsteadOf = {url}/\n'
        "[maintenance]\n  auto = false\n"
    )
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GIT_CONFIG_GLOBAL", str(settings))
        yield
