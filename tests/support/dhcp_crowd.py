"""Hundreds of DHCP clients over one real socket, as if they stood behind one relay."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from tests.support.lab.addresses import SERVER
from tests.support.sockets_inside import udp_socket
from wireboot.protocols.dhcp4.message import BOOTREPLY, BOOTREQUEST, Message, decode, encode
from wireboot.protocols.dhcp4.options import MESSAGE_TYPE, REQUESTED_ADDRESS, SERVER_IDENTIFIER, MessageType
from wireboot.wire.addresses import format_link_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

    from tests.support.lab.namespace import Namespace

DHCP_SERVER_PORT = 67
IN_FLIGHT_MAX = 64
"""How many clients ask at the same time."""
LOOK_EVERY_S = 0.02


@dataclass(slots=True, eq=False)
class SimulatedClient:
    number: int
    request: Message | None = None
    """What it waits for an answer to."""
    retry_at: float = 0.0
    offers: int = 0
    """How many it has been made."""
    acknowledged: list[IPv4Address] = field(default_factory=list)
    """Every address it has ever been told it has, oldest first."""

    @property
    def link_address(self) -> bytes:
        return b"\x02\0\0\0" + self.number.to_bytes(2, "big")

    @property
    def mac(self) -> str:
        return format_link_address(self.link_address)


class Crowd:
    """Clients that each ask for an address until they have it."""

    def __init__(self, relay: Namespace, address: str, size: int, *, retry_s: float = 0.5) -> None:
        """`address` is the relay's; it becomes giaddr, and so picks the subnet."""
        self._retry_s = retry_s
        self.clients = [SimulatedClient(number) for number in range(size)]
        self._giaddr = IPv4Address(address)
        self._socket = udp_socket(relay, DHCP_SERVER_PORT, host=address, timeout_s=0.05)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def acknowledgements(self) -> int:
        return sum(len(client.acknowledged) for client in self.clients)

    def ask(
        self, clients: Iterable[SimulatedClient], within_s: float, until: Callable[[], bool] = lambda: False
    ) -> bool:
        """Have these clients ask for an address. True when all have been told one; False when `until` came first."""
        waiting = list(clients)
        in_flight: dict[int, SimulatedClient] = {}
        deadline = time.monotonic() + within_s
        look_at = 0.0
        while waiting or in_flight:
            if time.monotonic() > deadline:
                return False
            if time.monotonic() > look_at:
                if until():
                    return False
                look_at = time.monotonic() + LOOK_EVERY_S
            while waiting and len(in_flight) < IN_FLIGHT_MAX:
                client = waiting.pop()
                in_flight[client.number] = client
                self._discover(client)
            with contextlib.suppress(TimeoutError):
                self._receive(in_flight)
            for client in in_flight.values():
                if client.request is not None and time.monotonic() > client.retry_at:
                    self._send(client, client.request)
        return True

    def hear_last_words(self, of_a_server_that_is_gone: Iterable[SimulatedClient]) -> None:
        """Take in what was sent before the server died."""
        in_flight = {client.number: client for client in of_a_server_that_is_gone}
        with contextlib.suppress(TimeoutError):
            while True:
                self._receive(in_flight)

    def _discover(self, client: SimulatedClient) -> None:
        self._send(client, self._message(client, MessageType.DISCOVER))

    def _receive(self, in_flight: dict[int, SimulatedClient]) -> None:
        payload, _ = self._socket.recvfrom(2048)
        reply = decode(payload)
        client = in_flight.get(int.from_bytes(reply.chaddr[-2:], "big"))
        if reply.op != BOOTREPLY or client is None or client.request is None or reply.xid != client.request.xid:
            return
        match reply.message_type, client.request.message_type:
            case MessageType.OFFER, MessageType.DISCOVER:
                client.offers += 1
                server = reply.options.get(SERVER_IDENTIFIER)
                assert server is not None
                request = self._message(client, MessageType.REQUEST)
                request = request.with_option(REQUESTED_ADDRESS, reply.yiaddr).with_option(SERVER_IDENTIFIER, server)
                self._send(client, request)
            case MessageType.ACK, MessageType.REQUEST:
                client.acknowledged.append(reply.yiaddr)
                client.request = None
                del in_flight[client.number]
            case MessageType.NAK, MessageType.REQUEST:
                self._discover(client)
            case _:
                pass  # a late answer to what has been asked again since

    def _message(self, client: SimulatedClient, message_type: MessageType) -> Message:
        # Each message has a number of its own, so that late answers are told apart.
        xid = client.number << 16 | (1 + (client.request.xid & 0xFFFF) if client.request else 0)
        message = Message(BOOTREQUEST, xid, client.link_address, giaddr=self._giaddr)
        return message.with_option(MESSAGE_TYPE, message_type)

    def _send(self, client: SimulatedClient, message: Message) -> None:
        client.request = message
        client.retry_at = time.monotonic() + self._retry_s
        self._socket.sendto(encode(message), (SERVER, DHCP_SERVER_PORT))
