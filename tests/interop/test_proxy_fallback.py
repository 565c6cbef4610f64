"""The proxy's own few addresses, beside a real DHCP server (docs/concepts/quirks.md)."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tests.support.dhcp import discover, pxe_options
from tests.support.lab.addresses import LAN, OTHER_SERVER, RELAY, SERVER
from tests.support.lab.network import Host, Network
from tests.support.lab.peers import start_dhcp_server
from tests.support.lab.server import WirebootServer, start_wireboot, wireboot_configuration
from tests.support.requirements import LAB, require
from tests.support.sockets_inside import udp_socket
from wireboot.protocols.dhcp4.message import BROADCAST_FLAG, decode, encode
from wireboot.protocols.pxe.proxy_fallback import DISCOVERS_UNANSWERED, SAME_DISCOVER_S

LENT = "10.77.0.240"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    require(*LAB)
    with Network(tmp_path) as network:
        yield network


def start_proxy(host: Host, folder: Path) -> WirebootServer:
    (folder / "boot").mkdir()
    (folder / "boot" / "file").write_bytes(b"x")
    configuration = wireboot_configuration(host, folder / "boot", mode="proxy", boot_program={"x86_64-uefi": "file"})
    fallback = f'[dhcp4.proxy_fallback]\nnetwork = "{LAN.network}"\npools = ["{LENT}"]\n'
    return start_wireboot(host, configuration + fallback)


def addresses_offered(client: Host) -> set[IPv4Address]:
    """To firmware that asks so often that it must be one which refuses split offers."""
    message = discover(options=pxe_options())
    payload = encode(message)[:10] + BROADCAST_FLAG.to_bytes(2, "big") + encode(message)[12:]
    offered: set[IPv4Address] = set()
    with udp_socket(client, 68, timeout_s=0.1) as firmware:
        firmware.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        for _ in range(DISCOVERS_UNANSWERED):
            firmware.sendto(payload, ("255.255.255.255", 67))
            ends_at = time.monotonic() + SAME_DISCOVER_S + 0.3
            while time.monotonic() < ends_at:
                try:
                    offered.add(decode(firmware.recv(2048)).yiaddr)
                except TimeoutError:
                    continue
    return offered


def test_a_proxy_on_its_own_host_lends_to_who_refuses_split_offers(network: Network, tmp_path: Path) -> None:
    lan = network.segment("lan")
    start_dhcp_server(network.host("dhcp").join(lan, LAN.at(OTHER_SERVER)), LAN)
    server = start_proxy(network.host("server").join(lan, LAN.at(SERVER)), tmp_path)
    assert IPv4Address(LENT) in addresses_offered(network.host("client").join(lan, LAN.at(RELAY)))
    assert server.stop() == 0


def test_a_proxy_that_shares_its_host_with_a_dhcp_server_lends_nothing(network: Network, tmp_path: Path) -> None:
    """Clients know a DHCP server by its address (RFC 2131 §4.3.1): to them the two are one."""
    lan = network.segment("lan")
    host = network.host("server").join(lan, LAN.at(SERVER))
    start_dhcp_server(host, LAN, "--bind-interfaces", "--interface=eth0")
    server = start_proxy(host, tmp_path)
    assert "proxy_fallback_off" in {event["event"] for event in server.events()}
    offered = addresses_offered(network.host("client").join(lan, LAN.at(RELAY)))
    assert IPv4Address(0) in offered, "the proxy's own offer"
    assert IPv4Address(LENT) not in offered
    assert server.stop() == 0
