"""Who calls: requests signed with keys that no account has issued are refused, as AWS does.

moto answers them from a default account instead, so that a forgotten credential would look like a working one.
"""

import json
import re
from dataclasses import dataclass
from wsgiref.types import WSGIEnvironment

from moto.iam.models import iam_backends

_KEY = re.compile(r"Credential=([^/]+)/")
_MESSAGE = "The security token included in the request is invalid."


@dataclass(frozen=True, slots=True)
class CallerRefusal:
    """An answer in place of moto's."""

    status: str
    content_type: str
    body: bytes


class Callers:
    """Knows which access keys the accounts of this process have issued."""

    def refusal(self, environ: WSGIEnvironment) -> CallerRefusal | None:
        """Return the answer to a caller whom no account knows, None for everybody else."""
        if "HTTP_X_MOTO_ACCOUNT_ID" in environ:  # the sandbox itself, setting accounts up
            return None
        signed = _KEY.search(environ.get("HTTP_AUTHORIZATION", ""))
        if signed is None or self._issued(signed[1]):
            return None
        if "HTTP_X_AMZ_TARGET" in environ:
            body = json.dumps({"__type": "UnrecognizedClientException", "message": _MESSAGE})
            return CallerRefusal("400 Bad Request", "application/x-amz-json-1.1", body.encode())
        body = f"<Code>InvalidClientTokenId</Code><Message>{_MESSAGE}</Message>"
        return CallerRefusal(
            "403 Forbidden", "text/xml", f"<ErrorResponse><Error>{body}</Error></ErrorResponse>".encode()
        )

    def _issued(self, key: str) -> bool:
        return any(key in account["aws"].access_keys for account in list(iam_backends.values()))
