"""Search a project of Google Cloud for what bears a label, whatever made it, by Cloud Asset Inventory.

Source: https://cloud.google.com/asset-inventory/docs/reference/rest/v1/TopLevel/searchAllResources. Needed:
`cloudasset.assets.searchAllResources` (the role Cloud Asset Viewer), and the Cloud Asset API enabled in the project that the
identity belongs to. The index is a copy that follows within minutes; what has no labels is out of its sight.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

import google.auth
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from requests import Session

from bot.clients.objects.gcs import given_credentials
from bot.clients.orphans.pages import MOST_PAGES, asking, listed, page
from bot.errors import Unverifiable

API: Final = "https://cloudasset.googleapis.com"
ADVICE: Final = (
    "The identity needs the role Cloud Asset Viewer (`roles/cloudasset.viewer`) in the project, and the Cloud Asset API "
    "(`cloudasset.googleapis.com`) must be enabled."
)

_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
# https://cloud.google.com/resource-manager/docs/labels-overview#requirements, without the letters of other alphabets
_LABEL: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)


def tagged(project: str, tags: Mapping[str, Sequence[str]], *, api: str = API) -> frozenset[str]:
    """Return the full names of what bears one of these values of one of these labels. Raises `Unverifiable`.

    A label has no capitals: `Environment` is `environment` there.
    """
    labels = {_label(tag): values for tag, values in tags.items()}
    with asking("Google Cloud"):
        try:
            credentials = given_credentials() or google.auth.default(scopes=[_SCOPE])[0]
            session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
            url = f"{api}/v1/projects/{quote(project, safe='')}:searchAllResources"
            wanted = [(label, value) for label, values in labels.items() for value in values]
            return frozenset(name for label, value in wanted for name in _names(session, url, label, value))
        except GoogleAuthError as error:
            raise Unverifiable(f"Google Cloud gave no credentials: {error}") from error


def _names(session: Session, url: str, label: str, value: str) -> Iterator[str]:
    # The search is by words, and `demo-x` has two: what it finds is looked at.
    parameters = {"query": f'labels.{label}:"{value}"', "pageSize": "500"}
    for _ in range(MOST_PAGES):
        fields = page(session, url, parameters, ADVICE)
        for found in listed(fields, "results"):
            labels = found.get("labels")
            if isinstance(labels, dict) and labels.get(label) == value:
                yield str(found.get("name"))
        if not (token := fields.get("nextPageToken")):
            return
        parameters = {**parameters, "pageToken": str(token)}
    raise Unverifiable(f"the list of what has the label `{label}` has over {MOST_PAGES} pages")


def _label(tag: str) -> str:
    if not _LABEL.fullmatch(label := tag.lower()):
        raise Unverifiable(
            f"`{tag}` can't be a label in Google Cloud: name one with letters, digits, `-` and `_` in `environment_tag` of the policy."
        )
    return label
