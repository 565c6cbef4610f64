"""The TFTP server: read requests become transfers, everything else an ERROR or silence (RFC 1350)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

from wireboot.endpoint import Datagram, DatagramDropped, Outbox, SocketAddress
from wireboot.errors import DecodeError
from wireboot.protocols.tftp.content import NetasciiContent, OctetContent
from wireboot.protocols.tftp.events import RequestRefused, TransferEnded, TransferStarted
from wireboot.protocols.tftp.file_name import normalise
from wireboot.protocols.tftp.files import BootFiles, FileRefused, OpenFile
from wireboot.protocols.tftp.multicast import MulticastLimits
from wireboot.protocols.tftp.multicast_sessions import MulticastSessions
from wireboot.protocols.tftp.options import OptionLimits, negotiate
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
from wireboot.protocols.tftp.sender import RetryPolicy, TftpSender
from wireboot.protocols.tftp.strangers import why_unanswerable
from wireboot.protocols.tftp.transfer import Transfer
from wireboot.protocols.tftp.transfer_table import TransferTable
from wireboot.wire.iana import Port

SERVICE = "tftp"
_MTU_OF_ETHERNET = 1500
_OPCODE_ERROR = Opcode.ERROR.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What one client, or many, can make the server keep."""

    transfers_max: int = 4096
    """Under way at once. Each holds one open file."""
    transfers_per_client_max: int = 32
    """The same for one client address. Firmware needs one or two; behind one address may stand several machines."""
    linger_s: float = 5.0
    """How long an ended transfer is remembered, so that a late ACK is not refused as a stranger's."""


class TftpServer(Outbox):
    """Serves files to any number of clients, read-only. An `Endpoint`.

    Requests come in at `request_port`. Answers leave from the `transfer_ports` in turn, which the driver has bound: the
    port is the server's transfer identifier (RFC 1350 §4), so two requests from one client port are told apart. If
    `request_port` is one of them too, clients behind strict firewalls are served from there.
    """

    def __init__(
        self,
        files: BootFiles,
        *,
        transfer_ports: Sequence[int],
        request_port: int = Port.TFTP,
        interface_mtus: Mapping[str, int] | None = None,
        option_limits: OptionLimits | None = None,
        limits: ServerLimits | None = None,
        retry: RetryPolicy | None = None,
        multicast: MulticastLimits | None = None,
    ) -> None:
        """`interface_mtus`: bytes, by interface name, looked up at each request; 1500 where missing.

        `multicast` None: the option of that name (RFC 2090) is ignored, and every client has a transfer of its own.
        """
        super().__init__()
        assert transfer_ports
        self._files = files
        self._request_port = request_port
        self._transfer_ports = tuple(transfer_ports)
        self._ports_in_turn = cycle(self._transfer_ports)
        self._interface_mtus = interface_mtus if interface_mtus is not None else {}
        self._option_limits = option_limits or OptionLimits()
        self._limits = limits or ServerLimits()
        self._retry = retry or RetryPolicy()

        self._transfers = TransferTable(self._limits.linger_s, lingering_max=self._limits.transfers_max)
        self._multicast = None if multicast is None else MulticastSessions(multicast, send=self._send, tell=self._tell)

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        transfer = self._transfers.find(datagram.peer, datagram.local.port)
        # A known peer was looked at when its transfer began.
        if (transfer is None or datagram.to_group) and (reason := self._why_unanswerable(datagram)) is not None:
            self._drop(datagram, reason)
            return
        try:
            packet = decode(datagram.payload)
        except DecodeError as problem:
            self._receive_malformed(datagram, transfer, problem)
            return
        at_request_port = datagram.local.port == self._request_port
        match packet:
            case ReadRequest() if at_request_port:
                self._receive_read_request(datagram, packet, now)
            case WriteRequest() if at_request_port:
                self._refuse(datagram, ErrorCode.ACCESS_VIOLATION, "files can only be read here", packet.file)
            case _ if transfer is not None and transfer.live:
                self._receive_in_transfer(datagram, packet, transfer, now)
            case _ if self._receive_from_multicast_client(datagram, packet, now):
                pass
            case _ if transfer is not None:
                pass  # late; it lingers for the sake of these
            case _:
                self._receive_from_stranger(datagram, packet)

    def handle_timeout(self, now: float) -> None:
        for transfer in self._transfers.pop_due(now):
            self._carry_out(transfer, transfer.sender.handle_timeout(now), now)
        if self._multicast is not None:
            self._multicast.handle_timeout(now)

    def next_timeout(self) -> float | None:
        wake_at = self._transfers.next_timeout()
        multicast_at = None if self._multicast is None else self._multicast.next_timeout()
        if wake_at is None or multicast_at is None:
            return wake_at if multicast_at is None else multicast_at
        return min(wake_at, multicast_at)

    def close(self) -> None:
        """Give back every open file. The clients are told nothing: they ask again, and whoever follows serves them."""
        self._transfers.close()
        if self._multicast is not None:
            self._multicast.close()

    # Requests

    def _receive_read_request(self, datagram: Datagram, request: ReadRequest, now: float) -> None:
        if (repeated := self._unproven_with(datagram)) is not None:
            # The first answer was lost or has crossed it. It stays one transfer, and its timer runs on.
            self._carry_out(repeated, repeated.sender.resend(), now)
            return
        mode = request.mode.lower()
        if mode not in ("octet", "netascii"):
            self._refuse(datagram, ErrorCode.ILLEGAL_OPERATION, "unknown or unsupported mode", request.file)
            return
        try:
            name = normalise(request.file)
            if not self._make_room_for(datagram, request.file, now):
                return
            file = self._files.open(name, datagram.peer)
        except FileRefused as refusal:
            self._refuse(datagram, refusal.code, refusal.text, request.file, refusal.reason)
            return
        self._start(datagram, request, name, file, netascii=mode == "netascii", now=now)

    def _start(
        self, datagram: Datagram, request: ReadRequest, name: str, file: OpenFile, *, netascii: bool, now: float
    ) -> None:
        mtu = self._interface_mtus.get(datagram.interface, _MTU_OF_ETHERNET)
        agreement = negotiate(
            request.options,
            blksize_max=self._option_limits.blksize_max_at(mtu, datagram.peer.host.version),
            size_bytes=None if netascii else file.size_bytes,
            limits=self._option_limits,
        )
        port = self._free_port(datagram.peer)
        if (
            not netascii
            and self._multicast is not None
            and self._multicast.join(datagram, request, name, file, agreement, port, now)
        ):
            return
        content = (NetasciiContent if netascii else OctetContent)(file, agreement.parameters.blksize)
        transfer = Transfer(
            request=datagram.payload,
            name=request.file,
            peer=datagram.peer,
            local=SocketAddress(datagram.local.host, port),
            interface=datagram.interface,
            file=file,
            sender=TftpSender(content, agreement, self._retry),
            started_at=now,
            tsize=agreement.parameters.tsize,
        )
        self._replace_or_add(transfer, now)
        self._tell(
            TransferStarted(request.file, datagram.peer, datagram.interface, file.size_bytes, agreement.parameters)
        )
        self._carry_out(transfer, transfer.sender.start(now), now)

    def _unproven_with(self, datagram: Datagram) -> Transfer | None:
        """The transfer that this very request has started already, if its client has not answered since."""
        for transfer in self._transfers.live_of(datagram.peer.host):
            if (
                not transfer.proven
                and transfer.peer == datagram.peer
                and transfer.local.host == datagram.local.host
                and transfer.request == datagram.payload
            ):
                return transfer
        return None

    def _make_room_for(self, datagram: Datagram, name: str, now: float) -> bool:
        """Keep within the limits, at the cost of transfers never answered: abandoned probes, forged requests."""
        of_client = self._transfers.live_of(datagram.peer.host)
        if len(of_client) >= self._limits.transfers_per_client_max:
            oldest = next((transfer for transfer in of_client if not transfer.proven), None)
            if oldest is None:
                # Not the load of a busy day, but a client gone wild: it is told so.
                self._refuse(datagram, ErrorCode.UNDEFINED, "too many transfers at once from this address", name)
                return False
            self._end(oldest, oldest.abandoned("gave way to the client's next request", now), now)
        elif self._transfers.live_count >= self._limits.transfers_max:
            oldest = self._transfers.oldest_unproven()
            if oldest is None:
                # Silence, since firmware asks again after some seconds, but ends the whole boot on an ERROR.
                self._drop(datagram, "too many transfers")
                return False
            self._end(oldest, oldest.abandoned("gave way to another client", now), now)
        return True

    def _free_port(self, peer: SocketAddress) -> int:
        """The next transfer port in turn, leaving out those where this peer's earlier transfers are still known."""
        for _ in self._transfer_ports:
            port = next(self._ports_in_turn)
            by_multicast = self._multicast is not None and self._multicast.is_taken(peer, port)
            if self._transfers.find(peer, port) is None and not by_multicast:
                return port
        return next(self._ports_in_turn)

    def _replace_or_add(self, transfer: Transfer, now: float) -> None:
        former = self._transfers.find(*transfer.id)
        if former is not None and former.live:
            self._end(former, former.abandoned("the client asked anew", now), now)
            former = self._transfers.find(*transfer.id)
        if former is not None:
            self._transfers.forget(former)
        self._transfers.add(transfer)

    # Transfers under way

    def _receive_from_multicast_client(self, datagram: Datagram, packet: Packet, now: float) -> bool:
        """False: it is from none of them."""
        return self._multicast is not None and self._multicast.receive_packet(
            datagram.peer, datagram.local.port, packet, now
        )

    def _receive_in_transfer(self, datagram: Datagram, packet: Packet, transfer: Transfer, now: float) -> None:
        match packet:
            case Ack(block=block):
                packets = transfer.sender.receive_ack(block, now)
                if transfer.sender.proven and not transfer.proven:
                    self._note_proof(transfer, now)
                self._carry_out(transfer, packets, now)
            case Error():
                self._end(transfer, transfer.aborted(packet, now), now)
            case _:
                self._drop(datagram, "unexpected packet in a transfer")

    def _note_proof(self, transfer: Transfer, now: float) -> None:
        """The client is there; whatever it asked for earlier from the same port, it has given up.

        Not done on the request itself: a late copy of an old request, or a forged one, would end a running transfer.
        """
        for older in self._transfers.prove(transfer):
            self._end(older, older.abandoned("the client asked anew", now), now)

    def _carry_out(self, transfer: Transfer, packets: list[bytes], now: float) -> None:
        """Send what the sender wants sent, and note its end or its next waking."""
        for packet in packets:
            self._send(Datagram(packet, transfer.peer, transfer.local, transfer.interface))
        if transfer.sender.ending is not None:
            self._end(transfer, transfer.concluded(transfer.sender.ending, now), now)
        else:
            self._transfers.wake(transfer, transfer.sender.wake_at)

    def _end(self, transfer: Transfer, event: TransferEnded, now: float) -> None:
        self._transfers.end(transfer, now)
        self._tell(event)

    # Refusals

    def _receive_from_stranger(self, datagram: Datagram, packet: Packet) -> None:
        if isinstance(packet, Error):
            # Never an ERROR for an ERROR, or two servers could send them to each other for ever.
            self._drop(datagram, "ERROR outside a transfer")
        elif datagram.local.port in self._transfer_ports:
            self._refuse(datagram, ErrorCode.UNKNOWN_TRANSFER_ID, "unknown transfer ID")
        else:
            self._refuse(datagram, ErrorCode.ILLEGAL_OPERATION, "not a request")

    def _receive_malformed(self, datagram: Datagram, transfer: Transfer | None, problem: DecodeError) -> None:
        is_request = transfer is None and datagram.local.port == self._request_port
        if is_request and len(datagram.payload) >= 2 and not datagram.payload.startswith(_OPCODE_ERROR):
            self._refuse(datagram, ErrorCode.ILLEGAL_OPERATION, "not a TFTP request", reason=str(problem))
        else:
            self._drop(datagram, "malformed")

    def _refuse(self, datagram: Datagram, code: int, text: str, file: str = "", reason: str | None = None) -> None:
        """Send one ERROR and keep nothing: it is neither acknowledged nor sent again (RFC 1350 §7)."""
        self._tell(RequestRefused(file, datagram.peer, datagram.interface, code, reason or text))
        here = datagram.local.port in self._transfer_ports
        local = datagram.local if here else SocketAddress(datagram.local.host, next(self._ports_in_turn))
        self._send(Datagram(encode(Error(code, text)), datagram.peer, local, datagram.interface))

    def _why_unanswerable(self, datagram: Datagram) -> str | None:
        if (reason := why_unanswerable(datagram)) is not None:
            return reason
        if datagram.local.port != self._request_port and datagram.local.port not in self._transfer_ports:
            return "not a port of this service"
        return None

    def _drop(self, datagram: Datagram, reason: str) -> None:
        self._tell(DatagramDropped(SERVICE, reason, datagram.peer, datagram.interface))
