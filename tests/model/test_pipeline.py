"""Names of stacks that are paths: each has files, a state and a word of its own, whatever the others are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.errors import InvalidInput
from bot.model.pipeline import FromOutput, Hooks, Pipeline
from bot.names import StepName

WORDS = st.sampled_from(["a", "b", "a-b", "a_b", "b-a", "x1"])
PATHS = st.lists(WORDS, min_size=1, max_size=3).map("/".join)


def pipeline(*names: str) -> Pipeline:
    return Pipeline.model_validate({"stacks": {name: {} for name in names}})


@given(st.sets(PATHS, min_size=2, max_size=5))
def test_law_5_no_two_stacks_have_a_state_a_word_or_a_file_in_common(names: set[str]) -> None:
    try:
        stacks = pipeline(*names).stacks
    except ValidationError:
        words = [name.replace("/", "-") for name in names]
        assert len({*words}) < len(words) or any(a.startswith(f"{b}/") for a in names for b in names)
        return
    assert len({name.word for name in stacks}) == len(stacks)
    begins = [f"demo-x/{name}/" for name in stacks]
    assert not any(one != other and one.startswith(other) for one in begins for other in begins)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("network", "network/vpc"), "stack `network/vpc` lies in the directory of stack `network`.*`network/main`.*renamed_from"),
        (("network-vpc", "network/vpc"), "both `network-vpc` where a slash isn't allowed"),
        (("stack/app",), "can't be told from the address of a stack"),
        (("network//vpc",), "is not a valid step name"),
        (("network/vpc/",), "is not a valid step name"),
        (("network/../app",), "is not a valid step name"),
        (("n" * 41,), "too long for a step name"),
    ],
)  # fmt: skip
def test_a_name_that_would_be_taken_for_another_is_refused_with_what_to_do(names: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        pipeline(*names)


def test_what_a_stack_below_another_directory_hands_on_is_named_by_its_path() -> None:
    source = FromOutput.model_validate({"from": "network/vpc.subnet_ids"})
    assert (source.step, source.output) == (StepName("network/vpc"), "subnet_ids")


def test_a_hook_has_no_directory_and_so_no_path() -> None:
    with pytest.raises((ValidationError, InvalidInput), match="a hook has no directory"):
        Hooks.model_validate({"hooks": {"smoke/test": {"uses": "http.probe", "undo": {"none": "nothing to undo"}}}})
