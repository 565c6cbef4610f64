"""PXE 2.1 §2.2.6: the authenticity test of a client, step 8."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests.support.dhcp import OTHER_SERVER
from tests.support.pxe_client import (
    ADDRESS,
    AT_67,
    AT_4011,
    AT_ONCE,
    BY_UNICAST,
    CONTENT,
    FILE,
    TYPE,
    Lan,
    Machine,
    Scripted,
    boot_server_ack,
    image_of,
    item_of,
    reply,
    tags_of,
)
from wireboot.endpoint import Datagram, SocketAddress
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import SERVER_IDENTIFIER, VENDOR_SPECIFIC, MessageType
from wireboot.protocols.pxe.client import CREDENTIAL_SIZE_BYTES_MAX
from wireboot.protocols.pxe.client_events import Booted, BootImageReady, StepReached
from wireboot.protocols.pxe.credentials import BootImage, CredentialRefused
from wireboot.protocols.pxe.vendor_options import BOOT_ITEM, CREDENTIAL_TYPES, BootItem
from wireboot.protocols.tftp.fetch import Fetched
from wireboot.wire.option_table import Options

OURS, ANOTHER = 0x80000001, 0x80000002
CREDENTIAL = "loader.efi.p7s"
GOOD = b"vouched for"
BIT_15 = 0x8000


class OneSigner:
    """A `Trust` that believes one credential for one image."""

    credential_types = (ANOTHER, OURS)

    def __init__(self) -> None:
        self.asked: list[BootImage] = []

    def verify(self, credential: bytes, image: BootImage) -> None:
        self.asked.append(image)
        if credential != GOOD:
            raise CredentialRefused("PXE-E21", "not intact")
        if image.content != CONTENT:
            raise CredentialRefused("PXE-E22", "another image")


def credential_ack(
    request: Message, *, types: Sequence[int] = (OURS,), layer: int | None = None, file: str = CREDENTIAL
) -> Message:
    item = item_of(request)
    tags = Options().with_option(BOOT_ITEM, BootItem(item.server_type, item.layer if layer is None else layer))
    if types:
        tags = tags.with_option(CREDENTIAL_TYPES, tuple(types))
    return boot_server_ack(request, file=file, tags=tags)


class LabServer:
    """DHCP server and Boot Server in one, that is asked in any order and keeps no state."""

    def __init__(self, tags: Options = BY_UNICAST, *, signs: bool = True) -> None:
        self.tags, self.signs = tags, signs
        self.asked: list[BootItem] = []

    def __call__(self, request: Message, datagram: Datagram) -> list[tuple[Message, SocketAddress]]:
        if VENDOR_SPECIFIC.code in request.options:
            self.asked.append(item_of(request))
            if not item_of(request).layer & BIT_15:
                return [(boot_server_ack(request), AT_4011)]
            assert tags_of(request).get(CREDENTIAL_TYPES) == (ANOTHER, OURS)
            return [(credential_ack(request), AT_4011)] if self.signs else []
        kind = MessageType.OFFER if request.message_type is MessageType.DISCOVER else MessageType.ACK
        file = FILE if self.tags is AT_ONCE else ""
        return [(reply(request, kind, yiaddr=ADDRESS, tags=self.tags, file=file), AT_67)] if datagram else []

    def boot(self, machine: Machine, files: dict[str, bytes] | None = None) -> Lan:
        lan = Lan(
            machine,
            {AT_67: Scripted(self), AT_4011: Scripted(self)},
            {FILE: CONTENT, CREDENTIAL: GOOD} if files is None else files,
        )
        lan.run()
        return lan


@pytest.mark.parametrize(
    ("firmware", "asked"),
    [
        ("wireboot", [BootItem(TYPE, 0), BootItem(TYPE, BIT_15)]),
        ("intel-rom", [BootItem(TYPE, BIT_15), BootItem(TYPE, 0)]),
    ],
)
def test_the_credential_is_asked_for_in_either_order(firmware: str, asked: list[BootItem]) -> None:
    """PXE 2.1 §2.2.6 has it after the download; the reference client for EFI asked before the boot file."""
    server, trust = LabServer(), OneSigner()
    machine = Machine(firmware, trust=trust)
    server.boot(machine)
    assert server.asked == asked
    assert image_of(machine) == CONTENT
    assert isinstance(machine.outcome, Booted)
    assert machine.outcome.authentic is True
    assert trust.asked == [BootImage(TYPE, 0, FILE, CONTENT)]
    assert machine.steps == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_a_boot_that_failed_acknowledges_nothing_more() -> None:
    """RFC 1350 §6: its address is given up, so no last block can be acknowledged again from there."""
    machine = Machine(trust=OneSigner())
    LabServer().boot(machine, {FILE: CONTENT, CREDENTIAL: b"spoilt"})
    assert machine.error == "PXE-E21"
    assert machine.client.finished
    assert machine.client.next_timeout() is None


def test_without_trust_no_credential_is_asked_for() -> None:
    """PXE 2.1 §2.2.6: bit 15 clear, no tag 12."""
    server = LabServer()
    machine = Machine()
    server.boot(machine)
    assert server.asked == [BootItem(TYPE, 0)]
    assert isinstance(machine.outcome, Booted)
    assert machine.outcome.authentic is None
    assert machine.events_of_step(8) == {"skipped": "no test was asked for"}


def test_what_is_loaded_at_once_is_tested_too() -> None:
    """PXE 2.1 table 2-1, tag 6 bit 3: no discovery does not mean no test; the server that named the file is asked."""
    server = LabServer(AT_ONCE)
    machine = Machine(trust=OneSigner())
    server.boot(machine)
    assert server.asked == [BootItem(0, BIT_15)]
    assert image_of(machine) == CONTENT


@pytest.mark.parametrize("firmware", ["wireboot", "intel-rom"])
def test_nobody_offers_a_credential_is_e7a(firmware: str) -> None:
    """PXE 2.1 §2.2.6: the image does not run."""
    machine = Machine(firmware, trust=OneSigner())
    LabServer(signs=False).boot(machine)
    assert machine.error == "PXE-E7A"
    assert_nothing_came_out(machine)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({FILE: CONTENT, CREDENTIAL: b"altered"}, "PXE-E21"),
        ({FILE: b"altered" * 99, CREDENTIAL: GOOD}, "PXE-E22"),
        ({FILE: CONTENT}, "PXE-E3B"),
        ({FILE: CONTENT, CREDENTIAL: bytes(CREDENTIAL_SIZE_BYTES_MAX + 1)}, "PXE-E3A"),
    ],
)
@pytest.mark.parametrize("firmware", ["wireboot", "intel-rom"])
def test_what_is_not_vouched_for_never_comes_out(firmware: str, files: dict[str, bytes], code: str) -> None:
    """PXE 2.1 §2.2.6: PXE-E21 and E22; a credential that cannot be had is no credential."""
    machine = Machine(firmware, trust=OneSigner())
    LabServer().boot(machine, files)
    assert machine.error == code
    assert_nothing_came_out(machine)


def assert_nothing_came_out(machine: Machine) -> None:
    assert not machine.told(BootImageReady)
    assert not machine.told(Fetched)
    assert not any(event.step >= 8 for event in machine.told(StepReached))


@pytest.mark.parametrize(
    ("reason", "answer"),
    [
        ("no credential where one was asked for", lambda request: boot_server_ack(request, tags=item_tags(0))),
        ("not exactly one of the credential types asked for", lambda request: credential_ack(request, types=())),
        ("not exactly one of the credential types asked for", lambda request: credential_ack(request, types=(7,))),
        (
            "not exactly one of the credential types asked for",
            lambda request: credential_ack(request, types=(OURS, ANOTHER)),
        ),
        ("a credential of another layer", lambda request: credential_ack(request, layer=BIT_15 | 1)),
        (
            "malformed option 43 tag 12",
            lambda request: boot_server_ack(request).with_option(VENDOR_SPECIFIC, b"\x47\4\x80\1\x80\0\x0c\5\x80\0"),
        ),
        (
            "not exactly one of the credential types asked for",
            lambda request: boot_server_ack(request).with_option(
                VENDOR_SPECIFIC, b"\x47\4\x80\1\x80\0\x0c\3\x80\0\0\xff"
            ),
        ),
        (
            "no credential where one was asked for",
            lambda request: boot_server_ack(request).with_option(
                VENDOR_SPECIFIC, b"\x47\3\x80\1\x80\x0c\4\x80\0\0\1\xff"
            ),
        ),
    ],
)
def test_a_credential_reply_has_bit_15_and_one_type(reason: str, answer: Callable[[Message], Message]) -> None:
    """PXE 2.1 §2.2.6: a boot item of four bytes, a type that was offered; until then the client waits."""
    machine = Machine("intel-rom", trust=OneSigner())
    machine.take_address(tags=BY_UNICAST)
    _, request = machine.asked()
    machine.hear(answer(request), AT_4011, 4011)
    assert machine.dropped == [reason]
    machine.hear(credential_ack(request), AT_4011, 4011)
    _, plain = machine.asked()
    assert item_of(plain) == BootItem(TYPE, 0)


def item_tags(layer: int) -> Options:
    return Options().with_option(BOOT_ITEM, BootItem(TYPE, layer))


def test_the_plain_request_goes_to_the_server_that_has_the_credential() -> None:
    """PXE 2.1 §2.2.6: by unicast, for the layer that it named."""
    machine = Machine("intel-rom", trust=OneSigner())
    machine.take_address(tags=BY_UNICAST)
    _, request = machine.asked()
    ack = credential_ack(request)
    machine.hear(ack.with_option(SERVER_IDENTIFIER, OTHER_SERVER), SocketAddress(OTHER_SERVER, 4011), 4011)
    datagram, _ = machine.asked()
    assert datagram.peer == SocketAddress(OTHER_SERVER, 4011)


def test_the_request_is_laid_out_as_pxe_says() -> None:
    """PXE 2.1 §2.2.6: the boot item first, then the types in network byte order."""
    machine = Machine("intel-rom", trust=OneSigner())
    machine.take_address(tags=BY_UNICAST)
    _, request = machine.asked()
    assert request.options[43].hex(" ") == "47 04 80 01 80 00 0c 08 80 00 00 02 80 00 00 01 ff"
