"""The archive format of Linux' initial RAM file system (Documentation/driver-api/early-userspace/buffer-format.rst)."""

from __future__ import annotations

import stat


class CpioArchive:
    """A `newc` archive, built in memory; it needs no privilege, not even for a device."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._entries = 0

    def add_folder(self, name: str) -> None:
        self._add(name, stat.S_IFDIR | 0o755)

    def add_file(self, name: str, content: bytes, *, executable: bool = False) -> None:
        self._add(name, stat.S_IFREG | (0o755 if executable else 0o644), content)

    def add_character_device(self, name: str, major: int, minor: int) -> None:
        self._add(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def finish(self) -> bytes:
        self._add("TRAILER!!!", mode=0)
        return b"".join(self._parts)

    def _add(self, name: str, mode: int, content: bytes = b"", device: tuple[int, int] = (0, 0)) -> None:
        self._entries += 1
        path = name.encode() + b"\0"
        owner = group = modified_at = checksum = 0
        links = 1
        numbers = (
            *(self._entries, mode, owner, group, links, modified_at, len(content)),
            *(0, 0, *device, len(path), checksum),
        )
        header = b"070701" + b"".join(b"%08x" % number for number in numbers)
        self._parts += (padded(header + path), padded(content))


def padded(part: bytes) -> bytes:
    return part + bytes(-len(part) % 4)
