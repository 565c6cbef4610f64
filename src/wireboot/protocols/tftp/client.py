"""The TFTP client: reads one file, as a boot loader does (RFC 1350, RFC 2347)."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from wireboot.endpoint import Datagram, DatagramDropped, Outbox, SocketAddress, Unreachable
from wireboot.errors import DecodeError
from wireboot.protocols.tftp.client_retry import ClientRetry
from wireboot.protocols.tftp.fetch import (
    PROGRESS_STEP_BYTES,
    SERVER_TEXT_MAX,
    Fetched,
    FetchFailed,
    FetchProblem,
    FetchProgressed,
    FileSizeTold,
)
from wireboot.protocols.tftp.file_size import FileSize
from wireboot.protocols.tftp.options import TransferParameters
from wireboot.protocols.tftp.packet import (
    Data,
    Error,
    ErrorCode,
    Opcode,
    OptionAck,
    Options,
    Packet,
    ReadRequest,
    decode,
    encode,
)
from wireboot.protocols.tftp.receiver import TftpReceiver
from wireboot.protocols.tftp.requested_options import OPTIONS_DISLIKED, OptionsNotAcceptable, RequestedOptions, agree
from wireboot.protocols.tftp.strangers import why_unanswerable

SERVICE = "tftp client"

PORTS_MAX = 3
"""Ports that one client may speak from: for a size probe, a request with options and one without."""

_PROGRESS_STEPS = 50
"""Where the file's size is known, progress is told as often at most."""
_OPCODE_OPTION_ACK = Opcode.OPTION_ACK.to_bytes(2, "big")


class _Stage(Enum):
    REQUESTING = auto()
    """The server has not answered the request under way, so its transfer ID is not known."""
    RECEIVING = auto()
    DALLYING = auto()
    """The file is told; a last block that comes again is still acknowledged (RFC 1350 §6)."""
    ENDED = auto()


class TftpClient(Outbox):
    """Reads one file in octet mode and tells FetchProgressed, then Fetched or FetchFailed. An `Endpoint`.

    Where the size alone is asked for, it tells FileSizeTold or FetchFailed.

    The port of `server` is where requests go, 69 as a rule. The first leaves from `local`, each further one from the
    next port (`port_after`), so that late answers to an earlier one are told apart. The driver has PORTS_MAX of
    them open, and hands ICMP errors to `unreachable`.
    """

    def __init__(
        self,
        file: str,
        server: SocketAddress,
        local: SocketAddress,
        interface: str,
        *,
        request: RequestedOptions,
        retry: ClientRetry,
        size_bytes_max: int,
        now: float,
        keep: Callable[[bytes], object] | None = None,
    ) -> None:
        """`file` is sent as it is: it holds no NUL and fits a request (REQUEST_BYTES_MAX).

        A file larger than `size_bytes_max` is not taken. `keep` gets each block in turn as it comes, and the content of
        Fetched is empty then: a file of any size passes through little memory.
        """
        super().__init__()
        self._file, self._server, self._interface = file, server, interface
        self._wanted, self._retry = request, retry
        self._size = FileSize(room_bytes=size_bytes_max)
        self._content = bytearray()
        self._keep: Callable[[bytes], object] = keep or self._content.extend
        self._started_at = now

        self._local, self._peer = local, server
        self._stage = _Stage.REQUESTING
        self._asked: Options = ()
        self._probing = request.size_probe or request.size_only
        self.agreed: TransferParameters | None = None
        """What holds for the transfer; None until the server has answered the request for it."""
        self._receiver = TftpReceiver(TransferParameters())
        self._progress_at = PROGRESS_STEP_BYTES
        self._repeats = 0
        """Sent by us; the receiver counts those of the server."""
        self._waits_s: tuple[float, ...] = ()
        self._resends_in_a_row = 0
        self._wake_at: float | None = None
        self._send_request(request.in_size_probe() if self._probing else request.in_request(), now)

    @property
    def peer(self) -> SocketAddress:
        """Where packets go at present: the server's port for requests, then that of the transfer."""
        return self._peer

    @property
    def ended(self) -> bool:
        """Nothing more will come; the ports can be closed."""
        return self._stage is _Stage.ENDED

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        if self._stage is _Stage.ENDED:
            self._drop(datagram, "after the end")
            return
        if (reason := why_unanswerable(datagram)) is not None:
            self._drop(datagram, reason)
            return
        try:
            packet = decode(datagram.payload)
        except DecodeError as problem:
            self._receive_malformed(datagram, problem)
            return
        if not self._may_be_the_server(datagram):
            self._refuse(datagram, packet)
        elif self._stage is _Stage.REQUESTING:
            self._receive_first_answer(datagram, packet, now)
        else:
            self._receive_in_transfer(datagram, packet, now)

    def handle_timeout(self, now: float) -> None:
        if self._wake_at is None or now < self._wake_at:
            return
        if self._stage is _Stage.DALLYING:
            self._end()
        elif self._resends_in_a_row + 1 < len(self._waits_s):
            self._send_again(now)
        elif self._stage is _Stage.REQUESTING:
            self._fail(FetchProblem.NO_ANSWER)
        else:
            self._fail(FetchProblem.SILENCE, text=f"{self._receiver.received_bytes} bytes had come")

    def next_timeout(self) -> float | None:
        return self._wake_at

    def unreachable(self, reason: Unreachable, now: float) -> None:  # noqa: ARG002  # as all that comes from outside
        """What was sent to `peer` did not arrive. Whoever drives this compares the address."""
        if self._stage is _Stage.REQUESTING:
            self._fail(FetchProblem.NO_ANSWER, text=reason.value)
        elif self._stage is _Stage.RECEIVING:
            self._fail(FetchProblem.SILENCE, text=reason.value)

    def abort(self, now: float) -> None:  # noqa: ARG002  # as all that comes from outside
        """End early. The server is told; no event is, since it was the caller's wish."""
        if self._stage is _Stage.RECEIVING:
            self._send_packet(encode(Error(ErrorCode.UNDEFINED, "transfer aborted")))
        self._end()

    # Requests

    def _send_request(self, options: Options, now: float) -> None:
        self._asked = options
        self._peer = self._server
        self._await(self._retry.request_waits_s, now)
        self._send_read_request()

    def _request_anew(self, options: Options, now: float) -> None:
        self._stage, self._probing = _Stage.REQUESTING, False
        self._local = self._local._replace(port=port_after(self._local.port))
        self._send_request(options, now)

    def _receive_first_answer(self, datagram: Datagram, packet: Packet, now: float) -> None:
        match packet:
            case OptionAck():
                self._peer = datagram.peer
                self._receive_option_ack(packet, now)
            case Data(block=1) if self._wanted.size_only:
                self._peer = datagram.peer
                self._end_with_size(None)
            case Data(block=1):
                # No OACK, so none of the options is in force (RFC 2347). A probe has become the transfer itself.
                self._peer = datagram.peer
                self._start(TransferParameters(), now)
                self._receive_in_transfer(datagram, packet, now)
            case Error(code=code) if self._wanted.size_only and code in OPTIONS_DISLIKED:
                self._tell(FileSizeTold(self._file, self._server, None))
                self._end()
            case Error(code=code) if self._asked and code in OPTIONS_DISLIKED:
                self._request_anew((), now)
            case Error():
                self._receive_error(packet)
            case _:
                self._drop(datagram, "unexpected packet before a transfer")

    def _receive_option_ack(self, packet: OptionAck, now: float) -> None:
        try:
            agreed = agree(self._asked, packet.options)
        except OptionsNotAcceptable as reason:
            self._turn_down(ErrorCode.OPTION_NEGOTIATION_FAILED, FetchProblem.PACKET_INVALID, str(reason))
            return
        if agreed.size_bytes is not None:
            self._size.announced_bytes = agreed.size_bytes
        if (problem := self._size.problem_announced()) is not None:
            self._turn_down(*problem)
        elif self._wanted.size_only:
            self._end_with_size(agreed.size_bytes)
        elif self._probing:
            self._end_probe()
            self._request_anew(self._wanted.in_request(), now)
        else:
            self._start(agreed.parameters, now)
            self._send_packet(self._receiver.acknowledge(now))

    def _end_probe(self) -> None:
        self._send_packet(encode(Error(self._wanted.size_probe_ended_with, "only the size was wanted")))

    def _end_with_size(self, size_bytes: int | None) -> None:
        self._end_probe()
        self._tell(FileSizeTold(self._file, self._server, size_bytes))
        self._end()

    # The transfer

    def _start(self, parameters: TransferParameters, now: float) -> None:
        self._stage = _Stage.RECEIVING
        self.agreed = parameters
        self._receiver = TftpReceiver(parameters)
        self._await(self._retry.block_waits_s, now)

    def _receive_in_transfer(self, datagram: Datagram, packet: Packet, now: float) -> None:
        match packet:
            case Data(payload=payload) if len(payload) <= self._receiver.blksize:
                self._receive_data(packet, now)
            case Data(payload=payload) if self._stage is _Stage.RECEIVING:
                why = f"a block of {len(payload)} bytes where {self._receiver.blksize} were agreed"
                self._turn_down(ErrorCode.ILLEGAL_OPERATION, FetchProblem.PACKET_INVALID, why)
            case OptionAck():
                self._receiver.receive_option_ack(now)
                self._acknowledge_if_due(now)
            case Error() if self._stage is _Stage.RECEIVING:
                self._receive_error(packet)
            case _:
                self._drop(datagram, "unexpected packet in a transfer")

    def _receive_data(self, data: Data, now: float) -> None:
        if not self._receiver.receive_data(data, now):
            self._acknowledge_if_due(now)
            return
        received_bytes, complete = self._receiver.received_bytes, self._receiver.complete
        if (problem := self._size.problem(received_bytes, complete=complete)) is not None:
            self._turn_down(*problem)
            return
        self._keep(data.payload)
        self._acknowledge_if_due(now)
        self._await(self._retry.block_waits_s, now)
        if complete:
            self._finish(now)
        elif received_bytes >= self._progress_at:
            self._tell_progress(received_bytes)

    def _acknowledge_if_due(self, now: float) -> None:
        if self._receiver.ack_due:
            self._send_packet(self._receiver.acknowledge(now))

    def _tell_progress(self, received_bytes: int) -> None:
        announced_bytes = self._size.announced_bytes
        self._tell(FetchProgressed(self._file, received_bytes, announced_bytes))
        self._progress_at = received_bytes + max(PROGRESS_STEP_BYTES, (announced_bytes or 0) // _PROGRESS_STEPS)

    def _finish(self, now: float) -> None:
        self._stage = _Stage.DALLYING
        self._tell(
            Fetched(
                file=self._file,
                server=self._server,
                content=bytes(self._content),
                transport="tftp",
                seconds=now - self._started_at,
                repeats=self._repeats + self._receiver.repeats,
            )
        )
        self._content.clear()

    # Failures

    def _receive_error(self, error: Error) -> None:
        self._fail(FetchProblem.REFUSED, code=error.code, text=error.text[:SERVER_TEXT_MAX])

    def _turn_down(self, code: ErrorCode, problem: FetchProblem, why: str) -> None:
        """Fail, and tell the server so."""
        self._send_packet(encode(Error(code, why)))
        self._fail(problem, text=why)

    def _fail(self, problem: FetchProblem, *, code: int | None = None, text: str = "") -> None:
        self._tell(FetchFailed(self._file, self._server, problem, code, text))
        self._end()

    def _end(self) -> None:
        self._stage, self._wake_at = _Stage.ENDED, None
        self._content.clear()

    # Strangers

    def _may_be_the_server(self, datagram: Datagram) -> bool:
        if datagram.local.port != self._local.port:
            return False
        if self._stage is _Stage.REQUESTING:
            # It picks the port of its first answer, and that is the transfer's from then on (RFC 1350 §4).
            return datagram.peer.host == self._server.host
        return datagram.peer == self._peer

    def _receive_malformed(self, datagram: Datagram, problem: DecodeError) -> None:
        answers_us = self._stage is _Stage.REQUESTING and self._may_be_the_server(datagram)
        if answers_us and datagram.payload.startswith(_OPCODE_OPTION_ACK):
            self._peer = datagram.peer
            self._turn_down(ErrorCode.OPTION_NEGOTIATION_FAILED, FetchProblem.PACKET_INVALID, str(problem))
        else:
            self._drop(datagram, "malformed")

    def _refuse(self, datagram: Datagram, packet: Packet) -> None:
        """RFC 1350 §4: who writes from elsewhere is told so, and the transfer goes on."""
        self._drop(datagram, "unknown transfer ID")
        # Never an ERROR for an ERROR, or two programs could send them to each other for ever.
        if not isinstance(packet, Error):
            refusal = encode(Error(ErrorCode.UNKNOWN_TRANSFER_ID, "unknown transfer ID"))
            self._send(Datagram(refusal, datagram.peer, datagram.local, datagram.interface))

    def _drop(self, datagram: Datagram, reason: str) -> None:
        self._tell(DatagramDropped(SERVICE, reason, datagram.peer, datagram.interface))

    # Sending, and waiting for what comes

    def _await(self, waits_s: tuple[float, ...], now: float) -> None:
        """Something new has come, or is asked for: wait from here."""
        self._waits_s, self._resends_in_a_row = waits_s, 0
        self._wake_at = now + waits_s[0]

    def _send_again(self, now: float) -> None:
        self._resends_in_a_row += 1
        self._repeats += 1
        self._wake_at = now + self._waits_s[self._resends_in_a_row]
        if self._stage is _Stage.REQUESTING:
            self._send_read_request()
        else:
            self._send_packet(self._receiver.acknowledge(now))

    def _send_read_request(self) -> None:
        self._send_packet(encode(ReadRequest(self._file, "octet", self._asked)))

    def _send_packet(self, payload: bytes) -> None:
        self._send(Datagram(payload, self._peer, self._local, self._interface))


def port_after(port: int) -> int:
    """The port of a client's next request, among those that are nobody's by custom."""
    return port + 1 if port < 65535 else 1024
