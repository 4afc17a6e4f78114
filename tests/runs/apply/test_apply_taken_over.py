"""What a dead run left is taken over only with a reason, which is kept."""

import json
import re
import uuid
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from bot.clients.ledger import LeaseHeld
from tests.support.cut_off import FIRST, kill_all_while_data_is_made, present
from tests.support.deploying import Deploying
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.e2e


def test_a_rescue_takes_over_with_its_reason_the_lease_and_the_state_locks(deploying: Deploying) -> None:
    head = deploying.deliver()
    log = deploying.place.parent / "apply.log"
    kill_all_while_data_is_made(deploying, log)
    with pytest.raises(LeaseHeld, match="`/unlock demo-x --because"):
        deploying.apply(head)  # nobody can tell from here that the run is dead
    said = "the runner was switched off, by @alice in #7"
    assert deploying.start(log, TAKE_OVER=said).wait(PATIENCE) == 0, log.read_text()
    assert re.search(rf"\[data\] removed the state's lock .*\({said}\)", log.read_text())
    assert [each.reason for each in deploying.ledger.takeovers] == [said]
    assert present(deploying) == FIRST

    # Somebody's Terraform, run by hand on a machine whose clock is ahead, left a lock; there is no lease to take.
    head = deploying.deliver(greeting="good day")
    lock = {
        "ID": str(uuid.uuid4()),
        "Operation": "apply",
        "Who": "bob@laptop",
        "Created": f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%S.6Z}",
    }
    key = "demo-x/data/terraform.tfstate.tflock"
    boto3.client("s3").put_object(Bucket=deploying.repo.bucket, Key=key, Body=json.dumps(lock).encode())
    [failed] = deploying.apply(head).failed
    assert "comment `/unlock demo-x --because" in failed.reason
    assert deploying.apply(head, take_over="bob says that his laptop crashed").has_succeeded, deploying.lines
    kept = deploying.ledger.takeovers[-1]
    assert lock["ID"] in kept.lock_owner
    assert kept.reason == "bob@laptop left it (bob says that his laptop crashed)"
