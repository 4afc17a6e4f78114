"""Open the store at an address. The library of a cloud is loaded when a store in that cloud is opened, never before."""

import os
from pathlib import Path
from typing import assert_never

from bot.clients.objects.directory import DirectoryStore
from bot.clients.objects.store import ObjectStore
from bot.clouds.store_address import AzureBlobAddress, DirectoryAddress, GcsAddress, S3Address, StoreAddress
from bot.errors import UserError


def open_object_store(address: StoreAddress) -> ObjectStore:
    """Return the store; nothing is asked of it yet. Credentials are those that its library finds in the environment."""
    match address:
        case S3Address():
            return _s3(address)
        case DirectoryAddress():
            return DirectoryStore(Path(address.path))
        case GcsAddress():
            return _gcs(address)
        case AzureBlobAddress():
            return _azure(address)
        case _:
            assert_never(address)


def _s3(address: S3Address) -> ObjectStore:
    try:
        from bot.clients.objects.s3 import S3Store  # noqa: PLC0415 (boto3: 0.3 s of a start)
    except ImportError as error:
        raise UserError(
            f"boto3, which reaches {address}, is missing. The service's image leaves it out: run this where all of envclone is installed."
        ) from error
    # Terraform reads both variables, boto3 the second alone.
    region = address.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", "")
    return S3Store(address.bucket, address.prefix, region)


def _gcs(address: GcsAddress) -> ObjectStore:
    try:
        from bot.clients.objects.gcs import GcsStore  # noqa: PLC0415 (0.5 s of a start, and not always installed)
    except ImportError as error:
        raise _not_installed(address, "gcp") from error
    return GcsStore(address.bucket, address.prefix)


def _azure(address: AzureBlobAddress) -> ObjectStore:
    try:
        from bot.clients.objects.azure import AzureBlobStore  # noqa: PLC0415 (0.5 s of a start, and not always installed)
    except ImportError as error:
        raise _not_installed(address, "azure") from error
    url = f"https://{address.storage_account_name}.blob.core.windows.net"
    return AzureBlobStore(url, address.container_name, address.prefix)


def _not_installed(address: StoreAddress, extra: str) -> UserError:
    return UserError(f"To reach {address}, install what its cloud needs: `pip install 'envclone[{extra}]'`.")
