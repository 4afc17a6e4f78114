"""Repositories that have had another name: their former addresses lead on to the present ones, as GitHub's do.

REST sends a client to `/repositories/ID/…`, with 301 for what is read and 307 for what is written, and git to the new name.
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
"""

from __future__ import annotations

import json
import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.sandbox.github.answers import DOCUMENTATION, ApiError
from bot.sandbox.github.auth import identify, reads
from bot.sandbox.github.forge import Forge
from bot.sandbox.github.git_http import TAILS
from bot.sandbox.github.records.repositories import RepositoryRecord

_BY_NAME = re.compile(r"/api/v3/repos/(?P<name>[^/]+/[^/]+)(?P<rest>/.*)?")
_BY_ID = re.compile(r"/api/v3/repositories/(?P<id>\d+)(?P<rest>/.*)?")
_GIT = re.compile(rf"/(?P<name>[^/]+/[^/]+?)(?:\.git)?(?P<rest>/(?:{'|'.join(TAILS)}))")


class FormerNames:
    """ASGI middleware that answers for former names, and for repositories that are named by their id."""

    def __init__(self, app: ASGIApp, forge: Forge) -> None:
        self._app, self._forge = app, forge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        app: ASGIApp = self._app
        if by_name := _BY_NAME.fullmatch(path):
            if found := self._former(Request(scope), by_name["name"]):
                address = f"{self._forge.address}/api/v3/repositories/{found.id}{by_name['rest'] or ''}"
                app = _rest_redirect(scope, address)
        elif by_id := _BY_ID.fullmatch(path):
            known = {each.id: each.full_name for each in [*self._forge.state.repositories.values()]}
            if name := known.get(int(by_id["id"])):
                scope = {**scope, "path": f"/api/v3/repos/{name}{by_id['rest'] or ''}"}
        elif (git := _GIT.fullmatch(path)) and (found := self._former(Request(scope), git["name"])):
            app = Response(
                status_code=301,
                headers={"Location": _asked(scope, f"{self._forge.address}/{found.full_name}.git{git['rest']}")},
            )
        await app(scope, receive, send)

    def _former(self, request: Request, name: str) -> RepositoryRecord | None:
        """Return the repository that had a name which no other has now, if the caller may know of it."""
        state = self._forge.state
        with state.lock:
            found = state.moved(name)
            try:
                who = identify(state, request.headers.get("authorization", "")) if found is not None else None
            except ApiError:
                return None
            is_known = found is not None and who is not None and (who.itself or reads(state, who, found))
            return found if is_known else None


def _rest_redirect(scope: Scope, address: str) -> Response:
    is_read = scope["method"] in {"GET", "HEAD"}
    url = _asked(scope, address)
    body = {"message": "Moved Permanently", "url": url, "documentation_url": DOCUMENTATION}
    return Response(json.dumps(body), 301 if is_read else 307, {"Location": url}, "application/json; charset=utf-8")


def _asked(scope: Scope, address: str) -> str:
    query = scope["query_string"].decode()
    return f"{address}?{query}" if query else address
