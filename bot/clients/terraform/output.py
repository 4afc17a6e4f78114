"""What Terraform says while it works (`-json`): events, diagnostics, and the errors made of them.

Source: https://developer.hashicorp.com/terraform/internals/machine-readable-ui. Of a diagnostic only summary, detail and
place are kept: its snippet quotes code and values.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from bot.clients.process import TimedOut
from bot.core.plans.plan_values import SHORTEST_SECRET
from bot.errors import Finding

HIDDEN = "(sensitive)"
_OTHER_PLATFORM = "match any of the checksums"
"""What Terraform says of a provider whose package the lock file does not have the checksum of."""
_LOCK_PLATFORM = (
    "- The lock file may have been made on another platform than this one. In the template's stack, run `terraform providers lock "
    "-platform=linux_amd64`, once more for each platform that you use, and commit `.terraform.lock.hcl`."
)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """An error or a warning; `file` is relative to the stack's directory and `line` counts from 1, where Terraform gives them."""

    severity: Literal["error", "warning"]
    summary: str
    detail: str = ""
    file: str | None = None
    line: int | None = None
    address: str | None = None

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.file else ""
        return f"{where}{self.summary}" + (f": {self.detail}" if self.detail else "")


@dataclass(frozen=True, slots=True)
class TerraformEvent:
    """One line of the stream: `kind` is Terraform's `type` (`apply_start`, `diagnostic`, …), `message` is for people."""

    kind: str
    message: str
    address: str | None = None
    diagnostic: Diagnostic | None = None


class TerraformFailed(Exception):
    """Terraform said no; `diagnostics` say why. Their text holds none of the known secrets."""

    def __init__(self, command: str, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(command, tuple(diagnostics))
        self.command = command
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:
        lines = [f"- {diagnostic}" for diagnostic in self.diagnostics]
        if any(_OTHER_PLATFORM in " ".join(diagnostic.detail.split()) for diagnostic in self.diagnostics):
            lines.append(_LOCK_PLATFORM)
        return "\n".join([f"terraform {self.command} failed:", *lines])


class TerraformTimedOut(TimedOut):
    """Terraform did not finish in time; `diagnostics` are the errors that it told until then."""

    def __init__(self, over: TimedOut, diagnostics: Sequence[Diagnostic]) -> None:
        Exception.__init__(self, *over.args)
        self.timeout = over.timeout
        self.diagnostics = tuple(diagnostics)


class TerraformKilled(TerraformFailed):
    """Terraform was ended by a signal, as when memory runs out: it gave back no lock."""


class StateLocked(TerraformFailed):
    """Somebody else holds the state's lock, or a dead run left it behind; `lock_id` is what `force_unlock` wants."""

    lock_id: str
    lock_owner: str

    @classmethod
    def found_in(cls, command: str, diagnostics: Sequence[Diagnostic]) -> Self | None:
        """Return this error if the diagnostics speak of a lock."""
        for diagnostic in diagnostics:
            found = re.search(r"\bID:\s+([0-9a-fA-F-]{8,64})", diagnostic.detail)
            if "state lock" in f"{diagnostic.summary} {diagnostic.detail}" and found:
                error = cls(command, diagnostics)
                who = re.search(r"\bWho:\s+(\S+)", diagnostic.detail)
                error.lock_id, error.lock_owner = found.group(1), who.group(1) if who else "somebody"
                return error
        return None


def failure(command: str, errors: Sequence[Diagnostic], code: int, text: str) -> TerraformFailed:
    """Return the error of a command that ended with a code other than 0; `text` is the end of what it wrote to standard error."""
    said = tuple(errors) or (Diagnostic("error", f"Terraform exited with code {code}", text),)
    if code < 0:
        return TerraformKilled(command, said)
    return StateLocked.found_in(command, said) or TerraformFailed(command, said)


def read_event(line: bytes, secrets: Sequence[str]) -> TerraformEvent | None:
    """Return the event in a line of the stream, without secrets; None for a line that is no JSON object."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    resource = (said.get("hook") or said.get("change") or {}).get("resource") or {}
    return TerraformEvent(
        kind=str(said.get("type", "")),
        message=redacted(str(said.get("@message", "")), secrets),
        address=resource.get("addr"),
        diagnostic=_diagnostic(said["diagnostic"], secrets) if "diagnostic" in said else None,
    )


def warning_in(event: TerraformEvent, where: str) -> Finding | None:
    """Return the warning that an event holds, with its place in the repository; `where` is the stack's directory."""
    said = event.diagnostic
    if said is None or said.severity != "warning":
        return None
    about = f"{said.address}: " if said.address else ""
    detail = f": {said.detail}" if said.detail else ""
    return Finding(f"{where}/{said.file}" if said.file else where, said.line or 1, f"{about}{said.summary}{detail}")


def redacted(text: str, secrets: Sequence[str]) -> str:
    """Return `text` with each secret in it replaced. Very short ones are left: they would blot out half the text."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    return text


def _diagnostic(said: dict[str, Any], secrets: Sequence[str]) -> Diagnostic:
    place = said.get("range") or {}
    return Diagnostic(
        severity="error" if said.get("severity") == "error" else "warning",
        summary=redacted(str(said.get("summary", "")), secrets),
        detail=redacted(str(said.get("detail", "")), secrets),
        file=place.get("filename"),
        line=(place.get("start") or {}).get("line"),
        address=said.get("address"),
    )
