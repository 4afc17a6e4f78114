"""Addresses and the patterns that name them: the stack of an address, whatever its name and the resource's keys are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.hcl.address_patterns import matches, matches_any, of_stack

STACKS = st.sampled_from(["app", "web_site", "network/vpc", "eu/network/vpc-1", "hook", "stack"])
RESOURCES = st.sampled_from(
    ["aws_vpc.main", 'module.a["x/y.z"].aws_vpc.main[0]', "data.aws_ami.this", 'aws_vpc.main["a/b"]', "var.size", "terraform"]
)  # fmt: skip


@given(STACKS, RESOURCES)
def test_an_address_is_split_where_its_stack_ends(stack: str, resource: str) -> None:
    assert of_stack(f"{stack}/{resource}") == (stack, resource)


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("stack/network/vpc", ("stack", "network/vpc")),
        ("hook/smoke", ("hook", "smoke")),
        ("hooks.yaml", ("", "hooks.yaml")),
        ("network/vpc/README.md", ("network/vpc", "README.md")),
    ],
)
def test_a_step_has_an_address_and_so_has_a_file(address: str, parts: tuple[str, str]) -> None:
    assert of_stack(address) == parts


@given(STACKS)
def test_a_pattern_may_leave_out_the_stack_where_any_is_meant(stack: str) -> None:
    address, pattern = f'{stack}/module.a["x/y"].aws_vpc.main', 'module.a["x/y"].aws_vpc.main:tags*'
    assert matches(pattern, address, "tags.Name")
    assert matches_any((pattern,), address, "tags.Name")
    assert not matches(pattern, address, "tags.Name", any_stack=False)
    assert matches(f"{stack}/aws_*:size", f"{stack}/aws_vpc.main", "size", any_stack=False)
