"""Digests of values: plain ones for what anybody may know, keyed ones for what is secret."""

import hashlib
import hmac
import json

from bot.model.pipeline import Json


def digest_of(value: Json) -> str:
    """Return the SHA-256 of a JSON value in its one canonical form; never of a secret, which could be guessed from it."""
    return hashlib.sha256(_canonical(value)).hexdigest()


def keyed(value: Json, key: str) -> str:
    """Return the HMAC-SHA256 of a JSON value. Whoever has not the key learns nothing, not even of a short secret."""
    return hmac.new(key.encode(), _canonical(value), hashlib.sha256).hexdigest()


def _canonical(value: Json) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")
