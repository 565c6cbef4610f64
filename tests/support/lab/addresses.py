"""The lab's address plan, the same in every network that is built."""

from __future__ import annotations

from dataclasses import dataclass

SERVER = "10.77.0.1"
"""The host that runs wireboot."""
OTHER_SERVER = "10.77.0.2"
"""Another DHCP server, where there is one."""
RELAY = "10.77.0.254"
RELAY_FAR_SIDE = "10.77.1.254"


@dataclass(frozen=True, slots=True)
class Subnet:
    """An IPv4 network with the addresses that a DHCP server may hand out in it."""

    network: str
    first: str
    last: str
    router: str

    def at(self, address: str) -> str:
        """The address with the network's prefix length, as an interface is given it."""
        return f"{address}/{self.network.partition('/')[2]}"


LAN = Subnet("10.77.0.0/24", first="10.77.0.100", last="10.77.0.199", router=RELAY)
FAR = Subnet("10.77.1.0/24", first="10.77.1.100", last="10.77.1.199", router=RELAY_FAR_SIDE)
"""Behind the relay."""
