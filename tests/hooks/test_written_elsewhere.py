"""The example of `docs/writing-a-hook.md` is a package that works: it is laid on a path as pip would, and run in a process of its own."""

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests import ROOT

PAGE = (ROOT / "docs" / "writing-a-hook.md").read_text("utf-8")

PROGRAM = """
import json, sys
from datetime import timedelta
from pathlib import Path

from bot.model.yaml_document import load
from bot.hooks import verbs
from bot.hooks.validate import hook_problems
from bot.hooks.kind import HookContext
from bot.names import EnvironmentName, StepName
from bot.core.graph import StepDocuments
from bot.model.pipeline import Hooks, Pipeline

text = Path("hooks.yaml").read_text()
declared = load(text, Hooks, "hooks.yaml")
problems = hook_problems(Pipeline.of({}, declared), {}, StepDocuments("template.yaml", "", "hooks.yaml", text))
context = HookContext(
    environment=EnvironmentName("demo-x"), step=StepName("channel"), parameters={}, directory=Path.cwd(),
    environment_variables={}, remaining=lambda: timedelta(seconds=30), log=print, keep_secret=lambda value: None, digest=str,
)
hook = declared.hooks[StepName("channel")]
inputs = {"server": sys.argv[1]}
before = verbs.check(hook, inputs, context)
left = verbs.may_leave(hook, inputs, context, lambda undo: undo)
done = [verbs.apply(hook, inputs, context, lambda undo: undo) for _ in range(2)][1]
after = verbs.check(hook, inputs, context)
undone = [verbs.undo(done.undo, context) for _ in range(2)][1]
print(json.dumps({
    "problems": [str(problem) for problem in problems], "before": before.result, "after": after.result,
    "outputs": done.outputs, "evidence": done.evidence, "undone": undone.evidence, "remains": [each.what for each in undone.remains], "left": left == done.undo,
}))
"""


class Chat(BaseHTTPRequestHandler):
    """The company's chat."""

    channels: dict[str, bytes]

    def do_GET(self) -> None:
        self._answer(200 if self.path in self.channels else 404, self.channels.get(self.path, b""))

    def do_PUT(self) -> None:
        self.channels[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200)

    def do_DELETE(self) -> None:
        self._answer(200 if self.channels.pop(self.path, None) else 404)

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        pass


@pytest.fixture
def chat() -> Iterator[str]:
    handler = type("OneChat", (Chat,), {"channels": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def example(language: str) -> str:
    """Return the page's one block of a language."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.mark.whole
def test_the_documented_package_is_a_kind_whose_four_verbs_work(tmp_path: Path, chat: str) -> None:
    project = tomllib.loads(example("toml"))["project"]
    [(group, entries)] = project["entry-points"].items()
    metadata = tmp_path / "acme_envclone-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = [f"{name} = {value}" for name, value in entries.items()]
    (metadata / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]))
    (tmp_path / "acme_envclone.py").write_text(example("python"))
    (tmp_path / "hooks.yaml").write_text(example("yaml"))
    path = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}"}
    environment = {**os.environ, **path, "NO_PROXY": "127.0.0.1", "ACME_CHAT_TOKEN": "any"}
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, chat],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment,
        cwd=tmp_path,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "problems": [],
        "before": "would_change",
        "after": "already_so",
        "outputs": {"url": f"{chat}/channels/env-demo-x"},
        "evidence": "#env-demo-x is open; #env-demo-x has its topic",
        "undone": "#env-demo-x is closed",
        "remains": [f"{chat}/archive/env-demo-x"],
        "left": True,
    }
