"""DHCP clients' messages, and a conversation with a DHCP endpoint on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import TypeVar

from tests.support.inventory import snapshot_of
from tests.support.lab.capture import CapturedDatagram, read_datagrams
from wireboot.boot.inventory import Inventory, Profile
from wireboot.boot.loaders import FoundLoaders
from wireboot.endpoint import Datagram, Event, Interface, SocketAddress
from wireboot.errors import DecodeError
from wireboot.leases.allocator import Allocator
from wireboot.leases.lease import Lease
from wireboot.leases.reservation import Reservation
from wireboot.leases.subnet import Subnet
from wireboot.protocols.dhcp4.endpoint import Dhcp4Endpoint, Dhcp4Service
from wireboot.protocols.dhcp4.message import BOOTREQUEST, Message, decode, encode
from wireboot.protocols.dhcp4.options import (
    CLASS_IDENTIFIER,
    CLIENT_ARCHITECTURE,
    CLIENT_INTERFACE,
    CLIENT_MACHINE_ID,
    MESSAGE_TYPE,
    RELAY_AGENT_INFORMATION,
    REQUESTED_ADDRESS,
    SERVER_IDENTIFIER,
    VENDOR_SPECIFIC,
    MessageType,
)
from wireboot.protocols.dhcp4.rules import Rules
from wireboot.protocols.dhcp4.server import Dhcp4Server
from wireboot.protocols.pxe import vendor_options
from wireboot.protocols.pxe.boot_information import BootInformation
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.decision import BootFile, NoBootFile
from wireboot.protocols.pxe.identity import NetworkInterface, PxeClient, class_identifier
from wireboot.protocols.pxe.quirks import Effect
from wireboot.protocols.pxe.vendor_options import BOOT_ITEM, BootItem
from wireboot.wire.addresses import AddressRange
from wireboot.wire.option_table import Option, Options

T = TypeVar("T")
U = TypeVar("U")
E = TypeVar("E", bound=Event)

NOBODY = IPv4Address("0.0.0.0")
BROADCAST = IPv4Address("255.255.255.255")
SERVER = IPv4Address("10.77.0.1")
OTHER_SERVER = IPv4Address("10.77.0.2")
RELAY = IPv4Address("10.77.1.254")
MAC = bytes.fromhex("525400770010")
OTHER_MAC = bytes.fromhex("525400770011")
MACHINE_ID = bytes.fromhex("0077777777000000408000000000000001")
NOW = 1_700_000_000.0

ETH0 = Interface("eth0", 2, bytes.fromhex("525400770001"), 1500, (IPv4Interface("10.77.0.1/24"),))
ETH1 = Interface("eth1", 3, bytes.fromhex("525400770002"), 1500, (IPv4Interface("10.78.0.1/24"),))
RULES = Rules()
INTERFACES = {each.name: each for each in (ETH0, ETH1)}


def ip(last: int, network: str = "10.77.0") -> IPv4Address:
    """The address on the test network that ends so."""
    return IPv4Address(f"{network}.{last}")


def a_subnet(
    first: int = 100,
    last: int = 109,
    *,
    network: str = "10.77.0",
    lease_time_s: int = 3600,
    options: Options | None = None,
    reservations: Sequence[Reservation] = (),
) -> Subnet:
    return Subnet(
        IPv4Network(f"{network}.0/24"),
        (AddressRange(ip(first, network), ip(last, network)),),
        lease_time_s,
        options or Options(),
        tuple(reservations),
    )


# Messages


def from_client(
    message_type: MessageType | None,
    *,
    mac: bytes = MAC,
    options: Options | None = None,
    ciaddr: IPv4Address = NOBODY,
    giaddr: IPv4Address = NOBODY,
    flags: int = 0,
    xid: int = 0x4C6052AE,
) -> Message:
    first = Options() if message_type is None else Options().with_option(MESSAGE_TYPE, message_type)
    return Message(
        op=BOOTREQUEST,
        xid=xid,
        chaddr=mac,
        flags=flags,
        ciaddr=ciaddr,
        giaddr=giaddr,
        options=Options({**first, **(options or {})}),
    )


def discover(*, mac: bytes = MAC, requested: IPv4Address | None = None, options: Options | None = None) -> Message:
    message = from_client(MessageType.DISCOVER, mac=mac, options=options)
    return message if requested is None else message.with_option(REQUESTED_ADDRESS, requested)


def selecting(
    address: IPv4Address, *, mac: bytes = MAC, server: IPv4Address = SERVER, options: Options | None = None
) -> Message:
    """A DHCPREQUEST that takes an offer (RFC 2131 §4.3.2)."""
    message = init_reboot(address, mac=mac, options=options)
    return message.with_option(SERVER_IDENTIFIER, server)


def init_reboot(address: IPv4Address, *, mac: bytes = MAC, options: Options | None = None) -> Message:
    message = from_client(MessageType.REQUEST, mac=mac, options=options)
    return message.with_option(REQUESTED_ADDRESS, address)


def extending(address: IPv4Address, *, mac: bytes = MAC) -> Message:
    """A DHCPREQUEST to renew, where sent by unicast, or to rebind, where broadcast."""
    return from_client(MessageType.REQUEST, mac=mac, ciaddr=address)


def relayed(message: Message, *parts: tuple[int, bytes], relay: IPv4Address = RELAY) -> Message:
    """`message` as a relay passes it on, with these sub-options of option 82."""
    if parts:
        information = b"".join(bytes([code, len(value)]) + value for code, value in parts)
        message = message.with_option(RELAY_AGENT_INFORMATION, information)
    return replace(message, giaddr=relay, hops=1)


def options_of(*pairs: tuple[Option[T], T]) -> Options:
    options = Options()
    for option, value in pairs:
        options = options.with_option(option, value)
    return options


def pxe_options(architecture: int = 7, item: BootItem | None = None) -> Options:
    """What PXE firmware says of itself."""
    interface = NetworkInterface(1, 3, 0)
    options = (
        Options()
        .with_option(CLIENT_MACHINE_ID, MACHINE_ID)
        .with_option(CLIENT_INTERFACE, bytes(interface))
        .with_option(CLIENT_ARCHITECTURE, (architecture,))
        .with_option(CLASS_IDENTIFIER, class_identifier(architecture, interface))
    )
    if item is not None:
        tags = Options().with_option(BOOT_ITEM, item)
        options = options.with_option(VENDOR_SPECIFIC, vendor_options.encode(tags))
    return options


def value_or_error(read: Callable[[U], T], what: U) -> T | DecodeError:
    """The two ways that reading something may end."""
    try:
        return read(what)
    except DecodeError as error:
        return error


# Ways they arrive


def on_broadcast(port: int = 67, interface: Interface = ETH0) -> Datagram:
    """From a client without an address."""
    return Datagram(
        b"",
        SocketAddress(NOBODY, 68),
        SocketAddress(interface.ipv4[0].ip, port),
        interface.name,
        to_group=True,
    )


def on_unicast(peer: IPv4Address, peer_port: int = 68, port: int = 67, interface: Interface = ETH0) -> Datagram:
    return Datagram(b"", SocketAddress(peer, peer_port), SocketAddress(interface.ipv4[0].ip, port), interface.name)


class Conversation:
    """Sends messages to the services of a DHCP port and gives back what they answer."""

    def __init__(self, *services: Dhcp4Service) -> None:
        self.endpoint = Dhcp4Endpoint(services)
        self.now = NOW
        self.datagram: Datagram | None = None
        """What carried the last answer."""
        self.events: list[Event] = []
        """Of the last message."""

    def send(self, message: Message | bytes, way: Datagram | None = None) -> Message | None:
        payload = message if isinstance(message, bytes) else encode(message)
        way = way or on_broadcast()
        arrived = Datagram(payload, way.peer, way.local, way.interface, way.to_group)
        self.endpoint.receive_datagram(arrived, self.now)
        self.events = []
        while (event := self.endpoint.next_event()) is not None:
            self.events.append(event)
        datagrams = self.endpoint.datagrams_to_send()
        assert len(datagrams) <= 1, datagrams
        self.datagram = datagrams[0] if datagrams else None
        return None if self.datagram is None else decode(self.datagram.payload)

    def ask(self, message: Message, way: Datagram | None = None) -> Message:
        """`send` where an answer must come."""
        reply = self.send(message, way)
        assert reply is not None, self.events
        return reply

    def event(self, kind: type[E]) -> E:
        """The one event of this kind that the last message led to."""
        (event,) = (each for each in self.events if isinstance(each, kind))
        return event

    def lease(self, mac: bytes = MAC, way: Datagram | None = None) -> IPv4Address:
        """A whole DISCOVER to ACK."""
        offered = self.ask(discover(mac=mac), way).yiaddr
        reply = self.ask(selecting(offered, mac=mac), way)
        assert (reply.message_type, reply.yiaddr) == (MessageType.ACK, offered)
        return offered


def no_boot_information(request: Message, reply: Message, server: IPv4Address) -> tuple[Message, tuple[Event, ...]]:
    """An `AddBootInformation` for tests of DHCP alone."""
    del request, server
    return reply, ()


class DhcpServer(Conversation):
    """A conversation with a DHCP server that knows nothing of PXE."""

    def __init__(
        self,
        *subnets: Subnet,
        never: Sequence[IPv4Address] = (SERVER,),
        interfaces: Mapping[str, Interface] = INTERFACES,
        rules: Rules = RULES,
        inventory: Collection[bytes] = (),
        leases: Sequence[Lease] = (),
    ) -> None:
        """`inventory` has the MAC addresses and UUIDs of known machines, these as option 97 has them."""
        self.allocator = Allocator(subnets or (a_subnet(),), leases, never=never)
        self.rules = rules

        def is_known(link_address: bytes, uuid: bytes) -> bool:
            return link_address in inventory or uuid in inventory

        server = Dhcp4Server(self.allocator, interfaces, no_boot_information, lambda: self.rules, is_known)
        super().__init__(server)


class FilePolicy:
    """A `Policy` with a file for BIOS and for x86-64, and no menu."""

    def decide(self, client: PxeClient) -> BootFile | NoBootFile:
        files = {0: "pxelinux.0", 7: "grubx64.efi", 9: "grubx64.efi"}
        name = files.get(client.architecture)
        return NoBootFile("nothing for it") if name is None else BootFile(name, "by architecture")

    def boot_item(self, client: PxeClient, server_type: int, layer: int) -> BootFile | NoBootFile:
        return self.decide(client) if (server_type, layer) == (0, 0) else NoBootFile("no such item")

    def quirk_effect(self, client: PxeClient) -> Effect:
        del client
        return Effect.NONE


def combined(inventory: Inventory | None = None) -> Conversation:
    """Port 67 in server mode, as services/endpoints.py puts it together: leases, and what the inventory says."""
    programs = {"x86-bios": ("pxelinux.0",), "x86_64-uefi": ("grubx64.efi",)}
    lab = Inventory({"lab": Profile("lab", programs)}, (), "lab", False, FoundLoaders({}))
    snapshot = snapshot_of(inventory or lab)
    allocator = Allocator((a_subnet(),), never=(SERVER,))
    return Conversation(BootServer(snapshot), Dhcp4Server(allocator, INTERFACES, BootInformation(snapshot)))


# Packets of real firmware (tests/vectors)

VECTORS = Path(__file__).parents[1] / "vectors"
DHCP_PORTS = {67, 68, 4011}


@cache
def captured(file: str) -> tuple[CapturedDatagram, ...]:
    """The DHCP packets of a capture, in order."""
    return tuple(
        each for each in read_datagrams(VECTORS / file) if {each.source.port, each.destination.port} <= DHCP_PORTS
    )


# A packet of each kind: an EDK2 and an iPXE DISCOVER, a REQUEST, one to port 4011 and a relayed one.
EDK2_DISCOVER = ("probe-efi-unicast.pcap", 0)
IPXE_DISCOVER = ("bios-virtio-proxy.pcap", 0)
EDK2_REQUEST = ("probe-efi-bit3file.pcap", 2)
EDK2_BOOT_SERVER_REQUEST = ("uefi-pxe4-proxy.pcap", 5)
EDK2_DISCOVERY = ("probe-efi-unicast.pcap", 4)
IPXE_DISCOVERY = ("probe-ipxe-unicast.pcap", 4)
RELAYED_DISCOVER = ("uefi-pxe4-relay-dhcrelay.server.pcap", 0)


def payload_of(packet: tuple[str, int]) -> bytes:
    file, index = packet
    return captured(file)[index].payload
