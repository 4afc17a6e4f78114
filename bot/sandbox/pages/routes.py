"""The pages' routes: who may ask, what is read under the forge's lock, and how it is written. Pages are for people at this machine.

No page needs a login, so only a browser that names this server's own address is answered: a foreign site that points its name at
loopback is not. Nothing is changed but by the forms of `posting` and `new_apps`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from bot.sandbox.github.answers import ApiError
from bot.sandbox.github.forge import Forge
from bot.sandbox.pages import accounts, actions, code, conversation, lists, new_apps, posting, pulls
from bot.sandbox.pages.calls import HTML, PageAnswer, PageCall, PageMoved, PageOperation, Raw, Shown
from bot.sandbox.pages.looks import ASSETS, Looks, asset, policy

LARGEST_FORM = 300_000
"""Bytes of a form: a comment of GitHub's length, each character of which may take three bytes, and more when it is encoded."""

_REPOSITORY = "/{owner}/{repo}"
_OF_ANY_SITE = (new_apps.asked,)
"""What a page of another site may send a browser to, with a form: it only shows what that says."""
_TABLE: Sequence[tuple[str, str, PageOperation]] = (
    ("GET", "/", lists.repositories),
    ("GET", "/avatars/u/{id}", accounts.avatar),
    ("GET", "/apps/{slug}", accounts.app),
    ("GET", "/organizations/{login}/settings/installations/{id}", accounts.installation),
    ("POST", "/settings/apps/new", new_apps.asked),
    ("POST", "/organizations/{login}/settings/apps/new", new_apps.asked),
    ("POST", "/settings/apps", new_apps.make),
    ("GET", "/{login}", accounts.account),
    ("GET", _REPOSITORY, code.root),
    ("GET", f"{_REPOSITORY}/issues", lists.issues),
    ("GET", f"{_REPOSITORY}/pulls", lists.pulls),
    ("GET", f"{_REPOSITORY}/issues/{{number}}", conversation.conversation),
    ("POST", f"{_REPOSITORY}/issues/{{number}}/comments", posting.comment),
    ("GET", f"{_REPOSITORY}/pull/{{number}}.diff", pulls.diff),
    ("GET", f"{_REPOSITORY}/pull/{{number}}.patch", pulls.patch),
    ("GET", f"{_REPOSITORY}/pull/{{number}}", conversation.conversation),
    ("GET", f"{_REPOSITORY}/pull/{{number}}/files", pulls.files),
    ("GET", f"{_REPOSITORY}/pull/{{number}}/commits", pulls.commits),
    ("GET", f"{_REPOSITORY}/pull/{{number}}/checks", pulls.checks),
    ("GET", f"{_REPOSITORY}/actions", actions.runs),
    ("GET", f"{_REPOSITORY}/actions/workflows/{{file}}", actions.runs),
    ("GET", f"{_REPOSITORY}/actions/runs/{{run}}", actions.run),
    ("GET", f"{_REPOSITORY}/actions/runs/{{run}}/attempts/{{attempt}}", actions.run),
    ("GET", f"{_REPOSITORY}/actions/runs/{{run}}/log", actions.log),
    ("GET", f"{_REPOSITORY}/actions/runs/{{run}}/artifacts/{{artifact}}", actions.artifact),
    ("GET", f"{_REPOSITORY}/actions/runs/{{run}}/artifacts/{{artifact}}/{{file:path}}", actions.artifact_file),
    ("GET", f"{_REPOSITORY}/runs/{{check}}", actions.check),
    ("GET", f"{_REPOSITORY}/deployments", lists.deployments),
    ("GET", f"{_REPOSITORY}/deployments/activity_log", lists.deployments),
    ("GET", f"{_REPOSITORY}/branches", code.branches),
    ("GET", f"{_REPOSITORY}/commits/{{rest:path}}", code.commits),
    ("GET", f"{_REPOSITORY}/commit/{{sha}}", code.commit),
    ("GET", f"{_REPOSITORY}/compare/{{rest:path}}", code.compare),
    ("GET", f"{_REPOSITORY}/tree/{{rest:path}}", code.tree),
    ("GET", f"{_REPOSITORY}/blob/{{rest:path}}", code.blob),
    ("GET", f"{_REPOSITORY}/raw/{{rest:path}}", code.raw),
)


def routes(forge: Forge) -> list[BaseRoute]:
    """Return the routes of all pages of a forge; give them to `GitHubServer`."""
    looks, form_token = Looks(forge), secrets.token_urlsafe(32)
    return [
        *(Route(f"/_/{name}", asset(name)) for name in ASSETS),
        *(
            Route(path, PageEndpoint(forge, looks, operation, form_token), methods=[method])
            for method, path, operation in _TABLE
        ),
    ]


class PageEndpoint:
    """The ASGI side of one page: what is shown is read under the forge's lock, and written without it."""

    def __init__(self, forge: Forge, looks: Looks, operation: PageOperation, form_token: str) -> None:
        self._forge = forge
        self._looks = looks
        self._operation = operation
        self._form_token = form_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_FORM:
                break
        response = await run_in_threadpool(self._respond, request, body)
        await response(scope, receive, send)

    def _respond(self, request: Request, body: bytes) -> Response:
        address = self._forge.address
        try:
            address = _own_address(request, address, of_any_site=self._operation in _OF_ANY_SITE)
            if len(body) > LARGEST_FORM:
                raise ApiError(413, f"A form may have {LARGEST_FORM:,} bytes.")
            form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
            with self._forge.state.lock:
                asked = PageCall(
                    self._forge,
                    request.url.path,
                    request.path_params,
                    dict(request.query_params),
                    form,
                    self._form_token,
                )
                answer = self._operation(asked)
        except ApiError as error:
            answer = Shown("message.html", error.message, {"status": error.status}, status=error.status)
        return self._written(answer, address)

    def _written(self, answer: PageAnswer, address: str) -> Response:
        common = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
        match answer:
            case PageMoved():
                return RedirectResponse(answer.address, answer.status, common)
            case Raw():
                headers = {**common, "Content-Security-Policy": answer.policy}
                if answer.name:
                    headers["Content-Disposition"] = f'attachment; filename="{answer.name}"'
                return Response(answer.content, headers=headers, media_type=answer.media_type)
            case Shown():
                headers = {**common, "Content-Security-Policy": policy(address, answer.sends_to)}
                html = self._looks.written(answer, self._form_token)
                return Response(html, answer.status, headers, media_type=HTML)


def _own_address(request: Request, address: str, *, of_any_site: bool) -> str:
    """Return this server's address as the browser calls it. Refuse another host's name, and what another site's page sends."""
    own = urlsplit(address)
    host = request.headers.get("host", "")
    if host not in {own.netloc, f"localhost:{own.port}"}:
        raise ApiError(421, f"These pages are at {address}/ only.")
    origin = request.headers.get("origin")
    if request.method != "GET" and not of_any_site and origin not in {None, f"http://{host}"}:
        raise ApiError(403, "Forms of other sites are not accepted.")
    return f"http://{host}"
