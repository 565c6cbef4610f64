"""`option-data` and `option-def`: what Kea tells clients besides their address."""

from __future__ import annotations

from wireboot.migrate.custom_options import CustomOption, hex_bytes
from wireboot.migrate.draft import OptionSetting
from wireboot.migrate.kea.json_text import Node
from wireboot.migrate.kea.other_keys import Section
from wireboot.migrate.option_names import option_code
from wireboot.migrate.option_values import OptionValue, option_name, value_of_bytes, value_of_texts
from wireboot.migrate.reasons import INSIDE_OPTIONS
from wireboot.migrate.report import Report
from wireboot.protocols.dhcp4.options import OPTIONS

_KINDS = {
    **{name: name for name in ("boolean", "uint8", "uint16", "uint32", "int8", "int16", "int32")},
    "ipv4-address": "ipv4",
    "string": "text",
    "binary": "hex",
}


class KeaOptions:
    """The names that `option-data` takes: IANA's, Kea's and those of `option-def`."""

    def __init__(self, report: Report) -> None:
        self._own: dict[str, CustomOption] = {}
        self._own_codes: dict[int, CustomOption] = {}
        self._report = report

    def define(self, node: Node) -> None:
        """One item of `option-def`."""
        section = Section(node, self._report)
        name, kind, space = section.take_text("name"), section.take_text("type"), section.take_text("space") or "dhcp4"
        code, array, records = section.take("code"), section.take("array"), section.take_text("record-types")
        encapsulate = section.take_text("encapsulate")
        names = records.replace(" ", "").split(",") if kind == "record" and records else [kind or ""]
        kinds = tuple(_KINDS.get(each, "") for each in names)
        if (
            name is None or code is None or not isinstance(code.value, int) or not 0 < code.value < 255
            or "" in kinds or space != "dhcp4" or encapsulate
        ):  # fmt: skip
            self._report.untranslated(node.place, f"option-def {name}", "options of that kind are not set",
                                      "set the option by its number, with its bytes")  # fmt: skip
        else:
            repeated = array is not None and array.value is True
            self._own[name] = self._own_codes[code.value] = CustomOption(code.value, kinds, repeated)
        section.tell_others()

    def code(self, name: str) -> int | None:
        own = self._own.get(name)
        return own.code if own is not None else option_code(name)

    def setting(self, section: Section, shown: str) -> OptionSetting | None:
        """One item of `option-data`; None and a finding where it is not set so."""
        code, value = self.code_of(section), section.take_text("data")
        section.take("code")
        name = section.take_text("name")
        formatted, space = section.take("csv-format"), section.take_text("space") or "dhcp4"
        as_text = formatted is None or formatted.value is not False
        try:
            if code is None:
                raise ValueError(f"no DHCP option is called {name!r}")
            if space != "dhcp4":
                raise ValueError(INSIDE_OPTIONS)
            if value is None:
                raise ValueError("it has no data")
            return OptionSetting(code, option_name(code), self._value(code, value, as_text), section.place)
        except ValueError as problem:
            remedy = getattr(
                problem, "remedy", "set it in the subnet's `options`, as docs/reference/configuration.md has it"
            )
            self._report.untranslated(section.place, shown, str(problem), remedy)
            return None

    def code_of(self, section: Section) -> int | None:
        """By number where there is one, by name otherwise."""
        number, name = section.peek("code"), section.peek("name")
        if isinstance(number, int) and not isinstance(number, bool):
            return number if 0 <= number <= 255 else None
        return self.code(name) if isinstance(name, str) else None

    def _value(self, code: int, text: str, as_text: bool) -> OptionValue:
        own, option = self._own_codes.get(code), OPTIONS.by_code(code)
        if not as_text or (own is None and (option is None or option.shape.name == "opaque")):
            quoted = text.strip().startswith("'") and text.strip().endswith("'")
            return value_of_bytes(code, text.strip()[1:-1].encode() if quoted else hex_bytes(text.replace(" ", "")))
        if own is not None:
            return value_of_bytes(code, own.encode(_words(text)))
        assert option is not None
        if option.shape.name == "text":
            return value_of_texts(code, [text.replace("\\,", ",")])
        if option.shape.name == "routes":
            return value_of_texts(code, [part for route in _words(text) for part in route.replace(" ", "").split("-")])
        return value_of_texts(code, _words(text))


def _words(text: str) -> list[str]:
    return [word.strip().replace("\0", ",") for word in text.replace("\\,", "\0").split(",")]
