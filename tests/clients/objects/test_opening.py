"""A store is opened by its address, and loads the library of its own cloud alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.clients.objects.directory import DirectoryStore
from bot.clients.objects.opening import open_object_store
from bot.clients.objects.s3 import S3Store
from bot.clouds.store_address import S3Address, read_address
from bot.errors import UserError
from tests.clients.objects.places import GcsPlace, S3Place, google_store
from tests.support.patience import PATIENCE

LIBRARIES = (
    "boto3",
    "botocore",
    "google.cloud.storage",
    "google.auth",
    "azure.core",
    "azure.identity",
    "azure.storage.blob",
)


def test_a_directory_is_opened_by_its_address(tmp_path: Path) -> None:
    store = open_object_store(read_address(f"file://{tmp_path}/objects"))
    assert isinstance(store, DirectoryStore)
    store.write("a", b"1")
    assert (tmp_path / "objects" / "a").read_bytes() == b"1"


def test_a_bucket_of_s3_is_opened_by_its_address(s3_server: None) -> None:
    bucket = S3Place().bucket
    store = open_object_store(read_address(f"s3://{bucket}/below/here?region=eu-central-1"))
    assert isinstance(store, S3Store)
    store.write("a", b"1")
    assert list(S3Store(bucket, "", "eu-central-1").keys()) == ["below/here/a"]


def test_a_bucket_of_google_is_opened_by_its_address(gcs_server: None) -> None:
    bucket = GcsPlace().bucket
    store = open_object_store(read_address(f"gs://{bucket}/below/here"))
    store.write("a", b"1")
    assert list(google_store(bucket).keys()) == ["below/here/a"]


def test_a_container_of_azure_is_opened_by_its_address() -> None:
    from bot.clients.objects.azure import AzureBlobStore  # noqa: PLC0415 (it takes half a second to load)

    store = open_object_store(read_address("azblob://acmestate/tfstate/below/here"))
    assert isinstance(store, AzureBlobStore)
    assert (store.account_url, store.container) == ("https://acmestate.blob.core.windows.net", "tfstate")
    assert store.prefix == "below/here"


@pytest.mark.parametrize(
    ("address", "library", "extra"),
    [
        ("gs://acme-state/x", "google.api_core.exceptions", "gcp"),
        ("azblob://acmestate/tfstate", "azure.storage.blob", "azure"),
    ],
)
def test_without_its_library_a_store_says_what_to_install(
    address: str, library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ours in ("gcs", "azure"):
        monkeypatch.delitem(sys.modules, f"bot.clients.objects.{ours}")
    monkeypatch.setitem(sys.modules, library, None)  # as Python marks what can't be imported
    with pytest.raises(UserError, match=rf"To reach {address}, .* `pip install 'envclone\[{extra}\]'`\."):
        open_object_store(read_address(address))


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_without_a_region_the_environments_variables_say_it(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "eu-north-1")
    store = open_object_store(S3Address("acme-state"))
    assert isinstance(store, S3Store)
    assert store.region == "eu-north-1"


def test_no_library_of_a_cloud_is_loaded_before_a_store_in_that_cloud_is_opened(tmp_path: Path) -> None:
    program = f"""
import sys
from bot.clients.objects.opening import open_object_store
from bot.clouds.store_address import read_address
open_object_store(read_address("file://{tmp_path}")).write("a", b"1")
print([name for name in {LIBRARIES!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout.strip() == "[]"
