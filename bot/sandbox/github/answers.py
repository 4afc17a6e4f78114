"""What a REST operation gives back: an answer, a page of a list, or an error in GitHub's form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import urlencode

from bot.sandbox.github.records.checks import JsonObject

DOCUMENTATION = "https://docs.github.com/rest"
PER_PAGE = 30
MOST_PER_PAGE = 100

PageItem = TypeVar("PageItem")


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """A status, a JSON body (None: empty) and extra headers."""

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """A refusal that the client sees as `{message, documentation_url, status[, errors]}`."""

    def __init__(
        self, status: int, message: str, errors: Sequence[JsonObject | str] = (), documentation: str = DOCUMENTATION
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = tuple(errors)
        self.documentation = documentation

    @property
    def body(self) -> JsonObject:
        """The error's JSON body."""
        body: JsonObject = {"message": self.message}
        if self.errors:
            body["errors"] = list(self.errors)
        return {**body, "documentation_url": self.documentation, "status": str(self.status)}


def not_found() -> ApiError:
    """404, also for what the caller may not know of."""
    return ApiError(404, "Not Found")


def invalid(resource: str, field_name: str, code: str, message: str | None = None) -> ApiError:
    """422 with one entry in `errors`; `code` is one of GitHub's (`missing_field`, `already_exists`, `custom` …)."""
    error: JsonObject = {"resource": resource, "code": code}
    if field_name:
        error["field"] = field_name
    if message is not None:
        error["message"] = message
    return ApiError(422, "Validation Failed", [error])


@dataclass(frozen=True, slots=True)
class Page(Generic[PageItem]):
    """One page of a list, and the `Link` header that leads to the others (empty when there are none)."""

    items: list[PageItem]
    total: int
    link: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers of an answer with this page."""
        return {"Link": self.link} if self.link else {}


def paginate(items: Sequence[PageItem], query: Mapping[str, str], url: str) -> Page[PageItem]:
    """Cut the page that `page` and `per_page` ask for; out-of-range values fall back as GitHub's do."""
    per_page = min(max(_number(query.get("per_page"), PER_PAGE), 1), MOST_PER_PAGE)
    page = max(_number(query.get("page"), 1), 1)
    last = max(-(-len(items) // per_page), 1)
    links = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    shown = [
        name for name in links if (name in ("next", "last") and page < last) or (name in ("prev", "first") and page > 1)
    ]
    parts = [f'<{url}?{urlencode({**query, "page": str(links[name])})}>; rel="{name}"' for name in shown]
    return Page(list(items[(page - 1) * per_page : page * per_page]), len(items), ", ".join(parts))


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() else default
