"""Opens the sockets, and says what was done where a port is taken."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.endpoint import Event
from wireboot.net.interfaces import InterfaceTable
from wireboot.net.raw import RawSender
from wireboot.net.udp import BROADCAST_ONLY, PortTakenError, UdpSocket
from wireboot.wire.iana import Port

TFTP_TRANSFER_PORTS = 4
"""Enough that a client which asks twice from one port meets two transfer identifiers."""


@dataclass(frozen=True, slots=True)
class DhcpPortShared(Event):
    """Proxy mode beside a DHCP server on this host that shares port 67.

    What is sent to this host's own address stays the other's: leases are renewed that way.
    """

    what: str = "the DHCP server on this host shares port 67: broadcasts are heard there, unicasts go to it alone"
    hint: str = "clients behind a relay are served if it sends to another host with wireboot, or asks port 4011"


@dataclass(frozen=True, slots=True)
class DhcpPortLeftAlone(Event):
    """Proxy mode beside a DHCP server on this host that keeps port 67 to itself (PXE 2.1 §2.2.3)."""

    what: str = "the DHCP server on this host keeps port 67 to itself: only port 4011 is served"
    hint: str = "have the DHCP server on this host send option 60 with the value PXEClient"


@dataclass(frozen=True, slots=True)
class ProxyFallbackOff(Event):
    """To a client, two DHCP servers on one host are one: what one of them lends, the other refuses (DHCPNAK)."""

    what: str = "proxy_fallback lends no address: there is a DHCP server on this host, and clients take both for one"
    hint: str = "run wireboot on a host of its own, or take proxy_fallback out"


@dataclass(frozen=True, slots=True)
class RawFramesRefused(Event):
    """The system lets us send no frames of our own making."""

    what: str = "clients without an address are answered by broadcast; addresses are not probed before they are offered"
    hint: str = "run as root, or give the program CAP_NET_RAW"


def open_dhcp_server_port(interfaces: InterfaceTable) -> UdpSocket:
    """Port 67 for a DHCP server. Raises OperatorError when it is taken: two on one port lose each other's clients."""
    return UdpSocket(Port.DHCP_SERVER, interfaces, service="DHCP")


def open_dhcp_proxy_port(interfaces: InterfaceTable) -> tuple[UdpSocket | None, Event | None]:
    """Port 67 for a ProxyDHCP service, as much of it as a DHCP server on this host leaves, and what to say of it."""
    try:
        # Whether another is there shows only when we ask for the port alone.
        UdpSocket(Port.DHCP_SERVER, interfaces, service="ProxyDHCP").close()
        return UdpSocket(Port.DHCP_SERVER, interfaces, service="ProxyDHCP", shared=True), None
    except PortTakenError:
        pass
    try:
        shared = UdpSocket(Port.DHCP_SERVER, interfaces, service="ProxyDHCP", host=BROADCAST_ONLY, shared=True)
    except PortTakenError:
        return None, DhcpPortLeftAlone()
    return shared, DhcpPortShared()


def open_boot_server_port(interfaces: InterfaceTable, groups: Collection[IPv4Address]) -> UdpSocket:
    """`groups`: those at which clients may look for Boot Servers."""
    return UdpSocket(Port.BOOT_SERVER, interfaces, service="Boot Server", groups=groups)


def open_tftp_ports(port: int, interfaces: InterfaceTable) -> tuple[UdpSocket, list[UdpSocket]]:
    """The port for requests and the ports that transfers run on."""
    requests = UdpSocket(port, interfaces, service="TFTP")
    return requests, [UdpSocket(0, interfaces, service="TFTP") for _ in range(TFTP_TRANSFER_PORTS)]


def open_mtftp_port(port: int, interfaces: InterfaceTable) -> UdpSocket:
    return UdpSocket(port, interfaces, service="MTFTP")


def open_raw_sender(interfaces: InterfaceTable) -> RawSender | None:
    """None where the system refuses raw frames."""
    try:
        return RawSender(interfaces)
    except PermissionError:
        return None
