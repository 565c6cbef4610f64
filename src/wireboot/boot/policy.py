"""What a machine boots: a pure function of who it is and of an inventory, and its answer names the rule that spoke."""

from __future__ import annotations

from typing import NamedTuple

from wireboot.boot.inventory import Inventory, Machine, Menu, MenuEntry, Profile
from wireboot.boot.loader_names import ipxe_script_name
from wireboot.boot.loaders import Loader, LoaderKind, known_boot_file
from wireboot.boot.menus import entry_of_type, server_types
from wireboot.protocols.pxe.credentials import boot_file_path
from wireboot.protocols.pxe.decision import BootFile, BootMenu, BootMenuItem, Decision, NoBootFile
from wireboot.protocols.pxe.identity import PxeClient
from wireboot.protocols.pxe.vendor_options import LOCAL_DISK
from wireboot.wire.iana import architecture_name, architecture_names_tried

_NO_PROFILE = Profile("loaders")
_PLAIN_TYPE = 0
"""The Boot Server type of a client that has no menu (PXE 2.1 §2.2.4: bootstrap)."""
_FIRST_LAYER = 0

GRUB = (LoaderKind.SHIM_GRUB, LoaderKind.GRUB)
IPXE = (LoaderKind.IPXE,)


class Choice(NamedTuple):
    """A machine's profile, and the rule that gives it."""

    profile: Profile
    rule: str


def decide(client: PxeClient, inventory: Inventory) -> Decision:
    """The boot program for `client`: its profile's for its architecture or, without one, a loader found here.

    Where the profile is a menu: the menu for firmware to show, or the program that shows it.
    """
    choice = chosen_profile(inventory.machine(client), inventory)
    if isinstance(choice, NoBootFile):
        return choice
    menu = menu_of(choice, inventory)
    if menu is not None:
        return _menu(client, inventory, choice, menu)
    return _program(client.architectures, inventory, choice, _FIRST_LAYER, _running(client))


def boot_item(client: PxeClient, server_type: int, layer: int, inventory: Inventory) -> BootFile | NoBootFile:
    """What `client` gets that chose this type from its menu, or that has none and asks for type 0."""
    choice = chosen_profile(inventory.machine(client), inventory)
    if isinstance(choice, NoBootFile):
        return choice
    menu = menu_of(choice, inventory)
    if menu is None:
        if server_type != _PLAIN_TYPE:
            return NoBootFile(f"{choice.rule}: it has no menu")
        return _program(client.architectures, inventory, choice, layer, _running(client))
    if server_type == _PLAIN_TYPE:
        shown_by = _menu(client, inventory, choice, menu)
        if isinstance(shown_by, BootFile) and layer == _FIRST_LAYER:
            return shown_by
        return NoBootFile(f"{choice.rule}: type 0 of menu {menu.name} is the local disk")
    entry = entry_of_type(menu, server_type)
    if entry is None or entry.profile is None:
        return NoBootFile(f"{choice.rule}: menu {menu.name} leads nowhere here by this type")
    chosen = Choice(inventory.profiles[entry.profile], f'{choice.rule}, menu {menu.name}, "{entry.text}"')
    return _program(client.architectures, inventory, chosen, layer, _running(client))


def chosen_profile(machine: Machine | None, inventory: Inventory) -> Choice | NoBootFile:
    """The profile of `machine`, None standing for one that is not known."""
    if machine is not None and machine.profile is not None:
        return Choice(inventory.profiles[machine.profile], f"machine {machine.name}")
    if inventory.ignore_unknown:
        return NoBootFile("unknown machines are ignored" if machine is None else f"{machine.name} has no profile")
    if inventory.default_profile is not None:
        return Choice(inventory.profiles[inventory.default_profile], "default profile")
    return Choice(_NO_PROFILE, "loaders found")


def menu_of(choice: Choice, inventory: Inventory) -> Menu | None:
    return None if choice.profile.menu is None else inventory.menus[choice.profile.menu]


def program_for(
    architectures: tuple[int, ...], running: tuple[LoaderKind, ...], profile: Profile, inventory: Inventory
) -> str | None:
    """What a machine that runs one of these loaders, if any, is to load for `profile`; None where it can load nothing.

    `architectures`: the most preferred first.
    """
    program = _program(architectures, inventory, Choice(profile, f"profile {profile.name}"), _FIRST_LAYER, running)
    return program.name if isinstance(program, BootFile) else None


def _menu(client: PxeClient, inventory: Inventory, choice: Choice, menu: Menu) -> Decision:
    """The menu, or the program that shows it; firmware shows it where the program that should is not here."""
    rule = f"{choice.rule}, menu {menu.name}"
    if menu.style == "grub" and (grub := _loader_of(client.architectures, inventory, GRUB)) is not None:
        return _boot_file(grub.served_name, f"{rule} shown by GRUB", choice.profile, inventory)
    if menu.style in ("auto", "ipxe") and client.ipxe:
        return _boot_file(_script_name(client, inventory), f"{rule} shown by iPXE", choice.profile, inventory)
    if menu.style == "ipxe" and (ipxe := _loader_of(client.architectures, inventory, IPXE)) is not None:
        return _boot_file(ipxe.served_name, f"{rule} shown by iPXE", choice.profile, inventory)
    items = tuple(
        BootMenuItem(number, entry.text, entry.servers)
        for number, entry in zip(server_types(menu), menu.entries, strict=True)
        if _leads_somewhere(client, inventory, entry)
    )
    if all(item.server_type == LOCAL_DISK for item in items):
        return NoBootFile(f"{rule}: no entry has anything for {client.architecture_name}")
    return BootMenu(menu.name, rule, menu.prompt, menu.timeout_s, items, inventory.discovery)


def _script_name(client: PxeClient, inventory: Inventory) -> str:
    """The script is asked for by TFTP, which tells no UUID: a machine known by nothing else has it in the name."""
    machine = inventory.machine(client)
    by_uuid = machine is not None and machine.link_address != client.link_address
    return ipxe_script_name(client.uuid if by_uuid and client.uuid is not None else client.link_address)


def _leads_somewhere(client: PxeClient, inventory: Inventory, entry: MenuEntry) -> bool:
    """False for what this client could choose and not load: it would wait for a Boot Server that stays silent."""
    if entry.profile is None:
        return entry.local or bool(entry.servers)
    profile = inventory.profiles[entry.profile]
    return program_for(client.architectures, _running(client), profile, inventory) is not None


def _running(client: PxeClient) -> tuple[LoaderKind, ...]:
    return IPXE if client.ipxe else ()


def _program(
    architectures: tuple[int, ...],
    inventory: Inventory,
    choice: Choice,
    layer: int,
    running: tuple[LoaderKind, ...],
) -> BootFile | NoBootFile:
    """A client is not sent what it runs already, or it would load that for ever."""
    profile, rule = choice
    if profile.menu is not None:
        return NoBootFile(f"{rule}: profile {profile.name} is a menu inside a menu")
    for architecture in architectures:
        for name in architecture_names_tried(architecture):
            layers = profile.boot_programs.get(name)
            if layers is None:
                continue
            if layer >= len(layers):
                return NoBootFile(f"{rule}: profile {profile.name} has no layer {layer} for {name}")
            if (kind := _kind(layers[layer])) in running:
                return NoBootFile(f"{rule}: it runs {kind.label} already, and {layers[layer]} is that too")
            return _boot_file(layers[layer], rule, profile, inventory)
    loader = _loader_of(architectures, inventory, tuple(kind for kind in LoaderKind if kind not in running))
    if loader is None or layer != _FIRST_LAYER:
        wanted = architecture_name(architectures[0])
        return NoBootFile(f"{rule}: no boot program for {wanted}, and no loader found that it needs")
    return _boot_file(loader.served_name, f"{rule}, with a loader found", profile, inventory)


def _loader_of(architectures: tuple[int, ...], inventory: Inventory, kinds: tuple[LoaderKind, ...]) -> Loader | None:
    """The best loader of these kinds for the most preferred architecture that has one."""
    for architecture in architectures:
        for loader in inventory.loaders.usable(architecture_name(architecture)):
            if loader.kind in kinds:
                return loader
    return None


def _boot_file(name: str, rule: str, profile: Profile, inventory: Inventory) -> BootFile:
    file = boot_file_path(name) or name
    return BootFile(name, rule, profile.name, inventory.mtftp.get(file), inventory.credentials.get(file, ()))


def _kind(program: str) -> LoaderKind | None:
    row = known_boot_file(program)
    return row.kind if isinstance(row, Loader) else None
