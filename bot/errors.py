"""The errors that people are meant to read."""

from dataclasses import dataclass


class UserError(Exception):
    """Something a person can fix: the message says what is wrong and what to type instead.

    It is shown or posted exactly as it is, so it must hold no secret and no traceback.
    """


class InvalidInput(UserError, ValueError):
    """A value that no type of ours accepts. A `ValueError`, so that pydantic reports it at its place in a document."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a file of the repository, and where: `line` counts from 1."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class HandEdit(Finding):
    """A file that is not as the template renders it: nothing is wrong with it but that nobody proved it."""


class Unreadable(InvalidInput):
    """Documents of the repository that can't be read, so nothing that needs them can be decided: commands exit with 2."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


class Unverifiable(Exception):
    """A check could not be made. Never treated as passed: commands exit with 2, jobs stop."""
