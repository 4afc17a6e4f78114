"""A command that GitHub runs, from a terminal: posted as a comment by the person's own token, or said where to type it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import edge, say
from bot.cli.own_github import OwnGitHub, asking, forked_from, own_github
from bot.errors import UserError
from bot.names import EnvironmentName

Post = Annotated[
    bool,
    typer.Option(
        "--post",
        help="Run nothing here; post the comment that makes GitHub run it, with GH_TOKEN or GITHUB_TOKEN, to the remote `origin`.",
    ),
]


def where_to_comment(root: Path, name: str) -> str:
    """Return where a command for an environment is typed for GitHub to run it, and that `--post` does it, if it can."""
    github = own_github(root, os.environ)
    if github is None:
        return "on an issue or a pull request"
    if parent := forked_from(root):
        return f"on any issue or pull request of {parent}"
    issue = _issue(github, root, name)
    where = f"on {github.page}/issues/{issue}" if issue else f"on any issue or pull request of {github.page}"
    return f"{where} (`--post` does that)" if github.token else where


def post_comment(line: str, root: Path, name: str, *, as_json: bool) -> None:
    """Post a command where its environment was asked for, or else as the text of a new issue, and say where it is."""
    with edge():
        github = own_github(root, os.environ)
        if github is None:
            raise UserError(
                f"The checkout's remote `origin` is not a repository on GitHub, so nothing was posted. Comment `{line}` on an issue there."
            )
        if parent := forked_from(root):
            raise UserError(
                f"{github.page} is a fork, and envclone doesn't read its comments, so nothing was posted. Comment `{line}` on an issue or a pull "
                f"request of {parent}, or run this in a checkout whose remote `origin` is that."
            )
        url = _posted(line, github, _issue(github, root, name))
        say(f"Posted `{line}`: {url}", lambda: {"comment": line, "url": url}, as_json)


def _posted(line: str, github: OwnGitHub, issue: int | None) -> str:
    client = github.client()
    with asking(github):
        if issue is not None:
            return client.write_comment(github.repository, issue, line)
        number = client.open_issue(github.repository, line.removeprefix("/").capitalize(), line).number
    return f"{github.page}/issues/{number}"


def _issue(github: OwnGitHub, root: Path, name: str) -> int | None:
    """Return the issue or pull request of this repository on which the environment was asked for, if the checkout has it."""
    from bot.clients.git.checkout import own_checkout  # noqa: PLC0415
    from bot.core.rendering.assemble import read_manifest  # noqa: PLC0415

    try:
        checkout = own_checkout(root)
        environment = EnvironmentName(name)
        request = read_manifest(checkout.environment(environment), checkout.roots.environment(environment)).request
    except UserError:
        return None
    return request.issue if request is not None and request.repository == github.repository else None
