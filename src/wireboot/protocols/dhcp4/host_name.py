"""What a client calls itself, in option 12 or 81, and what it is told about its name in DNS (RFC 4702)."""

from __future__ import annotations

from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import CLIENT_FQDN, HOST_NAME
from wireboot.wire.option_table import domain_list

_NAME_SIZE_MAX = 255
"""Of any name in DNS (RFC 1035 §2.3.4). What is kept for each address must be bounded."""
_HEAD_SIZE = 3
"""Flags and two response codes."""
_SERVER_UPDATES, _OVERRIDDEN, _ENCODED, _NO_UPDATES = 0x01, 0x02, 0x04, 0x08
_NO_RESPONSE = b"\xff\xff"
"""What a server puts where response codes once were (RFC 4702 §2.2)."""


def host_name(message: Message) -> str | None:
    """What the client calls itself, where that can be shown to people. Option 81 goes before 12 (RFC 4702 §3.1)."""
    return shown_name(_fqdn(message) or message.options.get(HOST_NAME))


def shown_name(name: str | None) -> str | None:
    """The name where it is one that can be kept and shown to people."""
    return name if name and len(name) <= _NAME_SIZE_MAX and name.isprintable() else None


def fqdn_answer(request: Message, hostname: str | None) -> bytes | None:
    """Option 81 for the reply: nobody updates DNS here (RFC 4702 §4). None where the client sent none.

    The name comes back as the client wrote it, unless it is given another.
    """
    value = request.options.get(CLIENT_FQDN)
    if value is None or len(value) < _HEAD_SIZE:
        return None
    flags = value[0] & _ENCODED | _NO_UPDATES
    if value[0] & _SERVER_UPDATES:
        flags |= _OVERRIDDEN
    name = value[_HEAD_SIZE:]
    if hostname is not None and hostname != _fqdn(request):
        name = _encoded(hostname) if value[0] & _ENCODED else hostname.encode("ascii", "replace")
    return bytes([flags]) + _NO_RESPONSE + name


def _fqdn(message: Message) -> str | None:
    """The name in option 81; None where it cannot be read."""
    value = message.options.get(CLIENT_FQDN)
    if value is None or len(value) <= _HEAD_SIZE:
        return None
    name = value[_HEAD_SIZE:]
    if not value[0] & _ENCODED:
        return name.rstrip(b"\0").decode("latin-1")
    try:
        # A name that is not fully qualified lacks the byte that ends one (RFC 4702 §2.3).
        return domain_list.decode(name if name.endswith(b"\0") else name + b"\0")[0]
    except ValueError:
        return None


def _encoded(name: str) -> bytes:
    whole = domain_list.encode((name,))
    # One label alone is not fully qualified.
    return whole if "." in name else whole[:-1]
