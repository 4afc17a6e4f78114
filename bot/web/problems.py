"""Refusals as problem documents (RFC 9457)."""

from http import HTTPStatus

from starlette.responses import JSONResponse


def problem(status: HTTPStatus, detail: str) -> JSONResponse:
    """Return a refusal that says what to change. It repeats nothing that the caller sent."""
    body = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    return JSONResponse(body, int(status), media_type="application/problem+json")
