"""`http.probe`: ask a URL until it responds as expected, or until the time is over."""

import json
import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from bot.hooks.addresses import address_of
from bot.hooks.json_values import Pointer, difference
from bot.hooks.kind import AppliedHook, HookCheck, HookContext, HookFailed, HookKind, HookModel, VerifyFailed
from bot.model.duration import Duration
from bot.model.duration import parse as _duration
from bot.model.pipeline import Json
from bot.names import ParameterName, shown

if TYPE_CHECKING:
    import httpx

LARGEST_BODY = 1_000_000
"""Bytes of an answer that are read; the rest can't be asserted on."""


class ProbeInputs(HookModel):
    """What to ask, and what the answer must be."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/\S*)?$", description="No credentials in it.")]
    method: Literal["GET", "HEAD", "POST", "OPTIONS"] = "GET"
    status: Annotated[int, Field(ge=100, le=599)] = 200
    request_headers: dict[str, str] = Field(default_factory=dict, description="Sent with the request.")
    request_json: Annotated[Json, Field(description="The body of a POST, as JSON.")] = None
    headers: dict[str, str] = Field(default_factory=dict, description="Headers that the answer must have, exactly.")
    body_contains: Annotated[str | None, Field(description="Text that the answer's body must contain.")] = None
    json_values: dict[Pointer, Json] = Field(
        default_factory=dict, description="JSON pointers (RFC 6901) into the answer, and the values that must be there."
    )
    follow_redirects: bool = False
    interval: Annotated[
        Duration, Field(description="Between two tries; a probe tries again after every wrong answer.")
    ] = _duration("5s")
    within: Annotated[Duration, Field(description="How long to try.")] = _duration("2m")
    request_timeout: Annotated[Duration, Field(description="For one request.")] = _duration("10s")


class ProbeRecord(HookModel):
    """Nothing: a probe has nothing to undo."""


class HttpProbe(HookKind[ProbeInputs, ProbeRecord]):
    """Asks a URL until the answer has the status, headers, text and JSON values that it should have.

    Its answer is never shown. A plan runs only a probe that the base branch declares, at a public address or one that the
    policy's `gate.probe_networks` names. Honours `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`. Follows no redirect unless told. There is nothing to undo.
    """

    name = "http.probe"
    inputs = ProbeInputs
    record = ProbeRecord
    outputs: ClassVar[Mapping[ParameterName, str]] = {
        ParameterName("url"): "The URL that answered.",
        ParameterName("status"): "The status of the answer.",
    }

    def check(self, inputs: ProbeInputs, context: HookContext) -> HookCheck:
        if inputs.method not in {"GET", "HEAD"}:
            return HookCheck("unknown", f"not asked: a {inputs.method} may change something, and a check must not")
        if inputs.follow_redirects:
            return HookCheck("unknown", "not asked: it follows redirects, which may lead anywhere")
        with _client(inputs) as client:
            wrong = _complaint(client, inputs, _address(inputs, context))
        if wrong is None:
            return HookCheck("already_so", f"{inputs.url} responds as expected")
        return HookCheck("would_change", f"{inputs.url} does not respond as expected yet")

    def apply(self, inputs: ProbeInputs, context: HookContext) -> AppliedHook[ProbeRecord]:
        evidence = _wait(inputs, context)
        outputs: dict[ParameterName, Json] = {ParameterName("url"): inputs.url, ParameterName("status"): inputs.status}
        return AppliedHook(outputs, evidence)

    def verify(self, inputs: ProbeInputs, context: HookContext) -> str:
        with _client(inputs) as client:
            wrong = _complaint(client, inputs)
        if wrong is not None:
            raise VerifyFailed(f"{inputs.method} {inputs.url} does not respond as expected: {wrong}")
        return f"{inputs.method} {inputs.url} answers {inputs.status}"

    def undo(self, record: ProbeRecord, context: HookContext) -> str:
        return "a probe has nothing to undo"

    @property
    def asks_anybody(self) -> bool:
        return True

    def can_undo(self, given: Collection[ParameterName]) -> bool:
        return False


def _address(inputs: ProbeInputs, context: HookContext) -> str:
    """Return the address that a check may ask. Raises `HookFailed`."""
    import httpx  # noqa: PLC0415

    try:
        url = httpx.URL(inputs.url)
    except httpx.InvalidURL as error:
        raise HookFailed(f"{shown(inputs.url)} is not a URL.", is_final=True) from error
    return address_of(url.host, url.port or (443 if url.scheme == "https" else 80), context.networks)


def _wait(inputs: ProbeInputs, context: HookContext) -> str:
    until = time.monotonic() + min(inputs.within, context.remaining()).total_seconds()
    tries = 0
    last = ""
    with _client(inputs) as client:
        while True:
            tries += 1
            wrong = _complaint(client, inputs)
            if wrong is None:
                return f"{inputs.method} {inputs.url} answered {inputs.status}" + (
                    f" at try {tries}" if tries > 1 else ""
                )
            if wrong != last:
                context.log(f"{inputs.url}: {wrong}")
                last = wrong
            if time.monotonic() + inputs.interval.total_seconds() > until:
                raise VerifyFailed(
                    f"{inputs.method} {inputs.url} did not respond as expected in {tries} attempts: {wrong}"
                )
            time.sleep(inputs.interval.total_seconds())


def _client(inputs: ProbeInputs) -> "httpx.Client":
    import httpx  # noqa: PLC0415 (it brings a terminal's colours with it: 0.2 s of a start)

    return httpx.Client(
        timeout=inputs.request_timeout.total_seconds(),
        follow_redirects=inputs.follow_redirects,
        max_redirects=5,
        headers={"User-Agent": "envclone", **inputs.request_headers},
    )


def _complaint(client: "httpx.Client", inputs: ProbeInputs, address: str | None = None) -> str | None:
    """Ask once, at that address if one is given, and return what is wrong with the answer, or None."""
    import httpx  # noqa: PLC0415

    try:
        given = inputs.request_json if inputs.method == "POST" else None
        named = httpx.URL(inputs.url)
        url = named if address is None else named.copy_with(host=address)
        headers = {"Host": named.netloc.decode()}
        extensions = {"sni_hostname": named.host}
        with client.stream(inputs.method, url, json=given, headers=headers, extensions=extensions) as answer:
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) >= LARGEST_BODY:
                    break
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"no answer ({type(error).__name__}: {error})"
    return _difference(inputs, answer, body[:LARGEST_BODY])


def _difference(inputs: ProbeInputs, answer: "httpx.Response", body: bytes) -> str | None:
    if answer.status_code != inputs.status:
        return f"status {answer.status_code} instead of {inputs.status}"
    for name, value in inputs.headers.items():
        if answer.headers.get(name) != value:
            return f"header {shown(name)} is not {shown(value)}"
    if inputs.body_contains is not None and inputs.body_contains not in body.decode("utf-8", "replace"):
        return f"the body does not contain {shown(inputs.body_contains)}"
    if not inputs.json_values:
        return None
    try:
        document = json.loads(body)
    except ValueError:
        return "the body is not JSON"
    return difference(document, inputs.json_values)
