"""Option 77, the user classes: as RFC 3004 has them, and as iPXE sends them."""

from __future__ import annotations


def user_classes(value: bytes | None) -> tuple[str, ...]:
    """RFC 3004's length-prefixed items or, as iPXE sends it, one bare name."""
    if not value:
        return ()
    items: list[bytes] = []
    at = 0
    while at < len(value):
        end = at + 1 + value[at]
        if value[at] == 0 or end > len(value):
            return (value.decode("latin-1"),)
        items.append(value[at + 1 : end])
        at = end
    return tuple(item.decode("latin-1") for item in items)
