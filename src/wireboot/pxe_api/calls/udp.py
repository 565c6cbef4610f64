"""The UDP services of the PXE API: OPEN, CLOSE, READ and WRITE (PXE 2.1, UDP API)."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from ipaddress import IPv4Address, IPv4Interface

from wireboot.endpoint import AddressAcquired, Datagram, DatagramDropped, Event, Outbox, SocketAddress, Unreachable
from wireboot.pxe_api import opcodes
from wireboot.pxe_api.base_code import BaseCode
from wireboot.pxe_api.calls.file_transfer import FileTransfer
from wireboot.pxe_api.dispatcher import PxeApi
from wireboot.pxe_api.ip.sender import PAYLOAD_SIZE_MAX
from wireboot.pxe_api.memory import Memory
from wireboot.pxe_api.status import ServiceFailed, Status
from wireboot.pxe_api.structures import ParameterBlock, UdpOpen, UdpRead, UdpWrite
from wireboot.wire.addresses import LIMITED_BROADCAST, UNSPECIFIED

SERVICE = "udp api"
SOURCE_PORT_DEFAULT = 2069
"""Of a WRITE that names none (PXE 2.1, UDP WRITE)."""
QUEUE_DATAGRAMS_MAX = 256
_ARP_S_MAX = 10.0
"""ARP gives up much earlier."""
_HOST_PREFIX = 32


class UdpServices:
    """While UDP is open, the host belongs to the boot program: any port of it, to read from and to write from."""

    def __init__(self, base: BaseCode, memory: Memory, *, idle_wait_s: float = 0.0) -> None:
        """`idle_wait_s`: how long a READ lets time pass before it says that nothing has come.

        PXE's READ never waits, and programs call it without a break; a little of it spares the processor that they
        run on.
        """
        self._base, self._memory, self._idle_wait_s = base, memory, idle_wait_s
        self._socket: UdpSocket | None = None
        self._card = ExitStack()

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    def provide(self, api: PxeApi) -> None:
        api.provide(opcodes.UDP_OPEN, self._open)
        api.provide(opcodes.UDP_CLOSE, self._close)
        api.provide(opcodes.UDP_READ, self._read)
        api.provide(opcodes.UDP_WRITE, self._write)

    def close(self) -> None:
        """End what is open, if anything is."""
        if self._socket is not None:
            self._socket = None
            self._base.vacate()
            self._card.close()

    # Services

    def _open(self, block: UdpOpen) -> None:
        if self.is_open:
            raise ServiceFailed(Status.UDP_OPEN)
        if isinstance(self._base.endpoint, FileTransfer):
            raise ServiceFailed(Status.TFTP_OPEN)
        address = block.src_ip
        if not _may_be_ours(address):
            raise ServiceFailed(Status.UNDI_INVALID_PARAMETER, f"no host has the address {address}")
        self._card.enter_context(self._base.opened())
        self._socket = UdpSocket(self._base.interface)
        self._base.host_endpoint(self._socket)
        self._be(address)

    def _close(self, _: ParameterBlock) -> None:
        self._need_socket()
        self.close()

    def _read(self, block: UdpRead) -> None:
        socket = self._need_socket()
        # 0.0.0.0 and 0 stand for any.
        to_host, to_port = block.dest_ip, block.dest_port
        datagram = socket.take(to_host, to_port) or self._poll(socket, to_host, to_port)
        if datagram is None:
            raise ServiceFailed(Status.FAILURE)
        # What does not fit is lost, as PXE has it.
        payload = datagram.payload[: block.buffer_size]
        self._memory.write(self._memory.address_of(block.buffer), payload)
        source = datagram.peer.host
        assert isinstance(source, IPv4Address)
        block.src_ip, block.src_port = source, datagram.peer.port
        # PXE 2.1 does not ask for these two, but NTLDR does.
        block.dest_ip, block.dest_port = _destination(datagram), datagram.local.port
        block.buffer_size = len(payload)

    def _write(self, block: UdpWrite) -> None:
        socket = self._need_socket()
        size, peer = block.buffer_size, SocketAddress(block.ip, block.dest_port)
        if size > PAYLOAD_SIZE_MAX:
            raise ServiceFailed(Status.OUT_OF_RESOURCES, f"no IP packet holds {size} bytes")
        payload = self._memory.read(self._memory.address_of(block.buffer), size)
        base = self._base
        refused_before = base.frames_not_sent
        with base.routed_by(block.gateway_ip):
            socket.write(payload, block.src_port or SOURCE_PORT_DEFAULT, peer)
            base.settle()
        if base.is_asking and base.frames_not_sent == refused_before:
            self._wait_for_arp(socket, peer)
        if base.frames_not_sent != refused_before:
            raise ServiceFailed(Status.UNDI_TRANSMIT_ERROR, f"to {peer}")

    # Helpers

    def _need_socket(self) -> UdpSocket:
        if self._socket is None:
            raise ServiceFailed(Status.UDP_CLOSED)
        return self._socket

    def _be(self, address: IPv4Address) -> None:
        """Have this address from now on, and for whatever else the stack does (PXE 2.1, UDP OPEN); 0.0.0.0: as is."""
        assert self._socket is not None
        interface = self._base.address
        if address in (UNSPECIFIED, interface and interface.ip):
            return
        prefix = interface.network.prefixlen if interface else _HOST_PREFIX
        self._socket.tell(AddressAcquired(IPv4Interface((address, prefix)), self._base.routers))
        self._base.settle()

    def _poll(self, socket: UdpSocket, to_host: IPv4Address, to_port: int) -> Datagram | None:
        self._base.poll()
        datagram = socket.take(to_host, to_port)
        if datagram is None and self._idle_wait_s > 0:
            surroundings = self._base.surroundings
            surroundings.wait(surroundings.now() + self._idle_wait_s)
            self._base.poll()
            datagram = socket.take(to_host, to_port)
        return datagram

    def _wait_for_arp(self, socket: UdpSocket, peer: SocketAddress) -> None:
        """Raises ServiceFailed where nobody answers."""
        base = self._base
        base.run(socket, finished=lambda: not base.is_asking, ends_at=base.surroundings.now() + _ARP_S_MAX)
        if peer in socket.not_reached:
            raise ServiceFailed(Status.ARP_TIMEOUT, f"to {peer}")


class UdpSocket(Outbox):
    """Keeps what arrives at any port until it is read. A `HostedEndpoint`."""

    def __init__(self, interface: str) -> None:
        super().__init__()
        self._interface = interface
        self._received: deque[Datagram] = deque()
        self.not_reached: set[SocketAddress] = set()
        """Those whom nobody answers ARP for, since the last WRITE."""

    def take(self, to_host: IPv4Address, to_port: int) -> Datagram | None:
        """The oldest datagram to this address (0.0.0.0: any) and port (0: any) of ours."""
        for at, datagram in enumerate(self._received):
            if to_port in (0, datagram.local.port) and to_host in (UNSPECIFIED, _destination(datagram)):
                del self._received[at]
                return datagram
        return None

    def write(self, payload: bytes, from_port: int, peer: SocketAddress) -> None:
        self.not_reached.clear()
        # The host puts its own address in.
        self._send(Datagram(payload, peer, SocketAddress(UNSPECIFIED, from_port), self._interface))

    def tell(self, event: Event) -> None:
        """Ask something of the host."""
        self._tell(event)

    # HostedEndpoint

    def receive_datagram(self, datagram: Datagram, now: float) -> None:  # noqa: ARG002  # the shape asks for it
        if len(self._received) == QUEUE_DATAGRAMS_MAX:
            # The oldest, though a card would lose the newest: it may be for a port that nobody reads any more.
            lost = self._received.popleft()
            self._tell(DatagramDropped(SERVICE, "not read", lost.peer, lost.interface))
        self._received.append(datagram)

    def handle_timeout(self, now: float) -> None: ...

    def next_timeout(self) -> float | None:
        return None

    def address_taken(self, address: IPv4Address, link_address: bytes, now: float) -> None: ...

    def unreachable(self, peer: SocketAddress, reason: Unreachable, now: float) -> None:  # noqa: ARG002  # the shape asks for it
        if reason is Unreachable.NO_ARP_ANSWER:
            self.not_reached.add(peer)


def _destination(datagram: Datagram) -> IPv4Address:
    """Where it was sent to. Which broadcast or group it was is not known here, and nobody asks for one but for all."""
    host = LIMITED_BROADCAST if datagram.to_group else datagram.local.host
    assert isinstance(host, IPv4Address)
    return host


def _may_be_ours(address: IPv4Address) -> bool:
    return not (address.is_multicast or address.is_loopback or address == LIMITED_BROADCAST)
