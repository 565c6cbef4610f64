"""DHCPv4 options, one row each: IANA's name, the shape of the value and where it is defined."""

from __future__ import annotations

from enum import IntEnum

from wireboot.protocols.dhcp4.option_shapes import domain_name, pcp_servers, sip_servers, slp_agents, slp_scope, uris
from wireboot.wire.option_table import (
    Option,
    OptionTable,
    Shape,
    boolean,
    domain_list,
    flag,
    int32,
    ipv4,
    list_of,
    opaque,
    pair_of,
    routes,
    text,
    uint8,
    uint16,
    uint32,
)

PAD = 0
OVERLOAD = 52
END = 255


class MessageType(IntEnum):
    """What a DHCP message is (RFC 2132 §9.6)."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    DECLINE = 4
    ACK = 5
    NAK = 6
    RELEASE = 7
    INFORM = 8


def _decode_codes(value: bytes) -> tuple[int, ...]:
    # Every client sends a list of what it wants: item by item that takes thirty times as long.
    return tuple(value) if value else _codes.decode(value)


def _parse_message_type(value: object) -> MessageType:
    return MessageType(uint8.parse(value))


message_type = Shape(
    "message type", lambda value: MessageType(uint8.decode(value)), lambda value: bytes([value]), _parse_message_type
)
addresses = list_of(ipv4, 4)
address_pairs = list_of(pair_of(ipv4, 4), 8)
uint16s = list_of(uint16, 2)
_codes = list_of(uint8, 1)
codes = Shape("list of uint8", _decode_codes, bytes, _codes.parse)

# fmt: off
SUBNET_MASK                = Option(1,   "subnet-mask",                  ipv4,          rfc="RFC 2132 §3.3")
TIME_OFFSET                = Option(2,   "time-offset",                  int32,         rfc="RFC 2132 §3.4")
ROUTERS                    = Option(3,   "routers",                      addresses,     rfc="RFC 2132 §3.5")
TIME_SERVERS               = Option(4,   "time-servers",                 addresses,     rfc="RFC 2132 §3.6")
NAME_SERVERS               = Option(5,   "name-servers",                 addresses,     rfc="RFC 2132 §3.7")
DOMAIN_NAME_SERVERS        = Option(6,   "domain-name-servers",          addresses,     rfc="RFC 2132 §3.8")
LOG_SERVERS                = Option(7,   "log-servers",                  addresses,     rfc="RFC 2132 §3.9")
COOKIE_SERVERS             = Option(8,   "cookie-servers",               addresses,     rfc="RFC 2132 §3.10")
LPR_SERVERS                = Option(9,   "lpr-servers",                  addresses,     rfc="RFC 2132 §3.11")
IMPRESS_SERVERS            = Option(10,  "impress-servers",              addresses,     rfc="RFC 2132 §3.12")
RESOURCE_LOCATION_SERVERS  = Option(11,  "resource-location-servers",    addresses,     rfc="RFC 2132 §3.13")
HOST_NAME                  = Option(12,  "host-name",                    text,          rfc="RFC 2132 §3.14")
BOOT_FILE_SIZE             = Option(13,  "boot-file-size",               uint16,        rfc="RFC 2132 §3.15")
MERIT_DUMP_FILE            = Option(14,  "merit-dump-file",              text,          rfc="RFC 2132 §3.16")
DOMAIN_NAME                = Option(15,  "domain-name",                  text,          rfc="RFC 2132 §3.17")
SWAP_SERVER                = Option(16,  "swap-server",                  ipv4,          rfc="RFC 2132 §3.18")
ROOT_PATH                  = Option(17,  "root-path",                    text,          rfc="RFC 2132 §3.19")
EXTENSIONS_PATH            = Option(18,  "extensions-path",              text,          rfc="RFC 2132 §3.20")
IP_FORWARDING              = Option(19,  "ip-forwarding",                boolean,       rfc="RFC 2132 §4.1")
SOURCE_ROUTING             = Option(20,  "source-routing",               boolean,       rfc="RFC 2132 §4.2")
POLICY_FILTER              = Option(21,  "policy-filter",                address_pairs, rfc="RFC 2132 §4.3")
MAXIMUM_REASSEMBLY_SIZE    = Option(22,  "maximum-reassembly-size",      uint16,        rfc="RFC 2132 §4.4")
DEFAULT_TTL                = Option(23,  "default-ttl",                  uint8,         rfc="RFC 2132 §4.5")
PATH_MTU_TIMEOUT           = Option(24,  "path-mtu-timeout",             uint32,        rfc="RFC 2132 §4.6")
PATH_MTU_PLATEAUS          = Option(25,  "path-mtu-plateaus",            uint16s,       rfc="RFC 2132 §4.7")
INTERFACE_MTU              = Option(26,  "interface-mtu",                uint16,        rfc="RFC 2132 §5.1")
ALL_SUBNETS_LOCAL          = Option(27,  "all-subnets-local",            boolean,       rfc="RFC 2132 §5.2")
BROADCAST_ADDRESS          = Option(28,  "broadcast-address",            ipv4,          rfc="RFC 2132 §5.3")
PERFORM_MASK_DISCOVERY     = Option(29,  "perform-mask-discovery",       boolean,       rfc="RFC 2132 §5.4")
MASK_SUPPLIER              = Option(30,  "mask-supplier",                boolean,       rfc="RFC 2132 §5.5")
PERFORM_ROUTER_DISCOVERY   = Option(31,  "perform-router-discovery",     boolean,       rfc="RFC 2132 §5.6")
ROUTER_SOLICITATION        = Option(32,  "router-solicitation-address",  ipv4,          rfc="RFC 2132 §5.7")
STATIC_ROUTES              = Option(33,  "static-routes",                address_pairs, rfc="RFC 2132 §5.8")
TRAILER_ENCAPSULATION      = Option(34,  "trailer-encapsulation",        boolean,       rfc="RFC 2132 §6.1")
ARP_CACHE_TIMEOUT          = Option(35,  "arp-cache-timeout",            uint32,        rfc="RFC 2132 §6.2")
ETHERNET_ENCAPSULATION     = Option(36,  "ethernet-encapsulation",       boolean,       rfc="RFC 2132 §6.3")
DEFAULT_TCP_TTL            = Option(37,  "default-tcp-ttl",              uint8,         rfc="RFC 2132 §7.1")
TCP_KEEPALIVE_INTERVAL     = Option(38,  "tcp-keepalive-interval",       uint32,        rfc="RFC 2132 §7.2")
TCP_KEEPALIVE_GARBAGE      = Option(39,  "tcp-keepalive-garbage",        boolean,       rfc="RFC 2132 §7.3")
NIS_DOMAIN                 = Option(40,  "nis-domain",                   text,          rfc="RFC 2132 §8.1")
NIS_SERVERS                = Option(41,  "nis-servers",                  addresses,     rfc="RFC 2132 §8.2")
NTP_SERVERS                = Option(42,  "ntp-servers",                  addresses,     rfc="RFC 2132 §8.3")
VENDOR_SPECIFIC            = Option(43,  "vendor-specific-information",  opaque,        rfc="RFC 2132 §8.4")
NETBIOS_NAME_SERVERS       = Option(44,  "netbios-name-servers",         addresses,     rfc="RFC 2132 §8.5")
NETBIOS_DD_SERVERS         = Option(45,  "netbios-dd-servers",           addresses,     rfc="RFC 2132 §8.6")
NETBIOS_NODE_TYPE          = Option(46,  "netbios-node-type",            uint8,         rfc="RFC 2132 §8.7")
NETBIOS_SCOPE              = Option(47,  "netbios-scope",                text,          rfc="RFC 2132 §8.8")
X_FONT_SERVERS             = Option(48,  "x-font-servers",               addresses,     rfc="RFC 2132 §8.9")
X_DISPLAY_MANAGERS         = Option(49,  "x-display-managers",           addresses,     rfc="RFC 2132 §8.10")
REQUESTED_ADDRESS          = Option(50,  "requested-address",            ipv4,          rfc="RFC 2132 §9.1")
LEASE_TIME                 = Option(51,  "lease-time",                   uint32,        rfc="RFC 2132 §9.2")
OPTION_OVERLOAD            = Option(52,  "option-overload",              uint8,         rfc="RFC 2132 §9.3")
MESSAGE_TYPE               = Option(53,  "message-type",                 message_type,  rfc="RFC 2132 §9.6")
SERVER_IDENTIFIER          = Option(54,  "server-identifier",            ipv4,          rfc="RFC 2132 §9.7")
PARAMETER_REQUEST_LIST     = Option(55,  "parameter-request-list",       codes,         rfc="RFC 2132 §9.8")
MESSAGE                    = Option(56,  "message",                      text,          rfc="RFC 2132 §9.9")
MAXIMUM_MESSAGE_SIZE       = Option(57,  "maximum-message-size",         uint16,        rfc="RFC 2132 §9.10")
RENEWAL_TIME               = Option(58,  "renewal-time",                 uint32,        rfc="RFC 2132 §9.11")
REBINDING_TIME             = Option(59,  "rebinding-time",               uint32,        rfc="RFC 2132 §9.12")
CLASS_IDENTIFIER           = Option(60,  "class-identifier",             text,          rfc="RFC 2132 §9.13")
CLIENT_IDENTIFIER          = Option(61,  "client-identifier",            opaque,        rfc="RFC 2132 §9.14, RFC 4361")
NETWARE_IP_DOMAIN          = Option(62,  "netware-ip-domain",            text,          rfc="RFC 2242")
NETWARE_IP_INFORMATION     = Option(63,  "netware-ip-information",       opaque,        rfc="RFC 2242")
NISPLUS_DOMAIN             = Option(64,  "nisplus-domain",               text,          rfc="RFC 2132 §8.11")
NISPLUS_SERVERS            = Option(65,  "nisplus-servers",              addresses,     rfc="RFC 2132 §8.12")
TFTP_SERVER_NAME           = Option(66,  "tftp-server-name",             text,          rfc="RFC 2132 §9.4")
BOOT_FILE_NAME             = Option(67,  "boot-file-name",               text,          rfc="RFC 2132 §9.5")
MOBILE_IP_HOME_AGENTS      = Option(68,  "mobile-ip-home-agents",        opaque,        rfc="RFC 2132 §8.13")
SMTP_SERVERS               = Option(69,  "smtp-servers",                 addresses,     rfc="RFC 2132 §8.14")
POP3_SERVERS               = Option(70,  "pop3-servers",                 addresses,     rfc="RFC 2132 §8.15")
NNTP_SERVERS               = Option(71,  "nntp-servers",                 addresses,     rfc="RFC 2132 §8.16")
WWW_SERVERS                = Option(72,  "www-servers",                  addresses,     rfc="RFC 2132 §8.17")
FINGER_SERVERS             = Option(73,  "finger-servers",               addresses,     rfc="RFC 2132 §8.18")
IRC_SERVERS                = Option(74,  "irc-servers",                  addresses,     rfc="RFC 2132 §8.19")
STREETTALK_SERVERS         = Option(75,  "streettalk-servers",           addresses,     rfc="RFC 2132 §8.20")
STDA_SERVERS               = Option(76,  "streettalk-directory-servers", addresses,     rfc="RFC 2132 §8.21")
# Opaque: RFC 3004 asks for length-prefixed items, iPXE sends its bare name (read by pxe/identity.py).
USER_CLASS                 = Option(77,  "user-class",                   opaque,        rfc="RFC 3004")
SLP_DIRECTORY_AGENTS       = Option(78,  "slp-directory-agents",         slp_agents,    rfc="RFC 2610 §3")
SLP_SERVICE_SCOPE          = Option(79,  "slp-service-scope",            slp_scope,     rfc="RFC 2610 §4")
RAPID_COMMIT               = Option(80,  "rapid-commit",                 flag,          rfc="RFC 4039")
CLIENT_FQDN                = Option(81,  "client-fqdn",                  opaque,        rfc="RFC 4702")
RELAY_AGENT_INFORMATION    = Option(82,  "relay-agent-information",      opaque,        rfc="RFC 3046")
ISNS                       = Option(83,  "isns",                         opaque,        rfc="RFC 4174")
NDS_SERVERS                = Option(85,  "nds-servers",                  addresses,     rfc="RFC 2241 §2")
NDS_TREE_NAME              = Option(86,  "nds-tree-name",                text,          rfc="RFC 2241 §3")
NDS_CONTEXT                = Option(87,  "nds-context",                  text,          rfc="RFC 2241 §4")
BCMCS_CONTROLLER_NAMES     = Option(88,  "bcmcs-controller-names",       domain_list,   rfc="RFC 4280 §4.1")
BCMCS_CONTROLLER_ADDRESSES = Option(89,  "bcmcs-controller-addresses",   addresses,     rfc="RFC 4280 §4.3")
AUTHENTICATION             = Option(90,  "authentication",               opaque,        rfc="RFC 3118")
CLIENT_LAST_TRANSACTION    = Option(91,  "client-last-transaction-time", uint32,        rfc="RFC 4388 §6.1")
ASSOCIATED_ADDRESSES       = Option(92,  "associated-addresses",         addresses,     rfc="RFC 4388 §6.1")
CLIENT_ARCHITECTURE        = Option(93,  "client-architecture",          uint16s,       rfc="RFC 4578 §2.1")
CLIENT_INTERFACE           = Option(94,  "client-interface",             opaque,        rfc="RFC 4578 §2.2")
LDAP                       = Option(95,  "ldap",                         text,          rfc="RFC 3679")
CLIENT_MACHINE_ID          = Option(97,  "client-machine-id",            opaque,        rfc="RFC 4578 §2.3")
USER_AUTHENTICATION        = Option(98,  "user-authentication",          text,          rfc="RFC 2485")
CIVIC_LOCATION             = Option(99,  "civic-location",               opaque,        rfc="RFC 4776")
POSIX_TIMEZONE             = Option(100, "posix-timezone",               text,          rfc="RFC 4833")
TZDB_TIMEZONE              = Option(101, "tzdb-timezone",                text,          rfc="RFC 4833")
IPV6_ONLY_PREFERRED        = Option(108, "ipv6-only-preferred",          uint32,        rfc="RFC 8925")
DHCP4O6_SOURCE_ADDRESS     = Option(109, "dhcp4o6-source-address",       opaque,        rfc="RFC 8539")
NETINFO_ADDRESSES          = Option(112, "netinfo-addresses",            addresses,     rfc="RFC 3679")
NETINFO_TAG                = Option(113, "netinfo-tag",                  text,          rfc="RFC 3679")
CAPTIVE_PORTAL             = Option(114, "captive-portal",               text,          rfc="RFC 8910 §2.1")
AUTO_CONFIGURE             = Option(116, "auto-configure",               uint8,         rfc="RFC 2563")
NAME_SERVICE_SEARCH        = Option(117, "name-service-search",          uint16s,       rfc="RFC 2937")
SUBNET_SELECTION           = Option(118, "subnet-selection",             ipv4,          rfc="RFC 3011")
DOMAIN_SEARCH              = Option(119, "domain-search",                domain_list,   rfc="RFC 3397")
SIP_SERVERS                = Option(120, "sip-servers",                  sip_servers,   rfc="RFC 3361")
CLASSLESS_STATIC_ROUTES    = Option(121, "classless-static-routes",      routes,        rfc="RFC 3442")
CABLELABS_CONFIGURATION    = Option(122, "cablelabs-configuration",      opaque,        rfc="RFC 3495")
GEO_CONFIGURATION          = Option(123, "geo-configuration",            opaque,        rfc="RFC 6225")
VENDOR_IDENTIFYING_CLASS   = Option(124, "vendor-identifying-class",     opaque,        rfc="RFC 3925")
VENDOR_IDENTIFYING_OPTIONS = Option(125, "vendor-identifying-options",   opaque,        rfc="RFC 3925")
PANA_AGENTS                = Option(136, "pana-agents",                  addresses,     rfc="RFC 5192")
LOST_SERVER                = Option(137, "lost-server",                  domain_name,   rfc="RFC 5223")
CAPWAP_CONTROLLERS         = Option(138, "capwap-controllers",           addresses,     rfc="RFC 5417")
MOS_ADDRESSES              = Option(139, "mos-addresses",                opaque,        rfc="RFC 5678")
MOS_NAMES                  = Option(140, "mos-names",                    opaque,        rfc="RFC 5678")
SIP_UA_DOMAINS             = Option(141, "sip-ua-domains",               domain_list,   rfc="RFC 6011")
ANDSF_SERVERS              = Option(142, "andsf-servers",                addresses,     rfc="RFC 6153")
SZTP_REDIRECT              = Option(143, "sztp-redirect",                uris,          rfc="RFC 8572 §8.3")
GEO_LOCATION               = Option(144, "geo-location",                 opaque,        rfc="RFC 6225")
FORCERENEW_NONCE_CAPABLE   = Option(145, "forcerenew-nonce-capable",     codes,         rfc="RFC 6704")
RDNSS_SELECTION            = Option(146, "rdnss-selection",              opaque,        rfc="RFC 6731")
DOTS_NAME                  = Option(147, "dots-name",                    domain_name,   rfc="RFC 8973")
DOTS_ADDRESSES             = Option(148, "dots-addresses",               addresses,     rfc="RFC 8973")
TFTP_SERVER_ADDRESS        = Option(150, "tftp-server-address",          addresses,     rfc="RFC 5859")
STATUS_CODE                = Option(151, "status-code",                  opaque,        rfc="RFC 6926")
BASE_TIME                  = Option(152, "base-time",                    uint32,        rfc="RFC 6926")
START_TIME_OF_STATE        = Option(153, "start-time-of-state",          uint32,        rfc="RFC 6926")
QUERY_START_TIME           = Option(154, "query-start-time",             uint32,        rfc="RFC 6926")
QUERY_END_TIME             = Option(155, "query-end-time",               uint32,        rfc="RFC 6926")
DHCP_STATE                 = Option(156, "dhcp-state",                   uint8,         rfc="RFC 6926")
DATA_SOURCE                = Option(157, "data-source",                  uint8,         rfc="RFC 6926")
PCP_SERVERS                = Option(158, "pcp-servers",                  pcp_servers,   rfc="RFC 7291 §4")
PORT_PARAMETERS            = Option(159, "port-parameters",              opaque,        rfc="RFC 7618")
MUD_URL                    = Option(161, "mud-url",                      text,          rfc="RFC 8520 §10")
ENCRYPTED_DNS              = Option(162, "encrypted-dns",                opaque,        rfc="RFC 9463 §5")
IPXE_ENCAPSULATED          = Option(175, "ipxe-encapsulated",            opaque,        rfc="IANA: Etherboot")
PXELINUX_MAGIC             = Option(208, "pxelinux-magic",               opaque,        rfc="RFC 5071 §3")
PXELINUX_CONFIG_FILE       = Option(209, "pxelinux-config-file",         text,          rfc="RFC 5071 §4")
PXELINUX_PATH_PREFIX       = Option(210, "pxelinux-path-prefix",         text,          rfc="RFC 5071 §5")
PXELINUX_REBOOT_TIME       = Option(211, "pxelinux-reboot-time",         uint32,        rfc="RFC 5071 §6")
IPV6_RAPID_DEPLOYMENT      = Option(212, "ipv6-rapid-deployment",        opaque,        rfc="RFC 5969 §7")
ACCESS_NETWORK_DOMAIN      = Option(213, "access-network-domain",        domain_name,   rfc="RFC 5986")
SUBNET_ALLOCATION          = Option(220, "subnet-allocation",            opaque,        rfc="RFC 6656")
VIRTUAL_SUBNET_SELECTION   = Option(221, "virtual-subnet-selection",     opaque,        rfc="RFC 6607")
# fmt: on

OPTIONS = OptionTable(row for row in list(globals().values()) if isinstance(row, Option))
