"""`wireboot try`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from wireboot.boot.loaders import FoundLoaders
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
from wireboot.cli.imagined_network import ImaginedNetwork
from wireboot.cli.options import JsonOption
from wireboot.client.boot import BootWishes
from wireboot.client.boot import boot as run_boot
from wireboot.client.execute import RUN_FOR_S, can_execute
from wireboot.client.keyboard import stdin_is_terminal
from wireboot.client.report import BootReport
from wireboot.client.screen import Screen
from wireboot.config.check import check
from wireboot.config.findings import ConfigurationError, Severity
from wireboot.config.load import LoadedConfig, load
from wireboot.endpoint import Event
from wireboot.errors import OperatorError
from wireboot.protocols.pxe.client import DEADLINE_S
from wireboot.protocols.pxe.client_events import BootImageReady, MenuShown, PromptShown, StepReached
from wireboot.protocols.pxe.client_identity import ClientIdentity
from wireboot.protocols.pxe.firmware import EVERY_FIRMWARE
from wireboot.server.host import host_facts, loaders_on_this_machine
from wireboot.server.running import running_servers
from wireboot.sim.server_account import ServerAccount
from wireboot.sim.site import simulated_interfaces
from wireboot.wire.addresses import format_link_address
from wireboot.wire.iana import X86_BIOS, architecture_name


def try_(
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The configuration file. Without it that of the `wireboot serve` which runs here, or its default.",
        ),
    ] = None,
    arch: ArchOption = None,
    mac: MacOption = None,
    uuid: UuidOption = None,
    vendor_class: VendorClassOption = None,
    user_class: UserClassOption = None,
    behave_as: FirmwareOption = FirmwareName.WIREBOOT,
    menu_item: MenuItemOption = None,
    multicast: MulticastOption = False,
    execute: Annotated[
        bool | None,
        typer.Option(
            "--execute/--no-execute", help="Run the boot program. Default: where it is one of x86-bios, and can be."
        ),
    ] = None,
    run_for: RunForOption = RUN_FOR_S,
    type_: TypeOption = None,
    pcap: PcapOption = None,
    deadline: DeadlineOption = DEADLINE_S,
    as_json: JsonOption = False,
) -> None:
    """Boot a machine that does not exist from this configuration and its real boot files: no root, no cable, no VM.

    What the server says, the firmware does and, on x86-bios, the boot program does is all real; the network and the
    server's disk are imagined. Exit 0 when it booted and its program, where it was run, ended well.

    Example: wireboot try --config wireboot.toml --mac 52:54:00:77:00:10 --menu-item 1
    """
    firmware = EVERY_FIRMWARE[behave_as.value]
    identity = client_identity(firmware, arch, mac, uuid, vendor_class, user_class or ())
    if execute is None:
        # Where keys are to be typed, nothing else will do.
        execute = bool(type_) or _can_be_run(identity)
    elif type_ and not execute:
        raise OperatorError("--type is for a boot program that runs", hint="leave --no-execute out", exit_code=2)
    wishes = BootWishes(
        multicast=multicast,
        menu_item=menu_item,
        deadline_s=deadline,
        pcap=pcap,
        execute=execute_wishes(firmware, identity, run_for, type_ or ()) if execute else None,
        show_program=not as_json,
    )
    loaders = loaders_on_this_machine()
    loaded = _checked(_configuration(config), loaders)
    report, screen, server = BootReport(identity), Screen(), ServerAccount()
    network = ImaginedNetwork(loaded.config, loaders, tell=server.observe)
    _say(f"{format_link_address(identity.link_address)}, {architecture_name(identity.architectures[0])}, boots from "
         f"{loaded.file}: {network.describe()}")  # fmt: skip
    is_watched = not (as_json or type_) and stdin_is_terminal() and sys.stderr.isatty()

    def observe(event: Event) -> None:
        report.observe(event)
        if not as_json:
            screen.show(event)
        if is_watched:
            _keep_time(network, event)

    run_boot(network.segment_of(identity.link_address), identity, firmware.behaviour, wishes, observe, network.stack)
    if as_json:
        configuration = None if loaded.source is None else str(loaded.source)
        print(json.dumps({"configuration": configuration, **report.document(), "server": server.document()}, indent=2))
    else:
        for line in server.lines():
            _say(line)
    if not report.succeeded:
        raise typer.Exit(1)


def _configuration(path: Path | None) -> LoadedConfig:
    """The file named, else what the one server on this machine runs. Says which."""
    if path is not None:
        return load(path)
    running = running_servers()
    if len(running) == 1:
        (server,) = running
        _say(f"the configuration of the server that runs here, process {server.pid}")
        return server.load()
    loaded = load()
    if running:
        _say(f"{len(running)} servers run here, and --config would name the configuration of one:")
        for server in running:
            _say(f"  process {server.pid}: {server.config_file or 'built-in defaults'}")
    else:
        _say("no server runs here, and no --config names a configuration")
    _say(f"so that of a server which is started here: {loaded.file}")
    return loaded


def _checked(loaded: LoadedConfig, loaders: FoundLoaders) -> LoadedConfig:
    """Raises ConfigurationError for what would keep a server from running on any machine with these boot files."""
    interfaces = simulated_interfaces(loaded.config)
    loaded = loaded.with_command_line(interfaces=interfaces)
    host = replace(
        host_facts(loaded.config, loaders), interfaces=tuple(interfaces.values()), interfaces_down=frozenset()
    )
    errors = [finding for finding in check(loaded, host) if finding.severity is Severity.ERROR]
    if errors:
        raise ConfigurationError(errors)
    return loaded


def _can_be_run(identity: ClientIdentity) -> bool:
    """Says why not, where that may come as a surprise."""
    if identity.architectures[0] != X86_BIOS:
        return False
    if (reason := can_execute()) is not None:
        _say(f"the boot program will not be run: {reason}; `pip install 'wireboot[cpu]'` does that")
        return False
    return True


def _keep_time(network: ImaginedNetwork, event: Event) -> None:
    """Firmware's own waits are skipped. Menus and their countdowns are for the person who watches."""
    match event:
        case PromptShown() | MenuShown() | BootImageReady():
            network.really_wait(True)
        case StepReached():
            network.really_wait(False)


def _say(line: str) -> None:
    print(line, file=sys.stderr)
