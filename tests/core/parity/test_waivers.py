"""Waivers: exact, with an end."""

from datetime import timedelta

from bot.core.parity.waivers import Waivers, expired
from bot.model.environment import Waiver
from bot.names import Login
from tests.support.example import NOW


def waiver(what: str, days: int = 1) -> Waiver:
    return Waiver(what=what, reason="agreed in the review", owner=Login("alice"), expires_at=NOW + timedelta(days=days))


def test_a_waiver_names_an_address_and_attribute_with_its_stack() -> None:
    exact, wide = waiver("network/aws_vpc.main:cidr_block"), waiver("network/aws_subnet.*")
    found = [exact, wide]
    assert Waivers(found, NOW).naming("network/aws_vpc.main", "cidr_block") is exact
    assert Waivers(found, NOW).naming("network/aws_vpc.main", "tags.Name") is None
    assert Waivers(found, NOW).naming('network/aws_subnet.p["a"]', "tags.Name") is wide
    assert Waivers([waiver("aws_vpc.main:cidr_block")], NOW).naming("network/aws_vpc.main", "cidr_block") is None
    assert Waivers([waiver("app/main.tf:12")], NOW).naming("app/main.tf", "12") is not None


def test_an_expired_waiver_lets_nothing_pass() -> None:
    old = waiver("network/aws_vpc.main:cidr_block", -1)
    assert Waivers([old], NOW).naming("network/aws_vpc.main", "cidr_block") is None
    assert expired([old, waiver("network/*")], NOW) == [old]
