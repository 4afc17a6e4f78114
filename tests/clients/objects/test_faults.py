"""What a store says when its service refuses, fails, is silent or breaks off: the same of each, and never a guess."""

import base64
import gc
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clients.objects.directory import DirectoryStore
from bot.clients.objects.s3 import S3Store
from bot.clients.objects.store import Conflict, ObjectStore, StoreBounds
from bot.errors import Unverifiable
from tests.clients.objects.places import AzurePlace, ObjectPlace, azure_store, google_store
from tests.support.azure import AzureAccount
from tests.support.cloud import REGION
from tests.support.forwarder import Between, Forward, ForwardedAnswer, ForwardedRequest, forwarding
from tests.support.patience import PATIENCE

KEY = "ledger/demo-x.json"
IMPATIENT = StoreBounds(connect=timedelta(seconds=0.5), answer=timedelta(seconds=0.3), attempts=2)
WRITES = frozenset({"PUT", "POST"})

# Google's library leaves the connection of an answer that it does not read to the garbage collector: collect it here, and not in
# the middle of another test.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


class Fault:
    """Puts something between a place and its server, and keeps what was asked."""

    def __init__(self, place: ObjectPlace, patch: pytest.MonkeyPatch, stack: ExitStack) -> None:
        self.place = place
        self.asked: list[str] = []
        self._patch, self._stack = patch, stack

    def by(self, between: Between) -> None:
        """Let this answer from now on."""

        def counted(request: ForwardedRequest, forward: Forward) -> ForwardedAnswer | None:
            self.asked.append(f"{request.method} {request.target}")
            return between(request, forward)

        url = self._stack.enter_context(forwarding(self.place.server(), counted))
        self.place.through(url, self._patch)


@pytest.fixture
def fault(served_place: ObjectPlace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fault]:
    gc.freeze()  # only what the test makes is looked through afterwards: everything takes a third of a second
    with ExitStack() as stack:
        yield Fault(served_place, monkeypatch, stack)
    gc.collect()


def assert_every_verb_fails(store: ObjectStore, reason: str) -> None:
    """Ask everything of the store; each time it must say what could not be done, and why."""
    verbs: dict[str, Callable[[], object]] = {
        "read": lambda: store.read(KEY),
        "written": lambda: store.write(KEY, b"", if_absent=True),
        "deleted": lambda: store.delete(KEY),
        "listed": lambda: store.keys("ledger"),
    }
    for verb, ask in verbs.items():
        with pytest.raises(Unverifiable, match=rf"could not be {verb}: {reason}"):
            ask()


def test_without_the_right_nothing_is_known(fault: Fault) -> None:
    fault.by(lambda request, forward: fault.place.denial())
    assert_every_verb_fails(fault.place.store(), "access was denied")
    assert sorted(fault.asked) == sorted(set(fault.asked)), "asking again would not help"


def test_nothing_is_asked_but_what_a_verb_needs(fault: Fault) -> None:
    before = set(threading.enumerate())
    fault.by(lambda request, forward: forward(request))
    store = fault.place.store()
    store.write(KEY, b"1", if_absent=True)
    store.read(KEY)
    store.keys("ledger")
    store.delete(KEY)
    for thread in set(threading.enumerate()) - before:
        if "_fetch_background" in thread.name:  # Google's library names them so
            thread.join(PATIENCE)
    assert len(fault.asked) == 4, fault.asked


@pytest.mark.exhaustive  # it needs Azure's emulator
def test_another_accounts_key_is_no_right(azure_server: AzureAccount) -> None:
    place = AzurePlace(azure_server)
    other = replace(azure_server, key=base64.b64encode(bytes(32)).decode())
    assert_every_verb_fails(azure_store(other, place.container), "access was denied")


def test_a_directory_that_can_not_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "ledger").symlink_to("ledger")  # to itself: that stops also a superuser, whom no mode stops
    assert_every_verb_fails(DirectoryStore(tmp_path), "Too many levels of symbolic links")


def test_a_directory_has_no_object_above_another(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.write("a/b", b"1")
    assert store.read("a") is None
    assert store.read("a/b/c") is None
    with pytest.raises(Unverifiable, match="a could not be written: there are objects below it"):
        store.write("a", b"2")
    with pytest.raises(Unverifiable, match="a/b/c could not be written: there is an object above it"):
        store.write("a/b/c", b"2")
    assert list(store.keys()) == ["a/b"]


def test_a_service_that_is_silent_is_given_up(fault: Fault) -> None:
    end = threading.Event()

    def silent(request: ForwardedRequest, forward: Forward) -> None:
        end.wait(PATIENCE)

    fault.by(silent)
    try:
        with pytest.raises(Unverifiable, match="could not be read"):
            fault.place.store(IMPATIENT).read(KEY)
        with pytest.raises(Unverifiable, match="could not be written"):
            fault.place.store(IMPATIENT).write(KEY, b"1", if_absent=True)
        deadline = time.monotonic() + PATIENCE
        while len(fault.asked) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)  # on a busy machine a client gives up before the server has read what it asked
    finally:
        end.set()
    assert 2 <= len(fault.asked) <= 2 * IMPATIENT.attempts


def test_a_service_that_nobody_answers_for_is_given_up(
    served_place: ObjectPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and nobody listens
        served_place.through(f"http://127.0.0.1:{closed.getsockname()[1]}", monkeypatch)
        with pytest.raises(Unverifiable, match="could not be read"):
            served_place.store(IMPATIENT).read(KEY)


def test_a_moment_of_overload_is_outlasted(fault: Fault) -> None:
    overloaded = ["write", "read"]

    def between(request: ForwardedRequest, forward: Forward) -> ForwardedAnswer:
        if overloaded and overloaded[0] == ("write" if request.method in WRITES else "read"):
            overloaded.pop(0)
            return ForwardedAnswer(503, {}, b"")
        return forward(request)

    fault.by(between)
    store = fault.place.store()
    etag = store.write(KEY, b"1", if_absent=True)
    stored = store.read(KEY)
    assert stored is not None
    assert (stored.data, stored.etag) == (b"1", etag)
    assert overloaded == []


def test_an_overload_that_lasts_is_given_up(fault: Fault) -> None:
    fault.by(lambda request, forward: ForwardedAnswer(503, {}, b""))
    with pytest.raises(Unverifiable, match="could not be read"):
        fault.place.store(IMPATIENT).read(KEY)


def test_a_write_whose_answer_is_lost_is_a_conflict_with_oneself(fault: Fault) -> None:
    lost: list[str] = []

    def between(request: ForwardedRequest, forward: Forward) -> ForwardedAnswer | None:
        answer = forward(request)
        if request.method in WRITES and not lost:
            lost.append(request.target)
            return None
        return answer

    fault.by(between)
    store = fault.place.store()
    with pytest.raises(Conflict):
        store.write(KEY, b"ours", if_absent=True)
    stored = store.read(KEY)
    assert stored is not None
    assert stored.data == b"ours"


def test_half_an_object_is_none(fault: Fault) -> None:
    fault.place.store().write(KEY, bytes(100_000))
    fault.by(lambda request, forward: replace(forward(request), cut=True))
    with pytest.raises(Unverifiable, match="could not be read"):
        fault.place.store(IMPATIENT).read(KEY)


def test_without_credentials_nothing_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("STORAGE_EMULATOR_HOST", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    nowhere = str(tmp_path / "nothing")
    # Each chain is kept from asking the machine's cloud, which would be another test on each machine.
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, nowhere)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    from bot.clients.objects.azure import AzureBlobStore  # noqa: PLC0415 (half a second, for whoever runs these tests alone)

    for store, reason in (
        (S3Store("acme-state", "", REGION), "Unable to locate credentials"),
        (google_store("acme-state"), f"File {nowhere} was not found"),
        (
            AzureBlobStore("https://acme.blob.core.windows.net", "state", ""),
            "DefaultAzureCredential failed to retrieve a token",
        ),
    ):
        assert_every_verb_fails(store, reason)
