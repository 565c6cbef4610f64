"""What a packet's option 43 tells a PXE client: how to find Boot Servers, and what to choose from (PXE 2.1 §2.2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TypeVar

from wireboot.errors import DecodeError
from wireboot.protocols.pxe.errors import DISCOVERY_ADDRESS_INVALID, MENU_INVALID, SERVER_LIST_INVALID, PxeError
from wireboot.protocols.pxe.firmware import TagChecks
from wireboot.protocols.pxe.lenient import get_if_sound
from wireboot.protocols.pxe.vendor_options import (
    BOOT_ITEM,
    BOOT_MENU,
    BOOT_SERVERS,
    DISCOVERY_ADDRESS,
    DISCOVERY_CONTROL,
    MENU_PROMPT,
    MTFTP_ADDRESS,
    MTFTP_CLIENT_PORT,
    MTFTP_LISTEN_TIMEOUT,
    MTFTP_SERVER_PORT,
    MTFTP_TRANSMIT_TIMEOUT,
    BootServers,
    DiscoveryControl,
    MenuItem,
    MenuPrompt,
)
from wireboot.protocols.tftp.mtftp import MtftpParameters
from wireboot.wire.option_table import Option, Options

T = TypeVar("T")

_DISCOVERY = (DISCOVERY_CONTROL, DISCOVERY_ADDRESS, BOOT_SERVERS, BOOT_MENU, MENU_PROMPT, BOOT_ITEM)
_NEITHER = DiscoveryControl.NO_BROADCAST | DiscoveryControl.NO_MULTICAST


@dataclass(frozen=True, slots=True)
class OfferTags:
    """Tags 6 to 10."""

    control: DiscoveryControl
    discovery_address: IPv4Address | None
    """None where multicast is not to be used."""
    servers: tuple[BootServers, ...]
    menu: tuple[MenuItem, ...]
    prompt: MenuPrompt | None

    @property
    def only_listed(self) -> bool:
        return bool(self.control & DiscoveryControl.ONLY_LISTED)

    def listed(self, server_type: int) -> tuple[IPv4Address, ...] | None:
        """The servers of a type in tag 8, perhaps none; None where any will do, which a count of 0 says."""
        entries = [entry for entry in self.servers if entry.server_type == server_type]
        if any(not entry.addresses for entry in entries):
            return None
        return tuple(dict.fromkeys(address for entry in entries for address in entry.addresses))


class OfferInvalid(Exception):  # noqa: N818  # an offer that does not count, not a fault
    """The tags do not make sense as a whole: the offer is not to be taken."""

    def __init__(self, error: PxeError) -> None:
        super().__init__(error.text)
        self.error = error


def has_discovery_tags(tags: Options) -> bool:
    """Any of those that PXE 2.1 brought (6 to 10, 71): the offer is of its kind."""
    return any(row.code in tags for row in _DISCOVERY)


def needs_list(control: DiscoveryControl) -> bool:
    """Boot Servers cannot be found, or do not count, unless they are listed."""
    return bool(control & DiscoveryControl.ONLY_LISTED) or control & _NEITHER == _NEITHER


def read_offer_tags(tags: Options, checks: TagChecks, *, names_boot_file: bool) -> OfferTags:
    """Raises OfferInvalid where `checks` ask for more than there is, and DecodeError for a malformed tag 6."""
    control = tags.get(DISCOVERY_CONTROL) or DiscoveryControl(0)
    loads_at_once = names_boot_file and bool(control & DiscoveryControl.USE_BOOT_FILE)
    strict = checks is TagChecks.ALL or (checks is TagChecks.AS_NEEDED and not loads_at_once)
    reader = _Reader(tags, strict=strict)

    address = None
    if not control & DiscoveryControl.NO_MULTICAST:
        address = reader.get(DISCOVERY_ADDRESS, DISCOVERY_ADDRESS_INVALID)
        if address is None or not address.is_multicast:
            reader.complain(DISCOVERY_ADDRESS_INVALID)
            address = None

    servers = reader.get(BOOT_SERVERS, SERVER_LIST_INVALID) or ()
    if not all(_is_unicast(address) for entry in servers for address in entry.addresses):
        reader.complain(SERVER_LIST_INVALID)
        servers = tuple(entry for entry in servers if all(map(_is_unicast, entry.addresses)))
    if not servers and needs_list(control):
        reader.complain(SERVER_LIST_INVALID)

    menu = reader.get(BOOT_MENU, MENU_INVALID) or ()
    prompt = reader.get(MENU_PROMPT, MENU_INVALID)
    if not loads_at_once and (not menu or prompt is None or not all(item.text for item in menu)):
        reader.complain(MENU_INVALID)
    return OfferTags(control, address, servers, menu, prompt)


def read_mtftp(tags: Options) -> MtftpParameters | None:
    """Where the file is sent by multicast: tags 1 to 5, all or none."""
    group = get_if_sound(tags, MTFTP_ADDRESS)
    client_port, server_port = get_if_sound(tags, MTFTP_CLIENT_PORT), get_if_sound(tags, MTFTP_SERVER_PORT)
    listen_s, transmit_s = get_if_sound(tags, MTFTP_LISTEN_TIMEOUT), get_if_sound(tags, MTFTP_TRANSMIT_TIMEOUT)
    if group is None or not client_port or not server_port or listen_s is None or transmit_s is None:
        return None
    # 0.0.0.0 says that there is none (PXE 2.1 table 2-1).
    return MtftpParameters(group, client_port, server_port, listen_s, transmit_s) if group.is_multicast else None


class _Reader:
    """Tags one by one: malformed ones are complained of, or count as missing."""

    def __init__(self, tags: Options, *, strict: bool) -> None:
        self._tags, self._strict = tags, strict

    def get(self, row: Option[T], error: PxeError) -> T | None:
        try:
            return self._tags.get(row)
        except DecodeError as problem:
            self.complain(error, str(problem))
            return None

    def complain(self, error: PxeError, detail: str = "") -> None:
        if self._strict:
            raise OfferInvalid(error.because(detail))


def _is_unicast(address: IPv4Address) -> bool:
    return not (address.is_multicast or address.is_unspecified or int(address) == 0xFFFFFFFF)
