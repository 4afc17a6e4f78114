"""`envclone serve` as processes: started, killed, told to stop."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from bot.clients.store import Delivery, SqliteStore
from bot.sandbox.github import EndedStep, GitHubServer, SandboxRun
from bot.web.app import WEBHOOK
from tests.support.patience import PATIENCE
from tests.web.serving import SECRET, comment, headers

pytestmark = pytest.mark.e2e

MAIN = "from bot.cli.app import main; main()"


@dataclass
class Service:
    """A running `envclone serve` and its log."""

    process: subprocess.Popen[bytes]
    log: Path
    directory: Path

    def said(self, **fields: object) -> list[dict[str, str]]:
        """Return the log lines that have these fields; the last one may still be being written."""
        whole, _, _ = self.log.read_text().rpartition("\n")
        lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [line for line in lines if all(line.get(name) == value for name, value in fields.items())]

    def wait(self, found: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        is_over = False
        while not found():
            if time.monotonic() > deadline or is_over:
                raise AssertionError(f"never happened: {what}\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)
            is_over = self.process.poll() is not None  # before the next look, so that its last words are seen

    @property
    def url(self) -> str:
        self.wait(lambda: self.said(action="listen") != [], "listening")
        return self.said(action="listen")[0]["url"]

    @property
    def operations_url(self) -> str:
        self.wait(lambda: self.said(action="listen-operations") != [], "listening")
        return self.said(action="listen-operations")[0]["url"]

    def child(self, name: str) -> int:
        """Return the process id of the child that was started last."""
        self.wait(lambda: self.said(message="started", child=name) != [], f"{name} was started")
        return int(self.said(message="started", child=name)[-1]["pid"])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def deliveries(self) -> list[Delivery]:
        found: list[Delivery] = []

        def settle(one: Delivery) -> str:
            found.append(one)
            return "seen"

        store = SqliteStore(self.directory / "service.sqlite3")
        store.settle_next(1_000_000, settle)
        store.close()
        return found


@contextmanager
def serving(directory: Path, *options: str, **environment: str) -> Iterator[Service]:
    """Run the service until the block ends; nothing of it is left then."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ENVCLONE_")}
    settings = {
        "ENVCLONE_PORT": "0",
        "ENVCLONE_DATA_DIR": str(directory / "data"),
        "ENVCLONE_WEBHOOK_SECRET": SECRET,
        "ENVCLONE_GITHUB_TOKEN": "not-a-real-token",
        "ENVCLONE_HEARTBEAT": "1s",
        "ENVCLONE_DEAD_AFTER": "4s",
        **environment,
    }
    log = directory / "serve.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, "serve", *options],
            env={**inherited, **settings}, stdin=subprocess.DEVNULL, stderr=stream,
        )  # fmt: skip
    service = Service(process, log, directory / "data")
    try:
        yield service
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(PATIENCE)


def is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):  # also between the opening of the file and its reading
        return False


def test_acknowledged_deliveries_survive_kills_of_the_web_process(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    over = threading.Event()

    def send(sender: int) -> None:
        number = 0
        with httpx.Client(base_url=service.url, timeout=PATIENCE) as client:
            while not over.is_set():
                number += 1
                body, name = comment(number), f"d-{sender}-{number}"
                try:
                    if client.post(WEBHOOK, content=body, headers=headers(body, name)).status_code == 202:
                        acknowledged.append(name)
                except httpx.TransportError:
                    continue

    with serving(tmp_path, "--web-only") as service, ThreadPoolExecutor(8) as pool:
        senders = [pool.submit(send, sender) for sender in range(8)]
        try:
            for _ in range(4):
                before = len(acknowledged)
                service.wait(lambda before=before: len(acknowledged) > before + 150, "load")  # type: ignore[misc]
                web = service.child("web")
                os.kill(web, signal.SIGKILL)
                service.wait(lambda web=web: service.child("web") != web, "a new web process")  # type: ignore[misc]
            before = len(acknowledged)
            service.wait(lambda: len(acknowledged) > before + 150, "load after the last kill")
        finally:
            over.set()
            for sender in senders:
                sender.result()
        assert service.stop() == 0
    written = {delivery.id for delivery in service.deliveries()}
    assert set(acknowledged) <= written
    print(f"{len(acknowledged)} acknowledged, {len(written)} written, 4 kills: none missing")


def test_a_stop_ends_everything_and_says_zero(tmp_path: Path) -> None:
    with serving(tmp_path, "--web-only") as service:
        assert httpx.get(f"{service.url}/healthz", timeout=PATIENCE).json() == {"status": "ok"}
        web = service.child("web")
        assert service.stop() == 0
        assert not is_alive(web)


def test_what_the_service_keeps_is_its_users_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    SqliteStore(data / "service.sqlite3").close()  # as an older version left it
    (data / "service.sqlite3").chmod(0o644)
    with serving(tmp_path, "--web-only") as service:
        assert httpx.get(f"{service.url}/healthz", timeout=PATIENCE).is_success
        found = {path.name: path.stat().st_mode & 0o777 for path in (data, *data.iterdir())}
        assert service.stop() == 0
    assert found.pop("data") == 0o700
    assert set(found.values()) == {0o600}


def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    with serving(tmp_path, "--web-only") as service:
        assert httpx.get(f"{service.url}/healthz", timeout=PATIENCE).status_code == 200
        web = service.child("web")
        service.process.kill()
        service.process.wait()
        deadline = time.monotonic() + PATIENCE
        while is_alive(web):
            assert time.monotonic() < deadline, "the web process lives on"
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ENVCLONE_PORT", "many", "ENVCLONE_PORT"),
        ("ENVCLONE_GITHUB_APP_ID", "7", "belong together"),
        ("ENVCLONE_GITHUB_TOKEN_FILE", "/nowhere/at/all", "can't be read"),
        ("ENVCLONE_COLOUR", "red", "unknown setting"),
        ("ENVCLONE_WEBHOOK_SECRET", "", "ENVCLONE_WEBHOOK_SECRET is not set"),
        # Nobody listens on port 1 of a machine.
        (
            "ENVCLONE_GITHUB_API_URL",
            "http://127.0.0.1:1/api/v3",
            "ENVCLONE_GITHUB_API_URL: nobody answers at http",
        ),
    ],
)
def test_wrong_settings_are_named_and_nothing_starts(tmp_path: Path, variable: str, value: str, said: str) -> None:
    with serving(tmp_path, **{variable: value}) as service:
        assert service.process.wait(PATIENCE) == 2
    assert service.said(message="started") == []
    assert said in service.log.read_text()


def test_the_whole_service_answers_a_comment_and_heals(tmp_path: Path) -> None:
    server = GitHubServer(root=tmp_path / "github")
    repository = "acme/infrastructure"
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "README.md").write_text("infrastructure\n")
    server.create_repository(repository, source=tmp_path / "source")
    server.add_user("ana", repository, role="write")
    app = server.create_app("envclone", owner="acme")
    server.install(app, "acme")
    key = tmp_path / "key.pem"
    key.write_text(app.private_key)
    issue = server.open_issue(repository, "wanted", by="ana")
    with server.running() as github:
        credentials = {
            "ENVCLONE_GITHUB_TOKEN": "",
            "ENVCLONE_GITHUB_APP_ID": str(app.id),
            "ENVCLONE_GITHUB_PRIVATE_KEY_FILE": str(key),
            "ENVCLONE_GITHUB_API_URL": f"{github}/api/v3",
        }
        with serving(tmp_path, **credentials) as service:
            service.wait(
                lambda: httpx.get(f"{service.operations_url}/readyz", timeout=PATIENCE).status_code == 200, "readiness"
            )
            server.add_webhook(f"{service.url}{WEBHOOK}", SECRET, repository=repository, app=app)
            server.comment(repository, issue, "/help", by="ana")
            service.wait(lambda: len(server.comments(repository, issue)) == 2, "an answer")
            worker = service.child("worker")
            os.kill(worker, signal.SIGKILL)
            server.comment(repository, issue, "/help", by="ana")
            service.wait(lambda: len(server.comments(repository, issue)) == 4, "an answer of the next worker")
            assert service.child("worker") != worker
            run = server.record_run(
                repository, SandboxRun(".github/workflows/drift.yml", "schedule", "0" * 40, "ana", "main")
            )
            server.note_job(run, "drift (production)")
            server.note_step(run, "drift (production)", EndedStep("Look for drift", "success", timedelta(seconds=50)))
            server.note_job(run, "drift (production)", "success")
            server.finish_run(run, "success")
            took = r'envclone_run_step_seconds_sum{conclusion="success",replica="[^"]+",step="Look for drift",workflow="drift"} 50'

            def metrics_text() -> str:
                return httpx.get(f"{service.operations_url}/metrics", timeout=PATIENCE).text

            service.wait(lambda: re.search(took, metrics_text()) is not None, "the time of a step")
            metrics = metrics_text()
            assert 'envclone_deliveries_total{event="issue_comment",outcome="accepted"}' in metrics
            assert service.stop() == 0
    text = service.log.read_text()
    assert SECRET not in text
    assert app.private_key.splitlines()[1] not in text
