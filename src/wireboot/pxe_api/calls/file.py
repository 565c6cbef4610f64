"""iPXE's FILE API, for boot programs that leave URLs to the stack: PXELINUX and GRUB4DOS ask whether it is there.

A file is fetched as a whole when it is opened: reading never has to wait then, and is never short before the end, which
GRUB4DOS would take for the end. FILE_EXEC and FILE_CMDLINE are about iPXE's command line, which is not here, and
FILE_EXIT_HOOK about a stack below this one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.endpoint import SocketAddress
from wireboot.protocols.tftp.client import PORTS_MAX, TftpClient
from wireboot.protocols.tftp.client_retry import WIREBOOT
from wireboot.protocols.tftp.fetch import Fetched
from wireboot.protocols.tftp.options import BLKSIZE_DEFAULT
from wireboot.protocols.tftp.requested_options import RequestedOptions
from wireboot.pxe_api import opcodes
from wireboot.pxe_api.base_code import BaseCode
from wireboot.pxe_api.calls.file_transfer import FileTransfer
from wireboot.pxe_api.dispatcher import PxeApi
from wireboot.pxe_api.memory import Memory, read_string
from wireboot.pxe_api.status import ServiceFailed, Status
from wireboot.pxe_api.structures import FileApiCheck, FileClose, FileOpen, FileRead, FileSelect, GetFileSize
from wireboot.wire import ipv4, udp
from wireboot.wire.addresses import LIMITED_BROADCAST, UNSPECIFIED
from wireboot.wire.iana import Port

HANDLES_MAX = 16
"""PXELINUX has a handful open at the most."""
BYTES_MAX = 512 << 20
"""Of all open files together."""
URL_BYTES_MAX = 512
OPEN_S_MAX = 3600.0
"""However slowly a server goes on."""

MAGIC_ASKED, MAGIC_ANSWERED = 0x91D447B2, 0xE9C17B20
PROVIDER = 0x45585067
"""iPXE's own."""
READY_TO_READ = 0x0001

_URL = re.compile(rb"tftp://(?P<host>[0-9.]+)(?::(?P<port>[0-9]{1,5}))?/(?P<name>.*)", re.IGNORECASE | re.DOTALL)
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")

_PROVIDED = (
    opcodes.FILE_OPEN,
    opcodes.FILE_CLOSE,
    opcodes.FILE_SELECT,
    opcodes.FILE_READ,
    opcodes.GET_FILE_SIZE,
    opcodes.FILE_API_CHECK,
)
_DATA_HEADER_SIZE = 4
_PORTS = range(32768, 49152 - PORTS_MAX, PORTS_MAX)
"""Each file is fetched from ports of its own, and none of those that the TFTP services have."""


class FileServices:
    """While a file is fetched, whoever lived in the host waits outside: PXELINUX has UDP open all the while."""

    def __init__(self, base: BaseCode, memory: Memory, boot_server: IPv4Address) -> None:
        """Names that are no URL are asked of `boot_server`."""
        self._base, self._memory, self._boot_server = base, memory, boot_server
        self._files: dict[int, _OpenFile] = {}
        self._fetched = int(base.random() * len(_PORTS))

    def provide(self, api: PxeApi) -> None:
        api.provide(opcodes.FILE_OPEN, self._open)
        api.provide(opcodes.FILE_CLOSE, self._close)
        api.provide(opcodes.FILE_SELECT, self._select)
        api.provide(opcodes.FILE_READ, self._read)
        api.provide(opcodes.GET_FILE_SIZE, self._get_size)
        api.provide(opcodes.FILE_API_CHECK, self._check)

    def _open(self, block: FileOpen) -> None:
        server, name = self._parse(read_string(self._memory, self._memory.address_of(block.file_name), URL_BYTES_MAX))
        handle = next((number for number in range(1, HANDLES_MAX + 1) if number not in self._files), None)
        if handle is None:
            raise ServiceFailed(Status.OUT_OF_RESOURCES, f"{HANDLES_MAX} files are open")
        room = BYTES_MAX - sum(len(each.content) for each in self._files.values())
        self._files[handle] = _OpenFile(self._fetch(name, server, room))
        block.file_handle = handle

    def _fetch(self, name: str, server: SocketAddress, size_bytes_max: int) -> bytes:
        """Raises ServiceFailed."""
        base, now = self._base, self._base.surroundings.now()
        self._fetched += 1
        client = TftpClient(
            name,
            server,
            # The host puts its own address in.
            SocketAddress(UNSPECIFIED, _PORTS[self._fetched % len(_PORTS)]),
            base.interface,
            request=RequestedOptions(blksize=_blksize(base.undi.mtu), tsize=True),
            retry=WIREBOOT,
            size_bytes_max=size_bytes_max,
            now=now,
        )
        transfer = FileTransfer(client, now)
        lived_here = base.endpoint
        with base.opened():
            try:
                base.run(transfer, finished=lambda: transfer.result is not None, ends_at=now + OPEN_S_MAX)
                transfer.abort()
                base.settle()
            finally:
                base.host_endpoint(lived_here)
        if (failure := transfer.failure()) is not None:
            raise failure
        if not isinstance(transfer.result, Fetched):
            raise ServiceFailed(Status.TFTP_READ_TIMEOUT, f"{OPEN_S_MAX:.0f} seconds are over")
        return transfer.result.content

    def _close(self, block: FileClose) -> None:
        # As in iPXE, closing what is not open is no failure.
        self._files.pop(block.file_handle, None)

    def _select(self, block: FileSelect) -> None:
        self._file(block.file_handle)
        block.ready = READY_TO_READ

    def _read(self, block: FileRead) -> None:
        file = self._file(block.file_handle)
        piece = file.content[file.position : file.position + block.buffer_size]
        self._memory.write(self._memory.address_of(block.buffer), piece)
        file.position += len(piece)
        block.buffer_size = len(piece)

    def _get_size(self, block: GetFileSize) -> None:
        block.file_size = len(self._file(block.file_handle).content)

    def _check(self, block: FileApiCheck) -> None:
        if block.magic != MAGIC_ASKED:
            raise ServiceFailed(Status.BAD_FUNC, f"asked with {block.magic:#010x}")
        if block.size < FileApiCheck.SIZE:
            raise ServiceFailed(Status.OUT_OF_RESOURCES, f"a block of {block.size} bytes")
        block.size = FileApiCheck.SIZE
        block.magic = MAGIC_ANSWERED
        block.provider = PROVIDER
        block.api_mask = sum(1 << (each.opcode - opcodes.FILE_OPEN.opcode) for each in _PROVIDED)
        block.flags = 0

    def _file(self, handle: int) -> _OpenFile:
        if handle not in self._files:
            # As iPXE says it.
            raise ServiceFailed(Status.TFTP_CLOSED, f"there is no file {handle}")
        return self._files[handle]

    def _parse(self, url: bytes) -> tuple[SocketAddress, str]:
        """Whom to ask, and for which name. Raises ServiceFailed."""
        host, port, name = self._boot_server, int(Port.TFTP), url
        if b"://" in url:
            host, port, name = _parts(url)
        if not 0 < port <= 0xFFFF or host.is_multicast or host in (UNSPECIFIED, LIMITED_BROADCAST):
            raise ServiceFailed(Status.TFTP_CANNOT_OPEN_CONNECTION, f"no server is at {host}:{port}")
        return SocketAddress(host, port), _file_name(name)


@dataclass(slots=True)
class _OpenFile:
    content: bytes
    position: int = 0
    """Of what is read next."""


def _parts(url: bytes) -> tuple[IPv4Address, int, bytes]:
    """Host, port and path. Raises ServiceFailed."""
    found = _URL.fullmatch(url)
    if found is None:
        raise ServiceFailed(Status.UNSUPPORTED, f"no TFTP URL with an IPv4 address: {url!a}")
    try:
        host = IPv4Address(found["host"].decode())
    except ValueError:
        raise ServiceFailed(Status.UNSUPPORTED, f"not an IPv4 address: {found['host']!a}") from None
    return host, int(found["port"] or Port.TFTP), found["name"]


def _blksize(mtu: int) -> int:
    return max(mtu - ipv4.HEADER_SIZE - udp.HEADER_SIZE - _DATA_HEADER_SIZE, BLKSIZE_DEFAULT)


def _file_name(escaped: bytes) -> str:
    """Raises ServiceFailed where it cannot be a file's name."""
    raw = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), escaped)
    if not raw or b"\0" in raw:
        raise ServiceFailed(Status.TFTP_FILE_NOT_FOUND, f"no file can be called {escaped!a}")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
