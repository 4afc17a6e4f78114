"""Each place that holds objects, and its server for as long as the tests of one file take."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.clients.objects.store import ObjectStore
from tests.clients.objects.places import DirectoryPlace, GcsPlace, ObjectPlace, S3Place
from tests.support.cloud import cloud
from tests.support.gcs import google_storage

SERVED = ("s3", "gcs")
"""Places that a server answers for: only those can be out of reach."""

PLACES: Mapping[str, type[S3Place] | type[GcsPlace]] = {"s3": S3Place, "gcs": GcsPlace}
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
    request.getfixturevalue(f"{kind}_server")
    return PLACES[kind]()
