"""A boot program for a file that is not there: it says so, and gives the machine back to the BIOS."""

from __future__ import annotations

_LOADED_AT = 0x7C00
# Prints the text behind it by INT 10h, AH=0Eh; then INT 18h, the BIOS's next boot device.
_CODE = bytes.fromhex("fc 31c0 8ed8 be0000 ac 84c0 7406 b40e cd10 ebf5 cd18")
_TEXT_ADDRESS_AT = 6


def stand_in_program(text: str) -> bytes:
    """Prints `text`."""
    address = (_LOADED_AT + len(_CODE)).to_bytes(2, "little")
    code = _CODE[:_TEXT_ADDRESS_AT] + address + _CODE[_TEXT_ADDRESS_AT + 2 :]
    return code + text.encode("ascii", "replace") + b"\r\n\0"
