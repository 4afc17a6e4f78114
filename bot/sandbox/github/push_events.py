"""What a push announces: `push`, and `create` or `delete` for a branch that comes or goes."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from bot.sandbox.github.events import announce
from bot.sandbox.github.forge import Act, Forge
from bot.sandbox.github.git.bare import BareCommit, BareRepository
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.repositories import NO_COMMIT, RepositoryRecord
from bot.sandbox.github.views.common import account_view, repository_view

MOST_COMMITS = 2048


class Update(NamedTuple):
    """A reference that moved; `NO_COMMIT` stands for before it was made and after it was deleted."""

    reference: str
    old: str
    new: str


def announce_push(act: Act, update: Update) -> Act:
    """Announce one moved reference; return the act with the repository pushed now."""
    pushed = act.state.add_repository(replace(act.repository, pushed_at=act.state.clock()))
    act = replace(act, repository=pushed)
    # GitHub tells of branches and tags only, not of references in other namespaces.
    if not act.forge.address or not update.reference.startswith(("refs/heads/", "refs/tags/")):
        return act
    announce(act, "push", {**push_payload(act, update), "repository": _repository_view(act)})
    if NO_COMMIT in (update.old, update.new):
        content: JsonObject = {
            "ref": update.reference.partition("/")[2].partition("/")[2],
            "ref_type": "tag" if update.reference.startswith("refs/tags/") else "branch",
            "pusher_type": "user",
        }
        if update.old == NO_COMMIT:
            content |= {"master_branch": act.repository.default_branch, "description": act.repository.description}
        announce(act, "create" if update.old == NO_COMMIT else "delete", content)
    return act


def _repository_view(act: Act) -> JsonObject:
    """The repository as `push` alone still shows it: times in seconds since 1970, the owner's name and address."""
    view = repository_view(act.forge, act.repository)
    owner = act.repository.owner
    named = {**account_view(act.forge, owner), "name": owner.login, "email": owner.email}
    return {
        **view,
        "owner": named,
        "created_at": int(act.repository.created_at.timestamp()),
        "pushed_at": int(act.repository.pushed_at.timestamp()),
        "stargazers": 0,
        "master_branch": act.repository.default_branch,
    }


def push_payload(act: Act, update: Update) -> JsonObject:
    """The content of a `push` event, commits oldest first with the files each of them touched."""
    old, new = update.old, update.new
    bare = act.forge.bare(act.repository)
    commits = [] if new == NO_COMMIT else _pushed(bare, act.repository, update)
    views = [_commit_view(act.forge, act.repository, commit, touched(bare, commit)) for commit in reversed(commits)]
    head = views[-1] if views else None
    if head is None and new != NO_COMMIT:
        commit = bare.commit(new)
        head = _commit_view(act.forge, act.repository, commit, touched(bare, commit))
    forced = NO_COMMIT not in (old, new) and not bare.is_ancestor(old, new)
    return {
        "ref": update.reference,
        "before": old,
        "after": new,
        "pusher": {"name": act.by.account.login, "email": act.by.account.email},
        "created": old == NO_COMMIT,
        "deleted": new == NO_COMMIT,
        "forced": forced,
        "base_ref": None,
        "compare": f"{act.forge.urls.page(act.repository)}/compare/{old[:12]}...{new[:12]}",
        "commits": views,
        "head_commit": head,
    }


def _pushed(bare: BareRepository, repository: RepositoryRecord, update: Update) -> list[BareCommit]:
    if update.old != NO_COMMIT:
        return bare.commits(f"-{MOST_COMMITS}", f"{update.old}..{update.new}")
    default = f"refs/heads/{repository.default_branch}"
    if update.reference == default or bare.reference(default) is None:
        return bare.commits(f"-{MOST_COMMITS}", update.new)
    return bare.commits(f"-{MOST_COMMITS}", update.new, f"^{default}")


def touched(bare: BareRepository, commit: BareCommit) -> dict[str, list[str]]:
    """Return the paths a commit added, removed and modified against its first parent (none for a merge)."""
    found: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    if len(commit.parents) > 1:
        return found
    raw = bare.text("diff-tree", "--root", "-r", "-z", "--name-status", "--no-renames", "--no-commit-id", commit.sha)
    tokens = raw.split("\0")
    for status, path in zip(tokens[::2], tokens[1::2], strict=False):
        found[{"A": "added", "D": "removed"}.get(status, "modified")].append(path)
    return found


def _commit_view(
    forge: Forge, repository: RepositoryRecord, commit: BareCommit, files: dict[str, list[str]]
) -> JsonObject:
    people = {
        role: {"name": who.name, "email": who.email, "date": who.date.isoformat()}
        for role, who in (("author", commit.author), ("committer", commit.committer))
    }
    for role, who in (("author", commit.author), ("committer", commit.committer)):
        known = next((a for a in forge.state.accounts.values() if a.email == who.email), None)
        if known is not None:
            people[role]["username"] = str(account_view(forge, known)["login"])
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": True,
        "message": commit.message,
        "timestamp": commit.committer.date.isoformat(),
        "url": f"{forge.urls.page(repository)}/commit/{commit.sha}",
        **people,
        **files,
    }
