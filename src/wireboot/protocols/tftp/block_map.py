"""The blocks of one file as they come by multicast: in any order, some not at all, some twice."""

from __future__ import annotations

from wireboot.protocols.tftp.fetch import FetchProblem
from wireboot.protocols.tftp.packet import Data, ErrorCode


class BlockNotAcceptable(Exception):  # noqa: N818  # what the server did, no fault of ours
    """The block belongs to no file that fits here, or to another one than the blocks before."""

    def __init__(self, code: ErrorCode, problem: FetchProblem, text: str) -> None:
        super().__init__(text)
        self.code = code
        """What the server is told."""
        self.problem = problem
        self.text = text


class BlockMap:
    """Holds what has come. Block numbers begin with 1 and do not start over after 65535."""

    def __init__(self, blksize: int, size_bytes_max: int) -> None:
        self.last_block: int | None = None
        """Its number, once the block that is shorter than the others is here."""
        self.held_bytes = 0

        self._blksize, self._size_bytes_max = blksize, size_bytes_max
        self._held: dict[int, bytes] = {}
        self._highest = 0
        self._first_missing = 1

    @property
    def complete(self) -> bool:
        return len(self._held) == self.last_block

    @property
    def first_missing(self) -> int:
        """The first block that is not here; the one after the last where all are."""
        while self._first_missing in self._held:
            self._first_missing += 1
        return self._first_missing

    @property
    def missing_count(self) -> int:
        """Blocks known to be missing; at least one as long as the end is not known."""
        return (self.last_block or self._highest + 1) - len(self._held)

    def add(self, data: Data) -> bool:
        """Keep a block. True: it was not here before. Raises BlockNotAcceptable."""
        held = self._held.get(data.block)
        if held is not None:
            if held != data.payload:
                raise _changed(f"block {data.block} came with two contents")
            return False
        self._check(data)
        self._held[data.block] = data.payload
        self._highest = max(self._highest, data.block)
        self.held_bytes += len(data.payload)
        if len(data.payload) < self._blksize:
            self.last_block = data.block
        return True

    def take_content(self) -> bytes:
        """The file, of which every block is here. Nothing is kept."""
        assert self.complete
        content = b"".join(self._held[block] for block in range(1, len(self._held) + 1))
        self.clear()
        return content

    def clear(self) -> None:
        self._held.clear()

    def _check(self, data: Data) -> None:
        block, size = data.block, len(data.payload)
        if block == 0 or size > self._blksize:
            text = f"block {block} of {size} bytes, where blocks have {self._blksize}"
            raise BlockNotAcceptable(ErrorCode.ILLEGAL_OPERATION, FetchProblem.PACKET_INVALID, text)
        if (block - 1) * self._blksize + size > self._size_bytes_max:
            text = f"room for {self._size_bytes_max} bytes, the file has more"
            raise BlockNotAcceptable(ErrorCode.DISK_FULL, FetchProblem.FILE_TOO_LARGE, text)
        # A file that is replaced between two transmissions must not be put together from both.
        if self.last_block is not None and (block > self.last_block or size < self._blksize):
            raise _changed(f"block {block} of {size} bytes, after {self.last_block} was the last")
        if size < self._blksize and block < self._highest:
            raise _changed(f"block {block} is the last, after {self._highest} was here")


def _changed(text: str) -> BlockNotAcceptable:
    return BlockNotAcceptable(ErrorCode.UNDEFINED, FetchProblem.PACKET_INVALID, f"the file changed: {text}")
