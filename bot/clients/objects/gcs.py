"""Objects in Google Cloud Storage, which decides every race by the generation of an object.

Source: https://cloud.google.com/storage/docs/request-preconditions. Needed: `storage.objects.get`, `create`, `delete` and `list`
(the role Storage Object User); without the last, Google says "access denied" of an object that is not there. Credentials are
an access token in `GOOGLE_OAUTH_ACCESS_TOKEN`, which Terraform reads too, or else Google's Application Default Credentials.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from typing import Final

from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError, NotFound, PreconditionFailed
from google.auth.exceptions import GoogleAuthError
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption
from google.cloud.storage.retry import DEFAULT_RETRY
from google.oauth2.credentials import Credentials
from requests import RequestException

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

# For traces that nobody collects here, the library asks in the background where the bucket lies: a right more than ours, and with
# retries of its own, that go on for minutes after we gave up.
os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")

_GENERATION: Final = re.compile(r"[1-9]\d{0,18}", re.ASCII)
_REASONS: Final = {HTTPStatus.NOT_FOUND: NO_PLACE, HTTPStatus.FORBIDDEN: DENIED, HTTPStatus.UNAUTHORIZED: DENIED}


def given_credentials() -> Credentials | None:
    """Return the access token that the environment gives, or None where Google's default chain is to be asked."""
    token = os.environ.get("GOOGLE_OAUTH_ACCESS_TOKEN")
    return Credentials(token) if token else None  # type: ignore[no-untyped-call]


class GcsStore:
    """Objects in a bucket, below `prefix`."""

    def __init__(self, bucket: str, prefix: str, bounds: StoreBounds = USUAL) -> None:
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self._page = bounds.page
        # The library counts time and no attempts: the last one begins before its deadline, and takes as long as an answer may.
        self._bounds = {
            "timeout": (bounds.connect.total_seconds(), bounds.answer.total_seconds()),
            "retry": DEFAULT_RETRY.with_timeout(bounds.answer.total_seconds() * (bounds.attempts - 1)),
        }

    @cached_property
    def _client(self) -> storage.Client:
        # Looking for credentials may ask a server, so it is done with the first request; objects need no project.
        return storage.Client(project=None, credentials=given_credentials())

    @property
    def server(self) -> str:
        # As the library finds it; its client would look for credentials first.
        return os.environ.get("STORAGE_EMULATOR_HOST", "https://storage.googleapis.com")

    def read(self, key: str) -> StoredObject | None:
        blob = placed(self.prefix, key)
        with self._asking("read", key):
            found = self._client.bucket(self.bucket).blob(blob)
            try:
                data = found.download_as_bytes(**self._bounds)
            except NotFound:
                self._find_bucket()
                return None
            return StoredObject(data, str(found.generation))

    def write(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        blob = placed(self.prefix, key)
        # To Google, generation 0 is that of an object that is not there.
        generation = 0 if if_absent else self._generation(key, if_match)
        with self._asking("written", key):
            written = self._client.bucket(self.bucket).blob(blob)
            written.upload_from_string(
                data, content_type="application/json", if_generation_match=generation, **self._bounds
            )
            return str(written.generation)

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        blob = placed(self.prefix, key)
        generation = self._generation(key, if_match)
        with self._asking("deleted", key):
            try:
                self._client.bucket(self.bucket).blob(blob).delete(if_generation_match=generation, **self._bounds)
            except NotFound:
                self._find_bucket()
                if if_match is not None:
                    raise conflict(self._shown(key)) from None

    def keys(self, below: str = "") -> Sequence[str]:
        prefix = listing_prefix(self.prefix, below)
        with self._asking("listed", below):
            found = self._client.list_blobs(
                self.bucket, prefix=prefix, page_size=self._page, fields="items(name),nextPageToken", **self._bounds
            )
            return relative([blob.name for blob in found], self.prefix)

    def _find_bucket(self) -> None:
        """Raise `NotFound` if it is the bucket that is not there: in both cases Google's answer is 404."""
        list(self._client.list_blobs(self.bucket, max_results=1, fields="items(name)", **self._bounds))

    def _generation(self, key: str, if_match: str | None) -> int | None:
        if if_match is None:
            return None
        # Another store's tag is that of no generation; 0 would say that there must be no object.
        if _GENERATION.fullmatch(if_match) is None:
            raise conflict(self._shown(key))
        return int(if_match)

    def _shown(self, key: str) -> str:
        return "/".join(part for part in ("gs:/", self.bucket, self.prefix, key) if part)

    @contextmanager
    def _asking(self, verb: str, key: str) -> Iterator[None]:
        try:
            yield
        except PreconditionFailed as error:
            raise conflict(self._shown(key)) from error
        except GoogleAPICallError as error:
            status = HTTPStatus(error.code or HTTPStatus.BAD_GATEWAY)
            answer = f"{status} {status.phrase}"
            reason = f"{_REASONS[status]} ({answer})" if status in _REASONS else answer
            raise unverifiable(verb, self._shown(key), reason) from error
        except (GoogleAPIError, GoogleAuthError, RequestException, DataCorruption) as error:
            raise unverifiable(verb, self._shown(key), str(error)) from error
