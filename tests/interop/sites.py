"""The arrangements in which wireboot is to serve real firmware, each a network that is ready for machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from tests.support.lab.addresses import FAR, LAN, OTHER_SERVER, RELAY, RELAY_FAR_SIDE, SERVER, Subnet
from tests.support.lab.network import Host, Network, Segment
from tests.support.lab.payload import BOOT_PROGRAM, BOOT_PROGRAM_BESIDE_DHCP_SERVER, boot_dir
from tests.support.lab.peers import add_router, start_dhcp_server, start_dnsmasq_relay, start_isc_relay
from tests.support.lab.server import WirebootServer, start_wireboot, wireboot_configuration


class Role(Enum):
    """What wireboot is to the machines of a site."""

    DHCP_SERVER = "it gives the address and names the boot file"
    PROXY = "it names the boot file in an offer of its own, beside a DHCP server's"
    BOOT_SERVER = "it names the boot file when asked on port 4011, where a DHCP server sends the machines"


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    name: str
    role: Role
    lay_out: Callable[[Network], tuple[Segment, Host]]
    """Makes all but wireboot itself; returns the machines' segment and the host that wireboot is to run on."""
    firmware: tuple[str, ...] = ("bios-virtio", "uefi-x64")
    boot_program: Mapping[str, str] = field(default_factory=lambda: BOOT_PROGRAM)
    dhcp_servers: frozenset[str] = frozenset({SERVER})
    """Those whose answers the machines are to see, by server identifier."""
    warnings: tuple[str, ...] = ()
    """The events by which wireboot says that it could not have a port for itself."""
    subnets: tuple[Subnet, ...] = ()
    """Those in which wireboot hands out addresses."""

    def build(self, network: Network) -> tuple[Segment, WirebootServer]:
        """The machines' segment and the running server."""
        machines, host = self.lay_out(network)
        mode = "server" if self.role is Role.DHCP_SERVER else "proxy"
        configuration = wireboot_configuration(
            host, boot_dir(), mode=mode, subnets=self.subnets, boot_program=self.boot_program
        )
        return machines, start_wireboot(host, configuration)


def server_alone(network: Network) -> tuple[Segment, Host]:
    lan = network.segment("lan")
    add_router(network, lan)
    return lan, network.host("server").join(lan, LAN.at(SERVER))


def dhcp_server_on_another_host(network: Network) -> tuple[Segment, Host]:
    lan, server = server_alone(network)
    start_dhcp_server(network.host("dhcp").join(lan, LAN.at(OTHER_SERVER)), LAN)
    return lan, server


def dhcp_server_that_shares_port_67(network: Network) -> tuple[Segment, Host]:
    lan, server = server_alone(network)
    # Bound to its interface, dnsmasq lets others have the port as well.
    start_dhcp_server(server, LAN, "--bind-interfaces", "--interface=eth0")
    return lan, server


def dhcp_server_that_keeps_port_67(network: Network) -> tuple[Segment, Host]:
    lan, server = server_alone(network)
    # Not bound to an interface, dnsmasq has the port for itself. Option 60 makes machines ask port 4011 of its host.
    start_dhcp_server(server, LAN, "--dhcp-option-force=60,PXEClient")
    return lan, server


def isc_relay(network: Network) -> tuple[Segment, Host]:
    far, server, relay = far_segment(network)
    start_isc_relay(relay, SERVER, towards_server="eth0", towards_clients="eth1")
    return far, server


def dnsmasq_relay(network: Network) -> tuple[Segment, Host]:
    far, server, relay = far_segment(network)
    start_dnsmasq_relay(relay, SERVER, own_address=RELAY_FAR_SIDE)
    return far, server


def far_segment(network: Network) -> tuple[Segment, Host, Host]:
    """A segment with nothing on it but routers, the server beyond them, and the host between that is to relay."""
    lan, server = server_alone(network)
    far = network.segment("far")
    add_router(network, far)
    relay = network.host("relay").join(lan, LAN.at(RELAY)).join(far, FAR.at(RELAY_FAR_SIDE)).forward()
    server.route(FAR.network, via=RELAY)
    return far, server, relay


# fmt: off
SITES = (
    Site("combined",                   Role.DHCP_SERVER, server_alone, subnets=(LAN,),
         firmware=("bios-virtio", "bios-e1000", "uefi-x64")),
    Site("proxy-on-its-own-host",      Role.PROXY,       dhcp_server_on_another_host,
         boot_program=BOOT_PROGRAM_BESIDE_DHCP_SERVER, dhcp_servers=frozenset({SERVER, OTHER_SERVER})),
    Site("proxy-sharing-port-67",      Role.PROXY,       dhcp_server_that_shares_port_67,
         warnings=("dhcp_port_shared",)),
    Site("proxy-with-port-4011-alone", Role.BOOT_SERVER, dhcp_server_that_keeps_port_67,
         warnings=("dhcp_port_left_alone",)),
    Site("behind-isc-relay",           Role.DHCP_SERVER, isc_relay,     subnets=(LAN, FAR)),
    Site("behind-dnsmasq-relay",       Role.DHCP_SERVER, dnsmasq_relay, subnets=(LAN, FAR)),
)
# fmt: on
