"""By what a client is told, beyond its architecture: for classes, and for reservations."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from wireboot.migrate.option_values import OptionValue, option_name, value_of_bytes
from wireboot.wire.addresses import format_link_address


class Mark(NamedTuple):
    """Something a client or its relay says."""

    key: str
    """Of [dhcp4.classes.match] or [[dhcp4.subnets.reservations]]; `option:N` for one in the table `option`."""
    value: str | bytes

    @property
    def shown(self) -> str:
        """As it stands in wireboot.toml."""
        if isinstance(self.value, str):
            return self.value
        if self.key == "mac":
            return format_link_address(self.value)
        readable = self.value.isascii() and self.value.decode("latin-1").isprintable() and self.value.strip()
        if readable and not self.value.startswith(b"0x"):
            return self.value.decode("ascii")
        return "0x" + self.value.hex(":")


def machine_mark(uuid: bytes) -> Mark:
    """Of option 97 (RFC 4578 §2.3). Raises ValueError where it is no UUID."""
    if len(uuid) != 17 or uuid[0] != 0:
        raise ValueError("it is no UUID of a machine")
    return Mark("uuid", str(UUID(bytes_le=uuid[1:])))


def option_mark(code: int, content: bytes) -> Mark:
    """An option that a client sends, with just that in it. Raises ValueError where it cannot be."""
    option_match(code, content)
    return Mark(f"option:{code}", content)


def option_match(code: int, content: bytes) -> tuple[str, OptionValue]:
    """As it stands in the table `option`. Raises ValueError."""
    return option_name(code), value_of_bytes(code, content, sent_by_client=True)
