"""What was written into a checkout as one pull request: a branch of its own, pushed and proposed by the person's own token."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bot.cli.own_github import OwnGitHub, asking, own_github
from bot.clients.git.new_branch import OwnBranch
from bot.core.installation.proposal_text import proposal_text
from bot.errors import UserError
from bot.model.policy import PATH as POLICY

BRANCH: Final = "install-envclone"
OURS: Final = (".github/envclone", POLICY)
"""Where `init` keeps what it compares with the next time, and the roles; and the policy, which a person completes: they go with what was written."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where a pull request will be, looked at before the first file is written."""

    github: OwnGitHub
    branch: OwnBranch

    @classmethod
    def begun(cls, root: Path) -> Proposal:
        """Return it. Raises `UserError` where none could be opened."""
        github = own_github(root, os.environ)
        if github is None:
            raise UserError(
                "The checkout's remote `origin` is not a repository on GitHub, so no pull request can be opened there. Leave out `--pull-request`."
            )
        github.client()
        return cls(github, OwnBranch.at(root, BRANCH))

    def made(self, done: Mapping[str, str], left: Sequence[str]) -> str:
        """Commit these files, push them and open or find the pull request; return its address. Raises `UserError`."""
        from bot.clients.github import PullRequestSpec  # noqa: PLC0415 (only who proposes needs a client of GitHub's)

        ours, client, where = version("envclone"), self.github.client(), self.github.repository
        title = f"Install envclone {ours}"
        self.branch.commit([path for path in (*done, *OURS) if (self.branch.top / path).exists()], title)
        self.branch.push(self.github.token, self.github.server)
        with asking(self.github):
            base = client.default_branch(where)
            there = client.pull_request_for_head(where, BRANCH)
            text = proposal_text(done, left, there.body if there is not None else "")
            found = client.ensure_pull_request(where, PullRequestSpec(BRANCH, base, title, text))
        return found.url
