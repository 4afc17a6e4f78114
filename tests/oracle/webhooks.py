"""GitHub's own webhook examples, and its own check of a signature."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Iterator
from typing import Any

from tests.oracle.install import installed

Payload = dict[str, Any]
VERIFY = """
import { verify } from "@octokit/webhooks-methods";
let body = "";
for await (const chunk of process.stdin.setEncoding("utf8")) body += chunk;
const { secret, payload, signature } = JSON.parse(body);
console.log(await verify(secret, payload, signature));
"""


@functools.cache
def examples() -> dict[str, list[Payload]]:
    """Return real payloads by event name. Raises `OracleUnavailableError`."""
    path = installed() / "@octokit/webhooks-examples/api.github.com/index.json"
    return {event["name"]: event["examples"] for event in json.loads(path.read_bytes())}


def always_there(event: str, action: str | None = None) -> dict[str, set[str]]:
    """Return (path → JSON types) of what every real example of an event has; the rest depends on circumstances."""
    found = [list(paths(one)) for one in examples()[event] if action is None or one.get("action") == action]
    common = set.intersection(*({path for path, _ in one} for one in found))
    kinds: dict[str, set[str]] = {path: set() for path in common}
    for path, kind in (pair for one in found for pair in one if pair[0] in common):
        kinds[path].add(kind)
    return kinds


def paths(value: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, JSON type) of everything in a payload; items of lists share the path `[]`."""
    if isinstance(value, dict):
        yield prefix, "object"
        for key, item in value.items():
            yield from paths(item, f"{prefix}/{key}")
    elif isinstance(value, list):
        yield prefix, "array"
        for item in value[:1]:
            yield from paths(item, f"{prefix}/[]")
    else:
        names = {type(None): "null", bool: "boolean", int: "number", float: "number", str: "string"}
        yield prefix, names[type(value)]


def accepts_signature(secret: str, payload: bytes, signature: str) -> bool:
    """Ask GitHub's own library whether a signature is right."""
    question = json.dumps({"secret": secret, "payload": payload.decode(), "signature": signature})
    result = subprocess.run(
        ["node", "--input-type=module", "--eval", VERIFY],
        input=question,
        cwd=installed(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return result.stdout.strip() == "true"
