"""What may change while a server runs: swapped as a whole, read afresh for every packet."""

from __future__ import annotations

from dataclasses import dataclass, field

from wireboot.boot import policy
from wireboot.boot.generated_files import GeneratedFiles, OwnAddress
from wireboot.boot.inventory import Inventory
from wireboot.boot.loaders import FoundLoaders
from wireboot.config.model import Configuration
from wireboot.endpoint import SocketAddress
from wireboot.protocols.dhcp4.rules import Rules
from wireboot.protocols.pxe.decision import BootFile, Decision, NoBootFile
from wireboot.protocols.pxe.identity import PxeClient
from wireboot.protocols.pxe.quirks import Effect, effect_for
from wireboot.protocols.tftp.files import BootFiles, OpenFile
from wireboot.services.credentials import offered_credentials
from wireboot.services.inventory import inventory
from wireboot.services.subnets import dhcp4_rules


@dataclass
class Snapshot:
    """What the services decide from and serve. A `Policy` and a `BootFiles`."""

    inventory: Inventory
    files: BootFiles
    dhcp4: Rules = field(default_factory=Rules)

    def replace_with(self, other: Snapshot) -> None:
        """Go on with what `other` holds."""
        self.inventory, self.files, self.dhcp4 = other.inventory, other.files, other.dhcp4

    def decide(self, client: PxeClient) -> Decision:
        return policy.decide(client, self.inventory)

    def boot_item(self, client: PxeClient, server_type: int, layer: int) -> BootFile | NoBootFile:
        return policy.boot_item(client, server_type, layer, self.inventory)

    def quirk_effect(self, client: PxeClient) -> Effect:
        return effect_for(client, self.inventory.quirks)

    def open(self, name: str, peer: SocketAddress) -> OpenFile:
        return self.files.open(name, peer)


def take_snapshot(config: Configuration, loaders: FoundLoaders, files: BootFiles, own_address: OwnAddress) -> Snapshot:
    """What a configuration comes to with these boot files, which what is generated for each machine is laid over."""
    state = inventory(config, loaders, offered_credentials(config, files))
    return Snapshot(state, GeneratedFiles(state, files, own_address), dhcp4_rules(config))
