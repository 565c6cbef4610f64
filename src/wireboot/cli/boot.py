"""`wireboot boot`: the PXE client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from wireboot.cli.client_options import (
    ArchOption,
    DeadlineOption,
    FirmwareName,
    FirmwareOption,
    MacOption,
    MenuItemOption,
    MulticastOption,
    PcapOption,
    RunForOption,
    TypeOption,
    UserClassOption,
    UuidOption,
    VendorClassOption,
    client_identity,
    execute_wishes,
)
from wireboot.cli.options import JsonOption
from wireboot.client.boot import BootWishes
from wireboot.client.boot import boot as run_boot
from wireboot.client.execute import RUN_FOR_S
from wireboot.client.files import save_boot_file
from wireboot.client.report import BootReport
from wireboot.client.screen import Screen
from wireboot.credentials.trust import TrustAnchors
from wireboot.endpoint import Event
from wireboot.errors import OperatorError
from wireboot.protocols.pxe.client import DEADLINE_S
from wireboot.protocols.pxe.client_events import BootImageReady
from wireboot.protocols.pxe.firmware import EVERY_FIRMWARE


def boot(
    interface: Annotated[str, typer.Option(metavar="IF", help="Boot over this interface.")],
    arch: ArchOption = None,
    mac: MacOption = None,
    uuid: UuidOption = None,
    vendor_class: VendorClassOption = None,
    user_class: UserClassOption = None,
    behave_as: FirmwareOption = FirmwareName.WIREBOOT,
    menu_item: MenuItemOption = None,
    multicast: MulticastOption = False,
    trust: Annotated[
        list[Path] | None, typer.Option(metavar="CERT", help="Run nothing that this anchor does not vouch for.")
    ] = None,
    save: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the boot file in this folder.")] = None,
    pcap: PcapOption = None,
    deadline: DeadlineOption = DEADLINE_S,
    execute: Annotated[
        bool, typer.Option("--execute", help="Run the boot program of an x86-bios machine, in an emulated one.")
    ] = False,
    run_for: RunForOption = RUN_FOR_S,
    type_: TypeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Boot as a PXE client: all nine steps, with a MAC and an address of its own; exit 0 once the boot file is here.

    With --execute it is run as well: exit 0 when it enters Linux or gives the machine back.

    Example: wireboot boot --interface eth1 --arch x86_64-uefi --json
    """
    if type_ and not execute:
        raise OperatorError("--type is for a boot program that runs", hint="add --execute", exit_code=2)
    firmware = EVERY_FIRMWARE[behave_as.value]
    identity = client_identity(firmware, arch, mac, uuid, vendor_class, user_class or ())
    wishes = BootWishes(
        trust=TrustAnchors.load(trust) if trust else None,
        multicast=multicast,
        menu_item=menu_item,
        deadline_s=deadline,
        pcap=pcap,
        execute=execute_wishes(firmware, identity, run_for, type_ or ()) if execute else None,
        show_program=not as_json,
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
