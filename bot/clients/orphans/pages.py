"""A cloud's list, page by page over HTTP, with patience; whatever is not a list is no answer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias, cast

from requests import RequestException, Response, Session

from bot.errors import Unverifiable

Fields: TypeAlias = dict[str, object]

TIMEOUT: Final = (10, 30)
"""Seconds to connect, and to wait for an answer."""

MOST_PAGES: Final = 200
"""Of some hundred resources each: a list that never ends must not keep a destroy from ending."""

LONGEST_REASON: Final = 500

_PAUSES: Final = (0, 1, 2, 4)
"""Seconds before another attempt. How long a server asks to be left alone is not listened to: a lease lasts five minutes."""
_FOR_A_MOMENT: Final = frozenset({429, 500, 502, 503, 504})


@contextmanager
def asking(cloud: str) -> Iterator[None]:
    """Raise `Unverifiable` where the cloud can't be reached."""
    try:
        yield
    except RequestException as error:
        raise Unverifiable(f"{cloud} could not be reached: {type(error).__name__}") from error


def page(session: Session, url: str, parameters: dict[str, str] | None, advice: str) -> Fields:
    """Return a page's fields. Raises `Unverifiable`, with `advice` where the right is missing."""
    answer = _answer(session, url, parameters)
    found = _fields(answer)
    if answer.status_code == 200 and found is not None:
        return found
    said = f"{answer.status_code} {_message(found)}".strip()[:LONGEST_REASON]
    raise Unverifiable(f"{said}\n{advice}" if answer.status_code in {401, 403} else said)


def _answer(session: Session, url: str, parameters: dict[str, str] | None) -> Response:
    for pause in (*_PAUSES, None):
        try:
            # A redirect would take the token along to another place of the same host.
            answer = session.get(url, params=parameters, timeout=TIMEOUT, allow_redirects=False)
        except RequestException:
            if pause is None:
                raise
        else:
            if pause is None or answer.status_code not in _FOR_A_MOMENT:
                return answer
        time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def listed(fields: Fields, name: str) -> Iterator[Fields]:
    """Yield the resources of a page; a page without any may leave the list out."""
    found = fields.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Unverifiable(f"the answer's `{name}` is not a list of resources")
    yield from cast("list[Fields]", found)


def _fields(answer: Response) -> Fields | None:
    try:
        found: object = answer.json()
    except ValueError:
        return None
    return cast("Fields", found) if isinstance(found, dict) else None


def _message(fields: Fields | None) -> str:
    """Return what both clouds say of a failure: `{"error": {"message": …}}`."""
    error = (fields or {}).get("error")
    return str(error.get("message", "")) if isinstance(error, dict) else "without a reason"
