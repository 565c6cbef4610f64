"""What passed on the cables and what was told, written down to be read after something went wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from wireboot.endpoint import Datagram
from wireboot.errors import DecodeError
from wireboot.protocols.arp import packet as arp
from wireboot.protocols.dhcp4.message import BOOTREPLY, Message
from wireboot.protocols.dhcp4.message import decode as decode_dhcp
from wireboot.protocols.dhcp4.options import CLASS_IDENTIFIER, REQUESTED_ADDRESS
from wireboot.protocols.tftp import packet as tftp
from wireboot.sim.clock import Clock
from wireboot.sim.network import Station
from wireboot.wire.addresses import format_link_address
from wireboot.wire.iana import Port

LINES_MAX = 20_000
"""The last so many lines are kept: a big simulation has millions."""

_DHCP_PORTS = {Port.DHCP_SERVER, Port.DHCP_CLIENT, Port.BOOT_SERVER}


class Transcript:
    """A network `Observer`. Lines are put into words only when somebody reads them."""

    def __init__(self, clock: Clock, lines_max: int = LINES_MAX) -> None:
        self._clock = clock
        self._lines: deque[tuple[float, Callable[[], str]]] = deque(maxlen=lines_max)
        self._dropped = 0

    def sent(self, station: Station, datagram: Datagram, arrivals: Sequence[float]) -> None:
        self._add(partial(_describe, station.name, datagram, tuple(arrivals)))

    def delivered(self, station: Station, datagram: Datagram) -> None:
        """Said already, when it was sent."""

    def note(self, who: str, what: str) -> None:
        """Something that is no datagram."""
        self._add(partial("{}: {}".format, who, what))

    def __str__(self) -> str:
        head = [f"({self._dropped} earlier lines are left out)"] if self._dropped else []
        return "\n".join([*head, *(f"{at:10.4f}  {line()}" for at, line in self._lines)])

    def _add(self, line: Callable[[], str]) -> None:
        if len(self._lines) == self._lines.maxlen:
            self._dropped += 1
        self._lines.append((self._clock.elapsed_s, line))


def _describe(sender: str, datagram: Datagram, arrivals: tuple[float, ...]) -> str:
    to = "" if datagram.link_address is None else f" ({format_link_address(datagram.link_address)})"
    fate = ", ".join(f"+{delay_s:.4f}" for delay_s in arrivals[:4]) or "lost"
    more = f" and {len(arrivals) - 4} more" if len(arrivals) > 4 else ""
    return f"{sender}: {datagram.local} > {datagram.peer}{to} {_contents(datagram)} [{fate}{more}]"


def _contents(datagram: Datagram) -> str:
    ports = {int(datagram.local.port), int(datagram.peer.port)}
    try:
        if ports & _DHCP_PORTS:
            return _dhcp(decode_dhcp(datagram.payload))
        if ports == {0}:
            return f"ARP for {arp.decode(datagram.payload).target_address}"
        return _tftp(tftp.decode(datagram.payload))
    except DecodeError as problem:
        return f"{len(datagram.payload)} bytes ({problem})"


def _dhcp(message: Message) -> str:
    kind = "BOOTP" if message.message_type is None else message.message_type.name
    about = [format_link_address(message.chaddr), f"xid {message.xid:08x}"]
    if message.op == BOOTREPLY:
        about += [f"yiaddr {message.yiaddr}"] if not message.yiaddr.is_unspecified else []
        about += [f"file {message.file.decode('latin-1')}"] if message.file else []
    elif (requested := message.options.get(REQUESTED_ADDRESS)) is not None:
        about.append(f"for {requested}")
    if CLASS_IDENTIFIER.code in message.options:
        about.append(str(message.options.get(CLASS_IDENTIFIER)))
    return f"{kind} {' '.join(about)}"


def _tftp(packet: tftp.Packet) -> str:
    match packet:
        case tftp.Data():
            return f"DATA {packet.block}, {len(packet.payload)} bytes"
        case tftp.Ack():
            return f"ACK {packet.block}"
        case tftp.Error():
            return f"ERROR {packet.code} {packet.text}"
        case tftp.ReadRequest():
            return f"RRQ {packet.file}{_options(packet.options)}"
        case tftp.OptionAck():
            return f"OACK{_options(packet.options)}"
        case tftp.WriteRequest():
            return f"WRQ {packet.file}"


def _options(options: tftp.Options) -> str:
    return "".join(f" {name}={value}" for name, value in options)
