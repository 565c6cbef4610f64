"""Options that describe the client that boots, and what they come to."""

from __future__ import annotations

import random
import uuid as uuids
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from wireboot.client.execute import ExecuteWishes, require_execution
from wireboot.client.expect import parse_typing
from wireboot.config.values import parse_mac, parse_uuid
from wireboot.errors import OperatorError
from wireboot.protocols.pxe.client_identity import ClientIdentity, user_class_items
from wireboot.protocols.pxe.firmware import IPXE, Firmware
from wireboot.wire.iana import ARCHITECTURE_NAMES, architecture_code


class FirmwareName(StrEnum):
    """The rows of `protocols.pxe.firmware.EVERY_FIRMWARE`."""

    WIREBOOT = "wireboot"
    EDK2 = "edk2"
    IPXE = "ipxe"
    INTEL_ROM = "intel-rom"
    UEFI_COMBINED = "uefi-combined"


ArchOption = Annotated[str | None, typer.Option(metavar="ARCH", help="The client's architecture.")]
MacOption = Annotated[str | None, typer.Option(metavar="MAC", help="Its MAC address. Default: one made up.")]
UuidOption = Annotated[str | None, typer.Option(metavar="UUID", help="Its SMBIOS UUID. Default: one made up.")]
VendorClassOption = Annotated[str | None, typer.Option("--class", metavar="CLASS", help="Its vendor class, option 60.")]
UserClassOption = Annotated[list[str] | None, typer.Option(metavar="C", help="Its user class, option 77.")]
FirmwareOption = Annotated[
    FirmwareName, typer.Option("--as", help="The firmware to pass for: what it says, waits for and takes.")
]
MenuItemOption = Annotated[
    int | None, typer.Option(metavar="N", min=0, help="Take this line of a menu, counted from 0, without asking.")
]
MulticastOption = Annotated[bool, typer.Option("--multicast", help="Use MTFTP where it is offered.")]
PcapOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Record every frame, as pcapng.")]
DeadlineOption = Annotated[float, typer.Option(metavar="S", min=1.0, help="Give up after so many seconds.")]
RunForOption = Annotated[
    float, typer.Option(metavar="S", min=1.0, help="End the boot program after so many seconds of its time.")
]
TypeOption = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="[SEEN=>]KEYS", help="Type KEYS to the boot program once SEEN is on its screen."),
]


def execute_wishes(
    firmware: Firmware, identity: ClientIdentity, run_for_s: float, typed: Iterable[str]
) -> ExecuteWishes:
    """Raises OperatorError where the boot program of this machine cannot be run here."""
    require_execution(identity.architectures[0])
    # Only iPXE's own ROM has it.
    file_api = firmware is IPXE
    return ExecuteWishes(run_for_s, tuple(parse_typing(text) for text in typed), file_api)


def client_identity(
    firmware: Firmware,
    arch: str | None,
    mac: str | None,
    uuid: str | None,
    vendor_class: str | None,
    user_classes: Sequence[str],
) -> ClientIdentity:
    """The machine that the options describe; what they leave open is made up. Raises OperatorError."""
    for option, text in (("--class", vendor_class), *(("--user-class", each) for each in user_classes)):
        if text is not None and not (text.isascii() and 0 < len(text) < 256):
            raise OperatorError(f"{option} takes 1 to 255 ASCII characters", exit_code=2)
    try:
        return firmware.identity(
            parse_mac(mac) if mac is not None else _made_up_mac(),
            parse_uuid(uuid) if uuid is not None else uuids.uuid4(),
            architectures=None if arch is None else (_architecture(arch),),
            vendor_class=vendor_class,
            user_class=_user_class(firmware, user_classes),
        )
    except ValueError as problem:
        raise OperatorError(str(problem), exit_code=2) from None


def _architecture(name: str) -> int:
    code = architecture_code(name)
    if code is None:
        raise OperatorError(
            f'no client architecture is called "{name}"',
            hint=f"use one of {', '.join(ARCHITECTURE_NAMES)} or arch-N",
            exit_code=2,
        )
    return code


def _user_class(firmware: Firmware, names: Sequence[str]) -> bytes | None:
    """None: what the firmware says by itself. iPXE writes the bare name, others RFC 3004's items."""
    if not names:
        return None
    return names[0].encode("latin-1") if firmware.name == "ipxe" and len(names) == 1 else user_class_items(*names)


def _made_up_mac() -> bytes:
    """A locally administered address (IEEE 802, bit 1 of the first byte)."""
    return b"\x52\x54\x00" + random.SystemRandom().randbytes(3)
