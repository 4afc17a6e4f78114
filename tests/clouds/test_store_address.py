"""The address of a store: what is accepted, in which parts, and what is said of the rest."""

import pytest

from bot.clouds.store_address import (
    AzureBlobAddress,
    DirectoryAddress,
    GcsAddress,
    S3Address,
    StoreAddress,
    read_address,
)
from bot.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("s3://acme-state", S3Address("acme-state")),
        ("s3://acme-state/envclone/eu", S3Address("acme-state", "envclone/eu")),
        ("s3://acme.state/x?region=us-gov-west-1", S3Address("acme.state", "x", "us-gov-west-1")),
        ("s3://acme-state?region=eu-central-1", S3Address("acme-state", "", "eu-central-1")),
        ("gs://acme_state.example.com/envclone", GcsAddress("acme_state.example.com", "envclone")),
        ("gs://acme-state", GcsAddress("acme-state")),
        ("azblob://acmestate/tfstate", AzureBlobAddress("acmestate", "tfstate")),
        ("azblob://acmestate/tf-state/a/b", AzureBlobAddress("acmestate", "tf-state", "a/b")),
        ("file:///var/lib/envclone", DirectoryAddress("/var/lib/envclone")),
        ("file:///with a space/and#%?", DirectoryAddress("/with a space/and#%?")),
    ],
)
def test_an_address_is_read_in_parts_and_written_as_it_was(text: str, address: StoreAddress) -> None:
    assert read_address(text) == address
    assert str(address) == text


def test_a_slash_at_the_end_says_nothing() -> None:
    assert read_address("s3://acme-state/") == S3Address("acme-state")
    assert read_address("file:///srv/") == DirectoryAddress("/srv")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acme-state",
        "s3://",
        "s3:///envclone",
        "s3://Acme",
        "s3://key:secret@acme-state",
        "s3://acme-state:443/x",
        "s3://acme-state/../x",
        "s3://acme-state/a//b",
        "s3://acme-state/x#y",
        "s3://acme-state?region=",
        "s3://acme-state?region=eu-central-1&region=us-east-1",
        "s3://acme-state?endpoint=https://example.com",
        "s3://acme-state\n",
        "S3://acme-state",
        "gs://Acme",
        "gs://acme-state?region=eu-central-1",
        "azblob://acmestate",
        "azblob://acme-state/tfstate",
        "azblob://acmestate/tf--state",
        "azblob://acmestate.blob.core.windows.net/tfstate",
        "https://acme.example.com/tfstate",
        "file://host/dir",
        "file:///",
        "file:///a/../b",
        "file:///a//b",
        "file:relative",
        "ftp://acme-state",
    ],
)
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"is not the address of a store\. Write `s3://BUCKET/PREFIX`"):
        read_address(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("https://acmestate.blob.core.windows.net/tfstate/a", "azblob://acmestate/tfstate/a"),
        ("https://storage.googleapis.com/acme-state/a", "gs://acme-state/a"),
        ("gcs://acme-state", "gs://acme-state"),
    ],
)
def test_another_tools_form_of_a_place_is_answered_with_ours(text: str, meant: str) -> None:
    with pytest.raises(InvalidInput, match=f"You probably mean `{meant}`"):
        read_address(text)
