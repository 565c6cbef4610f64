"""What a configuration is checked against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Interface

from wireboot.boot.loaders import FoundLoaders
from wireboot.config.model import Configuration, Credential
from wireboot.endpoint import Interface


@dataclass(frozen=True, slots=True)
class HostFacts:
    """This machine, as it stood when it was looked at."""

    interfaces: tuple[Interface, ...]
    """Those that are up."""
    boot_file_exists: Callable[[str], bool]
    """Whether a name below `boot_dir` is a readable file."""
    loaders: FoundLoaders
    boot_dir_exists: bool
    interfaces_down: frozenset[str] = frozenset()
    """The names of those that are there but not up."""
    boot_file_size: Callable[[str], int | None] = lambda _: None
    """How many bytes a file on offer has; None for one that is not there."""
    credential_fault: Callable[[Credential], str | None] = lambda _: None
    """Why a credential does not vouch for its boot file, or None when it does."""

    def served_addresses(self, config: Configuration) -> tuple[tuple[str, IPv4Interface], ...]:
        """Each interface and IPv4 address that the configuration has wireboot serve from."""
        served = (interface for interface in self.interfaces if is_served(config, interface))
        return tuple((interface.name, address) for interface in served for address in interface.ipv4)


def is_served(config: Configuration, interface: Interface) -> bool:
    """Of the interfaces with an IPv4 address those named or, where none is, all that are no loopback."""
    named = config.network.interfaces
    if named:
        return interface.name in named and bool(interface.ipv4)
    return any(not address.is_loopback for address in interface.ipv4)
