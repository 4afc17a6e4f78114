"""`envclone serve --setup`: make the GitHub App with one click, keep its key, and say what to start the service with."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import typer

from bot.cli.console import WrongUsage
from bot.cli.serving.processes import told_to_stop
from bot.cli.serving.web import bounded_server
from bot.clients.github import GitHubRefused
from bot.clients.github.new_app import NewApp, new_app, site_of
from bot.clients.transient import Transient
from bot.core.installation.app_manifest import manifest, registration_path
from bot.errors import InvalidInput, UserError
from bot.settings import Settings, is_loopback
from bot.web.app import WEBHOOK
from bot.web.connections import HEADER_ROOM, ConnectionLimits
from bot.web.setup import CREATED, SetUp

KEY: Final = "github-app.pem"
SECRET: Final = "webhook-secret"  # noqa: S105 - a file's name
ENVIRONMENT: Final = "github-app.env"
LOOK: Final = 0.2
_LIMITS: Final = ConnectionLimits(connections=32, request_bytes=HEADER_ROOM)


@dataclass(frozen=True, slots=True)
class AppFiles:
    """Where an App's key, its webhook's secret and the settings that name them are kept."""

    directory: Path

    def refuse_second(self, settings: Settings) -> None:
        """Raise `UserError` where there is an App already."""
        if settings.github_app_id is not None:
            raise UserError(
                "ENVCLONE_GITHUB_APP_ID is set, so there is an App already. To make another one, unset it first."
            )
        for name in (KEY, SECRET, ENVIRONMENT):
            if (self.directory / name).exists():
                raise UserError(
                    f"{self.directory / name} is there, so there is an App already. To make another one, move that file away first."
                )

    def keep(self, code: str, api_url: str) -> NewApp:
        """Exchange the code and write the files: first reserved, so that a key which GitHub gives out once has a place to go."""
        with self._reserved() as files:
            try:
                app = new_app(code, api_url)
            except (GitHubRefused, Transient) as error:
                raise UserError(
                    f"GitHub returned no key: {error}. Open the page again, and press the button."
                ) from error
            settings = (
                f"ENVCLONE_GITHUB_APP_ID={app.id}\n"
                f"ENVCLONE_GITHUB_PRIVATE_KEY_FILE={self.directory / KEY}\n"
                f"ENVCLONE_WEBHOOK_SECRET_FILE={self.directory / SECRET}\n"
            )
            texts = (app.pem.get_secret_value(), app.webhook_secret.get_secret_value(), settings)
            for file, text in zip(files, texts, strict=True):
                os.write(file, text.encode())
                os.fsync(file)
        return app

    @contextmanager
    def _reserved(self) -> Iterator[list[int]]:
        """Make the files, each new and its owner's alone; if nothing comes to be in them, they go again."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        files: dict[Path, int] = {}
        try:
            for name in (KEY, SECRET, ENVIRONMENT):
                place = self.directory / name
                files[place] = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            yield list(files.values())
        except (OSError, UserError) as error:
            for place in files:
                place.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise UserError(f"{error.filename or self.directory} can't be written: {error.strerror}.") from error
            raise
        finally:
            for file in files.values():
                os.close(file)


def set_up(settings: Settings, listen: Callable[[], socket.socket], organization: str, url: str) -> None:
    """Serve the page until the App is made, or until told to stop; listen only once what was asked for makes sense. Raises `UserError`."""
    files, service, path = (
        AppFiles(settings.data_dir.absolute()),
        service_address(url),
        _registration_path(organization),
    )
    files.refuse_second(settings)
    listener = listen()
    # The browser is on this machine, or comes the way that GitHub's deliveries will.
    here = f"http://{_authority(listener)}" if is_loopback(settings.host) else service
    site = site_of(settings.github_api_url)

    def keep(code: str) -> tuple[str, str]:
        app = files.keep(code, settings.github_api_url)
        return app.name, f"{app.html_url}/installations/new"

    page = SetUp(
        registration=f"{site}{path}",
        site=site,
        manifest=manifest(f"{service}{WEBHOOK}", f"{here}{CREATED}"),
        keep=keep,
    )
    typer.echo(f"Open {here}{page.path}\nIt is for you alone: whoever has this address can make the App.")
    if not _serve(page, listener, settings):
        raise UserError("Stopped before an App was made. Nothing was kept.")
    typer.echo(f"The App was created. Start the service with the settings in {files.directory / ENVIRONMENT}:\n")
    typer.echo((files.directory / ENVIRONMENT).read_text("utf-8"))


def service_address(url: str) -> str:
    """Return the address at which GitHub will reach the service. Raises `WrongUsage`."""
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not is_safe or parts.username or parts.path.strip("/") or parts.query:
        raise WrongUsage("Say where GitHub will reach this service, as in `--url https://envclone.example.com`.")
    return url.rstrip("/")


def _registration_path(organization: str) -> str:
    try:
        return registration_path(organization)
    except InvalidInput as error:
        raise WrongUsage(str(error)) from error


def _authority(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _serve(page: SetUp, listener: socket.socket, settings: Settings) -> bool:
    """Answer until the App is made; say whether it was."""
    # It writes no access log, which would hold the page's secret and GitHub's code.
    server, stop = bounded_server(page.application(), _LIMITS, settings), told_to_stop()
    thread = threading.Thread(target=server.run, args=([listener],), name="setup", daemon=True)
    thread.start()
    while not stop.wait(LOOK) and not page.finished.is_set():
        pass
    server.should_exit = True
    thread.join()
    return page.finished.is_set()
