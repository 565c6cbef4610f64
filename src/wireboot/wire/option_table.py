"""A protocol option as one typed row: its number, name, shape and source are written once."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Generic, NoReturn, TypeVar

from wireboot.errors import DecodeError

T = TypeVar("T")


def _not_configurable(value: object) -> NoReturn:
    raise ValueError(f"{value!r}: this option is not set by hand")


@dataclass(frozen=True)
class Shape(Generic[T]):
    """How a value stands in bytes and in a configuration file. `decode` and `parse` raise ValueError with a reason."""

    name: str
    decode: Callable[[bytes], T]
    encode: Callable[[T], bytes]
    parse: Callable[[object], T] = _not_configurable
    """From what TOML and JSON can say: strings, integers, booleans and lists of them."""


@dataclass(frozen=True)
class Option(Generic[T]):
    """One row of an option table."""

    code: int
    name: str
    shape: Shape[T]
    rfc: str

    def decode(self, value: bytes) -> T:
        """The typed value. Raises DecodeError, its offset counted in `value`, where that has not the right shape."""
        try:
            return self.shape.decode(value)
        except ValueError as problem:
            raise DecodeError(f"option {self.code}", 0, f"{self.name}: {problem}") from None

    def encode(self, value: T) -> bytes:
        return self.shape.encode(value)

    def parse(self, value: object) -> bytes:
        """The bytes for a value out of a configuration file. Raises ValueError with what was expected."""
        return self.shape.encode(self.shape.parse(value))


class Options(Mapping[int, bytes]):
    """Options as they stand in a message: number to bytes, in order. Immutable."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[int, bytes] | None = None) -> None:
        self._values = dict(values or {})

    def get(self, option: Option[T]) -> T | None:  # type: ignore[override]  # typed by its row, not by number
        """The option's typed value, None when absent. Raises DecodeError when it is malformed."""
        value = self._values.get(option.code)
        return None if value is None else option.decode(value)

    def with_option(self, option: Option[T], value: T) -> Options:
        return Options({**self._values, option.code: option.encode(value)})

    def __getitem__(self, code: int) -> bytes:
        return self._values[code]

    def __iter__(self) -> Iterator[int]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    # What `Mapping` has of these asks for the options one by one.

    def __contains__(self, code: object) -> bool:
        return code in self._values

    def keys(self) -> KeysView[int]:
        return self._values.keys()

    def items(self) -> ItemsView[int, bytes]:
        return self._values.items()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Options) and list(self._values.items()) == list(other._values.items())

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def __repr__(self) -> str:
        return f"Options({self._values})"


class OptionTable:
    """The options of one protocol, found by number or by name."""

    def __init__(self, rows: Iterable[Option[object]]) -> None:
        self._by_code: dict[int, Option[object]] = {}
        self._by_name: dict[str, Option[object]] = {}
        for row in rows:
            assert row.code not in self._by_code, row
            assert row.name not in self._by_name, row
            self._by_code[row.code] = self._by_name[row.name] = row

    def __iter__(self) -> Iterator[Option[object]]:
        return iter(self._by_code.values())

    def by_code(self, code: int) -> Option[object] | None:
        return self._by_code.get(code)

    def by_name(self, name: str) -> Option[object] | None:
        return self._by_name.get(name)


def _sized(size: int, what: str, decode: Callable[[bytes], T]) -> Callable[[bytes], T]:
    def checked(value: bytes) -> T:
        if len(value) != size:
            raise ValueError(f"{len(value)} bytes where {what} has {size}")
        return decode(value)

    return checked


def _unsigned(size: int, byte_order: str = "big") -> Shape[int]:
    order = "little" if byte_order == "little" else "big"
    name = f"uint{size * 8}"

    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << (8 * size):
            raise ValueError(f"{value!r} is not a whole number from 0 to {(1 << (8 * size)) - 1}")
        return value

    return Shape(
        name,
        decode=_sized(size, name, lambda value: int.from_bytes(value, order)),  # type: ignore[arg-type]  # "big"/"little" is kept as str
        encode=lambda number: number.to_bytes(size, order),  # type: ignore[arg-type]  # as above
        parse=parse,
    )


def _decode_int32(value: bytes) -> int:
    return int.from_bytes(value, "big", signed=True)


def _encode_int32(number: int) -> bytes:
    return number.to_bytes(4, "big", signed=True)


def _parse_int32(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -(1 << 31) <= value < 1 << 31:
        raise ValueError(f"{value!r} is not a whole number of 32 bits")
    return value


def _decode_boolean(value: bytes) -> bool:
    if value not in (b"\0", b"\1"):
        raise ValueError("neither 0 nor 1")
    return value == b"\1"


def _parse_boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _decode_flag(value: bytes) -> bool:
    if value:
        raise ValueError("has a value where its presence says all")
    return True


def _decode_text(value: bytes) -> str:
    # Some clients and servers end text with a NUL (RFC 2132 §2 allows it); latin-1 keeps every byte.
    return value.rstrip(b"\0").decode("latin-1")


def _parse_text(value: object) -> str:
    if not isinstance(value, str) or not value.isascii():
        raise ValueError(f"{value!r} is not ASCII text")
    return value


def _parse_ipv4(value: object) -> IPv4Address:
    try:
        return IPv4Address(value if isinstance(value, str) else repr(value))
    except AddressValueError:
        raise ValueError(f"{value!r} is not an IPv4 address") from None


def _parse_opaque(value: object) -> bytes:
    try:
        return bytes.fromhex(value.replace(":", " ")) if isinstance(value, str) else bytes.fromhex("not hexadecimal")
    except ValueError:
        raise ValueError(f"{value!r} is not hexadecimal text such as '01:02:ff'") from None


# fmt: off
uint8     = _unsigned(1)
uint16    = _unsigned(2)
uint32    = _unsigned(4)
uint16_le = _unsigned(2, "little")
int32     = Shape("int32", _sized(4, "int32", _decode_int32), _encode_int32, _parse_int32)
boolean   = Shape("boolean", _decode_boolean, lambda flag: b"\1" if flag else b"\0", _parse_boolean)
flag      = Shape("flag", _decode_flag, lambda _: b"", _parse_boolean)
text      = Shape("text", _decode_text, lambda text: text.encode("latin-1"), _parse_text)
opaque    = Shape("opaque", bytes, bytes, _parse_opaque)
ipv4      = Shape("ipv4", _sized(4, "an IPv4 address", IPv4Address), lambda address: address.packed, _parse_ipv4)
# fmt: on


def list_of(item: Shape[T], size: int) -> Shape[tuple[T, ...]]:
    """One or more items of `size` bytes each, one after the other."""

    def decode(value: bytes) -> tuple[T, ...]:
        if not value or len(value) % size:
            raise ValueError(f"{len(value)} bytes are no list of {item.name}, {size} bytes each")
        return tuple(item.decode(value[at : at + size]) for at in range(0, len(value), size))

    def parse(value: object) -> tuple[T, ...]:
        items = value if isinstance(value, list) else [value]
        if not items:
            raise ValueError("the list is empty")
        return tuple(item.parse(each) for each in items)

    return Shape(f"list of {item.name}", decode, lambda items: b"".join(map(item.encode, items)), parse)


def pair_of(item: Shape[T], size: int) -> Shape[tuple[T, T]]:
    """Two items of `size` bytes each, such as an address and its mask."""

    def decode(value: bytes) -> tuple[T, T]:
        if len(value) != 2 * size:
            raise ValueError(f"{len(value)} bytes are no pair of {item.name}, {size} bytes each")
        return item.decode(value[:size]), item.decode(value[size:])

    def parse(value: object) -> tuple[T, T]:
        if not isinstance(value, list) or len(value) != 2:
            raise ValueError(f"{value!r} is not a pair of {item.name}")
        return item.parse(value[0]), item.parse(value[1])

    return Shape(f"pair of {item.name}", decode, lambda pair: item.encode(pair[0]) + item.encode(pair[1]), parse)


def _decode_domain_list(value: bytes) -> tuple[str, ...]:
    names: list[str] = []
    at = 0
    while at < len(value):
        labels, at = _read_domain(value, at)
        names.append(".".join(labels))
    if not names:
        raise ValueError("the list is empty")
    return tuple(names)


def _read_domain(value: bytes, at: int) -> tuple[list[str], int]:
    """The labels of the name at `at` and where the next name begins (RFC 1035 §4.1.4, compression kept inside)."""
    labels: list[str] = []
    after: int | None = None
    while True:
        if at >= len(value):
            raise ValueError("a domain name runs past the end")
        length = value[at]
        if length >= 0xC0:
            target = int.from_bytes(value[at : at + 2], "big") & 0x3FFF
            # Pointing backwards only: anything else could run for ever.
            if at + 2 > len(value) or target >= at:
                raise ValueError("a compression pointer does not point back")
            after = at + 2 if after is None else after
            at = target
        elif length > 63:
            raise ValueError("a label longer than 63 bytes")
        elif length == 0:
            return labels, at + 1 if after is None else after
        else:
            label = value[at + 1 : at + 1 + length]
            if len(label) < length:
                raise ValueError("a label runs past the end")
            labels.append(label.decode("latin-1"))
            at += 1 + length
            if sum(map(len, labels)) + len(labels) > 254:
                raise ValueError("a domain name longer than 255 bytes")


def _encode_domain_list(names: tuple[str, ...]) -> bytes:
    # Not compressed: RFC 3397 leaves it to the sender, and some clients get pointers wrong.
    return b"".join(
        b"".join(bytes([len(label)]) + label.encode("latin-1") for label in name.split(".") if label) + b"\0"
        for name in names
    )


def _parse_domain_list(value: object) -> tuple[str, ...]:
    names = value if isinstance(value, list) else [value]
    for name in names:
        labels = name.rstrip(".").split(".") if isinstance(name, str) and name.isascii() else [""]
        if not all(0 < len(label) <= 63 for label in labels) or sum(map(len, labels)) + len(labels) > 254:
            raise ValueError(f"{name!r} is not a domain name")
    if not names:
        raise ValueError("the list is empty")
    return tuple(str(name).rstrip(".") for name in names)


domain_list = Shape("domain list", _decode_domain_list, _encode_domain_list, _parse_domain_list)

Route = tuple[IPv4Network, IPv4Address]


def _decode_routes(value: bytes) -> tuple[Route, ...]:
    routes: list[Route] = []
    at = 0
    while at < len(value):
        width = value[at]
        size = (width + 7) // 8
        end = at + 1 + size + 4
        if width > 32 or end > len(value):
            raise ValueError("a route runs past the end or has a mask wider than 32 bits")
        packed = value[at + 1 : at + 1 + size].ljust(4, b"\0")
        routes.append((IPv4Network((packed, width), strict=False), IPv4Address(value[end - 4 : end])))
        at = end
    if not routes:
        raise ValueError("the list is empty")
    return tuple(routes)


def _encode_routes(routes: tuple[Route, ...]) -> bytes:
    return b"".join(
        bytes([network.prefixlen]) + network.network_address.packed[: (network.prefixlen + 7) // 8] + router.packed
        for network, router in routes
    )


def _parse_routes(value: object) -> tuple[Route, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"{value!r} is not a list of routes")
    return tuple(_parse_route(route) for route in value)


def _parse_route(value: object) -> Route:
    words = value.split() if isinstance(value, str) else []
    if len(words) != 3 or words[1] != "via":
        raise ValueError(f"{value!r} is not a route such as '10.0.0.0/8 via 10.77.0.1'")
    try:
        return IPv4Network(words[0]), _parse_ipv4(words[2])
    except ValueError as problem:
        raise ValueError(f"{value!r}: {problem}") from None


routes = Shape("routes", _decode_routes, _encode_routes, _parse_routes)
