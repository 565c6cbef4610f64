"""Who is meant: what other servers say by tags, classes and conditions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from wireboot.migrate.marks import Mark, option_mark

CLASS_IDENTIFIER, USER_CLASS, CLIENT_ARCHITECTURE, MACHINE_ID, IPXE_ENCAPSULATED = 60, 77, 93, 97, 175
_PXE_CLASS = "PXEClient:Arch:"
_ARCHITECTURE_AT = len(_PXE_CLASS)
_LIMIT = 1000
"""Ways to be meant; conditions with more are no one's configuration."""


class UnsayableError(Exception):
    """A condition that wireboot's configuration has no words for; the text says which."""


@dataclass(frozen=True, slots=True)
class Clients:
    """Those to whom all of this applies; None: it does not matter."""

    architectures: frozenset[int] | None = None
    ipxe: bool | None = None
    """They run iPXE already."""
    http: bool | None = None
    """Their firmware boots by HTTP."""
    machine: str | None = None
    """The name, or the tag, of one machine or of several."""
    marks: frozenset[Mark] = frozenset()
    """What else they say, all of it."""
    loose: bool = False
    """Some are in it that are not meant. Of boot files that is no matter: the more special one goes first anyway."""

    @property
    def booting(self) -> Clients:
        """As far as it matters to boot files, which PXE clients alone ask for."""
        marks = frozenset(each for each in self.marks if not _is_of_all_pxe(each))
        return replace(self, marks=marks, loose=False)

    def narrowed(self, other: Clients) -> Clients | None:
        """Those that are meant by both; None: nobody is."""
        architectures, others = self.architectures, other.architectures
        if architectures is None or others is None:
            common = others if architectures is None else architectures
        else:
            common = architectures & others
            if not common:
                return None
        for mine, theirs in ((self.ipxe, other.ipxe), (self.http, other.http), (self.machine, other.machine)):
            if mine is not None and theirs is not None and mine != theirs:
                return None
        return Clients(
            common,
            other.ipxe if self.ipxe is None else self.ipxe,
            other.http if self.http is None else self.http,
            other.machine if self.machine is None else self.machine,
            self.marks | other.marks,
            self.loose or other.loose,
        )


def _is_of_all_pxe(mark: Mark) -> bool:
    return mark.key == "vendor_class" and mark.value in ("*", "PXEClient", "PXEClient*", "PXEClient:*")


Condition = tuple[Clients, ...]
"""Any of these."""
EVERYBODY: Condition = (Clients(),)
NOBODY: Condition = ()


def both(first: Condition, second: Condition) -> Condition:
    """Raises UnsayableError where that grows beyond all measure."""
    common = (one.narrowed(other) for one in first for other in second)
    return _limited(each for each in common if each is not None)


def either(first: Condition, second: Condition) -> Condition:
    return _limited((*first, *second))


def other_than(condition: Condition) -> Condition:
    """Everybody else. Of architectures and machines that is everybody: the more special boot file goes first anyway.

    Raises UnsayableError where that would say more than the condition does.
    """
    excluded = [each.booting for each in condition]
    if not excluded:
        return EVERYBODY
    if any(each.marks for each in excluded):
        raise UnsayableError("it is for clients that do not say something")
    if len(excluded) == 1 and excluded[0] == Clients(ipxe=excluded[0].ipxe):
        ipxe = excluded[0].ipxe
        return NOBODY if ipxe is None else (Clients(ipxe=not ipxe, loose=True),)
    if all(each.ipxe is None or each.architectures or each.machine for each in excluded):
        return (Clients(loose=True),)
    raise UnsayableError("it excludes clients by several marks at once")


def of_architecture(number: int) -> Condition:
    if not 0 <= number <= 0xFFFF:
        raise UnsayableError(f"{number} is no client architecture")
    return (Clients(frozenset({number})),)


def running_ipxe() -> Condition:
    return (Clients(ipxe=True),)


def with_mark(mark: Mark) -> Condition:
    return (Clients(marks=frozenset({mark})),)


def with_vendor_class(text: str, start: int = 0, *, whole: bool = False) -> Condition:
    """Those whose option 60 has `text` from its letter `start` on: "PXEClient:Arch:00007:UNDI:003016".

    `whole`: and nothing behind it. Raises UnsayableError for what wireboot cannot look at.
    """
    if start == 0 and (http := re.match(r"HTTPClient(?::Arch:(\d{5}))?", text)):
        return (Clients(frozenset({int(http[1])}) if http[1] else None, http=True),)
    head = text[: max(0, _ARCHITECTURE_AT - start)]
    if start <= _ARCHITECTURE_AT and _PXE_CLASS[start:].startswith(head):
        number = text[_ARCHITECTURE_AT - start :][:5] if start + len(text) > _ARCHITECTURE_AT else ""
        if not number and len(head) > 3:
            return with_mark(Mark("vendor_class", "PXEClient*"))
        if re.fullmatch("[0-9]{5}", number):
            return of_architecture(int(number))
    if start or not text.isprintable() or not text.strip():
        raise UnsayableError(f"the vendor class {text!r} is not looked for there")
    return with_mark(Mark("vendor_class", text if whole and not text.endswith("*") else f"{text}*"))


def with_user_class(text: str) -> Condition:
    name = text.strip("\0\4")
    if name in ("iPXE", "gPXE"):
        return running_ipxe()
    if not name.isprintable() or not name.strip():
        raise UnsayableError(f"{text!r} is no user class")
    return with_mark(Mark("user_class", name))


def with_option(code: int) -> Condition:
    """Those that send the option at all."""
    if code in (USER_CLASS, IPXE_ENCAPSULATED):
        # Of what boots over the network only iPXE and its forerunner send either.
        return (Clients(ipxe=True, loose=True),)
    if code == CLASS_IDENTIFIER:
        return with_mark(Mark("vendor_class", "*"))
    if code == CLIENT_ARCHITECTURE:
        return (Clients(loose=True),)
    raise UnsayableError(f"what is in option {code} may matter, not whether it is sent")


def with_option_value(code: int, content: bytes) -> Condition:
    """Those that send the option with just that in it. Raises UnsayableError."""
    try:
        return with_mark(option_mark(code, content))
    except ValueError as problem:
        raise UnsayableError(f"option {code}: {problem}") from None


def _limited(clients: Iterable[Clients]) -> Condition:
    condition = tuple(dict.fromkeys(clients))
    if len(condition) > _LIMIT:
        raise UnsayableError("the condition has too many cases")
    return condition
