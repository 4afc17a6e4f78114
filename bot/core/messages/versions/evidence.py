"""What a pull request says of the environment that it follows: that it was applied, what its steps said, and its certificate."""

from dataclasses import dataclass
from datetime import datetime

from bot.core.markdown import code, details, facts
from bot.core.parity.certificate import Certificate, sentence
from bot.core.plural import counted
from bot.core.requests.commit_trailers import AsIn
from bot.names import EnvironmentName


@dataclass(frozen=True, slots=True)
class Evidence:
    """An environment at a commit, and how it did. `results` are those of the apply's steps, in Markdown; `edits` are counted."""

    as_in: AsIn
    revision: str
    applied_at: datetime | None = None
    url: str = ""
    results: str = ""
    certificate: Certificate | None = None
    edits: int = 0


def proved(found: Evidence, changed: EnvironmentName) -> str:
    """Return the section of a pull request's body that changes this environment."""
    name = found.as_in.environment
    log = f" ([log]({found.url}))" if found.url else ""
    applied = f"{found.applied_at:%Y-%m-%d %H:%M} UTC{log}" if found.applied_at else "**no successful apply is known**"
    certified = sentence(found.certificate) if found.certificate else "not certified against its source"
    known = [
        ("Version", f"{code(name)} at {found.as_in.commit}, template revision {code(found.revision[:12])}"),
        ("Applied", applied),
        ("Certificate", certified),
    ]
    if found.edits:
        fate = "part" if found.as_in.environment == changed else "not part"
        known.append(("Edited by hand", f"**{counted(found.edits, 'place')}**, {fate} of this change"))
    head = "An earlier version of" if found.as_in.environment == changed else "Proved in"
    return f"### {head} {code(name)}\n\n{facts(known)}"


def reported(found: Evidence) -> str:
    """Return what the environment's steps said, for the end of that body: it is long, and no reason to merge is in it."""
    what = f"What the steps and probes of {found.as_in.environment} reported"
    return details(what, found.results) if found.results else ""
