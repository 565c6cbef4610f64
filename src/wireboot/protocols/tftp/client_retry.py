"""How patiently a client asks again: its own way, and that of the firmware it may stand in for."""

from __future__ import annotations

from dataclasses import dataclass

QUIET_S = 0.05
"""No server waits for less before it sends again: a repeat that comes sooner was made by the network."""
NOTHING_NEW_S_MAX = 600.0
"""However much a group is sent: if for so long all of it was here already, a client gives up."""


@dataclass(frozen=True, slots=True)
class ClientRetry:
    """How long is waited each time the same packet has been sent; when the last wait is over, the client gives up."""

    request_waits_s: tuple[float, ...]
    """For the first answer to a read request."""
    block_waits_s: tuple[float, ...]
    """For the next block, once the server has answered. After the end of the file the client stays for the first of
    these, to acknowledge a last block that comes again."""

    def __post_init__(self) -> None:
        for waits_s in (self.request_waits_s, self.block_waits_s):
            assert waits_s, self
            assert min(waits_s) > 0, self


_IPXE_S = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
# A lost packet costs little time, and a server that is busy or just being restarted gets half a minute.
_WIREBOOT_S = (0.5, 1.0, 2.0, *(4.0,) * 6)

# fmt: off
EDK2      = ClientRetry(request_waits_s=(4.0,) * 6,  block_waits_s=(4.0,) * 6)
INTEL_ROM = ClientRetry(request_waits_s=(5.0,) * 4,  block_waits_s=(4.0,) * 4)  # the reference code of PXE 2.1
IPXE      = ClientRetry(request_waits_s=_IPXE_S,     block_waits_s=_IPXE_S)
WIREBOOT  = ClientRetry(request_waits_s=_WIREBOOT_S, block_waits_s=_WIREBOOT_S)
# fmt: on
