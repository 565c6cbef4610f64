"""The multicast transfers of a TFTP server: who is in which, and which group is free (RFC 2090)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, Event, SocketAddress
from wireboot.protocols.tftp.events import TransferStarted
from wireboot.protocols.tftp.files import OpenFile
from wireboot.protocols.tftp.multicast import BLOCKS_MAX, MulticastLimits, is_wanted
from wireboot.protocols.tftp.multicast_session import MulticastSession
from wireboot.protocols.tftp.options import BLKSIZE, TSIZE, Agreement, TransferParameters
from wireboot.protocols.tftp.packet import Packet, ReadRequest
from wireboot.protocols.tftp.sender import MULTICAST_RETRY

SESSIONS_MAX = 64
"""Under way at once. Each holds one open file."""


@dataclass(frozen=True, slots=True)
class _Key:
    """Clients that differ in none of these share a session."""

    file: str
    size_bytes: int
    """A file that was replaced meanwhile is another one."""
    blksize: int
    interface: str


@dataclass(frozen=True, slots=True)
class _Entry:
    session: MulticastSession
    file: OpenFile


class MulticastSessions:
    """Takes in the read requests that ask for multicast, as far as there is room, and what their clients send then."""

    def __init__(
        self, limits: MulticastLimits, *, send: Callable[[Datagram], None], tell: Callable[[Event], None]
    ) -> None:
        """`send` and `tell` take what is to go out."""
        self._limits, self._send, self._tell = limits, send, tell
        self._entries: dict[_Key, _Entry] = {}
        self._groups_given = 0

    def join(
        self,
        datagram: Datagram,
        request: ReadRequest,
        name: str,
        file: OpenFile,
        agreement: Agreement,
        port: int,
        now: float,
    ) -> bool:
        """Take in the client and the file, which goes from this port of ours if nobody is being sent it yet.

        False: it did not ask for multicast, or there is no room. The file is the caller's then.
        """
        blksize = agreement.parameters.blksize
        too_many_blocks = file.size_bytes // blksize + 1 > BLOCKS_MAX
        if not is_wanted(request.options) or datagram.peer.host.version != 4 or too_many_blocks:
            return False
        key = _Key(name, file.size_bytes, blksize, datagram.interface)
        entry = self._entries.get(key)
        is_known = entry is not None and entry.session.has(datagram.peer)
        if not is_known and self._client_count >= self._limits.clients_max:
            return False
        if entry is not None:
            file.close()
        else:
            group = self._free_group()
            if group is None:
                return False
            local = SocketAddress(datagram.local.host, port)
            session = MulticastSession(
                file,
                blksize,
                group,
                self._limits.port,
                local,
                datagram.interface,
                retry=MULTICAST_RETRY,
                send=self._send,
                tell=self._tell,
            )
            entry = self._entries[key] = _Entry(session, file)
        if not is_known:
            self._tell_started(datagram, request, entry, agreement.parameters)
        # The others belong to a transfer with one client alone.
        accepted = tuple(option for option in agreement.accepted if option[0].lower() in (BLKSIZE, TSIZE))
        entry.session.join(datagram.peer, request.file, accepted, now)
        return True

    def receive_packet(self, peer: SocketAddress, port: int, packet: Packet, now: float) -> bool:
        """Take in a packet of one of the clients. False: it is from none of them."""
        for key, entry in self._entries.items():
            if entry.session.local.port == port and entry.session.knows(peer):
                if entry.session.has(peer):
                    entry.session.receive_packet(peer, packet, now)
                    self._close_if_ended(key, entry)
                return True
        return False

    def is_taken(self, peer: SocketAddress, port: int) -> bool:
        """This client has a transfer from this port of ours."""
        return any(entry.session.local.port == port and entry.session.knows(peer) for entry in self._entries.values())

    def handle_timeout(self, now: float) -> None:
        for key, entry in list(self._entries.items()):
            if entry.session.wake_at <= now:
                entry.session.handle_timeout(now)
                self._close_if_ended(key, entry)

    def next_timeout(self) -> float | None:
        return min((entry.session.wake_at for entry in self._entries.values()), default=None)

    def close(self) -> None:
        """Give back every open file."""
        for entry in self._entries.values():
            entry.file.close()
        self._entries.clear()

    @property
    def _client_count(self) -> int:
        return sum(entry.session.client_count for entry in self._entries.values())

    def _tell_started(
        self, datagram: Datagram, request: ReadRequest, entry: _Entry, parameters: TransferParameters
    ) -> None:
        agreed = TransferParameters(blksize=parameters.blksize, tsize=parameters.tsize)
        group = SocketAddress(entry.session.group, self._limits.port)
        size_bytes = entry.file.size_bytes
        self._tell(TransferStarted(request.file, datagram.peer, datagram.interface, size_bytes, agreed, group=group))

    def _free_group(self) -> IPv4Address | None:
        """The next group in turn: what the network still holds of an earlier transfer must not meet the next one."""
        groups = self._limits.groups
        sessions_max = min(groups.size, SESSIONS_MAX)
        if len(self._entries) >= sessions_max:
            return None
        taken = {entry.session.group for entry in self._entries.values()}
        while True:
            group = groups.first + self._groups_given % groups.size
            self._groups_given += 1
            if group not in taken:
                return group

    def _close_if_ended(self, key: _Key, entry: _Entry) -> None:
        if entry.session.client_count == 0:
            entry.file.close()
            del self._entries[key]
