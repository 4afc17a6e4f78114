"""Objects in Azure Blob Storage, which decides every race by the ETag of a blob.

Source: https://learn.microsoft.com/en-us/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations.
Needed: to read, write, delete and list blobs (the role Storage Blob Data Contributor). Credentials are those of Azure's default
chain: `DefaultAzureCredential`.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Final, TypeAlias, TypedDict

from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential, TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobClient, ContainerClient, ContentSettings, ExponentialRetry

from bot.clients.objects.store import (
    DENIED,
    NO_PLACE,
    USUAL,
    StoreBounds,
    StoredObject,
    conflict,
    listing_prefix,
    placed,
    relative,
    unverifiable,
)

AzureCredential: TypeAlias = TokenCredential | AzureNamedKeyCredential

_TAG: Final = re.compile(r'"0x[0-9A-F]{1,16}"', re.ASCII)
_LOST: Final = frozenset({"BlobAlreadyExists", "ConditionNotMet", "TargetConditionNotMet"})
_ABSENT: Final = "BlobNotFound"
_REASONS: Final = {"ContainerNotFound": NO_PLACE}
_DENIED_STATUS: Final = frozenset({401, 403})
_ONE_REQUEST: Final = 256 * 1024 * 1024
"""Bytes that are read in one request. The library's 32 MiB would let another write come between two halves."""


class _Condition(TypedDict, total=False):
    etag: str
    match_condition: MatchConditions


class AzureBlobStore:
    """Objects in a container, below `prefix`."""

    def __init__(
        self,
        account_url: str,
        container: str,
        prefix: str,
        *,
        credential: AzureCredential | None = None,
        bounds: StoreBounds = USUAL,
    ) -> None:
        """`account_url` is that of the storage account. Without a credential the default chain finds one."""
        self.account_url = account_url
        self.container = container
        self.prefix = prefix.strip("/")
        self._credential = credential
        self._bounds = bounds

    @cached_property
    def _client(self) -> ContainerClient:
        again = self._bounds.attempts - 1
        return ContainerClient(
            self.account_url,
            self.container,
            self._credential or default_credential("https://storage.azure.com/.default"),
            connection_timeout=self._bounds.connect.total_seconds(),
            read_timeout=self._bounds.answer.total_seconds(),
            # The library's own pauses begin at 15 s: five attempts would outlast a lease.
            retry_policy=ExponentialRetry(
                initial_backoff=1,
                increment_base=2,
                random_jitter_range=1,
                retry_total=again,
                retry_connect=again,
                retry_read=again,
                retry_status=again,
            ),
            max_single_get_size=_ONE_REQUEST,
        )

    @property
    def server(self) -> str:
        return self.account_url

    def read(self, key: str) -> StoredObject | None:
        with self._asking("read", key), self._blob(key) as blob:
            try:
                found = blob.download_blob()
                return StoredObject(found.readall(), found.properties.etag)
            except ResourceNotFoundError as error:
                if _code(error) == _ABSENT:
                    return None
                raise

    def write(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        condition = self._condition(key, if_match)
        with self._asking("written", key), self._blob(key) as blob:
            settings = ContentSettings(content_type="application/json")
            written = blob.upload_blob(data, overwrite=not if_absent, content_settings=settings, **condition)
            return str(written["etag"])

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        condition = self._condition(key, if_match)
        with self._asking("deleted", key), self._blob(key) as blob:
            try:
                blob.delete_blob(delete_snapshots="include", **condition)
            except ResourceNotFoundError as error:
                if _code(error) != _ABSENT:
                    raise
                if if_match is not None:
                    raise conflict(self._shown(key)) from error

    def keys(self, below: str = "") -> Sequence[str]:
        prefix = listing_prefix(self.prefix, below)
        with self._asking("listed", below):
            found = self._client.list_blob_names(name_starts_with=prefix, results_per_page=self._bounds.page)
            return relative(list(found), self.prefix)

    def _blob(self, key: str) -> BlobClient:
        return self._client.get_blob_client(placed(self.prefix, key))

    def _condition(self, key: str, if_match: str | None) -> _Condition:
        placed(self.prefix, key)
        if if_match is None:
            return {}
        # Another store's tag is that of no blob, and Azure takes some of them for no condition at all.
        if _TAG.fullmatch(if_match) is None:
            raise conflict(self._shown(key))
        return {"etag": if_match, "match_condition": MatchConditions.IfNotModified}

    def _shown(self, key: str) -> str:
        return "/".join(part for part in (self.account_url, self.container, self.prefix, key) if part)

    @contextmanager
    def _asking(self, verb: str, key: str) -> Iterator[None]:
        try:
            yield
        except HttpResponseError as error:
            code = _code(error)
            if code in _LOST:
                raise conflict(self._shown(key)) from error
            known = DENIED if error.status_code in _DENIED_STATUS else _REASONS.get(code)
            raise unverifiable(verb, self._shown(key), f"{known} ({code})" if known else code) from error
        except AzureError as error:
            raise unverifiable(verb, self._shown(key), _first_line(error)) from error


def default_credential(scope: str) -> TokenCredential:
    """Return what Azure's default chain finds. Raises `AzureError` where it finds nothing."""
    found = DefaultAzureCredential()
    # Asked here, a chain without a credential fails at once; in a request the library would ask five times over.
    found.get_token(scope)
    return found


def _code(error: HttpResponseError) -> str:
    """Return the service's own code; what failed before a request was sent has none, and says in its first line what it was."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or error.status_code or _first_line(error))


def _first_line(error: AzureError) -> str:
    return str(error.message).partition("\n")[0]
