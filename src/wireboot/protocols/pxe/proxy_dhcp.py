"""The ProxyDHCP service: names boot files beside a DHCP server that knows nothing of PXE (PXE 2.1 §2.2.3)."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram
from wireboot.protocols.dhcp4.endpoint import Answer
from wireboot.protocols.dhcp4.message import BROADCAST_FLAG, Message
from wireboot.protocols.dhcp4.options import REQUESTED_ADDRESS, SERVER_IDENTIFIER, MessageType
from wireboot.protocols.dhcp4.reply import start_reply
from wireboot.protocols.pxe.boot_answer import told
from wireboot.protocols.pxe.decision import Policy
from wireboot.protocols.pxe.events import OtherServerChosen
from wireboot.protocols.pxe.identity import PxeClient, identify


class ProxyDhcp:
    """A `Dhcp4Service` for port 67 that never gives an address."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def answer(self, request: Message, received: Datagram, now: float) -> Answer | None:  # noqa: ARG002  # the service's form
        client = identify(request)
        if client is None:
            return None
        if request.message_type is MessageType.DISCOVER:
            return self._offer(request, client, received)
        if request.message_type is MessageType.REQUEST:
            return _overheard(request)
        return None

    def _offer(self, request: Message, client: PxeClient, received: Datagram) -> Answer:
        server = received.local.host
        assert isinstance(server, IPv4Address), server
        reply = start_reply(request, MessageType.OFFER, server)
        # The client has no address yet, and ours is not the offer that brings one.
        reply = replace(reply, flags=reply.flags | BROADCAST_FLAG)
        return Answer(*told(reply, client, self._policy, server, "ProxyDHCP offer", request.ciaddr))


def _overheard(request: Message) -> Answer | None:
    server, address = request.options.get(SERVER_IDENTIFIER), request.options.get(REQUESTED_ADDRESS)
    if server is None or address is None:
        return None
    return Answer(None, (OtherServerChosen(request.chaddr, server, address),))
