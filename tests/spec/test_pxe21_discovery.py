"""PXE 2.1 §2.2.5: what a Boot Server makes of the type and layer it is asked for, and of bit 15."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.support.dhcp import (
    NOBODY,
    SERVER,
    Conversation,
    combined,
    from_client,
    ip,
    on_broadcast,
    on_unicast,
    options_of,
    pxe_options,
)
from tests.support.inventory import snapshot_of, with_menu
from wireboot.boot.inventory import Inventory, MenuEntry
from wireboot.endpoint import Datagram, DatagramDropped, SocketAddress
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import (
    CLASS_IDENTIFIER,
    SERVER_IDENTIFIER,
    TFTP_SERVER_NAME,
    VENDOR_SPECIFIC,
    MessageType,
)
from wireboot.protocols.pxe import vendor_options
from wireboot.protocols.pxe.boot_server import BootServer
from wireboot.protocols.pxe.decision import BootCredential
from wireboot.protocols.pxe.events import BootFileNamed, CredentialNamed, CredentialNotHeld
from wireboot.protocols.pxe.vendor_options import BOOT_ITEM, CREDENTIAL_TYPES, BootItem
from wireboot.protocols.tftp.mtftp import MtftpParameters
from wireboot.wire.option_table import Options

ADDRESS = ip(150)
RESCUE, INSTALL, MEMTEST = 40001, 40002, 40003
ENTRIES = (
    MenuEntry("Rescue system", profile="rescue", server_type=RESCUE),
    MenuEntry("Installer", profile="install", server_type=INSTALL),
    MenuEntry("Memory test", profile="memtest", server_type=MEMTEST),
    MenuEntry("Windows", servers=(IPv4Address("10.77.0.9"),), server_type=1),
    MenuEntry("Local disk", local=True),
)
MTFTP = MtftpParameters(IPv4Address("239.255.77.1"), 1760, 1759, 1, 2)
BIT_15 = 0x8000


def menu_server(inventory: Inventory | None = None) -> Conversation:
    return Conversation(BootServer(snapshot_of(inventory or with_menu(*ENTRIES))))


def request(tags: Options, *, architecture: int = 7) -> Message:
    options = {**pxe_options(architecture), **options_of((VENDOR_SPECIFIC, vendor_options.encode(tags)))}
    return from_client(MessageType.REQUEST, ciaddr=ADDRESS, options=Options(options), xid=0x413B3825)


def asking(server_type: int, layer: int = 0, *, architecture: int = 7, credentials: tuple[int, ...] = ()) -> Message:
    tags = Options().with_option(BOOT_ITEM, BootItem(server_type, layer))
    if credentials:
        tags = tags.with_option(CREDENTIAL_TYPES, credentials)
    return request(tags, architecture=architecture)


def to_4011() -> Datagram:
    return on_unicast(ADDRESS, 4011, port=4011)


def by_multicast() -> Datagram:
    return replace(to_4011(), to_group=True)


def by_broadcast() -> Datagram:
    return replace(on_broadcast(), peer=SocketAddress(ADDRESS, 68))


def tags_of(reply: Message) -> Options:
    return vendor_options.decode(reply.options[VENDOR_SPECIFIC.code])


# Types


@pytest.mark.parametrize(
    ("server_type", "architecture", "file"),
    [(RESCUE, 7, b"rescue.efi"), (RESCUE, 0, b"rescue.0"), (INSTALL, 7, b"install.efi"), (MEMTEST, 0, b"memtest.0")],
)
def test_the_type_chosen_names_the_boot_file(server_type: int, architecture: int, file: bytes) -> None:
    """PXE 2.1 §2.2.5: for each architecture its own."""
    port = menu_server()
    ack = port.ask(asking(server_type, architecture=architecture), to_4011())

    assert (ack.message_type, ack.file, ack.siaddr) == (MessageType.ACK, file, SERVER)
    assert ack.options[67] == file + b"\0"
    assert (ack.options.get(SERVER_IDENTIFIER), ack.options.get(TFTP_SERVER_NAME)) == (SERVER, str(SERVER))
    assert ack.options.get(CLASS_IDENTIFIER) == "PXEClient"
    assert tags_of(ack) == Options().with_option(BOOT_ITEM, BootItem(server_type, 0))
    event = port.event(BootFileNamed)
    assert (event.by, event.server_type, event.client_address) == ("Boot Server", server_type, ADDRESS)


@pytest.mark.parametrize("way", [to_4011(), by_multicast(), by_broadcast()], ids=["unicast", "multicast", "broadcast"])
def test_whichever_way_it_asks_the_answer_is_unicast_to_where_it_asked_from(way: Datagram) -> None:
    """PXE 2.1 §2.2.5: from our own address, the port asked, to the source port."""
    port = menu_server()
    ack = port.ask(asking(RESCUE), way)

    assert port.datagram is not None
    assert (port.datagram.peer, port.datagram.local) == (way.peer, SocketAddress(SERVER, way.local.port))
    assert (ack.ciaddr, ack.yiaddr) == (ADDRESS, NOBODY)


@pytest.mark.parametrize(
    ("server_type", "architecture"),
    [(1, 7), (40004, 7), (MEMTEST, 7), (0, 7), (65535, 7)],
    ids=["another server's", "in no menu", "not for this architecture", "the local disk", "the API test"],
)
def test_types_not_served_here_are_left_to_others(server_type: int, architecture: int) -> None:
    """PXE 2.1 §2.2.5: silence, counted, so that the right server may answer."""
    for port, way in ((menu_server(), to_4011()), (combined(with_menu(*ENTRIES)), by_broadcast())):
        assert port.send(asking(server_type, architecture=architecture), way) is None
        assert port.event(DatagramDropped).reason == "asks for a Boot Server type or layer not served"


def test_a_client_without_a_menu_asks_for_type_0() -> None:
    """PXE 2.1 §2.2.4: an absent tag 71 counts as type 0, layer 0."""
    port = menu_server(with_menu(default_profile="rescue"))
    assert port.ask(asking(0, architecture=0), to_4011()).file == b"rescue.0"
    assert port.ask(asking(0, 1, architecture=0), to_4011()).file == b"rescue.1"
    assert port.send(asking(RESCUE, architecture=0), to_4011()) is None


# Layers


def test_a_layer_has_a_file_of_its_own() -> None:
    """PXE 2.1 table 2-1, tag 71: later layers of one boot program."""
    port = menu_server()
    ack = port.ask(asking(RESCUE, 1, architecture=0), to_4011())
    assert (ack.file, tags_of(ack).get(BOOT_ITEM)) == (b"rescue.1", BootItem(RESCUE, 1))


@pytest.mark.parametrize("layer", [2, 0x7FFF])
def test_a_layer_that_there_is_not_is_left_to_others(layer: int) -> None:
    """PXE 2.1 §2.2.5: silence, as for a type."""
    port = menu_server()
    assert port.send(asking(RESCUE, layer, architecture=0), to_4011()) is None
    assert port.event(DatagramDropped)


def test_the_three_byte_item_of_old_clients_is_understood() -> None:
    """Firmware: before PXE 2.1 the layer had one byte. The answer has four."""
    message = request(Options({71: RESCUE.to_bytes(2, "big") + b"\1"}), architecture=0)
    ack = menu_server().ask(message, to_4011())
    assert (ack.file, tags_of(ack)[71]) == (b"rescue.1", RESCUE.to_bytes(2, "big") + b"\0\1")


# MTFTP


@pytest.mark.parametrize(("architecture", "named"), [(0, True), (7, False), (11, False)])
def test_multicast_is_named_to_bios_only_and_completely(architecture: int, named: bool) -> None:
    """PXE 2.1 table 2-1, tags 1 to 5: all or none. Firmware: UEFI has no MTFTP, EDK2 drops such offers."""
    loaders = ("grubaa64.efi",)
    mtftp = dict.fromkeys(("rescue.0", "rescue.efi", "grubaa64.efi"), MTFTP)
    port = menu_server(with_menu(*ENTRIES, mtftp=mtftp, loaders=loaders))
    tags = tags_of(port.ask(asking(RESCUE, architecture=architecture), to_4011()))

    assert [tag for tag in tags if tag <= 5] == ([1, 2, 3, 4, 5] if named else [])
    if named:
        assert (tags[1], tags[2], tags[3], tags[4], tags[5]) == (
            b"\xef\xff\x4d\x01",
            b"\xe0\x06",
            b"\xdf\x06",
            b"\x01",
            b"\x02",
        )


def test_an_offer_of_one_file_names_its_multicast_too() -> None:
    """PXE 2.1 table 2-1: the tags may stand in any packet that names the file."""
    inventory = with_menu(default_profile="rescue", mtftp={"rescue.0": MTFTP})
    port = menu_server(inventory)
    plain = from_client(MessageType.REQUEST, ciaddr=ADDRESS, options=pxe_options(0))
    assert list(tags_of(port.ask(plain, to_4011()))) == [1, 2, 3, 4, 5, 6]


# Credentials

FIRST, SECOND, UNKNOWN = 0x80000001, 0x80000002, 0x80000003
CREDENTIALS = {"rescue.efi": (BootCredential(FIRST, "rescue.efi.1.p7m"), BootCredential(SECOND, "rescue.efi.2.p7m"))}


def vouching() -> Conversation:
    return menu_server(with_menu(*ENTRIES, credentials=CREDENTIALS, mtftp={"rescue.efi": MTFTP, "rescue.0": MTFTP}))


@pytest.mark.parametrize(
    ("offered", "chosen", "file"),
    [
        ((FIRST,), FIRST, b"rescue.efi.1.p7m"),
        ((SECOND, FIRST), SECOND, b"rescue.efi.2.p7m"),
        ((UNKNOWN, FIRST), FIRST, b"rescue.efi.1.p7m"),
    ],
)
def test_bit_15_asks_for_the_credential(offered: tuple[int, ...], chosen: int, file: bytes) -> None:
    """PXE 2.1 §2.2.6: the first type that the client takes and the server holds; the answer has exactly one."""
    port = vouching()
    ack = port.ask(asking(RESCUE, BIT_15, credentials=offered), to_4011())

    assert (ack.file, ack.siaddr) == (file, SERVER)
    assert ack.options[67] == file + b"\0"
    assert tags_of(ack) == (
        Options().with_option(BOOT_ITEM, BootItem(RESCUE, BIT_15)).with_option(CREDENTIAL_TYPES, (chosen,))
    )
    event = port.event(CredentialNamed)
    assert (event.boot_file, event.credential_file, event.credential_type) == ("rescue.efi", file.decode(), chosen)


def test_a_real_credential_request_is_understood() -> None:
    """PXE 2.1 §2.2.6: the bytes as the reference client sends them, two types."""
    wire = bytes.fromhex("4704 9c41 8000 0c08 80000003 80000002 ff")
    message = request(Options())
    message = replace(message, options=Options({**message.options, 43: wire}))
    ack = vouching().ask(message, to_4011())
    assert ack.options[43] == bytes.fromhex("4704 9c41 8000 0c04 80000002 ff")


def test_either_order_of_file_and_credential_works() -> None:
    """PXE 2.1 §2.1 steps 7 and 8, and the reference client, which asks the other way round."""
    port = vouching()
    for first, second in ((0, BIT_15), (BIT_15, 0)):
        files = {
            layer: port.ask(asking(RESCUE, layer, credentials=(FIRST,)), to_4011()).file for layer in (first, second)
        }
        assert files == {0: b"rescue.efi", BIT_15: b"rescue.efi.1.p7m"}


@pytest.mark.parametrize(("server_type", "architecture"), [(RESCUE, 0), (INSTALL, 7)])
def test_who_holds_no_fitting_credential_stays_silent(server_type: int, architecture: int) -> None:
    """PXE 2.1 §2.2.6: so that another server may answer."""
    port = vouching()
    message = asking(server_type, BIT_15, architecture=architecture, credentials=(FIRST,))
    assert port.send(message, to_4011()) is None
    assert port.event(CredentialNotHeld).credential_types == (FIRST,)


def test_none_of_the_types_is_silence() -> None:
    """PXE 2.1 §2.2.6: as for a type of Boot Server."""
    port = vouching()
    assert port.send(asking(RESCUE, BIT_15, credentials=(UNKNOWN,)), to_4011()) is None
    assert port.event(CredentialNotHeld).boot_file == "rescue.efi"


def test_a_credential_bound_to_another_type_is_not_named() -> None:
    """PXE 2.1 §2.2.6: it would not vouch for the file under the type that led to it."""
    bound = (BootCredential(FIRST, "of-install.p7m", server_type=INSTALL), BootCredential(FIRST, "own.p7m", RESCUE))
    port = menu_server(with_menu(*ENTRIES, credentials={"rescue.efi": bound}))
    assert port.ask(asking(RESCUE, BIT_15, credentials=(FIRST,)), to_4011()).file == b"own.p7m"


def test_a_credential_bound_to_another_layer_is_not_named() -> None:
    """PXE 2.1 §2.2.6: as for another type."""
    bound = BootCredential(FIRST, "of-layer-1.p7m", layer=1)
    port = menu_server(with_menu(*ENTRIES, credentials={"rescue.0": (bound,), "rescue.1": (bound,)}))
    for layer, file in ((0, None), (1, b"of-layer-1.p7m")):
        ack = port.send(asking(RESCUE, BIT_15 | layer, architecture=0, credentials=(FIRST,)), to_4011())
        assert (None if ack is None else ack.file) == file


def test_bit_15_without_types_is_silence() -> None:
    """PXE 2.1 §2.2.6: an answer without tag 12 would mean nothing."""
    port = vouching()
    assert port.send(asking(RESCUE, BIT_15), to_4011()) is None
    assert port.event(DatagramDropped).reason == "wants a credential and does not say of which type"


def test_a_garbled_list_of_types_is_dropped_and_counted() -> None:
    """PXE 2.1 table 2-1, tag 12: four bytes for each."""
    port = vouching()
    tags = Options({71: RESCUE.to_bytes(2, "big") + b"\x80\0", 12: b"\x80\0\0"})
    assert port.send(request(tags), to_4011()) is None
    assert port.event(DatagramDropped).reason == "malformed option 12"


def test_a_file_offered_at_once_has_its_credential_under_type_0() -> None:
    """PXE 2.1 §2.2.4: a client that was told the file in the offer asks for the credential of type 0."""
    port = menu_server(with_menu(default_profile="rescue", credentials=CREDENTIALS))
    ack = port.ask(asking(0, BIT_15, credentials=(SECOND,)), to_4011())
    assert (ack.file, tags_of(ack).get(BOOT_ITEM)) == (b"rescue.efi.2.p7m", BootItem(0, BIT_15))
