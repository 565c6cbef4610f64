"""The client of RFC 2090: one of several that read a file from the same blocks, and the master when told so."""

from __future__ import annotations

from enum import Enum, auto

from wireboot.endpoint import Datagram, DatagramDropped, GroupJoined, GroupLeft, Outbox, SocketAddress
from wireboot.errors import DecodeError
from wireboot.protocols.tftp.block_map import BlockMap, BlockNotAcceptable
from wireboot.protocols.tftp.client_retry import NOTHING_NEW_S_MAX, QUIET_S, ClientRetry
from wireboot.protocols.tftp.fetch import (
    PROGRESS_STEP_BYTES,
    SERVER_TEXT_MAX,
    Fetched,
    FetchFailed,
    FetchProblem,
    FetchProgressed,
)
from wireboot.protocols.tftp.multicast import GROUP_PORT, MULTICAST, Assignment, parse_assignment
from wireboot.protocols.tftp.options import BLKSIZE_DEFAULT
from wireboot.protocols.tftp.packet import (
    Ack,
    Data,
    Error,
    ErrorCode,
    OptionAck,
    Options,
    Packet,
    ReadRequest,
    decode,
    encode,
)
from wireboot.protocols.tftp.requested_options import OPTIONS_DISLIKED, OptionsNotAcceptable, RequestedOptions, agree

SERVICE = "multicast tftp client"

# iPXE too takes to plain TFTP after three timeouts without a block. Together they outlast several masters.
MULTICAST_RETRY = ClientRetry(request_waits_s=(0.5, 1.0, 2.0, 4.0, 4.0), block_waits_s=(2.0, 4.0, 8.0))


class _State(Enum):
    REQUESTING = auto()
    LISTENING = auto()
    """Another client is the master."""
    MASTER = auto()
    """The server sends the blocks that this client asks for."""
    DALLYING = auto()
    """The file is told; the server is told so again where it did not hear."""
    ENDED = auto()


class MulticastTftpClient(Outbox):
    """Reads one file in octet mode and tells FetchProgressed, then Fetched or FetchFailed. An `Endpoint`.

    The driver has `local` open, and `group_port` too, where it takes in what is sent to the group that GroupJoined
    names, with `to_group` set. FetchProblem.NO_MULTICAST means that plain TFTP should be tried.
    """

    def __init__(
        self,
        file: str,
        server: SocketAddress,
        local: SocketAddress,
        interface: str,
        *,
        blksize: int | None = None,
        group_port: int = GROUP_PORT,
        retry: ClientRetry = MULTICAST_RETRY,
        size_bytes_max: int,
        now: float,
    ) -> None:
        """`file` is sent as it is, and holds no NUL. A larger file than `size_bytes_max` is not taken."""
        super().__init__()
        self._file, self._server, self._local, self._interface = file, server, local, interface
        self._asked = RequestedOptions(blksize=blksize, tsize=True).in_request()
        self._group_port, self._retry, self._size_bytes_max = group_port, retry, size_bytes_max
        self._started_at = self._new_at = self._busy_at = now

        self._state = _State.REQUESTING
        self._peer = server
        """The server's end of the transfer, once it has answered."""
        self._assignment: Assignment | None = None
        self._blocks = BlockMap(BLKSIZE_DEFAULT, size_bytes_max)
        self._size_bytes: int | None = None
        self._told_bytes = 0
        self._repeats = 0
        self._timeouts = 0
        """In a row."""
        self._wake_at: float | None = None
        self._await(now)
        self._send_read_request()

    @property
    def ended(self) -> bool:
        """Nothing more will come; the ports can be closed."""
        return self._state is _State.ENDED

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        if self._state is _State.ENDED:
            self._drop(datagram, "after the end")
            return
        if not self._is_from_server(datagram):
            self._drop(datagram, "not from the server")
            return
        try:
            packet = decode(datagram.payload)
        except DecodeError:
            self._drop(datagram, "malformed")
            return
        self._receive_packet(datagram, packet, now)

    def handle_timeout(self, now: float) -> None:
        if self._wake_at is None or now < self._wake_at:
            return
        if self._state is _State.DALLYING:
            self._end()
            return
        self._timeouts += 1
        waits_s = self._waits_s
        if self._timeouts >= len(waits_s):
            self._give_up("no answer" if self._state is _State.REQUESTING else "no blocks arrive")
            return
        self._repeats += 1
        self._wake_at = now + waits_s[self._timeouts]
        if self._state is _State.MASTER:
            self._acknowledge(now)
        else:
            # To a listener the server says again who is the master.
            self._send_read_request()

    def next_timeout(self) -> float | None:
        return self._wake_at

    def abort(self, now: float) -> None:  # noqa: ARG002  # as all that comes from outside
        """End early. The server is told; no event is, since it was the caller's wish."""
        if self._state in (_State.LISTENING, _State.MASTER):
            self._send_packet(Error(ErrorCode.UNDEFINED, "transfer aborted"))
        self._end()

    # What comes

    def _is_from_server(self, datagram: Datagram) -> bool:
        if datagram.to_group:
            return datagram.local.port == self._group_port and datagram.peer == self._peer
        if datagram.local.port != self._local.port:
            return False
        if self._state is _State.REQUESTING:
            # It picks the port of its first answer, and that is the transfer's from then on (RFC 1350 §4).
            return datagram.peer.host == self._server.host and datagram.peer.port != 0
        return datagram.peer == self._peer

    def _receive_packet(self, datagram: Datagram, packet: Packet, now: float) -> None:
        match packet:
            case OptionAck() if not datagram.to_group:
                self._receive_option_ack(datagram, packet, now)
            case Data() if datagram.to_group and self._state in (_State.LISTENING, _State.MASTER):
                self._receive_data(packet, now)
            case Data() if datagram.to_group and self._state is _State.DALLYING:
                self._acknowledge_if_quiet(now)
            case Data() if self._state is _State.REQUESTING:
                # No OACK: the server knows no options, and sends to this client alone.
                self._peer = datagram.peer
                self._give_up("the server does not offer it")
            case Error() if not datagram.to_group and self._state is not _State.DALLYING:
                self._receive_error(packet)
            case _:
                self._drop(datagram, "unexpected packet")

    def _receive_option_ack(self, datagram: Datagram, packet: OptionAck, now: float) -> None:
        if self._state is _State.DALLYING:
            self._acknowledge(now)
            return
        is_first = self._assignment is None
        if is_first and _names_no_group(packet.options):
            # The OACK before this one is lost. The server repeats it when it is asked again.
            self._drop(datagram, "option ack without a group")
            return
        self._peer = datagram.peer
        try:
            assignment = self._read_assignment(packet.options)
        except (ValueError, OptionsNotAcceptable) as reason:
            self._send_packet(Error(ErrorCode.OPTION_NEGOTIATION_FAILED, "multicast is not offered as asked"))
            self._fail(FetchProblem.NO_MULTICAST, text=str(reason))
            return
        self._assignment = assignment
        if is_first:
            assert assignment.group is not None
            self._tell(GroupJoined(assignment.group))
        if self._size_bytes is not None and self._size_bytes > self._size_bytes_max:
            text = f"room for {self._size_bytes_max} bytes, the file has {self._size_bytes}"
            self._turn_down(ErrorCode.DISK_FULL, FetchProblem.FILE_TOO_LARGE, text)
        elif assignment.master:
            self._become_master(now)
        elif is_first or self._state is _State.MASTER:
            self._state = _State.LISTENING
            self._await(now)

    def _read_assignment(self, options: Options) -> Assignment:
        """What an OACK says, the first one of all options. Raises ValueError and OptionsNotAcceptable."""
        values = [value for name, value in options if name.lower() == MULTICAST]
        if len(values) != 1:
            raise ValueError("the server does not offer it")
        assignment = parse_assignment(values[0])
        if self._assignment is None:
            if assignment.group is None or assignment.port != self._group_port:
                raise ValueError(f"{values[0]!r} names no group at port {self._group_port}")
            agreed = agree(self._asked, tuple(option for option in options if option[0].lower() != MULTICAST))
            self._size_bytes = agreed.size_bytes
            self._blocks = BlockMap(agreed.parameters.blksize, self._size_bytes_max)
            return assignment
        if assignment.group not in (None, self._assignment.group):
            raise ValueError("the group changed")
        return Assignment(self._assignment.group, self._assignment.port, assignment.master)

    def _become_master(self, now: float) -> None:
        is_new = self._state is not _State.MASTER
        self._state = _State.MASTER
        if is_new:
            self._await(now)
            self._acknowledge(now)
        else:
            # The ACK that answers the OACK is lost, or on its way.
            self._acknowledge_if_quiet(now)

    def _receive_data(self, data: Data, now: float) -> None:
        wanted = self._blocks.first_missing
        try:
            is_new = self._blocks.add(data)
        except BlockNotAcceptable as reason:
            self._turn_down(reason.code, reason.problem, reason.text)
            return
        if not is_new and now - self._new_at >= NOTHING_NEW_S_MAX:
            self._give_up("nothing new came")
            return
        if is_new:
            self._new_at = now
            self._tell_progress()
        else:
            self._repeats += 1
        if self._blocks.complete:
            self._finish(now)
        elif self._state is _State.LISTENING:
            self._await(now)
        elif data.block == wanted:
            self._await(now)
            self._acknowledge(now)
        elif data.block == wanted - 1:
            self._acknowledge_if_quiet(now)

    def _tell_progress(self) -> None:
        held_bytes = self._blocks.held_bytes
        if self._told_bytes == 0 or held_bytes >= self._told_bytes + PROGRESS_STEP_BYTES:
            self._told_bytes = held_bytes
            self._tell(FetchProgressed(self._file, held_bytes, self._size_bytes))

    # What goes

    @property
    def _waits_s(self) -> tuple[float, ...]:
        return self._retry.request_waits_s if self._state is _State.REQUESTING else self._retry.block_waits_s

    def _await(self, now: float) -> None:
        """Something has come, or is asked for: wait from here."""
        self._timeouts = 0
        self._wake_at = now + self._waits_s[0]

    def _acknowledge(self, now: float) -> None:
        """RFC 2090: an ACK asks for the block after it, and that is the first missing one."""
        self._busy_at = now
        self._send_packet(Ack(self._last_in_order))

    def _acknowledge_if_quiet(self, now: float) -> None:
        if now - self._busy_at >= QUIET_S:
            self._acknowledge(now)

    @property
    def _last_in_order(self) -> int:
        return self._blocks.first_missing - 1

    def _send_read_request(self) -> None:
        request = ReadRequest(self._file, "octet", (*self._asked, (MULTICAST, "")))
        self._send(Datagram(encode(request), self._server, self._local, self._interface))

    def _send_packet(self, packet: Packet) -> None:
        self._send(Datagram(encode(packet), self._peer, self._local, self._interface))

    # Ends

    def _finish(self, now: float) -> None:
        held_bytes = self._blocks.held_bytes
        if self._size_bytes is not None and held_bytes != self._size_bytes:
            text = f"{self._size_bytes} bytes were announced, {held_bytes} came"
            self._turn_down(ErrorCode.UNDEFINED, FetchProblem.PACKET_INVALID, text)
            return
        # RFC 2090: master or not, who has the whole file acknowledges its last block.
        self._acknowledge(now)
        self._tell(
            Fetched(
                file=self._file,
                server=self._server,
                content=self._blocks.take_content(),
                transport="tftp",
                seconds=now - self._started_at,
                repeats=self._repeats,
            )
        )
        # If its ACK is lost, the server will make this client the master, but others may come first.
        self._state, self._wake_at = _State.DALLYING, now + max(self._retry.block_waits_s)

    def _receive_error(self, error: Error) -> None:
        not_by_multicast = self._state is not _State.REQUESTING or error.code in OPTIONS_DISLIKED
        problem = FetchProblem.NO_MULTICAST if not_by_multicast else FetchProblem.REFUSED
        self._fail(problem, code=error.code, text=error.text[:SERVER_TEXT_MAX])

    def _give_up(self, text: str) -> None:
        self._turn_down(ErrorCode.UNDEFINED, FetchProblem.NO_MULTICAST, text)

    def _turn_down(self, code: ErrorCode, problem: FetchProblem, why: str) -> None:
        """Fail, and tell the server so where it has a transfer for us: it must not wait for this client."""
        if self._peer != self._server:
            self._send_packet(Error(code, why))
        self._fail(problem, text=why)

    def _fail(self, problem: FetchProblem, *, code: int | None = None, text: str = "") -> None:
        self._tell(FetchFailed(self._file, self._server, problem, code, text))
        self._end()

    def _end(self) -> None:
        if self._state is not _State.ENDED and self._assignment is not None and self._assignment.group is not None:
            self._tell(GroupLeft(self._assignment.group))
        self._state, self._wake_at = _State.ENDED, None
        self._blocks.clear()

    def _drop(self, datagram: Datagram, reason: str) -> None:
        self._tell(DatagramDropped(SERVICE, reason, datagram.peer, datagram.interface))


def _names_no_group(options: Options) -> bool:
    """An OACK to a client that has had one before: it makes it the master, and names nothing else."""
    return any(name.lower() == MULTICAST and value.startswith(",,") for name, value in options)
