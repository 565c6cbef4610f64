"""PXE 2.1 §2.1: whole boots, step by step, from servers of our own and from servers made by hand."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Interface

import pytest

from tests.support.dhcp import (
    INTERFACES,
    OTHER_SERVER,
    SERVER,
    DhcpServer,
    a_subnet,
    no_boot_information,
)
from tests.support.pxe_client import (
    ADDRESS,
    AT_67,
    AT_4011,
    AT_ONCE,
    BY_UNICAST,
    CONTENT,
    EVERYBODY,
    FILE,
    GROUP,
    TYPE,
    Lan,
    Machine,
    Scripted,
    boot_server_ack,
    image_of,
    pxe_tags,
    reply,
)
from wireboot.endpoint import AddressAcquired, Datagram, Endpoint, GroupJoined, GroupLeft, SocketAddress
from wireboot.leases.allocator import Allocator
from wireboot.protocols.dhcp4.endpoint import Dhcp4Endpoint
from wireboot.protocols.dhcp4.message import Message, decode
from wireboot.protocols.dhcp4.options import VENDOR_SPECIFIC, MessageType
from wireboot.protocols.dhcp4.server import Dhcp4Server
from wireboot.protocols.pxe.boot_information import BootInformation
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.client_events import STEP_NAMES, Booted, BootEnded, BootImageReady, LocalBoot, StepReached
from wireboot.protocols.pxe.credentials import BootImage, CredentialRefused
from wireboot.protocols.pxe.decision import BootCredential, BootFile, BootMenu, BootMenuItem, Decision, NoBootFile
from wireboot.protocols.pxe.firmware import FIRMWARE
from wireboot.protocols.pxe.identity import PxeClient
from wireboot.protocols.pxe.proxy_dhcp import ProxyDhcp
from wireboot.protocols.pxe.quirks import Effect
from wireboot.protocols.pxe.task_runner import LINGER_S_MAX
from wireboot.protocols.pxe.vendor_options import (
    MTFTP_ADDRESS,
    MTFTP_CLIENT_PORT,
    MTFTP_LISTEN_TIMEOUT,
    MTFTP_SERVER_PORT,
    MTFTP_TRANSMIT_TIMEOUT,
    BootServers,
)
from wireboot.protocols.tftp.packet import Ack, Data, ReadRequest
from wireboot.protocols.tftp.packet import decode as decode_tftp
from wireboot.protocols.tftp.packet import encode as encode_tftp
from wireboot.wire.iana import Port
from wireboot.wire.option_table import Options

NAME = "grubx64.efi"
FILES = {NAME: CONTENT}
CREDENTIAL = "grubx64.efi.p7s"
ANCHOR = 0x80000001
AT_ONCE_FILE = BootFile(NAME, "for tests")
MENU = BootMenu(
    "menu",
    "for tests",
    "Press F8",
    0,
    (BootMenuItem(TYPE, "lab"), BootMenuItem(0, "local disk"), BootMenuItem(TYPE + 1, "nobody")),
)
MTFTP = (
    Options()
    .with_option(MTFTP_ADDRESS, IPv4Address("239.1.2.3"))
    .with_option(MTFTP_CLIENT_PORT, 1758)
    .with_option(MTFTP_SERVER_PORT, 1759)
    .with_option(MTFTP_LISTEN_TIMEOUT, 1)
    .with_option(MTFTP_TRANSMIT_TIMEOUT, 1)
)


Servers = Callable[[Decision], dict[SocketAddress, Endpoint]]


class OneDecision:
    """A `Policy` that tells every client the same, and serves TYPE, and type 0, with one file."""

    def __init__(self, decision: Decision) -> None:
        self._decision = decision
        self._boot_file = decision if isinstance(decision, BootFile) else AT_ONCE_FILE

    def decide(self, client: PxeClient) -> Decision:
        del client
        return self._decision

    def boot_item(self, client: PxeClient, server_type: int, layer: int) -> BootFile | NoBootFile:
        del client
        return self._boot_file if server_type in (0, TYPE) and layer == 0 else NoBootFile("not served")

    def quirk_effect(self, client: PxeClient) -> Effect:
        del client
        return Effect.NONE


def combined(decision: Decision) -> dict[SocketAddress, Endpoint]:
    """One server for everything."""
    policy = OneDecision(decision)
    dhcp = Dhcp4Server(Allocator((a_subnet(),), never=(SERVER,)), INTERFACES, BootInformation(policy))
    return {
        AT_67: Dhcp4Endpoint([BootServer(policy), dhcp]),
        AT_4011: Dhcp4Endpoint([BootServer(policy)]),
    }


def beside_a_dhcp_server(decision: Decision) -> dict[SocketAddress, Endpoint]:
    """A ProxyDHCP service, and a DHCP server that knows nothing of PXE."""
    policy = OneDecision(decision)
    dhcp = Dhcp4Server(Allocator((a_subnet(),), never=(OTHER_SERVER,)), INTERFACES, no_boot_information)
    return {
        SocketAddress(OTHER_SERVER, 67): Dhcp4Endpoint([dhcp]),
        AT_67: Dhcp4Endpoint([BootServer(policy), ProxyDhcp(policy)]),
        AT_4011: Dhcp4Endpoint([BootServer(policy)]),
    }


@pytest.mark.parametrize("firmware", FIRMWARE)
@pytest.mark.parametrize("servers", [combined, beside_a_dhcp_server])
@pytest.mark.parametrize("decision", [AT_ONCE_FILE, MENU], ids=["file", "menu"])
def test_every_firmware_boots_from_our_server(firmware: str, servers: Servers, decision: Decision) -> None:
    """PXE 2.1 §2.2.3: a combined server, and a ProxyDHCP service beside a DHCP server that knows no PXE."""
    machine = Machine(firmware, seed=1)
    outcome = Lan(machine, servers(decision), FILES).run()
    assert image_of(machine) == CONTENT
    assert isinstance(outcome, Booted)
    assert outcome.boot_file == NAME
    assert outcome.boot_server == SERVER
    assert machine.steps == sorted(STEP_NAMES)


@pytest.mark.parametrize("firmware", FIRMWARE)
def test_our_menu_leads_to_the_local_disk_too(firmware: str) -> None:
    """PXE 2.1 table 2-1, tag 9: type 0."""
    machine = Machine(firmware, menu_item=1)
    assert Lan(machine, combined(MENU), FILES).run() == LocalBoot()


@pytest.mark.parametrize("firmware", FIRMWARE)
def test_a_type_that_nobody_serves_is_e78(firmware: str) -> None:
    """PXE 2.1 §2.2.5: our Boot Server stays silent, since another one may have it."""
    machine = Machine(firmware, menu_item=2)
    Lan(machine, combined(MENU), FILES).run()
    assert machine.error == "PXE-E78"


@pytest.mark.parametrize("firmware", FIRMWARE)
@pytest.mark.parametrize("decision", [AT_ONCE_FILE, MENU], ids=["file", "menu"])
def test_our_server_without_a_credential_is_e7a(firmware: str, decision: Decision) -> None:
    """PXE 2.1 §2.2.6: the file could be had, and does not run."""
    machine = Machine(firmware, trust=NeverAsked())
    Lan(machine, combined(decision), FILES).run()
    assert machine.error == "PXE-E7A"
    assert not machine.told(BootImageReady)


@pytest.mark.parametrize("firmware", FIRMWARE)
def test_our_server_names_the_credential(firmware: str) -> None:
    """PXE 2.1 §2.2.6: tag 71 with bit 15, and tag 12 with the one type that both know."""
    signed = BootFile(NAME, "for tests", credentials=(BootCredential(ANCHOR, CREDENTIAL),))
    machine = Machine(firmware, trust=ByContent())
    outcome = Lan(machine, combined(signed), {**FILES, CREDENTIAL: CONTENT[::-1]}).run()
    assert image_of(machine) == CONTENT
    assert isinstance(outcome, Booted)
    assert outcome.authentic is True


class ByContent:
    """A `Trust` for which a credential is the image read backwards."""

    credential_types = (ANCHOR,)

    def verify(self, credential: bytes, image: BootImage) -> None:
        if credential[::-1] != image.content:
            raise CredentialRefused("PXE-E22", "another image")


class NeverAsked:
    """A `Trust` that gets no credential to look at."""

    credential_types = (ANCHOR,)

    def verify(self, credential: bytes, image: BootImage) -> None:
        raise AssertionError((credential, image))


def test_a_plain_dhcp_server_alone_is_no_boot_service() -> None:
    """PXE 2.1 §2.2.3: an address alone boots nothing."""
    machine = Machine()
    Lan(machine, {AT_67: DhcpServer().endpoint}).run()
    assert machine.error == "PXE-E53"


def test_the_steps_are_told_with_their_time() -> None:
    """PXE 2.1 §2.1: nine steps, in their order."""
    machine = Machine("edk2")
    Lan(machine, combined(AT_ONCE_FILE), FILES).run()
    steps = machine.told(StepReached)
    assert [each.at_s for each in steps] == sorted(each.at_s for each in steps)
    assert (steps[0].at_s, steps[1].at_s) == (0.0, 3.5)
    assert [each.name for each in steps] == list(STEP_NAMES.values())
    assert machine.events_of_step(2) == {"dhcp_server": str(SERVER), "boot_service": str(SERVER)}
    assert machine.events_of_step(6) == {"boot_file": NAME, "boot_server": str(SERVER), "server": str(SERVER)}
    assert machine.events_of_step(7)["size_bytes"] == len(CONTENT)


def test_the_outcome_has_all_that_there_is_to_say() -> None:
    """PXE 2.1 §2.1: what came of the nine steps, told last."""
    machine = Machine("edk2")
    outcome = Lan(machine, combined(AT_ONCE_FILE), FILES).run()
    (acquired,) = machine.told(AddressAcquired)
    assert outcome == Booted(
        address=acquired.address,
        dhcp_server=SERVER,
        boot_server=SERVER,
        boot_file=NAME,
        size_bytes=len(CONTENT),
        sha256=sha256(CONTENT).hexdigest(),
        transport="tftp",
        authentic=None,
    )
    assert acquired.address.network == IPv4Interface("10.77.0.0/24").network
    assert machine.told(BootEnded) == [BootEnded(outcome)]
    assert isinstance(machine.events[-1], BootEnded)


def test_the_last_acknowledgement_is_given_again() -> None:
    """RFC 1350 §6: the boot has ended, and the server may not know it yet."""
    machine = Machine("ipxe")
    lan = Lan(machine, combined(AT_ONCE_FILE), FILES)
    lan.run()
    acks = [each for each in [*lan.passed, *machine.take_sent()] if each.payload[:2] == b"\0\4"]
    last = acks[-1]
    block = decode_tftp(last.payload)
    assert isinstance(block, Ack)
    machine.now += 1
    machine.client.receive_datagram(
        Datagram(encode_tftp(Data(block.block, b"")), last.peer, last.local, "eth0"), machine.now
    )
    machine.settle()
    assert [each.payload for each in machine.take_sent()] == [last.payload]
    machine.wait(60)
    assert machine.client.next_timeout() is None


# What is kept for the programs that are loaded


def test_the_packets_are_kept_as_they_came() -> None:
    """PXE 2.1 §3.3.2: GET_CACHED_INFO types 1, 2 and 3; with a Boot Server, its reply is the third."""
    machine = Machine()
    first = machine.sent[0].payload
    _, discover = machine.asked()
    machine.hear(reply(discover, MessageType.OFFER, yiaddr=ADDRESS, tags=BY_UNICAST))
    _, request = machine.asked()
    ack = reply(request, MessageType.ACK, yiaddr=ADDRESS, tags=BY_UNICAST)
    machine.hear(ack)
    machine.wait(0.5)
    _, asked = machine.asked()
    answer = boot_server_ack(asked)
    machine.hear(answer, AT_4011, 4011)
    Lan(machine, {}).run()
    (ready,) = machine.told(BootImageReady)
    packets = ready.cached_packets
    assert (packets.discover, decode(packets.ack), decode(packets.reply)) == (first, ack, answer)


def test_without_a_boot_server_the_ack_is_the_reply_too() -> None:
    """PXE 2.1 §3.3.2."""
    machine = Machine()
    Lan(machine, combined(AT_ONCE_FILE), FILES).run()
    (ready,) = machine.told(BootImageReady)
    assert ready.cached_packets.reply == ready.cached_packets.ack


# After the end


def booted(firmware: str) -> tuple[Machine, Datagram]:
    """A machine that has just booted, and the end of its file as it came."""
    machine = Machine(firmware)
    machine.take_address(tags=AT_ONCE, file=FILE)
    (request,) = (each for each in machine.take_sent() if each.peer.port == Port.TFTP)
    local = SocketAddress(ADDRESS, request.local.port)
    last = Datagram(encode_tftp(Data(1, b"x")), SocketAddress(SERVER, 50001), local, "eth0")
    machine.client.receive_datagram(last, machine.now)
    machine.settle()
    assert isinstance(machine.outcome, Booted)
    assert len(machine.take_sent()) == 1
    return machine, last


@pytest.mark.parametrize("firmware", ["wireboot", "ipxe"])
def test_a_last_block_that_comes_again_is_acknowledged_for_a_moment(firmware: str) -> None:
    """RFC 1350 §6: dallying, but nobody who waits for the boot is to wait for long."""
    machine, last = booted(firmware)
    assert not machine.client.finished
    machine.wait(0.1)
    machine.client.receive_datagram(last, machine.now)
    machine.settle()
    (again,) = machine.take_sent()
    assert decode_tftp(again.payload) == Ack(1)

    machine.wait(LINGER_S_MAX)
    assert machine.client.finished
    assert machine.client.next_timeout() is None
    machine.client.receive_datagram(last, machine.now)
    machine.settle()
    assert machine.take_sent() == []


# Multicast


def _never(request: Message, datagram: Datagram) -> list[tuple[Message, SocketAddress]]:
    raise AssertionError((request, datagram))


class MtftpServer(Scripted):
    """The server's side of PXE's MTFTP for one file of one client: block 1 both ways, then one for each ACK."""

    def __init__(self, content: bytes) -> None:
        super().__init__(_never)
        self._blocks = [content[at : at + 512] for at in range(0, len(content) + 1, 512)]

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        del now
        packet = decode_tftp(datagram.payload)
        number = 1 if isinstance(packet, ReadRequest) else packet.block + 1 if isinstance(packet, Ack) else 0
        if 0 < number <= len(self._blocks):
            payload = encode_tftp(Data(number, self._blocks[number - 1]))
            group = SocketAddress(IPv4Address("239.1.2.3"), 1758)
            for peer in (datagram.peer, group) if isinstance(packet, ReadRequest) else (group,):
                self._send(Datagram(payload, peer, datagram.local, "eth0"))


def mtftp_lan(machine: Machine, *, serves: bool) -> Lan:
    tags = Options({**AT_ONCE, **MTFTP})

    def respond(request: Message, datagram: Datagram) -> list[tuple[Message, SocketAddress]]:
        assert VENDOR_SPECIFIC.code not in request.options
        kind = MessageType.OFFER if request.message_type is MessageType.DISCOVER else MessageType.ACK
        return [(reply(request, kind, yiaddr=ADDRESS, tags=tags, file=FILE), AT_67)] if datagram else []

    servers: dict[SocketAddress, Endpoint] = {AT_67: Scripted(respond)}
    if serves:
        servers[SocketAddress(SERVER, 1759)] = MtftpServer(CONTENT)
    return Lan(machine, servers)


def test_the_file_comes_by_multicast_where_that_is_wanted() -> None:
    """PXE 2.1 §2.3: tags 1 to 5, all of them."""
    machine = Machine("intel-rom", multicast=True)
    outcome = mtftp_lan(machine, serves=True).run()
    assert image_of(machine) == CONTENT
    assert isinstance(outcome, Booted)
    assert outcome.transport == "mtftp"
    assert machine.told(GroupJoined) == [GroupJoined(IPv4Address("239.1.2.3"))]
    machine.wait(60)
    assert machine.told(GroupLeft) == [GroupLeft(IPv4Address("239.1.2.3"))]


@pytest.mark.parametrize("multicast", [False, True])
def test_plain_tftp_does_where_multicast_does_not(multicast: bool) -> None:
    """PXE 2.1 §2.3: nobody opens the transmission, or nobody asked for it."""
    machine = Machine("intel-rom", multicast=multicast)
    outcome = mtftp_lan(machine, serves=False).run()
    assert image_of(machine) == CONTENT
    assert isinstance(outcome, Booted)
    assert outcome.transport == "tftp"
    assert bool(machine.told(GroupJoined)) is multicast


# Several ways to one server


@pytest.mark.parametrize("firmware", FIRMWARE)
@pytest.mark.parametrize(("control", "asked"), [(1, SocketAddress(GROUP, 4011)), (2, EVERYBODY), (3, AT_4011)])
def test_each_method_of_discovery_alone_leads_to_a_boot(firmware: str, control: int, asked: SocketAddress) -> None:
    """PXE 2.1 §2.2.5: multicast, broadcast and unicast, each by itself."""
    tags = pxe_tags(control, address=GROUP, servers=(BootServers(TYPE, (SERVER,)),))
    discoveries: list[Message] = []

    def respond(request: Message, datagram: Datagram) -> list[tuple[Message, SocketAddress]]:
        if VENDOR_SPECIFIC.code in request.options:
            discoveries.append(request)
            return [(boot_server_ack(request), SocketAddress(SERVER, datagram.local.port))]
        kind = MessageType.OFFER if request.message_type is MessageType.DISCOVER else MessageType.ACK
        return [(reply(request, kind, yiaddr=ADDRESS, tags=tags), AT_67)]

    machine = Machine(firmware)
    lan = Lan(machine, {AT_67: Scripted(respond), AT_4011: Scripted(respond)})
    lan.run()
    assert image_of(machine) == CONTENT
    assert len(discoveries) == 1
    payloads = {each.payload: each.peer for each in lan.passed}
    assert [peer for payload, peer in payloads.items() if decodes_to(payload, discoveries[0])] == [asked]


def decodes_to(payload: bytes, message: Message) -> bool:
    try:
        return decode(payload) == message
    except ValueError:
        return False
