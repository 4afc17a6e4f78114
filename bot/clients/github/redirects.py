"""GitHub's redirects from a repository's former name. A job that was begun under that name goes on under the present one.

PyGithub loses the query of what it reads at a 301, and takes the 307 that answers what it writes for the result.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from github.Requester import Requester

LEADS_ON = {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT}
MOST = 3
"""Redirects after each other: a name leads to the id, and that to what is asked for."""
PORTS = {"http": 80, "https": 443}


def follow(requester: Requester) -> None:
    """Let a client of PyGithub's repeat what it asked where GitHub says; only there where it had asked, for the token goes along."""
    name = "_Requester__connectionClass"  # not public; `tests/service/test_refusals.py` fails if it moves
    connection: Any = getattr(requester, name)

    class LedOn(connection):  # type: ignore[misc]
        """A connection that repeats a request at another path."""

        def getresponse(self) -> Any:
            answer = super().getresponse()
            for _ in range(MOST):
                path = self._elsewhere(answer)
                if path is None:
                    break
                self.url = path
                answer = super().getresponse()
            return answer

        def _elsewhere(self, answer: Any) -> str | None:
            location = answer.headers.get("Location", "") if answer.status in LEADS_ON else ""
            place = urlsplit(location)
            if (place.scheme, place.hostname) != (self.protocol, self.host):
                return None
            if (place.port or PORTS[place.scheme]) != self.port:
                return None
            query = place.query or urlsplit(self.url).query
            return f"{place.path}?{query}" if query else place.path

    setattr(requester, name, LedOn)
