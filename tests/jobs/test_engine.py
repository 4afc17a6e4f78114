"""What we lean on in the engine, and what its version is pinned for."""

import inspect
from importlib.metadata import version

from dbos import DBOS
from dbos._recovery import recover_pending_workflows
from dbos._serialization import DBOSPortableJSON


def test_the_calls_that_are_not_public_are_where_they_were() -> None:
    assert version("dbos") == "3.4.0"
    assert list(inspect.signature(DBOS._recover_pending_workflows).parameters) == ["executor_ids"]
    assert list(inspect.signature(recover_pending_workflows).parameters) == ["dbos", "executor_ids"]
    assert DBOSPortableJSON.name() == "portable_json"
