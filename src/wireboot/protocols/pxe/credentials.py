"""The authenticity test (PXE 2.1 step 8) as the protocol sees it: what is tested, by whom, and how it can end.

How a credential is made and read is `wireboot.credentials`' matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from wireboot.protocols.tftp.file_name import normalise
from wireboot.protocols.tftp.files import FileRefused


@dataclass(frozen=True, slots=True)
class BootImage:
    """A downloaded boot file and how it was come by: all that a credential may vouch for."""

    server_type: int
    layer: int
    """Without bit 15."""
    file_name: str
    """As the Boot Server named it."""
    content: bytes


class CredentialRefused(Exception):  # noqa: N818  # an outcome of the test, not a fault
    """The image must not run."""

    def __init__(self, code: Literal["PXE-E21", "PXE-E22"], reason: str) -> None:
        """PXE-E21: the credential itself is not intact. PXE-E22: it does not vouch for this image."""
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Trust(Protocol):
    """Whom a client believes."""

    @property
    def credential_types(self) -> tuple[int, ...]:
        """What to ask for in tag 12: 32 bits for each anchor, never empty."""

    def verify(self, credential: bytes, image: BootImage) -> None:
        """Raises CredentialRefused unless `credential` vouches for every byte of `image`."""


def boot_file_path(file_name: str) -> str | None:
    """The path that a Boot Server's name for a file means: what a credential binds. None where it means none."""
    try:
        return normalise(file_name)
    except FileRefused:
        return None
