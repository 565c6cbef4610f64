"""What other servers call the DHCP options that have another name at IANA."""

from __future__ import annotations

import re
from collections.abc import Mapping

from wireboot.protocols.dhcp4.options import OPTIONS

# `dnsmasq --help dhcp`, dhcp-options(5) of ISC, and Kea's administrator reference, "List of Standard DHCPv4 Options".
# fmt: off
_OTHER_NAMES: Mapping[int, tuple[str, ...]] = {
    1:   ("netmask",),
    3:   ("router",),
    5:   ("ien116-name-servers",),
    6:   ("dns-server",),
    7:   ("log-server",),
    9:   ("lpr-server",),
    13:  ("boot-size",),
    14:  ("merit-dump",),
    18:  ("extension-path",),
    19:  ("ip-forward-enable",),
    20:  ("non-local-source-routing",),
    22:  ("max-datagram-reassembly", "max-dgram-reassembly"),
    23:  ("default-ip-ttl",),
    24:  ("path-mtu-aging-timeout",),
    25:  ("path-mtu-plateau-table",),
    26:  ("mtu",),
    28:  ("broadcast",),
    31:  ("router-discovery",),
    32:  ("router-solicitation",),
    33:  ("static-route",),
    35:  ("arp-timeout",),
    36:  ("ethernet-encap", "ieee802-3-encapsulation"),
    37:  ("tcp-ttl",),
    38:  ("tcp-keepalive", "tcp-keepalive-interval"),
    40:  ("nis-domain",),
    41:  ("nis-server",),
    42:  ("ntp-server",),
    43:  ("vendor-encap", "vendor-encapsulated-options"),
    44:  ("netbios-ns",),
    45:  ("netbios-dd", "netbios-dd-server"),
    46:  ("netbios-nodetype",),
    48:  ("x-windows-fs", "font-servers"),
    49:  ("x-windows-dm", "x-display-manager"),
    50:  ("dhcp-requested-address",),
    51:  ("dhcp-lease-time",),
    52:  ("dhcp-option-overload",),
    53:  ("dhcp-message-type",),
    54:  ("dhcp-server-identifier",),
    55:  ("dhcp-parameter-request-list",),
    56:  ("dhcp-message",),
    57:  ("dhcp-max-message-size",),
    58:  ("dhcp-renewal-time", "T1"),
    59:  ("dhcp-rebinding-time", "T2"),
    60:  ("vendor-class", "vendor-class-identifier"),
    61:  ("dhcp-client-identifier", "client-id"),
    62:  ("nwip-domain", "nwip-domain-name"),
    63:  ("nwip-suboptions",),
    64:  ("nis+-domain", "nisplus-domain-name"),
    65:  ("nis+-server",),
    66:  ("tftp-server",),
    67:  ("bootfile-name",),
    68:  ("mobile-ip-home", "mobile-ip-home-agent"),
    69:  ("smtp-server",),
    70:  ("pop3-server", "pop-server"),
    71:  ("nntp-server",),
    72:  ("www-server",),
    73:  ("finger-server",),
    74:  ("irc-server",),
    75:  ("streettalk-server",),
    76:  ("streettalk-directory-assistance-server",),
    81:  ("FQDN", "fqdn"),
    82:  ("agent-id", "dhcp-agent-options", "relay-agent"),
    93:  ("client-arch", "client-system", "pxe-system-type"),
    94:  ("client-interface-id", "client-ndi", "pxe-interface-id"),
    97:  ("client-machine-id", "uuid-guid", "pxe-client-id"),
    100: ("pcode",),
    101: ("tcode",),
    108: ("ipv6-only", "v6-only-preferred"),
    118: ("subnet-select",),
    120: ("sip-server",),
    121: ("classless-static-route",),
    124: ("vivco", "vivco-suboptions"),
    125: ("vendor-id-encap", "vivso", "vivso-suboptions"),
    208: ("pxelinux-magic", "loader-pxe-magic"),
    209: ("configfile", "loader-configfile"),
    210: ("pathprefix", "loader-pathprefix"),
    211: ("reboottime", "loader-reboottime"),
    213: ("access-network-domain-name", "v4-access-domain"),
}
# fmt: on
_CODE_BY_NAME = {name: code for code, names in _OTHER_NAMES.items() for name in names}
_NUMBERED = re.compile(r"(?:(?:unknown|option)-)?([0-9]{1,3})")


def option_code(name: str) -> int | None:
    """The number of the option that any of these servers, or IANA, calls so; a number stands for itself."""
    if (numbered := _NUMBERED.fullmatch(name)) is not None:
        return int(numbered[1]) if int(numbered[1]) <= 255 else None
    if (option := OPTIONS.by_name(name)) is not None:
        return option.code
    return _CODE_BY_NAME.get(name)
