"""A delivery becomes a job in repositories that are served, and a line in the log, once, in others."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clients.store import IGNORED, Delivery, SqliteStore
from bot.jobs.dispatcher import Dispatcher
from bot.jobs.figures import Figures
from bot.jobs.runner import Seen
from bot.names import RepositoryName
from bot.service.jobs_api import JobRequest
from tests.jobs.counting import CountingWork
from tests.web.serving import comment


@pytest.mark.parametrize(
    ("served", "outcome", "warnings"),
    [("ACME/infrastructure", "queued", 0), ("acme/former-name", IGNORED, 1)],
    ids=["served", "renamed"],
)
def test_a_repository_that_is_not_served_is_named_once_with_the_setting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, served: str, outcome: str, warnings: int
) -> None:
    store, asked = SqliteStore(tmp_path / "service.sqlite3"), list[JobRequest]()
    dispatcher = Dispatcher(
        store,
        CountingWork(tmp_path / "work"),
        asked.append,
        seen=Seen(Figures("one")),
        repositories=(RepositoryName(served),),
    )
    for number in (7, 8):
        delivery = Delivery(f"d-{number}", "issue_comment", comment(number, "/work one"), datetime.now(UTC))
        assert dispatcher.settle(delivery) == outcome
    store.close()
    said = [line for line in caplog.messages if "is not in ENVCLONE_REPOSITORIES" in line]
    assert len(said) == warnings
    assert len(asked) == (2 if outcome == "queued" else 0)
