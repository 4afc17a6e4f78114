"""Settings from environment variables, and a log that keeps their secrets."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.logs import about, set_up
from bot.settings import PREFIX, Settings, read


def test_nothing_set_gives_the_embedded_service() -> None:
    settings = read({"PATH": "/bin"})
    assert (settings.database_url, settings.port, settings.replica_name) == (None, 8080, "local")
    assert not settings.has_credentials


def test_lists_durations_numbers_and_files(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("-----BEGIN-----\nnot a key\n-----END-----\n")
    settings = read(
        {
            "ENVCLONE_REPOSITORIES": "acme/one, acme/two",
            "ENVCLONE_WEBHOOK_SECRETS": "new,old",
            "ENVCLONE_STOP_WITHIN": "90s",
            "ENVCLONE_PORT": "0",
            "ENVCLONE_GITHUB_APP_ID": "7",
            "ENVCLONE_GITHUB_PRIVATE_KEY_FILE": str(key),
            "ENVCLONE_GITHUB_TOKEN": "",
        }
    )
    assert settings.repositories == ("acme/one", "acme/two")
    assert settings.secrets == ("new", "old")
    assert (settings.stop_within, settings.port) == (timedelta(seconds=90), 0)
    assert settings.github_private_key is not None
    assert settings.github_private_key.get_secret_value().startswith("-----BEGIN")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ENVCLONE_PORT": "99999"}, "ENVCLONE_PORT"),
        ({"ENVCLONE_REPOSITORIES": "acme"}, "ENVCLONE_REPOSITORIES"),
        ({"ENVCLONE_STOP_WITHIN": "soon"}, "ENVCLONE_STOP_WITHIN"),
        ({"ENVCLONE_WEBHOOK_SECRET": "a", "ENVCLONE_WEBHOOK_SECRETS": "b"}, "another variable"),
        ({"ENVCLONE_GITHUB_APP_ID": "1", "ENVCLONE_GITHUB_PRIVATE_KEY": "k", "ENVCLONE_GITHUB_TOKEN": "t"}, "either"),
        ({"ENVCLONE_GITHUB_API_URL": "http://github.example.com/api/v3"}, "API_URL: .*use https://"),
        ({"ENVCLONE_GITHUB_API_URL": "http://127.0.0.1.example.com"}, "use https://"),
        ({"ENVCLONE_GITHUB_API_URL": "ftp://github.example.com"}, "use an address such as"),
        ({"ENVCLONE_GITHUB_API_URL": "https://"}, "use an address such as"),
        ({"ENVCLONE_GITHUB_API_URL": "https://me:secret@github.example.com"}, "without user or password"),
        ({"ENVCLONE_HEARTBEAT": "10s", "ENVCLONE_DEAD_AFTER": "15s"}, "DEAD_AFTER"),
    ],
)
def test_what_does_not_hold_is_named(environment: dict[str, str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        read(environment)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/api/v3", "http://[::1]:80", "http://localhost/api/v3", "https://github.example.com"]
)
def test_an_api_is_asked_over_tls_or_on_loopback(url: str) -> None:
    assert read({"ENVCLONE_GITHUB_API_URL": url}).github_api_url == url


def test_operations_have_the_next_port_or_a_free_one() -> None:
    ports = [
        read({f"ENVCLONE_{name}": value for name, value in environment.items()}).operations_port_or_next
        for environment in ({}, {"PORT": "0"}, {"PORT": "65535"}, {"PORT": "0", "OPERATIONS_PORT": "9000"})
    ]
    assert ports == [8081, 0, 0, 9000]


def test_a_refusal_shows_no_secret() -> None:
    with pytest.raises(UserError) as refused:
        read({"ENVCLONE_GITHUB_PRIVATE_KEY": "hush-hush", "ENVCLONE_PORT": "x"})
    assert "hush-hush" not in str(refused.value)
    assert "hush-hush" not in repr(read({"ENVCLONE_GITHUB_TOKEN": "hush-hush"}))


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())
    assert all(name == name.lower() for name in Settings.model_fields)
    assert PREFIX == "ENVCLONE_"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    yield stream
    root.handlers, root.level = handlers, level


def test_lines_are_json_and_carry_what_they_are_about(log: io.StringIO) -> None:
    set_up("INFO", stream=log)
    with about(delivery="d-1", job="j"), about(step="publish"):
        logging.getLogger("bot.test").info("pushed", extra={"action": "push", "seconds": 0.5})
    logging.getLogger("bot.test").info("after")
    first, second = map(json.loads, log.getvalue().splitlines())
    assert {key: first[key] for key in ("message", "delivery", "job", "step", "action")} == {
        "message": "pushed", "delivery": "d-1", "job": "j", "step": "publish", "action": "push",
    }  # fmt: skip
    assert "delivery" not in second


def test_secrets_are_masked_wherever_they_stand(log: io.StringIO) -> None:
    token = "ghs_" + "a1B2" * 9
    set_up("INFO", ["dummy-secret", "line-one\nline-two"], stream=log)
    try:
        raise RuntimeError("https://x-access-token:dummy-pass@github.com and line-two")
    except RuntimeError:
        logging.getLogger("bot.test").exception("dummy-secret %s", token, extra={"url": f"https://a:{token}@host/"})
    text = log.getvalue()
    for secret in ("dummy-secret", "dummy-pass", "line-two", token):
        assert secret not in text
    assert "***" in text


def test_a_line_end_behind_a_secret_is_no_part_of_it() -> None:
    settings = read({"ENVCLONE_GITHUB_TOKEN": "ghp_of-a-bot\n", "ENVCLONE_WEBHOOK_SECRETS": "one\n"})
    assert settings.github_token is not None
    assert (settings.github_token.get_secret_value(), settings.secrets) == ("ghp_of-a-bot", ("one",))
