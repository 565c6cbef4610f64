"""Which frames a card lets in (pxe_api/card.py)."""

from __future__ import annotations

import pytest

from tests.support.frames import GROUP, OTHER_GROUP, STATION, STRANGER_STATION
from wireboot.pxe_api.card import PacketFilter, ReceiveFilter
from wireboot.wire.ethernet import BROADCAST, multicast_link_address

LISTED, UNLISTED = multicast_link_address(GROUP), multicast_link_address(OTHER_GROUP)
ALL = {STATION, LISTED, UNLISTED, BROADCAST, STRANGER_STATION}


@pytest.mark.parametrize(
    ("packet_filter", "let_in"),
    [
        (PacketFilter(0), set()),
        (PacketFilter.DIRECTED, {STATION, LISTED}),
        (PacketFilter.BROADCAST, {BROADCAST}),
        (PacketFilter.DIRECTED | PacketFilter.BROADCAST, {STATION, LISTED, BROADCAST}),
        (PacketFilter.PROMISCUOUS, ALL),
        (PacketFilter.PROMISCUOUS | PacketFilter.DIRECTED, ALL),
        (PacketFilter(0x0008), set()),  # source routing, which Ethernet has not
    ],
)
def test_a_card_lets_in_what_its_filter_names(packet_filter: PacketFilter, let_in: set[bytes]) -> None:
    """PXE 2.1, UNDI OPEN: directed means the station's own address and the listed multicast addresses."""
    card = ReceiveFilter(STATION, packet_filter, frozenset({LISTED}))
    assert {destination for destination in ALL if card.accepts(destination)} == let_in
