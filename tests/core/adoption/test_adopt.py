"""A production becomes a template, or is refused where it can't be read."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.adoption.adopt import Adoption, adopt
from bot.core.hcl.tokens import NotHcl
from bot.core.parity.directories.compare import sides_likeness
from bot.core.parity.directories.sides import side_of
from bot.core.tree import File
from bot.model.roots import DEFAULT


def adopted(code: str) -> Adoption:
    side = side_of("live/prod", "live/prod", {"live/prod/main.tf": File(code.encode())})
    return adopt("production", side, None, sides_likeness(side, side, FACTS), roots=DEFAULT)


def test_a_range_that_holds_all_private_networks_is_nothing_that_a_clone_gets_its_own_of() -> None:
    found = adopted('locals {\n  allowed_cidr = "10.0.0.0/8"\n  own_cidr     = "10.1.0.0/16"\n}\n')
    assert [each.theirs for each in found.parameters] == ["10.1.0.0/16"]


def test_code_that_can_t_be_read_is_named_where_it_lies() -> None:
    with pytest.raises(NotHcl, match=r"^live/prod/main\.tf:2: not HCL: "):
        adopted('locals {\n  x = "a\n}\n')
