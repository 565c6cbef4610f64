"""`dhcp-option`: what dnsmasq tells clients besides their address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from wireboot.migrate.custom_options import hex_bytes
from wireboot.migrate.dnsmasq.reader import Setting
from wireboot.migrate.dnsmasq.tags import tagged
from wireboot.migrate.draft import OptionSetting
from wireboot.migrate.option_names import option_code
from wireboot.migrate.option_values import OptionValue, option_name, value_of_bytes, value_of_texts
from wireboot.protocols.dhcp4.options import OPTIONS

OWN_ADDRESS = "0.0.0.0"  # noqa: S104  # a word of dnsmasq's for its own address
_HEX = re.compile(r"[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2})+")
_NUMBER = re.compile(r"([0-9]{1,10})([bsi]?)")
_SIZES = {"b": 1, "s": 2, "i": 4}


@dataclass(frozen=True, slots=True)
class OptionLine:
    """A `dhcp-option` with a number; without values it keeps dnsmasq from sending its own."""

    setting: Setting
    needs: tuple[str, ...]
    code: int
    values: tuple[str, ...]

    @property
    def names_own_address(self) -> bool:
        return OWN_ADDRESS in self.values

    def option(self, own: IPv4Address | None) -> OptionSetting:
        """Raises ValueError where the option cannot be set so. `own`: the server's address in that network."""
        if self.names_own_address and own is None:
            raise ValueError("it stands for the server's own address there, which is not known here")
        values = [str(own) if value == OWN_ADDRESS else value for value in self.values]
        return OptionSetting(self.code, option_name(self.code), _value(self.code, values), self.setting.place)


class EncapsulatedError(ValueError):
    """An option inside of another one; the text says of which."""


def option_line(setting: Setting) -> OptionLine:
    """Raises ValueError where it is none, EncapsulatedError where it goes inside another option."""
    told = tagged(setting.fields)
    rest = told.rest
    if not rest or not rest[0]:
        raise ValueError("it names no option")
    kind, colon, name = rest[0].partition(":")
    if colon and kind in ("encap", "vi-encap", "vendor"):
        raise EncapsulatedError(kind)
    if colon and kind == "option6":
        raise ValueError("DHCPv6 is not served")
    code = option_code(name if colon and kind == "option" else rest[0])
    if code is None:
        raise ValueError(f"no DHCP option is called {name or rest[0]!r}")
    return OptionLine(setting, told.needs, code, tuple(rest[1:]))


def _value(code: int, values: Sequence[str]) -> OptionValue:
    option = OPTIONS.by_code(code)
    if option is None:
        return value_of_bytes(code, _inferred(values))
    texts = [",".join(values)] if option.shape.name in ("text", "opaque") else values
    try:
        return value_of_texts(code, texts)
    except ValueError:
        if len(values) == 1 and _HEX.fullmatch(values[0]):
            return value_of_bytes(code, hex_bytes(values[0]))
        raise


def _inferred(values: Sequence[str]) -> bytes:
    """Of an option that has no type, dnsmasq tells by the looks of the value."""
    try:
        return b"".join(IPv4Address(value).packed for value in values)
    except ValueError:
        pass
    if len(values) == 1 and _HEX.fullmatch(values[0]):
        return hex_bytes(values[0])
    if len(values) == 1 and (number := _NUMBER.fullmatch(values[0])):
        return _number(int(number[1]), number[2])
    return ",".join(values).encode()


def _number(number: int, letter: str) -> bytes:
    size = _SIZES.get(letter) or (1 if number < 1 << 8 else 2 if number < 1 << 16 else 4)
    try:
        return number.to_bytes(size, "big")
    except OverflowError:
        raise ValueError(f"{number} does not fit {size} bytes") from None
