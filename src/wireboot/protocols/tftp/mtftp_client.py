"""The MTFTP client: listens, asks only where nobody else does, and keeps what it hears (PXE 2.1 §2.3)."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, DatagramDropped, GroupJoined, GroupLeft, Outbox, SocketAddress
from wireboot.errors import DecodeError
from wireboot.protocols.tftp.block_map import BlockMap, BlockNotAcceptable
from wireboot.protocols.tftp.client_retry import NOTHING_NEW_S_MAX, QUIET_S
from wireboot.protocols.tftp.fetch import (
    PROGRESS_STEP_BYTES,
    SERVER_TEXT_MAX,
    Fetched,
    FetchFailed,
    FetchProblem,
    FetchProgressed,
)
from wireboot.protocols.tftp.mtftp import BLKSIZE, MtftpParameters
from wireboot.protocols.tftp.packet import Ack, Data, Error, ErrorCode, Packet, ReadRequest, decode, encode

SERVICE = "mtftp client"

TRIES = 3
"""Times that a request or an ACK is sent before the client gives up waiting for an answer (PXE 2.1 §2.3)."""
_OPENED_MAX = 32
"""Transmissions asked for. Even where half of all packets get lost, a dozen bring the whole file."""


class _State(Enum):
    LISTENING = auto()
    """Perhaps somebody else asks, or has asked."""
    OPENING = auto()
    """The read request is out."""
    ACKNOWLEDGING = auto()
    """This client sets the pace: it got block 1 both ways."""
    RECEIVING = auto()
    """Another one does."""
    DALLYING = auto()
    """The file is told; a last block that comes again is still acknowledged."""
    ENDED = auto()


class MtftpClient(Outbox):
    """Reads one file and tells FetchProgressed, then Fetched or FetchFailed. An `Endpoint`.

    It asks its host for the group by GroupJoined. What the server sends to the group must come with `to_group` set:
    that is how a client knows whether the multicast reaches it. FetchProblem.NO_MULTICAST means that plain TFTP should
    be tried.
    """

    def __init__(
        self,
        file: str,
        server: IPv4Address,
        parameters: MtftpParameters,
        local: IPv4Address,
        interface: str,
        *,
        size_bytes_max: int,
        random: Callable[[], float],
        now: float,
    ) -> None:
        """`file` is sent as it is, and holds no NUL. A larger file than `size_bytes_max` is not taken.

        `random` gives a number from 0 to below 1 at each call: it spreads the clients that want another transmission.
        """
        super().__init__()
        self._file, self._parameters, self._interface = file, parameters, interface
        self._server = SocketAddress(server, parameters.server_port)
        self._local = SocketAddress(local, parameters.client_port)
        self._random = random
        # A delay of 0 would be a storm.
        self._delay_s = float(max(parameters.transmit_timeout_s, 1))

        self._blocks = BlockMap(BLKSIZE, size_bytes_max)
        self._started_at = self._new_at = now
        self._told_bytes = 0
        self._repeats = 0
        self._opened = 0
        self._tries = 0
        self._own_copy = False
        """Since the request: block 1 came to this client alone."""
        self._group_copy = False
        """Since the request: block 1 came to the group."""
        self._acked = 0
        self._busy_at = now
        """When an ACK went."""
        self._state = _State.LISTENING
        self._wake_at: float | None = now + parameters.listen_timeout_s
        self._tell(GroupJoined(parameters.group))

    @property
    def ended(self) -> bool:
        """Nothing more will come; the port can be closed."""
        return self._state is _State.ENDED

    def receive_datagram(self, datagram: Datagram, now: float) -> None:
        if self._state is _State.ENDED:
            self._drop(datagram, "after the end")
            return
        if datagram.peer != self._server or datagram.local.port != self._local.port:
            # Nobody is told off: what a stranger sends to the group reaches all of its members.
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
        elif now - self._new_at >= NOTHING_NEW_S_MAX:
            self._fail(FetchProblem.NO_MULTICAST, text="nothing new came")
        elif self._state is _State.LISTENING:
            self._open(now)
        elif self._state is _State.RECEIVING:
            self._listen_again(now)
        elif self._tries < TRIES:
            self._repeats += 1
            self._send_awaiting_answer(now)
        elif self._state is _State.OPENING and not self._group_copy:
            self._fail(FetchProblem.NO_MULTICAST, text="no multicast arrives" if self._own_copy else "no answer")
        elif self._blocks.complete:
            self._finish(now)
        else:
            self._listen_again(now)

    def next_timeout(self) -> float | None:
        return self._wake_at

    def abort(self, now: float) -> None:  # noqa: ARG002  # as all that comes from outside
        """End early. Where the server counts on this client it is told; no event is, since it was the caller's wish."""
        if self._state in (_State.OPENING, _State.ACKNOWLEDGING):
            self._send_packet(Error(ErrorCode.UNDEFINED, "transfer aborted"))
        self._end()

    # What comes

    def _receive_packet(self, datagram: Datagram, packet: Packet, now: float) -> None:
        match packet:
            case Data() if self._state is _State.DALLYING:
                self._acknowledge_repeat(packet, now)
            case Data() if datagram.to_group:
                self._receive_from_group(packet, now)
            case Data(block=1):
                self._receive_own_copy(packet, now)
            case Error() if self._state in (_State.OPENING, _State.ACKNOWLEDGING) and not datagram.to_group:
                self._fail(FetchProblem.REFUSED, code=packet.code, text=packet.text[:SERVER_TEXT_MAX])
            case _:
                self._drop(datagram, "unexpected packet")

    def _receive_own_copy(self, data: Data, now: float) -> None:
        if self._state is _State.OPENING:
            self._own_copy = True
            self._acknowledge_if_chosen(now)
        elif self._state is _State.ACKNOWLEDGING:
            self._acknowledge_repeat(data, now)

    def _receive_from_group(self, data: Data, now: float) -> None:
        if not self._keep(data, now):
            return
        match self._state:
            case _State.ACKNOWLEDGING:
                self._receive_as_master(data, now)
            case _State.OPENING if data.block == 1 or self._own_copy:
                # Without the copy of its own the client cannot tell yet whose request this answers. With it, blocks
                # other than the first are left from an earlier transmission: this one waits for our ACK.
                self._group_copy |= data.block == 1
                self._acknowledge_if_chosen(now)
            case _:
                self._receive_as_listener(data, now)

    def _acknowledge_if_chosen(self, now: float) -> None:
        """PXE 2.1 §2.3: who has block 1 both ways is the one that acknowledges."""
        if self._own_copy and self._group_copy:
            self._state = _State.ACKNOWLEDGING
            self._acknowledge(1, now)
        elif self._blocks.complete:
            self._finish(now)

    def _receive_as_master(self, data: Data, now: float) -> None:
        if data.block == self._acked + 1:
            self._acknowledge(data.block, now)
        elif data.block > self._acked + 1:
            # The server has given this client up, and goes by somebody else's ACKs.
            self._receive_as_listener(data, now)
        else:
            self._acknowledge_repeat(data, now)

    def _receive_as_listener(self, data: Data, now: float) -> None:
        self._state = _State.RECEIVING
        self._wake_at = now + self._delay_s
        if self._blocks.complete:
            self._finish(now)
        elif data.block == self._blocks.last_block:
            self._listen_again(now)

    def _keep(self, data: Data, now: float) -> bool:
        """Put a block in its place. False: it could not be, and the fetch has failed."""
        try:
            is_new = self._blocks.add(data)
        except BlockNotAcceptable as reason:
            if self._state is _State.ACKNOWLEDGING:
                self._send_packet(Error(reason.code, reason.text))
            self._fail(reason.problem, text=reason.text)
            return False
        if is_new:
            self._new_at = now
            self._tell_progress()
            return True
        self._repeats += 1
        if now - self._new_at >= NOTHING_NEW_S_MAX:
            self._fail(FetchProblem.NO_MULTICAST, text="nothing new came")
            return False
        return True

    def _tell_progress(self) -> None:
        held_bytes = self._blocks.held_bytes
        if self._told_bytes == 0 or held_bytes >= self._told_bytes + PROGRESS_STEP_BYTES:
            self._told_bytes = held_bytes
            self._tell(FetchProgressed(self._file, held_bytes, None))

    # What goes

    def _open(self, now: float) -> None:
        self._opened += 1
        if self._opened > _OPENED_MAX:
            self._fail(FetchProblem.NO_MULTICAST, text="too many blocks get lost")
            return
        self._state = _State.OPENING
        self._own_copy = self._group_copy = False
        self._tries = 0
        self._send_awaiting_answer(now)

    def _acknowledge(self, block: int, now: float) -> None:
        self._acked, self._tries = block, 0
        self._send_awaiting_answer(now)
        if block == self._blocks.last_block:
            self._finish(now)

    def _acknowledge_repeat(self, data: Data, now: float) -> None:
        """A repeat of the block acknowledged last: the ACK got lost, unless the network made the repeat."""
        if data.block == self._acked and now - self._busy_at >= QUIET_S:
            self._busy_at = now
            self._send_packet(Ack(self._acked))

    def _send_awaiting_answer(self, now: float) -> None:
        """Send the request or the ACK, for the first time or again."""
        self._tries += 1
        self._busy_at, self._wake_at = now, now + self._delay_s
        is_request = self._state is _State.OPENING
        self._send_packet(ReadRequest(self._file, "octet") if is_request else Ack(self._acked))

    def _send_packet(self, packet: Packet) -> None:
        self._send(Datagram(encode(packet), self._server, self._local, self._interface))

    # The end of a transmission, or of all

    def _listen_again(self, now: float) -> None:
        """Wait for the next transmission, the shorter the more is missing, so that the neediest client asks for it."""
        listen_s = self._parameters.listen_timeout_s
        head_start_s = max(0, listen_s - self._blocks.missing_count) + self._random()
        self._state = _State.LISTENING
        self._wake_at = now + listen_s + head_start_s

    def _finish(self, now: float) -> None:
        # Only who sets the pace is waited for.
        acknowledges = self._state is _State.ACKNOWLEDGING
        self._tell(
            Fetched(
                file=self._file,
                server=self._server,
                content=self._blocks.take_content(),
                transport="mtftp",
                seconds=now - self._started_at,
                repeats=self._repeats,
            )
        )
        if acknowledges:
            self._state, self._wake_at = _State.DALLYING, now + self._delay_s
        else:
            self._end()

    def _fail(self, problem: FetchProblem, *, code: int | None = None, text: str = "") -> None:
        self._tell(FetchFailed(self._file, self._server, problem, code, text))
        self._end()

    def _end(self) -> None:
        if self._state is not _State.ENDED:
            self._tell(GroupLeft(self._parameters.group))
        self._state, self._wake_at = _State.ENDED, None
        self._blocks.clear()

    def _drop(self, datagram: Datagram, reason: str) -> None:
        self._tell(DatagramDropped(SERVICE, reason, datagram.peer, datagram.interface))
