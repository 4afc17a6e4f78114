"""Act as people do in a browser, and see what they would see. Used by tests and by the demonstration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bot.sandbox.github.forge import Act, Forge
from bot.sandbox.github.git.bare import Signature, TreeChange, create_bare
from bot.sandbox.github.git.changes import changes_between
from bot.sandbox.github.git.trees import tree_of_directory, tree_with
from bot.sandbox.github.issues import (
    Edit,
    IssueText,
    add_comment,
    delete_comment,
    edit_comment,
    edit_issue,
    open_issue,
    react,
)
from bot.sandbox.github.pulls import Merge, PullSpec, follow_push, merge_pull, merge_state, open_pull
from bot.sandbox.github.push_events import Update, announce_push
from bot.sandbox.github.records.accounts import AccountRecord, AccountType, Caller, RoleName
from bot.sandbox.github.records.checks import (
    CheckRunRecord,
    CommitStatusRecord,
    DeploymentRecord,
    DeploymentStatusRecord,
)
from bot.sandbox.github.records.issues import CommentRecord, IssueRecord, ReactionRecord, ReactionSubject
from bot.sandbox.github.records.repositories import NO_COMMIT, ProtectionRecord, RepositoryRecord
from bot.sandbox.github.reviews import Verdict, submit_review
from bot.sandbox.github.tokens import issue_personal_token


class People:
    """Verbs of people. Repositories are named `owner/name`; unknown names raise `KeyError`."""

    def __init__(self, forge: Forge) -> None:
        self.forge = forge
        self._tokens: dict[int, str] = {}

    def account(self, login: str) -> AccountRecord:
        """Return a known account."""
        account = self.forge.state.account(login)
        if account is None:
            raise KeyError(login)
        return account

    def repository(self, full_name: str) -> RepositoryRecord:
        """Return a known repository."""
        repository = self.forge.state.repository(full_name)
        if repository is None:
            raise KeyError(full_name)
        return repository

    def add_user(self, login: str, repository: str | None = None, role: RoleName = "read") -> str:
        """Create a person, perhaps with a role in a repository; return their token."""
        with self.forge.state.lock:
            account = add_account(self.forge, login, "User")
            if repository is not None:
                self.set_role(repository, login, role)
            self._tokens[account.id] = issue_personal_token(self.forge.state, account).secret
            return self._tokens[account.id]

    def token(self, login: str) -> str:
        """Return a person's token."""
        return self._tokens[self.account(login).id]

    def set_role(self, repository: str, login: str, role: RoleName) -> None:
        """Give a person a role in a repository, or (`none`) take it away."""
        with self.forge.state.lock:
            self.forge.state.roles[self.repository(repository).id, self.account(login).id] = role

    def create_repository(
        self, full_name: str, source: Path | None = None, *, private: bool = True, protected: bool = True
    ) -> RepositoryRecord:
        """Create a repository, its owner (an organization) when unknown, and a first commit on main from a directory.

        With `protected`, main takes no direct pushes except from administrators.
        """
        state = self.forge.state
        owner_login, _, name = full_name.partition("/")
        with state.lock:
            owner = state.account(owner_login) or add_account(self.forge, owner_login, "Organization")
            now = state.clock()
            rules = (ProtectionRecord("main"),) if protected else ()
            repository = RepositoryRecord(
                state.next_small_id(), owner, name, "main", private, None, now, now, protections=rules
            )
            bare = create_bare(self.forge.bare(repository).path, repository.default_branch)
            state.add_repository(repository)
            if source is not None:
                author = Signature(owner.login, owner.email, now)
                tree = tree_of_directory(bare, source)
                bare.put("refs/heads/main", bare.write_commit(tree, [], "Start the repository\n", author, author))
            return repository

    def fork(self, repository: str, *, by: str) -> str:
        """Fork a repository into a person's account; return its name. Pull requests come from it as `login:branch`."""
        state = self.forge.state
        with state.lock:
            parent = self.repository(repository)
            owner = self.account(by)
            fork = replace(parent, id=state.next_small_id(), owner=owner, parent_id=parent.id, protections=())
            bare = create_bare(self.forge.bare(fork).path, fork.default_branch)
            bare.run("fetch", "--quiet", str(self.forge.bare(parent).path), "refs/heads/*:refs/heads/*")
            state.add_repository(fork)
            state.roles[fork.id, owner.id] = "admin"
            return fork.full_name

    def commit(
        self, repository: str, files: Mapping[str, bytes | None], *, by: str, message: str, branch: str = "main"
    ) -> str:
        """Commit files (None removes one) to a branch, made from the default branch if new; return the commit's id."""
        with self.forge.state.lock:
            found = self.repository(repository)
            bare = self.forge.bare(found)
            reference = f"refs/heads/{branch}"
            old = bare.reference(reference)
            parent = old or bare.reference(f"refs/heads/{found.default_branch}")
            account = self.account(by)
            author = Signature(account.login, account.email, self.forge.state.clock())
            tree = tree_with(bare, parent, files)
            sha = bare.write_commit(tree, [parent] if parent else [], f"{message}\n", author, author)
            bare.put(reference, sha)
            self._follow(repository, by, Update(reference, old or NO_COMMIT, sha))
            return sha

    def delete_branch(self, repository: str, branch: str, *, by: str) -> None:
        """Delete a branch; an open pull request from it is closed."""
        with self.forge.state.lock:
            found = self.repository(repository)
            reference = f"refs/heads/{branch}"
            old = self.forge.bare(found).reference(reference)
            if old is None or not self.forge.bare(found).delete(reference, old):
                raise KeyError(branch)
            self._follow(repository, by, Update(reference, old, NO_COMMIT))

    def _follow(self, repository: str, by: str, update: Update) -> None:
        follow_push(announce_push(self._act(repository, by), update), update)

    def open_issue(self, repository: str, title: str, body: str = "", *, by: str) -> int:
        """Open an issue; return its number."""
        with self.forge.state.lock:
            return open_issue(self._act(repository, by), IssueText(title, body)).number

    def open_pull(self, repository: str, proposal: PullSpec, *, by: str) -> int:
        """Open a pull request between two branches; return its number."""
        with self.forge.state.lock:
            return open_pull(self._act(repository, by), proposal).number

    def close(self, repository: str, number: int, *, by: str) -> None:
        """Close an issue or pull request."""
        self._edit(repository, number, by, Edit(state="closed"))

    def reopen(self, repository: str, number: int, *, by: str) -> None:
        """Reopen an issue or pull request."""
        self._edit(repository, number, by, Edit(state="open"))

    def _edit(self, repository: str, number: int, by: str, edit: Edit) -> None:
        with self.forge.state.lock:
            act = self._act(repository, by)
            edit_issue(act, self.forge.issue(act.repository, number), edit)

    def comment(self, repository: str, number: int, body: str, *, by: str) -> int:
        """Comment on an issue or pull request; return the comment's id."""
        with self.forge.state.lock:
            act = self._act(repository, by)
            return add_comment(act, self.forge.issue(act.repository, number), body).id

    def edit_comment(self, comment_id: int, body: str, *, by: str) -> None:
        """Change a comment's text."""
        with self.forge.state.lock:
            comment = self.forge.state.comments[comment_id]
            repository = self.forge.state.repository_of(comment.repository_id)
            edit_comment(Act(self.forge, repository, Caller(self.account(by))), comment, body)

    def delete_comment(self, comment_id: int, *, by: str) -> None:
        """Remove a comment."""
        with self.forge.state.lock:
            comment = self.forge.state.comments[comment_id]
            repository = self.forge.state.repository_of(comment.repository_id)
            delete_comment(Act(self.forge, repository, Caller(self.account(by))), comment)

    def react(self, comment_id: int, content: str, *, by: str) -> None:
        """React to a comment."""
        with self.forge.state.lock:
            react(self.forge, Caller(self.account(by)), ReactionSubject("comment", comment_id), content)

    def merge(self, repository: str, number: int, *, by: str, method: str = "merge") -> str:
        """Merge a pull request; return the merge commit's id. Raises `ApiError` (405) when it can't be merged."""
        with self.forge.state.lock:
            act = self._act(repository, by)
            merged = merge_pull(act, self.forge.pull(act.repository, number), Merge(method))
            assert merged.pull is not None
            return merged.pull.merge_commit_sha or ""

    def review(self, repository: str, number: int, *, by: str, verdict: Verdict = "APPROVE", sha: str = "") -> None:
        """Review a pull request as it is now, or as it was at a commit."""
        with self.forge.state.lock:
            act = self._act(repository, by)
            submit_review(act, self.forge.pull(act.repository, number), verdict, sha=sha)

    def issue(self, repository: str, number: int) -> IssueRecord:
        """Look at an issue or pull request."""
        return self.forge.issue(self.repository(repository), number)

    def issues(self, repository: str) -> list[IssueRecord]:
        """List issues that are no pull requests, oldest first."""
        with self.forge.state.lock:
            found = self.forge.state.issues_of(self.repository(repository))
        return [issue for issue in reversed(found) if issue.pull is None]

    def pulls(self, repository: str) -> list[IssueRecord]:
        """List pull requests of any state, oldest first; branches and commits are in `.pull`."""
        with self.forge.state.lock:
            found = self.forge.state.issues_of(self.repository(repository))
        return [issue for issue in reversed(found) if issue.pull is not None]

    def merge_state(self, repository: str, number: int) -> str:
        """Say how a pull request stands: clean, dirty, blocked, draft, unstable, unknown."""
        with self.forge.state.lock:
            found = self.repository(repository)
            issue = self.forge.pull(found, number)
            assert issue.pull is not None
            return merge_state(self.forge, found, issue, issue.pull)

    def comments(self, repository: str, number: int) -> list[CommentRecord]:
        """List comments, oldest first."""
        with self.forge.state.lock:
            return self.forge.state.comments_of(self.issue(repository, number))

    def reactions(self, comment_id: int) -> list[ReactionRecord]:
        """List the reactions to a comment, oldest first."""
        return list(self.forge.state.reactions.get(ReactionSubject("comment", comment_id), ()))

    def checks(self, repository: str, ref: str) -> list[CheckRunRecord]:
        """List the check runs of a commit, newest first."""
        with self.forge.state.lock:
            found = self.repository(repository)
            return self.forge.state.checks_at(found, self.forge.commit_id(found, ref) or ref)

    def statuses(self, repository: str, ref: str) -> list[CommitStatusRecord]:
        """List the statuses of a commit, oldest first."""
        found = self.repository(repository)
        return list(self.forge.state.statuses[found.id, self.forge.commit_id(found, ref) or ref])

    def deployments(self, repository: str) -> list[DeploymentRecord]:
        """List deployments, oldest first."""
        id_ = self.repository(repository).id
        return [d for d in list(self.forge.state.deployments.values()) if d.repository_id == id_]

    def deployment_statuses(self, deployment_id: int) -> list[DeploymentStatusRecord]:
        """List the statuses of a deployment, oldest first."""
        return list(self.forge.state.deployment_statuses[deployment_id])

    def files(self, repository: str, number: int) -> list[TreeChange]:
        """List what a pull request changes."""
        issue = self.issue(repository, number)
        assert issue.pull is not None
        bare = self.forge.bare(self.repository(repository))
        base = bare.merge_base(issue.pull.base_sha, issue.pull.head_sha)
        return changes_between(bare, base or issue.pull.base_sha, issue.pull.head_sha)

    def read(self, repository: str, path: str, ref: str = "main") -> bytes | None:
        """Return a file's bytes at a branch or commit, or None."""
        found = self.repository(repository)
        sha = self.forge.commit_id(found, ref)
        entry = self.forge.bare(found).entry(sha, path) if sha else None
        return self.forge.bare(found).blob(entry.sha) if entry else None

    def head(self, repository: str, ref: str = "main") -> str | None:
        """Return the commit of a branch, or None."""
        return self.forge.commit_id(self.repository(repository), ref)

    def protect(self, repository: str, branch: str = "main", required_checks: tuple[str, ...] = ()) -> None:
        """Protect a branch: no direct pushes, and these checks (by name) before a merge."""
        with self.forge.state.lock:
            found = self.repository(repository)
            others = tuple(rules for rules in found.protections if rules.branch != branch)
            rules = ProtectionRecord(branch, required_checks)
            self.forge.state.add_repository(replace(found, protections=(*others, rules)))

    def _act(self, repository: str, by: str) -> Act:
        return Act(self.forge, self.repository(repository), Caller(self.account(by)))


def add_account(forge: Forge, login: str, type_: AccountType) -> AccountRecord:
    """Create an account. Raises `ValueError` when the login is taken."""
    state = forge.state
    if state.account(login) is not None:
        raise ValueError(f"{login} exists")
    return state.add_account(AccountRecord(state.next_small_id(), login, type_, state.clock()))
