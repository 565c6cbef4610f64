"""This machine: its interfaces, its loaders, the files it offers."""

from __future__ import annotations

import os
from collections.abc import Iterable
from ipaddress import IPv4Address
from pathlib import Path

from wireboot.boot.loaders import FoundLoaders, find_loaders
from wireboot.config.host import HostFacts, is_served
from wireboot.config.model import Configuration
from wireboot.endpoint import Interface
from wireboot.net.interfaces import list_interfaces
from wireboot.services.credentials import credential_fault
from wireboot.store.boot_files import BootFileStore


def loaders_on_this_machine() -> FoundLoaders:
    return find_loaders(lambda path: os.access(path, os.R_OK) and Path(path).is_file())


def boot_files(config: Configuration, loaders: FoundLoaders) -> BootFileStore:
    """The files in `boot_dir` and, behind them, the loaders found. Case may differ, as it does in Windows' loaders."""
    return BootFileStore(config.boot_dir, {name: Path(path) for name, path in loaders.files.items()}, ignore_case=True)


def host_facts(config: Configuration, loaders: FoundLoaders) -> HostFacts:
    interfaces = list_interfaces()
    offered = boot_files(config, loaders)
    return HostFacts(
        interfaces=interfaces.up,
        boot_file_exists=BootFileStore(config.boot_dir, ignore_case=True).exists,
        loaders=loaders,
        boot_dir_exists=config.boot_dir.is_dir(),
        interfaces_down=interfaces.down,
        boot_file_size=offered.size,
        credential_fault=lambda credential: credential_fault(credential, offered),
    )


def served_interfaces(config: Configuration, up: Iterable[Interface]) -> tuple[Interface, ...]:
    """Of the interfaces that are up, those to serve on."""
    return tuple(interface for interface in up if is_served(config, interface))


def own_addresses(interfaces: Iterable[Interface]) -> frozenset[IPv4Address]:
    return frozenset(address.ip for interface in interfaces for address in interface.ipv4)
