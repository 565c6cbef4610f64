"""From what the configuration says to what the decisions are made from."""

from __future__ import annotations

from wireboot.boot.inventory import Inventory, Machine, Profile
from wireboot.boot.loaders import FoundLoaders
from wireboot.config.dhcp4_options import parse_dhcp4_options
from wireboot.config.model import IGNORE, Configuration, Dhcp4Subnet
from wireboot.leases.subnet import Reservation, Subnet
from wireboot.wire.option_table import Options


def subnets(config: Configuration) -> tuple[Subnet, ...]:
    return tuple(_subnet(each) for each in config.dhcp4.subnets)


def inventory(config: Configuration, loaders: FoundLoaders) -> Inventory:
    default = config.boot.default_profile
    return Inventory(
        profiles={each.name: Profile(each.name, each.boot_program) for each in config.profiles},
        machines=tuple(Machine(each.name, each.mac, each.uuid, each.profile) for each in config.machines),
        default_profile=None if default == IGNORE else default,
        ignore_unknown=default == IGNORE,
        loaders=loaders,
    )


def _subnet(subnet: Dhcp4Subnet) -> Subnet:
    return Subnet(
        network=subnet.network,
        pools=subnet.pools,
        lease_time_s=subnet.lease_time_s,
        options=Options(parse_dhcp4_options(subnet.options)),
        reservations=tuple(Reservation(each.mac, each.address, each.hostname) for each in subnet.reservations),
    )
