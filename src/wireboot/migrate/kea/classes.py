"""`client-classes`: what Kea tells clients by, and what it tells them."""

from __future__ import annotations

from dataclasses import replace

from wireboot.migrate.clients import EVERYBODY, Condition, UnsayableError, with_vendor_class
from wireboot.migrate.expressions import condition_of, words_of
from wireboot.migrate.kea.other_keys import Section
from wireboot.migrate.kea.scope import Found
from wireboot.migrate.lease_times import lease_time
from wireboot.migrate.reasons import FILES_BY_CLASS_REMEDY, OPTIONS_OF_CLASS_REMEDY

_VENDOR_CLASS = "VENDOR_CLASS_"


class Classes:
    """Every class so far: one may be a part of a later one's test."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._members: dict[str, Condition] = {}

    def read(self, section: Section) -> None:
        found, name, test = self._found, section.take_text("name") or "", section.take("test")
        options, files = found.told(section)
        lease = None
        if (lifetime := section.take("valid-lifetime")) is not None:
            shown = f'"valid-lifetime": {lifetime}'
            lease = lease_time(str(lifetime.value), lifetime.place, shown, found.report)
        try:
            if test is None or not isinstance(test.value, str):
                raise UnsayableError("it has no test")
            condition = self._members[name] = condition_of(words_of(test.value), found.options.code, self._member_of)
            # Of several classes that fit a client the first that is evaluated counts.
            found.of_classes += [replace(file, condition=condition) for file in files]
        except UnsayableError as problem:
            found.report.untranslated(section.place, f"client class {name}", str(problem), FILES_BY_CLASS_REMEDY)
            why = f"its class, {name}, is not translated"
            for file in files:
                found.report.untranslated(file.place, file.setting, why, FILES_BY_CLASS_REMEDY)
        else:
            why = ""
            try:
                seconds = None if lease is None else lease.seconds
                found.classes.define(name, condition, section.place, tuple(options.values()), seconds)
            except UnsayableError as problem:
                why = str(problem)
        if why:
            for option in options.values():
                found.report.untranslated(option.place, f"option {option.name}", why, OPTIONS_OF_CLASS_REMEDY)
            if lease is not None:
                found.report.untranslated(lease.place, lease.setting, why, OPTIONS_OF_CLASS_REMEDY)
        section.tell_others()

    def _member_of(self, name: str) -> Condition:
        if name == "ALL":
            return EVERYBODY
        if name.startswith(_VENDOR_CLASS):
            return with_vendor_class(name.removeprefix(_VENDOR_CLASS), whole=True)
        if name not in self._members:
            raise UnsayableError(f"class {name!r} has no condition that wireboot has words for")
        return self._members[name]
