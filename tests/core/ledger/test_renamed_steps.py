"""A step that has another name now: its entry goes with it, and what it made outside is known by its first name."""

from datetime import UTC, datetime

from bot.core.ledger.ledger import FormerPlace, FormerState, Ledger, LedgerEntry, Undo
from bot.core.ledger.renamed_steps import STATE, by_any_name, marked_as, mistaken_names, with_present_names
from bot.core.ledger.transitions import Start, Success, is_done, started, state_moved, succeeded, undone
from bot.model.pipeline import Hook, NoUndo, Stack
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


WEB, APP, FRONT = StepName("web"), StepName("app"), StepName("front")


def applied(found: Ledger, name: StepName, digest: str = "d", commit: str = SHA) -> Ledger:
    undo = Undo(uses=STATE)
    start = Start(digest, "alice", "", SHA, commit, SHA, undo=undo)
    return succeeded(started(found, name, start, NOW), name, Success({}, "", undo), NOW)


def test_of_a_stack_it_is_kept_where_the_state_lies_until_it_has_moved() -> None:
    web = applied(Ledger(environment=EnvironmentName("demo-x")), WEB)
    app = with_present_names(web, {APP: Stack(renamed_from=(WEB,))})
    lies = FormerState(stack=WEB, commit=SHA)
    assert (entry(app, APP).declared_as, entry(app, APP).former_state) == (WEB, lies)
    assert not is_done(app, APP, "d"), "its state is still to be moved"
    begun = started(app, APP, Start("d", "alice", "", SHA, "b" * 40, SHA), NOW)
    assert (entry(begun, APP).declared_as, entry(begun, APP).former_state) == (None, lies)
    # Called otherwise again before it has moved, and an earlier version again after that.
    front = with_present_names(begun, {FRONT: Stack(renamed_from=(APP, WEB))})
    left = lies.model_copy(update={"copies": (FormerPlace(stack=APP, commit="b" * 40),)})
    assert entry(front, FRONT).former_state == left, "the run that began may have left a copy"
    back = with_present_names(front, {WEB: Stack()})
    assert (list(back.steps), entry(back, WEB).former_state) == ([WEB], left)
    assert entry(with_present_names(begun, {WEB: Stack()}), WEB).former_state == left
    moved = state_moved(begun, APP)
    assert entry(moved, APP).former_state is None
    assert by_any_name(moved)[WEB] == entry(moved, APP)
    assert with_present_names(moved, {APP: Stack(renamed_from=(WEB,))}) == moved


def test_an_earlier_version_finds_a_step_under_the_name_that_it_had() -> None:
    app = applied(with_present_names(applied(ledger(), WEB), {APP: Stack(renamed_from=(WEB,))}), APP)
    assert list(with_present_names(app, {WEB: Stack()}).steps) == [WEB]
    assert list(with_present_names(app, {WEB: Stack(), APP: Stack()}).steps) == [APP], "it is another one of its own"


def test_a_new_step_with_a_name_that_another_had_takes_nothing_from_the_one_that_says_it_was_renamed() -> None:
    app = applied(with_present_names(applied(ledger(), WEB), {APP: Stack(renamed_from=(WEB,))}), APP)
    steps = {FRONT: Stack(renamed_from=(APP,)), WEB: Stack()}
    for declared in (steps, dict(reversed(steps.items()))):
        found = with_present_names(app, declared)
        assert list(found.steps) == [FRONT]
        assert with_present_names(found, declared) == found


def test_what_an_earlier_environment_of_the_name_undid_is_in_nobodys_way() -> None:
    gone = undone(
        started(applied(ledger(), APP), APP, Start("d", "a", "", SHA, SHA, SHA), NOW, verb="undo"), APP, "", NOW
    )
    web = applied(gone, WEB, "e")
    # Under the name that the stack gets, and among those that it had.
    for steps in ({APP: Stack(renamed_from=(WEB,))}, {FRONT: Stack(renamed_from=(APP, WEB))}):
        found = with_present_names(web, steps)
        (name,) = steps
        assert (entry(found, name).digest, entry(found, name).former_state) == ("e", FormerState(stack=WEB, commit=SHA))
        assert WEB not in found.steps
        assert with_present_names(found, steps) == found
    assert with_present_names(web, {WEB: Stack(renamed_from=(APP,))}) == web


def test_a_stack_takes_over_nothing_of_a_hook_nor_a_hook_of_a_stack() -> None:
    web = applied(ledger(), WEB)
    assert with_present_names(web, hooks(FLAGS, WEB)) == web
    hook = started(ledger(), FLAGS, Start("d", "alice", "", SHA, SHA, SHA, undo=Undo(uses="aws.parameter")), NOW)
    assert with_present_names(hook, {APP: Stack(renamed_from=(FLAGS,))}) == hook


def test_a_former_name_that_was_another_kind_of_step_is_refused_with_what_to_write() -> None:
    web = applied(ledger(), WEB)
    assert mistaken_names(web, hooks(FLAGS, WEB)) == {
        FLAGS: "`renamed_from` names `web`, which was applied here as a stack, and `flags` is a hook: take `web` out of `renamed_from`. "
        "What it made stays recorded under its own name."
    }
    hook = started(ledger(), FLAGS, Start("d", "alice", "", SHA, SHA, SHA, undo=Undo(uses="aws.parameter")), NOW)
    assert "`flags`, which was applied here as a hook" in mistaken_names(hook, {APP: Stack(renamed_from=(FLAGS,))})[APP]
    assert mistaken_names(web, {APP: Stack(renamed_from=(WEB, FLAGS))}) == {}
    assert mistaken_names(hook, hooks(SWITCHES, FLAGS)) == {}


def test_a_rename_onto_the_name_of_a_step_that_is_gone_is_refused_until_it_has_a_name_of_its_own() -> None:
    both = applied(applied(ledger(), APP), WEB)
    assert mistaken_names(both, {APP: Stack(renamed_from=(WEB,))}) == {
        APP: "`renamed_from` names `web`, but another stack called `app` was applied here too, and what it made is still there, although the template "
        "no longer has it: the two can't be one. Give this stack another name, and keep `renamed_from: [web]`."
    }
    assert mistaken_names(both, {FRONT: Stack(renamed_from=(WEB,))}) == {}
    start = Start("d", "a", "", SHA, SHA, SHA)
    gone = undone(started(both, APP, start, NOW, verb="undo"), APP, "", NOW)
    assert mistaken_names(gone, {APP: Stack(renamed_from=(WEB,))}) == {}
    # What was renamed, and whose former name another stack had for a while.
    renamed = applied(with_present_names(applied(ledger(), WEB), {APP: Stack(renamed_from=(WEB,))}), APP)
    assert mistaken_names(applied(renamed, WEB), {APP: Stack(renamed_from=(WEB,))}) == {}
    assert "another hook called `switches`" in mistaken_names(ledger(FLAGS, SWITCHES), hooks(SWITCHES, FLAGS))[SWITCHES]
