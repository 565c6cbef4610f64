"""What may change while a server runs: swapped as a whole, read afresh for every packet."""

from __future__ import annotations

from dataclasses import dataclass

from wireboot.boot.inventory import Inventory
from wireboot.boot.policy import decide
from wireboot.endpoint import SocketAddress
from wireboot.protocols.pxe.boot_file import BootFile, NoBootFile
from wireboot.protocols.pxe.identity import PxeClient
from wireboot.protocols.tftp.files import BootFiles, OpenFile


@dataclass
class Snapshot:
    """What the services decide from and serve."""

    inventory: Inventory
    files: BootFiles

    def decide(self, client: PxeClient) -> BootFile | NoBootFile:
        return decide(client, self.inventory)

    def open(self, name: str, peer: SocketAddress) -> OpenFile:
        """Makes the snapshot a `BootFiles` itself."""
        return self.files.open(name, peer)
