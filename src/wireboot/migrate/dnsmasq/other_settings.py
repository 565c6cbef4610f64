"""dnsmasq's settings that no key of wireboot.toml stands for, and why."""

from __future__ import annotations

from typing import NamedTuple

from wireboot.migrate.dnsmasq.reader import Setting
from wireboot.migrate.reasons import (
    NOBODY_IS_IGNORED,
    NOBODY_IS_IGNORED_REMEDY,
    NOTHING_FOR_PXE,
    NOTHING_TO_DO,
)
from wireboot.migrate.report import Report


class _Row(NamedTuple):
    names: str
    why: str
    remedy: str


_DNS = "wireboot answers no DNS"
_DNS_REMEDY = "leave dnsmasq to do it, without dhcp-range and enable-tftp; or another name server"
_V6 = "DHCPv6 and router advertisements are not served"
_LOG_REMEDY = "`wireboot serve --log-format` and the service manager decide about the log"

# fmt: off
_NOT_TRANSLATED = (
    _Row("address addn-hosts alias all-servers auth-peer auth-sec-servers auth-server auth-soa auth-ttl "
         "auth-zone bogus-nxdomain bogus-priv caa-record cache-rr cache-size clear-on-reload cname "
         "connmark-allowlist connmark-allowlist-enable conntrack dns-forward-max dns-loop-detect dns-rr dnssec "
         "dnssec-check-unsigned dnssec-debug dnssec-limits dnssec-no-timecheck dnssec-timestamp domain-needed "
         "dynamic-host edns-packet-max expand-hosts fast-dns-retry filter-A filter-AAAA filter-rr filterwin2k "
         "host-record hostsdir ignore-address interface-name ipset local local-service local-ttl "
         "localise-queries localmx max-cache-ttl max-port max-ttl max-tcp-connections min-cache-ttl min-port "
         "mx-host mx-target naptr-record neg-ttl nftset no-hosts no-ident no-negcache no-poll no-resolv "
         "no-round-robin port port-limit proxy-dnssec ptr-record query-port rebind-domain-ok "
         "rebind-localhost-ok resolv-file rev-server selfmx server servers-file srv-host stop-dns-rebind "
         "strict-order strip-mac strip-subnet synth-domain trust-anchor txt-record umbrella use-stale-cache "
         "add-cpe-id add-mac add-subnet dhcp-fqdn dhcp-ttl dhcp-generate-names dhcp-client-update",
         _DNS, _DNS_REMEDY),
    _Row("dhcp-duid enable-ra ra-param no-dhcpv6-interface", _V6, "leave dnsmasq to do it, without its IPv4 ranges"),
    _Row("except-interface no-dhcp-interface no-dhcpv4-interface", "interfaces are named, not excepted",
         "list those to serve on as `interfaces` in [network]"),
    _Row("listen-address", "wireboot serves interfaces, not single addresses", "name the interface in [network]"),
    _Row("bridge-interface", "an interface is served by the networks of its own addresses",
         "name the bridge itself in [network]"),
    _Row("dhcp-alternate-port", "DHCP's ports are fixed", NOTHING_FOR_PXE),
    _Row("dhcp-ignore", NOBODY_IS_IGNORED, NOBODY_IS_IGNORED_REMEDY),
    _Row("dhcp-ignore-clid", "leases are by client identifier, where a client sends one",
         "see docs/guides/moving-in.md"),
    _Row("dhcp-script dhcp-luascript dhcp-scriptuser script-arp script-on-renewal",
         "no program is run when a lease changes", "`wireboot serve --log-format json` tells every change"),
    _Row("dhcp-relay dhcp-proxy", "wireboot is no relay", "use a relay agent, such as the one of the router"),
    _Row("dhcp-subscrid dhcp-name-match dhcp-pxe-vendor", "clients are not told by it",
         "see the lines that use its tag, and [dhcp4.classes.match] for what they are told by"),
    _Row("dhcp-broadcast", "replies are broadcast to who asks for it", "where one needs more, please report it"),
    _Row("dhcp-reply-delay", "clients are answered at once", NOTHING_TO_DO),
    _Row("dhcp-lease-max", "there are as many leases as addresses", "make the pools smaller"),
    _Row("dhcp-ignore-names", "the name that a client gives itself is kept with its lease", NOTHING_FOR_PXE),
    _Row("conf-dir conf-file dhcp-hostsdir dhcp-hostsfile dhcp-optsdir dhcp-optsfile", "it names no file",
         "take it out"),
    _Row("read-ethers", "/etc/ethers is not read", "write its lines as [[dhcp4.subnets.reservations]]"),
    _Row("conf-script", "programs named in a configuration are not run", "run it, and import what it prints"),
    _Row("leasefile-ro", "leases are always kept", NOTHING_TO_DO),
    _Row("tftp-secure", "who may read which boot file follows from the rights of wireboot's own user",
         "let that user read boot_dir, and nothing that is secret"),
    _Row("tftp-unique-root", "boot files lie in one folder for all", "give machines profiles with their own files"),
    _Row("tftp-max", "transfers are bounded by open files", "raise the service's limit of open files"),
    _Row("tftp-mtu", "the block size follows from the interface's MTU", "set the MTU of the interface"),
    _Row("tftp-no-blocksize", "the options that a client asks for are granted",
         "where a client goes wrong over them, please report it"),
    _Row("tftp-port-range", "transfers use ports that the system chooses",
         "let the firewall follow TFTP (nf_conntrack_tftp)"),
)
_NOT_NEEDED = (
    _Row("bind-interfaces bind-dynamic", "interfaces are served as they come and go", ""),
    _Row("enable-tftp", "boot files are always served by TFTP", ""),
    _Row("tftp-no-fail", "`wireboot check` tells what is missing", ""),
    _Row("tftp-lowercase", "names of boot files are found in whatever case", ""),
    _Row("tftp-single-port", "clients behind address translation reach it as any TFTP server", ""),
    _Row("dhcp-sequential-ip", "addresses are used in their order in any case", ""),
    _Row("dhcp-leasefile", "`wireboot lease import` reads that file", ""),
    _Row("dhcp-no-override", "file and server names have fields and options of their own", ""),
    _Row("no-ping", "addresses are probed by ARP ahead of need, so nobody waits for it", ""),
    _Row("log-dhcp log-queries log-facility log-async log-debug quiet-dhcp quiet-dhcp6 quiet-ra quiet-tftp "
         "dumpfile dumpmask",
         _LOG_REMEDY, ""),
    _Row("user group keep-in-foreground no-daemon pid-file enable-dbus enable-ubus",
         "the service manager does that", ""),
)
# fmt: on
_ROWS = {
    name: (row, needed)
    for needed, rows in ((True, _NOT_TRANSLATED), (False, _NOT_NEEDED))
    for row in rows
    for name in row.names.split()
}  # fmt: skip


def tell_other(setting: Setting, report: Report) -> None:
    """Why the setting is not in the result."""
    if setting.name not in _ROWS:
        report.untranslated(setting.place, setting.text, "it is not known", "see dnsmasq(8) for what it does")
        return
    row, needed = _ROWS[setting.name]
    if needed:
        report.untranslated(setting.place, setting.text, row.why, row.remedy)
    else:
        report.not_needed(setting.place, setting.text, row.why)
