"""The names under which loaders find what is generated for one machine: they hold its MAC or its UUID."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple
from uuid import UUID

MachineKey = bytes | UUID
"""A MAC, or the UUID of a machine that is known by nothing else."""


class Generated(Enum):
    """What can be generated."""

    IPXE_SCRIPT = "an iPXE script"
    GRUB_CONFIGURATION = "a GRUB configuration"


class GeneratedName(NamedTuple):
    """What a name asks for, and for whom."""

    what: Generated
    machine: MachineKey


_MAC = r"(?P<mac>[0-9a-f]{2}(?:[-:][0-9a-f]{2}){5})"
_UUID = r"(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_IPXE_SCRIPT = re.compile(rf"boot/ipxe/(?:{_MAC}|{_UUID})\.ipxe", re.IGNORECASE)
# GRUB looks in the folder it was built for or loaded from. Upstream's names have no "01-", distributions' have; its own
# variable writes a MAC with colons. A UUID it spells as option 97 brought it, the first three fields little-endian.
_GRUB_CONFIGURATION = re.compile(rf"(?:[^/]+/)*grub\.cfg-(?:(?:01-)?{_MAC}|{_UUID})", re.IGNORECASE)
_GRUB_START = re.compile(r"(?:[^/]+/)*grub\.cfg", re.IGNORECASE)


def ipxe_script_name(machine: MachineKey) -> str:
    """Where iPXE is told to find its script."""
    key = str(machine) if isinstance(machine, UUID) else machine.hex("-")
    return f"boot/ipxe/{key}.ipxe"


def parse_generated_name(name: str) -> GeneratedName | None:
    """What a normalised name means, or None for any other file."""
    for what, form in (
        (Generated.IPXE_SCRIPT, _IPXE_SCRIPT),
        (Generated.GRUB_CONFIGURATION, _GRUB_CONFIGURATION),
    ):
        if (found := form.fullmatch(name)) is not None:
            return GeneratedName(what, _machine(found, little_endian=what is Generated.GRUB_CONFIGURATION))
    return None


def is_grub_start(name: str) -> bool:
    """The configuration of every GRUB that comes from that folder, whatever the machine."""
    return _GRUB_START.fullmatch(name) is not None


def _machine(found: re.Match[str], *, little_endian: bool) -> MachineKey:
    if (mac := found["mac"]) is not None:
        return bytes.fromhex(mac.replace("-", "").replace(":", ""))
    uuid = UUID(found["uuid"])
    return UUID(bytes_le=uuid.bytes) if little_endian else uuid
