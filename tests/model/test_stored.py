"""Documents beside the Terraform state stay readable when their fields get other names."""

import json

import pytest
from pydantic import ValidationError

from bot.core.ledger.ledger import Lease, Takeover, Undo
from bot.core.plans.review import ReviewedStep
from bot.model.pipeline import Json
from bot.model.stored import Stored

REFERENCE: Json = {"place": ["pin"], "parts": [{"source": "data.pin", "digest": "d"}], "is_text": True}
LEASE: dict[str, Json] = {"until": "2026-11-28T12:00:00Z", "since": "2026-11-28T11:00:00Z"}
TAKEOVER: dict[str, Json] = {"machine": "", "by": "two", "at": "2026-11-28T12:00:00Z", "reason": "it is gone"}


@pytest.mark.parametrize(
    ("model", "former", "now", "value", "rest"),
    [
        (Undo, "seals", "redactions", [REFERENCE], {}),
        (Lease, "holder", "lock_owner", "one", LEASE),
        (Takeover, "holder", "lock_owner", "one", TAKEOVER),
        (ReviewedStep, "stand_ins", "mock_outputs", ["vpc_id"], {"kind": "stack"}),
    ],
)
def test_a_document_of_an_earlier_version_is_read_and_written_with_the_names_of_today(
    model: type[Stored], former: str, now: str, value: Json, rest: dict[str, Json]
) -> None:
    found = model.model_validate_json(json.dumps({former: value, **rest}))
    assert found == model.model_validate_json(json.dumps({now: value, **rest}))
    written = json.loads(found.model_dump_json())
    assert now in written
    assert former not in written


def test_an_unknown_key_is_still_refused() -> None:
    with pytest.raises(ValidationError):
        Lease.model_validate({"owner": "one", **LEASE})
