"""The programs that wireboot lives beside, started on a lab's hosts: other DHCP servers, relays, a router."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path

from tests.support.lab.addresses import Subnet
from tests.support.lab.network import Host, Network, Segment
from tests.support.lab.packages import DHCPD, IN_TFTPD, unpacked
from tests.support.lab.process import Process

# Names in dnsmasq's own terms, and the number that option 93 carries.
ARCHITECTURE_NUMBERS = {"x86-bios": 0, "x86_64-uefi": 7}


def start_dhcp_server(host: Host, subnet: Subnet, *options: str) -> Process:
    """A plain DHCP server that knows nothing of network boot."""
    # Without its address check it answers at once, as a server with the address already leased would.
    server = start_dnsmasq(host, range_of(subnet), "--no-ping", *options, log_name="dhcp")
    server.wait_for("DHCP, IP range")
    return server


def start_boot_server(
    host: Host, subnet: Subnet, boot_dir: Path, boot_program: Mapping[str, str], *options: str
) -> Process:
    """All that a network boot needs, from one dnsmasq with its default settings."""
    programs = [
        option
        for architecture, program in boot_program.items()
        for option in (
            f"--dhcp-match=set:{architecture},option:client-arch,{ARCHITECTURE_NUMBERS[architecture]}",
            f"--dhcp-boot=tag:{architecture},{program}",
        )
    ]
    files = ("--enable-tftp", f"--tftp-root={boot_dir}")
    server = start_dnsmasq(host, range_of(subnet), *files, *programs, *options, log_name="boot-server")
    server.wait_for("DHCP, IP range")
    return server


def start_isc_server(host: Host, subnet: Subnet, boot_file: str) -> Process:
    """ISC's DHCP server, naming this boot file and its own host to whoever asks."""
    network = ip_network(subnet.network)
    address = next(each for each in host.addresses if ip_address(each) in network)
    configuration = host.work_dir / f"{host.name}.dhcpd.conf"
    configuration.write_text(
        f"subnet {network.network_address} netmask {network.netmask} {{\n"
        f'  range {subnet.first} {subnet.last};\n  next-server {address};\n  filename "{boot_file}";\n}}\n'
    )
    leases = host.work_dir / f"{host.name}.dhcpd.leases"
    leases.touch()
    files = ("-cf", configuration, "-lf", leases, "-pf", host.work_dir / f"{host.name}.dhcpd.pid")
    server = host.start(unpacked(*DHCPD), "-4", "-d", "-f", "--no-pid", *files, *host.interfaces, log_name="dhcpd")
    server.wait_for("Server starting service.")
    return server


def start_tftpd_hpa(host: Host, address: str, boot_dir: Path) -> Process:
    """It says nothing when it is ready; clients ask until it is. The folder is root's, as is the user."""
    listening = ("--foreground", "--listen", "--address", f"{address}:69")
    return host.start(unpacked(*IN_TFTPD), *listening, "--secure", "--user", "root", boot_dir, log_name="tftpd-hpa")


def add_router(network: Network, segment: Segment) -> Host:
    """An IPv6 router on the segment. iPXE waits 13 s for one before it fetches anything, over IPv4 too."""
    router = network.host(f"{segment.name}-router").join(segment, "fd77:ff::1/64")
    options = ("--enable-ra", "--dhcp-range=::,constructor:eth0,ra-only")
    start_dnsmasq(router, *options, log_name="advertisements").wait_for("router advertisement")
    return router


def start_isc_relay(host: Host, server: str, *, towards_clients: str, towards_server: str) -> Process:
    """ISC's relay, which adds option 82 (-a). The interfaces are the host's own."""
    interfaces = ("-id", towards_clients, "-iu", towards_server)
    relay = host.start("dhcrelay", "-4", "-d", "-a", *interfaces, server, log_name="dhcrelay")
    relay.wait_for("Sending on   Socket/")
    return relay


def start_dnsmasq_relay(host: Host, server: str, *, own_address: str) -> Process:
    """A relay without option 82. `own_address` is the one on the clients' segment; it becomes giaddr."""
    relay = start_dnsmasq(host, f"--dhcp-relay={own_address},{server}", log_name="dnsmasq-relay")
    relay.wait_for("DHCP relay")
    return relay


def range_of(subnet: Subnet) -> str:
    # dnsmasq knows the netmask of its own network alone; for one behind a relay it must be told.
    netmask = ip_network(subnet.network).netmask
    return f"--dhcp-range={subnet.first},{subnet.last},{netmask},1h"


def start_dnsmasq(host: Host, *options: str, log_name: str) -> Process:
    leases = host.work_dir / f"{host.name}.{log_name}.leases"
    # No configuration file, no name service (--port=0), and no change of user: the work folder is root's.
    own = ("--keep-in-foreground", "--log-facility=-", "--log-dhcp", "--conf-file=/dev/null", "--port=0", "--user=root")
    return host.start("dnsmasq", *own, f"--dhcp-leasefile={leases}", *options, log_name=log_name)
