"""A repository on the sandbox's GitHub, the people in it, and the flows of the service acting on it: no process, no engine.

Speaks as a user: `town.comment(...)`, then `town.work()` carries out what the comment asks for, step by step.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.clients.git.trees import Author
from bot.clients.github.auth import Token
from bot.clients.github.client import GitHub
from bot.core.rendering.assemble import assemble
from bot.core.tree import Tree
from bot.events import CommentCreated, Event
from bot.model.pipeline import Json
from bot.names import RepositoryName
from bot.sandbox.github import GitHubServer
from bot.service.context import ServiceContext
from bot.service.jobs_api import STOP, JobRequest
from bot.service.router import Router
from tests import ROOT
from tests.support import example

REPOSITORY = example.REPOSITORY
MAINTAINER = "alice"
READER = "rob"
BOT = "envclone-bot"
WORKFLOWS = ROOT / ".github" / "workflows"
POLICY = b"quota: {total: 1000, per_owner: 1000}\n"


def monorepo(root: Path) -> Path:
    """Write the example template and its production as a monorepo, with our own workflows."""
    template = example.template()
    place(root / "templates" / "shop", example.template_files())
    place(root / "envs" / "production", assemble(template, example.production(template)))
    shutil.copytree(WORKFLOWS, root / ".github" / "workflows")
    (root / ".github" / "envclone.yml").write_bytes(POLICY)
    return root


def place(directory: Path, files: Tree) -> None:
    """Write files below a directory."""
    for path, file in files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
        target.chmod(0o755 if file.executable else 0o644)


@dataclass
class SmallMonorepo:
    """The server, and the service's flows."""

    server: GitHubServer
    service: Router
    issue: int
    jobs: dict[str, JobRequest] = field(default_factory=dict)

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

    def say(self, body: str, by: str = MAINTAINER) -> str | None:
        """Comment, carry it out, and return the reply to it, without its marker; None when there is none."""
        comment_id = self.comment(body, by)
        self.work(self.event(comment_id, body, by))
        return self.reply(comment_id)

    def work(self, event: Event) -> dict[str, dict[str, Json]]:
        """Carry out the job of an event, if it has one, and return what its steps returned."""
        request = self.service.plan_of("delivery-1", event)
        results: dict[str, dict[str, Json]] = {}
        if request is None:
            return results
        for name, step in self.service.steps(request):
            results[name] = step(request, results)
            if results[name].get(STOP):
                break
        return results

    def reply(self, comment_id: int) -> str | None:
        """Return the bot's reply to a comment; there must be at most one."""
        marker = f"<!-- envclone:request:{comment_id} -->"
        found = [c.body for c in self.server.comments(REPOSITORY, self.issue) if c.body.startswith(marker)]
        assert len(found) <= 1, f"several replies to one comment: {found}"
        return found[0].removeprefix(marker).strip() if found else None


@contextmanager
def small_monorepo(directory: Path) -> Iterator[SmallMonorepo]:
    """Serve a fresh town from `directory`."""
    server = GitHubServer(root=directory / "github")
    server.create_repository(REPOSITORY, source=monorepo(directory / "monorepo"))
    server.add_user(MAINTAINER, REPOSITORY, "write")
    server.add_user(READER, REPOSITORY, "read")
    token = server.add_user(BOT, REPOSITORY, "write")
    with server.running() as url:
        github = GitHub(Token(token), api_url=f"{url}/api/v3")
        world = ServiceContext(
            github=github,
            git_url=lambda repository: f"{url}/{repository}.git",
            mirrors_directory=directory / "mirrors",
            author=Author("envclone", "envclone@users.noreply.github.example"),
            now=lambda: datetime.now(UTC),
        )
        issue = server.open_issue(REPOSITORY, "We need a demo", by=MAINTAINER)
        try:
            yield SmallMonorepo(server, Router(world), issue)
        finally:
            world.close()
