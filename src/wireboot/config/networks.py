"""Which addresses of a network machines can have."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network


def not_for_hosts(network: IPv4Network) -> tuple[IPv4Address, ...]:
    """The network's own address and the broadcast address; a link of two has neither (RFC 3021)."""
    return (network.network_address, network.broadcast_address) if network.prefixlen < 31 else ()


def for_hosts(network: IPv4Network | IPv6Network) -> str:
    """The addresses that machines can have, as a range of the file."""
    has_broadcast = isinstance(network, IPv4Network) and bool(not_for_hosts(network))
    return f"{network[1]}-{network[-2]}" if has_broadcast else f"{network[0]}-{network[-1]}"
