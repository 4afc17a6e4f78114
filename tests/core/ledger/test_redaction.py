"""What is secret is hidden in whatever form it turns up."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.ledger.redaction import HIDDEN, Secrets, add_mask_lines, held

SECRETS = st.text(min_size=4, max_size=40).filter(lambda text: len(text.strip()) >= 4 and "*" not in text)


def known(*values: str) -> Secrets:
    secrets = Secrets()
    for value in values:
        secrets.add(value)
    return secrets


@given(SECRETS, st.text(max_size=30), st.text(max_size=30))
def test_a_secret_never_leaves(secret: str, before: str, after: str) -> None:
    secrets = known(secret)
    assert secret not in secrets.hide(before + secret + after)
    assert json.dumps(secret)[1:-1] not in secrets.hide(json.dumps({"a": before + secret + after}))


@given(st.lists(SECRETS, min_size=1, max_size=5), st.text(max_size=20))
def test_hiding_twice_changes_nothing_more(values: list[str], text: str) -> None:
    secrets = known(*values)
    once = secrets.hide(text + "".join(values))
    assert secrets.hide(once) == once


def test_each_line_of_a_secret_is_hidden() -> None:
    secrets = known("-----BEGIN-----\nabcdef\nghijkl\n-----END-----\n")
    assert secrets.hide("line: ghijkl!") == f"line: {HIDDEN}!"


def test_the_longer_of_two_secrets_is_hidden_whole() -> None:
    assert known("hunter", "hunter2-more").hide("hunter2-more") == HIDDEN


def test_short_values_don_t_shred_the_text() -> None:
    assert known("abc").hide("abcabc") == "abcabc"


def test_every_text_in_a_structure_is_a_secret() -> None:
    secrets = Secrets()
    secrets.add({"user": "administrator", "ports": [54321], "on": True})
    assert secrets.hide("administrator at 54321 is True") == "*** at *** is True"
    assert secrets.hide_in({"a": ["administrator", 54321, True, None]}) == {"a": ["***", "***", True, None]}
    assert "as administrator" in secrets


def test_github_is_told_line_by_line() -> None:
    assert list(add_mask_lines({"key": "100%sure\nab\nsecond line"})) == [
        "::add-mask::100%25sure",
        "::add-mask::second line",
    ]


@given(
    st.text(min_size=8, max_size=40).filter(lambda text: len(text.strip()) >= 8),
    st.binary(max_size=5),
    st.binary(max_size=5),
)
def test_a_secret_is_hidden_in_other_codings_too(secret: str, before: bytes, after: bytes) -> None:
    secrets, data = known(secret), secret.strip().encode()
    for code in (base64.b64encode, base64.urlsafe_b64encode):
        hidden = secrets.hide(code(before + data + after).decode())
        assert len(hidden) < len(code(before + data + after)) or HIDDEN in hidden
    assert quote(secret.strip(), safe="") not in secrets.hide(f"https://x/?a={quote(secret.strip(), safe='')}")


def test_the_tokens_and_keys_of_a_process_are_known_by_their_names() -> None:
    environment = {
        "GITHUB_TOKEN": "ghs_abcdefgh", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "eyJabcdefgh", "AWS_SECRET_ACCESS_KEY": "secret/key+1",
        "AWS_SESSION_TOKEN": "session-token", "TF_TOKEN_app_terraform_io": "registry-token", "ENVCLONE_DATABASE_URL": "postgresql://u:p@h/d",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://actions.example", "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7", "PATH": "/usr/bin", "GITHUB_REPOSITORY": "acme/platform", "MY_TOKEN": "short",
    }  # fmt: skip
    assert set(held(environment)) == {
        "ghs_abcdefgh", "eyJabcdefgh", "secret/key+1", "session-token", "registry-token", "postgresql://u:p@h/d",
    }  # fmt: skip


CODINGS: Mapping[str, Callable[[str], str]] = {
    "JSON": json.dumps,
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON of Go": lambda text: json.dumps(text, ensure_ascii=False).translate({ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}),
    "JSON with slashes": lambda text: json.dumps(text, ensure_ascii=False).replace("/", "\\/"),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON in JSON in a plan": lambda text: json.dumps(json.dumps(json.dumps(text))),
    "JSON of Go in a plan": lambda text: json.dumps(json.dumps(text).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")),
    "code": lambda text: json.dumps(text, ensure_ascii=False).replace("${", "$${"),
    "a URL": quote,
    "a part of a URL": lambda text: quote(text, safe=""),
    "a form": quote_plus,
    "a URL in small letters": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text)),
    "HTML": escape,
    "HTML's text": lambda text: escape(text, quote=False),
    "a shell": lambda text: f"'{text}'".replace("'", "'\"'\"'"),
    "Python": repr,
    "hexadecimal digits": lambda text: text.encode().hex(),
    "their capitals": lambda text: text.encode().hex().upper(),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
}  # fmt: skip


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize(
    "secret", ["p4ss\"w/or+d\\<x>&='1'${y} z", "first li/ne\nsecond+l<ine\n", "pass\u00e9w\u00f6rd/2"]
)
def test_a_secret_is_hidden_however_a_text_has_to_write_it(secret: str, coding: str) -> None:
    secrets = Secrets()
    secrets.add(secret)
    left = secrets.hide(CODINGS[coding](secret))
    assert HIDDEN in left
    # What is left is quotes and ends of lines, in whatever coding.
    assert not re.search(r"[A-Za-z0-9]{3}", left.replace("%0a", "").replace("%0A", "")), left
