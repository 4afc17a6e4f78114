"""What a pull request changes: files with their differences, commits, and the checks of its head."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.sandbox.github.forge import Forge
from bot.sandbox.github.git.bare import TreeChange
from bot.sandbox.github.git.changes import EMPTY_TREE, changes_between
from bot.sandbox.github.records.checks import CheckRunRecord
from bot.sandbox.github.records.issues import IssueRecord, PullRecord
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.views.pulls import measure
from bot.sandbox.pages.calls import PageCall, Raw, Shown

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
FOLDED_FROM = 400
"""Lines of a file's difference from which on it is folded at first; a pull request of ours has fifty files."""
LONGEST = 3_000
"""Lines of a file's difference that are shown; the rest is in `.diff`."""


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a difference: its numbers on both sides (None where it is not), and its text."""

    kind: Literal["hunk", "same", "added", "removed", "note"]
    old: int | None
    new: int | None
    text: str


@dataclass(frozen=True, slots=True)
class FileDiff:
    """A changed file."""

    change: TreeChange
    lines: Sequence[DiffLine]
    is_cut: bool

    @property
    def is_folded(self) -> bool:
        """Whether only its name is seen at first."""
        return len(self.lines) > FOLDED_FROM


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """A check with one word for how it stands, and where more is said, from the host on."""

    record: CheckRunRecord
    state: str
    address: str
    is_required: bool = False


def diff_lines(patch: str) -> Sequence[DiffLine]:
    """Return the lines of a file's hunks, numbered."""
    found: list[DiffLine] = []
    old = new = 0
    for line in patch.split("\n") if patch else ():
        if hunk := _HUNK.match(line):
            old, new = int(hunk[1]), int(hunk[2])
            found.append(DiffLine("hunk", None, None, line))
        elif line.startswith("+"):
            found.append(DiffLine("added", None, new, line[1:]))
            new += 1
        elif line.startswith("-"):
            found.append(DiffLine("removed", old, None, line[1:]))
            old += 1
        elif line.startswith("\\"):
            found.append(DiffLine("note", None, None, line[2:]))
        else:
            found.append(DiffLine("same", old, new, line[1:]))
            old, new = old + 1, new + 1
    return found


def file_diffs(changes: Sequence[TreeChange]) -> Sequence[FileDiff]:
    """Return changed files as they are shown."""
    found = [(change, diff_lines(change.patch)) for change in changes]
    return [FileDiff(change, lines[:LONGEST], len(lines) > LONGEST) for change, lines in found]


def sides(forge: Forge, repository: RepositoryRecord, pull: PullRecord) -> tuple[str, str]:
    """Return the two commits that a pull request is the difference of."""
    return forge.bare(repository).merge_base(pull.base_sha, pull.head_sha) or EMPTY_TREE, pull.head_sha


def pull_counts(forge: Forge, repository: RepositoryRecord, issue: IssueRecord) -> Mapping[str, int]:
    """Return what the tabs of a pull request count; nothing for an issue."""
    if issue.pull is None:
        return {}
    commits, added, removed, files_ = measure(forge, repository, issue.pull)
    checks_ = len(checks_of(forge, repository, issue.pull.head_sha))
    return {"commits": commits, "added": added, "removed": removed, "files": files_, "checks": checks_}


def checks_of(forge: Forge, repository: RepositoryRecord, sha: str) -> Sequence[ShownCheck]:
    """Return the newest check of each name at a commit: those that failed first, then those under way."""
    rules = repository.protection(repository.default_branch)
    newest = {check.name: check for check in reversed(forge.state.checks_at(repository, sha))}
    found = [
        ShownCheck(
            check,
            check.conclusion or check.status,
            local(forge, check.details_url) or f"/{repository.full_name}/runs/{check.id}",
            rules is not None and check.name in rules.required_checks,
        )
        for check in newest.values()
    ]
    order = ("failure", "timed_out", "cancelled", "action_required", "in_progress", "queued", "success")
    return sorted(found, key=lambda each: (order.index(each.state) if each.state in order else 9, each.record.name))


def local(forge: Forge, address: str | None) -> str | None:
    """Return an address of this forge from the host on; None for another one."""
    base = forge.urls.base
    return address.removeprefix(base) if address and address.startswith(f"{base}/") else None


def _shown(call: PageCall, tab: str, template: str, content: Mapping[str, object]) -> Shown:
    repository = call.repository()
    issue = call.forge.pull(repository, call.number("number"))
    counts = pull_counts(call.forge, repository, issue)
    common = {"issue": issue, "counts": counts, "pull_tab": tab}
    title = f"{issue.title} · #{issue.number}"
    return Shown(template, title, {**common, **content}, repository, "pulls", is_live=tab == "checks")


def _pull(call: PageCall) -> tuple[RepositoryRecord, PullRecord]:
    repository = call.repository()
    pull = call.forge.pull(repository, call.number("number")).pull
    assert pull is not None
    return repository, pull


def files(call: PageCall) -> Shown:
    """The files that a pull request changes, with their differences."""
    repository, pull = _pull(call)
    changes = changes_between(call.forge.bare(repository), *sides(call.forge, repository, pull))
    return _shown(call, "files", "files.html", {"files": file_diffs(changes), "sha": pull.head_sha})


def commits(call: PageCall) -> Shown:
    """The commits of a pull request, oldest first."""
    repository, pull = _pull(call)
    found = call.forge.bare(repository).commits(f"{pull.base_sha}..{pull.head_sha}")
    return _shown(call, "commits", "pull_commits.html", {"commits": found[::-1]})


def checks(call: PageCall) -> Shown:
    """The checks of a pull request's head, with what each says."""
    repository, pull = _pull(call)
    found = checks_of(call.forge, repository, pull.head_sha)
    return _shown(call, "checks", "checks.html", {"checks": found})


def diff(call: PageCall) -> Raw:
    """The whole difference as text."""
    repository, pull = _pull(call)
    return Raw(call.forge.bare(repository).run("diff", "-M", *sides(call.forge, repository, pull)).stdout)


def patch(call: PageCall) -> Raw:
    """The commits as mail, as `git am` takes them."""
    repository, pull = _pull(call)
    range_ = f"{pull.base_sha}..{pull.head_sha}"
    return Raw(call.forge.bare(repository).run("format-patch", "--stdout", range_).stdout)
