"""All collisions at once are those that a look at each pair finds."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from bot.core.rendering.collisions import collisions
from bot.core.rendering.inventory import clash
from bot.model.roots import DEFAULT as ROOTS
from bot.names import EnvironmentName, ParameterName
from tests.support import example

CIDR = ParameterName("vpc_cidr")
# Few addresses, so that many networks lie in one another; some are none.
NETWORKS = st.one_of(
    st.integers(0, 15).flatmap(
        lambda at: st.integers(26, 32).map(
            lambda prefix: f"10.0.0.{at * 16 >> (32 - prefix) << (32 - prefix)}/{prefix}"
        )
    ),
    st.sampled_from(["0.0.0.0/0", "10.0.0.0/255.255.255.240", "10.0.0.1/24", "none"]),
)


@given(st.lists(NETWORKS, max_size=12, unique=True))
def test_law_5_networks_collide_as_each_pair_of_them_does(networks: list[str]) -> None:
    at = example.template()
    held = [(EnvironmentName(f"demo-{number:02}"), network) for number, network in enumerate(networks)]
    manifests = [
        example.production(at).model_copy(update={"name": name, "parameters": {CIDR: network}})
        for name, network in held
    ]
    parameter = at.declaration.parameters[CIDR]
    expected = {
        (
            f"envs/{later}/environment.yaml",
            f"`vpc_cidr` is {own}, which {earlier} already uses ({value}). Choose another value.",
        )
        for (earlier, value), (later, own) in combinations(held, 2)
        if clash(parameter, own, value)
    }
    found = collisions(manifests, {at.revision: at}, ROOTS)
    assert {(each.path, each.message) for each in found} == expected
    assert len(found) == len(expected)
