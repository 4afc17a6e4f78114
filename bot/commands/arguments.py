"""The arguments of commands: how one word of a kind is read, and what it was probably meant to be."""

import re
from typing import cast, get_args

from bot.commands.model import RolloutAction
from bot.commands.verbs import ROLLOUT_ACTIONS
from bot.errors import InvalidInput
from bot.model.suggest import closest
from bot.names import RESERVED, EnvironmentName, Login, latin, shown

_DASH = re.compile("[\u2010-\u2015\u2212]")
_BETWEEN = ",;&\u3001\uff0c\uff1b"


def hyphenated(text: str) -> str | None:
    """Return the name that `text` shows, in Latin letters, be it the end of a path; None when one of them has no such form.

    What has a comma within is more than a name.
    """
    said = latin(_DASH.sub("-", text.rstrip("/").rpartition("/")[2])).lower().strip(_BETWEEN)
    if any(sign in said for sign in _BETWEEN):
        return None
    return re.sub("[^a-z0-9]+", "-", said).strip("-") or None if said.isascii() else None


def underscored(text: str) -> str:
    return re.sub("[^a-z0-9]+", "_", text.lower()).strip("_")


def near_parameter(text: str) -> str | None:
    """Return the name of a parameter that `text` shows; None for a value with it, which says more than a name."""
    return None if "=" in text else underscored(text)


def reason(text: str) -> str:
    """Return the reason on one line. Raises `InvalidInput` unless it is long enough to be understood in half a year and fits the ledger."""
    found = " ".join(text.split())
    if not 10 <= len(found) <= 300:
        raise InvalidInput("The reason must have 10 to 300 characters. Say how you know that the run is dead.")
    if not found.isprintable():
        raise InvalidInput("The reason contains invisible characters. Remove them.")
    return found


def commit(text: str) -> str:
    """Return a commit's id, perhaps only its beginning. Raises `InvalidInput`."""
    if re.fullmatch("[0-9a-f]{7,40}", text.lower()) is None:
        raise InvalidInput(f"{shown(text)} is not the id of a commit. Use 7 to 40 of its hexadecimal digits.")
    return text.lower()


def fingerprint(text: str) -> str:
    """Return the fingerprint of a posted plan. Raises `InvalidInput`."""
    if re.fullmatch("[0-9a-f]{12}", text.lower()) is None:
        raise InvalidInput(
            f"{shown(text)} is not the fingerprint of a plan. Copy its 12 hexadecimal digits from the status comment."
        )
    return text.lower()


def address(text: str) -> str:
    """Return a resource's address, or a pattern of several. Raises `InvalidInput`."""
    if not 3 <= len(text) <= 400 or not text.isprintable():
        raise InvalidInput(f"{shown(text)} is not the address of a resource. Copy it from the drift issue.")
    return text


def page(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,5}", text):
        raise InvalidInput(f"{shown(text)} is not a page. Write its number: `page=2`.")
    return int(text)


def pull_request(text: str) -> int:
    if not re.fullmatch("#?[1-9][0-9]{0,8}", text):
        raise InvalidInput(f"{shown(text)} is not a pull request. Write its number: `--with 42`.")
    return int(text.removeprefix("#"))


def login(text: str) -> Login:
    return Login(text.removeprefix("@"))


def environment(text: str) -> EnvironmentName:
    """Return the name of an environment that is there. Raises `InvalidInput`."""
    if text.lower() in RESERVED:
        raise InvalidInput(
            f"{shown(text)} is reserved, so no environment has that name. `/list` shows the environments."
        )
    return EnvironmentName(text)


def rollout_action(text: str) -> RolloutAction | None:
    """Return the action; None for a word that only asks how things are. Raises `InvalidInput`."""
    if text.lower() in {"status", "show", "list"}:
        return None
    found = next((action for action in get_args(RolloutAction) if action == text.lower()), None)
    if found is None:
        raise InvalidInput(f"Unknown action {shown(text)}. Write `pause`, `resume` or `abort`.")
    return cast(RolloutAction, found)


def near_rollout_action(text: str) -> str | None:
    # Some opposites look alike: `unpause` and `pause`, `start` and `abort`.
    return ROLLOUT_ACTIONS.get(text.lower()) or closest(text, get_args(RolloutAction), cutoff=0.75)
