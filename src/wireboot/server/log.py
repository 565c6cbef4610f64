"""Events as log lines, for people or as JSON."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Literal, TextIO, cast

import structlog

from wireboot.boot.timeline import BootStep
from wireboot.endpoint import Datagram, DatagramDropped, Event
from wireboot.net.driver import EndpointFailed
from wireboot.protocols.dhcp4.events import (
    AddressOffered,
    LeaseTimesCut,
    NoAddressLeft,
    OfferTakenBack,
    RequestIgnored,
)
from wireboot.protocols.echo.prober import AddressesNotChecked
from wireboot.protocols.tftp.events import RequestRefused, TransferFailed, TransferStarted
from wireboot.server.ledger import LeasesNotStored
from wireboot.server.log_writer import LogWriter
from wireboot.server.ports import DhcpPortLeftAlone, DhcpPortShared, ProxyFallbackOff, RawFramesRefused
from wireboot.wire.addresses import format_link_address

LogFormat = Literal["text", "json"]
Logger = structlog.typing.FilteringBoundLogger

_LEVELS: Mapping[type[Event], int] = {
    AddressOffered: logging.DEBUG,  # a boot's second step says the same, with the boot file
    DatagramDropped: logging.DEBUG,
    OfferTakenBack: logging.DEBUG,
    RequestIgnored: logging.DEBUG,
    TransferStarted: logging.DEBUG,
    AddressesNotChecked: logging.WARNING,
    LeaseTimesCut: logging.WARNING,
    NoAddressLeft: logging.WARNING,
    TransferFailed: logging.WARNING,
    LeasesNotStored: logging.ERROR,
    EndpointFailed: logging.ERROR,
    DhcpPortShared: logging.WARNING,
    DhcpPortLeftAlone: logging.WARNING,
    ProxyFallbackOff: logging.WARNING,
    RawFramesRefused: logging.WARNING,
}
_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


@contextmanager
def open_log(log_format: LogFormat, level: int = logging.INFO) -> Iterator[Logger]:
    """A logger that writes to stderr: stdout is for data. At the end what is waiting is written."""
    writer = LogWriter(sys.stderr)
    renderer: structlog.typing.Processor
    renderer = structlog.processors.JSONRenderer() if log_format == "json" else _render_for_people
    log = cast(
        Logger,
        structlog.wrap_logger(
            structlog.PrintLogger(cast(TextIO, writer)),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                renderer,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(level),
        ),
    )
    try:
        yield log
    finally:
        writer.close()


_CONSOLE = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24, sort_keys=False)


def _render_for_people(logger: object, method: str, line: structlog.typing.EventDict) -> str:
    if "step" in line:
        step, name, detail = line.pop("step"), line.pop("name"), line.pop("detail")
        line = {**line, "event": f"step {step} of 9: {name}", **detail}
    # A stranger's text may hold what moves a terminal's cursor; JSON escapes it by itself.
    shown = {
        key: _printable(value) if isinstance(value, str) else value for key, value in line.items() if value is not None
    }
    return str(_CONSOLE(logger, method, shown))


def _printable(text: str) -> str:
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def level_of(event: Event) -> int:
    if isinstance(event, RequestRefused) and not event.file:
        # No file was asked for: as good as a dropped datagram.
        return logging.DEBUG
    return _LEVELS.get(type(event), logging.INFO)


def event_name(event: Event) -> str:
    """`LeaseGranted` to `lease_granted`."""
    return _in_small_letters(type(event).__name__)


@cache
def _in_small_letters(class_name: str) -> str:
    return _WORD_START.sub("_", class_name).lower()


def event_fields(event: Event) -> dict[str, object]:
    """The event's fields as JSON can carry them, those of nested values beside their own."""
    if isinstance(event, BootStep):
        return {
            "step": event.step,
            "name": event.name,
            "mac": format_link_address(event.link_address),
            "detail": dict(event.detail),
        }
    return _plain_fields(event)


def _plain_fields(value: object) -> dict[str, object]:
    assert is_dataclass(value)
    plain: dict[str, object] = {}
    for field in fields(value):
        content = getattr(value, field.name)
        if isinstance(content, Datagram):
            plain["to"] = str(content.peer)
        elif is_dataclass(content):
            plain.update(_plain_fields(content))
        elif field.name == "link_address":
            plain["mac"] = format_link_address(content)
        elif field.name.endswith("_at"):
            plain[field.name] = datetime.fromtimestamp(content, UTC).isoformat(timespec="seconds")
        else:
            plain[field.name] = _plain(content)
    return plain


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | float() | str() if not isinstance(value, Enum):
            return value
        case bytes():
            return value.hex()
        case Enum():
            return value.value
        case tuple() if not hasattr(value, "_fields"):
            return [_plain(item) for item in value]
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case _:
            return str(value)
