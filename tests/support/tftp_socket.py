"""TFTP over a real socket: for what the common clients cannot be made to ask."""

from __future__ import annotations

import contextlib
import time
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from tests.support.lab.addresses import SERVER
from tests.support.sockets_inside import udp_socket
from tests.support.tftp_client import ModelClient
from wireboot.endpoint import SocketAddress
from wireboot.protocols.tftp.packet import Error, OptionAck, Options, Packet, ReadRequest, decode, encode

if TYPE_CHECKING:
    import socket

    from tests.support.lab.namespace import Namespace

REQUEST_PORT = 69
READ_WITHIN_S = 20.0
_DATAGRAM_SIZE_MAX = 65535


def read_file(namespace: Namespace, file: str, options: Options = (), *, server: str = SERVER) -> bytes:
    """The whole file, as a client gets it that agrees to what the server makes of the options."""
    with udp_socket(namespace, timeout_s=0.1) as own:
        client = ModelClient(SocketAddress(IPv4Address(0), own.getsockname()[1]), file, options)
        deadline = time.monotonic() + READ_WITHIN_S
        client.start(time.monotonic())
        while client.outcome is None and time.monotonic() < deadline:
            _send_all(client, own, server)
            with contextlib.suppress(TimeoutError):
                payload, (_, port) = own.recvfrom(_DATAGRAM_SIZE_MAX)
                client.receive(decode(payload), port, time.monotonic())
            if client.wake_at is not None and client.wake_at <= time.monotonic():
                client.handle_timeout(time.monotonic())
        _send_all(client, own, server)
    assert client.outcome == "complete", f"{file} {options}: {client.outcome}"
    return bytes(client.content)


def ask(namespace: Namespace, request: Packet | bytes, *, server: str = SERVER) -> Packet:
    """The first answer to a request. An offer of options is turned down, so that the server does not wait for us."""
    with udp_socket(namespace) as own:
        own.sendto(request if isinstance(request, bytes) else encode(request), (server, REQUEST_PORT))
        payload, transfer = own.recvfrom(_DATAGRAM_SIZE_MAX)
        answer = decode(payload)
        if not isinstance(answer, Error):
            own.sendto(encode(Error(8, "just asking")), transfer)
        return answer


def agreed_options(namespace: Namespace, file: str, *, server: str = SERVER, **asked: int) -> dict[str, int]:
    """What the server makes of these options."""
    request = ReadRequest(file, "octet", tuple((name, str(value)) for name, value in asked.items()))
    answer = ask(namespace, request, server=server)
    assert isinstance(answer, OptionAck), answer
    return {name: int(value) for name, value in answer.options}


def _send_all(client: ModelClient, own: socket.socket, server: str) -> None:
    for packet, port in client.sending:
        own.sendto(encode(packet), (server, port))
    client.sending.clear()
