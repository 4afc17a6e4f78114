"""What people do to a clone, from its request to its end; each act waits until the one before has been answered."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.support.serving import Serving
from tests.support.small_monorepo import MAINTAINER, REPOSITORY

ENDED = frozenset({"rocket", "-1", "confused"})
"""Reactions of a comment whose command has ended."""


@dataclass(frozen=True, slots=True)
class Say:
    """Post a comment; it is over when the bot has answered it to the end."""

    text: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Merge the open pull request from a branch."""

    branch: str


@dataclass(frozen=True, slots=True)
class Close:
    """Close the open pull request from a branch; it is over when the bot has deleted the branch."""

    branch: str


Act: TypeAlias = Say | Merge | Close


def script(name: str, chance: random.Random) -> Sequence[Act]:
    """Return one of the lives that a clone may have."""
    clone, change, destroy = (f"{kind}/{name}" for kind in ("envclone", "envclone-change", "envclone-destroy"))
    asked = Say(f"/clone production as {name} for {chance.choice(('demo', 'qa'))}")
    live = (asked, Merge(clone))
    return chance.choice(
        (
            (asked, Close(clone)),
            (asked, Say(f"/set {name} app_min=3"), Close(clone)),
            (asked, Say(f"/clone production as {name} for demo"), Say(f"/status {name}")),
            (*live, Say(f"/extend {name} 1d"), Merge(change), Say(f"/status {name}")),
            (*live, Say(f"/set {name} app_min=4"), Close(change), Say(f"/destroy {name}"), Merge(destroy)),
            (*live, Say(f"/destroy {name}"), Close(destroy)),
            (Say(f"/clone production as {name} for demo --ttl 20s"), Merge(clone), Merge(destroy)),
            (Say(f"/clnoe production as {name}"), Say(f"/destroy {name}"), asked),
        )
    )


@dataclass
class Life:
    """One clone and what is still to be done to it. `comments` are those that were posted, by their text."""

    name: str
    acts: Sequence[Act]
    comments: dict[int, str] = field(default_factory=dict)
    _waiting: Callable[[], bool] | None = None

    def goes_on(self, service: Serving) -> bool:
        """Do the next act if the last one is over; say whether anything is left to wait for."""
        if self._waiting is not None and not self._waiting():
            return True
        self._waiting = None
        if not self.acts:
            return False
        act, *rest = self.acts
        self._waiting = self._begun(act, service)
        if self._waiting is not None:
            self.acts = rest
        return True

    def _begun(self, act: Act, service: Serving) -> Callable[[], bool] | None:
        """Do an act, and return what is waited for; None when it can't be done yet."""
        server = service.server
        if isinstance(act, Say):
            comment = service.comment(act.text)
            self.comments[comment] = act.text
            return lambda: is_answered(service, comment)
        number = open_pull(service, act.branch)
        if number is None:
            return None
        if isinstance(act, Merge):
            server.merge(REPOSITORY, number, by=MAINTAINER)
            return lambda: True
        server.close(REPOSITORY, number, by=MAINTAINER)
        return lambda: server.head(REPOSITORY, act.branch) is None


def is_answered(service: Serving, comment: int) -> bool:
    """Say whether a comment has been carried out or refused, to the end."""
    return any(reaction.content in ENDED for reaction in service.server.reactions(comment))


def open_pull(service: Serving, branch: str) -> int | None:
    """Return the number of the open pull request from a branch."""
    for each in service.server.pulls(REPOSITORY):
        if each.state == "open" and each.pull is not None and each.pull.head_ref == branch:
            return each.number
    return None
