"""RFC 4578 and PXE 2.1 table 2-1: who a PXE client is, by options 60, 77, 93, 94 and 97."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.support.dhcp import (
    EDK2_BOOT_SERVER_REQUEST,
    EDK2_DISCOVER,
    IPXE_DISCOVER,
    IPXE_DISCOVERY,
    MAC,
    RELAYED_DISCOVER,
    combined,
    discover,
    payload_of,
    pxe_options,
)
from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.message import Message, decode
from wireboot.protocols.dhcp4.options import (
    CLASS_IDENTIFIER,
    CLIENT_ARCHITECTURE,
    CLIENT_INTERFACE,
    CLIENT_MACHINE_ID,
    IPXE_ENCAPSULATED,
    PARAMETER_REQUEST_LIST,
)
from wireboot.protocols.pxe.identity import NetworkInterface, PxeClient, class_identifier, identify
from wireboot.wire.iana import architecture_code, architecture_name, architecture_names_tried
from wireboot.wire.option_table import Option, Options

LAB_UUID = UUID("77777777-0000-4000-8000-000000000000")
FROM_CLASS = "PXEClient:Arch:00000:UNDI:002001"


def client_of(**options: bytes) -> PxeClient | None:
    """The client in a DISCOVER with these options, given as `option_60=b"..."`."""
    return identify(discover(options=Options({int(name[7:]): value for name, value in options.items()})))


def known(client: PxeClient | None) -> PxeClient:
    assert client is not None
    return client


# Real firmware


@pytest.mark.parametrize(
    ("packet", "architecture", "interface", "ipxe"),
    [
        (EDK2_DISCOVER, 7, (1, 3, 0), False),
        (EDK2_BOOT_SERVER_REQUEST, 7, (1, 3, 0), False),
        (RELAYED_DISCOVER, 7, (1, 3, 0), False),
        (IPXE_DISCOVER, 0, (1, 2, 1), True),
        (IPXE_DISCOVERY, 0, (1, 2, 1), True),
        (("arm64-secureboot.pcap", 0), 11, (1, 3, 0), False),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) and isinstance(value[0], str) else "",
)
def test_real_firmware_is_recognised(
    packet: tuple[str, int], architecture: int, interface: tuple[int, int, int], ipxe: bool
) -> None:
    """Firmware: packets of tests/vectors (RFC 4578 §2.1 to §2.3)."""
    message = decode(payload_of(packet))
    assert identify(message) == PxeClient(
        link_address=MAC,
        architectures=(architecture,),
        uuid=LAB_UUID,
        network_interface=NetworkInterface(*interface),
        user_classes=("iPXE",) if ipxe else (),
        ipxe=ipxe,
        class_identifier=message.options.get(CLASS_IDENTIFIER) or "",
    )


def test_http_boot_firmware_is_no_pxe_client() -> None:
    """UEFI 2.10 §24.7: its class begins HTTPClient, and so must its server's."""
    message = decode(payload_of(("uefi-http4.pcap", 0)))
    assert (message.options.get(CLASS_IDENTIFIER) or "").startswith("HTTPClient:Arch:00016")
    assert identify(message) is None


# Option 60


@pytest.mark.parametrize("value", [b"PXEClient", b"PXEClient:Arch:00000:UNDI:002001", b"PXEClient\0", b"PXEClientX"])
def test_the_first_nine_bytes_of_the_class_make_a_pxe_client(value: bytes) -> None:
    """PXE 2.1 §2.2.1."""
    assert client_of(option_60=value) is not None


@pytest.mark.parametrize("value", [b"", b"PXEClien", b"pxeclient", b"PXEServer", b"HTTPClient", b"MSFT 5.0"])
def test_anything_else_is_none(value: bytes) -> None:
    """PXE 2.1 §2.2.1: the class is compared letter by letter."""
    assert client_of(option_60=value) is None


def test_without_a_class_it_is_no_pxe_client() -> None:
    """PXE 2.1 §2.2.1: option 93 alone says nothing."""
    assert client_of(option_93=b"\0\0") is None


def test_the_class_has_32_characters() -> None:
    """PXE 2.1 §2.2.1: five digits of architecture, three and three of the interface's revision."""
    text = class_identifier(7, NetworkInterface(1, 3, 16))
    assert (text, len(text)) == ("PXEClient:Arch:00007:UNDI:003016", 32)


# Option 93


@pytest.mark.parametrize(
    ("class_text", "architecture"),
    [("PXEClient", 0), (FROM_CLASS, 0), ("PXEClient:Arch:00007:UNDI:003016", 7), ("PXEClient:Arch:7:UNDI", 0)],
)
def test_a_missing_architecture_is_read_from_the_class(class_text: str, architecture: int) -> None:
    """RFC 4578 §2.1 asks for option 93 in every packet; ROMs older than it are BIOS ones."""
    assert known(client_of(option_60=class_text.encode())).architectures == (architecture,)


def test_option_93_counts_before_the_class() -> None:
    """RFC 4578 §2.1: it is the option made for that."""
    assert known(client_of(option_60=FROM_CLASS.encode(), option_93=b"\x00\x0b")).architecture == 11


def test_several_architectures_are_kept_in_order() -> None:
    """RFC 4578 §2.1: "one or more", the most preferred first."""
    client = known(client_of(option_60=b"PXEClient", option_93=b"\x00\x07\x00\x06"))
    assert (client.architectures, client.architecture, client.architecture_name) == ((7, 6), 7, "x86_64-uefi")


@pytest.mark.parametrize(
    ("code", "name", "tried"),
    [
        (0, "x86-bios", ("x86-bios", "arch-0")),
        (6, "x86-uefi", ("x86-uefi", "arch-6")),
        (7, "x86_64-uefi", ("x86_64-uefi", "arch-7")),
        (9, "x86_64-uefi", ("x86_64-uefi", "arch-9")),
        (11, "arm64-uefi", ("arm64-uefi", "arch-11")),
        (16, "x86_64-uefi-http", ("x86_64-uefi-http", "x86_64-uefi", "arch-16")),
        (20, "x86-bios-http", ("x86-bios-http", "x86-bios", "arch-20")),
        (28, "riscv64-uefi-http", ("riscv64-uefi-http", "riscv64-uefi", "arch-28")),
        (40, "loongarch64-uefi-http", ("loongarch64-uefi-http", "loongarch64-uefi", "arch-40")),
        (13, "arch-13", ("arch-13",)),
        (65535, "arch-65535", ("arch-65535",)),
    ],
)
def test_architectures_have_the_names_of_ianas_registry(code: int, name: str, tried: tuple[str, ...]) -> None:
    """RFC 4578 §2.1 printed 7 and 9 the other way round (erratum 4624); firmware sends either for x86-64."""
    assert (architecture_name(code), architecture_names_tried(code)) == (name, tried)
    assert architecture_code(name) == (7 if code == 9 else code)


@pytest.mark.parametrize("name", ["", "x86", "arch-", "arch-65536", "arch--1", "ARCH-7"])
def test_other_names_are_no_architecture(name: str) -> None:
    """Ours: a slip in a configuration is told, not guessed."""
    assert architecture_code(name) is None


# Option 97


def test_the_uuid_is_in_smbios_order() -> None:
    """RFC 4578 §2.3: the first three fields are little-endian on the wire."""
    value = bytes.fromhex("00 33221100 5544 7766 8899 aabbccddeeff")
    client = known(client_of(option_60=b"PXEClient", option_97=value))
    assert client.uuid == UUID("00112233-4455-6677-8899-aabbccddeeff")


@pytest.mark.parametrize("value", [bytes(17), b"\0" + b"\xff" * 16, b"\x01" + b"serial number 01", b""])
def test_a_uuid_that_was_never_programmed_is_none(value: bytes) -> None:
    """RFC 4578 §2.3: type 0 is the only one defined. All boards of one make would pass for one machine."""
    assert known(client_of(option_60=b"PXEClient", option_97=value)).uuid is None


# Options 128 to 135


def test_options_128_to_135_have_no_meaning_of_their_own() -> None:
    """RFC 4578 §2.4: firmware asks for them, and what they say is the site's to define."""
    asked = Options().with_option(PARAMETER_REQUEST_LIST, (43, 67, *range(128, 136)))
    offer = combined().ask(discover(options=Options({**pxe_options(), **asked})))
    assert {43, 67} <= offer.options.keys()
    assert not offer.options.keys() & set(range(128, 136))


# Option 77


@pytest.mark.parametrize(
    ("value", "classes"),
    [
        (b"iPXE", ("iPXE",)),
        (b"\x04iPXE", ("iPXE",)),
        (b"\x04iPXE\x03lab", ("iPXE", "lab")),
        (b"gPXE", ("gPXE",)),
        (b"\x00iPXE", ("\x00iPXE",)),
        (b"", ()),
    ],
)
def test_user_classes_come_with_lengths_or_bare(value: bytes, classes: tuple[str, ...]) -> None:
    """RFC 3004 §4 has lengths, iPXE none."""
    client = known(client_of(option_60=b"PXEClient", option_77=value))
    assert (client.user_classes, client.ipxe) == (classes, "iPXE" in classes)


def test_ipxe_is_known_by_its_own_option_too() -> None:
    """Firmware: iPXE sends option 175."""
    assert known(client_of(option_60=b"PXEClient", option_175=b"\xeb\x03\x01\x00\x00")).ipxe


def test_firmware_alone_is_not_ipxe() -> None:
    """Firmware: or it would never be given iPXE."""
    assert not known(identify(discover(options=pxe_options()))).ipxe


# Bad input


@pytest.mark.parametrize(
    ("option", "value"),
    [
        (CLIENT_ARCHITECTURE, b""),
        (CLIENT_ARCHITECTURE, b"\x00\x07\x00"),
        (CLIENT_INTERFACE, b"\x01"),
        (CLIENT_INTERFACE, b"\x01\x03\x00\x00"),
        (CLIENT_MACHINE_ID, bytes(16)),
        (CLIENT_MACHINE_ID, b"\x00" + bytes(17)),
    ],
)
def test_a_malformed_option_is_an_error_that_names_it(option: Option[object], value: bytes) -> None:
    """RFC 4578 §2.1 to §2.3: the lengths."""
    message: Message = discover(options=Options({**pxe_options(), option.code: value}))
    with pytest.raises(DecodeError) as caught:
        identify(message)
    assert caught.value.field == f"option {option.code}"


def test_an_empty_ipxe_option_still_says_ipxe() -> None:
    """Firmware: that option 175 is there is enough."""
    assert known(client_of(option_60=b"PXEClient", **{f"option_{IPXE_ENCAPSULATED.code}": b""})).ipxe
