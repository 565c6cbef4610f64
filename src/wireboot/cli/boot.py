"""`wireboot boot`: the PXE client."""

from __future__ import annotations

import json
import random
import uuid as uuids
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from wireboot.cli.options import JsonOption
from wireboot.client.boot import BootWishes
from wireboot.client.boot import boot as run_boot
from wireboot.client.files import save_boot_file
from wireboot.client.report import BootReport
from wireboot.client.screen import Screen
from wireboot.config.values import parse_mac, parse_uuid
from wireboot.credentials.trust import TrustAnchors
from wireboot.endpoint import Event
from wireboot.errors import OperatorError
from wireboot.protocols.pxe.client import DEADLINE_S
from wireboot.protocols.pxe.client_events import BootImageReady
from wireboot.protocols.pxe.client_identity import ClientIdentity, user_class_items
from wireboot.protocols.pxe.firmware import EVERY_FIRMWARE, Firmware
from wireboot.wire.iana import ARCHITECTURE_NAMES, architecture_code


class FirmwareName(StrEnum):
    """The rows of `protocols.pxe.firmware.EVERY_FIRMWARE`."""

    WIREBOOT = "wireboot"
    EDK2 = "edk2"
    IPXE = "ipxe"
    INTEL_ROM = "intel-rom"
    UEFI_COMBINED = "uefi-combined"


def boot(
    interface: Annotated[str, typer.Option(metavar="IF", help="Boot over this interface.")],
    arch: Annotated[str | None, typer.Option(metavar="ARCH", help="The client's architecture.")] = None,
    mac: Annotated[str | None, typer.Option(metavar="MAC", help="Its MAC address. Default: one made up.")] = None,
    uuid: Annotated[str | None, typer.Option(metavar="UUID", help="Its SMBIOS UUID. Default: one made up.")] = None,
    vendor_class: Annotated[
        str | None, typer.Option("--class", metavar="CLASS", help="Its vendor class, option 60.")
    ] = None,
    user_class: Annotated[list[str] | None, typer.Option(metavar="C", help="Its user class, option 77.")] = None,
    behave_as: Annotated[
        FirmwareName, typer.Option("--as", help="The firmware to pass for: what it says, waits for and takes.")
    ] = FirmwareName.WIREBOOT,
    menu_item: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Take this line of a menu, counted from 0, without asking.")
    ] = None,
    multicast: Annotated[bool, typer.Option("--multicast", help="Use MTFTP where it is offered.")] = False,
    trust: Annotated[
        list[Path] | None, typer.Option(metavar="CERT", help="Run nothing that this anchor does not vouch for.")
    ] = None,
    save: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the boot file in this folder.")] = None,
    pcap: Annotated[Path | None, typer.Option(metavar="FILE", help="Record every frame, as pcapng.")] = None,
    deadline: Annotated[float, typer.Option(metavar="S", min=1.0, help="Give up after so many seconds.")] = DEADLINE_S,
    as_json: JsonOption = False,
) -> None:
    """Boot as a PXE client: all nine steps, with a MAC and an address of its own; exit 0 once the boot file is here.

    Example: wireboot boot --interface eth1 --arch x86_64-uefi --json
    """
    firmware = EVERY_FIRMWARE[behave_as.value]
    identity = _identity(firmware, arch, mac, uuid, vendor_class, user_class or ())
    wishes = BootWishes(
        trust=TrustAnchors.load(trust) if trust else None,
        multicast=multicast,
        menu_item=menu_item,
        deadline_s=deadline,
        pcap=pcap,
    )
    report, screen = BootReport(identity), Screen()

    def observe(event: Event) -> None:
        report.observe(event)
        if not as_json:
            screen.show(event)
        if isinstance(event, BootImageReady) and save is not None:
            save_boot_file(save, event.booted.boot_file, event.content)

    run_boot(interface, identity, firmware.behaviour, wishes, observe)
    if as_json:
        print(json.dumps(report.document(), indent=2))
    if not report.succeeded:
        raise typer.Exit(1)


def _identity(
    firmware: Firmware,
    arch: str | None,
    mac: str | None,
    uuid: str | None,
    vendor_class: str | None,
    user_classes: list[str] | tuple[str, ...],
) -> ClientIdentity:
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


def _user_class(firmware: Firmware, names: list[str] | tuple[str, ...]) -> bytes | None:
    """None: what the firmware says by itself. iPXE writes the bare name, others RFC 3004's items."""
    if not names:
        return None
    return names[0].encode("latin-1") if firmware.name == "ipxe" and len(names) == 1 else user_class_items(*names)


def _made_up_mac() -> bytes:
    """A locally administered address (IEEE 802, bit 1 of the first byte)."""
    return b"\x52\x54\x00" + random.SystemRandom().randbytes(3)
