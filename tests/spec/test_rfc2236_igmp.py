"""RFC 1112 §7 and RFC 2236: a host in user space joins groups and answers the routers that ask for members."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from tests.support.frames import (
    GROUP,
    OTHER_GROUP,
    OURS,
    STRANGER,
    Link,
    igmp_frame,
    packet_frame,
    read_packet,
    udp_packet,
)
from wireboot.endpoint import GroupJoined, GroupLeft, SocketAddress
from wireboot.wire import ethernet, igmp, ipv4
from wireboot.wire.igmp import ALL_ROUTERS, ALL_SYSTEMS, EVERY_GROUP, IgmpMessage, IgmpType

REPORT = IgmpMessage(IgmpType.V2_MEMBERSHIP_REPORT, GROUP)
V1_REPORT = IgmpMessage(IgmpType.V1_MEMBERSHIP_REPORT, GROUP)
LEAVE = IgmpMessage(IgmpType.LEAVE_GROUP, GROUP)


def read_igmp(frame: bytes) -> IgmpMessage:
    packet = read_packet(frame)
    assert (packet.protocol, packet.ttl, packet.options) == (ipv4.IGMP, 1, ipv4.ROUTER_ALERT)
    return igmp.decode(packet.payload)


def to_group(group: IPv4Address = GROUP) -> bytes:
    packet = udp_packet(b"block", destination=SocketAddress(group, 1758))
    return packet_frame(packet, destination=ethernet.multicast_link_address(group))


def query(group: IPv4Address = EVERY_GROUP, code: int = 100) -> bytes:
    destination = ALL_SYSTEMS if group == EVERY_GROUP else group
    return igmp_frame(IgmpMessage(IgmpType.MEMBERSHIP_QUERY, group, code), destination)


def member(random: float = 0.5) -> Link:
    """A host that has joined and said so both times."""
    link = Link(random=random).with_address()
    link.tell(GroupJoined(GROUP))
    link.wait(10.0)
    return link


def test_a_group_is_received_from_joining_to_leaving() -> None:
    """RFC 1112 §7.1: JoinHostGroup, LeaveHostGroup."""
    link = Link().with_address()
    link.hear(to_group())
    link.tell(GroupJoined(GROUP))
    link.hear(to_group(), to_group(OTHER_GROUP))
    link.tell(GroupLeft(GROUP))
    link.hear(to_group())
    (datagram,) = link.guest.received
    assert (datagram.to_group, datagram.local) == (True, SocketAddress(OURS, 1758))


def test_another_group_with_the_same_mac_is_not_received() -> None:
    """RFC 1112 §6.4: 32 groups share one MAC."""
    link = member()
    twin = IPv4Address("239.129.2.3")
    assert ethernet.multicast_link_address(twin) == ethernet.multicast_link_address(GROUP)
    link.hear(to_group(twin))
    assert link.guest.received == []


def test_the_card_is_to_let_in_what_was_joined() -> None:
    """RFC 1112 §7.2 and §7.3: the all-hosts group always, for the queries that go there."""
    link = member()
    assert {each.hex() for each in link.host.multicast_addresses} == {"01005e000001", "01005e010203"}


def test_who_joins_reports_at_once_and_once_more() -> None:
    """RFC 2236 §3: the report goes to the group itself; the first may be lost."""
    link = Link(random=0.5).with_address()
    (first,) = link.tell(GroupJoined(GROUP))
    later = link.wait(60.0)
    assert first[:6] == ethernet.multicast_link_address(GROUP)
    assert (read_packet(first).source, read_packet(first).destination) == (OURS, GROUP)
    assert read_igmp(first) == REPORT
    assert [(at, read_igmp(frame)) for at, frame in later] == [(5.0, REPORT)]


@pytest.mark.parametrize(("random", "code", "at_s"), [(0.0, 100, 0.0), (0.5, 100, 5.0), (0.25, 10, 0.25)])
def test_a_query_is_answered_within_the_time_it_names(random: float, code: int, at_s: float) -> None:
    """RFC 2236 §3: after a random delay, so that not all members speak at once."""
    link = member(random)
    sent = [(0.0, frame) for frame in link.hear(query(code=code))] + link.wait(20.0)
    assert [(at, read_igmp(frame)) for at, frame in sent] == [(at_s, REPORT)]


def test_a_query_for_another_group_is_not_answered() -> None:
    """RFC 2236 §3: group-specific queries."""
    link = member()
    link.tell(GroupJoined(OTHER_GROUP))
    link.wait(20.0)
    link.hear(query(GROUP))
    assert [read_igmp(frame) for _, frame in link.wait(20.0)] == [REPORT]


def test_an_answer_under_way_is_only_brought_forward() -> None:
    """RFC 2236 §3: a running timer is reset only where it would end too late."""
    link = member(0.5)
    link.hear(query(code=100))
    link.now += 1.0
    link.hear(query(code=200))
    assert [at for at, _ in link.wait(20.0)] == [4.0]
    link.hear(query(code=100))
    link.hear(query(code=10))
    assert [at for at, _ in link.wait(20.0)] == [0.5]


def test_one_report_for_a_group_is_enough() -> None:
    """RFC 2236 §3: another member's report stops ours, and the leave is then that member's."""
    link = member()
    link.hear(query(), igmp_frame(REPORT, GROUP, source=STRANGER))
    assert link.wait(20.0) == []
    assert link.tell(GroupLeft(GROUP)) == []


def test_who_leaves_says_so_to_the_routers() -> None:
    """RFC 2236 §3: or the group would be sent here until nobody answers the next queries."""
    (sent,) = member().tell(GroupLeft(GROUP))
    assert (read_packet(sent).destination, sent[:6].hex()) == (ALL_ROUTERS, "01005e000002")
    assert read_igmp(sent) == LEAVE


def test_a_group_joined_twice_is_left_with_the_last() -> None:
    """RFC 1112 §7.1: several requests for one group are one membership."""
    link = member()
    assert link.tell(GroupJoined(GROUP)) == []
    assert link.tell(GroupLeft(GROUP)) == []
    assert [read_igmp(frame) for frame in link.tell(GroupLeft(GROUP))] == [LEAVE]
    assert link.tell(GroupLeft(GROUP)) == []


def test_a_router_of_version_1_hears_version_1() -> None:
    """RFC 2236 §4: for 400 s after its query, which names no time: ten seconds. It knows no leave."""
    link = member()
    link.hear(query(code=0))
    assert [(at, read_igmp(frame)) for at, frame in link.wait(20.0)] == [(5.0, V1_REPORT)]
    link.tell(GroupLeft(GROUP))
    assert [read_igmp(frame) for frame in link.tell(GroupJoined(GROUP))] == [V1_REPORT]
    assert link.tell(GroupLeft(GROUP)) == []
    link.wait(400.0)
    assert [read_igmp(frame) for frame in link.tell(GroupJoined(GROUP))] == [REPORT]


def test_nothing_is_said_of_the_group_of_all_hosts() -> None:
    """RFC 2236 §6: every host is in it."""
    link = Link().with_address()
    assert link.tell(GroupJoined(ALL_SYSTEMS)) == []
    link.hear(query())
    assert link.wait(20.0) == []
