"""Datagrams that no honest peer sends, for the DHCP ports and for TFTP. The same list each time."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from random import Random

from wireboot.protocols.dhcp4.message import Message, encode
from wireboot.protocols.dhcp4.options import (
    CLASS_IDENTIFIER,
    CLIENT_ARCHITECTURE,
    CLIENT_INTERFACE,
    CLIENT_MACHINE_ID,
    MAXIMUM_MESSAGE_SIZE,
    MESSAGE_TYPE,
    PARAMETER_REQUEST_LIST,
    USER_CLASS,
    VENDOR_SPECIFIC,
    MessageType,
)

UDP_PAYLOAD_MAX = 65507
OPTIONS_AT = 240
"""Bytes before the first option: a shorter datagram is no DHCP message at all."""


def pxe_discover(giaddr: str = "0.0.0.0", mac: str = "52:54:00:bb:00:01") -> Message:
    """What an x86-64 UEFI machine asks with, or its relay."""
    link_address = bytes.fromhex(mac.replace(":", ""))
    message = Message(op=1, xid=0x4C6052AE, chaddr=link_address, giaddr=IPv4Address(giaddr))
    return (
        message.with_option(MESSAGE_TYPE, MessageType.DISCOVER)
        .with_option(MAXIMUM_MESSAGE_SIZE, 1472)
        .with_option(PARAMETER_REQUEST_LIST, (1, 3, 6, 43, 60, 66, 67))
        .with_option(CLIENT_MACHINE_ID, b"\0" + bytes(range(16)))
        .with_option(CLIENT_INTERFACE, b"\1\3\0")
        .with_option(CLIENT_ARCHITECTURE, (7,))
        .with_option(CLASS_IDENTIFIER, "PXEClient:Arch:00007:UNDI:003000")
    )


def too_short_for_dhcp() -> Iterator[bytes]:
    """Garbage, and every truncation of a DISCOVER within its header."""
    random = Random(1)
    whole = encode(pxe_discover())
    yield from (whole[:size] for size in range(OPTIONS_AT))
    yield from (random.randbytes(size) for size in range(OPTIONS_AT))


def bad_dhcp() -> Iterator[bytes]:
    """What is long enough for a message and yet is none, or an absurd one."""
    random = Random(2)
    whole = encode(pxe_discover())
    yield from (whole[:size] for size in range(OPTIONS_AT, len(whole)))
    yield from lying_lengths(whole)
    yield from (whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :] for at in range(44) for bit in range(8))
    yield from (random.randbytes(random.randrange(OPTIONS_AT, 1472)) for _ in range(100))
    yield from (whole[:OPTIONS_AT] + random.randbytes(200) for _ in range(100))
    yield from (whole[:OPTIONS_AT] + bytes([53, 1, message_type, 255]) for message_type in range(256))
    for option in (MAXIMUM_MESSAGE_SIZE, CLIENT_ARCHITECTURE, CLIENT_INTERFACE, CLIENT_MACHINE_ID, USER_CLASS):
        yield from (whole[:OPTIONS_AT] + tlv(53, b"\1") + tlv(option.code, bytes(size)) for size in range(20))
    for content in (b"\xff", b"\7", b"\7\xff\1", tlv(8, b"\0"), tlv(9, b"\0\0\xff"), tlv(71, b"\0"), bytes(255)):
        yield whole[:-1] + tlv(VENDOR_SPECIFIC.code, content) + b"\xff"
    yield whole[:OPTIONS_AT] + tlv(52, b"\3") * 2 + b"\xff"
    yield whole[:OPTIONS_AT] + tlv(53, b"\1") * 400


def huge() -> Iterator[bytes]:
    """As much as UDP carries."""
    whole = encode(pxe_discover())
    yield bytes(UDP_PAYLOAD_MAX)
    yield Random(3).randbytes(UDP_PAYLOAD_MAX)
    yield whole.ljust(UDP_PAYLOAD_MAX, b"\0")
    yield (whole[:-1] + tlv(224, bytes(255)) * 252)[:UDP_PAYLOAD_MAX]
    yield b"\0\1" + b"x" * (UDP_PAYLOAD_MAX - 9) + b"\0octet\0"
    yield b"\0\1x\0octet\0" + b"blksize\0512\0" * 5000
    yield b"\0\3\0\1" + bytes(UDP_PAYLOAD_MAX - 4)


def bad_tftp() -> Iterator[bytes]:
    random = Random(4)
    request = b"\0\1file\0octet\0blksize\0001468\0tsize\0000\0"
    yield b""
    yield from (request[:size] for size in range(len(request)))
    yield from (opcode.to_bytes(2, "big") + tail for opcode in range(16) for tail in (b"", b"\0", b"\0\0", b"\xff" * 9))
    yield from (random.randbytes(random.randrange(1, 600)) for _ in range(200))
    yield from (b"\0\1" + random.randbytes(60) + b"\0octet\0" for _ in range(50))
    yield b"\0\1file\0octet\0" + b"blksize\0" + b"9" * 20_000 + b"\0"
    yield b"\0\1file\0octet\0" + b"a\0b\0" * 300
    yield b"\0\1" + b"../" * 300 + b"etc/passwd\0octet\0"


def lying_lengths(whole: bytes) -> Iterator[bytes]:
    """The message with each of its options in turn longer or shorter than it says."""
    at = OPTIONS_AT
    while whole[at] != 255:
        for length in {0, 1, whole[at + 1] - 1, whole[at + 1] + 1, 127, 254, 255}:
            yield whole[: at + 1] + bytes([length]) + whole[at + 2 :]
        at += 2 + whole[at + 1]


def tlv(code: int, content: bytes) -> bytes:
    return bytes([code, len(content)]) + content
