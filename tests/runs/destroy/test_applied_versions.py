"""What a destroy goes by: each step's code at the commit that applied it, in an order that always exists; git alone, no Terraform."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clients.terraform.terraform import Terraform
from bot.core.ledger.ledger import Ledger, LedgerEntry, Undo
from bot.core.ledger.renamed_steps import STATE, with_present_names
from bot.core.tree import File
from bot.errors import UserError
from bot.model.pipeline import Stack
from bot.names import StepName
from bot.runs.destroy.applied_versions import PolicyBase, applied
from tests.support.deploying import DEMO, Deploying

NOW = datetime(2026, 3, 4, tzinfo=UTC)
NETWORK, NET, DATA, APP, RECORD = (
    StepName("network"),
    StepName("net"),
    StepName("data"),
    StepName("app"),
    StepName("record"),
)


@pytest.fixture
def deploying(tmp_path: Path) -> Deploying:
    return Deploying.create(tmp_path, "state", Terraform(Path("/no/such/terraform"), {}))


def entry(commit: str, minutes: int, result: str = "succeeded", verb: str = "apply") -> LedgerEntry:
    begun = NOW + timedelta(minutes=minutes)
    sha = "a" * 40
    return LedgerEntry.model_validate(
        {
            "verb": verb,
            "result": result,
            "digest": "d",
            "by": "alice",
            "run_url": "",
            "attempt": 1,
            "started_at": begun,
            "head": sha,
            "commit": commit,
            "tree": sha,
        }
    )


def test_each_step_is_taken_back_by_the_code_that_applied_it(deploying: Deploying) -> None:
    first = deploying.merge(deploying.propose())
    was = deploying.stacks["data"]
    deploying.stacks["data"] += "# another version\n"
    second = deploying.merge(deploying.propose())
    ledger = Ledger(environment=DEMO, steps={DATA: entry(first, 1), RECORD: entry(first, 2), APP: entry(second, 3)})
    with applied(deploying.repo.root, DEMO, ledger, PolicyBase(second, deploying.policy)) as found:
        assert {name: step.version.commit for name, step in found.steps.items()} == {
            NETWORK: second,  # the ledger says nothing of it, and a state may be there all the same
            DATA: first,
            RECORD: first,
            APP: second,
        }
        assert (found.steps[DATA].version.directory / "data" / "main.tf").read_text() == was
        assert found.newest.commit == second
        order = list(found.backwards.order)
        assert order.index(APP) < order.index(DATA)
        assert order.index(RECORD) < order.index(NETWORK)


def test_a_stack_that_is_called_otherwise_by_now_is_taken_back_once_under_the_name_that_it_had(
    deploying: Deploying,
) -> None:
    first = deploying.merge(deploying.propose())
    deploying.rename("network", "net")
    second = deploying.merge(deploying.propose())
    undo = Undo(uses=STATE)
    known = {name: entry(first, minute).model_copy(update={"undo": undo}) for minute, name in enumerate((NETWORK, APP))}
    ledger = Ledger(environment=DEMO, steps=known)
    present = with_present_names(ledger, {NET: Stack(renamed_from=(NETWORK,)), APP: Stack()})
    # Killed before anything of the newer version ran, and after only the app did.
    for said in (present, present.model_copy(update={"steps": {**present.steps, APP: entry(second, 9)}})):
        with applied(deploying.repo.root, DEMO, said, PolicyBase(second, deploying.policy)) as found:
            assert found.steps.keys() == {NET, DATA, APP}
            assert found.steps[NET].directory.is_dir()
            assert (found.steps[NET].directory.name, found.steps[NET].version.commit) == (NETWORK, first)
            order = list(found.backwards.order)
            assert order.index(APP) < order.index(NET), "the one needs the other, whatever it calls it"


def test_what_was_undone_does_not_say_which_version_is_the_newest(deploying: Deploying) -> None:
    first = deploying.merge(deploying.propose())
    deploying.stacks["data"] += "# another version\n"
    second = deploying.merge(deploying.propose())
    ledger = Ledger(environment=DEMO, steps={NETWORK: entry(second, 1), DATA: entry(first, 9, "undone", "undo")})
    with applied(deploying.repo.root, DEMO, ledger, PolicyBase(second, deploying.policy)) as found:
        assert found.newest.commit == second


def test_code_that_was_merged_past_its_gate_is_not_run_to_destroy_it(deploying: Deploying) -> None:
    deploying.merge(deploying.propose())
    evil = b'# Harmless?\ndata "external" "x" {\n  program = ["id"]\n}\n'
    deploying.repo.put(f"envs/{DEMO}/app", {"evil.tf": File(evil)})
    merged = deploying.repo.commit("past the check")
    with (
        pytest.raises(UserError, match=r"was rejected by the static checks:\nenvs/demo-x/app/evil\.tf:2"),
        applied(deploying.repo.root, DEMO, Ledger(environment=DEMO), PolicyBase(merged, deploying.policy)),
    ):
        pass


def test_a_renamed_hook_is_found_by_the_name_that_it_has_in_the_code(deploying: Deploying) -> None:
    first = deploying.merge(deploying.propose())
    renamed = entry(first, 1).model_copy(update={"declared_as": RECORD})
    ledger = Ledger(environment=DEMO, steps={StepName("recorded"): renamed})
    with applied(deploying.repo.root, DEMO, ledger, PolicyBase(first, deploying.policy)) as found:
        each = found.steps[StepName("recorded")]
        assert each.step == found.newest.pipeline.hooks[RECORD]
        assert RECORD not in found.steps, "it is undone once"
        order = list(found.backwards.order)
        assert order.index(StepName("recorded")) < order.index(NETWORK)
