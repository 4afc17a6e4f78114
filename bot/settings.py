"""The service's settings, all from `ENVCLONE_…` environment variables; a secret may come from a file instead (`…_FILE`)."""

import socket
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator

from bot.complaints import plainly
from bot.errors import InvalidInput, UserError
from bot.model.base import Document
from bot.model.duration import Duration
from bot.model.duration import parse as _duration
from bot.names import RepositoryName

PREFIX = "ENVCLONE_"
FILE = "_FILE"

PUBLIC_API = "https://api.github.com"


class Settings(Document):
    """Everything that can be set. Lists are separated by commas; durations are written `30s`, `5m`, `2h`."""

    webhook_secrets: tuple[SecretStr, ...] = Field(
        (), description="Webhook secrets. While rotating, set both the new and the old one."
    )
    dispatch_secrets: tuple[SecretStr, ...] = Field(
        (),
        description="Secrets that other repositories sign their requests with (`repository_dispatch`). Unset: no such request is accepted.",
    )
    github_app_id: str | None = Field(
        None, pattern=r"^[A-Za-z0-9.]+$", description="Id (or client id) of the GitHub App."
    )
    github_private_key: SecretStr | None = Field(None, description="Private key of the GitHub App, as PEM text.")
    github_token: SecretStr | None = Field(None, description="A token, if there is no GitHub App.")
    github_login: str | None = Field(
        None, description="Login that the token writes as. Needed only if the token can't read its own user."
    )
    github_api_url: str = Field(
        PUBLIC_API,
        description="REST address; `https://HOST/api/v3` for GitHub Enterprise Server. Without TLS (`http://`) only on loopback.",
    )
    repositories: tuple[RepositoryName, ...] = Field(
        (),
        description="Repositories to serve (`owner/name`). Empty: all that the credentials can access. Required with a "
        "token, or clones never expire.",
    )
    content_per_minute: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="Comments, pull requests and other content created per minute. Unset: 80 on github.com, unlimited "
        "elsewhere.",
    )
    content_per_hour: Annotated[int, Field(ge=1)] | None = Field(
        None, description="The same per hour. Unset: 500 on github.com, unlimited elsewhere."
    )
    commands_per_author: int = Field(
        100, ge=1,
        description="Commands of one account that are answered in an hour; further ones only get a reaction, so that nobody uses up everybody's quota.",
    )  # fmt: skip
    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL (`postgresql://…`), needed for several replicas. Unset: SQLite files in the data directory.",
    )
    data_dir: Path = Field(Path("envclone-data"), description="Directory for SQLite files and git mirrors.")
    host: str = Field("127.0.0.1", description="Address to listen on for deliveries.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 picks a free port and prints it.")
    operations_host: str = Field(
        "127.0.0.1", description="Address to listen on for `/readyz` and `/metrics`. Keep it away from the internet."
    )
    operations_port: int | None = Field(
        None, ge=0, le=65535,
        description="Port for them; 0 picks a free port and prints it. Unset: the port after `ENVCLONE_PORT`, or a free one if that is 0.",
    )  # fmt: skip
    max_connections: int = Field(
        512, ge=16, le=16_384,
        description="Connections that may be open at once. If one more is opened, the one that has waited longest for its request is closed.",
    )  # fmt: skip
    max_body: int = Field(
        2 * 1024 * 1024, ge=1024, le=25 * 1024 * 1024,
        description="Largest delivery accepted, in bytes. GitHub sends up to 25 MiB; the events used here stay below 1 MiB.",
    )  # fmt: skip
    replica: str = Field(
        "", pattern=r"^[A-Za-z0-9_.-]{0,100}$",
        description="Unique name of this replica, stable across restarts. Unset: the host name.",
    )  # fmt: skip
    concurrency: int = Field(8, ge=1, le=256, description="Jobs that a worker runs in parallel.")
    stop_within: Duration = Field(
        _duration("20s"), description="How long running steps may take to finish on shutdown."
    )
    heartbeat: Duration = Field(_duration("5s"), description="How often a worker sends a heartbeat.")
    dead_after: Duration = Field(
        _duration("30s"),
        description="A worker without a heartbeat for this long counts as dead; others take over its jobs.",
    )
    sweep_every: Duration = Field(_duration("15m"), description="How often clones are checked for expiry.")
    look_back_every: Duration = Field(
        _duration("10m"),
        description="How often missed comments and deliveries are looked for; one request for each repository, and one for the App. Also at each start.",
    )
    traces_url: str | None = Field(
        None, pattern=r"^https?://[!-~]+$",
        description="Address of an OpenTelemetry collector (OTLP over HTTP) such as `http://127.0.0.1:4318/v1/traces`. Unset: no traces. Needs `envclone[traces]`.",
    )  # fmt: skip
    log_level: str = Field("INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$", description="Minimum log level.")

    @model_validator(mode="after")
    def _makes_sense(self) -> "Settings":
        if (self.github_app_id is None) != (self.github_private_key is None):
            raise InvalidInput("GITHUB_APP_ID and GITHUB_PRIVATE_KEY belong together: set both, or neither")
        if self.github_app_id is not None and self.github_token is not None:
            raise InvalidInput("set either GITHUB_APP_ID or GITHUB_TOKEN, not both")
        if self.dead_after < 2 * self.heartbeat:
            raise InvalidInput("DEAD_AFTER must be at least twice HEARTBEAT, or healthy workers are declared dead")
        return self

    @field_validator("github_api_url")
    @classmethod
    def _is_private(cls, url: str) -> str:
        """Refuse to send tokens in the clear."""
        parts = urlsplit(url)
        if parts.scheme not in {"https", "http"} or not parts.hostname or parts.username is not None:
            raise InvalidInput("use an address such as https://github.example.com/api/v3, without user or password")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise InvalidInput("use https://: http:// would send tokens in the clear, so it is for loopback only")
        return url

    @property
    def operations_port_or_next(self) -> int:
        """The port to bind for operations; 0 for a free one."""
        if self.operations_port is not None:
            return self.operations_port
        return self.port + 1 if 0 < self.port < 65535 else 0

    @property
    def replica_name(self) -> str:
        """This worker's name. With SQLite there is one worker, which keeps its name when its host gets another."""
        return self.replica or (socket.gethostname() if self.database_url else "local")

    @property
    def has_credentials(self) -> bool:
        return self.github_app_id is not None or self.github_token is not None

    @property
    def dispatch_keys(self) -> tuple[str, ...]:
        """The dispatches' secrets in the clear, for checking signatures."""
        return tuple(secret.get_secret_value() for secret in self.dispatch_secrets)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The webhook's secrets in the clear, for checking signatures."""
        return tuple(secret.get_secret_value() for secret in self.webhook_secrets)


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


ALIASES = {"WEBHOOK_SECRET": "WEBHOOK_SECRETS"}
LISTS = frozenset({"webhook_secrets", "dispatch_secrets", "repositories"})


def read(environment: Mapping[str, str]) -> Settings:
    """Read the settings. Raises `UserError` that names the variable, and never shows a value."""
    values: dict[str, object] = {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or value == "":
            continue
        field, text = _named(variable.removeprefix(PREFIX), value)
        if field in values:
            raise UserError(f"{variable} sets the same setting as another variable. Set only one of them.")
        values[field] = [part.strip() for part in text.split(",") if part.strip()] if field in LISTS else text
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise UserError(_explained(error)) from None


def _named(name: str, value: str) -> tuple[str, str]:
    """Return the field that a variable sets, and its text, from a file where it names one."""
    if name.endswith(FILE):
        try:
            value = Path(value).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise UserError(f"{PREFIX}{name} names a file that can't be read: {reason}.") from None
        name = name.removesuffix(FILE)
    return ALIASES.get(name, name).lower(), value.strip()  # a line's end comes along easily, and is part of no setting


def _explained(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_input=False, include_context=False, include_url=False):
        place = str(problem["loc"][0]).upper() if problem["loc"] else ""
        text = "unknown setting" if problem["type"] == "extra_forbidden" else plainly(problem["msg"])
        lines.append(f"{PREFIX}{place}: {text}" if place else text)
    return "Invalid settings:\n" + "\n".join(f"- {line}" for line in lines)
