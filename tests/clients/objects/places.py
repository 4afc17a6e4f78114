"""The places that hold objects, each as real as it can be had: what the contract is tested on."""

import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import boto3
import pytest
from azure.storage.blob import ContainerClient
from google.cloud import storage

from bot.clients.objects.azure import AzureBlobStore
from bot.clients.objects.directory import DirectoryStore
from bot.clients.objects.gcs import GcsStore
from bot.clients.objects.s3 import S3Store
from bot.clients.objects.store import USUAL, ObjectStore, StoreBounds
from tests.support.azure import AzureAccount
from tests.support.cloud import REGION

PREFIX = "envclone"


class ObjectPlace(Protocol):
    """A fresh bucket, container or directory."""

    def store(self, bounds: StoreBounds = USUAL) -> ObjectStore:
        """Return a new store on what is there."""
        ...

    def missing(self) -> ObjectStore:
        """Return a store on a bucket that does not exist."""
        ...

    def through(self, url: str, patch: pytest.MonkeyPatch) -> None:
        """Let stores that are made from now on talk to another server."""
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

    def through(self, url: str, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("AWS_ENDPOINT_URL", url)


@dataclass
class GcsPlace:
    """A bucket of the fake-gcs-server that the environment's variables name."""

    bucket: str = field(default_factory=lambda: f"state-{uuid.uuid4().hex}")

    def __post_init__(self) -> None:
        storage.Client(project="acme").create_bucket(self.bucket)

    def store(self, bounds: StoreBounds = USUAL) -> ObjectStore:
        return GcsStore(self.bucket, PREFIX, bounds)

    def missing(self) -> ObjectStore:
        return GcsStore("no-such-bucket-anywhere", "")

    def through(self, url: str, patch: pytest.MonkeyPatch) -> None:
        patch.setenv("STORAGE_EMULATOR_HOST", url)


@dataclass
class AzurePlace:
    """A container of an azurite."""

    account: AzureAccount
    container: str = field(default_factory=lambda: f"state-{uuid.uuid4().hex}")

    def __post_init__(self) -> None:
        ContainerClient(self.account.url, self.container, self.account.credential).create_container()

    def store(self, bounds: StoreBounds = USUAL) -> ObjectStore:
        credential = self.account.credential
        return AzureBlobStore(self.account.url, self.container, PREFIX, credential=credential, bounds=bounds)

    def missing(self) -> ObjectStore:
        return AzureBlobStore(self.account.url, "no-such-container", "", credential=self.account.credential)

    def through(self, url: str, patch: pytest.MonkeyPatch) -> None:
        self.account = replace(self.account, url=f"{url}{urlsplit(self.account.url).path}")


@dataclass
class DirectoryPlace:
    """A directory of this machine."""

    path: Path

    def store(self, bounds: StoreBounds = USUAL) -> ObjectStore:
        return DirectoryStore(self.path)

    def missing(self) -> ObjectStore:
        pytest.fail("A directory is made when it is first written to.")

    def through(self, url: str, patch: pytest.MonkeyPatch) -> None:
        pytest.fail("No server is asked.")
