"""`wireboot simulate`."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from wireboot.boot.loaders import FoundLoaders
from wireboot.cli.options import ConfigOption, JsonOption
from wireboot.config.check import check
from wireboot.config.findings import ConfigurationError, Severity
from wireboot.config.host import HostFacts
from wireboot.config.load import LoadedConfig, load
from wireboot.config.model import Configuration
from wireboot.errors import OperatorError
from wireboot.protocols.tftp.files import FileRefused
from wireboot.server.host import boot_files, loaders_on_this_machine
from wireboot.sim.files import ReadFile
from wireboot.sim.population import SWITCHED_ON_WITHIN_S, firmware_named, populate
from wireboot.sim.site import simulated_interfaces, site_of
from wireboot.sim.summary import Summary, document, story, summarise, typical
from wireboot.sim.world import Crash, World, WorldBroken

_MACHINES_MAX = 20_000
_DOWN_S = 5.0
"""How long a crashed server takes to come back."""
_ODD_THINGS_MAX = 10
_LAST_LINES = 40
"""Of the transcript, when something broke."""


class FirmwareChoice(StrEnum):
    """The rows of `protocols.pxe.firmware.FIRMWARE`, or all of them in turn."""

    ALL = "all"
    WIREBOOT = "wireboot"
    EDK2 = "edk2"
    IPXE = "ipxe"
    INTEL_ROM = "intel-rom"


def simulate(
    config: ConfigOption = None,
    machines: Annotated[
        int, typer.Option(metavar="N", min=1, max=_MACHINES_MAX, help="How many machines are switched on.")
    ] = 100,
    loss: Annotated[str, typer.Option(metavar="P", help="How much is lost on the way: 10% or 0.1.")] = "0",
    seed: Annotated[int, typer.Option(metavar="S", min=0, help="The same seed gives the same story.")] = 1,
    firmware: Annotated[
        FirmwareChoice, typer.Option(help="What the machines run; all: each kind in turn.")
    ] = FirmwareChoice.ALL,
    crash: Annotated[
        bool, typer.Option("--crash", help="The server loses its power twice while the machines boot.")
    ] = False,
    duration: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.0, help="The machines are switched on within this time.")
    ] = SWITCHED_ON_WITHIN_S,
    as_json: JsonOption = False,
) -> None:
    """Boot machines that do not exist from this configuration, over a network that does not: no root, no cable.

    The server's part is what `wireboot serve` runs, the machines' what `wireboot boot` runs. Exit 0 when all booted.

    Example: wireboot simulate --config wireboot.toml --machines 200 --loss 10%
    """
    lost = _share(loss)
    loaders = loaders_on_this_machine()
    loaded = _load(config, loaders)
    site = site_of(loaded.config, machines, loaders=loaders, read=_reader(loaded.config, loaders))
    world = World(seed, site, loss=lost, crashes=_crashes(duration) if crash else ())
    populate(world, machines, firmware_named(firmware.value), multicast=True, within_s=duration)
    repeat = _repeat(config, machines, lost, seed, firmware, crash, duration)
    _run(world, repeat)
    summary = summarise(world)
    if as_json:
        print(json.dumps(document(world, repeat), indent=2))
    else:
        _print(world, summary, repeat, lost, loaded)
    if summary.failed:
        raise typer.Exit(1)


def _share(text: str) -> float:
    """`10%` or `0.1`."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise OperatorError(
            f"--loss {text} is no part of all datagrams", hint="write 10% or 0.1, and less than all", exit_code=2
        )
    return value


def _load(path: Path | None, loaders: FoundLoaders) -> LoadedConfig:
    """Raises ConfigurationError for all that is wrong with it on any machine; what this one lacks is made up."""
    loaded = load(path)
    interfaces = simulated_interfaces(loaded.config)
    loaded = loaded.with_command_line(interfaces=interfaces)
    host = HostFacts(
        interfaces=tuple(interfaces.values()),
        boot_file_exists=lambda _: True,
        loaders=loaders,
        boot_dir_exists=True,
    )
    errors = [finding for finding in check(loaded, host) if finding.severity is Severity.ERROR]
    if errors:
        raise ConfigurationError(errors)
    return loaded


def _reader(config: Configuration, loaders: FoundLoaders) -> ReadFile:
    """Reads the operator's own boot files."""
    files = boot_files(config, loaders)

    def read(name: str, size_bytes_max: int) -> bytes | None:
        try:
            file = files.open(name)
        except FileRefused:
            return None
        try:
            return file.read(0, size_bytes_max)
        except OSError:
            return None
        finally:
            file.close()

    return read


def _crashes(duration_s: float) -> tuple[Crash, ...]:
    return tuple(Crash(at_s=1.0 + duration_s * share, down_s=_DOWN_S) for share in (0.3, 0.9))


def _run(world: World, repeat: str) -> None:
    """Raises OperatorError where something happened that never may."""
    console = Console(stderr=True)
    try:
        if console.is_terminal:
            with console.status("booting") as status:
                world.run(progress=lambda elapsed_s: status.update(_progress(world, elapsed_s)))
        else:
            world.run()
    except WorldBroken as broken:
        print("\n".join(broken.transcript.splitlines()[-_LAST_LINES:]), file=sys.stderr)
        raise OperatorError(
            f"seed {broken.seed}: {broken.what}",
            hint=f"this is a fault of wireboot's own: please report it with the configuration and this line: {repeat}",
        ) from None


def _progress(world: World, elapsed_s: float) -> str:
    ended = sum(boot.outcome is not None for boot in world.boots)
    return f"{ended} of {len(world.machines)} machines are through, {elapsed_s:.0f} s have passed for them"


def _repeat(
    config: Path | None, machines: int, loss: float, seed: int, firmware: FirmwareChoice, crash: bool, duration_s: float
) -> str:
    words = ["wireboot", "simulate", *([] if config is None else ["--config", str(config)])]
    words += ["--machines", str(machines), "--loss", f"{loss:g}", "--seed", str(seed)]
    words += [] if firmware is FirmwareChoice.ALL else ["--firmware", firmware.value]
    words += ["--crash"] if crash else []
    words += [] if duration_s == SWITCHED_ON_WITHIN_S else ["--duration", f"{duration_s:g}"]
    return shlex.join(words)


def _print(world: World, summary: Summary, repeat: str, loss: float, loaded: LoadedConfig) -> None:
    mode = loaded.config.dhcp4.mode
    beside = "" if world.site.dhcp_beside is None else ", beside a DHCP server that knows nothing of PXE"
    print(f"{loaded.file}: mode {mode}{beside}; {len(world.machines)} machines, {loss:.0%} loss, seed {world.seed}")
    for machine in typical(world):
        print()
        for line in story(machine):
            print(line)
    print()
    for line in _totals(world, summary):
        print(line)
    print(f"The same again: {repeat}")


def _totals(world: World, summary: Summary) -> Iterator[str]:
    local = f", {summary.local} led back to the local disk" if summary.local else ""
    yield f"Booted: {summary.booted} of {summary.boots}{local}"
    for code, count in summary.failed.items():
        error = summary.errors[code]
        yield f"Failed: {count} with {code}: {error.text}"
        yield f"  hint: {error.hint}"
    if summary.seconds:
        times = ", ".join(f"{seconds:.1f} s for {share}%" for share, seconds in summary.seconds.items())
        yield f"From power on to the whole file, at most: {times}"
    traffic = world.network.traffic
    yield f"Datagrams: {traffic.sent} on their way, {traffic.lost} of them lost"
    if world.server.crashes:
        yield f"The server crashed {world.server.crashes} times"
    for what, count in world.told.most_common(_ODD_THINGS_MAX):
        yield f"Told by the server, {count} times: {what}"
    for note in world.site.files.notes:
        what = "is not there: a stand-in of" if note.stand_in else "is large: only the first"
        yield f"File {note.name} {what} {note.size_bytes} bytes was used"
