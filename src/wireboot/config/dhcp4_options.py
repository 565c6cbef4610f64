"""`options` of a subnet: from IANA's name or number and a TOML value to the bytes of a DHCPv4 option."""

from __future__ import annotations

from collections.abc import Mapping

from wireboot.config.keys import near
from wireboot.config.values import shown
from wireboot.protocols.dhcp4.options import OPTIONS
from wireboot.wire.option_table import Option, opaque

_FROM_CLIENT = "clients send it, servers do not"
_FOR_BOOT = "wireboot sets it for each machine; name the file in a profile's `boot_program`"
_FOR_LEASEQUERY = "only answers to leasequery have it"

# What the operator must not set, since the server or the message itself does.
# fmt: off
NOT_BY_HAND: Mapping[int, str] = {
    0:   "it is padding",
    1:   "it follows from the subnet's `network`",
    43:  "wireboot fills it for PXE clients",
    50:  _FROM_CLIENT,
    51:  "set `lease_time_s` instead",
    52:  "it follows from how the message is packed",
    53:  "each message has its own",
    54:  "it is the address the server answers from",
    55:  _FROM_CLIENT,
    56:  "the server gives its reason for a refusal in it",
    57:  _FROM_CLIENT,
    58:  "it follows from `lease_time_s`",
    59:  "it follows from `lease_time_s`",
    60:  "wireboot sets it for PXE and HTTP clients",
    61:  _FROM_CLIENT,
    66:  _FOR_BOOT,
    67:  _FOR_BOOT,
    77:  _FROM_CLIENT,
    80:  _FROM_CLIENT,
    82:  "relay agents add it",
    90:  "messages are not signed here",
    93:  _FROM_CLIENT,
    94:  _FROM_CLIENT,
    97:  _FROM_CLIENT,
    109: _FROM_CLIENT,
    118: _FROM_CLIENT,
    145: _FROM_CLIENT,
    151: _FOR_LEASEQUERY,
    152: _FOR_LEASEQUERY,
    153: _FOR_LEASEQUERY,
    154: _FOR_LEASEQUERY,
    155: _FOR_LEASEQUERY,
    156: _FOR_LEASEQUERY,
    157: _FOR_LEASEQUERY,
    161: _FROM_CLIENT,
    255: "it ends the options",
}

NOT_TYPED = ("a value of the option's own type", "1")
"""For the few shapes that only clients or the server itself write."""

# By the name of the option's shape: what it is to people, and an example.
EXPECTED: Mapping[str, tuple[str, str]] = {
    "boolean":              ("true or false",                     "true"),
    "domain name":          ("a domain name",                     '"example.org"'),
    "domain list":          ("a list of domain names",            '["example.org"]'),
    "int32":                ("a whole number of 32 bits",         "-3600"),
    "ipv4":                 ("an IPv4 address",                   '"10.77.0.1"'),
    "list of ipv4":         ("a list of IPv4 addresses",          '["10.77.0.1"]'),
    "list of pair of ipv4": ("a list of pairs of IPv4 addresses", '[["10.78.0.0", "10.77.0.1"]]'),
    "list of uint16":       ("a list of numbers up to 65535",     "[68, 296]"),
    "opaque":               ("bytes in hexadecimal",              '"01:02:ff"'),
    "pcp servers":          ("a list of lists of IPv4 addresses", '[["10.77.0.1"]]'),
    "routes":               ("a list of routes",                  '["10.0.0.0/8 via 10.77.0.1"]'),
    "sip servers":          ("a list of IPv4 addresses or names", '["sip.example.org"]'),
    "slp agents":           ("a list of IPv4 addresses",          '["10.77.0.1"]'),
    "slp scope":            ("ASCII text",                        '"example"'),
    "text":                 ("ASCII text",                        '"example"'),
    "uint8":                ("a whole number up to 255",          "1"),
    "uint16":               ("a whole number up to 65535",        "1500"),
    "uint32":               ("a whole number up to 4294967295",   "3600"),
    "uris":                 ("a list of URIs",                    '["https://example.org/start"]'),
}
# fmt: on


class OptionError(ValueError):
    """An option that cannot be sent; `remedy` says what could."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


def parse_dhcp4_options(options: Mapping[str, object]) -> dict[int, bytes]:
    """All options of a subnet, by number. Raises OptionError for the first that cannot be sent."""
    return dict(parse_dhcp4_option(name, value) for name, value in options.items())


def parse_dhcp4_option(name: str, value: object, *, sent_by_client: bool = False) -> tuple[int, bytes]:
    """The option's number and bytes. A number without a name takes hexadecimal text. Raises OptionError."""
    option = _look_up(name)
    if option.code in NOT_BY_HAND and not sent_by_client:
        raise OptionError(f"option {name!r} is not set by hand", f"take it out: {NOT_BY_HAND[option.code]}")
    expected, example = EXPECTED.get(option.shape.name, NOT_TYPED)
    remedy = f"expected {expected}, such as `{name} = {example}`"
    if isinstance(value, dict):
        raise OptionError(f"option {name!r}: a table does not fit", remedy)
    try:
        return option.code, option.parse(value)
    except ValueError:
        raise OptionError(f"option {name!r}: {shown(value)} does not fit", remedy) from None


def _look_up(name: str) -> Option[object]:
    if name.isascii() and name.isdigit() and len(name) <= 3 and int(name) <= 255:
        code = int(name)
        return OPTIONS.by_code(code) or Option[object](code, f"option-{code}", opaque, rfc="")  # type: ignore[arg-type]
    if (option := OPTIONS.by_name(name)) is not None:
        return option
    names = [option.name for option in OPTIONS if option.code not in NOT_BY_HAND]
    meant = near(name, names)
    remedy = f"did you mean `{meant}`?" if meant else "use IANA's name or number, such as `routers` or `3`"
    raise OptionError(f"no DHCP option is called {name!r}", remedy)
