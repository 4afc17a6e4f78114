"""What a directory was on the base branch itself, at any time: what was merged counts as it came in, not as it was on the way there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.clients.git.command import git_text
from bot.clients.git.commits import commit_of, tree_at
from bot.clients.github import GitHubRefused
from bot.errors import Unverifiable
from bot.runs.reviewed_commit import OnGitHub

_ADVICE = "Fetch the full history of the base branch."


@dataclass(frozen=True, slots=True)
class History:
    """The first-parent history of the base branch up to `base`, a commit's name. `on` tells how its commits were merged, where it is known."""

    root: Path
    base: str
    on: OnGitHub | None = None

    def had(self, path: str, tree: str | None) -> bool:
        """Say whether the base branch ever was at a commit where a directory is `tree` (git's id).

        *Rebase and merge* puts every commit of a pull request on the base branch, so each but the last was never what the
        branch was at. Raises `Transient`, `Unverifiable` when git or GitHub can't tell.
        """
        base = commit_of(self.root, self.base)
        return tree is not None and any(
            commit == base or all(tree_at(self.root, last, path) == tree for last in self._merged_as(commit))
            for commit in _commits_by_tree(self.root, base, path).get(tree, ())
        )

    def _merged_as(self, commit: str) -> Iterator[str]:
        """Yield the last commit of each merged pull request that brought `commit`; none for what was pushed without one."""
        if self.on is None:
            return
        try:
            pulls = self.on.github.pull_requests_for_commit(self.on.repository, commit)
        except GitHubRefused as refused:
            raise Unverifiable(
                f"GitHub doesn't say which pull request brought {commit[:12]} ({refused.message}). The job needs `pull-requests: read`."
            ) from refused
        yield from (each.merge_commit_sha for each in pulls if each.is_merged and each.merge_commit_sha)


@cache
def _commits_by_tree(root: Path, base: str, path: str) -> Mapping[str, Sequence[str]]:
    """Return the commits that made a directory what it was, by git's id of that, and `base` for what it is now."""
    commits = [base, *git_text(root, "rev-list", "--first-parent", base, "--", path, advice=_ADVICE).split()]
    given = "".join(f"{commit}:{path}\n" for commit in commits)
    lines = git_text(
        root, "cat-file", "--batch-check=%(objecttype) %(objectname)", given=given, advice=_ADVICE
    ).splitlines()
    found: dict[str, list[str]] = {}
    for commit, line in zip(commits, lines, strict=True):
        kind, _, name = line.partition(" ")
        if kind == "tree":
            found.setdefault(name, []).append(commit)
    return found
