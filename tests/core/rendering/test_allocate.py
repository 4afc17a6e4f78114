"""Networks that are proposed are free, in their pool, and found whenever one is left."""

from ipaddress import IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from bot.core.rendering.allocate import allocate
from bot.errors import UserError
from bot.model.template import Pool
from bot.names import EnvironmentName, ParameterName

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
        found = allocate(CIDR, Pool(pool=POOL, prefix=prefix), taken, EnvironmentName(name))
    except UserError:
        assert free == []
    else:
        assert IPv4Network(str(found)) in free


def _read(text: str) -> IPv4Network | None:
    try:
        return IPv4Network(text)
    except ValueError:
        return None
