"""A PXE client on a clock that the test moves, the packets of servers made by hand, and a network of endpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from random import Random
from typing import TypedDict, TypeVar, Unpack
from uuid import UUID

from tests.support.dhcp import BROADCAST, MAC, NOBODY, NOW, SERVER, ip
from tests.support.tftp import MemoryFiles
from wireboot.endpoint import AddressAcquired, Datagram, DatagramDropped, Endpoint, Event, Outbox, SocketAddress
from wireboot.protocols.dhcp4.message import BOOTREPLY, BOOTREQUEST, Message, decode, encode
from wireboot.protocols.dhcp4.options import (
    CLASS_IDENTIFIER,
    LEASE_TIME,
    MESSAGE_TYPE,
    ROUTERS,
    SERVER_IDENTIFIER,
    SUBNET_MASK,
    VENDOR_SPECIFIC,
    MessageType,
)
from wireboot.protocols.pxe import vendor_options
from wireboot.protocols.pxe.client import PxeBootClient
from wireboot.protocols.pxe.client_events import Booted, BootImageReady, Failed, Outcome, StepReached
from wireboot.protocols.pxe.credentials import Trust
from wireboot.protocols.pxe.firmware import FIRMWARE, FirmwareBehaviour
from wireboot.protocols.pxe.identity import PXE_CLASS
from wireboot.protocols.pxe.vendor_options import (
    BOOT_ITEM,
    BOOT_MENU,
    BOOT_SERVERS,
    DISCOVERY_ADDRESS,
    DISCOVERY_CONTROL,
    MENU_PROMPT,
    BootItem,
    BootServers,
    DiscoveryControl,
    MenuItem,
    MenuPrompt,
)
from wireboot.protocols.tftp.packet import ReadRequest
from wireboot.protocols.tftp.packet import decode as decode_tftp
from wireboot.protocols.tftp.server import TftpServer
from wireboot.wire.option_table import Options

E = TypeVar("E", bound=Event)

MACHINE_UUID = UUID("77777777-0000-4000-8000-000000000000")
"""As in the captures."""
ADDRESS = ip(150)
GROUP = IPv4Address("224.0.1.2")
TYPE = 0x8001
"""A Boot Server type of our own."""
FILE = "loader.efi"
CONTENT = bytes(range(256)) * 10

EVERYBODY = SocketAddress(BROADCAST, 67)
AT_67 = SocketAddress(SERVER, 67)
AT_4011 = SocketAddress(SERVER, 4011)


class ReplyParts(TypedDict, total=False):
    """What a test may say of a server's answer (`reply`)."""

    server: IPv4Address
    yiaddr: IPv4Address
    siaddr: IPv4Address | None
    file: str
    tags: Options | None
    pxe: bool
    options: Options


_STEPS_MAX = 20_000
"""Of one run: no test waits for ever."""


class Machine:
    """A PXE client, what it has sent and what it has told."""

    def __init__(
        self,
        firmware: str = "wireboot",
        *,
        behaviour: FirmwareBehaviour | None = None,
        trust: Trust | None = None,
        multicast: bool = False,
        menu_item: int | None = None,
        seed: int | None = None,
        deadline_s: float = 300.0,
        size_bytes_max: int = 1 << 20,
    ) -> None:
        """Without a seed there is no jitter, and the transaction IDs count up."""
        row = FIRMWARE[firmware]
        self.behaviour = behaviour or row.behaviour
        self.now = NOW
        self.sent: list[Datagram] = []
        self.events: list[Event] = []
        self._tickets = 0
        self.client = PxeBootClient(
            row.identity(MAC, MACHINE_UUID),
            self.behaviour,
            interface="eth0",
            random=self._almost_nothing if seed is None else Random(seed).random,
            trust=trust,
            multicast=multicast,
            menu_item=menu_item,
            size_bytes_max=size_bytes_max,
            deadline_s=deadline_s,
            now=self.now,
        )
        self.settle()

    def _almost_nothing(self) -> float:
        self._tickets += 1
        return self._tickets / (1 << 32)

    # What it says

    @property
    def outcome(self) -> Outcome | None:
        return self.client.outcome

    @property
    def error(self) -> str:
        """The code of the error that the boot ended with."""
        assert isinstance(self.outcome, Failed), self.outcome
        return self.outcome.error.code

    @property
    def address(self) -> IPv4Address:
        acquired = self.told(AddressAcquired)
        return acquired[-1].address.ip if acquired else NOBODY

    def told(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def dropped(self) -> list[str]:
        return [event.reason for event in self.told(DatagramDropped)]

    @property
    def steps(self) -> list[int]:
        return [event.step for event in self.told(StepReached)]

    def take_sent(self) -> list[Datagram]:
        sent, self.sent = self.sent, []
        return sent

    def events_of_step(self, step: int) -> Mapping[str, object]:
        """What was told of a step that was reached."""
        (event,) = (each for each in self.told(StepReached) if each.step == step)
        return event.detail

    def asked(self) -> tuple[Datagram, Message]:
        """The one DHCP message sent since the last look, and what carried it."""
        (datagram,) = self.take_sent()
        return datagram, decode(datagram.payload)

    def requests(self) -> list[str]:
        """The files that the TFTP packets sent since the last look ask for."""
        packets = [decode_tftp(each.payload) for each in self.take_sent() if each.peer.port == 69]
        return [each.file for each in packets if isinstance(each, ReadRequest)]

    # What happens to it

    def hear(self, message: Message | bytes, source: SocketAddress = AT_67, port: int = 68) -> None:
        payload = message if isinstance(message, bytes) else encode(message)
        self.client.receive_datagram(Datagram(payload, source, SocketAddress(self.address, port), "eth0"), self.now)
        self.settle()

    def wait(self, seconds: float) -> None:
        """Let time pass, waking the client when it wants to be woken."""
        end = self.now + seconds
        for _ in range(_STEPS_MAX):
            at = self.client.next_timeout()
            if at is None or at > end:
                break
            self.now = max(self.now, at)
            self.client.handle_timeout(self.now)
            self.settle()
        self.now = end

    def settle(self) -> None:
        while (event := self.client.next_event()) is not None:
            self.events.append(event)
        self.sent += self.client.datagrams_to_send()

    def take_address(self, **offer: Unpack[ReplyParts]) -> None:
        """A whole DISCOVER to ACK with a server whose offer and acknowledgement say the same."""
        _, discover = self.asked()
        offer.setdefault("yiaddr", ADDRESS)
        self.hear(reply(discover, MessageType.OFFER, **offer))
        self.acknowledge(**offer)

    def acknowledge(self, **ack: Unpack[ReplyParts]) -> None:
        """Wait for the DHCPREQUEST and confirm it."""
        for _ in range(200):
            request = decode(self.sent[-1].payload) if self.sent else None
            if request is not None and request.message_type is MessageType.REQUEST:
                break
            self.wait(0.5)
        assert request is not None
        self.take_sent()
        server = request.options.get(SERVER_IDENTIFIER)
        assert server is not None
        ack.setdefault("server", server)
        ack.setdefault("yiaddr", ADDRESS)
        self.hear(reply(request, MessageType.ACK, **ack))
        self.wait(self.behaviour.probe_s or 0.0)


# Packets of servers

PROMPT = MenuPrompt(0, "Boot")
"""The first item at once."""


def pxe_tags(
    control: int | None = None,
    *,
    address: IPv4Address | None = None,
    servers: tuple[BootServers, ...] | None = None,
    menu: tuple[MenuItem, ...] | None = (MenuItem(TYPE, "lab"),),
    prompt: MenuPrompt | None = PROMPT,
    item: BootItem | None = None,
) -> Options:
    tags = Options()
    if control is not None:
        tags = tags.with_option(DISCOVERY_CONTROL, DiscoveryControl(control))
    if address is not None:
        tags = tags.with_option(DISCOVERY_ADDRESS, address)
    if servers is not None:
        tags = tags.with_option(BOOT_SERVERS, servers)
    if menu is not None:
        tags = tags.with_option(BOOT_MENU, menu)
    if prompt is not None:
        tags = tags.with_option(MENU_PROMPT, prompt)
    if item is not None:
        tags = tags.with_option(BOOT_ITEM, item)
    return tags


BY_UNICAST = pxe_tags(3, servers=(BootServers(TYPE, (SERVER,)),))
"""Neither broadcast nor multicast: the server listed."""
AT_ONCE = pxe_tags(DiscoveryControl.USE_BOOT_FILE | DiscoveryControl.NO_MULTICAST, menu=None, prompt=None)


def reply(
    request: Message,
    message_type: MessageType,
    *,
    server: IPv4Address = SERVER,
    yiaddr: IPv4Address = NOBODY,
    siaddr: IPv4Address | None = None,
    file: str = "",
    tags: Options | None = None,
    pxe: bool = False,
    options: Options | None = None,
) -> Message:
    """A server's answer; with `tags` or `pxe` one of class PXEClient."""
    message = Message(
        op=BOOTREPLY,
        xid=request.xid,
        chaddr=request.chaddr,
        yiaddr=yiaddr,
        siaddr=server if siaddr is None else siaddr,
        file=file.encode(),
    )
    message = message.with_option(MESSAGE_TYPE, message_type).with_option(SERVER_IDENTIFIER, server)
    if not yiaddr.is_unspecified:
        message = (
            message.with_option(LEASE_TIME, 3600)
            .with_option(SUBNET_MASK, IPv4Address("255.255.255.0"))
            .with_option(ROUTERS, (SERVER,))
        )
    if pxe or tags is not None:
        message = message.with_option(CLASS_IDENTIFIER, PXE_CLASS)
    if tags is not None:
        message = message.with_option(VENDOR_SPECIFIC, vendor_options.encode(tags))
    return replace(message, options=Options({**message.options, **(options or {})}))


def boot_server_ack(
    request: Message, *, server: IPv4Address = SERVER, file: str = FILE, tags: Options | None = None
) -> Message:
    """What a Boot Server answers, with the boot item that it was asked for unless other tags are given."""
    tags = Options().with_option(BOOT_ITEM, item_of(request)) if tags is None else tags
    return reply(request, MessageType.ACK, server=server, file=file, tags=tags)


def item_of(request: Message) -> BootItem:
    """Tag 71 of a request."""
    item = tags_of(request).get(BOOT_ITEM)
    assert item is not None
    return item


def tags_of(message: Message) -> Options:
    return vendor_options.decode(message.options.get(VENDOR_SPECIFIC) or b"")


# A network


Respond = Callable[[Message, Datagram], Sequence[tuple[Message, SocketAddress]]]


class Scripted(Outbox):
    """A server whose answers a test makes up. An `Endpoint`."""

    def __init__(self, respond: Respond) -> None:
        super().__init__()
        self._respond = respond

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        del now
        request = decode(datagram.payload)
        assert request.op == BOOTREQUEST
        port = datagram.peer.port
        host = BROADCAST if datagram.peer.host == NOBODY else datagram.peer.host
        for message, source in self._respond(request, datagram):
            self._send(Datagram(encode(message), SocketAddress(host, port), source, datagram.interface))

    def handle_timeout(self, now: float) -> None:
        pass

    def next_timeout(self) -> float | None:
        return None


class Lan:
    """A machine and servers on one cable. Datagrams pass at once; time passes when there are none."""

    def __init__(
        self,
        machine: Machine,
        servers: Mapping[SocketAddress, Endpoint],
        files: Mapping[str, bytes] | None = None,
        *,
        host: IPv4Address = SERVER,
    ) -> None:
        self.machine = machine
        self._servers = dict(servers)
        self.passed: list[Datagram] = []
        """What the machine has sent."""
        tftp = TftpServer(MemoryFiles(files if files is not None else {FILE: CONTENT}), transfer_ports=(50001, 50002))
        for port in (69, 50001, 50002):
            self._servers[SocketAddress(host, port)] = tftp

    def run(self, seconds: float = 400.0) -> Outcome | None:
        """Until the boot has ended, or the time is over."""
        end = self.machine.now + seconds
        for _ in range(_STEPS_MAX):
            if self._pass_datagrams():
                continue
            if self.machine.outcome is not None:
                return self.machine.outcome
            at = self.machine.client.next_timeout()
            wake = [each.next_timeout() for each in self._servers.values()]
            at = min((each for each in (at, *wake) if each is not None), default=end)
            if at >= end:
                return None
            self._wake(max(at, self.machine.now))
        raise AssertionError("too many steps")

    def _wake(self, now: float) -> None:
        self.machine.now = now
        for endpoint in {id(each): each for each in self._servers.values()}.values():
            at = endpoint.next_timeout()
            if at is not None and at <= now:
                endpoint.handle_timeout(now)
        self.machine.client.handle_timeout(now)
        self.machine.settle()

    def _pass_datagrams(self) -> bool:
        machine = self.machine
        outgoing = machine.take_sent()
        self.passed += outgoing
        for datagram in outgoing:
            to_group = datagram.peer.host == BROADCAST or datagram.peer.host.is_multicast
            for at, endpoint in self._servers.items():
                if at.port == datagram.peer.port and (to_group or at.host == datagram.peer.host):
                    arrived = Datagram(datagram.payload, datagram.local, at, datagram.interface, to_group)
                    endpoint.receive_datagram(arrived, machine.now)
        incoming = [each for endpoint in self._servers.values() for each in endpoint.datagrams_to_send()]
        for datagram in incoming:
            while (event := self._servers[datagram.local].next_event()) is not None:
                del event
            local = SocketAddress(machine.address, datagram.peer.port)
            to_group = datagram.peer.host == BROADCAST or datagram.peer.host.is_multicast
            arrived = Datagram(datagram.payload, datagram.local, local, datagram.interface, to_group)
            machine.client.receive_datagram(arrived, machine.now)
            machine.settle()
        return bool(outgoing or incoming)


def image_of(machine: Machine) -> bytes:
    """What the boot came to."""
    assert isinstance(machine.outcome, Booted), machine.outcome
    (ready,) = machine.told(BootImageReady)
    return ready.content
