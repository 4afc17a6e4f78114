"""Make the picture of the README, a clone's pull request as the sandbox's pages show it: `make picture`."""

import sys
import tempfile
from pathlib import Path
from typing import Final

from bot.sandbox.github import GitHubServer, IssueText, PullSpec
from bot.sandbox.pages.routes import routes
from tests import ROOT
from tests.golden.inputs import DRAFT
from tests.golden.test_golden import MARKDOWN
from tests.support.browser import started

REPOSITORY: Final = "acme/infrastructure"
PICTURE: Final = "docs/pull-request.png"
WIDTH, HEIGHT = 1040, 1000


def pull_request(github: GitHubServer, monorepo: Path) -> int:
    """Fill a forge with a clone's pull request, in the words that the golden texts hold; return its number."""
    monorepo.mkdir(parents=True)
    (monorepo / "README.md").write_text("# Infrastructure\n", "utf-8")
    github.create_repository(REPOSITORY, monorepo)
    github.add_user("alice", REPOSITORY, "write")
    bot = github.create_app("envclone", "acme").bot.login
    files = {f"envs/demo-x/{path}": file.data for path, file in DRAFT.files.items()}
    github.commit(REPOSITORY, files, by="alice", message="Clone production as demo-x", branch="envclone/demo-x")
    text = IssueText("Clone production as demo-x for demo", (MARKDOWN / "pulls/clone.md").read_text("utf-8"))
    return github.open_pull(REPOSITORY, PullSpec(text, head="envclone/demo-x", base="main"), by=bot)


def main() -> int:
    """Take the picture."""
    with tempfile.TemporaryDirectory(prefix="envclone-picture-") as scratch:
        github = GitHubServer(Path(scratch) / "github", pages=routes)
        number = pull_request(github, Path(scratch) / "monorepo")
        with github.running() as url, started(Path(scratch)) as browser:
            browser.show(WIDTH, HEIGHT)
            browser.open(f"{url}/{REPOSITORY}/pull/{number}")
            browser.picture(ROOT / PICTURE)
    print(f"{PICTURE} is new: look at it, and commit it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
