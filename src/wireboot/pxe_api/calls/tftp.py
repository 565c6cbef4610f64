"""The TFTP services of the PXE API: a file block by block, a file as a whole, its size (PXE 2.1, TFTP API).

READ_FILE_PMODE, which only PXE 1.x has, is not provided.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.endpoint import SocketAddress
from wireboot.protocols.tftp.client import PORTS_MAX, TftpClient
from wireboot.protocols.tftp.client_retry import WIREBOOT, ClientRetry
from wireboot.protocols.tftp.fetch import Fetched, FetchFailed, FetchProblem, FileSizeTold
from wireboot.protocols.tftp.mtftp import MtftpParameters
from wireboot.protocols.tftp.mtftp_client import MtftpClient
from wireboot.protocols.tftp.options import BLKSIZE_DEFAULT
from wireboot.protocols.tftp.packet import ErrorCode
from wireboot.protocols.tftp.requested_options import RequestedOptions
from wireboot.pxe_api import opcodes
from wireboot.pxe_api.base_code import BaseCode
from wireboot.pxe_api.calls.file_transfer import FileTransfer
from wireboot.pxe_api.calls.udp import UdpServices
from wireboot.pxe_api.dispatcher import PxeApi
from wireboot.pxe_api.memory import Memory
from wireboot.pxe_api.status import ServiceFailed, Status
from wireboot.pxe_api.structures import ParameterBlock, TftpGetFsize, TftpOpen, TftpRead, TftpReadFile
from wireboot.wire import ipv4, udp
from wireboot.wire.addresses import LIMITED_BROADCAST, UNSPECIFIED
from wireboot.wire.iana import Port

CALL_S_MAX = 3600.0
"""Of one call, however slowly a server goes on."""
FILE_SIZE_MAX = 0xFFFFFFFF
"""What the blocks have room for."""
MULTICAST_WAIT_S_MAX = 255
"""As long as DHCP can ask a client to wait (PXE 2.1, tags 4 and 5), where a caller's 16 bits hold more."""

_BLKSIZE_MAX = 65464
_DATA_HEADER_SIZE = 4
_PORTS = range(49152, 65536 - PORTS_MAX, PORTS_MAX)
"""IANA's dynamic ports. Each transfer has some of its own, so that what comes late for one does not meet the next."""


@dataclass(slots=True)
class _Connection:
    """What OPEN has opened."""

    transfer: FileTransfer
    blocks: deque[bytes]
    """Those that have come and were not read. More come in READ alone, and only when there is none: a few at most."""
    ends: ExitStack
    """What is to be done when it is closed."""
    packets_read: int = 0


class TftpServices:
    """One file at a time, and none while UDP is open.

    PXE 2.1 would have a second OPEN fail with TFTP_OPEN. There are programs that forget to close, so a connection left
    open gives way to whatever TFTP service is called next.
    """

    def __init__(self, base: BaseCode, memory: Memory, udp: UdpServices, *, retry: ClientRetry = WIREBOOT) -> None:
        self._base, self._memory, self._udp, self._retry = base, memory, udp, retry
        self._connection: _Connection | None = None
        self._transfers = int(base.random() * len(_PORTS))

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def provide(self, api: PxeApi) -> None:
        api.provide(opcodes.TFTP_OPEN, self._open)
        api.provide(opcodes.TFTP_CLOSE, self._close)
        api.provide(opcodes.TFTP_READ, self._read)
        api.provide(opcodes.TFTP_READ_FILE, self._read_file)
        api.provide(opcodes.TFTP_GET_FSIZE, self._get_file_size)

    def close(self) -> None:
        """End the connection that is open, if any; its server is told so in the middle of a file."""
        if self._connection is not None:
            ends, self._connection = self._connection.ends, None
            ends.close()

    def read_whole(self, block: TftpReadFile, size_bytes_max: int) -> bytes:
        """The file that a block of READ_FILE asks for, its buffer left alone. Raises ServiceFailed."""
        content = bytearray()
        self._fetch(block, size_bytes_max, content.extend)
        return bytes(content)

    # Block by block

    def _open(self, block: TftpOpen) -> None:
        wanted = block.packet_size
        if wanted < BLKSIZE_DEFAULT:
            raise ServiceFailed(Status.TFTP_INVALID_PACKET_SIZE, f"{wanted} bytes")
        self._make_way()
        # 512 is what holds without an option, which old servers do not know.
        request = RequestedOptions(blksize=min(wanted, _BLKSIZE_MAX) if wanted > BLKSIZE_DEFAULT else None)
        blocks: deque[bytes] = deque()
        client = self._client(block, request, FILE_SIZE_MAX, port=block.tftp_port or Port.TFTP, keep=blocks.append)
        with ExitStack() as ends:
            transfer = ends.enter_context(self._hosted(client, block.gateway_ip))
            self._run(transfer, lambda: client.agreed is not None)
            assert client.agreed is not None
            block.packet_size = client.agreed.blksize
            self._connection = _Connection(transfer, blocks, ends.pop_all())

    def _read(self, block: TftpRead) -> None:
        connection = self._need_connection()
        blocks = connection.blocks
        if not blocks and not isinstance(connection.transfer.result, Fetched):
            self._run(connection.transfer, lambda: bool(blocks))
        # Programs leave the size of their buffer uninitialised. It has to hold what OPEN has answered.
        content = blocks[0] if blocks else b""
        self._memory.write(self._memory.address_of(block.buffer), content)
        if blocks:
            blocks.popleft()
            connection.packets_read += 1
        block.packet_number = connection.packets_read
        block.buffer_size = len(content)

    def _close(self, _: ParameterBlock) -> None:
        self._need_connection()
        self.close()

    def _need_connection(self) -> _Connection:
        if self._connection is None:
            raise ServiceFailed(Status.TFTP_CLOSED)
        return self._connection

    # As a whole

    def _read_file(self, block: TftpReadFile) -> None:
        end = block.buffer

        def keep(data: bytes) -> None:
            # At once, so that nothing of the caller's size has to be kept here. A fault ends the transfer.
            nonlocal end
            self._memory.write(end, data)
            end += len(data)

        self._fetch(block, block.buffer_size, keep)
        block.buffer_size = end - block.buffer

    def _fetch(self, block: TftpReadFile, size_bytes_max: int, keep: Callable[[bytes], object]) -> None:
        """By multicast, where the block says so and it can be had; else by TFTP from port 69, as a client boots."""
        self._make_way()
        if block.mcast_ip != UNSPECIFIED and (content := self._by_multicast(block, size_bytes_max)) is not None:
            keep(content)
            return
        blksize = self._base.undi.mtu - ipv4.HEADER_SIZE - udp.HEADER_SIZE - _DATA_HEADER_SIZE
        # With the size known at once, a file that is too large is not begun with.
        request = RequestedOptions(blksize=min(max(blksize, BLKSIZE_DEFAULT), _BLKSIZE_MAX), tsize=True)
        client = self._client(block, request, size_bytes_max, keep=keep)
        with self._hosted(client, block.gateway_ip) as transfer:
            self._run(transfer)

    def _by_multicast(self, block: TftpReadFile, size_bytes_max: int) -> bytes | None:
        """None: TFTP is to be tried."""
        if not block.mcast_ip.is_multicast:
            raise ServiceFailed(Status.TFTP_NO_MCAST_ADDRESS, str(block.mcast_ip))
        if not (block.client_port and block.server_port):
            return None
        parameters = MtftpParameters(
            group=block.mcast_ip,
            client_port=block.client_port,
            server_port=block.server_port,
            listen_timeout_s=min(block.open_timeout_s, MULTICAST_WAIT_S_MAX),
            transmit_timeout_s=min(block.reopen_delay_s, MULTICAST_WAIT_S_MAX),
        )
        client = MtftpClient(
            _file_name(block.file_name),
            _server(block.server_ip),
            parameters,
            UNSPECIFIED,
            self._base.interface,
            size_bytes_max=size_bytes_max,
            random=self._base.random,
            now=self._base.surroundings.now(),
        )
        with self._hosted(client, block.gateway_ip) as transfer:
            try:
                self._run(transfer)
            except ServiceFailed:
                if isinstance(transfer.result, FetchFailed) and transfer.result.problem is FetchProblem.NO_MULTICAST:
                    return None
                raise
            assert isinstance(transfer.result, Fetched)
            return transfer.result.content

    def _get_file_size(self, block: TftpGetFsize) -> None:
        self._make_way()
        # ERROR 0 is how the ROMs of the BIOS take leave when they have the size.
        request = RequestedOptions(size_only=True, size_probe_ended_with=ErrorCode.UNDEFINED)
        client = self._client(block, request, FILE_SIZE_MAX)
        with self._hosted(client, block.gateway_ip) as transfer:
            self._run(transfer)
            assert isinstance(transfer.result, FileSizeTold)
            if transfer.result.size_bytes is None:
                raise ServiceFailed(Status.TFTP_NO_FILESIZE, f"{block.server_ip} does not say")
            block.file_size = transfer.result.size_bytes

    # Transfers

    def _make_way(self) -> None:
        if self._udp.is_open:
            raise ServiceFailed(Status.UDP_OPEN)
        self.close()

    def _client(
        self,
        block: TftpOpen | TftpReadFile | TftpGetFsize,
        request: RequestedOptions,
        size_bytes_max: int,
        *,
        port: int = Port.TFTP,
        keep: Callable[[bytes], object] | None = None,
    ) -> TftpClient:
        self._transfers += 1
        return TftpClient(
            _file_name(block.file_name),
            SocketAddress(_server(block.server_ip), port),
            # The host puts its own address in.
            SocketAddress(UNSPECIFIED, _PORTS[self._transfers % len(_PORTS)]),
            self._base.interface,
            request=request,
            retry=self._retry,
            size_bytes_max=size_bytes_max,
            now=self._base.surroundings.now(),
            keep=keep,
        )

    @contextmanager
    def _hosted(self, client: TftpClient | MtftpClient, gateway: IPv4Address) -> Iterator[FileTransfer]:
        """The card is open, and the client lives in the host, as long as the context lasts."""
        base = self._base
        with base.routed_by(gateway), base.opened():
            transfer = FileTransfer(client, base.surroundings.now())
            base.host_endpoint(transfer)
            try:
                yield transfer
            finally:
                transfer.abort()
                try:
                    base.settle()
                finally:
                    base.vacate()

    def _run(self, transfer: FileTransfer, enough: Callable[[], bool] = lambda: False) -> None:
        """Until there is `enough`, or a result. Raises ServiceFailed where the file does not come."""
        if transfer.result is None:
            ends_at = self._base.surroundings.now() + CALL_S_MAX
            self._base.run(transfer, finished=lambda: transfer.result is not None or enough(), ends_at=ends_at)
        if enough():
            return
        if (failure := transfer.failure()) is not None:
            raise failure
        if transfer.result is None:
            raise ServiceFailed(Status.TFTP_READ_TIMEOUT, f"{CALL_S_MAX:.0f} seconds are over")


def _file_name(name: bytes) -> str:
    """All the bytes that the block holds before a NUL, which need not be there."""
    if not name:
        raise ServiceFailed(Status.TFTP_FILE_NOT_FOUND, "no file is named")
    # As the servers of wireboot read names: UTF-8, or else a letter for each byte.
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("latin-1")


def _server(address: IPv4Address) -> IPv4Address:
    if address.is_multicast or address.is_loopback or address in (UNSPECIFIED, LIMITED_BROADCAST):
        raise ServiceFailed(Status.TFTP_CANNOT_OPEN_CONNECTION, f"no server has the address {address}")
    return address
