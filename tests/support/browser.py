"""A browser to look with: Chromium without a window, driven over a pipe in its own protocol. One start serves a whole module.

Source: https://chromedevtools.github.io/devtools-protocol/; over a pipe each message is JSON with a zero byte after it.
"""

import base64
import fcntl
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from tests.support.needs import require

PATIENCE = 240.0
"""Seconds for anything that a browser does: a busy machine takes a minute for what an idle one does in one."""
Scheme = Literal["light", "dark"]


_AS_3_AND_4 = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)


class BrowserRefusedError(Exception):
    """The browser did not do what it was asked to."""


class Browser:
    """A page of a running browser. Everything waits until it is done."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._ids = itertools.count(1)
        self._unread = b""
        self.errors: list[str] = []
        """What the page's console and its content policy complained of, since the last `open`."""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._do(f"{domain}.enable")

    def open(self, address: str) -> None:
        """Open a page and wait until it is loaded."""
        self.errors.clear()
        self._do("Page.navigate", url=address)
        self.wait(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(address)})")

    def show(self, width: int, height: int = 900, scheme: Scheme = "light") -> None:
        """Look through a window of this width, in a light or dark scheme."""
        self._do("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self._do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.wait(f"innerWidth === {width} && matchMedia('(prefers-color-scheme: {scheme})').matches")

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression in the page."""
        found = self._do("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        deadline = time.monotonic() + PATIENCE
        while not self._is_true(condition):
            assert time.monotonic() < deadline, f"never true: {condition}"
            time.sleep(0.02)

    def _is_true(self, condition: str) -> bool:
        try:
            return bool(self.evaluate(condition))
        except BrowserRefusedError:  # the page went while it was asked, and another comes
            return False

    def picture(self, place: Path) -> bytes:
        """Keep what is seen as a PNG."""
        place.write_bytes(base64.b64decode(self._do("Page.captureScreenshot", format="png")["data"]))
        return place.read_bytes()

    def _do(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._ask(method, self._session, **parameters)

    def _ask(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        id_ = next(self._ids)
        message = {"id": id_, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == id_:
                if "error" in answer:
                    raise BrowserRefusedError(f"{method}: {answer['error']}")
                return dict(answer["result"])
            self._notice(answer)

    def _notice(self, event: dict[str, Any]) -> None:
        match event.get("method"):
            case "Log.entryAdded":
                self.errors.append(str(event["params"]["entry"]["text"]))
            case "Runtime.exceptionThrown":
                self.errors.append(str(event["params"]["exceptionDetails"]["text"]))
            case _:
                pass

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            read = os.read(self._answers, 1 << 16)
            assert read, "the browser ended"
            self._unread += read
        message, _, self._unread = self._unread.partition(b"\0")
        return dict(json.loads(message))


@contextmanager
def browsing(scratch: Path) -> Iterator[Browser]:
    """Start a browser for a test and end it."""
    require("browser")
    with started(scratch) as browser:
        yield browser


@contextmanager
def started(scratch: Path) -> Iterator[Browser]:
    """Start a browser and end it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "This test needs a browser: `apt-get install chromium` (`.ci/run` does it)."
    (theirs_in, commands), (answers, theirs_out) = os.pipe(), os.pipe()
    # No sandbox of Chromium's own: it needs kernel features that containers lack, and the pages are ours.
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
    flags += [f"--user-data-dir={scratch / 'profile'}", "--remote-debugging-pipe", "--no-proxy-server"]
    # The browser reads its commands from descriptor 3 and answers on 4, whatever ours are called.
    high = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 100) for each in (theirs_in, theirs_out)]
    argv = [sys.executable, "-c", _AS_3_AND_4, *map(str, high), program, *flags, "about:blank"]
    log = (scratch / "browser.log").open("wb")
    process = subprocess.Popen(argv, pass_fds=high, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    for each in high:
        os.close(each)
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Browser(commands, answers)
    finally:
        os.close(commands)  # which ends it
        os.close(answers)
        try:
            process.wait(PATIENCE)
        finally:
            process.kill()
            log.close()
