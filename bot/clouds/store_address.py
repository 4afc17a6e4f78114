"""Where the objects beside the Terraform state lie: an address, in the words that Terraform's backends have for its parts.

| address | Terraform's backend |
| --- | --- |
| `s3://BUCKET/PREFIX?region=REGION` | `s3`: `bucket`, `region` |
| `gs://BUCKET/PREFIX` | `gcs`: `bucket`, `prefix` |
| `azblob://STORAGE_ACCOUNT/CONTAINER/PREFIX` | `azurerm`: `storage_account_name`, `container_name` |
| `file:///DIRECTORY` | `local`: `path` |

Prefix and region may be left out; without a region the environment's variables say it. An address holds no credential.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from bot.errors import InvalidInput
from bot.names import shown

STORE_FORMS: Final = (
    "`s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`, `azblob://STORAGE_ACCOUNT/CONTAINER/PREFIX` or `file:///DIRECTORY`"
)

# The providers' own rules for new names.
_S3_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_GCS_BUCKET = r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"
_STORAGE_ACCOUNT = r"[a-z0-9]{3,24}"
_CONTAINER = r"[a-z0-9](?:-?[a-z0-9]){2,62}"
_REGION = r"[a-z]{2,}(?:-[a-z]+)+-\d"

# No store takes every name: a directory has `.` and `..`, Azure no segment that ends in a dot, and the directory's own files begin with one.
SEGMENT = r"[A-Za-z0-9_-](?:[A-Za-z0-9._:-]{0,126}[A-Za-z0-9_:-])?"
"""One part of a key or a prefix, in letters that every store takes."""
_PREFIX = rf"{SEGMENT}(?:/{SEGMENT}){{0,9}}"


@dataclass(frozen=True, slots=True)
class S3Address:
    """Objects in a bucket of S3; without a region, in that of the environment's variables."""

    bucket: str
    prefix: str = ""
    region: str = ""

    def __str__(self) -> str:
        query = f"?region={self.region}" if self.region else ""
        return f"{_joined('s3:/', self.bucket, self.prefix)}{query}"


@dataclass(frozen=True, slots=True)
class GcsAddress:
    """Objects in a bucket of Google Cloud Storage."""

    bucket: str
    prefix: str = ""

    def __str__(self) -> str:
        return _joined("gs:/", self.bucket, self.prefix)


@dataclass(frozen=True, slots=True)
class AzureBlobAddress:
    """Objects in a container of Azure Blob Storage."""

    storage_account_name: str
    container_name: str
    prefix: str = ""

    def __str__(self) -> str:
        return _joined("azblob:/", self.storage_account_name, self.container_name, self.prefix)


@dataclass(frozen=True, slots=True)
class DirectoryAddress:
    """Objects in a directory of one machine."""

    path: str

    def __str__(self) -> str:
        return f"file://{self.path}"


StoreAddress: TypeAlias = S3Address | GcsAddress | AzureBlobAddress | DirectoryAddress


def _s3(parts: re.Match[str]) -> StoreAddress:
    return S3Address(parts["bucket"], parts["prefix"] or "", parts["region"] or "")


def _gcs(parts: re.Match[str]) -> StoreAddress:
    return GcsAddress(parts["bucket"], parts["prefix"] or "")


def _azure(parts: re.Match[str]) -> StoreAddress:
    return AzureBlobAddress(parts["account"], parts["container"], parts["prefix"] or "")


def _directory(parts: re.Match[str]) -> StoreAddress:
    return DirectoryAddress(parts["path"])


_BELOW = rf"(?:/(?P<prefix>{_PREFIX})?)?"
_READERS: Sequence[tuple[str, Callable[[re.Match[str]], StoreAddress]]] = (
    (rf"s3://(?P<bucket>{_S3_BUCKET}){_BELOW}(?:\?region=(?P<region>{_REGION}))?", _s3),
    (rf"gs://(?P<bucket>{_GCS_BUCKET}){_BELOW}", _gcs),
    (rf"azblob://(?P<account>{_STORAGE_ACCOUNT})/(?P<container>{_CONTAINER}){_BELOW}", _azure),
    (r"file://(?P<path>(?:/(?!\.{1,2}(?:/|$))[^/\x00-\x1f]+)+)/?", _directory),
)


STORE_PATTERN: Final = "|".join(re.sub(r"\?P<\w+>", "?:", pattern) for pattern, _ in _READERS)
"""What every address matches."""


def read_address(text: str) -> StoreAddress:
    """Return the address that `text` is. Raises `InvalidInput`."""
    for pattern, read in _READERS:
        if parts := re.fullmatch(pattern, text, re.ASCII):
            return read(parts)
    raise InvalidInput(f"{shown(text)} is not the address of a store. Write {STORE_FORMS}.{_hint(text)}")


def _hint(text: str) -> str:
    """Return what probably was meant, if it is another tool's form of the same place."""
    blob = re.match(rf"https://({_STORAGE_ACCOUNT})\.blob\.core\.windows\.net/({_CONTAINER}/?.*)", text, re.ASCII)
    other = re.match(r"(?:gcs|https://storage\.googleapis\.com)(?:://|/)(.*)", text, re.ASCII)
    meant = f"azblob://{blob[1]}/{blob[2]}" if blob else f"gs://{other[1]}" if other else ""
    known = any(re.fullmatch(pattern, meant, re.ASCII) for pattern, _ in _READERS)
    return f" You probably mean `{meant}`." if known else ""


def _joined(*parts: str) -> str:
    return "/".join(part for part in parts if part)
