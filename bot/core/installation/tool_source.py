"""Where a monorepo's workflows take the tool from: the one place in which its version stands."""

import re
from dataclasses import dataclass
from typing import Final, Self

from bot.errors import InvalidInput
from bot.names import shown

PATH: Final = ".github/actions/setup/action.yml"
"""Of the monorepo's own action, which every workflow calls; in the tool's own repository, of the action that installs it."""
_SOURCE: Final = re.compile(r"([\w.-]+/[\w.-]+)@([0-9a-f]{40})")
_USES: Final = re.compile(
    r"^ *(?:- )?uses: ([\w.-]+/[\w.-]+)/\.github/actions/setup@([0-9a-f]{40})(?: # v(\S+))?$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class ToolSource:
    """A repository of envclone (`OWNER/NAME`), the commit of a release there, and the release's version for people."""

    repository: str
    commit: str
    version: str

    @classmethod
    def parsed(cls, text: str, version: str) -> Self:
        """Read `OWNER/NAME@COMMIT`. Raises `InvalidInput`."""
        found = _SOURCE.fullmatch(text)
        if found is None:
            raise InvalidInput(
                f"{shown(text)} names no commit of a repository. Write OWNER/NAME@COMMIT, with all 40 digits of the commit: "
                "a tag or a branch can be moved to other code, which would run with your credentials."
            )
        return cls(found[1], found[2], version)

    @classmethod
    def of_action(cls, text: str) -> Self | None:
        """Return what a monorepo's own action names, or None where it names nothing by commit."""
        found = _USES.search(text)
        return None if found is None else cls(found[1], found[2], found[3] or "")

    def action(self) -> str:
        """Return the monorepo's own action, whole."""
        comment = f" # v{self.version}" if self.version else ""
        return f"""\
# Put `envclone` on PATH. Which version the workflows of this repository run stands here, and nowhere else.
#
# That action's own checkout holds the tool and its lock files, so nothing of this repository is installed or run. It reads the
# policy beside this file, which is the default branch's, for the clouds whose libraries are needed.
name: Set up envclone
description: Install envclone at the commit below, each dependency checked against the hash in its lock file.

runs:
  using: composite
  steps:
    - name: Install envclone
      uses: {self.repository}/.github/actions/setup@{self.commit}{comment}
      with:
        policy: ${{{{ github.action_path }}}}/../../envclone.yml
"""
