"""The boot files of a site: the operator's own as far as they are there, and stand-ins for the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from random import Random

from wireboot.boot.loaders import FoundLoaders
from wireboot.config.model import Configuration
from wireboot.endpoint import SocketAddress
from wireboot.protocols.tftp.file_name import normalise
from wireboot.protocols.tftp.files import FileRefused
from wireboot.protocols.tftp.packet import ErrorCode

SIZE_BYTES_MAX = 256 * 1024
"""Of a file in a simulation: enough for many windows, and a thousand machines are through in seconds."""
_STAND_IN_SIZES_BYTES = (40_000, 65_536, 100_352, 149_736)
"""Whole multiples of 512, 1024 and 1468 are among them: such a file ends with an empty block (RFC 1350 §6)."""

ReadFile = Callable[[str, int], bytes | None]
"""At most so many bytes of a real file; None where there is none."""


@dataclass(frozen=True, slots=True)
class FileNote:
    """A file that was served otherwise than it lies on the disk."""

    name: str
    size_bytes: int
    stand_in: bool
    """Made up, since it is not there; otherwise only its beginning was used."""


class SimulatedFiles:
    """A `BootFiles`. Names that the configuration does not know, and that are not there, are refused."""

    def __init__(self, expected: Collection[str], read: ReadFile, size_bytes_max: int = SIZE_BYTES_MAX) -> None:
        self._expected = {normalise(name) for name in expected}
        self._read, self._size_bytes_max = read, size_bytes_max
        self._contents: dict[str, bytes] = {}
        self.notes: list[FileNote] = []
        self.open_count = 0
        """Files opened and not closed yet."""

    def open(self, name: str, peer: SocketAddress) -> _OpenFile:  # noqa: ARG002  # all get the same
        """Raises FileRefused."""
        content = self._content(normalise(name))
        self.open_count += 1
        return _OpenFile(self, content)

    def _content(self, name: str) -> bytes:
        content = self._contents.get(name)
        if content is None:
            content = self._contents[name] = self._load(name)
        return content

    def _load(self, name: str) -> bytes:
        content = self._read(name, self._size_bytes_max + 1)
        if content is not None:
            if len(content) > self._size_bytes_max:
                content = content[: self._size_bytes_max]
                self.notes.append(FileNote(name, len(content), stand_in=False))
            return content
        if name not in self._expected:
            raise FileRefused(ErrorCode.FILE_NOT_FOUND, "file not found")
        random = Random(name)  # noqa: S311  # no secrets here
        content = random.randbytes(min(random.choice(_STAND_IN_SIZES_BYTES), self._size_bytes_max))
        self.notes.append(FileNote(name, len(content), stand_in=True))
        return content


class _OpenFile:
    """An `OpenFile` in memory."""

    def __init__(self, files: SimulatedFiles, content: bytes) -> None:
        self._files, self._content = files, content

    @property
    def size_bytes(self) -> int:
        return len(self._content)

    def read(self, offset: int, size: int) -> bytes:
        return self._content[offset : offset + size]

    def close(self) -> None:
        self._files.open_count -= 1


def named_files(config: Configuration, loaders: FoundLoaders) -> Iterator[str]:
    """Every boot file that a machine can be told of by wireboot."""
    for profile in config.profiles:
        for layers in profile.boot_program.values():
            yield from layers
        if profile.kernel is not None:
            yield profile.kernel
        yield from profile.initrd
    for mtftp in config.mtftp.files:
        yield mtftp.file
    yield from loaders.files
