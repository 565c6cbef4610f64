"""Our TFTP client over real sockets, as a driver would run it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from ipaddress import IPv4Address
from itertools import count
from random import Random
from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING

from tests.support.sockets_inside import udp_socket
from wireboot.endpoint import Datagram, SocketAddress
from wireboot.protocols.tftp.client import PORTS_MAX, TftpClient
from wireboot.protocols.tftp.client_retry import WIREBOOT, ClientRetry
from wireboot.protocols.tftp.fetch import Fetched, FetchFailed

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from tests.support.lab.namespace import Namespace
    from wireboot.protocols.tftp.requested_options import RequestedOptions

FETCH_WITHIN_S = 60.0
_DATAGRAM_SIZE_MAX = 65535
_LOOK_AT_THE_CLOCK_S = 0.1

# Each fetch has ports of its own, so that what a server still has to say about an earlier one cannot disturb it.
_first_ports = count(20_000, PORTS_MAX)


def fetch_file(
    namespace: Namespace,
    own_address: str,
    server: str,
    file: str,
    request: RequestedOptions,
    *,
    retry: ClientRetry = WIREBOOT,
    size_bytes_max: int = 1 << 30,
    loss: float = 0.0,
) -> Fetched | FetchFailed:
    """How the fetch ends. Nobody stays to acknowledge a repeated last block.

    `loss` is the part of the packets that get lost, the same ones in each run if the server sends the same.
    """
    random = Random(file)
    local = SocketAddress(IPv4Address(own_address), next(_first_ports))
    with ExitStack() as opened:
        ports = range(local.port, local.port + PORTS_MAX)
        sockets = {port: opened.enter_context(udp_socket(namespace, port, own_address)) for port in ports}
        selector = opened.enter_context(DefaultSelector())
        for port, own in sockets.items():
            selector.register(own, EVENT_READ, port)
        client = TftpClient(
            file,
            SocketAddress(IPv4Address(server), 69),
            local,
            "eth0",
            request=request,
            retry=retry,
            size_bytes_max=size_bytes_max,
            now=time.time(),
        )
        deadline = time.time() + FETCH_WITHIN_S
        end = _settle(client, sockets, random, loss)
        while end is None and time.time() < deadline:
            for key, _ in selector.select(_LOOK_AT_THE_CLOCK_S):
                payload, (host, port) = sockets[key.data].recvfrom(_DATAGRAM_SIZE_MAX)
                if random.random() < loss:
                    continue
                peer = SocketAddress(IPv4Address(host), port)
                client.receive_datagram(Datagram(payload, peer, local._replace(port=key.data), "eth0"), time.time())
            client.handle_timeout(time.time())
            end = _settle(client, sockets, random, loss)
    assert end is not None, f"{file} from {server}: no end within {FETCH_WITHIN_S:g} s"
    return end


def _settle(
    client: TftpClient, sockets: Mapping[int, socket.socket], random: Random, loss: float
) -> Fetched | FetchFailed | None:
    end = None
    while (event := client.next_event()) is not None:
        if isinstance(event, Fetched | FetchFailed):
            end = event
    for datagram in client.datagrams_to_send():
        if random.random() >= loss:
            sockets[datagram.local.port].sendto(datagram.payload, (str(datagram.peer.host), datagram.peer.port))
    return end
