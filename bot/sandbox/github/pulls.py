"""What happens to pull requests: opened, merged by git itself, moved along by pushes.

A merge reads the base branch, makes the merge commit without a work tree, and moves the branch only if it is still where
it was read; so two merges at once, or a merge and a push, come out as on GitHub: in one order or the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.sandbox.github.answers import ApiError, invalid
from bot.sandbox.github.forge import Act, Forge
from bot.sandbox.github.git.bare import BareRepository, Signature
from bot.sandbox.github.issues import IssueText, add_issue, announce_issue
from bot.sandbox.github.push_events import Update, announce_push
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.issues import IssueRecord, PullRecord
from bot.sandbox.github.records.repositories import NO_COMMIT, RepositoryRecord
from bot.sandbox.github.views.common import account_view

MERGE_ATTEMPTS = 5
NO_COLLABORATOR = (
    "Reviews may only be requested from collaborators. "
    "One or more of the users or teams you specified is not a collaborator of the"
)
GOOD = ("success", "neutral", "skipped")


@dataclass(frozen=True, slots=True)
class PullSpec:
    """A pull request to be: the words, and which branch goes into which."""

    text: IssueText
    head: str
    base: str
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """How to merge; `sha` is what the head must be."""

    method: str = "merge"
    sha: str | None = None
    title: str | None = None
    message: str | None = None


def open_pull(act: Act, proposal: PullSpec) -> IssueRecord:
    """Open a pull request between two branches of a repository, or from a fork (`owner:branch`).

    Raises 422 when a branch is missing, nothing differs, or one is already open for the same branches.
    """
    owner, _, head = proposal.head.rpartition(":")
    is_own = not owner or owner.casefold() == act.repository.owner.login.casefold()
    source = act.repository if is_own else act.state.fork_of(act.repository, owner)
    head_sha = act.forge.bare(source).reference(f"refs/heads/{head}") if source else None
    bare = act.forge.bare(act.repository)
    base_sha = bare.reference(f"refs/heads/{proposal.base}")
    if base_sha is None:
        raise invalid("PullRequest", "base", "invalid")
    if source is None or head_sha is None:
        raise invalid("PullRequest", "head", "invalid")
    pull = PullRecord(act.state.next_id(), source.id, head, head_sha, proposal.base, base_sha, draft=proposal.draft)
    if find_open(act, pull):
        message = f"A pull request already exists for {source.owner.login}:{head}."
        raise invalid("PullRequest", "", "custom", message)
    if not is_own:
        bare.fetch(act.forge.bare(source), head_sha)
    if bare.is_ancestor(head_sha, base_sha):
        raise invalid("PullRequest", "", "custom", f"No commits between {proposal.base} and {head}")
    issue = add_issue(act, proposal.text, pull)
    bare.put(f"refs/pull/{issue.number}/head", head_sha)
    announce_issue(act, issue, "opened", {})
    return issue


def retargeted(act: Act, issue: IssueRecord, base: str) -> IssueRecord:
    """Let a pull request be merged into another branch. Raises 422 when that is missing, or has another one of the same head."""
    before = issue.pull
    assert before is not None
    base_sha = act.forge.bare(act.repository).reference(f"refs/heads/{base}")
    if base_sha is None or issue.state == "closed":
        raise invalid("PullRequest", "base", "invalid")
    pull = replace(before, base_ref=base, base_sha=base_sha)
    if find_open(act, pull):
        message = f"A pull request already exists for base branch '{base}' and head branch '{pull.head_ref}'"
        raise invalid("PullRequest", "base", "custom", message)
    issue = act.state.save_issue(replace(issue, pull=pull))
    changes: JsonObject = {"base": {"ref": {"from": before.base_ref}, "sha": {"from": before.base_sha}}}
    announce_issue(act, issue, "edited", {"changes": changes})
    return issue


def request_reviews(act: Act, issue: IssueRecord, logins: Sequence[str]) -> IssueRecord:
    """Ask people for their review, and announce each. Raises 422 for the author and for who is no collaborator."""
    pull = issue.pull
    assert pull is not None
    for login in logins:
        account = act.state.account(login)
        if account is None or (act.repository.id, account.id) not in act.state.roles:
            raise ApiError(422, f"{NO_COLLABORATOR} {act.repository.full_name} repository.")
        if account.id == issue.author.id:
            raise ApiError(422, "Review cannot be requested from pull request author.")
        if account in pull.reviewers:
            continue
        pull = replace(pull, reviewers=(*pull.reviewers, account))
        issue = act.state.save_issue(replace(issue, pull=pull))
        asked: JsonObject = {"requested_reviewer": account_view(act.forge, account)}
        announce_issue(act, issue, "review_requested", asked)
    return issue


def find_open(act: Act, wanted: PullRecord) -> IssueRecord | None:
    """Return the open pull request between the same two branches."""
    for issue in act.state.issues_of(act.repository):
        if issue.state == "open" and issue.pull and _branches(issue.pull) == _branches(wanted):
            return issue
    return None


def _branches(pull: PullRecord) -> tuple[int, str, str]:
    return pull.head_repository_id, pull.head_ref, pull.base_ref


def merge_state(forge: Forge, repository: RepositoryRecord, issue: IssueRecord, pull: PullRecord) -> str:
    """Work out GitHub's `mergeable_state`: clean, dirty, blocked, draft, unstable or (once closed) unknown."""
    if issue.state == "closed":
        return "unknown"
    bare = forge.bare(repository)
    base = bare.reference(f"refs/heads/{pull.base_ref}")
    if base is None:
        return "unknown"
    if not _merges(forge, bare, base, pull.head_sha):
        return "dirty"
    if pull.draft:
        return "draft"
    if missing_check(forge, repository, pull) is not None:
        return "blocked"
    latest = {run.name: run for run in reversed(forge.state.checks_at(repository, pull.head_sha))}
    bad = any(run.status == "completed" and run.conclusion not in GOOD for run in latest.values())
    return "unstable" if bad else "clean"


def _merges(forge: Forge, bare: BareRepository, base: str, head: str) -> bool:
    if (base, head) not in forge.mergeable:
        forge.mergeable[base, head] = bare.merged_tree(base, head) is not None
    return forge.mergeable[base, head]


def missing_check(forge: Forge, repository: RepositoryRecord, pull: PullRecord) -> str | None:
    """Return why a required check keeps the pull request from being merged, in GitHub's words."""
    protection = repository.protection(pull.base_ref)
    for name in protection.required_checks if protection else ():
        runs = [run for run in forge.state.checks_at(repository, pull.head_sha) if run.name == name]
        statuses = [s for s in forge.state.statuses[repository.id, pull.head_sha] if s.context == name]
        if runs and runs[0].status == "completed":
            if runs[0].conclusion not in GOOD:
                return f'Required status check "{name}" is failing.'
        elif runs or not statuses:
            return f'Required status check "{name}" is expected.'
        elif statuses[-1].state != "success":
            return f'Required status check "{name}" is {statuses[-1].state}.'
    return None


def merge_pull(act: Act, issue: IssueRecord, merge: Merge) -> IssueRecord:
    """Merge, and announce the push and the closed pull request. Raises 405 or 409 with GitHub's reasons."""
    pull = _mergeable(act, issue, merge)
    bare = act.forge.bare(act.repository)
    for _ in range(MERGE_ATTEMPTS):
        base = bare.reference(f"refs/heads/{pull.base_ref}")
        tree = bare.merged_tree(base, pull.head_sha) if base else None
        if base is None or tree is None:
            raise ApiError(405, "Pull Request is not mergeable")
        rebase = merge.method == "rebase"
        sha = (
            _rebase(act, base, pull.head_sha)
            if rebase
            else _write_merge(act, issue, (base, pull.head_sha), tree, merge)
        )
        if bare.move(f"refs/heads/{pull.base_ref}", sha, base):
            return _merged(act, issue, Update(f"refs/heads/{pull.base_ref}", base, sha))
    raise ApiError(409, "Base branch was modified. Review and try the merge again.")


def _mergeable(act: Act, issue: IssueRecord, merge: Merge) -> PullRecord:
    pull = issue.pull
    if pull is None or issue.state == "closed":
        raise ApiError(405, "Pull Request is not mergeable")
    if merge.sha is not None and merge.sha != pull.head_sha:
        raise ApiError(409, "Head branch was modified. Review and try the merge again.")
    if pull.draft:
        raise ApiError(405, "Pull Request is still a draft")
    reason = missing_check(act.forge, act.repository, pull)
    if reason is not None:
        raise ApiError(405, reason)
    return pull


def _write_merge(act: Act, issue: IssueRecord, sides: tuple[str, str], tree: str, merge: Merge) -> str:
    """Make the commit that a merge of (base, head) gives."""
    assert issue.pull is not None
    now = act.state.clock()
    author = Signature(act.by.account.login, act.by.account.email, now)
    committer = Signature("GitHub", "noreply@github.com", now)
    source = f"{act.state.repository_of(issue.pull.head_repository_id).owner.login}/{issue.pull.head_ref}"
    if merge.method == "squash":
        title, body = f"{issue.title} (#{issue.number})", issue.body or ""
    else:
        title, body = f"Merge pull request #{issue.number} from {source}", issue.title
    parents = sides[:1] if merge.method == "squash" else sides
    message = f"{merge.title or title}\n\n{body if merge.message is None else merge.message}"
    return act.forge.bare(act.repository).write_commit(tree, parents, message.strip() + "\n", author, committer)


def _rebase(act: Act, base: str, head: str) -> str:
    """Write the commits of a branch anew on the base branch, as GitHub does even where nothing moved, and return the last."""
    bare, now = act.forge.bare(act.repository), act.state.clock()
    if not bare.is_ancestor(base, head):
        raise ApiError(
            405, "This branch can't be rebased"
        )  # GitHub tries; who plays with the sandbox updates the branch
    last = base
    for commit in reversed(bare.commits("--first-parent", f"{base}..{head}")):
        committer = Signature("GitHub", "noreply@github.com", now)
        last = bare.write_commit(commit.tree, [last], f"{commit.message}\n", commit.author, committer)
        act.state.rebased[last] = commit.sha
    return last


def _merged(act: Act, issue: IssueRecord, update: Update) -> IssueRecord:
    issue = mark_merged(act, issue, update.new)
    act = announce_push(act, update)
    announce_issue(act, issue, "closed", {})
    _close_contained(act, update)
    return issue


def mark_merged(act: Act, issue: IssueRecord, sha: str) -> IssueRecord:
    """Record that a pull request was merged as a commit, without announcing it."""
    assert issue.pull is not None
    now = act.state.clock()
    pull = replace(issue.pull, merged_at=now, merged_by=act.by.account, merge_commit_sha=sha)
    return act.state.save_issue(replace(issue, state="closed", closed_at=now, closed_by=act.by.account, pull=pull))


def follow_push(act: Act, update: Update) -> None:
    """Move, close or mark as merged the open pull requests that a push touches, also those from a fork."""
    branch = update.reference.removeprefix("refs/heads/")
    for issue in list(act.state.issues.values()):
        pull = issue.pull
        if issue.state == "closed" or pull is None:
            continue
        if pull.head_repository_id == act.repository.id and pull.head_ref == branch:
            base = act.state.repository_of(issue.repository_id)
            _follow(replace(act, repository=base), issue, pull, update)
    if update.new != NO_COMMIT:
        _close_contained(act, update)


def _follow(act: Act, issue: IssueRecord, pull: PullRecord, update: Update) -> None:
    """Move one pull request of the act's repository, or close it when its branch is gone."""
    if update.new == NO_COMMIT:
        now = act.state.clock()
        closed = replace(issue, state="closed", closed_at=now, closed_by=act.by.account)
        announce_issue(act, act.state.save_issue(closed), "closed", {})
        return
    bare = act.forge.bare(act.repository)
    if pull.head_repository_id != act.repository.id:
        bare.fetch(act.forge.bare(act.state.repository_of(pull.head_repository_id)), update.new)
    base_sha = bare.reference(f"refs/heads/{pull.base_ref}") or pull.base_sha
    moved = act.state.save_issue(replace(issue, pull=replace(pull, head_sha=update.new, base_sha=base_sha)))
    bare.put(f"refs/pull/{issue.number}/head", update.new)
    announce_issue(act, moved, "synchronize", {"before": update.old, "after": update.new})


def _close_contained(act: Act, update: Update) -> None:
    """Mark as merged what a branch now contains, as GitHub does when somebody merges on the command line."""
    branch = update.reference.removeprefix("refs/heads/")
    waiting = [
        (issue, issue.pull.head_sha)
        for issue in act.state.issues_of(act.repository)
        if issue.state == "open" and issue.pull is not None and issue.pull.base_ref == branch
    ]
    if not waiting or update.old == NO_COMMIT:
        return
    arrived = set(act.forge.bare(act.repository).text("rev-list", f"{update.old}..{update.new}").split())
    for issue, head in waiting:
        if head in arrived:
            announce_issue(act, mark_merged(act, issue, update.new), "closed", {})
