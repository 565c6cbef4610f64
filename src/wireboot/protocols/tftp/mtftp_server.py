"""The MTFTP server: one client's ACKs set the pace of a transmission that many hear (PXE 2.1 §2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wireboot.endpoint import Datagram, DatagramDropped, IPAddress, Outbox, SocketAddress
from wireboot.errors import DecodeError
from wireboot.protocols.tftp.content import OctetContent
from wireboot.protocols.tftp.events import RequestRefused, TransferEnded, TransferStarted
from wireboot.protocols.tftp.file_name import normalise
from wireboot.protocols.tftp.files import BootFiles, FileRefused, OpenFile
from wireboot.protocols.tftp.mtftp import BLKSIZE, BLOCKS_MAX, MtftpParameters
from wireboot.protocols.tftp.options import Agreement, TransferParameters
from wireboot.protocols.tftp.packet import (
    Ack,
    Error,
    ErrorCode,
    Opcode,
    Packet,
    ReadRequest,
    WriteRequest,
    decode,
    encode,
)
from wireboot.protocols.tftp.sender import MULTICAST_RETRY, Ending, RetryPolicy, TftpSender
from wireboot.protocols.tftp.strangers import why_unanswerable
from wireboot.protocols.tftp.transfer import Transfer

SERVICE = "mtftp"
_NO_OPTIONS = Agreement(TransferParameters(), ())
_OPCODE_ERROR = Opcode.ERROR.to_bytes(2, "big")


@dataclass(slots=True, eq=False)
class _Transmission:
    """A file on its way to a group. While there is none of it, the file is idle."""

    file: str
    """Its normalised name."""
    parameters: MtftpParameters
    transfer: Transfer
    """The opener's. What goes to the group goes with it."""

    @property
    def group(self) -> SocketAddress:
        return SocketAddress(self.parameters.group, self.parameters.client_port)

    @property
    def begun(self) -> bool:
        """The opener has acknowledged block 1."""
        return not self.transfer.sender.nothing_acknowledged


class MtftpServer(Outbox):
    """Sends each file on offer to its group, on every interface on which it is asked for. An `Endpoint`.

    A client has one transmission open at most, since its ACKs name no file. The driver has the server ports bound, and
    sends what is addressed to a group out of the datagram's interface.
    """

    def __init__(
        self, files: BootFiles, offers: Mapping[str, MtftpParameters], *, retry: RetryPolicy | None = None
    ) -> None:
        """`offers`: by normalised file name; no two of them share a group and client port."""
        super().__init__()
        self._files, self._retry = files, retry or MULTICAST_RETRY
        self._offers = dict(offers)
        self._ports = {offer.server_port for offer in offers.values()}
        self._by_file: dict[tuple[str, str], _Transmission] = {}
        """By file name and interface."""
        self._by_opener: dict[tuple[IPAddress, str], _Transmission] = {}
        """By the opener's address and interface."""

    def use_offers(self, offers: Mapping[str, MtftpParameters], now: float) -> None:
        """Offer these from now on. Transmissions that they do not name as they are end; their clients ask again."""
        self._offers = dict(offers)
        self._ports = {offer.server_port for offer in offers.values()}
        for transmission in list(self._by_file.values()):
            if self._offers.get(transmission.file) != transmission.parameters:
                self._end(transmission, transmission.transfer.abandoned("no longer on offer", now))

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        if (reason := why_unanswerable(datagram)) is not None:
            self._drop(datagram, reason)
            return
        if datagram.local.port not in self._ports:
            self._drop(datagram, "not a port of this service")
            return
        try:
            packet = decode(datagram.payload)
        except DecodeError as problem:
            self._receive_malformed(datagram, problem)
            return
        match packet:
            case ReadRequest():
                self._receive_read_request(datagram, packet, now)
            case WriteRequest():
                self._refuse(datagram, ErrorCode.ACCESS_VIOLATION, "files can only be read here", packet.file)
            case _ if (transmission := self._opened_by(datagram)) is not None:
                self._receive_from_opener(datagram, packet, transmission, now)
            case _:
                # An ERROR would end the fetch of a client that is only late: it finds its way back by itself.
                self._drop(datagram, "not from the opener")

    def handle_timeout(self, now: float) -> None:
        for transmission in list(self._by_file.values()):
            wake_at = transmission.transfer.sender.wake_at
            if wake_at <= now:
                self._carry_out(transmission, transmission.transfer.sender.handle_timeout(now), now)

    def next_timeout(self) -> float | None:
        # There are no more of them than files on offer and interfaces.
        return min((each.transfer.sender.wake_at for each in self._by_file.values()), default=None)

    def close(self) -> None:
        """Give back every open file. The clients are told nothing: they ask again, and whoever follows serves them."""
        for transmission in self._by_file.values():
            transmission.transfer.file.close()
        self._by_file.clear()
        self._by_opener.clear()

    # Requests

    def _receive_read_request(self, datagram: Datagram, request: ReadRequest, now: float) -> None:
        if request.mode.lower() != "octet":
            self._refuse(datagram, ErrorCode.ILLEGAL_OPERATION, "unknown or unsupported mode", request.file)
            return
        try:
            name = normalise(request.file)
            parameters = self._offers.get(name)
            if parameters is None or parameters.server_port != datagram.local.port:
                raise FileRefused(ErrorCode.FILE_NOT_FOUND, "file not found", "not offered by multicast")
            if (transmission := self._by_file.get((name, datagram.interface))) is not None:
                self._receive_request_again(datagram, transmission, now)
                return
            file = self._files.open(name, datagram.peer)
            if file.size_bytes // BLKSIZE + 1 > BLOCKS_MAX:
                file.close()
                raise FileRefused(ErrorCode.UNDEFINED, "file too large for MTFTP, use TFTP")
        except FileRefused as refusal:
            self._refuse(datagram, refusal.code, refusal.text, request.file, refusal.reason)
            return
        self._start(datagram, request, name, parameters, file, now)

    def _receive_request_again(self, datagram: Datagram, transmission: _Transmission, now: float) -> None:
        if transmission is self._opened_by(datagram) and not transmission.begun:
            # A copy of block 1 was lost.
            self._carry_out(transmission, transmission.transfer.sender.resend(), now)
        else:
            # It hears the transmission under way, and asks again for what it has missed.
            self._drop(datagram, "transmission under way")

    def _start(
        self,
        datagram: Datagram,
        request: ReadRequest,
        name: str,
        parameters: MtftpParameters,
        file: OpenFile,
        now: float,
    ) -> None:
        former = self._opened_by(datagram)
        if former is not None:
            self._end(former, former.transfer.abandoned("the client asked anew", now))
        opener = SocketAddress(datagram.peer.host, parameters.client_port)
        transfer = Transfer(
            request=datagram.payload,
            name=request.file,
            peer=opener,
            local=datagram.local,
            interface=datagram.interface,
            file=file,
            sender=TftpSender(OctetContent(file, BLKSIZE), _NO_OPTIONS, self._retry),
            started_at=now,
            tsize=False,
        )
        transmission = _Transmission(name, parameters, transfer)
        self._by_file[name, datagram.interface] = transmission
        self._by_opener[opener.host, datagram.interface] = transmission
        self._tell(
            TransferStarted(
                request.file,
                opener,
                datagram.interface,
                file.size_bytes,
                _NO_OPTIONS.parameters,
                group=transmission.group,
            )
        )
        self._carry_out(transmission, transfer.sender.start(now), now)

    # Transmissions under way

    def _opened_by(self, datagram: Datagram) -> _Transmission | None:
        return self._by_opener.get((datagram.peer.host, datagram.interface))

    def _receive_from_opener(self, datagram: Datagram, packet: Packet, transmission: _Transmission, now: float) -> None:
        transfer = transmission.transfer
        match packet:
            case Ack(block=block):
                packets = transfer.sender.receive_ack(block, now)
                transfer.proven = transfer.sender.proven
                self._carry_out(transmission, packets, now)
            case Error():
                self._end(transmission, transfer.aborted(packet, now))
            case _:
                self._drop(datagram, "unexpected packet in a transfer")

    def _carry_out(self, transmission: _Transmission, packets: list[bytes], now: float) -> None:
        """Send what the sender wants sent, and note its end."""
        transfer = transmission.transfer
        lost = transfer.sender.ending is Ending.CONTENT_LOST
        for packet in packets:
            # Block 1 goes both ways, which makes the opener the one that acknowledges (PXE 2.1 §2.3). That the file is
            # lost is for the opener alone: the others ask again, and may find it repaired.
            if lost or not transmission.begun:
                self._send(Datagram(packet, transfer.peer, transfer.local, transfer.interface))
            if not lost:
                self._send(Datagram(packet, transmission.group, transfer.local, transfer.interface))
        if transfer.sender.ending is not None:
            self._end(transmission, transfer.concluded(transfer.sender.ending, now))

    def _end(self, transmission: _Transmission, event: TransferEnded) -> None:
        transfer = transmission.transfer
        transfer.file.close()
        del self._by_file[transmission.file, transfer.interface]
        del self._by_opener[transfer.peer.host, transfer.interface]
        self._tell(event)

    # Refusals

    def _receive_malformed(self, datagram: Datagram, problem: DecodeError) -> None:
        is_request = self._opened_by(datagram) is None and len(datagram.payload) >= 2
        if is_request and not datagram.payload.startswith(_OPCODE_ERROR):
            self._refuse(datagram, ErrorCode.ILLEGAL_OPERATION, "not a TFTP request", reason=str(problem))
        else:
            self._drop(datagram, "malformed")

    def _refuse(self, datagram: Datagram, code: int, text: str, file: str = "", reason: str | None = None) -> None:
        """Send one ERROR and keep nothing: it is neither acknowledged nor sent again (RFC 1350 §7)."""
        self._tell(RequestRefused(file, datagram.peer, datagram.interface, code, reason or text))
        self._send(Datagram(encode(Error(code, text)), datagram.peer, datagram.local, datagram.interface))

    def _drop(self, datagram: Datagram, reason: str) -> None:
        self._tell(DatagramDropped(SERVICE, reason, datagram.peer, datagram.interface))
