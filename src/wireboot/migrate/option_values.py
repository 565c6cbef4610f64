"""From what other servers give an option to what wireboot.toml says for it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import TypeAlias

from wireboot.config.dhcp4_options import parse_dhcp4_option
from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.options import OPTIONS

OptionValue: TypeAlias = "str | int | bool | list[OptionValue]"
"""What TOML can say of an option."""

_TRUE, _FALSE = ("true", "on", "yes", "1"), ("false", "off", "no", "0")


def option_name(code: int) -> str:
    """Its name in wireboot.toml; the number, where it has none."""
    option = OPTIONS.by_code(code)
    return option.name if option is not None else str(code)


def value_of_texts(code: int, texts: Sequence[str]) -> OptionValue:
    """The value written as one or more words. Raises ValueError where they do not fit the option."""
    option = OPTIONS.by_code(code)
    value = _by_shape(option.shape.name if option is not None else "opaque", list(texts))
    # Raises OptionError, which is a ValueError, with the remedy.
    parse_dhcp4_option(option_name(code), value)
    return value


def value_of_bytes(code: int, content: bytes, *, sent_by_client: bool = False) -> OptionValue:
    """The value that goes over the cable as `content`. Raises ValueError where the option cannot have it."""
    option = OPTIONS.by_code(code)
    try:
        value = _plain(content if option is None else option.decode(content))
    except DecodeError as problem:
        raise ValueError(problem.reason) from None
    parse_dhcp4_option(option_name(code), value, sent_by_client=sent_by_client)
    return value


def _by_shape(shape: str, texts: list[str]) -> OptionValue:
    if shape in ("list of ipv4", "domain list"):
        return list[OptionValue](texts)
    if shape == "list of uint16":
        return [_number(text) for text in texts]
    if shape == "list of pair of ipv4":
        return [[first, second] for first, second in _pairs(texts)]
    if shape == "routes":
        return [f"{network} via {router}" for network, router in _pairs(texts)]
    text = _one(texts)
    if shape == "boolean":
        return _truth(text)
    if shape in ("uint8", "uint16", "uint32", "int32"):
        return _number(text)
    return text


def _one(texts: list[str]) -> str:
    if len(texts) != 1:
        raise ValueError(f"{len(texts)} values where the option has one")
    return texts[0]


def _pairs(texts: list[str]) -> list[tuple[str, str]]:
    if len(texts) % 2 or not texts:
        raise ValueError("the values do not come in pairs")
    return list(zip(texts[::2], texts[1::2], strict=True))


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None


def _truth(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(f"{text!r} is neither true nor false")


def _plain(value: object) -> OptionValue:
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], IPv4Network):
        return f"{value[0]} via {value[1]}"
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return value.hex(":")
    if isinstance(value, IPv4Address):
        return str(value)
    assert isinstance(value, str | int)
    return value
