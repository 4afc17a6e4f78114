"""Claims as git refs: one for each value, so that git itself lets only one environment have it."""

import re
from urllib.parse import quote, unquote

from bot.core.rendering.inventory import Claim
from bot.names import ParameterName

CLAIMS = "refs/envclone/claims"


def claim_ref(claim: Claim) -> str:
    """Return the ref whose existence is the claim: one for each value, so that a value can be held only once."""
    value = quote(claim.value, safe="").replace(".", "%2E").replace("~", "%7E").replace("%", "=")
    return f"{CLAIMS}/{claim.parameter}/{value}"


def claim_of(ref: str) -> Claim | None:
    """Return the claim that a ref is, or None when it is none of ours."""
    match = re.fullmatch(rf"{CLAIMS}/([a-z0-9_]+)/(.+)", ref)
    return Claim(ParameterName(match[1]), unquote(match[2].replace("=", "%"))) if match else None
