"""To whom a check may talk: the internet, never what can be reached only from where it runs.

A name is resolved once and every address that it has must be allowed; the request then goes to that very address, so a name that
is answered otherwise the next time leads nowhere else.
"""

import ipaddress
import socket
from collections.abc import Sequence
from typing import TypeAlias

from bot.hooks.kind import HookFailed
from bot.names import shown

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# Addresses that carry another one inside (RFC 6052, RFC 3056): whoever routes them decides where they lead.
_TRANSLATED = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")))


def address_of(host: str, port: int, networks: Sequence[Network]) -> str:
    """Return the address to ask for `host`. `networks` may be asked although they are private. Raises `HookFailed`."""
    try:
        found = [
            ipaddress.ip_address(str(each[4][0])) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        ]
    except (OSError, ValueError) as error:
        raise HookFailed(f"{shown(host)} could not be resolved.") from error
    if not found or not all(is_allowed(each, networks) for each in found):
        raise HookFailed(
            f"{shown(host)} is a private address, and a plan probes one only if the policy's `gate.probe_networks` names it.",
            is_final=True,
        )
    return str(found[0])


def is_allowed(address: Address, networks: Sequence[Network]) -> bool:
    """Say whether an address is on the internet, or in one of the networks."""
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    address = inner or address
    if any(address.version == network.version and address in network for network in networks):
        return True
    translated = any(address.version == network.version and address in network for network in _TRANSLATED)
    return address.is_global and not address.is_multicast and not translated
