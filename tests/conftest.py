"""How a run of all tests goes: the longest files begin first, and what tests measured is said at its end.

Workers take whole files (`--dist loadscope`), so that what a file sets up is set up once. A test says what it measured by
`record_property("measured", …)`; that is printed also of a run whose tests all pass.
"""

import gc
import os
import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import processor
from tests.support import budget, loading, needs

if TYPE_CHECKING:  # where workers run the tests, who directs them would need two seconds for it, and they wait
    from tests.support.small_monorepo import SmallMonorepo
    from tests.support.stages import Stages

budget.register()

# A shell that starts a run in the background lets it ignore Ctrl-C, and all its children would: here some must not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONGEST = (
    "tests/e2e/test_demo.py",
    "tests/cli/serving/test_service_killed.py",
    "tests/runs/plan/test_stories.py",
    "tests/e2e/test_adoption.py",
    "tests/e2e/test_lifecycle.py",
    "tests/e2e/test_evolution.py",
    "tests/sandbox/test_actions_runner.py",
    "tests/runs/destroy/test_destroy.py",
    "tests/templates/test_deployment.py",
    "tests/web/test_image.py",
    "tests/test_bounded_work.py",
    "tests/runs/drift/test_codify_on_aws.py",
    "tests/core/parity/by_code/test_mutations.py",
    "tests/sandbox/test_actions_whole.py",
    "tests/e2e/test_foreign_monorepo.py",
    "tests/runs/apply/test_apply_killed.py",
    "tests/jobs/test_replicas.py",
    "tests/jobs/test_worker.py",
    "tests/jobs/test_expiry.py",
    "tests/cli/serving/test_serve.py",
    "tests/runs/apply/test_apply.py",
    "tests/runs/apply/test_apply_taken_over.py",
    "tests/runs/apply/test_former_state.py",
    "tests/runs/drift/test_drift.py",
    "tests/cli/serving/test_flood.py",
    "tests/hooks/aws/test_killed_anywhere.py",
    "tests/hooks/aws/test_rds_snapshot.py",
)
"""The files that take longest. Those that wait for the AWS provider stand between those that keep a core busy."""

METER = processor.Meter()

WHOLE = {"service": "place", "hooks/aws": "around"}
"""In which rooms a test is a whole flow that starts with this fixture, unless it is marked as a sample."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let golden files be written again (`tests/golden`), all of the pipeline's tests run on one Terraform, and say how the walks go."""
    parser.addoption("--golden-update", action="store_true", help="write the golden files of tests/golden again")
    parser.addoption(
        "--terraform",
        choices=("turns", "own", "newer"),
        default="turns",
        help="which Terraform the pipeline's tests run on",
    )
    parser.addoption(
        "--door",
        choices=("own", "service", "handle"),
        default="own",
        help="what carries out the commands in the walks of tests/e2e: by itself, each is for one of them",
    )
    parser.addoption(
        "--provider",
        choices=("once", "each"),
        default="once",
        help="whether the AWS provider is started once for each stack in the walks of tests/e2e, or for each command, as for users",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave whole flows, and hooks on a whole AWS, to `make test-slow`, and put the longest files first, or the end of the run waits for one of them."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        is_whole = any(item.nodeid.startswith(f"tests/{room}/") and first in fixtures for room, first in WHOLE.items())
        if is_whole and item.get_closest_marker("sample") is None:
            item.add_marker("whole")
    place = {file: number for number, file in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Let the garbage collector rest while modules are loaded: nothing of them is garbage. By now the profile of property tests is known."""
    budget.without_our_constants()
    gc.disable()
    try:
        loading.load_in_turn(session.config.args)
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Let the garbage collector look at what tests make, and never at what was loaded: once costs each worker most of a second."""
    gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test start only what its markers name."""
    METER.read()  # what was between two tests, or before the first, is none's
    with needs.allowed({marker.name for marker in item.iter_markers()}), _umask_kept():
        return (yield)


@contextmanager
def _umask_kept() -> Iterator[None]:
    """Give the process its umask back: commands that keep secrets in files take one of their own, also where a test calls them here."""
    before = os.umask(0o077)
    os.umask(before)
    try:
        yield
    finally:
        os.umask(before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write down what each part of a test cost: its set-up, its call, its end."""
    report = yield
    report.user_properties.append((processor.PROPERTY, METER.read()))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print each figure that a test recorded, and what the rooms cost in a long run."""
    found = [
        (report, name, value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
        for name, value in report.user_properties
    ]
    measured = (str(value) for report, name, value in found if name == "measured" and report.when == "call")
    costs = ((report.nodeid, float(str(value))) for report, name, value in found if name == processor.PROPERTY)
    for title, said in (("measured", sorted(measured)), ("processor time", list(processor.lines(costs)))):
        if said:
            terminalreporter.section(title)
            for line in said:
                terminalreporter.write_line(line)


@pytest.fixture
def terraform_by_turn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put the Terraform whose turn it is on PATH; return which one: the machine's `own`, or the packaged `newer` one."""
    from tests.support.terraform import newer_first, on_newer  # noqa: PLC0415

    if not on_newer(request.config.getoption("--terraform"), request.node.nodeid.partition("::")[0]):
        return "own"
    monkeypatch.setenv("PATH", newer_first())
    return "newer"


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Stages]":
    """What tests of the service have reached and others begin with."""
    from tests.support.stages import Stages  # noqa: PLC0415

    found = Stages(tmp_path_factory.mktemp("stages"))
    yield found
    found.close()


@pytest.fixture
def place(tmp_path: Path, stages: "Stages") -> "Iterator[SmallMonorepo]":
    """A repository with people, and the service's flows."""
    from tests.support.small_monorepo import small_monorepo  # noqa: PLC0415

    with small_monorepo(tmp_path, stages=stages) as found:
        yield found
