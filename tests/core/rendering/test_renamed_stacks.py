"""Stacks under their new names: in files, in waivers, and in where older states lie."""

from datetime import UTC, datetime

from bot.core.rendering.assemble import manifest_file
from bot.core.rendering.renamed_stacks import called, renamed, with_new_names
from bot.core.tree import File
from bot.model.environment import ExistingState, Waiver
from bot.model.pipeline import Stack
from bot.model.roots import DEFAULT
from bot.names import StepName
from tests.support import example

NETWORK, NET, APP = StepName("network"), StepName("net"), StepName("app")
BEFORE = {NETWORK: Stack(), APP: Stack()}
AFTER = {NET: Stack(renamed_from=(StepName("vpc"), NETWORK)), APP: Stack()}


def test_a_stack_is_found_again_under_its_new_name_and_back_under_the_former_one() -> None:
    assert renamed(BEFORE, AFTER) == {NETWORK: NET}
    assert renamed(AFTER, BEFORE) == {NET: NETWORK}
    assert renamed(AFTER, AFTER) == renamed(BEFORE, {APP: Stack()}) == {}


def test_a_new_stack_with_a_name_that_another_had_is_not_taken_for_that_one() -> None:
    after = {NETWORK: Stack(), StepName("mesh"): Stack(renamed_from=(NET,)), APP: Stack()}
    for stacks in (after, dict(reversed(after.items()))):
        assert renamed(AFTER, stacks) == {NET: StepName("mesh")}


def test_directories_waivers_and_older_states_follow_and_nothing_else() -> None:
    files = {
        path: File(b"") for path in ("network/main.tf", "network/a/b.tf", "networks/main.tf", "network", "hooks.yaml")
    }
    names = renamed(BEFORE, AFTER)
    assert list(called(files, names)) == ["net/main.tf", "net/a/b.tf", "networks/main.tf", "network", "hooks.yaml"]
    expires = datetime(2026, 3, 4, tzinfo=UTC)
    waiver = Waiver(what="network/aws_lb.this:name", reason="It is another one.", owner="alice", expires_at=expires)
    state = {NETWORK: ExistingState(key="live/network"), APP: ExistingState(key="live/app")}
    manifest = example.production().model_copy(update={"waivers": (waiver,), "state": state})
    found = with_new_names(manifest, names)
    assert [each.what for each in found.waivers] == ["net/aws_lb.this:name"]
    assert found.state == {NET: state[NETWORK], APP: state[APP]}
    assert with_new_names(found, renamed(AFTER, BEFORE)) == manifest


def test_a_manifest_says_nothing_of_former_names_where_there_are_none_as_before_there_were_any() -> None:
    manifest = example.production().model_copy(update={"stacks": BEFORE})
    assert b"renamed_from" not in manifest_file(manifest, DEFAULT).data
    named = manifest.model_copy(update={"stacks": AFTER})
    assert b"    renamed_from:\n      - vpc\n      - network\n" in manifest_file(named, DEFAULT).data
    assert Stack.model_validate(AFTER[NET].model_dump()) == AFTER[NET]
