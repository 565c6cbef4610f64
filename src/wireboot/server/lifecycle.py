"""From the command to a running server, through its reloads, to its end."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wireboot.boot.generated_files import own_address_for
from wireboot.boot.loaders import FoundLoaders, describe_loaders
from wireboot.config.check import check
from wireboot.config.findings import ConfigurationError, Finding, Severity
from wireboot.config.host import HostFacts
from wireboot.config.load import LoadedConfig
from wireboot.config.model import Configuration
from wireboot.endpoint import Interface
from wireboot.errors import OperatorError
from wireboot.leases.allocator import Allocator
from wireboot.net.clock import now
from wireboot.net.interfaces import list_interfaces
from wireboot.server.compose import Services
from wireboot.server.event_log import EventLog
from wireboot.server.host import boot_files, host_facts, loaders_on_this_machine, served_interfaces
from wireboot.server.log import Logger
from wireboot.server.restart import as_it_can_run, keys_for_restart
from wireboot.server.running import RunningNote
from wireboot.services.snapshot import Snapshot, take_snapshot
from wireboot.services.subnets import subnets
from wireboot.store.database import open_database
from wireboot.store.leases import LeaseStore

LOOK_AT_INTERFACES_EVERY_S = 3.0

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
    checked = await asyncio.to_thread(load_checked, load, loaders)
    server = Server(checked, log)
    watcher = asyncio.create_task(_watch_interfaces(server, log))
    try:
        with RunningNote() as note:
            note.write(checked.loaded)
            while await signals.get() is signal.SIGHUP:
                # In a thread: a slow disk or a long check delays no packet.
                await _reload(server, asyncio.to_thread(load_checked, load, loaders), note, log)
    finally:
        watcher.cancel()
        server.close()


async def _reload(server: Server, checking: Awaitable[Checked], note: RunningNote, log: Logger) -> None:
    try:
        checked = await checking
        # In a thread as well: credentials are tested against whole boot files.
        server.take_up(checked, await asyncio.to_thread(server.snapshot_of, checked))
        note.write(checked.loaded)
    except OperatorError as problem:
        log.error("reload_refused", reason=str(problem), hint=problem.hint)
    except Exception as problem:
        # Whatever is wrong with the new configuration, the old one goes on.
        log.error("reload_refused", reason=repr(problem))


async def _watch_interfaces(server: Server, log: Logger) -> None:
    while True:
        await asyncio.sleep(LOOK_AT_INTERFACES_EVERY_S)
        try:
            server.use_interfaces((await asyncio.to_thread(list_interfaces)).up)
        except Exception as problem:
            # The kernel would not tell this time. The next look puts it right.
            log.error("interfaces_unknown", reason=repr(problem))


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
        self._interfaces = served_interfaces(config, checked.host.interfaces)
        store = LeaseStore(open_database(config.database_url))
        self._allocator = Allocator(subnets(config), store.load())
        self._snapshot = self._take_snapshot(config)
        self._events = EventLog(log, now)
        self._services = Services(config, self._interfaces, self._snapshot, self._allocator, store, self._events.tell)
        log.info(
            "ready",
            mode=config.dhcp4.mode,
            interfaces=_shown(self._interfaces),
            boot_dir=str(config.boot_dir),
            configuration=checked.loaded.file,
        )

    def snapshot_of(self, checked: Checked) -> Snapshot:
        """What another configuration comes to, as far as it can be taken up without a restart. It may take a while."""
        return self._take_snapshot(as_it_can_run(checked.loaded.config, self._config))

    def take_up(self, checked: Checked, snapshot: Snapshot) -> None:
        """Go on with another configuration and its `snapshot_of`."""
        later = keys_for_restart(checked.loaded.config, self._config)
        self._config = as_it_can_run(checked.loaded.config, self._config)
        self._tell_findings(checked)
        self._allocator.use_subnets(subnets(self._config))
        self._snapshot.replace_with(snapshot)
        self._services.snapshot_replaced()
        if later:
            self._log.warning("restart_needed", changed=later, hint="these keys are read at start only")
        self.use_interfaces(checked.host.interfaces)
        self._log.info("reloaded", configuration=checked.loaded.file)

    def _take_snapshot(self, config: Configuration) -> Snapshot:
        files = boot_files(config, self._loaders)
        return take_snapshot(config, self._loaders, files, lambda peer: own_address_for(peer, self._interfaces))

    def use_interfaces(self, up: Sequence[Interface]) -> None:
        """Serve on those of the interfaces now up that the configuration asks for."""
        interfaces = served_interfaces(self._config, up)
        if interfaces != self._interfaces:
            self._interfaces = interfaces
            self._services.use_interfaces(interfaces)
            self._log.warning("interfaces_changed", interfaces=_shown(interfaces))

    def close(self) -> None:
        self._services.close()
        self._log.info("stopped", dropped=dict(self._events.drops))

    def _tell_findings(self, checked: Checked) -> None:
        for finding in checked.findings:
            level = getattr(self._log, _LOG_LEVELS[finding.severity])
            level("configuration", file=finding.file, line=finding.line, what=finding.what, hint=finding.remedy)


def _shown(interfaces: Sequence[Interface]) -> dict[str, list[str]]:
    return {interface.name: [str(address) for address in interface.ipv4] for interface in interfaces}


def _allow_open_files() -> None:
    """As many as the system lets us: each transfer holds one, and the usual 1024 ends in the middle of a boot storm."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except OSError as problem:
        raise OperatorError(
            f"boot_dir {folder} does not exist and cannot be made: {problem.strerror}",
            hint="name a folder with `boot_dir` in the configuration or with --boot-dir",
        ) from None
