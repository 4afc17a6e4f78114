"""Identity: one environment's names mapped onto another's, and what may not be in a clone."""

from ipaddress import IPv4Network

import pytest

from bot.clouds.registry import FACTS
from bot.core.parity.identity import Identity, host_of, identity, networks_in
from bot.core.requests.clone import Draft, draft_clone
from bot.model.template import StringParameter
from bot.names import ParameterName
from tests.support import example


def between() -> Identity:
    drafted = draft_clone(example.asked(), example.base())
    assert isinstance(drafted, Draft)
    return identity(example.template().declaration.parameters, example.production(), drafted.manifest, FACTS)


def test_names_accounts_and_hosts_are_mapped_where_they_stand_alone() -> None:
    mapped = between().mapped
    assert mapped("arn:aws:sqs:eu-central-1:222222222222:demo-x-orders") == (
        "arn:aws:sqs:eu-central-1:111111111111:production-orders"
    )
    assert mapped("https://www.demo-x.clones.acme.example/a") == "https://www.shop.acme.example/a"
    assert mapped("demo_x") == "production"
    assert mapped("demo-xy and 2222222222223 stay") == "demo-xy and 2222222222223 stay"


def test_what_was_put_in_is_not_replaced_again() -> None:
    one = Identity(between().production, between().clone, "", (("a-b", "b-c"), ("b-c", "d")), (), (), FACTS)
    assert one.mapped("a-b b-c") == "b-c d"


@pytest.mark.parametrize(
    ("ours", "theirs", "text", "expected"),
    [
        ("10.64.16.0/20", "10.0.0.0/20", "10.64.24.0/24", "10.0.8.0/24"),
        ("10.64.16.0/20", "10.0.0.0/20", "from 10.64.16.9 on", "from 10.0.0.9 on"),
        ("10.64.16.0/22", "10.0.0.0/20", "10.64.17.0/26", "10.0.4.0/24"),
        ("10.64.0.0/18", "10.0.0.0/20", "10.64.32.0/22", "10.0.8.0/24"),
        ("10.64.16.0/20", "10.0.0.0/20", "10.64.32.0/24", "10.64.32.0/24"),
    ],
)
def test_networks_are_mapped_by_their_place_in_the_whole(ours: str, theirs: str, text: str, expected: str) -> None:
    one = Identity(
        between().production, between().clone, "", (), ((IPv4Network(ours), IPv4Network(theirs)),), (), FACTS
    )
    assert one.mapped(text) == expected


def test_marks_are_productions_own_and_never_the_bare_word() -> None:
    marks = {mark.text: mark for mark in between().marks}
    assert set(marks) == {
        "111111111111", "shop.acme.example", "https://payments.acme.example/v1", "payments.acme.example",
    }  # fmt: skip
    assert marks["111111111111"].instead == "222222222222"
    more = between().with_names(
        [("production/payments", "demo-x/payments"), ("production", "demo-x"), ("shop", "shops")]
    )
    assert {mark.text for mark in more.marks} - set(marks) == {"production/payments"}


@pytest.mark.parametrize("how", ["identity", "outbound"])
@pytest.mark.parametrize(
    ("own", "host"),
    [
        ("dev@acme.example", None),
        ("dev@clones.acme.example", "acme.example"),
        ("https://acme.example/", "acme.example"),
    ],
)
def test_another_mailbox_of_one_domain_is_apart_and_another_domain_marks_productions(
    how: str, own: str, host: str | None
) -> None:
    name = ParameterName("alarm_email")
    given = {how: True, "identity": how == "identity"}
    parameter = StringParameter.model_validate({"type": "string", "description": "Who is called.", **given})
    sides = [
        example.production().model_copy(update={"parameters": {name: value}}) for value in ("oncall@acme.example", own)
    ]
    marks = {mark.text: mark.kind for mark in identity({name: parameter}, sides[0], sides[1], FACTS).marks}
    assert {text for text, kind in marks.items() if kind == "host"} == ({host} if host else set())
    assert "oncall@acme.example" in marks or (host is not None and how == "identity")


def test_hosts_and_networks_are_found_in_texts() -> None:
    assert host_of("https://user@api.example:8443/v1") == "api.example"
    assert host_of("orders@shop.example") == "shop.example"
    assert host_of("send") is None
    assert host_of("10.0.0.1") is None
    assert [written for _, written, _ in networks_in("10.0.1.0/24, v5.100.0 and 10.0.0.7.8 x10.0.0.1 10.0.0.9")] == [
        "10.0.1.0/24", "10.0.0.9",
    ]  # fmt: skip
