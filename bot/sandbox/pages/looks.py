"""How pages look: Jinja templates with everything escaped, the stylesheet, the one script, and the policy that allows no other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from bot.sandbox.github.forge import Forge
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.pages.calls import Shown
from bot.sandbox.pages.markdown import Known, nothing_known, rendered

_HERE: Final = Path(__file__).parent / "html"
ASSETS: Final[Mapping[str, str]] = {"style.css": "text/css; charset=utf-8", "live.js": "text/javascript; charset=utf-8"}
_SYMBOLS: Final[Mapping[str, str]] = {
    "success": "✓", "failure": "✗", "error": "✗", "timed_out": "✗", "cancelled": "⊘", "skipped": "⊘", "neutral": "◻",
    "action_required": "!", "completed": "✓", "active": "✓", "inactive": "⊘",
}  # fmt: skip
REACTIONS: Final[Mapping[str, str]] = {
    "+1": "👍", "-1": "👎", "laugh": "😄", "confused": "😕", "heart": "❤️", "hooray": "🎉", "rocket": "🚀", "eyes": "👀",
}  # fmt: skip


def policy(address: str, sends_to: str = "") -> str:
    """Return the content policy of a page: our stylesheet and our script, from these addresses; nothing else runs or is loaded."""
    return (
        f"default-src 'none'; script-src {address}/_/live.js; style-src {address}/_/style.css; img-src {address}/avatars/;"
        " connect-src 'self'; form-action"
        f" 'self' {sends_to}; base-uri 'none'; frame-ancestors 'none'"
    )


def asset(name: str) -> Callable[[Request], Awaitable[Response]]:
    """Return what serves a file of the pages' own."""

    async def answer(_: Request) -> Response:
        content = (_HERE / name).read_bytes()
        return Response(content, headers={"X-Content-Type-Options": "nosniff"}, media_type=ASSETS[name])

    return answer


class Looks:
    """Writes pages of one forge."""

    def __init__(self, forge: Forge) -> None:
        self._forge = forge

    def written(self, shown: Shown, form_token: str) -> str:
        """Return a page's HTML."""
        known = references(self._forge, shown.repository) if shown.repository else nothing_known()
        return (
            _environment()
            .get_template(shown.template)
            .render(
                **shown.content,
                title=shown.title,
                repository=shown.repository,
                tab=shown.tab,
                is_live=shown.is_live,
                form_token=form_token,
                now=self._forge.state.clock(),
                md=lambda text: rendered(text, known),
                document=lambda text: rendered(text, known, breaks=False),
            )
        )


def references(forge: Forge, repository: RepositoryRecord) -> Known:
    """Return what texts of a repository may refer to."""
    page = f"/{repository.full_name}"

    def account(login: str) -> str | None:
        found = forge.state.account(login)
        return f"/{found.login}" if found else None

    def issue(number: int) -> str | None:
        return f"{page}/issues/{number}" if (repository.id, number) in forge.state.issues else None

    return Known(account, issue, lambda sha: f"{page}/commit/{sha}")


@cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.filters.update(ago=_ago, symbol=_symbol, emoji=lambda name: REACTIONS.get(name, name))
    return found


def _symbol(state: str) -> str:
    return _SYMBOLS.get(state, "●")


def _ago(then: datetime, now: datetime) -> str:
    """Return how long ago something was, as people say it."""
    seconds = int((now - then).total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
