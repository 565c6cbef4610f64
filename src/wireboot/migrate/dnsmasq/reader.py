"""The lines of dnsmasq's configuration files, taken apart, with the files that they include."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wireboot.migrate.report import Place, Report, SourceSyntaxError
from wireboot.migrate.sources import INCLUDED_MAX, SourceFiles, SourceText, SourceUnreadableError

_LINES_OF = {"dhcp-hostsfile": "dhcp-host", "dhcp-optsfile": "dhcp-option"}
"""Files whose lines are the values of one setting."""
_FOLDERS_OF = {"dhcp-hostsdir": "dhcp-host", "dhcp-optsdir": "dhcp-option"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "e": "\x1b", '"': '"', "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Setting:
    """`name=field,field`; text in quotation marks holds its commas."""

    name: str
    fields: tuple[str, ...]
    place: Place
    text: str
    """As it stands in the file."""

    @property
    def value(self) -> str:
        return ",".join(self.fields)


def read(files: Sequence[SourceText], sources: SourceFiles, report: Report) -> list[Setting]:
    """Every setting, in order. Raises SourceSyntaxError."""
    return list(_Reader(sources, report).settings(files))


class _Reader:
    def __init__(self, sources: SourceFiles, report: Report) -> None:
        self._sources, self._report = sources, report
        self._included = 0

    def settings(self, files: Sequence[SourceText], lines_of: str | None = None) -> Iterator[Setting]:
        """`lines_of`: each line is a value of that setting."""
        waiting = [(file, lines_of) for file in reversed(files)]
        while waiting:
            file, name = waiting.pop()
            for setting in _settings(file, name):
                included = self._included_by(setting)
                if included is None:
                    yield setting
                else:
                    # dnsmasq reads them there and then; which of two settings came first seldom matters.
                    waiting.extend((each, included.lines_of) for each in reversed(included.files))

    def _included_by(self, setting: Setting) -> _Included | None:
        name, lines_of = setting.name, _LINES_OF.get(setting.name) or _FOLDERS_OF.get(setting.name)
        if not setting.value or (lines_of is None and name not in ("conf-file", "conf-dir")):
            return None
        wanted = _names_in_folder(setting, self._sources) if name in _FOLDERS_OF or name == "conf-dir" else None
        try:
            names = [setting.fields[0]] if wanted is None else wanted
            return _Included([self._read(each, setting) for each in names], lines_of)
        except SourceUnreadableError as problem:
            self._report.untranslated(
                setting.place, setting.text, str(problem), "name that file on the command line too"
            )
            return _Included([], None)

    def _read(self, name: str, setting: Setting) -> SourceText:
        self._included += 1
        if self._included > INCLUDED_MAX:
            raise SourceSyntaxError(
                setting.place, "the files include each other without end", "take one of the lines out"
            )
        return self._sources.read(name)


@dataclass(frozen=True, slots=True)
class _Included:
    files: list[SourceText]
    lines_of: str | None


def _names_in_folder(setting: Setting, sources: SourceFiles) -> list[str]:
    folder, *filters = setting.fields
    try:
        names = sources.names_in(folder)
    except SourceUnreadableError:
        # Reading it as a file tells the same, at the one place where that is caught.
        return [folder]
    wanted = tuple(each[1:] for each in filters if each.startswith("*"))
    refused = tuple(each for each in filters if not each.startswith("*") and each)
    return [
        name
        for name in names
        if not _is_backup(name.rpartition("/")[2])
        and (not wanted or name.endswith(wanted))
        and not (refused and name.endswith(refused))
    ]


def _is_backup(name: str) -> bool:
    """What dnsmasq leaves out of a folder."""
    return name.endswith("~") or name.startswith(".") or (name.startswith("#") and name.endswith("#"))


def _settings(file: SourceText, lines_of: str | None) -> Iterator[Setting]:
    for number, line in enumerate(file.text.split("\n"), 1):
        place = Place(file.name, number)
        fields = _fields(line, place)
        if fields == [""]:
            continue
        text = line.strip()
        if lines_of is not None:
            yield Setting(lines_of, tuple(fields), place, f"{lines_of}={text}")
            continue
        name, equals, first = fields[0].partition("=")
        if not _NAME.fullmatch(name.strip()):
            raise SourceSyntaxError(
                place,
                f"{text!r} is no setting of dnsmasq",
                "each line is `name` or `name=value`; is it dnsmasq's file?",
            )
        yield Setting(name.strip(), (first.strip(), *fields[1:]) if equals else (), place, text)


def _fields(line: str, place: Place) -> list[str]:
    """The line without its comment, split at the commas that stand outside of quotation marks."""
    fields, field, at, blank = [], "", 0, True
    while at < len(line):
        letter = line[at]
        at += 1
        if letter == '"':
            text, at = _quoted(line, at, place)
            field += text
            blank = False
        elif letter == "#" and blank:
            break
        elif letter == ",":
            fields.append(field.strip())
            field, blank = "", False
        else:
            blank = letter.isspace()
            field += letter
    return [*fields, field.strip()]


def _quoted(line: str, at: int, place: Place) -> tuple[str, int]:
    """The text up to the closing quotation mark, and where the line goes on."""
    text = ""
    while at < len(line):
        letter = line[at]
        if letter == '"':
            return text, at + 1
        if letter == "\\" and line[at + 1 : at + 2] in _ESCAPES and at + 1 < len(line):
            at += 1
            letter = _ESCAPES[line[at]]
        text += letter
        at += 1
    raise SourceSyntaxError(place, "a quotation mark is missing", "close the text with a second one")
