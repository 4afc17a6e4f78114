"""What a monorepo has of envclone's: workflows and actions as they are shipped, a policy to begin with, and its owners' lines."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from bot.errors import InvalidInput
from bot.model.roots import Roots
from bot.names import shown

GITHUB: Final = ".github"
SHIPPED: Final = (
    "workflows/apply.yml",
    "workflows/drift.yml",
    "workflows/expire.yml",
    "workflows/parity.yml",
    "workflows/plan.yml",
    "workflows/queue.yml",
    "actions/credentials/action.yml",
)
"""Files of `.github/` that are the same in every monorepo. Workflows about envclone's own code are not among them."""
HANDLE: Final = "workflows/handle.yml"
"""What carries out comments where no service runs: for monorepos that ask for it, and there from then on."""
NO_SERVER: Final = (HANDLE, "workflows/review.yml")
"""That, and what has it hear of reviews."""
ROLES: Final = "envclone/roles"
"""Where in `.github/` the code lies that makes the identities of the accounts: guarded by the same owners as the workflows."""
UNKEPT: Final = """\
.terraform/
*.tfstate
*.tfstate.*
terraform.tfstate.d/
"""
"""What Terraform leaves beside that code, which an administrator applies from a checkout."""
BRANCHED: Final = "workflows/plan.yml"
"""One that names the default branch."""
PRISTINE: Final = ".github/envclone/shipped"
"""Where a monorepo keeps them as they came, so that an upgrade can tell people's edits from ours."""
CODE_OWNERS: Final = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks, in its order; the first that is there counts."""
_BRANCH: Final = re.compile(r"^(\s+branches: )\[main\]", re.MULTILINE)
_ROOTS: Final = re.compile(r'^(\s+paths: )\["envs/\*\*", "templates/\*\*"\]', re.MULTILINE)
_UNWRITTEN: Final = re.compile(r"^( +)!/envs/\*/$", re.MULTILINE)
"""What a checkout doesn't write of a monorepo: the environments, each in a directory of its own."""

POLICY: Final = """\
# Who may do what with environments, and within which bounds. Always read from the default branch.
allow:
  read: read
  clone: write
  change: write
  rescue: maintain
  destroy: maintain
  plan_unproved: maintain # approves a commit whose code the default branch does not have, so that it is planned
protected:
  - production
ttl:
  default: 7d
  max: 30d
quota:
  total: 50
  per_owner: 5
# Name each account here: its cloud, the identities that plan and apply, and where its state lies. docs/oidc.md of
# envclone shows them for each cloud.
accounts: {}
"""


def fitted(files: Mapping[str, bytes], branch: str, roots: Roots) -> dict[str, bytes]:
    """Return the shipped files for a repository with this default branch and these roots. Raises `InvalidInput`."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}", branch) is None:
        raise InvalidInput(f"{shown(branch)} is not a branch. Write the default branch's name, as in `--branch main`.")
    paths = ", ".join(f'"{root}/**"' for root in (*roots.of_environments, *roots.of_templates))
    texts = {path: _BRANCH.sub(lambda found: f"{found[1]}[{branch}]", data.decode()) for path, data in files.items()}
    texts = {path: _ROOTS.sub(lambda found: f"{found[1]}[{paths}]", text) for path, text in texts.items()}
    return {path: _UNWRITTEN.sub(partial(_unwritten, roots), text).encode() for path, text in texts.items()}


def _unwritten(roots: Roots, found: re.Match[str]) -> str:
    return "\n".join(f"{found[1]}!/{root}/*/" for root in roots.of_environments)


def branch_of(workflow: bytes) -> str | None:
    """Return the default branch that a shipped workflow was written for."""
    found = re.search(rb"^\s+branches: \[([^\],]+)\]", workflow, re.MULTILINE)
    return found[1].decode() if found else None


def unguarded(code_owners: str, roots: Roots) -> Sequence[str]:
    """Return what has no line of its own in a file of code owners, of what decides who may do what, and of what environments are made of."""
    patterns = {line.split()[0] for line in code_owners.splitlines() if line.strip() and not line.startswith("#")}
    return [path for path in ("/.github/", *(f"/{root}/" for root in roots.of_templates)) if path not in patterns]


def owning(owner: str) -> str:
    """Return a team's or a person's name on GitHub. Raises `InvalidInput`."""
    if re.fullmatch(r"@[A-Za-z0-9][A-Za-z0-9-]*(/[A-Za-z0-9._-]+)?", owner) is None:
        raise InvalidInput(
            f"{shown(owner)} is nobody's name on GitHub. Write a team or a person, as in `--owner @acme/platform`."
        )
    return owner


def with_owners(code_owners: str, owner: str, roots: Roots) -> str:
    """Return a file of code owners with lines for what it leaves out."""
    head = code_owners if not code_owners or code_owners.endswith("\n") else f"{code_owners}\n"
    return head + "".join(f"{path} {owner}\n" for path in unguarded(code_owners, roots))
