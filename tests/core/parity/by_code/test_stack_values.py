"""A stack's values where they stand: what is remembered changes nothing of what comes out, and not its order."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from bot.core.hcl.values import HclValue
from bot.core.parity.by_code.evaluated import renaming
from bot.core.parity.by_code.stack_values import PlacedValues, StackJob, forget, placed
from bot.core.tree import File
from bot.names import StepName
from tests.support.budget import examples

MAIN = b"""
variable "name" {}
variable "zones" {}
variable "many" {}
locals {
  label = "${var.name}-x"
}
resource "terraform_data" "each" {
  for_each = toset(var.zones)
  input    = "${var.name}-${each.key}"
}
resource "terraform_data" "some" {
  count = var.many
  input = local.label
}
resource "terraform_data" "plain" {
  input = { name = var.name, zones = var.zones }
}
output "name" {
  value = var.name
}
"""
VALUES = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["demo-x", "production", "other"]),
        "zones": st.lists(st.sampled_from(["a", "demo-x", "production"]), unique=True, max_size=3),
        "many": st.integers(0, 2),
    }
)
RENAME = renaming(lambda key: {"demo-x": "production"}.get(key, key))  # two instances may so share an address


def job(values: Mapping[str, HclValue]) -> StackJob:
    given = {name: (value, frozenset({f"app/{name}"})) for name, value in values.items()}
    return StackJob((("app/main.tf", File(MAIN)),), StepName("app"), repr(given), given)


def shown(values: PlacedValues) -> tuple[list[object], list[object]]:
    return list(values.leaves.items()), list(values.blocks.items())


@examples(40)
@given(st.lists(VALUES, min_size=2, max_size=5))
def test_what_was_placed_before_changes_nothing(several: list[dict[str, HclValue]]) -> None:
    forget()
    one_after_another = [shown(placed(job(values), RENAME)) for values in several]
    for values, found in zip(several, one_after_another, strict=True):
        forget()
        assert shown(placed(job(values), RENAME)) == found
