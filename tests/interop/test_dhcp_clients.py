"""The DHCP clients that people have get, keep and give back their leases at a running `wireboot serve`."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path

import pytest

from tests.support.dhcp_programs import BOUND_WITHIN_S, Told, release_with_dhclient, start_dhclient, start_udhcpc
from tests.support.lab.addresses import FAR, LAN, RELAY, RELAY_FAR_SIDE, SERVER, Subnet
from tests.support.lab.capture import read_datagrams
from tests.support.lab.network import Host, Network, Segment
from tests.support.lab.peers import start_isc_relay
from tests.support.lab.server import Event, WirebootServer, start_wireboot
from tests.support.requirements import LAB, require
from wireboot.protocols.dhcp4 import message as dhcp4
from wireboot.protocols.dhcp4.options import RELAY_AGENT_INFORMATION

SHORT_LIVED = Subnet("10.77.2.0/24", first="10.77.2.100", last="10.77.2.199", router="10.77.2.1")
"""Its leases last for seconds, so that renewals can be watched."""
SHORT_LEASE_TIME_S = 6
LEASE_TIME_S = 3600

TAKEN = "10.77.0.100"
"""The first address of the pool, which a host without a lease has had all along."""
RESERVED, RESERVED_FOR = "10.77.0.50", "52:54:00:77:00:10"

NAME_SERVER = "10.77.0.53"


@dataclass(frozen=True, slots=True)
class Site:
    network: Network
    server_host: Host
    server: WirebootServer
    lan: Segment
    short_lived: Segment
    far: Segment
    numbers: Iterator[int]

    def client(self, segment: Segment, mac: str | None = None) -> Host:
        """One more computer that nobody has met before."""
        client = self.network.host(f"client{next(self.numbers)}").join(segment)
        if mac is not None:
            client.run("ip", "link", "set", "eth0", "address", mac)
        return client

    def leases(self) -> dict[str, dict[str, str]]:
        """What `wireboot lease list` shows, by address."""
        command = ("lease", "list", "--json", "--config", str(self.server_host.work_dir / "server.wireboot.toml"))
        listed = self.server_host.run(sys.executable, "-m", "wireboot", *command).stdout
        return {lease["address"]: lease for lease in json.loads(listed)}

    def wait_for_event(self, name: str, address: str) -> Event:
        """The server's event of this name about this address."""

        def found() -> list[Event]:
            return [each for each in self.server.events() if each["event"] == name and each.get("address") == address]

        self.server.process.transcript.wait_until(lambda _: bool(found()), f"{name} of {address}", BOUND_WITHIN_S)
        return found()[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    require(*LAB, "dhcrelay")
    with Network(tmp_path_factory.mktemp("dhcp")) as network:
        lan, short_lived, far = network.segment("lan"), network.segment("short"), network.segment("far")
        network.host("squatter").join(lan, LAN.at(TAKEN))
        host = network.host("server").join(lan, LAN.at(SERVER)).join(short_lived, SHORT_LIVED.at("10.77.2.1"))
        relay = network.host("relay").join(lan, LAN.at(RELAY)).join(far, FAR.at(RELAY_FAR_SIDE)).forward()
        host.route(FAR.network, via=RELAY)
        server = start_wireboot(host, configuration(host))
        start_isc_relay(relay, SERVER, towards_server="eth0", towards_clients="eth1")
        yield Site(network, host, server, lan, short_lived, far, count(1))


def configuration(host: Host) -> str:
    boot_dir = host.work_dir / "boot"
    boot_dir.mkdir()
    return f"""\
state_dir = "{host.work_dir / "state"}"
boot_dir = "{boot_dir}"
[network]
interfaces = ["eth0", "eth1"]
[dhcp4]
mode = "server"
{subnet_table(LAN, LEASE_TIME_S)}
[[dhcp4.subnets.reservations]]
mac = "{RESERVED_FOR}"
address = "{RESERVED}"
hostname = "node-1"
{subnet_table(SHORT_LIVED, SHORT_LEASE_TIME_S)}
{subnet_table(FAR, LEASE_TIME_S)}
"""


def subnet_table(subnet: Subnet, lease_time_s: int) -> str:
    return f"""\
[[dhcp4.subnets]]
network = "{subnet.network}"
pools = ["{subnet.first}-{subnet.last}"]
lease_time_s = {lease_time_s}
options = {{ routers = ["{subnet.router}"], domain-name-servers = ["{NAME_SERVER}"] }}
"""


def in_pool(address: str, subnet: Subnet) -> bool:
    return IPv4Address(subnet.first) <= IPv4Address(address) <= IPv4Address(subnet.last)


def mac_of(host: Host) -> str:
    (link,) = json.loads(host.run("ip", "-json", "link", "show", "eth0").stdout)
    return str(link["address"])


# A lease, with all that belongs to it


def test_udhcpc_gets_an_address_and_the_settings_of_its_network(site: Site) -> None:
    """RFC 2131 §3.1, §4.3.1."""
    require("udhcpc")
    client = site.client(site.lan)

    bound = start_udhcpc(client).wait_until_told("bound")

    assert in_pool(bound["ip"], LAN)
    assert {name: bound[name] for name in ("subnet", "router", "dns", "lease", "serverid")} == {
        "subnet": "255.255.255.0",
        "router": LAN.router,
        "dns": NAME_SERVER,
        "lease": str(LEASE_TIME_S),
        "serverid": SERVER,
    }
    assert is_listed_as_bound(site, bound["ip"])


def test_dhclient_gets_an_address_and_the_settings_of_its_network(site: Site) -> None:
    """RFC 2131 §3.1, §4.3.1."""
    require("dhclient")
    client = site.client(site.lan)

    bound = start_dhclient(client).wait_until_told("BOUND")

    assert in_pool(bound["new_ip_address"], LAN)
    assert settings_of(bound) == {
        "subnet_mask": "255.255.255.0",
        "routers": LAN.router,
        "domain_name_servers": NAME_SERVER,
        "dhcp_lease_time": str(LEASE_TIME_S),
        "dhcp_server_identifier": SERVER,
    }
    assert is_listed_as_bound(site, bound["new_ip_address"])


def settings_of(told: Told) -> Told:
    names = ("subnet_mask", "routers", "domain_name_servers", "dhcp_lease_time", "dhcp_server_identifier")
    return {name: told[f"new_{name}"] for name in names}


def is_listed_as_bound(site: Site, address: str) -> bool:
    return site.leases()[address]["state"] == "bound"


def test_each_interface_serves_the_subnet_it_is_in(site: Site) -> None:
    require("udhcpc")
    bound = start_udhcpc(site.client(site.short_lived)).wait_until_told("bound")

    assert in_pool(bound["ip"], SHORT_LIVED)
    assert (bound["router"], bound["serverid"]) == (SHORT_LIVED.router, "10.77.2.1")


def test_a_reserved_address_goes_to_its_machine_with_its_name(site: Site) -> None:
    require("udhcpc")
    client = site.client(site.lan, mac=RESERVED_FOR)

    bound = start_udhcpc(client, "-O", "hostname").wait_until_told("bound")

    assert (bound["ip"], bound["hostname"]) == (RESERVED, "node-1")
    lease = site.leases()[RESERVED]
    assert (lease["mac"], lease["hostname"]) == (RESERVED_FOR, "node-1")


def test_a_client_that_wants_a_broadcast_gets_one(site: Site) -> None:
    """RFC 2131 §4.1: the broadcast flag."""
    require("udhcpc")
    assert in_pool(start_udhcpc(site.client(site.lan), "-B").wait_until_told("bound")["ip"], LAN)


# How it goes on


def test_udhcpc_renews_when_told_to(site: Site) -> None:
    """RFC 2131 §4.4.5: unicast to the server that gave the lease."""
    require("udhcpc")
    client = start_udhcpc(site.client(site.lan))
    bound = client.wait_until_told("bound")

    os.kill(client.process.pid, signal.SIGUSR1)

    assert client.wait_until_told("renew")["ip"] == bound["ip"]


def test_dhclient_keeps_a_short_lease_by_renewing_it(site: Site) -> None:
    """RFC 2131 §4.4.5: at half the lease's time."""
    require("dhclient")
    client = start_dhclient(site.client(site.short_lived))
    bound = client.wait_until_told("BOUND")
    first_until = site.leases()[bound["new_ip_address"]]["until"]

    renewed = client.wait_until_told("RENEW")

    assert renewed["new_ip_address"] == bound["new_ip_address"]
    assert renewed["new_dhcp_lease_time"] == str(SHORT_LEASE_TIME_S)
    assert site.leases()[bound["new_ip_address"]]["until"] > first_until
    assert client.told("EXPIRE", "FAIL", "NBI") == []


def test_udhcpc_gives_its_address_back_and_gets_it_again(site: Site) -> None:
    """RFC 2131 §3.1 step 6, §4.3.1: a client's previous address, where it is free."""
    require("udhcpc")
    client = site.client(site.lan)
    first = start_udhcpc(client, "-R")
    address = first.wait_until_told("bound")["ip"]

    first.process.stop()
    site.wait_for_event("lease_released", address)
    assert site.leases()[address]["state"] == "released"

    assert start_udhcpc(client).wait_until_told("bound", times=2)["ip"] == address


def test_dhclient_gives_its_address_back(site: Site) -> None:
    """RFC 2131 §3.1 step 6."""
    require("dhclient")
    client = site.client(site.lan)
    address = start_dhclient(client).wait_until_told("BOUND")["new_ip_address"]

    release_with_dhclient(client)

    site.wait_for_event("lease_released", address)
    assert site.leases()[address]["state"] == "released"


def test_dhclient_that_remembers_its_lease_gets_it_confirmed(site: Site) -> None:
    """RFC 2131 §3.2, §4.3.2: INIT-REBOOT."""
    require("dhclient")
    client = site.client(site.lan)
    before = start_dhclient(client)
    address = before.wait_until_told("BOUND")["new_ip_address"]
    before.process.wait_for("bound to")  # its last word, once the lease is in its file
    before.process.stop()

    after = start_dhclient(client)

    assert after.wait_until_told("REBOOT")["new_ip_address"] == address
    assert "DHCPDISCOVER" not in after.process.transcript.text()


def test_dhclient_that_comes_from_another_network_is_sent_to_ask_anew(site: Site) -> None:
    """RFC 2131 §4.3.2: DHCPNAK for an address that is wrong for the network the client is on."""
    require("dhclient")
    here, there = site.client(site.short_lived), site.client(site.lan)
    there.run("ip", "link", "set", "eth0", "address", mac_of(here))
    start_dhclient(here).process.wait_for("bound to")
    leases = here.work_dir / f"{here.name}.dhclient.leases"
    (there.work_dir / f"{there.name}.dhclient.leases").write_text(leases.read_text())

    moved = start_dhclient(there)

    assert in_pool(moved.wait_until_told("BOUND")["new_ip_address"], LAN)
    assert "DHCPNAK" in moved.process.transcript.text()


# Addresses that others have


def test_an_address_that_somebody_has_already_is_never_offered(site: Site) -> None:
    """RFC 2131 §2.2: the server probes before it offers."""
    site.wait_for_event("address_in_use", TAKEN)

    assert TAKEN not in {event["address"] for event in site.server.events() if event["event"] == "address_offered"}
    assert site.leases()[TAKEN]["state"] == "declined"


def test_an_address_that_somebody_took_meanwhile_is_declined_and_another_given(site: Site) -> None:
    """RFC 2131 §3.1 step 5: the client looks for itself; §4.3.3: the server then leaves the address out."""
    require("udhcpc")
    client = site.client(site.lan)
    previous = start_udhcpc(client, "-R")
    address = previous.wait_until_told("bound")["ip"]
    previous.process.stop()
    site.wait_for_event("lease_released", address)
    site.network.host(f"late-squatter{next(site.numbers)}").join(site.lan, LAN.at(address))

    # -a: look by ARP whether somebody has the address.
    bound = start_udhcpc(client, "-a").wait_until_told("bound", times=2)

    assert in_pool(bound["ip"], LAN)
    assert bound["ip"] != address
    site.wait_for_event("address_declined", address)
    assert site.leases()[address]["state"] == "declined"


# Behind a relay


def test_a_client_behind_a_relay_gets_an_address_of_its_own_network(site: Site) -> None:
    """RFC 2131 §4.3.1 by giaddr; RFC 3046 §2.2: the relay's option comes back as it was sent, and last."""
    require("udhcpc")
    recording = site.lan.capture("udp port 67")

    bound = start_udhcpc(site.client(site.far)).wait_until_told("bound")

    recording.end()
    assert in_pool(bound["ip"], FAR)
    assert (bound["router"], bound["serverid"]) == (FAR.router, SERVER)
    relayed = list(relayed_messages(recording.path))
    told = {message.options[RELAY_AGENT_INFORMATION.code] for message in relayed if message.op == dhcp4.BOOTREQUEST}
    answers = [message for message in relayed if message.op == dhcp4.BOOTREPLY]
    assert len(answers) >= 2
    assert {message.options[RELAY_AGENT_INFORMATION.code] for message in answers} == told
    assert {list(message.options)[-1] for message in answers} == {RELAY_AGENT_INFORMATION.code}


def relayed_messages(capture: Path) -> Iterator[dhcp4.Message]:
    for datagram in read_datagrams(capture):
        message = dhcp4.decode(datagram.payload)
        if str(message.giaddr) == RELAY_FAR_SIDE:
            yield message


def test_a_client_behind_a_relay_renews_directly(site: Site) -> None:
    """RFC 2131 §4.3.6: a renewing client writes to the server, with no relay in between."""
    require("udhcpc")
    client_host = site.client(site.far)
    client = start_udhcpc(client_host)
    bound = client.wait_until_told("bound")
    client_host.route("default", via=FAR.router)

    os.kill(client.process.pid, signal.SIGUSR1)

    assert client.wait_until_told("renew")["ip"] == bound["ip"]


# And the list of it all


def test_the_list_of_leases_shows_what_the_clients_have(site: Site) -> None:
    require("udhcpc")
    client = site.client(site.lan)
    bound = start_udhcpc(client, "-x", "hostname:from-udhcpc").wait_until_told("bound")

    lease = site.leases()[bound["ip"]]

    assert (lease["mac"], lease["hostname"], lease["state"]) == (mac_of(client), "from-udhcpc", "bound")
    assert lease["since"] < lease["until"]


def test_after_all_this_the_server_ends_cleanly(site: Site) -> None:
    assert site.server.stop() == 0
    assert "Traceback" not in site.server.process.transcript.text()
    alarming = [event for event in site.server.events() if event["level"] not in ("info", "debug")]
    assert {event["event"] for event in alarming} == {"configuration"}  # so short a lease is remarked on
