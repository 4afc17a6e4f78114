"""Each place that holds objects, and its server for as long as the tests of one file take."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clients.objects.store import ObjectStore
from tests.clients.objects.places import AzurePlace, DirectoryPlace, GcsPlace, ObjectPlace, S3Place
from tests.support.azure import AzureAccount, azure_storage
from tests.support.cloud import cloud
from tests.support.gcs import google_storage

# Azure's emulator is fetched from npm, half a minute on a fresh machine: the fast tests ask the other stores the same questions.
AZURE = pytest.param("azure", marks=pytest.mark.exhaustive)
SERVED = ("s3", "gcs", AZURE)
"""Places that a server answers for: only those can be out of reach."""

KINDS = (*SERVED, "directory")


@pytest.fixture(scope="module")
def s3_server() -> Iterator[None]:
    with cloud() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def gcs_server() -> Iterator[None]:
    with google_storage() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")  # Node takes a second to load it
def azure_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureAccount]:
    with azure_storage(tmp_path_factory.mktemp("azurite")) as account:
        yield account


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectPlace:
    return _place(request.param, request, tmp_path)


@pytest.fixture(params=SERVED)
def served_place(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectPlace:
    return _place(request.param, request, tmp_path)


@pytest.fixture
def store(place: ObjectPlace) -> ObjectStore:
    return place.store()


def _place(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> ObjectPlace:
    if kind == "directory":
        return DirectoryPlace(tmp_path / "objects")
    server = request.getfixturevalue(f"{kind}_server")
    match kind:
        case "s3":
            return S3Place()
        case "gcs":
            return GcsPlace()
        case _:
            return AzurePlace(server)
