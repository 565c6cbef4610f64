"""One file on its way from a server: a TFTP or MTFTP client with the host to itself, and how it ends as a status."""

from __future__ import annotations

from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, Outbox, SocketAddress, Unreachable
from wireboot.protocols.tftp.client import TftpClient
from wireboot.protocols.tftp.fetch import Fetched, FetchFailed, FetchProblem, FileSizeTold
from wireboot.protocols.tftp.mtftp_client import MtftpClient
from wireboot.protocols.tftp.packet import ErrorCode
from wireboot.pxe_api.status import ServiceFailed, Status

_REFUSALS: dict[int | None, Status] = {
    ErrorCode.FILE_NOT_FOUND: Status.TFTP_FILE_NOT_FOUND,
    ErrorCode.ACCESS_VIOLATION: Status.TFTP_ACCESS_VIOLATION,
}
_PROBLEMS = {
    FetchProblem.NO_ANSWER: Status.TFTP_OPEN_TIMEOUT,
    FetchProblem.SILENCE: Status.TFTP_READ_TIMEOUT,
    FetchProblem.FILE_TOO_LARGE: Status.TFTP_TOO_MANY_PACKAGES,
    # What a server gets wrong beyond what is dropped are the options, and blocks larger than agreed.
    FetchProblem.PACKET_INVALID: Status.TFTP_INVALID_PACKET_SIZE,
    FetchProblem.NO_MULTICAST: Status.TFTP_OPEN_TIMEOUT,
}


class FileTransfer(Outbox):
    """Hosts one client. A `HostedEndpoint`."""

    def __init__(self, client: TftpClient | MtftpClient, now: float) -> None:
        super().__init__()
        self._client = client
        self.result: Fetched | FileSizeTold | FetchFailed | None = None
        self._not_reached: Unreachable | None = None
        self._now = now
        self._relay()

    def failure(self) -> ServiceFailed | None:
        """Why the file does not come, if so."""
        failed = self.result
        if not isinstance(failed, FetchFailed):
            return None
        if self._not_reached is not None:
            status = Status.TFTP_CANNOT_ARP_ADDRESS
        elif failed.problem is FetchProblem.REFUSED:
            status = _REFUSALS.get(failed.code, Status.TFTP_ERROR_OPCODE)
        else:
            status = _PROBLEMS[failed.problem]
        text = f": {failed.text}" if failed.text else ""
        return ServiceFailed(status, f"{failed.file!r} from {failed.server.host}: {failed.problem.value}{text}")

    def abort(self) -> None:
        """The server is told, where it still counts on us; a group is left."""
        self._client.abort(self._now)
        self._relay()

    # HostedEndpoint

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        self._now = now
        self._client.receive_datagram(datagram, now)
        self._relay()

    def handle_timeout(self, now: float) -> None:
        self._now = now
        self._client.handle_timeout(now)
        self._relay()

    def next_timeout(self) -> float | None:
        return self._client.next_timeout()

    def address_taken(self, address: IPv4Address, link_address: bytes, now: float) -> None:
        """A boot program knows nothing of such; the machine that took it answers for the trouble."""

    def unreachable(self, peer: SocketAddress, reason: Unreachable, now: float) -> None:
        if self.result is None and isinstance(self._client, TftpClient) and peer == self._client.peer:
            self._not_reached = reason
            self._client.unreachable(reason, now)
            self._relay()

    def _relay(self) -> None:
        while (event := self._client.next_event()) is not None:
            if self.result is None and isinstance(event, Fetched | FileSizeTold | FetchFailed):
                self.result = event
            self._tell(event)
        for datagram in self._client.datagrams_to_send():
            self._send(datagram)
