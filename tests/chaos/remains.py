"""What there is of an environment at the end, in words that don't depend on commits, times and random ids."""

import json
import re
from collections import Counter
from collections.abc import Iterable

from bot.core.ledger.destroy_report import DestroyReport
from tests.support.deploying import Deploying
from tests.support.product import MADE

MADE_BY_TERRAFORM = "made by Terraform: "
RANDOM = "/demo-x/group"
"""Its value has the id of another resource in it."""


def remains(deploying: Deploying) -> "Counter[str]":
    """Return what is in the states, the ledger and the account, what was made on the way, and what hooks did."""
    return Counter([*_objects(deploying), *_ledger(deploying), *_made(deploying), *deploying.left()])


def _objects(deploying: Deploying) -> Iterable[str]:
    keys = deploying.store.keys()
    for key in keys:
        yield f"object {re.sub('[0-9a-f]{40}', '…', key)}"
        if key.startswith("receipts/"):
            stored = deploying.store.read(key)
            assert stored is not None
            receipt = DestroyReport.model_validate_json(stored.data)
            yield from (f"receipt: {each} destroyed" for each in receipt.destroyed)
            yield from (f"receipt: {each.what.replace(str(deploying.place), '…')} remains" for each in receipt.remains)
            yield f"receipt: {receipt.model_dump_json(include={'orphans'})}"


def _ledger(deploying: Deploying) -> Iterable[str]:
    ledger = deploying.ledger
    for name, entry in ledger.steps.items():
        yield f"ledger: {name} {entry.verb} {entry.result}"
    if ledger.lease is not None:
        yield "ledger: a lease"


def _made(deploying: Deploying) -> Iterable[str]:
    marks = deploying.place / MADE
    yield from (f"{MADE_BY_TERRAFORM}{key}" for key in (marks.read_text().split() if marks.exists() else ()))
    # A hook that was begun but not done when the kill came is run again; it says itself whether anything is left to do.
    yield from {f"the hook's {verb}" for verb in deploying.ran()}
    for name, (value, _) in deploying.parameters().items():
        yield f"{name} = {'…' if name == RANDOM else json.dumps(value)}"
