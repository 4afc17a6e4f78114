"""The address of a PostgreSQL, with how soon a connection to it ends when nothing is heard any more."""

from urllib.parse import parse_qsl, urlsplit, urlunsplit

SILENCE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
"""A network that takes everything and hands on nothing is noticed within half a minute; by themselves systems wait for two hours.

In seconds, and the last one in milliseconds: https://www.postgresql.org/docs/current/libpq-connect.html
"""


def noticing_silence(url: str) -> str:
    """Return the address with these bounds; what it says of them itself stays."""
    parts = urlsplit(url)
    given = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    bounds = [f"{name}={value}" for name, value in SILENCE.items() if name not in given]
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, *bounds]))))
