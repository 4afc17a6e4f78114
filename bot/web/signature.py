"""GitHub's webhook signature: HMAC-SHA256 of the raw body, hexadecimal, in `X-Hub-Signature-256`.

Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hmac
import re
from collections.abc import Sequence

PREFIX = "sha256="
_HEADER = re.compile(r"sha256=[0-9a-f]{64}")


def signature(secret: str, body: bytes) -> str:
    """Return the header's value for a body, as GitHub sends it."""
    return PREFIX + hmac.new(secret.encode(), body, "sha256").hexdigest()


def is_signature(header: str) -> bool:
    """Say whether a header has the form of a signature, whatever was signed."""
    return _HEADER.fullmatch(header) is not None


def is_signed(header: str, body: bytes, secrets: Sequence[str]) -> bool:
    """Say whether the body was signed with one of the secrets (several while one is being replaced).

    Takes the same time whichever byte differs, and whichever secret fits. No secret, or an empty one, fits nothing.
    """
    if not is_signature(header):
        return False
    fits = False
    for secret in secrets:
        # `|=`, not `or`: every secret is tried, so that time does not tell which one fitted.
        fits |= bool(secret) and hmac.compare_digest(signature(secret, body), header)
    return fits
