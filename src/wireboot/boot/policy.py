"""What a machine boots: a pure function of who it is and of an inventory, and its answer names the rule that spoke."""

from __future__ import annotations

from wireboot.boot.inventory import Inventory, Profile
from wireboot.boot.loaders import Loader, LoaderKind, known_boot_file
from wireboot.protocols.pxe.boot_file import BootFile, NoBootFile
from wireboot.protocols.pxe.identity import PxeClient
from wireboot.wire.iana import architecture_name, architecture_names_tried

_NO_PROFILE = Profile("loaders")


def decide(client: PxeClient, inventory: Inventory) -> BootFile | NoBootFile:
    """The boot program for `client`: its profile's for its architecture or, without one, a loader found here."""
    machine = inventory.machine(client)
    if machine is not None and machine.profile is not None:
        return _program(client, inventory, inventory.profiles[machine.profile], f"machine {machine.name}")
    if inventory.ignore_unknown:
        return NoBootFile("unknown machines are ignored" if machine is None else f"{machine.name} has no profile")
    if inventory.default_profile is not None:
        return _program(client, inventory, inventory.profiles[inventory.default_profile], "default profile")
    return _program(client, inventory, _NO_PROFILE, "loaders found")


def _program(client: PxeClient, inventory: Inventory, profile: Profile, rule: str) -> BootFile | NoBootFile:
    for architecture in client.architectures:
        for name in architecture_names_tried(architecture):
            program = profile.boot_programs.get(name)
            if program is None:
                continue
            if client.ipxe and _is_ipxe(program):
                return NoBootFile(f"{rule}: it runs iPXE already, and {program} is iPXE too")
            return BootFile(program, rule, profile.name)
    for architecture in client.architectures:
        loader = _loader(client, inventory, architecture_name(architecture))
        if loader is not None:
            return BootFile(loader.served_name, f"{rule}, with a loader found", profile.name)
    return NoBootFile(f"{rule}: no boot program for {client.architecture_name}, and no loader found that it needs")


def _loader(client: PxeClient, inventory: Inventory, architecture: str) -> Loader | None:
    """The best loader; a client that runs iPXE already is not sent iPXE, or it would load it for ever."""
    usable = inventory.loaders.usable(architecture)
    return next((loader for loader in usable if not (client.ipxe and loader.kind is LoaderKind.IPXE)), None)


def _is_ipxe(program: str) -> bool:
    row = known_boot_file(program)
    return isinstance(row, Loader) and row.kind is LoaderKind.IPXE
