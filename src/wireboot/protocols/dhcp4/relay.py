"""What a relay agent says of a request it passes on: option 82 (RFC 3046), as far as a server acts on it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import RELAY_AGENT_INFORMATION

_CIRCUIT_ID, _REMOTE_ID = 1, 2
_LINK_SELECTION = 5  # RFC 3527
_FLAGS = 10  # RFC 5010
_SERVER_IDENTIFIER_OVERRIDE = 11  # RFC 5107
_UNICAST = 0x80


@dataclass(frozen=True, slots=True)
class RelayInformation:
    """Sub-options as values. None: not said, or not in the shape that its RFC gives it."""

    circuit_id: bytes | None = None
    remote_id: bytes | None = None
    link_selection: IPv4Address | None = None
    """In the client's subnet, where `giaddr` is not (RFC 3527)."""
    unicast: bool | None = None
    """The client sent the message to the relay alone (RFC 5010)."""
    server_identifier: IPv4Address | None = None
    """What the client is to know the server by, so that it renews through the relay (RFC 5107)."""


NOTHING_SAID = RelayInformation()


def relay_information(message: Message) -> RelayInformation:
    """Nothing where option 82 is missing or malformed: it goes back as it came all the same (RFC 3046 §2.2).

    Switches add port and switch to what they pass on without being a relay; the rest only a relay can say.
    """
    value = message.options.get(RELAY_AGENT_INFORMATION)
    return read_relay_information(value, relayed=not message.giaddr.is_unspecified)


def read_relay_information(value: bytes | None, *, relayed: bool) -> RelayInformation:
    """The same from the value of option 82. `relayed`: the message has passed a relay."""
    parts = None if value is None else _parts(value)
    if parts is None:
        return NOTHING_SAID
    circuit_id, remote_id = parts.get(_CIRCUIT_ID), parts.get(_REMOTE_ID)
    if not relayed:
        return RelayInformation(circuit_id, remote_id)
    flags = parts.get(_FLAGS, b"")
    return RelayInformation(
        circuit_id,
        remote_id,
        _address(parts.get(_LINK_SELECTION)),
        bool(flags[0] & _UNICAST) if len(flags) == 1 else None,
        _address(parts.get(_SERVER_IDENTIFIER_OVERRIDE)),
    )


def _parts(value: bytes) -> dict[int, bytes] | None:
    parts: dict[int, bytes] = {}
    at = 0
    while at < len(value):
        end = at + 2 + value[at + 1] if at + 1 < len(value) else len(value) + 1
        if end > len(value):
            return None
        parts.setdefault(value[at], value[at + 2 : end])
        at = end
    return parts


def _address(value: bytes | None) -> IPv4Address | None:
    return IPv4Address(value) if value is not None and len(value) == 4 else None
