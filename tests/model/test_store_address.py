"""The address of a store: what is accepted, in which parts, and what is said of the rest."""

import pytest

from bot.errors import InvalidInput
from bot.model.store_address import DirectoryAddress, S3Address, StoreAddress, read_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("s3://acme-state", S3Address("acme-state")),
        ("s3://acme-state/envclone/eu", S3Address("acme-state", "envclone/eu")),
        ("s3://acme.state/x?region=us-gov-west-1", S3Address("acme.state", "x", "us-gov-west-1")),
        ("s3://acme-state?region=eu-central-1", S3Address("acme-state", "", "eu-central-1")),
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
