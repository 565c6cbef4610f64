"""The nine steps of a boot (PXE 2.1 §2.1), joined from what the services tell."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.endpoint import Event, IPAddress
from wireboot.protocols.dhcp4.events import LeaseGranted
from wireboot.protocols.pxe.events import BootFileNamed, BootNamer, CredentialNamed, MenuOffered, OtherServerChosen
from wireboot.protocols.pxe.identity import PxeClient
from wireboot.protocols.tftp.events import TransferFinished, TransferStarted

ATTEMPTS_MAX = 10_000
"""Machines kept in mind; the one heard of longest ago is forgotten first."""

STEP_NAMES = {
    1: "the client broadcast DHCPDISCOVER with PXE tags",
    2: "it was offered a boot service",
    3: "it recorded its address and where to boot from",
    4: "it completed DHCP",
    5: "it asked the Boot Server",
    6: "the Boot Server named the boot file",
    7: "it downloaded the boot file",
    8: "authenticity test",
    9: "the downloaded code runs",
}


@dataclass(frozen=True, slots=True)
class BootStep(Event):
    """A machine came to a step it had not reached in this attempt."""

    link_address: bytes
    step: int
    name: str
    detail: Mapping[str, str]


@dataclass(slots=True)
class _Attempt:
    reached: int = 0
    address: IPAddress | None = None
    boot_file: str | None = None
    credential: str | None = None
    """The file that was named to it for the authenticity test."""
    may_be_tested: bool = False
    """A credential is held for the boot file."""


class Timeline:
    """Turns events of all services into steps, machine by machine."""

    def __init__(self) -> None:
        self._attempts: OrderedDict[bytes, _Attempt] = OrderedDict()
        self._by_address: dict[IPAddress, bytes] = {}

    def observe(self, event: Event) -> list[BootStep]:
        """The steps that `event` shows a machine to have reached, in order."""
        match event:
            case BootFileNamed(by="Boot Server"):
                return self._boot_server_answered(event)
            case BootFileNamed(by="DHCPACK"):
                return self._boot_file_in_ack(event)
            case BootFileNamed():
                file, rule = event.boot_file.name, event.boot_file.rule
                return self._offered(event.client, event.by, event.server, boot_file=file, rule=rule)
            case MenuOffered(by="DHCPOFFER" | "ProxyDHCP offer"):
                return self._offered(event.client, event.by, event.server, menu=event.menu, rule=event.rule)
            case CredentialNamed():
                return self._credential_named(event)
            case LeaseGranted():
                lease = event.lease
                return self._addressed(lease.link_address, lease.address, "this server")
            case OtherServerChosen():
                return self._addressed(event.link_address, event.address, str(event.dhcp_server))
            case TransferStarted():
                return self._transfer_started(event)
            case TransferFinished():
                return self._transfer_finished(event)
            case _:
                return []

    def _offered(self, client: PxeClient, by: BootNamer, server: IPv4Address, **what: str) -> list[BootStep]:
        attempt = self._attempts.get(client.link_address)
        if attempt is not None and attempt.reached >= 7 and attempt.reached < 9:
            return [
                *self._untested(client.link_address, attempt),
                *self._reach(client.link_address, 9, seen="it asked for an address again"),
            ]
        if attempt is None or attempt.reached > 2:
            attempt = self._begin(client.link_address)
        attempt.boot_file = what.get("boot_file")
        uuid = {} if client.uuid is None else {"uuid": str(client.uuid)}
        return [
            *self._reach(client.link_address, 1, architecture=client.architecture_name, **uuid),
            *self._reach(client.link_address, 2, by=by, server=str(server), **what),
        ]

    def _addressed(self, link_address: bytes, address: IPv4Address, dhcp_server: str) -> list[BootStep]:
        attempt = self._attempts.get(link_address)
        if attempt is None:
            return []
        self._place(link_address, attempt, address)
        return [
            *self._reach(link_address, 3, address=str(address), boot_file=attempt.boot_file or "chosen from a menu"),
            *self._reach(link_address, 4, dhcp_server=dhcp_server),
        ]

    def _boot_file_in_ack(self, event: BootFileNamed) -> list[BootStep]:
        if (attempt := self._attempts.get(event.client.link_address)) is not None:
            attempt.may_be_tested = bool(event.boot_file.credentials)
        return [
            *self._reach(event.client.link_address, 5, skipped="the offer named the boot file"),
            *self._reach(event.client.link_address, 6, by=event.by, boot_file=event.boot_file.name),
        ]

    def _boot_server_answered(self, event: BootFileNamed) -> list[BootStep]:
        link_address = event.client.link_address
        attempt = self._attempts.get(link_address)
        if attempt is None or (attempt.reached > 6 and event.layer == 0):
            # Where only port 4011 is ours, a boot is first heard of here, the second one too. Higher layers go on
            # with what layer 0 began.
            attempt = self._begin(link_address)
        attempt.boot_file = event.boot_file.name
        attempt.may_be_tested = bool(event.boot_file.credentials)
        self._place(link_address, attempt, event.client_address)
        return [
            *self._reach(link_address, 5, server=str(event.server)),
            *self._reach(link_address, 6, by=event.by, boot_file=event.boot_file.name),
        ]

    def _credential_named(self, event: CredentialNamed) -> list[BootStep]:
        """Some clients ask before the download, others after it (PXE 2.1 step 8)."""
        attempt = self._attempts.get(event.client.link_address)
        if attempt is None:
            return []
        attempt.credential = event.credential_file
        return self._reach(event.client.link_address, 5, server=str(event.server))

    def _transfer_started(self, event: TransferStarted) -> list[BootStep]:
        link_address, attempt = self._at(event.peer.host)
        if attempt is None or attempt.reached not in (7, 8) or _same(event.file, attempt.credential):
            return []
        return [
            *self._untested(link_address, attempt),
            *self._reach(link_address, 9, seen=f"it asked for {event.file}"),
        ]

    def _transfer_finished(self, event: TransferFinished) -> list[BootStep]:
        link_address, attempt = self._at(event.peer.host)
        if attempt is None:
            return []
        if _same(event.file, attempt.credential):
            return self._reach(link_address, 8, credential=event.file) if attempt.reached == 7 else []
        if not _same(event.file, attempt.boot_file):
            return []
        skipped = "the offer named the boot file"
        return [
            *self._reach(link_address, 5, skipped=skipped),
            *self._reach(link_address, 6, skipped=skipped),
            *self._reach(link_address, 7, file=event.file, bytes=str(event.size_bytes), seconds=f"{event.seconds:.3f}"),
            *([] if attempt.may_be_tested else self._untested(link_address, attempt)),
        ]

    def _untested(self, link_address: bytes, attempt: _Attempt) -> list[BootStep]:
        asked = "the client did not ask for the credential" if attempt.may_be_tested else "none is required"
        return self._reach(link_address, 8, skipped=asked)

    def _at(self, host: IPAddress) -> tuple[bytes, _Attempt | None]:
        link_address = self._by_address.get(host, b"")
        return link_address, self._attempts.get(link_address)

    def _begin(self, link_address: bytes) -> _Attempt:
        if (before := self._attempts.pop(link_address, None)) is not None:
            self._displace(link_address, before)
        attempt = self._attempts[link_address] = _Attempt()
        if len(self._attempts) > ATTEMPTS_MAX:
            self._displace(*self._attempts.popitem(last=False))
        return attempt

    def _place(self, link_address: bytes, attempt: _Attempt, address: IPAddress) -> None:
        self._displace(link_address, attempt)
        attempt.address = address
        self._by_address[address] = link_address

    def _displace(self, link_address: bytes, attempt: _Attempt) -> None:
        """Its old address may have become another machine's meanwhile, and stays that one's then."""
        if attempt.address is not None and self._by_address.get(attempt.address) == link_address:
            del self._by_address[attempt.address]

    def _reach(self, link_address: bytes, step: int, **detail: str) -> list[BootStep]:
        """The step, if this attempt has not come so far before."""
        attempt = self._attempts.get(link_address)
        if attempt is None or step <= attempt.reached:
            return []
        attempt.reached = step
        return [BootStep(link_address, step, STEP_NAMES[step], detail)]


def _same(asked_for: str, named: str | None) -> bool:
    """Firmware may put a slash before the name it was told."""
    return named is not None and asked_for.lstrip("/") == named.lstrip("/")
