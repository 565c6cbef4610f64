"""A file that a client downloads: by MTFTP where it can, else by TFTP (PXE 2.1 §2.3)."""

from __future__ import annotations

from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, Event, SocketAddress, Unreachable
from wireboot.protocols.pxe.boot_target import BootTarget
from wireboot.protocols.pxe.errors import ARP_TIMEOUT, TFTP_OPEN_TIMEOUT, TFTP_READ_TIMEOUT, PxeError, fetch_error
from wireboot.protocols.pxe.station import Station
from wireboot.protocols.pxe.task import Task
from wireboot.protocols.tftp.client import PORTS_MAX, TftpClient
from wireboot.protocols.tftp.fetch import Fetched, FetchFailed, FetchProblem, FetchProgressed
from wireboot.protocols.tftp.mtftp_client import MtftpClient
from wireboot.wire.iana import Port


class DownloadTask(Task[Fetched]):
    """Fetches one file."""

    def __init__(
        self, station: Station, local: SocketAddress, target: BootTarget, *, size_bytes_max: int, now: float
    ) -> None:
        """Plain TFTP unless the target names MTFTP parameters. It is asked from `local`, and the ports after it."""
        super().__init__()
        self._station, self._local, self._target, self._size_bytes_max = station, local, target, size_bytes_max
        self._heard = False
        """Anything of the file."""
        self._fetch = self._by_tftp(now) if target.mtftp is None else self._by_mtftp(now)
        self._relay(now)

    def owns(self, port: int) -> bool:
        """Whether what arrives at this port of ours is about this file."""
        multicast = self._target.mtftp is not None and port == self._target.mtftp.client_port
        return multicast or self._local.port <= port < self._local.port + PORTS_MAX

    def abort(self, now: float) -> None:
        """The server is told that nobody wants the file any more."""
        self._fetch.abort(now)
        self._relay(now)

    def late(self) -> PxeError:
        return TFTP_READ_TIMEOUT if self._heard else TFTP_OPEN_TIMEOUT

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        self._fetch.receive_datagram(datagram, now)
        self._relay(now)

    def handle_timeout(self, now: float) -> None:
        self._fetch.handle_timeout(now)
        self._relay(now)

    def next_timeout(self) -> float | None:
        return self._fetch.next_timeout()

    def unreachable(self, peer: SocketAddress, reason: Unreachable, now: float) -> None:
        if self.result is not None or not isinstance(self._fetch, TftpClient) or peer != self._fetch.peer:
            return
        self._fetch.unreachable(reason, now)
        self._relay(now)
        if reason is Unreachable.NO_ARP_ANSWER:
            self.result = ARP_TIMEOUT.because(str(peer.host))

    def _by_tftp(self, now: float) -> TftpClient:
        behaviour = self._station.behaviour
        return TftpClient(
            self._target.file,
            SocketAddress(self._target.server, Port.TFTP),
            self._local,
            self._station.interface,
            request=behaviour.tftp_request,
            retry=behaviour.tftp_retry,
            size_bytes_max=self._size_bytes_max,
            now=now,
        )

    def _by_mtftp(self, now: float) -> MtftpClient:
        assert self._target.mtftp is not None
        assert isinstance(self._local.host, IPv4Address)
        return MtftpClient(
            self._target.file,
            self._target.server,
            self._target.mtftp,
            self._local.host,
            self._station.interface,
            size_bytes_max=self._size_bytes_max,
            random=self._station.random,
            now=now,
        )

    def _relay(self, now: float) -> None:
        for event in self._drained():
            match event:
                case Fetched() if self.result is None:
                    self.result = event
                case FetchFailed(problem=FetchProblem.NO_MULTICAST):
                    self._fetch = self._by_tftp(now)
                    self._relay(now)
                case FetchFailed() if self.result is None:
                    self.result = fetch_error(event)
                case FetchProgressed():
                    self._heard = True
            self._tell(event)

    def _drained(self) -> list[Event]:
        for datagram in self._fetch.datagrams_to_send():
            self._send(datagram)
        events: list[Event] = []
        while (event := self._fetch.next_event()) is not None:
            events.append(event)
        return events
