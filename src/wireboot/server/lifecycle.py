"""From the command to a running server, through its reloads, to its end."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wireboot.boot.loaders import FoundLoaders, describe_loaders
from wireboot.config.check import check
from wireboot.config.findings import ConfigurationError, Finding, Severity
from wireboot.config.host import HostFacts
from wireboot.config.load import LoadedConfig
from wireboot.endpoint import Event
from wireboot.errors import OperatorError
from wireboot.leases.allocator import Allocator
from wireboot.server.compose import Counted, Services, Snapshot
from wireboot.server.host import boot_files, host_facts, loaders_on_this_machine, own_addresses, served_interfaces
from wireboot.server.log import Logger, log_event
from wireboot.server.snapshot import inventory, subnets
from wireboot.store.database import open_database
from wireboot.store.leases import LeaseStore

_LOG_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "info"}


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration that can be run, and what it was checked against."""

    loaded: LoadedConfig
    host: HostFacts
    findings: tuple[Finding, ...]


def load_checked(load: Callable[[], LoadedConfig], loaders: FoundLoaders) -> Checked:
    """Raises ConfigurationError where the configuration has errors; warnings and notes are for the log."""
    loaded = load()
    host = host_facts(loaded.config, loaders)
    findings = check(loaded, host)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise ConfigurationError(findings)
    return Checked(loaded, host, tuple(findings))


async def serve(load: Callable[[], LoadedConfig], log: Logger) -> None:
    """Run until SIGTERM or SIGINT. `load` gives the configuration, again at each SIGHUP. Raises OperatorError."""
    signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, signals.put_nowait, number)
    loaders = loaders_on_this_machine()
    server = Server(await asyncio.to_thread(load_checked, load, loaders), log)
    try:
        while await signals.get() is signal.SIGHUP:
            try:
                # In a thread: a slow disk or a long check delays no packet.
                server.take_up(await asyncio.to_thread(load_checked, load, loaders))
            except OperatorError as problem:
                log.error("reload_refused", reason=str(problem), hint=problem.hint)
    finally:
        server.close()


class Server:
    """A running server."""

    def __init__(self, checked: Checked, log: Logger) -> None:
        self._log = log
        self._loaders = checked.host.loaders
        self._config = config = checked.loaded.config
        self._tell_findings(checked)
        for line in describe_loaders(self._loaders):
            log.info("loader", found=line)
        if not checked.host.boot_dir_exists:
            _make(config.boot_dir)

        _allow_open_files()
        interfaces = served_interfaces(config, checked.host)
        store = LeaseStore(open_database(config.database_url))
        self._allocator = Allocator(subnets(config), store.load(), never=own_addresses(interfaces))
        self._snapshot = Snapshot(inventory(config, self._loaders))
        self._counted = Counted(self._log_event)
        files = boot_files(config, self._loaders)
        self._services = Services(config, interfaces, self._snapshot, self._allocator, store, files, self._counted.tell)
        log.info(
            "ready",
            mode=config.dhcp4.mode,
            interfaces={each.name: [str(address) for address in each.ipv4] for each in interfaces},
            boot_dir=str(config.boot_dir),
            configuration=checked.loaded.file,
        )

    def take_up(self, checked: Checked) -> None:
        """Go on with another configuration, as far as it can be changed without a restart."""
        config = checked.loaded.config
        self._tell_findings(checked)
        self._allocator.use_subnets(subnets(config))
        self._snapshot.inventory = inventory(config, self._loaders)
        needs_restart = [name for name in _FIXED_AT_START if getattr(config, name) != getattr(self._config, name)]
        if config.dhcp4.mode != self._config.dhcp4.mode:
            needs_restart.append("dhcp4.mode")
        self._log.info("reloaded", configuration=checked.loaded.file, needs_restart=needs_restart)

    def close(self) -> None:
        self._services.close()
        drops = {f"{service}: {reason}": count for (service, reason), count in self._counted.drops.items()}
        self._log.info("stopped", dropped=drops)

    def _log_event(self, event: Event) -> None:
        log_event(self._log, event)

    def _tell_findings(self, checked: Checked) -> None:
        for finding in checked.findings:
            level = getattr(self._log, _LOG_LEVELS[finding.severity])
            level("configuration", file=finding.file, line=finding.line, what=finding.what, hint=finding.remedy)


def _allow_open_files() -> None:
    """As many as the system lets us: each transfer holds one, and the usual 1024 ends in the middle of a boot storm."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


_FIXED_AT_START = ("state_dir", "boot_dir", "network", "tftp", "http", "admin", "database")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as problem:
        raise OperatorError(
            f"boot_dir {folder} does not exist and cannot be made: {problem.strerror}",
            hint="name a folder with `boot_dir` in the configuration or with --boot-dir",
        ) from None
