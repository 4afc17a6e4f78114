"""Webhook signatures: GitHub's own vector, and what must never fit."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.signature import is_signed, signature

# https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"
HEADER = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_github_s_own_example_holds() -> None:
    assert signature(SECRET, BODY) == HEADER
    assert is_signed(HEADER, BODY, [SECRET])


def test_any_of_several_secrets_fits_while_one_is_replaced() -> None:
    assert is_signed(HEADER, BODY, ["new", SECRET])
    assert is_signed(HEADER, BODY, [SECRET, "new"])


@pytest.mark.parametrize("secrets", [[], [""], ["other"]])
def test_without_the_secret_nothing_fits(secrets: list[str]) -> None:
    assert not is_signed(HEADER, BODY, secrets)


def test_an_empty_secret_never_fits_its_own_signature() -> None:
    assert not is_signed(signature("", BODY), BODY, [""])


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256=",
        HEADER.upper(),
        HEADER.removeprefix("sha256="),
        HEADER + "0",
        HEADER + "\n",
        HEADER.replace("7571", "７571"),
        "sha1=" + hmac.new(SECRET.encode(), BODY, "sha1").hexdigest(),
    ],
)
def test_another_form_of_header_is_refused(header: str) -> None:
    assert not is_signed(header, BODY, [SECRET])


@given(st.text(min_size=1), st.binary(), st.binary())
def test_a_signature_fits_its_body_and_no_other(secret: str, body: bytes, other: bytes) -> None:
    header = signature(secret, body)
    assert is_signed(header, body, [secret])
    assert is_signed(header, other, [secret]) == (other == body)
