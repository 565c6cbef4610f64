"""What a configuration of the DHCP server cannot mean: classes, pools, reservations, links and times."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.test_config_check import HOST, SERVER, Told, interface, remedy, subnet, told


def a_class(name: str, *lines: str, match: str = '{ vendor_class = "PXEClient*" }') -> str:
    return "\n".join(("[[dhcp4.classes]]", f'name = "{name}"', f"match = {match}", *lines, ""))


def reservation(*lines: str) -> str:
    return "\n".join(("[[dhcp4.subnets.reservations]]", *lines, ""))


def test_all_of_it_together_is_sound() -> None:
    text = (
        SERVER
        + 'reserved_share = "10%"\nauthoritative = false\nrapid_commit = true\nbootp = true\n'
        + 'options = { domain-name-servers = ["10.77.0.1"] }\n'
        + a_class("pxe", "lease_time_s = 600", "options = { root-path = '/srv' }")
        + a_class("lab", match="{ relay = '10.77.1.254', option = { 60 = 'lab', client-architecture = [7] } }")
        + subnet(
            'shared_network = "hall"',
            "lease_time_min_s = 600",
            "lease_time_max_s = 7200",
            "renewal_time_s = 900",
            "rebinding_time_s = 3000",
            reservation('mac = "52:54:00:00:00:01"', 'address = "10.77.0.5"', "options = { root-path = '/srv/1' }"),
            reservation('client_id = "0xff01"', 'address = "10.77.0.6"'),
            reservation('uuid = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"', 'hostname = "node"'),
            reservation('circuit_id = "eth0/7"', 'relay = "10.77.1.254"', 'address = "10.77.0.7"'),
            reservation('circuit_id = "eth0/7"', 'remote_id = "0x01"', 'address = "10.77.0.8"'),
            pools="['10.77.0.100-10.77.0.199', { range = '10.77.0.200-10.77.0.210', classes = ['pxe', 'lab'] }]",
        )
        + subnet('shared_network = "hall"', network="10.78.0.0/24", pools='["10.78.0.9"]')
    )
    assert told(text) == []


CLASSES: list[tuple[str, Told]] = [
    (
        a_class("pxe", "lease_time_s = 600") + a_class("pxe", "lease_time_s = 600"),
        [(8, "error", 'there is a class "pxe" already, on line 4')],
    ),
    (
        a_class("all", "lease_time_s = 600", match="{}"),
        [(4, "warning", 'class "all" has nothing in match: every client is in it')],
    ),
    (
        a_class("idle"),
        [(4, "note", 'class "idle" has neither options nor lease_time_s, and no pool names it')],
    ),
    (
        a_class("pxe", "lease_time_s = 600", match='{ option = { user-clas = "x" } }'),
        [(5, "error", "no DHCP option is called 'user-clas'")],
    ),
    (
        a_class("pxe", "lease_time_s = 600", match='{ option = { client-architecture = "x" } }'),
        [(5, "error", "option 'client-architecture': \"x\" does not fit")],
    ),
    (
        a_class("pxe", 'options = { lease-time = 5, routers = ["10.77.0.1"] }'),
        [(6, "error", "option 'lease-time' is not set by hand")],
    ),
    (a_class("pxe", "lease_time_s = 5"), [(6, "warning", "lease_time_s = 5: clients renew every 2.5 seconds")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "findings"), CLASSES)
def test_a_class_has_a_name_of_its_own_and_somebody_in_it(text: str, findings: Told) -> None:
    assert told(SERVER + text + subnet()) == findings


def test_a_pools_classes_are_defined() -> None:
    pools = "[{ range = '10.77.0.10-10.77.0.20', classes = ['pxf'], not_classes = ['zzz'] }]"
    text = SERVER + subnet(pools=pools) + a_class("pxe", "lease_time_s = 600")
    assert told(text) == [(5, "error", 'there is no class "pxf"'), (5, "error", 'there is no class "zzz"')]
    text = SERVER + subnet(pools=pools.replace("'zzz'", "")) + a_class("pxe", "lease_time_s = 600")
    assert remedy(text) == 'did you mean "pxe"?'


def test_a_pool_is_not_both_for_a_class_and_not_for_it() -> None:
    pools = "[{ range = '10.77.0.10-10.77.0.20', classes = ['pxe'], not_classes = ['pxe'] }]"
    what = 'pool 10.77.0.10-10.77.0.20 is both for class "pxe" and not for it: nobody gets its addresses'
    assert told(SERVER + a_class("pxe") + subnet(pools=pools)) == [(8, "error", what)]


def test_pools_with_and_without_classes_are_apart() -> None:
    pools = "['10.77.0.10-10.77.0.20', { range = '10.77.0.20-10.77.0.30', classes = ['pxe'] }]"
    what = "pool 10.77.0.20-10.77.0.30 overlaps pool 10.77.0.10-10.77.0.20"
    assert told(SERVER + a_class("pxe") + subnet(pools=pools)) == [(8, "error", what)]


def test_the_fallbacks_pools_take_no_classes() -> None:
    fallback = (
        "[dhcp4.proxy_fallback]\nnetwork = '10.77.0.0/24'\npools = [{ range = '10.77.0.240', classes = ['pxe'] }]\n"
    )
    ((line, severity, _),) = told(fallback + a_class("pxe"))[:1]
    assert (line, severity) == (3, "error")


RESERVATIONS: list[tuple[str, Told]] = [
    (reservation('address = "10.77.0.5"'), [(6, "error", "the reservation does not say whom it is for")]),
    (
        reservation('mac = "52:54:00:00:00:01"', 'client_id = "0x01"', 'address = "10.77.0.5"'),
        [(8, "error", "the reservation has both mac and client_id")],
    ),
    (
        reservation('mac = "52:54:00:00:00:01"'),
        [(6, "warning", "the reservation keeps nothing for its client")],
    ),
    (
        reservation('mac = "52:54:00:00:00:01"', 'relay = "10.77.1.254"', 'address = "10.77.0.5"'),
        [(8, "error", "relay names the relay of a port, and there is no circuit_id or remote_id")],
    ),
    (
        reservation('client_id = "me"', 'address = "10.77.0.5"')
        + reservation('client_id = "0x6d65"', 'hostname = "a"'),
        [(10, "error", "client identifier 0x6d65 has a reservation in this subnet already, on line 7")],
    ),
    (
        reservation('circuit_id = "a"', 'address = "10.77.0.5"')
        + reservation('circuit_id = "a"', 'remote_id = "b"', 'address = "10.77.0.6"')
        + reservation('circuit_id = "a"', 'relay = "10.77.1.254"', 'address = "10.77.0.7"')
        + reservation('circuit_id = "a"', 'hostname = "a"'),
        [(18, "error", "this port has a reservation in this subnet already, on line 7")],
    ),
    (
        reservation('mac = "52:54:00:00:00:01"', 'options = { zzzz = "1" }'),
        [(8, "error", "no DHCP option is called 'zzzz'")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "findings"), RESERVATIONS)
def test_a_reservation_is_for_one_client_and_keeps_something(text: str, findings: Told) -> None:
    assert told(SERVER + subnet(text)) == findings


def test_options_for_all_subnets_are_checked_too() -> None:
    assert told(SERVER + "options = { zzzz = 1 }\n" + subnet()) == [(3, "error", "no DHCP option is called 'zzzz'")]


def test_a_shared_network_of_one_subnet_is_noted() -> None:
    other = subnet('shared_network = "hall"', network="10.78.0.0/24", pools='["10.78.0.9"]')
    third = subnet('shared_network = "hall"', network="10.79.0.0/24", pools='["10.79.0.9"]')
    text = SERVER + subnet('shared_network = "hal"') + other + third
    what = 'no other subnet is in shared network "hal": this one is alone as it would be without'
    assert told(text) == [(6, "note", what)]
    assert remedy(text) == 'did you mean "hall"?'


def test_two_subnets_on_one_interface_that_are_not_one_link_are_noted() -> None:
    host = replace(HOST, interfaces=(interface("eth0", "10.77.0.1/24", "10.78.0.1/24"),))
    other = subnet(network="10.78.0.0/24", pools='["10.78.0.9"]')
    what = "interface eth0 is in subnet 10.77.0.0/24 too, which serves the clients there"
    assert told(SERVER + subnet() + other, host) == [(7, "note", what)]

    name = 'shared_network = "hall"'
    together = subnet(name) + subnet(name, network="10.78.0.0/24", pools='["10.78.0.9"]')
    assert told(SERVER + together, host) == []


@pytest.mark.parametrize(
    ("lines", "line", "what"),
    [
        (["lease_time_min_s = 7200"], 6, "lease_time_min_s = 7200 is not before lease_time_s = 3600"),
        (["lease_time_max_s = 1800"], 6, "lease_time_s = 3600 is not before lease_time_max_s = 1800"),
        (["renewal_time_s = 3600"], 6, "renewal_time_s = 3600 is not before lease_time_s = 3600"),
        (["rebinding_time_s = 4000"], 6, "rebinding_time_s = 4000 is not before lease_time_s = 3600"),
        (
            ["rebinding_time_s = 900", "renewal_time_s = 900"],
            7,
            "renewal_time_s = 900 is not before rebinding_time_s = 900",
        ),
    ],
)
def test_times_are_in_order(lines: list[str], line: int, what: str) -> None:
    assert told(SERVER + subnet(*lines)) == [(line, "error", what)]


def test_limits_may_be_the_lease_time_itself() -> None:
    assert told(SERVER + subnet("lease_time_min_s = 3600", "lease_time_max_s = 3600")) == []
