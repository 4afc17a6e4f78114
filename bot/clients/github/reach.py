"""Whether anybody answers at GitHub's address, asked as the client asks: through the same proxies, by the same authorities."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from bot.clients.github.auth import TIMEOUT
from bot.clients.transient import Transient


def answered_at(api_url: str) -> datetime | None:
    """Return the time that an answer bears, whatever else it says. Raises `Transient` if there is none."""
    import requests  # noqa: PLC0415 (as in `session`)

    try:
        answer = requests.get(api_url, timeout=TIMEOUT)
    except (requests.ConnectionError, requests.Timeout) as error:
        raise Transient(f"nobody answers at {api_url} ({type(error).__name__})") from error
    said = answer.headers.get("Date")
    return parsedate_to_datetime(said) if said else None
