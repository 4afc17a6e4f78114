"""Search a subscription of Azure for what bears a tag, whatever made it: its resources and its resource groups.

Sources: https://learn.microsoft.com/en-us/rest/api/resources/resources/list and
https://learn.microsoft.com/en-us/rest/api/resources/resource-groups/list. Needed: to read both (the role Reader). A resource
does not inherit the tags of its group.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from azure.core.exceptions import AzureError
from requests import Session

from bot.clients.objects.azure import default_credential
from bot.clients.orphans.pages import MOST_PAGES, asking, listed, page
from bot.errors import Unverifiable

API: Final = "https://management.azure.com"
ADVICE: Final = "The identity needs the role Reader in the subscription."

_VERSION: Final = "2021-04-01"
_KINDS: Final = ("resources", "resourcegroups")


def tagged(
    subscription: str, tags: Mapping[str, Sequence[str]], *, api: str = API, token: str | None = None
) -> frozenset[str]:
    """Return the identifiers of what bears one of these values of one of these tags. Raises `Unverifiable`.

    Without a token Azure's default chain gives one.
    """
    session = Session()
    session.headers["Authorization"] = f"Bearer {token or _token()}"
    below = f"{api}/subscriptions/{quote(subscription, safe='')}"
    wanted = [(tag, value) for tag, values in tags.items() for value in values]
    with asking("Azure"):
        return frozenset(
            found
            for tag, value in wanted
            for kind in _KINDS
            for found in _identifiers(session, api, f"{below}/{kind}", _filter(tag, value))
        )


def _token() -> str:
    try:
        return str(default_credential(f"{API}/.default").get_token(f"{API}/.default").token)
    except AzureError as error:
        raise Unverifiable(f"Azure gave no credentials: {str(error.message).partition(chr(10))[0]}") from error


def _filter(tag: str, value: str) -> str:
    return " and ".join(
        f"{name} eq '{text.replace(chr(39), chr(39) * 2)}'" for name, text in (("tagName", tag), ("tagValue", value))
    )


def _identifiers(session: Session, api: str, url: str, wanted: str) -> Iterator[str]:
    parameters: dict[str, str] | None = {"$filter": wanted, "api-version": _VERSION}
    for _ in range(MOST_PAGES):
        fields = page(session, url, parameters, ADVICE)
        yield from (str(found.get("id")) for found in listed(fields, "value"))
        if not (following := fields.get("nextLink")):
            return
        url, parameters = str(following), None
        if not url.startswith(f"{api}/"):
            raise Unverifiable("Azure's list continues on another host, which gets no token")
    raise Unverifiable(f"the list of what has these tags has over {MOST_PAGES} pages")
