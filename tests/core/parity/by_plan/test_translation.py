"""Production's identity said as the clone's: names, account, hosts, networks, ids and ARNs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clouds.registry import FACTS
from bot.core.parity.by_plan.translation import Translation

PAIRS = [
    ("production", "demo-x"),
    ("111111111111", "222222222222"),
    ("acme-production-tfstate", "acme-clones-tfstate"),
    ("shop.acme.example", "demo-x.clones.acme.example"),
    ("10.0.0.0/20", "10.64.16.0/20"),
    ("eu-central-1", "eu-west-1"),
]
WHO = Translation.of(PAIRS, FACTS)


@pytest.mark.parametrize(
    ("production", "clone"),
    [
        ("/production/app", "/demo-x/app"),
        ("acme-production-tfstate", "acme-clones-tfstate"),
        ("arn:aws:sqs:eu-central-1:111111111111:production-orders", "arn:aws:sqs:eu-west-1:222222222222:demo-x-orders"),
        ("https://shop.acme.example/x", "https://demo-x.clones.acme.example/x"),
        ("eu-central-1a", "eu-west-1a"),
        ("production_app", "demo-x_app"),
        ("PRODUCTION", "DEMO-X"),
        ("reproduction", "reproduction"),
        ("production2", "production2"),
        ("10.0.4.0/24", "10.64.20.0/24"),
        ("10.0.0.0/20", "10.64.16.0/20"),
        ("10.0.0.2", "10.64.16.2"),
        ("10.1.0.0/20", "10.1.0.0/20"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("version 10.0.0.0.1", "version 10.0.0.0.1"),
        ("999.0.0.1/99", "999.0.0.1/99"),
    ],
)
def test_texts_are_translated_at_the_edges_of_words(production: str, clone: str) -> None:
    assert WHO.text(production) == clone


def test_a_network_keeps_its_place_in_a_network_of_another_size() -> None:
    who = Translation.of([("10.0.0.0/16", "10.64.16.0/20")], FACTS)
    assert who.text("10.0.16.0/20") == "10.64.17.0/24"
    assert who.text("10.0.240.0/20") == "10.64.31.0/24"
    assert Translation.of([("10.0.0.0/16", "10.9.0.0/28")], FACTS).text("10.0.1.0/24") == "10.0.1.0/24", (
        "there is no such place"
    )


@pytest.mark.parametrize("clone", ["demo-x_db", "demo_x_db", "demox_db"])
def test_a_name_may_lose_its_hyphens_where_none_may_stand(clone: str) -> None:
    assert WHO.agree("production_db", clone)
    assert not WHO.agree("production_db", clone.replace("db", "dd"))


def test_ids_are_learnt_as_a_whole_and_as_words() -> None:
    who = WHO.with_learnt([("vpc-0a1b2c", "vpc-9f8e7d"), ("Z0PROD", "Z0DEMO"), (["sg-11111", "sg-2"], ["sg-33333"])])
    assert who.text("vpc-0a1b2c") == "vpc-9f8e7d"
    assert who.text("zone/Z0PROD/x") == "zone/Z0DEMO/x"
    assert who.text("sg-11111") == "sg-33333"
    assert who.agree("vpc-0a1b2c", "vpc-9f8e7d")
    assert not who.agree("vpc-0a1b2c", "vpc-0a1b2c-other")


def test_what_parameters_say_is_stronger_than_what_is_learnt() -> None:
    who = WHO.with_learnt([("production", "not-made-yet")])
    assert who.text("/production/x") == "/demo-x/x"
    assert who.agree("production", "not-made-yet"), "but a whole value may still be what was learnt"


def test_keys_of_for_each_are_translated_in_addresses() -> None:
    assert WHO.address('aws_subnet.a["eu-central-1a"]') == 'aws_subnet.a["eu-west-1a"]'
    assert WHO.address("aws_vpc.production[0]") == "aws_vpc.production[0]", "a label is code and is no one's name"


def test_values_are_translated_keys_too() -> None:
    assert WHO.value({"production": ["production-x", 1, None, True]}) == {"demo-x": ["demo-x-x", 1, None, True]}


@given(st.text(max_size=60))
def test_nothing_is_translated_by_nobody(text: str) -> None:
    assert Translation().text(text) == text


@given(st.lists(st.sampled_from([*(p for p, _ in PAIRS), "x", " ", "/", ".", "app"]), max_size=8))
def test_a_translated_text_holds_nothing_of_production(parts: list[str]) -> None:
    text = WHO.text(" ".join(parts))
    assert not any(production in text.split() for production, _ in PAIRS)
