"""Git's smart HTTP through `git http-backend`, streamed both ways, with GitHub's answers to who may not.

Pushes are learnt from a `post-receive` hook that writes down what it was told, so a push is attributed exactly, however
many run at once. An `update` hook refuses protected branches, what rulesets restrict, and the references GitHub keeps for itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from bot.sandbox.github.answers import ApiError
from bot.sandbox.github.auth import allows, identify, reads, write
from bot.sandbox.github.forge import Act, Forge
from bot.sandbox.github.git.bare import scrubbed_environment
from bot.sandbox.github.pulls import follow_push
from bot.sandbox.github.push_events import Update, announce_push
from bot.sandbox.github.records.accounts import Caller
from bot.sandbox.github.records.repositories import RepositoryRecord

CHUNK = 64 * 1024
TIMEOUT = 600.0
SERVICES = ("git-upload-pack", "git-receive-pack")
TAILS = ("info/refs", *SERVICES)
"""What git asks for below a repository's address; GitHub answers these with `.git` in the address and without."""

POST_RECEIVE = '#!/bin/sh\nexec cat >>"$SANDBOX_PUSHED"\n'
UPDATE = """#!/bin/sh
set -f
case "$1" in
  refs/pull/*) echo "error: deny updating a hidden ref" >&2; exit 1 ;;
esac
for protected in $SANDBOX_PROTECTED; do
  if [ "$1" = "$protected" ]; then
    echo "error: GH006: Protected branch update failed for $1." >&2
    echo "error: Changes must be made through a pull request." >&2
    exit 1
  fi
done
case "$2" in *[!0]*) exit 0 ;; esac
for restricted in $SANDBOX_RESTRICTED; do
  case "$1" in $restricted)
    echo "error: GH013: Repository rule violations found for $1." >&2
    echo "- Cannot create ref due to creations being restricted." >&2
    exit 1 ;;
  esac
done
"""


def install_hooks(directory: Path) -> None:
    """Write the hooks that all repositories share."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in (("post-receive", POST_RECEIVE), ("update", UPDATE)):
        (directory / name).write_text(text, encoding="utf-8")
        (directory / name).chmod(0o755)


@cache
def http_backend() -> Path:
    """Return git's CGI program. Run by itself, not as `git http-backend`, or ending it would end only a wrapper."""
    environment = scrubbed_environment(Path(tempfile.gettempdir()))
    found = subprocess.run(
        ["git", "--exec-path"], env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=True
    )
    return Path(found.stdout.strip()) / "git-http-backend"


class GitHttp:
    """ASGI application for `/{owner}/{repo}.git/…`, and for the same without `.git`, as `actions/checkout` asks."""

    def __init__(self, forge: Forge, hooks: Path) -> None:
        self._forge = forge
        self._hooks = hooks
        self._backend = str(http_backend())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        service = request.query_params.get("service") or scope["path"].rpartition("/")[2]
        try:
            identity, repository = self._admit(request, service)
        except ApiError as error:
            await _refuse(error)(scope, receive, send)
            return
        with tempfile.NamedTemporaryFile(dir=self._forge.root, prefix="push-") as pushed:
            environment = self._environment(request, identity, repository, pushed.name)
            await self._serve(request, environment, send)
            updates = [_parse_update(line) for line in Path(pushed.name).read_text(encoding="utf-8").splitlines()]
        if updates:
            await run_in_threadpool(self._pushed, repository, identity, updates)
        # The client hears the end of its push only now: what it asks next finds the push fully known.
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _admit(self, request: Request, service: str) -> tuple[Caller, RepositoryRecord]:
        """Return who asks for which repository; raise 401, 403 or 404."""
        state = self._forge.state
        if service not in SERVICES:
            raise ApiError(403, "Please upgrade your git client.")
        with state.lock:
            identity = identify(state, request.headers.get("authorization", ""))
            if identity is None:
                raise ApiError(401, "Authentication required")
            name = f"{request.path_params['owner']}/{request.path_params['repo']}"
            repository = state.repository(name)
            if repository is None or identity.itself or not reads(state, identity, repository):
                raise ApiError(404, "Repository not found.")
            if service == "git-receive-pack" and repository.archived:
                raise ApiError(403, "This repository was archived so it is read-only.")
            if service == "git-receive-pack" and not allows(state, identity, repository, write("contents")):
                who = identity.account.login
                raise ApiError(403, f"Permission to {repository.full_name}.git denied to {who}.")
            return identity, repository

    def _environment(
        self, request: Request, identity: Caller, repository: RepositoryRecord, pushed: str
    ) -> dict[str, str]:
        tail = request.path_params.get("tail") or next(t for t in TAILS if request.url.path.endswith(f"/{t}"))
        environment = {
            **scrubbed_environment(self._forge.root),
            "GIT_PROJECT_ROOT": str(self._forge.root / "repositories"),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{repository.full_name}.git/{tail}",
            "REMOTE_USER": identity.account.login,
            "REMOTE_ADDR": "127.0.0.1",
            "REQUEST_METHOD": request.method,
            "QUERY_STRING": request.url.query,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "core.hooksPath",
            "GIT_CONFIG_VALUE_0": str(self._hooks),
            "SANDBOX_PUSHED": pushed,
            "SANDBOX_PROTECTED": self._protected(identity, repository),
            "SANDBOX_RESTRICTED": " ".join(repository.restricted),
        }
        if "content-length" in request.headers:
            environment["CONTENT_LENGTH"] = request.headers["content-length"]
        return environment

    def _protected(self, identity: Caller, repository: RepositoryRecord) -> str:
        """The references this caller may not push to: none for administrators, who bypass protection on GitHub."""
        if identity.app is None and self._forge.state.role(repository, identity.account) == "admin":
            return ""
        return " ".join(f"refs/heads/{rules.branch}" for rules in repository.protections)

    async def _serve(self, request: Request, environment: dict[str, str], send: Send) -> None:
        """Run git, pump the request in and the answer out, all but the answer's end."""
        process = await asyncio.create_subprocess_exec(
            self._backend, env=environment, start_new_session=True,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(TIMEOUT):
                async with asyncio.TaskGroup() as group:
                    group.create_task(_feed(process, request.stream()))
                    group.create_task(_answer(process, send))
                await process.wait()
        finally:
            _end(process)
            await process.wait()

    def _pushed(self, repository: RepositoryRecord, identity: Caller, updates: list[Update]) -> None:
        with self._forge.state.lock:
            act = Act(self._forge, repository, identity)
            for update in updates:
                act = announce_push(act, update)
                if update.reference.startswith("refs/heads/"):
                    follow_push(act, update)


def _end(process: asyncio.subprocess.Process) -> None:
    """End git and what it has started, if it still runs."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


async def _feed(process: asyncio.subprocess.Process, body: AsyncIterator[bytes]) -> None:
    assert process.stdin is not None
    try:
        async for chunk in body:
            process.stdin.write(chunk)
            await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()
    except ClientDisconnect:
        # Half a request must not be taken for a whole one.
        _end(process)
    except (BrokenPipeError, ConnectionResetError):
        # Git stopped reading because it has already refused; its answer says why.
        return


async def _answer(process: asyncio.subprocess.Process, send: Send) -> None:
    assert process.stdout is not None
    status = 200
    headers: list[tuple[bytes, bytes]] = []
    while line := (await process.stdout.readline()).rstrip(b"\r\n"):
        name, _, value = line.partition(b": ")
        if name.lower() == b"status":
            status = int(value.split()[0])
        else:
            headers.append((name.lower(), value))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    while chunk := await process.stdout.read(CHUNK):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})


def _parse_update(line: str) -> Update:
    old, new, reference = line.split(" ", 2)
    return Update(reference, old, new)


def _refuse(error: ApiError) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="GitHub"'} if error.status == 401 else {}
    return PlainTextResponse(f"remote: {error.message}\n", error.status, headers)
