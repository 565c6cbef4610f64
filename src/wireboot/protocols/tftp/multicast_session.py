"""One file on its way to all who asked for it, at the pace of one of them (RFC 2090)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, Event, SocketAddress
from wireboot.protocols.tftp.content import ContentLost, OctetContent
from wireboot.protocols.tftp.events import TransferAborted, TransferFailed, TransferFinished
from wireboot.protocols.tftp.files import OpenFile
from wireboot.protocols.tftp.multicast import MULTICAST, Assignment
from wireboot.protocols.tftp.packet import Ack, Error, ErrorCode, OptionAck, Options, Packet, encode, encode_data
from wireboot.protocols.tftp.sender import RetryPolicy
from wireboot.protocols.tftp.transfer import PEER_TEXT_MAX, Course

_DONE_MAX = 1024
"""Clients that have ended and are remembered, so that their late ACKs meet silence."""
_PAUSE_S = 0.05
"""When a master ends that was sent blocks, others have the file too and are about to say so: that is waited for."""


@dataclass(frozen=True, slots=True)
class _Client:
    file: str
    """Its name, as this client wrote it."""
    accepted: Options
    """What else is agreed with it."""
    joined_at: float


class MulticastSession:
    """Sends blocks to the group, as the master asks for them: an ACK of block n is a request for block n + 1.

    The client that has waited longest is the master. When it has the whole file, or is silent for too long, the next
    one is; it asks for what it has missed. Any client ends with an ACK of the last block, or an ERROR.

    A master asks for the first block that it lacks, so its requests go forward. One that does not is old or repeated,
    or its block was lost: the timer answers it. If it were answered at once, a repeated ACK would repeat all later
    blocks for everybody (the Sorcerer's Apprentice, RFC 1123 §4.2.3.1).
    """

    def __init__(
        self,
        file: OpenFile,
        blksize: int,
        group: IPv4Address,
        group_port: int,
        local: SocketAddress,
        interface: str,
        *,
        retry: RetryPolicy,
        send: Callable[[Datagram], None],
        tell: Callable[[Event], None],
    ) -> None:
        """`send` and `tell` take what is to go out. Whoever has opened the file closes it."""
        self.group, self.local = group, local
        self._group_port = group_port
        self.wake_at = 0.0

        self._file, self._content, self._blksize = file, OctetContent(file, blksize), blksize
        self._interface, self._retry = interface, retry
        self._send, self._tell = send, tell
        self._clients: dict[SocketAddress, _Client] = {}
        """In the order in which they become the master; the first one is it."""
        self._done: dict[SocketAddress, None] = {}
        self._reached = 0
        """The highest block sent so far."""
        self._resends = 0

        # Of the present master:
        self._told = False
        """Its OACK has been sent."""
        self._answered = False
        """It has asked for a block."""
        self._furthest = 0
        """The highest block that it has asked for."""
        self._wanted = 0
        """What the timer is to send."""
        self._furthest_at = 0.0
        self._resends_in_a_row = 0
        self._wait_s = retry.first_s

    @property
    def client_count(self) -> int:
        return len(self._clients)

    def has(self, peer: SocketAddress) -> bool:
        return peer in self._clients

    def knows(self, peer: SocketAddress) -> bool:
        """It is, or was, a client of this session."""
        return peer in self._clients or peer in self._done

    def join(self, peer: SocketAddress, file: str, accepted: Options, now: float) -> None:
        """Take in a client, or answer the one that asks again: its OACK may be lost."""
        self._done.pop(peer, None)
        is_first = not self._clients
        self._clients.setdefault(peer, _Client(file, accepted, now))
        if is_first:
            self._appoint_next(now)
        else:
            self._send_option_ack(peer)

    def receive_packet(self, peer: SocketAddress, packet: Packet, now: float) -> None:
        """Take in what one of the clients sent."""
        match packet:
            case Ack(block=block) if block == self._content.last_block:
                self._tell(TransferFinished(**self._course(peer, now, complete=True), confirmed=True))
                self._leave(peer, now)
            case Ack(block=block) if peer == self._master and block < self._content.last_block:
                self._receive_request(block + 1, now)
            case Error(code=code, text=text):
                text = text[:PEER_TEXT_MAX]
                self._tell(TransferAborted(**self._course(peer, now), code=code, text=text, size_probe=False))
                self._leave(peer, now)

    def handle_timeout(self, now: float) -> None:
        """Send the block or the OACK again, or give the master up; called at or after `wake_at`."""
        if not self._told:
            self._tell_master(now)
            return
        patience_s = self._retry.patience_s if self._answered else self._retry.patience_unproven_s
        if self._resends_in_a_row >= self._retry.resends_min and now - self._furthest_at >= patience_s:
            self._fail(self._master, "the client does not answer", now)
            self._leave(self._master, now)
            return
        self._resends_in_a_row += 1
        self._resends += 1
        self._wait_s = min(2 * self._wait_s, self._retry.longest_s)
        self.wake_at = now + self._wait_s
        if self._answered:
            self._send_block(self._wanted, now)
            # An old ACK may have asked for that one; then this one is still waited for.
            self._wanted = self._furthest
        else:
            self._send_option_ack(self._master)

    @property
    def _master(self) -> SocketAddress:
        return next(iter(self._clients))

    def _appoint_next(self, now: float) -> None:
        """Make the first client the master."""
        pause_s = _PAUSE_S if self._furthest else 0.0
        self._told = self._answered = False
        self._furthest = self._wanted = 0
        if pause_s:
            self.wake_at = now + pause_s
        else:
            self._tell_master(now)

    def _tell_master(self, now: float) -> None:
        self._told = True
        self._await_request(now)
        self._send_option_ack(self._master)

    def _send_option_ack(self, peer: SocketAddress) -> None:
        # RFC 2090 lets group and port be left empty in a second OACK. Firmware: atftp cannot read such a one, and to a
        # client that has missed the first it would say too little.
        assignment = Assignment(self.group, self._group_port, peer == self._master)
        self._send_to(peer, OptionAck(((MULTICAST, str(assignment)), *self._clients[peer].accepted)))

    def _receive_request(self, block: int, now: float) -> None:
        self._answered = True
        self._wanted = block
        if block > self._furthest:
            self._furthest = block
            self._await_request(now)
            self._send_block(block, now)

    def _await_request(self, now: float) -> None:
        self._furthest_at = now
        self._resends_in_a_row = 0
        self._wait_s = self._retry.first_s
        self.wake_at = now + self._wait_s

    def _send_block(self, block: int, now: float) -> None:
        try:
            (payload,) = self._content.window(block, 1)
        except ContentLost as problem:
            self._give_up_file(str(problem), now)
            return
        self._reached = max(self._reached, block)
        group = SocketAddress(self.group, self._group_port)
        self._send(Datagram(encode_data(block, payload), group, self.local, self._interface))

    def _send_to(self, peer: SocketAddress, packet: Packet) -> None:
        self._send(Datagram(encode(packet), peer, self.local, self._interface))

    # Ends

    def _leave(self, peer: SocketAddress, now: float) -> None:
        was_master = peer == self._master
        del self._clients[peer]
        if len(self._done) < _DONE_MAX:
            self._done[peer] = None
        if was_master and self._told and self._clients:
            self._appoint_next(now)

    def _give_up_file(self, why: str, now: float) -> None:
        for peer in list(self._clients):
            self._send_to(peer, Error(ErrorCode.UNDEFINED, "the file cannot be read any more"))
            self._fail(peer, f"the file {why}", now)
        self._clients.clear()

    def _fail(self, peer: SocketAddress, why: str, now: float) -> None:
        self._tell(TransferFailed(**self._course(peer, now), why=why))

    def _course(self, peer: SocketAddress, now: float, *, complete: bool = False) -> Course:
        client, size_bytes = self._clients[peer], self._file.size_bytes
        return {
            "file": client.file,
            "peer": peer,
            "interface": self._interface,
            "size_bytes": size_bytes,
            "sent_bytes": size_bytes if complete else min(self._reached * self._blksize, size_bytes),
            "seconds": now - client.joined_at,
            "resends": self._resends,
        }
