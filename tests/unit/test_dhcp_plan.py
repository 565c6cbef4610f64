"""From a configuration file to who gets which address, through the endpoint that the server runs."""

from __future__ import annotations

from pathlib import Path

from tests.support.dhcp import (
    INTERFACES,
    MAC,
    MACHINE_ID,
    OTHER_MAC,
    SERVER,
    Conversation,
    discover,
    from_client,
    ip,
    options_of,
    pxe_options,
)
from tests.support.inventory import NoFiles
from wireboot.boot.loaders import FoundLoaders
from wireboot.config.load import parse
from wireboot.config.model import Configuration
from wireboot.leases.allocator import Allocator
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import (
    CLIENT_MACHINE_ID,
    DOMAIN_NAME,
    DOMAIN_NAME_SERVERS,
    LEASE_TIME,
    RAPID_COMMIT,
    ROOT_PATH,
    ROUTERS,
    MessageType,
)
from wireboot.services.endpoints import dhcp_server
from wireboot.services.snapshot import Snapshot, take_snapshot
from wireboot.services.subnets import subnets
from wireboot.wire.option_table import Options

TEXT = """
[dhcp4]
mode = "server"
rapid_commit = true
reserved_share = "50%"
options = { domain-name-servers = ["10.77.0.9"], domain-name = "all" }
[[dhcp4.classes]]
name = "uefi"
lease_time_s = 600
options = { root-path = "/uefi" }
match = { architecture = "x86_64-uefi" }
[[dhcp4.subnets]]
network = "10.77.0.0/24"
pools = [{ range = "10.77.0.10-10.77.0.19", classes = ["uefi"] }, "10.77.0.100-10.77.0.103"]
options = { domain-name = "lan" }
[[dhcp4.subnets.reservations]]
mac = "52:54:00:77:00:11"
hostname = "node-1"
options = { root-path = "/node-1" }
"""
MACHINES = """
[[machines]]
name = "by-mac"
mac = "52:54:00:77:00:10"
[[machines]]
name = "by-uuid"
uuid = "77777777-0000-4000-8000-000000000001"
"""


def configuration(text: str) -> Configuration:
    return parse(text.encode(), Path("wireboot.toml")).config


def snapshot(config: Configuration) -> Snapshot:
    return take_snapshot(config, FoundLoaders({}), NoFiles(), lambda _: None)


class Running(Conversation):
    """The server of a configuration."""

    def __init__(self, text: str = TEXT) -> None:
        config = configuration(text)
        self.snapshot = snapshot(config)
        self.allocator = Allocator(subnets(config), never=(SERVER,))
        super().__init__()
        self.endpoint = dhcp_server(self.snapshot, self.allocator, INTERFACES)

    def reload(self, text: str) -> None:
        config = configuration(text)
        self.allocator.use_subnets(subnets(config))
        self.snapshot.replace_with(snapshot(config))


def stranger(number: int) -> Message:
    return discover(mac=bytes([2, 0, 0, 0, 0, number]))


def test_classes_have_their_pools_options_and_times() -> None:
    offer = Running().ask(discover(options=pxe_options(7)))
    assert (offer.yiaddr, offer.options.get(LEASE_TIME), offer.options.get(ROOT_PATH)) == (ip(10), 600, "/uefi")


def test_the_subnets_options_go_before_those_for_all() -> None:
    options = Running().ask(discover()).options
    assert (options.get(DOMAIN_NAME), options.get(DOMAIN_NAME_SERVERS)) == ("lan", (ip(9),))


def test_a_reservation_may_have_nothing_but_options() -> None:
    offer = Running().ask(discover(mac=OTHER_MAC, options=pxe_options(7)))
    assert (offer.yiaddr, offer.options.get(ROOT_PATH)) == (ip(10), "/node-1")


def test_machines_of_the_inventory_get_the_share_that_is_kept() -> None:
    server = Running(TEXT + MACHINES)
    answered = [server.send(stranger(number)) for number in range(4)]
    assert [each is not None for each in answered] == [True, True, False, False]
    assert server.ask(discover()).yiaddr == ip(102)
    by_uuid = discover(mac=bytes([2, 0, 0, 0, 0, 9]), options=Options({CLIENT_MACHINE_ID.code: MACHINE_ID}))
    assert server.ask(by_uuid).yiaddr == ip(103)


def test_a_machine_added_while_the_server_runs_is_known_at_once() -> None:
    server = Running()
    for number in range(4):
        server.send(stranger(number))
    assert server.send(discover()) is None
    server.reload(TEXT + MACHINES)
    assert server.ask(discover()).yiaddr == ip(102)


def test_rules_change_while_the_server_runs() -> None:
    server = Running()
    asks = discover(options=options_of((RAPID_COMMIT, True)))
    assert server.ask(asks).message_type is MessageType.ACK
    server.reload(TEXT.replace("rapid_commit = true", "bootp = true") + MACHINES)
    assert server.ask(asks).message_type is MessageType.OFFER
    assert server.ask(from_client(None, mac=MAC)).yiaddr == ip(100)


def test_a_proxys_fallback_keeps_no_share() -> None:
    fallback = (
        "[dhcp4]\nreserved_share = '50%'\n"
        "[dhcp4.proxy_fallback]\nnetwork = '10.77.0.0/24'\npools = ['10.77.0.240-10.77.0.247']\n"
    )
    (subnet,) = subnets(configuration(fallback))
    assert (subnet.reserved_share, subnet.lease_time_s, subnet.options.get(ROUTERS)) == (0.0, 300, None)
