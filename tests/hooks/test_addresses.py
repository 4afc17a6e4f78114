"""A check talks to the internet, and to private networks that the policy names: to nothing else."""

from ipaddress import ip_address, ip_network

import pytest

from bot.hooks.addresses import address_of, is_allowed
from bot.hooks.kind import HookFailed


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.1", "100.64.0.1", "224.0.0.1", "255.255.255.255",
     "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "::ffff:169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"],
)  # fmt: skip
def test_what_is_reached_only_from_inside_is_not_asked(address: str) -> None:
    assert not is_allowed(ip_address(address), [])


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14"])
def test_the_internet_is_asked(address: str) -> None:
    assert is_allowed(ip_address(address), [])


def test_a_network_of_the_policy_is_asked_and_no_other() -> None:
    networks = [ip_network("10.20.0.0/16")]
    assert is_allowed(ip_address("10.20.1.1"), networks)
    assert is_allowed(ip_address("::ffff:10.20.1.1"), networks)
    assert not is_allowed(ip_address("10.21.1.1"), networks)


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1", "::1"])
def test_no_spelling_of_a_host_gets_around_it(host: str) -> None:
    with pytest.raises(HookFailed, match=r"gate\.probe_networks|could not be resolved"):
        address_of(host, 80, [])


def test_a_name_comes_to_the_address_that_is_asked() -> None:
    assert address_of("localhost", 80, [ip_network("127.0.0.0/8"), ip_network("::1/128")]) in {"127.0.0.1", "::1"}
