"""Whom a boot file is for: what other servers say by tags, classes and conditions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

CLASS_IDENTIFIER, USER_CLASS, CLIENT_ARCHITECTURE, IPXE_ENCAPSULATED = 60, 77, 93, 175
_PXE_CLASS = "PXEClient:Arch:"
_ARCHITECTURE_AT = len(_PXE_CLASS)
_LIMIT = 100
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
        )


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
    if condition == NOBODY:
        return EVERYBODY
    if all(each == Clients(ipxe=each.ipxe) for each in condition) and len(condition) == 1:
        (only,) = condition
        return NOBODY if only.ipxe is None else (Clients(ipxe=not only.ipxe),)
    if all(each.ipxe is None or each.architectures or each.machine for each in condition):
        return EVERYBODY
    raise UnsayableError("it excludes clients by several marks at once")


def of_architecture(number: int) -> Condition:
    if not 0 <= number <= 0xFFFF:
        raise UnsayableError(f"{number} is no client architecture")
    return (Clients(frozenset({number})),)


def running_ipxe() -> Condition:
    return (Clients(ipxe=True),)


def with_vendor_class(text: str, start: int = 0) -> Condition:
    """Those whose option 60 has `text` from its letter `start` on: "PXEClient:Arch:00007:UNDI:003016".

    Raises UnsayableError where that tells no architecture.
    """
    if start == 0 and (http := re.match(r"HTTPClient(?::Arch:(\d{5}))?", text)):
        return (Clients(frozenset({int(http[1])}) if http[1] else None, http=True),)
    head = text[: max(0, _ARCHITECTURE_AT - start)]
    if start <= _ARCHITECTURE_AT and _PXE_CLASS[start:].startswith(head):
        number = text[_ARCHITECTURE_AT - start :][:5] if start + len(text) > _ARCHITECTURE_AT else ""
        if not number and len(head) > 3:
            return EVERYBODY
        if re.fullmatch("[0-9]{5}", number):
            return of_architecture(int(number))
    raise UnsayableError(f"the vendor class {text!r} names no architecture")


def with_user_class(text: str) -> Condition:
    if text.strip("\0\4") in ("iPXE", "gPXE"):
        return running_ipxe()
    raise UnsayableError(f"boot files are not chosen by user class {text!r} yet")


def with_option(code: int) -> Condition:
    """Those that send the option at all."""
    if code in (USER_CLASS, IPXE_ENCAPSULATED):
        # Of what boots over the network only iPXE and its forerunner send either.
        return running_ipxe()
    if code in (CLASS_IDENTIFIER, CLIENT_ARCHITECTURE):
        return EVERYBODY
    raise UnsayableError(f"boot files are not chosen by option {code}")


def _limited(clients: Iterable[Clients]) -> Condition:
    condition = tuple(dict.fromkeys(clients))
    if len(condition) > _LIMIT:
        raise UnsayableError("the condition has too many cases")
    return condition
