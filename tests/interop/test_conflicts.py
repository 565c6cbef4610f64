"""Hosts that have an address of a pool without a lease, on links and behind a relay: nobody else is offered it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

import pytest

from tests.support.dhcp_programs import start_udhcpc
from tests.support.lab.addresses import FAR, LAN, RELAY, RELAY_FAR_SIDE, SERVER, Subnet
from tests.support.lab.capture import ETHERNET_HEADER_SIZE, read_datagrams, read_frames
from tests.support.lab.network import Host, Network, Recording, Segment
from tests.support.lab.peers import start_isc_relay
from tests.support.lab.server import Event, WirebootServer, start_wireboot
from tests.support.requirements import LAB, require
from wireboot.protocols.dhcp4 import message as dhcp4
from wireboot.protocols.dhcp4.options import MessageType
from wireboot.wire import icmp, ipv4
from wireboot.wire.icmp import IcmpMessage

BESIDE = Subnet("10.77.3.0/24", first="10.77.3.100", last="10.77.3.199", router=SERVER)
"""Shares the LAN's cable; the server has no address of it."""
OTHER_LINK = Subnet("10.77.4.0/24", first="10.77.4.100", last="10.77.4.199", router="10.77.4.1")
NOWHERE = Subnet("10.77.5.0/24", first="10.77.5.100", last="10.77.5.199", router="10.77.5.1")
"""There is no route to it."""
WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Site:
    """At the first address of each pool but the last there is somebody."""

    network: Network
    server_host: Host
    server: WirebootServer
    lan: Segment
    far: Segment
    recording: Recording
    """Of the LAN, from before the server's first word."""

    def wait_for_event(self, name: str, text: str) -> Event:
        """The server's event of this name that has this text in it."""

        def found() -> list[Event]:
            return [each for each in self.server.events() if each["event"] == name and text in each.values()]

        self.server.process.transcript.wait_until(lambda _: bool(found()), f"{name} of {text}", WITHIN_S)
        return found()[0]

    def leases(self) -> dict[str, dict[str, str]]:
        """What `wireboot lease list` shows, by address."""
        command = ("lease", "list", "--json", "--config", str(self.server_host.work_dir / "server.wireboot.toml"))
        listed = self.server_host.run(sys.executable, "-m", "wireboot", *command).stdout
        return {lease["address"]: lease for lease in json.loads(listed)}

    def bound_on(self, segment: Segment, name: str) -> str:
        """The address that one more computer gets there."""
        return start_udhcpc(self.network.host(name).join(segment)).wait_until_told("bound")["ip"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    require(*LAB, "dhcrelay", "udhcpc")
    with Network(tmp_path_factory.mktemp("conflicts")) as network:
        lan, other_link, far = network.segment("lan"), network.segment("other"), network.segment("far")
        for segment, subnet in ((lan, LAN), (lan, BESIDE), (other_link, OTHER_LINK), (far, FAR)):
            squatter = network.host(f"squatter-at-{subnet.first}").join(segment, subnet.at(subnet.first))
            if subnet is FAR:
                squatter.route("default", via=RELAY_FAR_SIDE)
        host = network.host("server").join(lan, LAN.at(SERVER)).join(other_link, OTHER_LINK.at(OTHER_LINK.router))
        relay = network.host("relay").join(lan, LAN.at(RELAY)).join(far, FAR.at(RELAY_FAR_SIDE)).forward()
        host.route(FAR.network, via=RELAY)
        recording = lan.capture("udp port 67 or icmp")
        server = start_wireboot(host, configuration(host))
        start_isc_relay(relay, SERVER, towards_server="eth0", towards_clients="eth1")
        yield Site(network, host, server, lan, far, recording)


def configuration(host: Host) -> str:
    boot_dir = host.work_dir / "boot"
    boot_dir.mkdir()
    return f"""\
state_dir = "{host.work_dir / "state"}"
boot_dir = "{boot_dir}"
[network]
interfaces = ["eth0", "eth1"]
[dhcp4]
mode = "server"
{subnet_table(LAN, 'shared_network = "hall"')}
{subnet_table(BESIDE, 'shared_network = "hall"')}
{subnet_table(OTHER_LINK)}
{subnet_table(FAR)}
{subnet_table(NOWHERE)}
"""


def subnet_table(subnet: Subnet, more: str = "") -> str:
    pools = f'pools = ["{subnet.first}-{subnet.last}"]'
    return f'[[dhcp4.subnets]]\nnetwork = "{subnet.network}"\n{pools}\n{more}\n'


@pytest.mark.parametrize("subnet", [LAN, BESIDE, OTHER_LINK, FAR], ids=["lan", "beside", "other link", "far"])
def test_an_address_that_somebody_has_is_found_and_set_aside(site: Site, subnet: Subnet) -> None:
    """RFC 2131 §2.2: by ARP on links, by echo behind a relay."""
    event = site.wait_for_event("address_in_use", subnet.first)

    assert (event["holder_link_address"] is None) == (subnet is FAR)
    assert site.leases()[subnet.first]["state"] == "declined"


def test_clients_behind_a_relay_are_not_offered_what_somebody_has(site: Site) -> None:
    """RFC 2131 §2.2."""
    site.wait_for_event("address_in_use", FAR.first)

    bound = {site.bound_on(site.far, f"far-client{number}") for number in range(2)}

    assert len(bound) == 2
    assert FAR.first not in bound
    assert all(IPv4Address(FAR.first) < IPv4Address(each) <= IPv4Address(FAR.last) for each in bound)
    assert bound <= offered_addresses(site.recording)
    assert FAR.first not in offered_addresses(site.recording)


def test_clients_on_the_link_are_not_offered_what_somebody_has(site: Site) -> None:
    """RFC 2131 §2.2."""
    site.wait_for_event("address_in_use", LAN.first)
    bound = {site.bound_on(site.lan, f"client{number}") for number in range(2)}
    assert len(bound) == 2
    assert offered_addresses(site.recording).isdisjoint({LAN.first, BESIDE.first})


def offered_addresses(recording: Recording) -> set[str]:
    messages = (dhcp4.decode(datagram.payload) for datagram in read_datagrams(recording.path))
    return {str(message.yiaddr) for message in messages if message.message_type is MessageType.OFFER}


def test_who_has_answered_is_asked_no_more(site: Site) -> None:
    """RFC 792."""
    site.wait_for_event("address_in_use", FAR.first)

    passed = [(message.kind, str(packet.source), str(packet.destination)) for packet, message in icmp_messages(site)]

    echo, reply = (icmp.ECHO, SERVER, FAR.first), (icmp.ECHO_REPLY, FAR.first, SERVER)
    assert echo in passed[: passed.index(reply)]
    assert echo not in passed[passed.index(reply) :]


def test_what_arp_reaches_and_what_nothing_reaches_gets_no_echo(site: Site) -> None:
    """RFC 2131 §2.2; ours: each address is asked in one way."""
    site.wait_for_event("address_in_use", FAR.first)
    asked = {packet.destination for packet, message in icmp_messages(site) if message.kind == icmp.ECHO}
    assert asked
    assert all(IPv4Address(FAR.first) <= each <= IPv4Address(FAR.last) for each in asked)


def icmp_messages(site: Site) -> Iterator[tuple[ipv4.Ipv4Packet, IcmpMessage]]:
    for _, frame in read_frames(site.recording.path):
        packet = ipv4.decode(frame[ETHERNET_HEADER_SIZE:])
        if packet.protocol == ipv4.ICMP:
            yield packet, icmp.decode(packet.payload)


def test_a_subnet_without_a_route_is_told_of_once(site: Site) -> None:
    """Its addresses are offered all the same, to whoever gets here from there."""
    event = site.wait_for_event("addresses_not_checked", NOWHERE.network)
    assert event["reason"] == "Network is unreachable"
    assert [each["event"] for each in site.server.events()].count("addresses_not_checked") == 1


def test_after_all_this_the_server_ends_cleanly(site: Site) -> None:
    assert site.server.stop() == 0
    assert "Traceback" not in site.server.process.transcript.text()
    assert not [event for event in site.server.events() if event["event"] == "datagram_not_sent"]
