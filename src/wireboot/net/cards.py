"""The card by the name that an operator gives it: an interface of this machine, or `tap:NAME`."""

from __future__ import annotations

from wireboot.net.frame_socket import FrameSocket
from wireboot.net.tap import TapCard

_TAP = "tap:"


def open_card(interface: str, station_address: bytes) -> FrameSocket | TapCard:
    """Raises OperatorError where it is no use or the system refuses."""
    if interface.startswith(_TAP):
        return TapCard(interface.removeprefix(_TAP), station_address)
    return FrameSocket(interface, station_address)
