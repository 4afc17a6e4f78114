"""REST operations as plain functions: `(call) -> Answer`, listed in a table, run one at a time in a worker thread."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.model.base import ForeignDocument
from bot.sandbox.github.answers import ApiError, Page, RestAnswer, not_found, paginate
from bot.sandbox.github.auth import Need, identify, require
from bot.sandbox.github.forge import Act, Forge
from bot.sandbox.github.records.accounts import Caller
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.rest.rates import Meter

RouteItem = TypeVar("RouteItem")
Body = TypeVar("Body", bound="RequestBody")
RestOperation = Callable[["RestCall"], RestAnswer]


class RequestBody(ForeignDocument):
    """A request's JSON body. GitHub ignores keys that it does not know, and so do we."""

    model_config = ConfigDict(strict=True)


@dataclass(frozen=True, slots=True)
class RestCall:
    """One request: who asks, and what. `url` is the address without the query."""

    forge: Forge
    identity: Caller | None
    path: Mapping[str, str]
    query: Mapping[str, str]
    raw: bytes
    url: str
    accept: str
    rate: JsonObject

    def repository(self, *needs: Need) -> RepositoryRecord:
        """Return the repository in the path if the caller meets any of the needs; raise 401, 404 or 403."""
        repository = self.forge.state.repository(f"{self.path['owner']}/{self.path['repo']}")
        require(self.forge.state, self.identity, repository, *needs)
        if repository is None:
            raise not_found()
        return repository

    @property
    def by(self) -> Caller:
        """The caller, who must be known."""
        if self.identity is None:
            raise ApiError(401, "Requires authentication")
        return self.identity

    def act(self, repository: RepositoryRecord) -> Act:
        """Return what a verb needs to know of the caller."""
        return Act(self.forge, repository, self.by)

    def number(self, name: str) -> int:
        """Return an integer from the path, or raise 404."""
        text = self.path[name]
        if not text.isdecimal():
            raise not_found()
        return int(text)

    def body(self, model: type[Body], bare: str | None = None) -> Body:
        """Check the JSON body. Raises 400 when it is no JSON object, 422 when it has another shape.

        `bare` names the key under which a bare array is meant, for the operations that take one.
        """
        try:
            content = json.loads(self.raw or b"{}")
        except ValueError as error:
            raise ApiError(400, "Problems parsing JSON") from error
        if isinstance(content, list) and bare is not None:
            content = {bare: content}
        if not isinstance(content, dict):
            raise ApiError(400, "Body should be a JSON object")
        try:
            # As JSON: strict mode then takes nested objects as what they are.
            return model.model_validate_json(json.dumps(content))
        except ValidationError as error:
            raise ApiError(422, _complaint(error)) from error

    def page(self, items: Sequence[RouteItem]) -> Page[RouteItem]:
        """Cut the page of a list that the query asks for."""
        return paginate(items, self.query, self.url)

    def listing(self, items: Sequence[RouteItem], view: Callable[[RouteItem], object]) -> RestAnswer:
        """Answer with one page of a list."""
        page = self.page(items)
        return RestAnswer([view(item) for item in page.items], headers=page.headers)

    def envelope(self, key: str, items: Sequence[RouteItem], view: Callable[[RouteItem], object]) -> RestAnswer:
        """Answer with one page inside `{total_count, key: […]}`."""
        page = self.page(items)
        return RestAnswer({"total_count": page.total, key: [view(item) for item in page.items]}, headers=page.headers)


class Operations:
    """A table of operations, filled by decorators."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, RestOperation]] = []

    def on(self, method: str, path: str) -> Callable[[RestOperation], RestOperation]:
        """Register an operation for a method and a path template; `{name:path}` takes slashes."""

        def register(operation: RestOperation) -> RestOperation:
            self.rows.append((method, path, operation))
            return operation

        return register


class RestEndpoint:
    """The ASGI side of one operation: read the request, run it under the forge's lock, write the answer."""

    def __init__(self, forge: Forge, meter: Meter, operation: RestOperation) -> None:
        self._forge = forge
        self._meter = meter
        self._operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        raw = await request.body()
        response = await run_in_threadpool(self._answer, request, raw)
        await response(scope, receive, send)

    def _answer(self, request: Request, raw: bytes) -> Response:
        identity: Caller | None = None
        with self._forge.state.lock:
            try:
                identity = identify(self._forge.state, request.headers.get("authorization", ""))
                self._meter.count(identity, request.url.path)
                answer = self._operation(self._call(request, raw, identity))
            except ApiError as error:
                answer = RestAnswer(error.body, error.status)
            return respond(answer, self._meter.headers(identity))

    def _call(self, request: Request, raw: bytes, identity: Caller | None) -> RestCall:
        path: Mapping[str, str] = request.path_params
        url = str(request.url.replace(query=""))
        accept = request.headers.get("accept", "")
        query = dict(request.query_params)
        return RestCall(self._forge, identity, path, query, raw, url, accept, self._meter.rate(identity))


def respond(answer: RestAnswer, limits: Mapping[str, str]) -> Response:
    """Write an answer down with the headers every answer of GitHub has."""
    headers = {
        "X-GitHub-Request-Id": uuid.uuid4().hex[:24].upper(),
        "X-GitHub-Media-Type": "github.v3; format=json",
        "X-GitHub-Api-Version-Selected": "2022-11-28",
        **limits,
        **answer.headers,
    }
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    if isinstance(answer.body, bytes):
        # The operation names its own media type in its headers.
        return Response(answer.body, answer.status, headers)
    content = json.dumps(answer.body, ensure_ascii=False).encode()
    return Response(content, answer.status, headers, media_type="application/json; charset=utf-8")


def routes(forge: Forge, meter: Meter, tables: Iterable[Operations]) -> list[Route]:
    """Turn the tables into routes; literal paths come before templates that would also match them."""
    rows = [row for table in tables for row in table.rows]
    rows.sort(key=lambda row: (":path}" in row[1], row[1].count("{")))
    by_path: dict[str, list[Route]] = {}
    for method, path, operation in rows:
        # An instance, not a function: Starlette then hands over the bare ASGI call.
        route = Route(path, RestEndpoint(forge, meter, operation), methods=[method])
        by_path.setdefault(path, []).append(route)
    return [route for group in by_path.values() for route in group]


def _complaint(error: ValidationError) -> str:
    """Say what is wrong with a body the way GitHub's own schema check says it."""
    lines: list[str] = []
    for problem in error.errors():
        where = "/".join(str(part) for part in problem["loc"])
        if problem["type"] == "missing":
            lines.append(f'"{where}" wasn\'t supplied.')
        else:
            lines.append(f"For 'properties/{where}', {json.dumps(problem['input'], default=str)}: {problem['msg']}.")
    return "Invalid request.\n\n" + "\n".join(lines)
