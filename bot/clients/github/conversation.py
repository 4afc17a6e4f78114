"""People and what they say: comments, reactions, issues and permissions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from bot.clients.github.records import Comment, Reaction
from bot.clients.github.session import GitHubRefused, Session
from bot.core.markdown import bounded
from bot.model.policy import Role
from bot.names import RepositoryName, opening_text

if TYPE_CHECKING:
    from github.Issue import Issue
    from github.IssueComment import IssueComment
    from github.NamedUser import NamedUser
    from github.Organization import Organization
    from github.Repository import Repository

GHOST = "ghost"
"""The account that GitHub shows in place of a deleted one."""

_STRONGEST_FIRST: tuple[tuple[str, Role], ...] = (
    ("admin", "admin"),
    ("maintain", "maintain"),
    ("push", "write"),
    ("triage", "triage"),
    ("pull", "read"),
)


class Conversation(Session):
    """Comments are ours when GitHub says that we wrote them; a marker alone proves nothing, for anybody can copy it."""

    def comment(self, repository: RepositoryName, comment_id: int) -> Comment | None:
        """Return a comment as it is now, or an `opening_text`, or None when it is gone.

        Of an opening text nothing tells whether it was edited, so it never says that it was.
        """
        try:
            if comment_id < 0:
                return self._read(repository, lambda repo: _opening(repo.get_issue(-comment_id)))
            return self._read(repository, lambda repo: _comment(_remote(repo, comment_id)))
        except GitHubRefused as refused:
            _must_be_absent(refused)
            return None

    def comments_since(self, repository: RepositoryName, since: datetime) -> list[Comment]:
        """Return the comments on issues and pull requests that were written at or after a moment, oldest first."""
        # GitHub's `since` is about the last change: an old comment that was edited is listed too.
        found = self._read(
            repository,
            lambda repo: [
                _comment(one) for one in repo.get_issues_comments(sort="created", direction="asc", since=since)
            ],
        )
        return [comment for comment in found if comment.created_at >= since]

    def openings_since(self, repository: RepositoryName, since: datetime) -> list[Comment]:
        """Return the texts of issues and pull requests that were opened at or after a moment (each an `opening_text`), newest first."""

        def read(repo: Repository) -> list[Comment]:
            newest_first = repo.get_issues(state="all", sort="created", direction="desc", since=since)
            return [_opening(one) for one in takewhile(lambda one: one.created_at >= since, newest_first)]

        return self._read(repository, read)

    def our_comments_since(self, repository: RepositoryName, since: datetime, containing: str) -> list[Comment]:
        """Return our comments on issues and pull requests that hold a text and were written or edited since a moment."""
        ours = self.identity()

        def read(repo: Repository) -> list[Comment]:
            everything = repo.get_issues_comments(sort="updated", direction="desc", since=since)
            return [_comment(one) for one in everything if containing in (one.body or "")]

        return [one for one in self._read(repository, read) if one.author == ours]

    def edit_comment(self, repository: RepositoryName, comment_id: int, body: str) -> None:
        """Give a comment another text. Nothing, if it was deleted meanwhile."""
        try:
            self._change(repository, lambda repo: _remote(repo, comment_id).edit(bounded(body)))
        except GitHubRefused as refused:
            _must_be_absent(refused)

    def upsert_comment(self, repository: RepositoryName, number: int, marker: str, body: str) -> str:
        """Make our one comment with this marker say `body`; return its URL.

        `marker` is an HTML comment, put before the body where it is not part of it. Of two (both made by racing writers)
        the oldest stays.
        """
        text = bounded(body if marker in body else f"{marker}\n{body}")
        found = self._marked(repository, number, marker)
        for younger in found[1:]:
            self._delete(repository, younger)
        if not found:
            return self._create(repository, lambda repo: repo.get_issue(number).create_comment(text).html_url)
        first = found[0]
        if _normal(first.body) != _normal(text):
            self._change(repository, lambda repo: _remote(repo, first.id).edit(text))
        return first.url

    def write_comment(self, repository: RepositoryName, number: int, body: str) -> str:
        """Write a comment without looking for one that is there, and return its URL."""
        return self._create(repository, lambda repo: repo.get_issue(number).create_comment(bounded(body)).html_url)

    def comment_once(self, repository: RepositoryName, number: int, marker: str, body: str) -> str | None:
        """Write a comment that holds the marker and return its URL; None when we have one already, which stays as it is."""
        if self.has_said(repository, number, marker):
            return None
        return self.write_comment(repository, number, body)

    def has_said(self, repository: RepositoryName, number: int, marker: str) -> bool:
        """Say whether a comment of ours holds the marker."""
        return bool(self._marked(repository, number, marker))

    def our_comment(self, repository: RepositoryName, number: int, marker: str) -> Comment | None:
        """Return our oldest comment that holds the marker."""
        return next(iter(self._marked(repository, number, marker)), None)

    def thumbs_up(self, repository: RepositoryName, comment_id: int) -> list[str]:
        """Return the people who reacted to a comment with a 👍, in order; nobody, if it is gone."""

        def read(repo: Repository) -> list[str]:
            found = _subject(repo, comment_id).get_reactions()
            return [one.user.login for one in found if one.content == "+1" and one.user and one.user.type == "User"]

        try:
            return self._read(repository, read)
        except GitHubRefused as refused:
            _must_be_absent(refused)
            return []

    def react(self, repository: RepositoryName, comment_id: int, content: Reaction) -> int:
        """React to a comment and return the reaction's id. One that is there stays, under the id that it has."""
        return self._change(repository, lambda repo: _subject(repo, comment_id).create_reaction(content).id)

    def own_reactions(self, repository: RepositoryName, comment_id: int) -> frozenset[str]:
        """Return how we reacted to a comment; not at all, if it is gone."""
        try:
            return frozenset(self._our_reactions(repository, comment_id).values())
        except GitHubRefused as refused:
            _must_be_absent(refused)
            return frozenset()

    def replace_reaction(
        self, repository: RepositoryName, comment_id: int, new: Reaction, *, given: int | None = None
    ) -> None:
        """React with `new`, and take back the reaction `given`, or if its id isn't known, all others of ours.

        Nothing, if the comment was deleted meanwhile.
        """
        try:
            kept = self.react(repository, comment_id, new)
            others = self._our_reactions(repository, comment_id) if given is None else [given]
            for number in others:
                if number != kept:
                    self.take_back(repository, comment_id, number)
        except GitHubRefused as refused:
            _must_be_absent(refused)

    def take_back(self, repository: RepositoryName, comment_id: int, reaction: int) -> None:
        """Take a reaction of ours back, by its id. Nothing, if it is gone."""
        try:
            self._change(repository, lambda repo: _subject(repo, comment_id).delete_reaction(reaction))
        except GitHubRefused as refused:
            _must_be_absent(refused)

    def permission(self, repository: RepositoryName, login: str) -> Role | None:
        """Return what an account may do in a repository right now, or None for nothing.

        An organisation's own role counts as the strongest of GitHub's roles that it includes.
        """
        path = f"/repos/{repository}/collaborators/{login}/permission"
        try:
            _, answer = self._read(repository, lambda repo: repo.requester.requestJsonAndCheck("GET", path))
        except GitHubRefused as refused:
            _must_be_absent(refused)
            return None
        held = (answer.get("user") or {}).get("permissions") or {}
        named = {answer.get("role_name"), answer.get("permission")}
        for flag, role in _STRONGEST_FIRST:
            if role in named or held.get(flag) is True:
                return role
        return None

    def people_with(self, repository: RepositoryName, role: Role) -> list[str]:
        """Return the logins of people whose role is at least `role`, in order, a hundred at most; none if GitHub tells nobody's."""
        flag = next(flag for flag, named in _STRONGEST_FIRST if named == role)
        path = f"/repos/{repository}/collaborators?permission={flag}&per_page=100"
        try:
            _, answer = self._read(repository, lambda repo: repo.requester.requestJsonAndCheck("GET", path))
        except GitHubRefused:
            return []
        found: Any = answer  # a list, though the library's type says an object
        return sorted(each["login"] for each in found if each["type"] == "User" and each["permissions"].get(flag))

    def _marked(self, repository: RepositoryName, number: int, marker: str) -> list[Comment]:
        ours = self.identity()

        def read(repo: Repository) -> list[Comment]:
            everything = (_comment(one) for one in repo.get_issue(number).get_comments())
            return [one for one in everything if one.author == ours and marker in one.body]

        return sorted(self._read(repository, read), key=lambda one: one.id)

    def _our_reactions(self, repository: RepositoryName, comment_id: int) -> dict[int, str]:
        ours = self.identity()

        def read(repo: Repository) -> dict[int, str]:
            found = _subject(repo, comment_id).get_reactions()
            return {one.id: one.content for one in found if one.user and one.user.login == ours}

        return self._read(repository, read)

    def _delete(self, repository: RepositoryName, comment: Comment) -> None:
        try:
            self._change(repository, lambda repo: _remote(repo, comment.id).delete())
        except GitHubRefused as refused:
            _must_be_absent(refused)


def _must_be_absent(refused: GitHubRefused) -> None:
    """Take 404 and 410 for an answer; raise anything else."""
    if refused.status not in (404, 410):
        raise refused


def _normal(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _remote(repo: Repository, comment_id: int) -> IssueComment:
    """Return a comment that nothing was asked of yet."""
    from github.IssueComment import IssueComment  # noqa: PLC0415 (as in `session`)

    return IssueComment(repo.requester, url=f"{repo.url}/issues/comments/{comment_id}")


def _subject(repo: Repository, comment_id: int) -> IssueComment | Issue:
    """Return what people react to: a comment, or what was opened with a text."""
    from github.Issue import Issue  # noqa: PLC0415 (as in `session`)

    return (
        _remote(repo, comment_id) if comment_id > 0 else Issue(repo.requester, url=f"{repo.url}/issues/{-comment_id}")
    )


def _opening(found: Issue) -> Comment:
    user = found.user
    return Comment(
        id=opening_text(found.number),
        issue=found.number,
        body=found.body or "",
        author=user.login if user else GHOST,
        author_is_bot=_is_bot(user),
        created_at=found.created_at,
        updated_at=found.created_at,
        url=found.html_url,
        reactions=_kinds(found.reactions or {}),
    )


def _is_bot(user: NamedUser | Organization | None) -> bool:
    return user is not None and (user.type == "Bot" or user.login.endswith("[bot]"))


def _comment(found: IssueComment) -> Comment:
    user = found.user
    return Comment(
        id=found.id,
        issue=int(found.issue_url.rpartition("/")[2]),
        body=found.body or "",
        author=user.login if user else GHOST,
        author_is_bot=_is_bot(user),
        created_at=found.created_at,
        updated_at=found.updated_at,
        url=found.html_url,
        reactions=_kinds(found.reactions or {}),
    )


def _kinds(counts: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(kind for kind, count in counts.items() if kind not in {"url", "total_count"} and count)
