"""A subnet while the lines that speak of it are still being read."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network

from wireboot.migrate.draft import OptionSetting, Pool, Subnet
from wireboot.migrate.lease_times import LeaseTimes
from wireboot.migrate.report import Place, Report


@dataclass(slots=True)
class SubnetBuilder:
    network: IPv4Network
    place: Place
    times: LeaseTimes
    shared_network: str | None = None
    pools: list[Pool] = field(default_factory=list)
    options: dict[int, OptionSetting] = field(default_factory=dict)
    without: set[int] = field(default_factory=set)
    """Options that are not sent, although the other server would of its own accord."""

    def subnet(self, report: Report) -> Subnet:
        options = tuple(self.options[code] for code in sorted(self.options))
        times = self.times.in_order(report)
        return Subnet(self.network, self.place, times, tuple(self.pools), options, (), self.shared_network)
