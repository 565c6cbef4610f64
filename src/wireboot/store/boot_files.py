"""The boot files on disk, and nothing else on disk."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from wireboot.endpoint import SocketAddress
from wireboot.protocols.tftp.file_name import normalise
from wireboot.protocols.tftp.files import FileRefused
from wireboot.protocols.tftp.packet import ErrorCode

_NO_EXTRA: Mapping[str, Path] = MappingProxyType({})
_NO_SUCH_FILE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP}


class BootFileStore:
    """Regular files inside one folder, and a few named ones elsewhere. A `BootFiles` for the TFTP server.

    A name means a file whose real path, all symbolic links followed, lies inside the folder. What leads out of it does
    not exist for a client. Nothing is cached: a file put there is served to the next request.
    """

    def __init__(self, boot_dir: Path, extra: Mapping[str, Path] = _NO_EXTRA, *, ignore_case: bool = False) -> None:
        """`extra` gives names to files outside of `boot_dir`; a file of that name in `boot_dir` comes first.

        `ignore_case`: a name that fits nothing exactly may mean one that differs in case, as Windows loaders ask it.
        """
        self._boot_dir = boot_dir
        self._ignore_case = ignore_case
        self._extra = {self._key(normalise(name)): path for name, path in extra.items()}

    def open(self, name: str, peer: SocketAddress | None = None) -> OpenFileOnDisk:  # noqa: ARG002  # all get the same
        """Open the file called `name`. Raises FileRefused."""
        name = normalise(name)
        try:
            os.fsencode(name)
        except UnicodeEncodeError as problem:
            raise _not_found("a name no file can have") from problem
        refusal = None
        for path in self._real_paths(name):
            try:
                return OpenFileOnDisk(path)
            except FileRefused as problem:
                if problem.code != ErrorCode.FILE_NOT_FOUND:
                    raise
                refusal = refusal or problem
        raise refusal or _not_found("leads out of the folder of boot files")

    def exists(self, name: str) -> bool:
        """Whether `open` would succeed now."""
        return self.size(name) is not None

    def size(self, name: str) -> int | None:
        """The size in bytes of what `open` would give now, or None where it would refuse."""
        try:
            file = self.open(name)
        except FileRefused:
            return None
        file.close()
        return file.size_bytes

    def _real_paths(self, name: str) -> Iterator[str]:
        """Where the file may lie, best first, links followed. None of them need exist."""
        root = os.path.realpath(self._boot_dir)
        if (exact := _inside(root, name)) is not None:
            yield exact
        for other_case in _in_other_case(root, name) if self._ignore_case else ():
            if (path := _inside(root, other_case)) is not None:
                yield path
        if (extra := self._extra.get(self._key(name))) is not None:
            yield os.path.realpath(extra)

    def _key(self, name: str) -> str:
        return name.casefold() if self._ignore_case else name


class OpenFileOnDisk:
    """A regular file, open for reading. An `OpenFile`."""

    def __init__(self, path: str) -> None:
        """Open `path`, which must have no symbolic link left in it. Raises FileRefused."""
        try:
            # Asked first because merely opening a device can do something to it; asked again of what was opened.
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise _not_found("not a regular file")
            # O_NONBLOCK: a FIFO that takes the file's place in this moment would stop the whole server.
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except PermissionError as problem:
            raise FileRefused(ErrorCode.ACCESS_VIOLATION, "access denied", "not readable by the server") from problem
        except OSError as problem:
            if problem.errno in _NO_SUCH_FILE:
                raise _not_found("no such file") from problem
            why = problem.strerror or "unknown error"
            raise FileRefused(ErrorCode.UNDEFINED, "the file cannot be read", why) from problem
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise _not_found("not a regular file")
        self._size_bytes = status.st_size

    @property
    def size_bytes(self) -> int:
        """When it was opened."""
        return self._size_bytes

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset` on, fewer only where the file ends. Raises OSError."""
        return os.pread(self._descriptor, size, offset)

    def close(self) -> None:
        os.close(self._descriptor)


def _inside(root: str, name: str) -> str | None:
    """The real path of `name`, or None where it leads out of `root`."""
    path = os.path.realpath(os.path.join(root, name))
    return path if path.startswith(root.rstrip("/") + "/") else None


def _in_other_case(root: str, name: str) -> list[str]:
    """The names of what exists and differs from `name` in case only, nearer spellings first."""
    found = [""]
    for segment in name.split("/"):
        fitting = [
            os.path.join(folder, entry)
            for folder in found
            for entry in _entries(os.path.join(root, folder))
            if entry.casefold() == segment.casefold()
        ]
        found = sorted(fitting, key=lambda path: (os.path.basename(path) != segment, path))
    return found


def _entries(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _not_found(reason: str) -> FileRefused:
    # The same words for all that is not served, so that nobody learns what else exists.
    return FileRefused(ErrorCode.FILE_NOT_FOUND, "file not found", reason)
