"""Networks that are proposed are free, in their pool, and found whenever one is left."""

import itertools
from collections.abc import Mapping
from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from bot.core.rendering.allocate import Held, allocate
from bot.core.rendering.inventory import Inventory
from bot.core.rendering.parameter_values import RequestedEnvironment, resolve
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.model.pipeline import Json
from bot.model.template import Pool, Template
from bot.names import EnvironmentName, ParameterName, PurposeName
from tests.support import example

POOL = IPv4Network("10.0.0.0/24")
CIDR = ParameterName("cidr")

prefixes = st.integers(min_value=22, max_value=32)


@st.composite
def _networks(draw: st.DrawFn) -> str:
    address = draw(st.integers(min_value=int(POOL.network_address) - 8, max_value=int(POOL.broadcast_address) + 8))
    return str(IPv4Network((address, draw(prefixes)), strict=False))


held = st.lists(_networks() | st.sampled_from(["no network", "10.0.0.1/24", "0.0.0.0/32"]), max_size=24)


@given(held, st.integers(min_value=24, max_value=28), st.sampled_from(["demo-a", "demo-b", "qa-1"]))
def test_a_free_network_is_found_whenever_one_is_left(taken: list[str], prefix: int, name: str) -> None:
    networks = [_read(text) for text in taken]
    free = [
        block
        for block in POOL.subnets(new_prefix=prefix)
        if not any(network is not None and network.overlaps(block) for network in networks)
    ]
    try:
        found = allocate(
            CIDR, Pool(pool=POOL, prefix=prefix), [Held(taken[::2]), Held(taken[1::2])], EnvironmentName(name)
        )
    except UserError:
        assert free == []
    else:
        assert IPv4Network(str(found)) in free


def _read(text: str) -> IPv4Network | None:
    try:
        return IPv4Network(text)
    except ValueError:
        return None


SUBNETS = {
    "a": "10.20.0.0/20",
    "b": "10.20.16.0/20",
    "part": "10.20.16.64/26",
    "all": "10.20.0.0/16",
    "apart": "10.30.0.0/20",
}


@given(
    st.permutations(list(SUBNETS)),
    st.sampled_from(["demo-a", "demo-b", "qa-1"]),
    st.sets(st.sampled_from(list(SUBNETS))),
)
def test_networks_of_a_clone_lie_to_each_other_as_those_of_its_source(
    order: list[str], name: str, held: set[str]
) -> None:
    declared = Template.model_validate(
        {
            "name": "shop",
            "description": "A shop.",
            "parameters": {
                each: {
                    "type": "cidr",
                    "description": "A network.",
                    "identity": True,
                    "allocate": {"pool": "10.192.0.0/10", "prefix": int(SUBNETS[each].partition("/")[2])},
                }
                for each in order
            },
            "purposes": {"demo": {"description": "To show."}},
            "default_purpose": "demo",
            "stacks": {"main": {"description": "All of it."}},
        }
    )  # fmt: skip

    def environment(called: str, networks: Mapping[ParameterName, Json]) -> Manifest:
        return example.production().model_copy(update={"name": EnvironmentName(called), "parameters": networks})

    source = environment("production", {ParameterName(each): SUBNETS[each] for each in SUBNETS})
    request = RequestedEnvironment(EnvironmentName(name), PurposeName("demo"), {}, source)
    first = resolve(declared, request, Inventory({source.name: source}))
    other = environment("demo-other", {each: value for each, value in first.items() if each in held})
    both = Inventory({each.name: each for each in (source, other)})
    for values in (first, resolve(declared, request, both)):
        found = {each: IPv4Network(str(values[ParameterName(each)])) for each in SUBNETS}
        for one, another in itertools.permutations(SUBNETS, 2):
            were = IPv4Network(SUBNETS[one]), IPv4Network(SUBNETS[another])
            if not were[0].overlaps(were[1]):
                assert not found[one].overlaps(found[another]), found
        if values is first:
            assert found["part"].subnet_of(found["b"])
            assert found["a"].subnet_of(found["all"])
            assert int(found["part"].network_address) - int(found["all"].network_address) == 16 * 256 + 64
        else:
            assert all(not found[each].overlaps(IPv4Network(str(first[ParameterName(each)]))) for each in held)
