"""The trailers of our own commits: for which environment, who asked, and in which comment.

A later event finds the way back to whoever asked through the head of the branch, with no store of our own: the comment's id
makes the request unique, so that a job run again finds its own commit, and the comment is where progress is told.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.errors import InvalidInput
from bot.names import EnvironmentName, Login

ENVIRONMENT = "Envclone-Environment"
ENVIRONMENTS = "Envclone-Environments"
"""Of a commit for a wave: none of its environments alone asked for it, and no branch of one of them holds it."""
REQUEST = "Envclone-Request"
AS_IN = "Envclone-As-In"
CODIFIES = "Envclone-Codifies"
RESETS = "Envclone-Resets"
BASE = "Envclone-Base"
BY = "Requested-by"
AT = "Requested-at"
DISPATCHED = "#envclone-"
"""What the address ends with, and a request's id, of a run in another repository that asked."""

_TRAILER = re.compile(r"([A-Za-z][A-Za-z-]*): (.+)")


@dataclass(frozen=True, slots=True)
class AsIn:
    """An environment as it was at a commit of the default branch: what a commit brings back, or to another environment."""

    environment: EnvironmentName
    commit: str


@dataclass(frozen=True, slots=True)
class Trailers:
    """What one of our commits says of itself. `comment` and `url` are absent when nobody commented.

    `base` is the commit of the default branch on which the branch began: all commits after it are the proposal's. `as_in` is what the
    commit follows, if it follows an environment. `is_codified` says that it follows what was found outside the code, `is_reset` that what it removes is made again.
    """

    environment: EnvironmentName
    by: Login
    comment: int | None = None
    url: str = ""
    base: str = ""
    as_in: AsIn | None = None
    is_codified: bool = False
    is_reset: bool = False

    @property
    def is_dispatched(self) -> bool:
        """Whether a run in another repository asked."""
        return self.comment is None and DISPATCHED in self.url


def write(trailers: Trailers) -> str:
    """Return the last paragraph of a commit's message."""
    lines = [f"{ENVIRONMENT}: {trailers.environment}", f"{BY}: {trailers.by}"]
    lines += [f"{AT}: {trailers.url}"] if trailers.url else []
    lines += [f"{BASE}: {trailers.base}"] if trailers.base else []
    lines += [f"{AS_IN}: {trailers.as_in.environment}@{trailers.as_in.commit}"] if trailers.as_in else []
    lines += [f"{CODIFIES}: drift"] if trailers.is_codified else []
    lines += [f"{RESETS}: all"] if trailers.is_reset else []
    lines += [f"{REQUEST}: {trailers.comment}"] if trailers.comment is not None else []
    return "\n".join(lines) + "\n"


def write_wave(names: Iterable[EnvironmentName], by: Login, url: str, base: str) -> str:
    """Return the last paragraph of the message of a commit that changes several environments, which follows from the issue at `url`."""
    return f"{ENVIRONMENTS}: {', '.join(sorted(names))}\n{BY}: {by}\n{AT}: {url}\n{BASE}: {base}\n"


def read(message: str) -> Trailers | None:
    """Return the trailers in a commit's message, or None when it is none of ours. Only the last paragraph counts."""
    found = [_TRAILER.fullmatch(line) for line in message.strip().rpartition("\n\n")[2].splitlines()]
    values = {match[1]: match[2] for match in found if match is not None}
    comment, base = values.get(REQUEST, ""), values.get(BASE, "")
    try:
        return Trailers(
            environment=EnvironmentName(values.get(ENVIRONMENT, "")),
            by=Login(values.get(BY, "")),
            comment=int(comment) if re.fullmatch("-?[0-9]{1,18}", comment) else None,
            url=values.get(AT, ""),
            base=base if re.fullmatch("[0-9a-f]{40}", base) else "",
            as_in=_as_in(values.get(AS_IN, "")),
            is_codified=CODIFIES in values,
            is_reset=RESETS in values,
        )
    except InvalidInput:
        return None


def notes(message: str) -> str:
    """Return what is in a message of ours between its title and its trailers."""
    return message.strip().rpartition("\n\n")[0].partition("\n\n")[2]


def _as_in(text: str) -> AsIn | None:
    name, _, commit = text.partition("@")
    return AsIn(EnvironmentName(name), commit) if re.fullmatch("[0-9a-f]{40}", commit) else None
