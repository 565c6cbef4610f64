"""From what the configuration says to what the decisions are made from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from itertools import chain
from operator import or_

from wireboot.boot.inventory import Inventory, Machine, Menu, MenuEntry, Profile
from wireboot.boot.loaders import FoundLoaders
from wireboot.config import model
from wireboot.config.model import IGNORE, Configuration
from wireboot.protocols.pxe.decision import BootCredential, Discovery
from wireboot.protocols.pxe.quirks import Effect, Quirk
from wireboot.protocols.tftp.file_name import normalise
from wireboot.protocols.tftp.mtftp import MtftpParameters
from wireboot.protocols.tftp.multicast import MulticastLimits


def inventory(
    config: Configuration, loaders: FoundLoaders, credentials: Mapping[str, tuple[BootCredential, ...]]
) -> Inventory:
    default, discovery = config.boot.default_profile, config.pxe.discovery
    return Inventory(
        profiles={each.name: Profile(each.name, each.boot_program, each.menu) for each in config.profiles},
        machines=tuple(Machine(each.name, each.mac, each.uuid, each.profile) for each in config.machines),
        default_profile=None if default == IGNORE else default,
        ignore_unknown=default == IGNORE,
        loaders=loaders,
        menus={each.name: _menu(each) for each in config.menus},
        discovery=Discovery(
            broadcast=discovery.broadcast,
            multicast=discovery.group if discovery.multicast else None,
            only_listed=discovery.only_listed,
        ),
        mtftp=mtftp_offers(config),
        credentials=credentials,
        quirks=tuple(_quirk(each) for each in config.quirks),
    )


def mtftp_offers(config: Configuration) -> dict[str, MtftpParameters]:
    """Where files are sent by PXE's multicast, by normalised file name."""
    mtftp = config.mtftp
    return {
        normalise(each.file): MtftpParameters(
            each.group, mtftp.client_port, mtftp.server_port, mtftp.listen_timeout_s, mtftp.transmit_timeout_s
        )
        for each in mtftp.files
    }


def multicast_limits(config: Configuration) -> MulticastLimits | None:
    """What RFC 2090's multicast may take up; None where it is not offered."""
    groups = config.tftp.multicast_groups
    return None if groups is None else MulticastLimits(groups, config.tftp.multicast_port)


def _menu(menu: model.Menu) -> Menu:
    entries = tuple(
        MenuEntry(each.text, each.profile, each.servers, each.local, each.type, each.file) for each in menu.entries
    )
    return Menu(menu.name, menu.prompt, menu.timeout_s, entries, menu.style)


def _quirk(quirk: model.Quirk) -> Quirk:
    return Quirk(
        quirk.name,
        reduce(or_, quirk.effects, Effect.NONE),
        seen="the configuration",
        class_prefix=quirk.vendor_class,
        architectures=tuple(chain.from_iterable(quirk.architectures)),
        undi_versions=quirk.undi_versions,
        mac_prefixes=quirk.mac_prefixes,
    )
