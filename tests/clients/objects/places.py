"""The places that hold objects, each as real as it can be had: what the contract is tested on."""

import json
import os
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import boto3
import pytest

from bot.clients.objects.directory import DirectoryStore
from bot.clients.objects.s3 import S3Store
from bot.clients.objects.store import USUAL, ObjectStore, StoreBounds
from tests.support.azure import ACCOUNT, AzureAccount
from tests.support.cloud import REGION
from tests.support.forwarder import ForwardedAnswer

if TYPE_CHECKING:
    from bot.clients.objects.azure import AzureBlobStore
    from bot.clients.objects.gcs import GcsStore

PREFIX = "envclone"


def google_store(bucket: str, prefix: str = "", bounds: StoreBounds = USUAL) -> "GcsStore":
    """Return a store on a bucket of Google's."""
    from bot.clients.objects.gcs import GcsStore  # noqa: PLC0415 (half a second, for whoever runs these tests alone)

    return GcsStore(bucket, prefix, bounds)


def azure_store(
    account: AzureAccount, container: str, prefix: str = "", bounds: StoreBounds = USUAL
) -> "AzureBlobStore":
    """Return a store on a container of an account."""
    from bot.clients.objects.azure import AzureBlobStore  # noqa: PLC0415 (as above)

    return AzureBlobStore(account.url, container, prefix, credential=account.credential, bounds=bounds)


class ObjectPlace(Protocol):
    """A fresh bucket, container or directory."""

    def store(self, bounds: StoreBounds = USUAL) -> ObjectStore:
        """Return a new store on what is there."""
        ...

    def missing(self) -> ObjectStore:
        """Return a store on a bucket that does not exist."""
        ...

    def server(self) -> str:
        """Return the address of the server that answers."""
        ...

    def through(self, url: str, patch: pytest.MonkeyPatch) -> None:
        """Let stores that are made from now on talk to another server."""
        ...

    def denial(self) -> ForwardedAnswer:
        """Return what the service says to somebody without the right, as it documents it."""
        ...


@dataclass
class S3Place:
    """A bucket of the moto that the environment's variables name."""

    bucket: str = field(default_factory=lambda: f"state-{uuid.uuid4().hex}")

    def __post_init__(self) -> None:
        where = {"LocationConstraint": REGION}
        boto3.client("s3").create_bucket(Bucket=self.bucket, CreateBucketConfiguration=where)  # type: ignore[arg-type]

    def store(self, bounds: StoreBounds = USUAL) -> ObjectStore:
        return S3Store(self.bucket, PREFIX, REGION, bounds)

    def missing(self) -> ObjectStore:
        return S3Store("no-such-bucket-anywhere", "", REGION)

    def server(self) -> str:
        return os.environ["AWS_ENDPOINT_URL"]

    def through(self, url: str, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("AWS_ENDPOINT_URL", url)

    def denial(self) -> ForwardedAnswer:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        return ForwardedAnswer(403, {"Content-Type": "application/xml"}, body)


@dataclass
class GcsPlace:
    """A bucket of the fake-gcs-server that the environment's variables name."""

    bucket: str = field(default_factory=lambda: f"state-{uuid.uuid4().hex}")

    def __post_init__(self) -> None:
        from google.cloud import storage  # noqa: PLC0415 (as above)

        storage.Client(project="acme").create_bucket(self.bucket)

    def store(self, bounds: StoreBounds = USUAL) -> ObjectStore:
        return google_store(self.bucket, PREFIX, bounds)

    def missing(self) -> ObjectStore:
        return google_store("no-such-bucket-anywhere")

    def server(self) -> str:
        return os.environ["STORAGE_EMULATOR_HOST"]

    def through(self, url: str, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("STORAGE_EMULATOR_HOST", url)

    def denial(self) -> ForwardedAnswer:
        # https://cloud.google.com/storage/docs/json_api/v1/status-codes
        error = {"code": 403, "message": "Forbidden", "errors": [{"domain": "global", "reason": "forbidden"}]}
        return ForwardedAnswer(403, {"Content-Type": "application/json"}, json.dumps({"error": error}).encode())


@dataclass
class AzurePlace:
    """A container of an azurite."""

    account: AzureAccount
    container: str = field(default_factory=lambda: f"state-{uuid.uuid4().hex}")

    def __post_init__(self) -> None:
        from azure.storage.blob import ContainerClient  # noqa: PLC0415 (as above)

        ContainerClient(self.account.url, self.container, self.account.credential).create_container()

    def store(self, bounds: StoreBounds = USUAL) -> ObjectStore:
        return azure_store(self.account, self.container, PREFIX, bounds)

    def missing(self) -> ObjectStore:
        return azure_store(self.account, "no-such-container")

    def server(self) -> str:
        return self.account.url.removesuffix(f"/{ACCOUNT}")

    def through(self, url: str, patch: pytest.MonkeyPatch) -> None:
        self.account = replace(self.account, url=f"{url}/{ACCOUNT}")

    def denial(self) -> ForwardedAnswer:
        # https://learn.microsoft.com/en-us/rest/api/storageservices/blob-service-error-codes
        code = "AuthorizationPermissionMismatch"
        body = (
            f"<?xml version='1.0' encoding='utf-8'?><Error><Code>{code}</Code><Message>No.</Message></Error>".encode()
        )
        return ForwardedAnswer(403, {"Content-Type": "application/xml", "x-ms-error-code": code}, body)


@dataclass
class DirectoryPlace:
    """A directory of this machine."""

    path: Path

    def store(self, bounds: StoreBounds = USUAL) -> ObjectStore:
        return DirectoryStore(self.path)

    def missing(self) -> ObjectStore:
        pytest.fail("A directory is made when it is first written to.")

    def server(self) -> str:
        pytest.fail("No server is asked.")

    def through(self, url: str, patch: pytest.MonkeyPatch) -> None:
        pytest.fail("No server is asked.")

    def denial(self) -> ForwardedAnswer:
        pytest.fail("No server is asked.")
