"""RFC 4702: what a client says of its name in DNS, and a server that updates nobody's DNS."""

from __future__ import annotations

import pytest

from tests.support.dhcp import MAC, DhcpServer, a_subnet, discover, from_client, ip, on_unicast, options_of, selecting
from wireboot.leases.reservation import Reservation
from wireboot.protocols.dhcp4.events import LeaseGranted
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import CLIENT_FQDN, HOST_NAME, PARAMETER_REQUEST_LIST, MessageType
from wireboot.wire.option_table import Options

S, O, E, N = 1, 2, 4, 8  # noqa: E741  # the RFC's letters
ENCODED = b"\x04node\x03lab\x00"


def fqdn(flags: int, name: bytes = ENCODED, codes: bytes = b"\0\0") -> Options:
    return options_of((CLIENT_FQDN, bytes([flags]) + codes + name))


def answered(sent: Options, server: DhcpServer | None = None) -> bytes | None:
    """Option 81 of the acknowledgement."""
    server = server or DhcpServer()
    offer = server.ask(discover(options=sent))
    return server.ask(selecting(offer.yiaddr, options=sent)).options.get(CLIENT_FQDN)


@pytest.mark.parametrize(
    ("asked", "told"),
    [(S | E, O | E | N), (E, E | N), (N | E, E | N), (S, O | N), (0, N)],
    ids=["wants updates", "updates itself", "wants none", "wants updates, in ASCII", "updates itself, in ASCII"],
)
def test_the_client_hears_that_the_server_updates_nothing(asked: int, told: int) -> None:
    """RFC 4702 §4: N is set, S is not, and O says so where the client had wished for S."""
    name = ENCODED if asked & E else b"node.lab"
    assert answered(fqdn(asked, name)) == bytes([told]) + b"\xff\xff" + name


def test_the_option_comes_back_though_it_is_not_in_the_list() -> None:
    """RFC 4702 §4: a server that got the option includes it in its reply."""
    sent = Options({**fqdn(E), PARAMETER_REQUEST_LIST.code: b"\x01\x03"})
    assert answered(sent) is not None


def test_a_client_that_sends_none_gets_none() -> None:
    """RFC 4702 §4: the server must not send it then."""
    assert answered(Options({PARAMETER_REQUEST_LIST.code: bytes([1, 81])})) is None


@pytest.mark.parametrize("value", [b"", b"\x04", b"\x04\x00"])
def test_an_option_cut_short_is_as_good_as_none(value: bytes) -> None:
    """RFC 4702 §2: flags and two codes at least; an address is no matter of names."""
    assert answered(options_of((CLIENT_FQDN, value))) is None


@pytest.mark.parametrize(
    ("name", "flags", "told"),
    [
        (ENCODED, E, "node.lab"),
        (b"\x04node", E, "node"),
        (b"node.lab", 0, "node.lab"),
        (b"", E, None),
        (b"\x40node", E, None),
        (b"\xc0\x00", E, None),
        (b"a\x1b[2J", 0, None),
    ],
    ids=["qualified", "a label alone", "in ASCII", "empty", "too long a label", "a pointer to itself", "rude"],
)
def test_the_lease_keeps_the_name(name: bytes, flags: int, told: str | None) -> None:
    """RFC 4702 §2.3: in DNS's encoding, or in ASCII from old clients."""
    server = DhcpServer()
    answered(fqdn(flags, name), server)
    assert server.event(LeaseGranted).lease.hostname == told


def test_option_81_goes_before_option_12() -> None:
    """RFC 4702 §3.1: a client with both means this one."""
    server = DhcpServer()
    answered(Options({**fqdn(E), HOST_NAME.code: b"other"}), server)
    assert server.event(LeaseGranted).lease.hostname == "node.lab"


@pytest.mark.parametrize(
    ("flags", "sent", "told"), [(E, ENCODED, b"\x07node-77\x03lab\x00"), (0, b"node.lab", b"node-77.lab")]
)
def test_a_reserved_name_takes_the_place_of_the_clients(flags: int, sent: bytes, told: bytes) -> None:
    """RFC 4702 §4: the server may send another name than the client did."""
    server = DhcpServer(a_subnet(reservations=[Reservation(MAC, ip(50), "node-77.lab")]))
    value = answered(fqdn(flags, sent), server)
    assert value is not None
    assert value[3:] == told
    assert server.event(LeaseGranted).lease.hostname == "node-77.lab"


def test_inform_is_answered_with_the_option_too() -> None:
    """RFC 4702 §4: in every message with settings."""
    ack: Message = DhcpServer().ask(from_client(MessageType.INFORM, ciaddr=ip(20), options=fqdn(E)), on_unicast(ip(20)))
    assert ack.options.get(CLIENT_FQDN) == bytes([E | N]) + b"\xff\xff" + ENCODED
