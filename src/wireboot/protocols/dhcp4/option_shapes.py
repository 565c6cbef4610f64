"""Shapes of values that only one or two DHCPv4 options have."""

from __future__ import annotations

from ipaddress import IPv4Address

from wireboot.wire.option_table import Shape, domain_list, ipv4, list_of, text

_addresses = list_of(ipv4, 4)
Addresses = tuple[IPv4Address, ...]


def _decode_domain(value: bytes) -> str:
    names = domain_list.decode(value)
    if len(names) != 1:
        raise ValueError(f"{len(names)} domain names where there is one")
    return names[0]


def _parse_domain(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a domain name")
    return domain_list.parse(value)[0]


domain_name = Shape("domain name", _decode_domain, lambda name: domain_list.encode((name,)), _parse_domain)

# RFC 3361 §3: a byte says whether names or addresses follow.
_SIP_NAMES, _SIP_ADDRESSES = b"\0", b"\1"
SipServers = tuple[str, ...] | Addresses


def _decode_sip(value: bytes) -> SipServers:
    if value[:1] == _SIP_NAMES:
        return domain_list.decode(value[1:])
    if value[:1] == _SIP_ADDRESSES:
        return _addresses.decode(value[1:])
    raise ValueError("neither names nor addresses follow")


def _encode_sip(servers: SipServers) -> bytes:
    addresses = tuple(each for each in servers if isinstance(each, IPv4Address))
    names = tuple(each for each in servers if isinstance(each, str))
    return _SIP_ADDRESSES + _addresses.encode(addresses) if addresses else _SIP_NAMES + domain_list.encode(names)


def _parse_sip(value: object) -> SipServers:
    try:
        return _addresses.parse(value)
    except ValueError:
        return domain_list.parse(value)


sip_servers = Shape("sip servers", _decode_sip, _encode_sip, _parse_sip)

# RFC 2610: a byte says whether the client must use just these.
SlpAgents = tuple[bool, Addresses]
SlpScope = tuple[bool, str]


def _decode_slp_agents(value: bytes) -> SlpAgents:
    return _decode_mandatory(value), _addresses.decode(value[1:])


def _parse_slp_agents(value: object) -> SlpAgents:
    if isinstance(value, list) and value and isinstance(value[0], bool):
        return value[0], _addresses.parse(value[1:])
    return True, _addresses.parse(value)


def _decode_slp_scope(value: bytes) -> SlpScope:
    return _decode_mandatory(value), text.decode(value[1:])


def _decode_mandatory(value: bytes) -> bool:
    if value[:1] not in (b"\0", b"\1"):
        raise ValueError("does not begin with 0 or 1")
    return value[:1] == b"\1"


slp_agents = Shape(
    "slp agents",
    _decode_slp_agents,
    lambda agents: bytes([agents[0]]) + _addresses.encode(agents[1]),
    _parse_slp_agents,
)
slp_scope = Shape(
    "slp scope",
    _decode_slp_scope,
    lambda scope: bytes([scope[0]]) + text.encode(scope[1]),
    lambda value: (True, text.parse(value)),
)


def _decode_pcp(value: bytes) -> tuple[Addresses, ...]:
    return tuple(_addresses.decode(each) for each in _sized_items(value, 1))


def _parse_pcp(value: object) -> tuple[Addresses, ...]:
    items = value if isinstance(value, list) else [value]
    if not items:
        raise ValueError("the list is empty")
    servers = tuple(_addresses.parse(each) for each in items)
    if any(len(each) > 63 for each in servers):
        raise ValueError("more than 63 addresses of one server")
    return servers


# RFC 7291 §4: the addresses of one server after the other, each list with its size before it.
pcp_servers = Shape(
    "pcp servers",
    _decode_pcp,
    lambda servers: b"".join(bytes([4 * len(each)]) + _addresses.encode(each) for each in servers),
    _parse_pcp,
)


def _decode_uris(value: bytes) -> tuple[str, ...]:
    return tuple(text.decode(each) for each in _sized_items(value, 2))


def _parse_uris(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    if not items:
        raise ValueError("the list is empty")
    return tuple(text.parse(each) for each in items)


# RFC 8572 §8.3: each URI with its size in two bytes before it.
uris = Shape(
    "uris",
    _decode_uris,
    lambda uris: b"".join(len(each).to_bytes(2, "big") + text.encode(each) for each in uris),
    _parse_uris,
)


def _sized_items(value: bytes, size_bytes: int) -> list[bytes]:
    """Items that each have their size before them."""
    items: list[bytes] = []
    at = 0
    while at < len(value):
        start = at + size_bytes
        at = start + int.from_bytes(value[at:start], "big")
        if start > len(value) or at > len(value):
            raise ValueError("an item runs past the end")
        items.append(value[start:at])
    if not items:
        raise ValueError("the list is empty")
    return items
