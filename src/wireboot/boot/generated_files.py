"""Scripts and configurations made for the machine that asks, laid over the boot files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address
from uuid import UUID

from wireboot.boot.grub_config import grub_configuration, grub_start
from wireboot.boot.inventory import Inventory, Menu
from wireboot.boot.ipxe_script import ipxe_script
from wireboot.boot.loader_menu import loader_menu
from wireboot.boot.loader_names import Generated, MachineKey, is_grub_start, parse_generated_name
from wireboot.boot.policy import GRUB, IPXE, chosen_profile, menu_of
from wireboot.endpoint import Interface, IPAddress, SocketAddress
from wireboot.protocols.pxe.decision import NoBootFile
from wireboot.protocols.tftp.files import BootFiles, FileRefused, OpenFile

OwnAddress = Callable[[IPAddress], IPv4Address | None]
"""Our address as a peer at this one knows it; None where we have none."""


class GeneratedFiles:
    """A `BootFiles`: what is generated for the machine in the name, and else the files of `others`."""

    def __init__(self, inventory: Inventory, others: BootFiles, own_address: OwnAddress) -> None:
        self._inventory = inventory
        self._others = others
        self._own_address = own_address

    def open(self, name: str, peer: SocketAddress) -> OpenFile:
        """Raises FileRefused, as `others` does."""
        server = self._own_address(peer.host)
        text = None if server is None else self._for_machine(name, server)
        if text is not None:
            return TextFile(text)
        try:
            return self._others.open(name, peer)
        except FileRefused:
            if server is None or not self._leads_to_a_menu(name):
                raise
            return TextFile(grub_start(server))

    def _leads_to_a_menu(self, name: str) -> bool:
        return is_grub_start(name) and any(menu.style == "grub" for menu in self._inventory.menus.values())

    def _for_machine(self, name: str, server: IPv4Address) -> str | None:
        wanted = parse_generated_name(name)
        menu = None if wanted is None else self._menu(wanted.machine)
        if wanted is None or menu is None:
            return None
        # A menu's GRUB configuration would hide the one of a GRUB that was chosen from the same menu elsewhere.
        if wanted.what is Generated.GRUB_CONFIGURATION and menu.style == "grub":
            return grub_configuration(loader_menu(menu, self._inventory, server, GRUB))
        if wanted.what is Generated.IPXE_SCRIPT and menu.style in ("auto", "ipxe"):
            return ipxe_script(loader_menu(menu, self._inventory, server, IPXE))
        return None

    def _menu(self, key: MachineKey) -> Menu | None:
        inventory = self._inventory
        machine = inventory.machine_with_uuid(key) if isinstance(key, UUID) else inventory.machine_with_mac(key)
        if machine is None and isinstance(key, UUID):
            # GRUB asks by UUID first. What it finds by its MAC afterwards may be its own.
            return None
        choice = chosen_profile(machine, inventory)
        return None if isinstance(choice, NoBootFile) else menu_of(choice, inventory)


class TextFile:
    """An `OpenFile` in memory."""

    def __init__(self, text: str) -> None:
        self._content = text.encode()

    @property
    def size_bytes(self) -> int:
        return len(self._content)

    def read(self, offset: int, size: int) -> bytes:
        return self._content[offset : offset + size]

    def close(self) -> None:
        """Nothing is held."""


def own_address_for(peer: IPAddress, interfaces: Iterable[Interface]) -> IPv4Address | None:
    """An `OwnAddress`: ours in the peer's own network or, for one from afar, the first we have."""
    own = [address for interface in interfaces for address in interface.ipv4]
    near = (address.ip for address in own if peer in address.network)
    return next(near, own[0].ip if own else None)
