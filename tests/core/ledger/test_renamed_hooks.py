"""A hook that has another name now: its entry goes with it, and what it made outside is known by its first name."""

from datetime import UTC, datetime

from bot.core.ledger.ledger import Ledger, LedgerEntry
from bot.core.ledger.renamed_hooks import by_any_name, marked_as, with_present_names
from bot.core.ledger.transitions import Start, started, undone
from bot.model.pipeline import Hook, NoUndo
from bot.names import EnvironmentName, StepName

NOW = datetime(2026, 3, 4, tzinfo=UTC)
FLAGS, SWITCHES, TOGGLES = StepName("flags"), StepName("switches"), StepName("toggles")
SHA = "a" * 40


def ledger(*names: StepName) -> Ledger:
    found = Ledger(environment=EnvironmentName("demo-x"))
    start = Start("d", "alice", "", SHA, SHA, SHA)
    for name in names:
        found = started(found, name, start, NOW)
    return found


def hooks(name: StepName, *former: StepName) -> dict[StepName, Hook]:
    return {name: Hook(uses="aws.parameter", renamed_from=former, undo=NoUndo(none="nothing is left"))}


def entry(found: Ledger, name: StepName) -> LedgerEntry:
    return found.steps[name]


def test_an_entry_goes_with_its_hook_also_when_a_revision_was_skipped_and_only_once() -> None:
    once = with_present_names(ledger(StepName("app"), FLAGS), hooks(TOGGLES, SWITCHES, FLAGS))
    assert list(once.steps) == ["app", TOGGLES]
    assert (entry(once, TOGGLES).declared_as, entry(once, TOGGLES).marked_as) == (FLAGS, FLAGS)
    assert with_present_names(once, hooks(TOGGLES, SWITCHES, FLAGS)) == once
    assert by_any_name(once)[FLAGS] == entry(once, TOGGLES)


def test_renamed_twice_it_keeps_the_first_name_for_what_it_made_and_the_last_applied_one_for_its_code() -> None:
    first = with_present_names(ledger(FLAGS), hooks(SWITCHES, FLAGS))
    again = started(first, SWITCHES, Start("e", "alice", "", SHA, SHA, SHA), NOW)
    assert entry(again, SWITCHES).declared_as is None, "it was applied under its present name"
    second = with_present_names(again, hooks(TOGGLES, SWITCHES, FLAGS))
    assert entry(second, TOGGLES).declared_as == SWITCHES
    assert marked_as(TOGGLES, entry(second, TOGGLES)) == FLAGS
    assert marked_as(TOGGLES, None) == TOGGLES


def test_a_destroy_that_died_half_way_still_knows_the_name_in_the_code() -> None:
    found = with_present_names(ledger(FLAGS), hooks(SWITCHES, FLAGS))
    undoing = started(found, SWITCHES, Start("d", "alice", "", SHA, SHA, SHA), NOW, verb="undo")
    assert entry(undoing, SWITCHES).declared_as == FLAGS
    assert entry(undone(undoing, SWITCHES, "gone", NOW), SWITCHES).declared_as == FLAGS


def test_what_is_a_hook_of_its_own_or_has_run_under_the_new_name_is_left_alone() -> None:
    both = {**hooks(SWITCHES, FLAGS), **hooks(FLAGS)}
    assert with_present_names(ledger(FLAGS), both) == ledger(FLAGS)
    assert with_present_names(ledger(FLAGS, SWITCHES), hooks(SWITCHES, FLAGS)) == ledger(FLAGS, SWITCHES)
