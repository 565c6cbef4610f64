"""From what the configuration says of DHCP to the subnets that are served and the rules for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from wireboot.config.dhcp4_options import parse_dhcp4_option, parse_dhcp4_options
from wireboot.config.model import Configuration
from wireboot.config.model_dhcp4 import Dhcp4Class, Dhcp4ProxyFallback, Dhcp4Reservation, Dhcp4Subnet
from wireboot.config.values import AddressPool
from wireboot.leases.pool import Pool
from wireboot.leases.reservation import Reservation
from wireboot.leases.subnet import Subnet
from wireboot.protocols.dhcp4.classes import ClientClass, Match
from wireboot.protocols.dhcp4.rules import Rules
from wireboot.wire.option_table import Options


def subnets(config: Configuration) -> tuple[Subnet, ...]:
    """Those whose addresses are lent: a server's own or, in proxy mode, the fallback's."""
    dhcp4 = config.dhcp4
    if dhcp4.mode == "proxy":
        return () if dhcp4.proxy_fallback is None else (_fallback(dhcp4.proxy_fallback),)
    settings = parse_dhcp4_options(dhcp4.options)
    return tuple(_subnet(each, settings, dhcp4.reserved_share) for each in dhcp4.subnets)


def dhcp4_rules(config: Configuration) -> Rules:
    dhcp4 = config.dhcp4
    return Rules(
        classes=tuple(_class(each) for each in dhcp4.classes),
        authoritative=dhcp4.authoritative,
        rapid_commit=dhcp4.rapid_commit,
        bootp=dhcp4.bootp,
    )


def _fallback(fallback: Dhcp4ProxyFallback) -> Subnet:
    # No share for known machines: who gets here has shown to need it.
    options = Options(parse_dhcp4_options(fallback.options))
    return Subnet(fallback.network, tuple(map(_pool, fallback.pools)), fallback.lease_time_s, options)


def _subnet(subnet: Dhcp4Subnet, settings: Mapping[int, bytes], reserved_share: float) -> Subnet:
    return Subnet(
        network=subnet.network,
        pools=tuple(map(_pool, subnet.pools)),
        lease_time_s=subnet.lease_time_s,
        options=Options({**settings, **parse_dhcp4_options(subnet.options)}),
        reservations=tuple(map(_reservation, subnet.reservations)),
        shared_network=subnet.shared_network,
        lease_time_min_s=subnet.lease_time_min_s,
        lease_time_max_s=subnet.lease_time_max_s,
        renewal_time_s=subnet.renewal_time_s,
        rebinding_time_s=subnet.rebinding_time_s,
        reserved_share=reserved_share,
    )


def _pool(pool: AddressPool) -> Pool:
    return Pool(pool.first, pool.last, frozenset(pool.classes), frozenset(pool.not_classes))


def _reservation(reservation: Dhcp4Reservation) -> Reservation:
    return Reservation(
        link_address=reservation.mac,
        address=reservation.address,
        hostname=reservation.hostname,
        client=reservation.client_id,
        uuid=reservation.uuid,
        circuit_id=reservation.circuit_id,
        remote_id=reservation.remote_id,
        relay=reservation.relay,
        options=Options(parse_dhcp4_options(reservation.options)),
    )


def _class(each: Dhcp4Class) -> ClientClass:
    match = each.match
    return ClientClass(
        each.name,
        Match(
            architectures=frozenset(chain.from_iterable(match.architecture)),
            vendor_classes=match.vendor_class,
            user_classes=frozenset(match.user_class),
            mac_prefixes=match.mac,
            relays=frozenset(match.relay),
            circuit_ids=frozenset(match.circuit_id),
            remote_ids=frozenset(match.remote_id),
            uuids=frozenset(uuid.bytes_le for uuid in match.uuid),
            options=dict(parse_dhcp4_option(name, value, sent_by_client=True) for name, value in match.option.items()),
        ),
        Options(parse_dhcp4_options(each.options)),
        each.lease_time_s,
    )
