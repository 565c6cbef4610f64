"""DHCP clients without an address, thousands of them, as fast as a server answers: over one packet socket.

perfdhcp stands for relays alone. These clients are on the server's own segment, each with a MAC address of its own, and
are answered by raw unicast, or by broadcast where they ask for it. So many at a time ask for a lease; each that has its
acknowledgement makes room for the next. Packets are made beforehand, so that the server is the slower side.

Run in a namespace as a program, it prints the outcome as JSON: `load` does that.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import select
import socket
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass

from tests.support.lab.network import Host

ETH_P_IP = 0x0800
RECEIVE_BUFFER_BYTES = 8 << 20
SO_RCVBUFFORCE = 33
RETRY_AFTER_S = 1.0
LOOK_AT_RETRIES_EVERY = 64
"""Packets."""

# Where the parts of a reply stand in its frame: Ethernet, IPv4 without options, UDP, BOOTP.
_IP, _UDP, _BOOTP = 14, 34, 42
_XID = slice(_BOOTP + 4, _BOOTP + 8)
_YOUR_ADDRESS = slice(_BOOTP + 16, _BOOTP + 20)
_OPTIONS = _BOOTP + 240
_CLIENT_PORT = (68).to_bytes(2, "big")

DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
_BROADCAST_FLAG = 0x8000


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of the time from a question to its answer, in milliseconds."""

    p50: float
    p99: float
    most: float


@dataclass(frozen=True, slots=True)
class Outcome:
    acknowledged: int
    """Clients with a lease."""
    seconds: float
    retries: int
    """Questions asked again, since no answer came."""
    busy: float
    """The share of the time in which the clients themselves computed: near 1, they are what was measured."""
    offer_ms: Percentiles | None
    ack_ms: Percentiles | None

    @property
    def per_s(self) -> float:
        return self.acknowledged / self.seconds


def load(
    host: Host, interface: str, *, clients: int, in_flight: int, within_s: float, broadcast: bool = False
) -> Outcome:
    """Have so many clients on this host ask for a lease, until all have one or the time is up."""
    numbers = (f"--clients={clients}", f"--in-flight={in_flight}", f"--within={within_s}")
    flags = ("--broadcast",) if broadcast else ()
    program = (sys.executable, "-m", "tests.support.lab.dhcp_load")
    done = host.run(*program, interface, *numbers, *flags, timeout_s=within_s + 30.0)
    told = json.loads(done.stdout)
    latencies = {name: Percentiles(**told[name]) if told[name] else None for name in ("offer_ms", "ack_ms")}
    return Outcome(**{**told, **latencies})


class Load:
    """The clients, by number: a client's number is its transaction ID and the end of its MAC address."""

    def __init__(self, interface: str, clients: int, in_flight: int, *, broadcast: bool) -> None:
        self._socket = open_packet_socket(interface)
        flags = _BROADCAST_FLAG if broadcast else 0
        self._discovers = [frame(number, DISCOVER, flags) for number in range(clients)]
        self._requests = [frame(number, REQUEST, flags) for number in range(clients)]
        self._clients = clients
        self._in_flight_max = in_flight
        self._next = 0
        self._waits_for = bytearray(clients)
        """The message type; 0 before the first question and after the last answer."""
        self._asked_at = [0.0] * clients
        self._asked: deque[tuple[float, int, int]] = deque()
        """What may have to be asked again: when it was asked, the client, what it waited for. The oldest first."""
        self._retries = 0
        self._offer_s: list[float] = []
        self._ack_s: list[float] = []
        self._server_id = b""

    def run(self, within_s: float) -> Outcome:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        started_at, computed_s = time.perf_counter(), time.process_time()
        ends_at = started_at + within_s
        for _ in range(min(self._in_flight_max, self._clients)):
            self._discover_next()
        while len(self._ack_s) < self._clients and time.perf_counter() < ends_at:
            poll.poll(10)
            self._receive_waiting()
            self._ask_again()
        seconds = time.perf_counter() - started_at
        busy = (time.process_time() - computed_s) / seconds
        self._socket.close()
        return Outcome(
            len(self._ack_s), seconds, self._retries, busy, percentiles(self._offer_s), percentiles(self._ack_s)
        )

    def _receive_waiting(self) -> None:
        receive, handle = self._socket.recv, self._handle
        try:
            for _ in range(LOOK_AT_RETRIES_EVERY):
                handle(receive(1514))
        except BlockingIOError:
            return

    def _handle(self, reply: bytes) -> None:
        if reply[_UDP + 2 : _UDP + 4] != _CLIENT_PORT or reply[_IP] != 0x45:
            return
        number = int.from_bytes(reply[_XID], "big")
        message_type = type_of(reply)
        if number >= self._clients or self._waits_for[number] != message_type:
            return  # a second answer
        now = time.perf_counter()
        if message_type == OFFER:
            self._offer_s.append(now - self._asked_at[number])
            self._request(number, reply, now)
        else:
            self._ack_s.append(now - self._asked_at[number])
            self._waits_for[number] = 0
            self._discover_next()

    def _discover_next(self) -> None:
        if self._next < self._clients:
            number, self._next = self._next, self._next + 1
            self._ask(number, self._discovers[number], OFFER, time.perf_counter())

    def _request(self, number: int, offer: bytes, now: float) -> None:
        # There is one server, whose identifier is looked for once.
        self._server_id = self._server_id or server_id_of(offer)
        request = self._requests[number]
        request[_REQUESTED_ADDRESS] = offer[_YOUR_ADDRESS]
        request[_SERVER_ID] = self._server_id
        self._ask(number, request, ACK, now)

    def _ask(self, number: int, packet: bytearray, waits_for: int, now: float) -> None:
        self._waits_for[number] = waits_for
        self._asked_at[number] = now
        self._asked.append((now, number, waits_for))
        self._send(packet)

    def _ask_again(self) -> None:
        late = time.perf_counter() - RETRY_AFTER_S
        while self._asked and self._asked[0][0] < late:
            _, number, waited_for = self._asked.popleft()
            if self._waits_for[number] == waited_for:
                self._retries += 1
                # Its latency counts from the first time.
                self._asked.append((time.perf_counter(), number, waited_for))
                self._send((self._discovers if waited_for == OFFER else self._requests)[number])

    def _send(self, packet: bytearray) -> None:
        # Where the interface's queue is full, the packet is as if lost on the way.
        with contextlib.suppress(BlockingIOError):
            self._socket.send(packet)


def open_packet_socket(interface: str) -> socket.socket:
    """For IPv4 alone: a server that probes addresses broadcasts many ARP requests."""
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
    opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
    opened.bind((interface, ETH_P_IP))
    opened.setblocking(False)
    return opened


def frame(number: int, message_type: int, flags: int) -> bytearray:
    """A whole frame of the client. In a DHCPREQUEST, two options are to be filled in."""
    mac = (0x0200_5E00_0000 + number).to_bytes(6, "big")
    options = b"\x35\x01" + bytes((message_type,))
    if message_type == REQUEST:
        options += b"\x32\x04\0\0\0\0" + b"\x36\x04\0\0\0\0"
    options += b"\x37\x04\x01\x03\x06\x33\xff"  # asks for mask, routers, name servers, lease time
    head = b"\x01\x01\x06\0" + number.to_bytes(4, "big") + b"\0\0" + flags.to_bytes(2, "big") + bytes(16)
    # 300 bytes: a BOOTP relay or server may take less for no message (RFC 1542 §2.1).
    bootp = (head + mac.ljust(16, b"\0") + bytes(192) + b"\x63\x82\x53\x63" + options).ljust(300, b"\0")
    # Without a UDP checksum, which is allowed (RFC 768): the filled in options would change it.
    udp = b"\0\x44\0\x43" + (8 + len(bootp)).to_bytes(2, "big") + b"\0\0"
    ip = bytearray(b"\x45\0" + (28 + len(bootp)).to_bytes(2, "big") + bytes(4) + b"\x40\x11\0\0")
    ip += bytes(4) + b"\xff" * 4
    ip[10:12] = checksum(ip).to_bytes(2, "big")
    return bytearray(b"\xff" * 6 + mac + ETH_P_IP.to_bytes(2, "big") + ip + udp + bootp)


_REQUESTED_ADDRESS = slice(_OPTIONS + 5, _OPTIONS + 9)
_SERVER_ID = slice(_OPTIONS + 11, _OPTIONS + 15)


def checksum(header: bytes | bytearray) -> int:
    total = sum(int.from_bytes(header[at : at + 2], "big") for at in range(0, len(header), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def type_of(reply: bytes) -> int:
    # Servers put it first; one that did not would still be understood.
    if reply[_OPTIONS : _OPTIONS + 2] == b"\x35\x01":
        return reply[_OPTIONS + 2]
    return option(reply, 53)[0]


def server_id_of(reply: bytes) -> bytes:
    return option(reply, 54)


def option(reply: bytes, wanted: int) -> bytes:
    """Its value. An assert fails where it is missing: the servers are known ones."""
    at = _OPTIONS
    while at + 1 < len(reply) and reply[at] != 255:
        code, length = reply[at], reply[at + 1]
        if code == wanted:
            return reply[at + 2 : at + 2 + length]
        at += 1 if code == 0 else 2 + length
    raise AssertionError(f"a reply without option {wanted}: {reply.hex()}")


def percentiles(seconds: list[float]) -> Percentiles | None:
    if not seconds:
        return None
    milliseconds = sorted(each * 1e3 for each in seconds)
    last = len(milliseconds) - 1
    return Percentiles(milliseconds[last // 2], milliseconds[last * 99 // 100], milliseconds[last])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.support.lab.dhcp_load", description=__doc__)
    parser.add_argument("interface")
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--within", type=float, required=True, metavar="SECONDS")
    parser.add_argument("--broadcast", action="store_true")
    arguments = parser.parse_args()
    crowd = Load(arguments.interface, arguments.clients, arguments.in_flight, broadcast=arguments.broadcast)
    print(json.dumps(asdict(crowd.run(arguments.within))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
