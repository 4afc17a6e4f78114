"""GitHub's OpenAPI description, cut down to what is used and turned into JSON Schema; checks of single exchanges.

The description is OpenAPI 3.0, whose schemas are almost JSON Schema: `nullable` is translated, the rest is kept. Schemas
are compiled for one operation at a time, when it is first seen: all at once take more memory than a small machine has.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs

from tests.oracle.install import installed

Schema = dict[str, Any]
# Answers that any operation may give, described or not.
COMMON_ERRORS = (400, 401, 403, 404, 405, 409, 410, 422, 429, 500, 502, 503)
# Where GitHub's description is known to be narrower than GitHub.
NOISE = (
    # Adding labels takes a bare array, and its documentation says so.
    ("POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels"),
)
# Where the description contradicts itself (an account that is a user *and* an enterprise): what it says elsewhere.
CORRECTED: dict[tuple[str, str, int], Schema] = {
    ("GET", "/app/installations", 200): {"type": "array", "items": {"$ref": "#/definitions/installation"}},
}
# Operations that GitHub serves and does not, or no longer, describe.
UNDESCRIBED = (
    ("GET", re.compile("/repos/[^/]+/[^/]+/statuses/[^/]+")),
    ("GET", re.compile("/repos/[^/]+/[^/]+/contents")),
)
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer; `path` without `/api/v3`."""

    method: str
    path: str
    query: Mapping[str, str]
    request: bytes
    status: int
    content_type: str
    response: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.path} → {self.status}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One described operation."""

    method: str
    template: str
    pattern: re.Pattern[str]
    parameters: tuple[Schema, ...]
    request: Schema | None
    request_required: bool
    responses: Mapping[str, Schema]


class Description:
    """GitHub's description, ready to judge exchanges."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        self._definitions = _translated(document["components"]["schemas"])
        self._operations = sorted(self._read(), key=lambda op: (op.template.count("{"), -len(op.template)))

    def operation(self, method: str, path: str) -> Operation | None:
        """Return the operation that a request means."""
        return next((op for op in self._operations if op.method == method and op.pattern.fullmatch(path)), None)

    def violations(self, exchange: Exchange) -> Iterator[str]:
        """Yield what is wrong with an exchange, in words."""
        operation = self.operation(exchange.method, exchange.path)
        if operation is None:
            known = any(exchange.method == m and path.fullmatch(exchange.path) for m, path in UNDESCRIBED)
            if exchange.status != 404 and not known:
                yield f"{exchange}: GitHub describes no such operation"
            return
        for complaint in (*self._of_query(operation, exchange), *self._of_request(operation, exchange)):
            yield f"{exchange}: request: {complaint}"
        for complaint in self._of_response(operation, exchange):
            yield f"{exchange}: answer: {complaint}"

    def _of_query(self, operation: Operation, exchange: Exchange) -> Iterator[str]:
        known = {p["name"]: p.get("schema", {}) for p in operation.parameters if p["in"] == "query"}
        for name, text in exchange.query.items():
            if name not in known:
                yield f"unknown query parameter {name}"
                continue
            value: object = text
            if known[name].get("type") == "integer" and re.fullmatch(r"-?\d+", text):
                value = int(text)
            if known[name].get("type") == "boolean" and text.lower() in ("true", "false"):
                value = text.lower() == "true"
            yield from self._errors(known[name], value, f"query {name}")

    def _of_request(self, operation: Operation, exchange: Exchange) -> Iterator[str]:
        # What was refused may well have been wrong: that is what refusals are for.
        if exchange.status >= 400 or (exchange.method, operation.template) in NOISE:
            return
        if operation.request is None or (not exchange.request and not operation.request_required):
            return
        body = json.loads(exchange.request or b"null")
        yield from self._errors(operation.request, body, "body")
        yield from self._unknown(operation.request, body, "body")

    def _of_response(self, operation: Operation, exchange: Exchange) -> Iterator[str]:
        described = operation.responses.get(str(exchange.status))
        if described is None:
            if exchange.status not in COMMON_ERRORS:
                yield "no such status is described"
                return
            described = {"content": {"application/json": {"schema": {"$ref": "#/definitions/basic-error"}}}}
        schema = described.get("content", {}).get("application/json", {}).get("schema")
        schema = CORRECTED.get((operation.method, operation.template, exchange.status), schema)
        if schema is None:
            if exchange.response and exchange.status < 300:
                yield "a body where none is described"
            return
        if not exchange.content_type.startswith("application/json"):
            if exchange.content_type.partition(";")[0] not in described["content"]:
                yield f"content type {exchange.content_type or 'missing'}"
            return
        body = json.loads(exchange.response)
        yield from self._errors(schema, body, "body")
        if exchange.status < 400:
            # Errors carry `status` in truth, which only some of their descriptions mention.
            yield from self._unknown(schema, body, "body")

    def _errors(self, schema: Schema, value: object, where: str) -> Iterator[str]:
        validator = _validator(json.dumps(schema, sort_keys=True), self._closure)
        for error in list(validator.iter_errors(value))[:SHOWN]:
            place = "/".join(str(part) for part in error.instance_path)
            yield f"{where}/{place}: {error.message[:300]}"

    def _unknown(self, schema: Schema, value: object, where: str) -> Iterator[str]:
        """Yield keys that the description does not have, where it says plainly what the keys are."""
        schema = self._resolved(schema)
        if isinstance(value, list):
            for item in value[:1]:
                yield from self._unknown(schema.get("items", {}), item, f"{where}/0")
        properties = schema.get("properties")
        if not isinstance(value, dict) or properties is None or schema.get("additionalProperties"):
            return
        for key, item in value.items():
            if key not in properties:
                yield f"{where}: invented key {key}"
            else:
                yield from self._unknown(properties[key], item, f"{where}/{key}")

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._definitions[schema["$ref"].removeprefix("#/definitions/")]
        choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
        if len(choices) == 1 and "properties" not in schema:
            return self._resolved(choices[0])
        return schema

    def _closure(self, text: str) -> Schema:
        """Return every definition that a schema's text needs."""
        needed: Schema = {}
        waiting = re.findall(r'#/definitions/([^"]+)"', text)
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed[name] = self._definitions[name]
                waiting += re.findall(r'#/definitions/([^"]+)"', json.dumps(needed[name]))
        return needed

    def _read(self) -> Iterator[Operation]:
        for template, item in self._document["paths"].items():
            for method, raw in item.items():
                parameters = tuple(_translated(self._component(p)) for p in raw.get("parameters", ()))
                responses = {code: _translated(self._component(r)) for code, r in raw["responses"].items()}
                body = raw.get("requestBody", {})
                schema = body.get("content", {}).get("application/json", {}).get("schema")
                yield Operation(
                    method=method.upper(),
                    template=template,
                    pattern=_pattern(template, parameters),
                    parameters=parameters,
                    request=None if schema is None else _translated(schema),
                    request_required=bool(body.get("required", False)),
                    responses=responses,
                )

    def _component(self, value: Schema) -> Schema:
        if "$ref" not in value:
            return value
        _, _, kind, name = value["$ref"].split("/")
        component: Schema = self._document["components"][kind][name]
        return component


@functools.cache
def github_description() -> Description:
    """Load GitHub's description. Raises `OracleUnavailableError` when it can't be had."""
    path = installed() / "@octokit/openapi/generated/api.github.com.json"
    return Description(_used(json.loads(path.read_bytes())))


_validators: dict[str, jsonschema_rs.Validator] = {}


def _validator(text: str, closure: Any) -> jsonschema_rs.Validator:
    if text not in _validators:
        schema = {**json.loads(text), "definitions": closure(text)}
        _validators[text] = jsonschema_rs.Draft7Validator(
            schema, formats={"uri": _is_uri, "email": _is_email}, validate_formats=True
        )
    return _validators[text]


def _is_uri(text: str) -> bool:
    """Say whether a text is an absolute address, or empty as GitHub's own answers have it where there is none."""
    parts = urlsplit(text)
    return text == "" or bool(parts.scheme and parts.netloc)


def _is_email(text: str) -> bool:
    """Say whether a text looks like an address; those of GitHub's bots hold brackets, which no standard allows."""
    return "@" in text


# The parts of the interface that the sandbox serves any of.
PREFIXES = ("/app", "/installation/repositories", "/users/{username}", "/user", "/rate_limit", "/repos/{owner}/{repo}")


def _used(document: Schema) -> Schema:
    """Drop the paths of other parts of the interface, before anything is translated."""
    paths = {path: item for path, item in document["paths"].items() if path.startswith(PREFIXES)}
    return {**document, "paths": paths}


def _pattern(template: str, parameters: tuple[Schema, ...]) -> re.Pattern[str]:
    many = {p["name"] for p in parameters if p["in"] == "path" and p.get("x-multi-segment")}
    parts = re.split(r"\{(\w+)\}", template)
    names = ["(?:.*)" if part in many else "(?:[^/]+)" for part in parts[1::2]]
    literals = [re.escape(part) for part in parts[::2]]
    return re.compile("".join(literal + name for literal, name in zip(literals, [*names, ""], strict=True)))


def _translated(value: Any) -> Any:
    """Turn OpenAPI 3.0 into JSON Schema: `nullable`, references, and no examples."""
    if isinstance(value, list):
        return [_translated(item) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("$ref"), str):
        return {"$ref": value["$ref"].replace("#/components/schemas/", "#/definitions/")}
    result = {k: _translated(v) for k, v in value.items() if k not in ("example", "examples", "discriminator")}
    if value.get("nullable") is True:
        del result["nullable"]
        return {"anyOf": [result, {"type": "null"}]}
    return result
