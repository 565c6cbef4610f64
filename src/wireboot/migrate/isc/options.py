"""`option NAME VALUE`, and options that a configuration defines for itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wireboot.migrate.clients import IPXE_ENCAPSULATED
from wireboot.migrate.custom_options import CustomOption, hex_bytes
from wireboot.migrate.draft import OptionSetting
from wireboot.migrate.isc.statements import Statement, Token
from wireboot.migrate.option_names import option_code
from wireboot.migrate.option_values import OptionValue, option_name, value_of_bytes, value_of_texts
from wireboot.migrate.reasons import INSIDE_OPTIONS
from wireboot.protocols.dhcp4.options import OPTIONS

_KINDS = {
    "boolean": "boolean",
    "integer 8": "int8",
    "integer 16": "int16",
    "integer 32": "int32",
    "unsigned integer 8": "uint8",
    "unsigned integer 16": "uint16",
    "unsigned integer 32": "uint32",
    "ip-address": "ipv4",
    "text": "text",
    "string": "hex",
}
_HEX = re.compile(r"[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2})*")


def is_definition(statement: Statement) -> bool:
    """`option NAME code NUMBER = TYPE`."""
    return statement.name == "option" and len(statement.words) > 3 and statement.words[2].text == "code"


class IscOptions:
    """The names that `option` takes: IANA's, ISC's and those of `option NAME code NUMBER = TYPE`."""

    def __init__(self) -> None:
        self._own: dict[str, CustomOption] = {}

    def define(self, statement: Statement) -> None:
        """Raises ValueError where the type is one that wireboot could not fill."""
        words = [word.text for word in statement.words]
        if len(words) < 6 or words[4] != "=" or not re.fullmatch("[0-9]{1,3}", words[3]) or int(words[3]) > 254:
            raise ValueError("it is not understood")
        if "." in words[1]:
            raise ValueError(INSIDE_OPTIONS)
        text = " ".join(words[5:]).lower()
        repeated = text.startswith("array of ")
        kinds = [
            _KINDS.get(each.strip().removeprefix("signed "))
            for each in text.removeprefix("array of ").strip("{}").split(",")
        ]
        if None in kinds:
            raise ValueError("options of that type are not set")
        self._own[words[1]] = CustomOption(int(words[3]), tuple(kind for kind in kinds if kind is not None), repeated)

    def code(self, name: str) -> int | None:
        """The number of the option called so, for conditions as well."""
        if name.startswith(("ipxe.", "gpxe.")):
            return IPXE_ENCAPSULATED
        own = self._own.get(name)
        return own.code if own is not None else option_code(name.removeprefix("dhcp."))

    def setting(self, statement: Statement) -> OptionSetting:
        """`option NAME VALUE, VALUE;`. Raises ValueError."""
        name = statement.words[1].text
        values = [word for word in statement.words[2:] if word.quoted or word.text != ","]
        if "." in name.removeprefix("dhcp."):
            raise ValueError(INSIDE_OPTIONS)
        code = self.code(name)
        if code is None:
            raise ValueError(f"no DHCP option is called {name!r}")
        if values and not values[0].quoted and values[0].text == "=":
            raise ValueError("options that are computed are not set")
        return OptionSetting(code, option_name(code), self._value(code, name, values), statement.place)

    def _value(self, code: int, name: str, values: Sequence[Token]) -> OptionValue:
        own, option = self._own.get(name), OPTIONS.by_code(code)
        if own is not None:
            texts = [_hex(each) if own.kinds == ("hex",) else each.text for each in values]
            return value_of_bytes(code, own.encode(texts))
        if option is None or option.shape.name == "opaque":
            return value_of_bytes(code, b"".join(hex_bytes(_hex(each)) for each in values))
        if option.shape.name == "text" and any(not value.quoted for value in values):
            raise ValueError("it is no text in quotation marks")
        return value_of_texts(code, [value.text for value in values])


def _hex(token: Token) -> str:
    """A `string` is text in quotation marks, or bytes in hexadecimal."""
    if token.quoted:
        return token.text.encode("utf-8", "replace").hex()
    if not _HEX.fullmatch(token.text):
        raise ValueError(f"{token.text!r} is neither text nor bytes")
    # A single digit is a byte as well.
    return token.text if ":" in token.text else token.text.rjust(2, "0")
