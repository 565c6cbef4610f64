"""The PXE client: the nine steps of a boot, from DHCPDISCOVER to a boot file that may run (PXE 2.1 §2.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address

from wireboot.endpoint import SocketAddress
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.pxe.address_task import AddressTask, Bound
from wireboot.protocols.pxe.boot_target import BootTarget, find_target
from wireboot.protocols.pxe.client_events import Booted, BootImageReady, CachedPackets, LocalBoot
from wireboot.protocols.pxe.client_identity import ClientIdentity
from wireboot.protocols.pxe.credentials import BootImage, CredentialRefused, Trust
from wireboot.protocols.pxe.discovery import FIRST_ITEM, BootServerReply, DiscoveryTask, Wanted, way_to, ways_to_servers
from wireboot.protocols.pxe.download import DownloadTask
from wireboot.protocols.pxe.errors import (
    FILE_TOO_LARGE,
    INTEGRITY,
    NO_BOOT_FILE,
    NOT_VERIFIED,
    TOO_MANY_PACKETS,
    PxeError,
)
from wireboot.protocols.pxe.firmware import FirmwareBehaviour
from wireboot.protocols.pxe.lenient import get_if_sound
from wireboot.protocols.pxe.menu import Key, MenuTask
from wireboot.protocols.pxe.offer_tags import read_mtftp
from wireboot.protocols.pxe.offers import Offer, OfferKind
from wireboot.protocols.pxe.proxy_task import ProxyTask
from wireboot.protocols.pxe.station import Station
from wireboot.protocols.pxe.task_runner import TaskRunner
from wireboot.protocols.pxe.vendor_options import BOOT_ITEM, BootItem, MenuItem
from wireboot.protocols.tftp.client import PORTS_MAX
from wireboot.protocols.tftp.fetch import Fetched
from wireboot.wire.option_table import Options

SIZE_BYTES_MAX = 64 * 1024 * 1024
"""A boot program is some MiB at most; the kernel and its initrd are the loader's matter."""
CREDENTIAL_SIZE_BYTES_MAX = 256 * 1024
DEADLINE_S = 300.0
"""A switch port that comes up slowly and a server under load still fit in."""

LOCAL_BOOT_TYPE = 0
"""The Boot Server type that is none: back to the local disk (PXE 2.1 table 2-1)."""

_FIRST_LAYER = 0

_DOWNLOADS_MAX = 2
"""Of one boot: the boot file and its credential."""
_FIRST_TRANSFER_PORT, _LAST_TRANSFER_PORT = 49152, 65535
"""RFC 6335 §6: ports that nobody else counts on."""


class PxeBootClient(TaskRunner):
    """Boots one machine. A `HostedEndpoint` that works through one `Task` after the other, and tells BootEnded.

    After that it is let run on until it is `finished`.
    """

    def __init__(
        self,
        identity: ClientIdentity,
        behaviour: FirmwareBehaviour,
        *,
        interface: str,
        random: Callable[[], float],
        trust: Trust | None = None,
        multicast: bool = False,
        menu_item: int | None = None,
        size_bytes_max: int = SIZE_BYTES_MAX,
        deadline_s: float = DEADLINE_S,
        now: float,
    ) -> None:
        """`random` gives numbers from 0 to below 1. `trust`: nothing boots that it does not vouch for. `multicast`: by
        MTFTP where a server offers it. `menu_item`, counted from 0, is chosen from a menu without asking.
        """
        super().__init__(deadline_at=now + deadline_s, now=now)
        self._station = Station(identity, behaviour, interface, random)
        self._trust, self._multicast, self._menu_item = trust, multicast, menu_item
        self._size_bytes_max = size_bytes_max
        room = _LAST_TRANSFER_PORT + 1 - _DOWNLOADS_MAX * PORTS_MAX - _FIRST_TRANSFER_PORT
        self._transfer_port = _FIRST_TRANSFER_PORT + int(random() * room)
        self._credential: BootServerReply | None = None
        """Where the credential was asked for first."""
        self._run(AddressTask(self._station, now), self._addressed, now)

    def choose(self, item: int, now: float) -> None:
        """The menu item of this number, counted from 0. Without effect while no menu or prompt is shown."""
        if self._outcome is None and isinstance(self._task, MenuTask):
            self._task.choose(item)
            self._settle(now)

    def press(self, key: Key, now: float) -> None:
        """A key for the prompt or the menu. Without effect at any other time."""
        if self._outcome is None and isinstance(self._task, MenuTask):
            self._task.press(key)
            self._settle(now)

    # Steps 1 to 4, and who says how to boot

    def _addressed(self, bound: Bound, now: float) -> None:
        self._bound = bound
        source = bound.sources[0]
        if source.kind is OfferKind.BINL:
            task = ProxyTask(self._station, bound.address.ip, bound.sources, now)
            self._run(task, self._proxy_answered, now, otherwise=self._proxy_silent)
        else:
            self._boot_as_told_by(source, {"skipped": "the DHCP exchange named the boot file"}, now)

    def _proxy_answered(self, answer: Offer, now: float) -> None:
        self._boot_as_told_by(answer, {"server": str(answer.server), "by": "ProxyDHCP on port 4011"}, now)

    def _proxy_silent(self, error: PxeError, now: float) -> None:
        source = next((each for each in self._bound.sources if each.boot_file), None)
        if source is None or self._station.behaviour.proxy_must_answer:
            self._fail(error, now)
        else:
            self._boot_as_told_by(source, {"skipped": "the ProxyDHCP service is silent, its offer is not"}, now)

    def _boot_as_told_by(self, source: Offer, asked: Mapping[str, object], now: float) -> None:
        """`asked`: who had to be asked for the boot file, if it is named here already."""
        self._source = source
        tags = source.tags
        if tags is not None and tags.menu and not source.loads_at_once:
            self._run(MenuTask(tags.menu, tags.prompt, chosen=self._menu_item, now=now), self._chosen, now)
            return
        if not source.boot_file:
            self._fail(NO_BOOT_FILE, now)
            return
        self._reach(5, asked, now)
        self._named_by(source.server, get_if_sound(source.vendor_tags, BOOT_ITEM) or FIRST_ITEM, source.payload)
        # PXE 2.1 §2.2.4: what is loaded at once comes from the first Boot Server listed, where one is.
        listed = tags.servers[0].addresses if tags is not None and tags.servers and source.loads_at_once else ()
        self._load(source.message, source.vendor_tags, now, first_listed=listed[0] if listed else None)

    # Steps 5 and 6: the menu, and the Boot Server

    def _chosen(self, item: MenuItem, now: float) -> None:
        if item.server_type == LOCAL_BOOT_TYPE:
            self._end(LocalBoot(), now)
            return
        tags = self._source.tags
        assert tags is not None
        behaviour = self._station.behaviour
        servers = tags.listed(item.server_type) if tags.only_listed else None
        self._reach(5, {"item": item.text, "server_type": item.server_type}, now)
        ways = ways_to_servers(tags, item.server_type, behaviour.discovery)
        wanted = Wanted(BootItem(item.server_type, _FIRST_LAYER), servers)
        if self._trust is not None and behaviour.credential_first:
            wanted = replace(wanted, credential_types=self._trust.credential_types)
            self._discover(ways, wanted, self._credential_named_first, now)
        else:
            self._discover(ways, wanted, self._boot_server_replied, now)

    def _credential_named_first(self, reply: BootServerReply, now: float) -> None:
        self._credential = reply
        self._discover(way_to(reply.server), Wanted(reply.item), self._boot_server_replied, now)

    def _boot_server_replied(self, reply: BootServerReply, now: float) -> None:
        self._named_by(reply.server, reply.item, reply.payload)
        self._load(reply.message, reply.vendor_tags, now)

    def _discover(
        self,
        ways: Sequence[SocketAddress],
        wanted: Wanted,
        then: Callable[[BootServerReply, float], None],
        now: float,
    ) -> None:
        self._run(DiscoveryTask(self._station, self._bound.address.ip, ways, wanted, now), then, now)

    def _named_by(self, server: IPv4Address, item: BootItem, payload: bytes) -> None:
        self._boot_server, self._item, self._reply = server, item, payload

    # Step 7: the boot file

    def _load(
        self, message: Message, vendor_tags: Options, now: float, *, first_listed: IPv4Address | None = None
    ) -> None:
        mtftp = read_mtftp(vendor_tags) if self._multicast else None
        target = find_target(message, first_listed=first_listed, mtftp=mtftp)
        if isinstance(target, PxeError):
            self._fail(target, now)
            return
        named = {"boot_file": target.file, "boot_server": str(self._boot_server), "server": str(target.server)}
        self._reach(6, named, now)
        self._download(target, self._size_bytes_max, self._downloaded, now)

    def _downloaded(self, image: Fetched, now: float) -> None:
        self._image = image
        self._reach(7, {"size_bytes": len(image.content), "transport": image.transport, "seconds": image.seconds}, now)
        if self._trust is None:
            self._reach(8, {"skipped": "no test was asked for"}, now)
            self._hand_over(None, now)
        elif self._credential is not None:
            self._download_credential(self._credential, now)
        else:
            wanted = Wanted(self._item, credential_types=self._trust.credential_types)
            self._discover(way_to(self._boot_server), wanted, self._download_credential, now)

    # Step 8: the authenticity test

    def _download_credential(self, reply: BootServerReply, now: float) -> None:
        target = find_target(reply.message)
        if isinstance(target, PxeError):
            self._fail(target, now)
        else:
            self._download(target, CREDENTIAL_SIZE_BYTES_MAX, self._verify, now, otherwise=self._no_credential)

    def _no_credential(self, error: PxeError, now: float) -> None:
        too_large = error.code == FILE_TOO_LARGE.code
        self._fail(TOO_MANY_PACKETS.because(error.detail) if too_large else error, now)

    def _verify(self, credential: Fetched, now: float) -> None:
        assert self._trust is not None
        item, content = self._item, self._image.content
        try:
            image = BootImage(item.server_type, item.layer, self._image.file, content)
            self._trust.verify(credential.content, image)
        except CredentialRefused as refusal:
            error = INTEGRITY if refusal.code == INTEGRITY.code else NOT_VERIFIED
            self._fail(error.because(refusal.reason), now)
        else:
            self._reach(8, {"credential": credential.file}, now)
            self._hand_over(True, now)

    # Step 9

    def _hand_over(self, authentic: bool | None, now: float) -> None:
        image, bound = self._image, self._bound
        booted = Booted(
            address=bound.address,
            dhcp_server=bound.dhcp_server,
            boot_server=self._boot_server,
            boot_file=image.file,
            size_bytes=len(image.content),
            sha256=hashlib.sha256(image.content).hexdigest(),
            transport=image.transport,
            authentic=authentic,
        )
        self._reach(9, {"sha256": booted.sha256}, now)
        self._tell(BootImageReady(image.content, booted, CachedPackets(bound.discover, bound.ack, self._reply)))
        self._end(booted, now)

    # Downloads

    def _download(
        self,
        target: BootTarget,
        size_bytes_max: int,
        then: Callable[[Fetched, float], None],
        now: float,
        *,
        otherwise: Callable[[PxeError, float], None] | None = None,
    ) -> None:
        local = SocketAddress(self._bound.address.ip, self._transfer_port)
        self._transfer_port += PORTS_MAX
        task = DownloadTask(self._station, local, target, size_bytes_max=size_bytes_max, now=now)

        def linger(fetched: Fetched, now: float) -> None:
            self._lingering = task
            then(fetched, now)

        self._run(task, linger, now, otherwise=otherwise)
