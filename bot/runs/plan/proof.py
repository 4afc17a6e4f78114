"""Is an environment *proved*: is it, byte for byte, what a template of the base branch renders, with modules of the base branch?

A proved environment needs no trust in who wrote the change, so it is planned without asking. Everything else meets credentials
only after somebody with the right approved that very commit (`approvals`).
"""

import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from bot.clients.git.checkout import Checkout
from bot.clients.git.commits import commit_of, tree_at
from bot.core.hcl.local_modules import places_outside
from bot.core.markdown import code
from bot.core.rendering.assemble import read_manifest
from bot.core.requests.approvals import Unproved
from bot.errors import Finding, HandEdit, Unverifiable
from bot.model.environment import MANIFEST, directory
from bot.model.modules import module_path
from bot.model.template import directory as template_directory
from bot.names import EnvironmentName
from bot.runs.plan.verify import Verified

_GIT_TIMEOUT = 120
"""Seconds to go through the history of one directory."""


def unproved(checkout: Checkout, base: str, name: EnvironmentName, verified: Verified) -> Unproved | None:
    """Return why an environment of the checkout is not proved by the base branch, whose commit is `base`; None when it is.

    `verified` says where it differs from what its template renders. Raises `Unverifiable`, `UserError`.
    """
    base, files, where = commit_of(checkout.root, base), checkout.code(name), directory(name)
    manifest = read_manifest(files, where)
    template = template_directory(manifest.template)
    reasons: list[Finding] = []
    if manifest.revision not in trees_of(checkout.root, base, template):
        message = f"{code(template)} at revision {manifest.revision[:12]} is on no commit of the base branch."
        reasons.append(Finding(f"{where}/{MANIFEST}", 1, message))
    for place in places_outside(files):
        path = module_path(place)
        if path is not None and tree_at(checkout.root, "HEAD", path) not in trees_of(checkout.root, base, path):
            reasons.append(Finding(path, 1, "no commit of the base branch has this module as it is here."))
    reasons += [each for each in verified.findings if isinstance(each, HandEdit) and each.path.startswith(f"{where}/")]
    return Unproved(name, tuple(reasons)) if reasons else None


def other_findings(verified: Verified) -> Sequence[str]:
    """Return what no approval helps against: findings that are no hand edits."""
    return [str(each) for each in (*verified.unreadable, *verified.findings) if not isinstance(each, HandEdit)]


@cache
def trees_of(root: Path, base: str, path: str) -> frozenset[str]:
    """Return git's ids of what a directory was on the base branch itself: what was merged into it counts as it came in.

    Raises `Unverifiable` when git can't tell.
    """
    commits = _git(root, ["rev-list", "--first-parent", base, "--", path], "").split()
    asked = "".join(f"{commit}:{path}\n" for commit in commits)
    lines = _git(root, ["cat-file", "--batch-check=%(objecttype) %(objectname)"], asked).splitlines()
    return frozenset(line.split()[1] for line in lines if line.startswith("tree "))


def _git(root: Path, arguments: Sequence[str], given: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=_GIT_TIMEOUT,
    )
    if done.returncode != 0:
        raise Unverifiable(
            f"git {arguments[0]} failed: {done.stderr.strip()}. Fetch the full history of the base branch."
        )
    return done.stdout
