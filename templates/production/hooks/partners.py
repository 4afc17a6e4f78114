#!/usr/bin/env python3
"""Tell partners where this shop answers, and take that back when it goes.

Reads {"verb", "environment", "inputs": {"webhook_url", "shop_url"}, "undo"} and writes one JSON object. Standard library
alone, so that it runs wherever Python does. In environments that must not reach partners, `webhook_url` is a sink.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

Json = dict[str, Any]

SECONDS = 15


def ask(method: str, url: str, body: Json | None = None) -> tuple[int, bytes]:
    """Return status and body of the answer; an answer that refuses is an answer, no answer raises URLError."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    # The parameter allows http and https alone.
    request = urllib.request.Request(url, data=data, method=method, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return answer.status, answer.read(100_000)
    except urllib.error.HTTPError as error:
        return error.code, error.read(100_000)


def entry(given: Json) -> str:
    base = given["inputs"]["webhook_url"].rstrip("/")
    return f"{base}/shops/{urllib.parse.quote(given['environment'], safe='')}"


def check(given: Json) -> Json:
    status, body = ask("GET", entry(given))
    if status == 404:
        return {"result": "would_change", "text": "partners do not know this shop yet"}
    if status != 200:
        return {"result": "unknown", "text": f"partners answered {status}"}
    known = json.loads(body).get("url")
    if known == given["inputs"]["shop_url"]:
        return {"result": "already_so", "text": f"partners know {known}"}
    return {"result": "would_change", "text": f"partners know {known}"}


def apply(given: Json) -> Json:
    url, shop = entry(given), given["inputs"]["shop_url"]
    accepted("PUT", url, {"url": shop})
    return {"outputs": {"entry": url}, "evidence": f"partners took {shop} at {url}", "undo": {"entry": url}}


def verify(given: Json) -> Json:
    return {"evidence": f"{entry(given)} answered {accepted('GET', entry(given))}"}


def undo(given: Json) -> Json:
    url = given["undo"]["entry"]
    status = ask("DELETE", url)[0]
    if status >= 400 and status not in (404, 410):
        raise SystemExit(f"DELETE {url} answered {status}")
    return {"evidence": f"partners no longer hold {url} ({status})"}


def accepted(method: str, url: str, body: Json | None = None) -> int:
    status = ask(method, url, body)[0]
    if status >= 400:
        raise SystemExit(f"{method} {url} answered {status}")
    return status


def main() -> None:
    given = json.load(sys.stdin)
    verbs = {"check": check, "apply": apply, "verify": verify, "undo": undo}
    try:
        json.dump(verbs[given["verb"]](given), sys.stdout)
    except urllib.error.URLError as error:
        raise SystemExit(f"partners could not be reached: {error.reason}") from error


if __name__ == "__main__":
    main()
