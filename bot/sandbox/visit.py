"""A sandbox that runs, spoken to from another terminal: where it is, a comment and its answer, a merge.

What runs leaves a card at a place that every terminal of the same person finds: its address, its people and their tokens. Only
that person can read it, and it goes when the sandbox ends.
"""

import json
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pydantic import ValidationError

from bot.commands.comment import command_lines
from bot.commands.grammar import Mistake, parse
from bot.errors import UserError
from bot.model.base import Document
from bot.names import RepositoryName
from bot.sandbox.tls import tls

_LOOK = 0.3
PATIENCE = 600.0
"""Seconds for an answer to a comment; a busy machine takes minutes for what an idle one does in seconds."""
UNSURE_PATIENCE = 20.0
"""Seconds for a reaction to what may be a sentence or another bot's command: the bot says nothing to those, and everything else gets one
within a second or two."""
CHECKS_PATIENCE = 1800.0
"""Seconds for the checks of a pull request: as long as a run of a workflow may take."""
_NO_SANDBOX = "No sandbox runs on this machine. Start one in another terminal: `envclone sandbox up`"
_ENDS = {"rocket": "done", "-1": "nothing was done", "confused": "not allowed"}
_PULL = re.compile(r"/pull/(\d+)")


class SandboxCard(Document):
    """Where a running sandbox is, and who its people are: login → token."""

    url: str
    repository: RepositoryName
    issue: int
    people: dict[str, str]

    @property
    def page(self) -> str:
        """The repository's page."""
        return f"{self.url}/{self.repository}"


@dataclass(frozen=True, slots=True)
class Answered:
    """How a comment was answered: where it stands, how it ended (None: the bot doesn't take it for a command), and the reply."""

    comment: str
    end: str | None = None
    reply: str = ""

    @property
    def pull(self) -> int | None:
        """The pull request that the reply leads to."""
        found = _PULL.search(self.reply)
        return int(found[1]) if found else None


def place(environment: Mapping[str, str]) -> Path:
    """Return where the card lies: a directory of this person's own."""
    own = Path(environment.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    # A shell that was entered by `su` may name the directory of a session that is over.
    base = own if own.is_dir() else Path(tempfile.gettempdir())
    return base / f"envclone-{os.getuid()}" / "sandbox.json"


@contextmanager
def at_hand(card: SandboxCard, path: Path) -> Iterator[None]:
    """Leave the card while the block runs. Of two sandboxes the later one is spoken to."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    _require_own(path.parent)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:  # made for its owner alone
        file.write(card.model_dump_json())
    Path(file.name).replace(path)
    try:
        yield
    finally:
        if path.exists() and path.read_text("utf-8") == card.model_dump_json():
            path.unlink()


def found(path: Path) -> SandboxCard:
    """Return the card of the sandbox that runs. Raises `UserError` when none does."""
    if not path.is_file():
        raise UserError(_NO_SANDBOX)
    _require_own(path.parent)
    try:
        card = SandboxCard.model_validate_json(path.read_bytes())
        httpx.get(f"{card.url}/api/v3", timeout=10, trust_env=False, verify=tls())
    except (ValidationError, httpx.TransportError) as error:
        path.unlink(missing_ok=True)  # of one that was killed
        raise UserError(_NO_SANDBOX) from error
    return card


def _require_own(directory: Path) -> None:
    """Refuse a directory that somebody else on this machine has put there, or can write to."""
    about = directory.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise UserError(
            f"{directory} can be accessed by others, so it is not used. Remove it, and start the sandbox again."
        )


class Visitor:
    """One of the sandbox's people, at a terminal."""

    def __init__(self, card: SandboxCard, login: str, unsure_patience: float = UNSURE_PATIENCE) -> None:
        if login not in card.people:
            raise UserError(f"Nobody here is called {login}. The people are: {', '.join(card.people)}")
        self.card, self.login, self.unsure_patience = card, login, unsure_patience
        self._api = f"{card.url}/api/v3/repos/{card.repository}"

    def say(self, text: str, number: int) -> Answered:
        """Comment on an issue or pull request, and wait until the bot has done what it asks for. Raises `UserError`."""
        said = self._asked("POST", f"/issues/{number}/comments", {"body": text})
        if said.status_code == httpx.codes.NOT_FOUND:
            raise UserError(
                f"There is no issue or pull request #{number} that {self.login} may see: {self.card.page}/issues"
            )
        comment = self._answer(said)
        page = str(comment["html_url"])
        meant = [found for line in command_lines(text) if (found := parse(line)) is not None]
        # A bare `/plan` is another bot's: nobody would answer it.
        if not meant:
            return Answered(page)
        is_unsure = all(isinstance(each, Mistake) and not each.is_certain for each in meant)
        end = self._end(int(comment["id"]), page, is_unsure=is_unsure)
        return Answered(page, end, self._reply(number, comment)) if end else Answered(page)

    def _end(self, comment: int, page: str, *, is_unsure: bool) -> str | None:
        """Wait for how a comment ends; None if it `is_unsure` whether that is a command at all, and the bot doesn't take it for one."""
        began = time.monotonic()
        while (taken := time.monotonic() - began) < PATIENCE:
            given = self._answer(self._asked("GET", f"/issues/comments/{comment}"))["reactions"]
            if ends := [said for name, said in _ENDS.items() if given[name]]:
                return ends[0]
            if is_unsure and not given["eyes"] and taken >= self.unsure_patience:
                return None
            time.sleep(_LOOK)
        raise UserError(f"The bot has not answered within {PATIENCE / 60:.0f} minutes. Look at {page}")

    def _reply(self, number: int, comment: Mapping[str, Any]) -> str:
        """Return what the bot says to a comment; empty where it says nothing."""
        since = f"/issues/{number}/comments?per_page=100&since={comment['created_at']}"
        marker = f"<!-- envclone:request:{comment['id']} -->"
        bodies = [str(each["body"]) for each in self._answer(self._asked("GET", since))]
        return next((body.removeprefix(marker).strip() for body in bodies if body.startswith(marker)), "")

    def is_over(self, number: int) -> bool:
        """Say whether a pull request is merged or closed."""
        asked = self._asked("GET", f"/pulls/{number}")
        return asked.is_success and asked.json()["state"] == "closed"

    def merge(self, number: int, *, wait: bool) -> str:
        """Merge a pull request, `wait`ing for its required checks if asked to; return the merge commit. Raises `UserError`."""
        deadline = time.monotonic() + CHECKS_PATIENCE
        while True:
            answer = self._asked("PUT", f"/pulls/{number}/merge", {})
            if answer.is_success:
                return str(answer.json()["sha"])
            message = str(answer.json()["message"])
            is_under_way = answer.status_code == httpx.codes.METHOD_NOT_ALLOWED and message.endswith("is expected.")
            if not (wait and is_under_way and time.monotonic() < deadline):
                raise UserError(self._why_not(number, answer.status_code, message))
            time.sleep(_LOOK)

    def _why_not(self, number: int, status: int, message: str) -> str:
        asked = self._asked("GET", f"/pulls/{number}")
        if asked.status_code == httpx.codes.NOT_FOUND:
            return f"There is no pull request #{number} that {self.login} may see: {self.card.page}/pulls"
        if status == httpx.codes.FORBIDDEN:
            return f"{self.login} may not merge. Try it as another one of {', '.join(self.card.people)}: `--as LOGIN`"
        pull = self._answer(asked)
        page = f"{self.card.page}/pull/{number}"
        if pull["state"] == "closed":
            return f"#{number} is {'merged already' if pull['merged'] else 'closed'}: {page}"
        checks = self._answer(self._asked("GET", f"/commits/{pull['head']['sha']}/check-runs?per_page=100"))[
            "check_runs"
        ]
        lines = [f"  {each['conclusion'] or each['status'].replace('_', ' '):12} {each['name']}" for each in checks]
        told = [f"#{number} can't be merged: {message}", *lines, f"Look at {page}/checks"]
        if message.endswith("is expected."):
            told.append(f"To merge it as soon as the check has passed: `envclone sandbox merge {number} --wait`")
        return "\n".join(told)

    def _asked(self, method: str, path: str, body: Mapping[str, str] | None = None) -> httpx.Response:
        try:
            return httpx.request(
                method,
                f"{self._api}{path}",
                json=body,
                headers={"Authorization": f"Bearer {self.card.people[self.login]}"},
                timeout=60,
                trust_env=False,
                verify=tls(),
            )
        except httpx.TransportError as error:
            raise UserError(f"The sandbox at {self.card.url} has ended.") from error

    def _answer(self, response: httpx.Response) -> Any:
        """Return what the sandbox answers. Raises `UserError` with its reason for a refusal."""
        if response.is_success:
            return response.json()
        try:
            message = str(response.json()["message"])
        except (json.JSONDecodeError, KeyError):
            message = response.text[:200]
        raise UserError(f"The sandbox's GitHub refuses it for {self.login}: {message}")
