"""Log lines: text for a person, JSON for a machine; each with what it is about (delivery, job, environment), none with a secret
or with a character that a terminal obeys.

Code logs with `extra={"action": …}`. Whatever is said while a job runs carries the job's fields without being told.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from bot.control_characters import without_controls

_about: ContextVar[dict[str, str] | None] = ContextVar("about", default=None)

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}

# Tokens that GitHub makes while we run, so that nobody could have told us (https://github.blog: "ghs_", "github_pat_" …),
# JSON web tokens, and user information in URLs.
_TOKENS = re.compile(
    r"gh[a-z]_[A-Za-z0-9_]{16,}|github_pat_[A-Za-z0-9_]{16,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
)
_MASK = "***"
_SHORTEST_SECRET = 6
"""Shorter values would mask ordinary words; no real secret is so short."""


@contextmanager
def about(**fields: str) -> Iterator[None]:
    """Add fields to every line logged in this thread until the block ends."""
    token = _about.set({**(_about.get() or {}), **fields})
    try:
        yield
    finally:
        _about.reset(token)


def set_up(level: str, secrets: Sequence[str] = (), stream: TextIO = sys.stderr) -> None:
    """Send all logging to `stream`: text when it is a terminal, else one JSON object a line."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Text(secrets) if stream.isatty() else _Json(secrets))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "httpx", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _Masking(logging.Formatter):
    """Replaces secrets in the finished line, whatever part of it they came with."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__()
        parts = {line for secret in secrets for line in (secret, *secret.splitlines())}
        known = sorted((part for part in parts if len(part) >= _SHORTEST_SECRET), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def masked(self, line: str) -> str:
        line = _TOKENS.sub(_MASK, line)
        return without_controls(self._known.sub(_MASK, line) if self._known else line)


class _Json(_Masking):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.masked(record.getMessage()),
            **{name: self.masked(str(value)) for name, value in _fields(record).items()},
        }
        if record.exc_info:
            line["exception"] = self.masked(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class _Text(_Masking):
    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        moment = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        line = f"{moment} {record.levelname.lower():7} {record.getMessage()}{fields}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return self.masked(line).replace("\n", "\n    ")  # so that no text begins a line as if it were one of ours


def _fields(record: logging.LogRecord) -> dict[str, object]:
    given = {name: value for name, value in vars(record).items() if name not in _STANDARD and not name.startswith("_")}
    return {**(_about.get() or {}), **given}
