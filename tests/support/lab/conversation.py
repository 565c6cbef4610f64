"""What one machine and its servers said to each other, as a reader of the protocols would tell it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from tests.support.lab.capture import CapturedDatagram, read_datagrams
from wireboot.endpoint import SocketAddress
from wireboot.protocols.dhcp4 import message as dhcp4
from wireboot.protocols.dhcp4.options import BOOT_FILE_NAME, CLASS_IDENTIFIER, SERVER_IDENTIFIER, MessageType
from wireboot.protocols.tftp import packet as tftp
from wireboot.wire.addresses import UNSPECIFIED
from wireboot.wire.iana import Port

DHCP_PORTS = {Port.DHCP_SERVER, Port.DHCP_CLIENT, Port.BOOT_SERVER}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said: a DHCP message, or a TFTP packet other than the blocks of a file and their ACKs."""

    at_s: float
    source: SocketAddress
    destination: SocketAddress
    said: dhcp4.Message | tftp.Packet

    @property
    def server(self) -> IPv4Address | None:
        """The server that a DHCP message names as its author or its addressee."""
        return self.said.options.get(SERVER_IDENTIFIER) if isinstance(self.said, dhcp4.Message) else None

    def is_dhcp(self, message_type: MessageType) -> bool:
        return isinstance(self.said, dhcp4.Message) and self.said.message_type == message_type

    @property
    def is_request(self) -> bool:
        return isinstance(self.said, dhcp4.Message) and self.said.op == dhcp4.BOOTREQUEST

    def __str__(self) -> str:
        return f"{self.source} > {self.destination}  {describe(self.said)}"


class Conversation:
    """All that a machine said and was told, as captured on its own segment."""

    def __init__(self, capture: Path, mac: str) -> None:
        self.lines = list(read_lines(capture, bytes.fromhex(mac.replace(":", ""))))

    def first(self, wanted: Callable[[Line], bool]) -> Line:
        line = next(filter(wanted, self.lines), None)
        assert line is not None, f"the conversation lacks what is looked for:\n{self}"
        return line

    def first_dhcp(self, message_type: MessageType, server: str | None = None) -> Line:
        """The first message of the type, and of the given server if one is given."""
        return self.first(lambda line: line.is_dhcp(message_type) and (server is None or str(line.server) == server))

    def dhcp_answers(self) -> list[Line]:
        """All OFFERs, ACKs and NAKs."""
        return [line for line in self.lines if isinstance(line.said, dhcp4.Message) and line.said.op == dhcp4.BOOTREPLY]

    def files_asked_for(self) -> list[str]:
        """File names in order, each once however often it was asked for."""
        return list(dict.fromkeys(line.said.file for line in self.lines if isinstance(line.said, tftp.ReadRequest)))

    def __str__(self) -> str:
        if not self.lines:
            return "(nothing was said)"
        begin = self.lines[0].at_s
        return "\n".join(f"{line.at_s - begin:8.3f}  {line}" for line in self.lines)


def read_lines(capture: Path, mac: bytes) -> Iterator[Line]:
    transfer_ports: set[int] = set()
    for datagram in read_datagrams(capture):
        said = understand(datagram, mac, transfer_ports)
        if said is not None and not isinstance(said, tftp.Data | tftp.Ack):
            yield Line(datagram.at_s, datagram.source, datagram.destination, said)


def understand(datagram: CapturedDatagram, mac: bytes, transfer_ports: set[int]) -> dhcp4.Message | tftp.Packet | None:
    """The message in a datagram that this machine sent or received, else None.

    `transfer_ports` are the machine's own ends of its TFTP transfers, learnt from its requests on the way.
    """
    ports = {datagram.source.port, datagram.destination.port}
    if ports <= DHCP_PORTS:
        message = dhcp4.decode(datagram.payload)
        return message if message.chaddr == mac else None
    if datagram.source_mac == mac and datagram.destination.port == Port.TFTP:
        transfer_ports.add(datagram.source.port)
    is_ours = mac in (datagram.source_mac, datagram.destination_mac)
    return tftp.decode(datagram.payload) if is_ours and ports & transfer_ports else None


def describe(said: dhcp4.Message | tftp.Packet) -> str:
    match said:
        case dhcp4.Message():
            return describe_dhcp(said)
        case tftp.ReadRequest(file, _mode, options):
            return f"TFTP RRQ {file}{describe_options(options)}"
        case tftp.OptionAck(options):
            return f"TFTP OACK{describe_options(options)}"
        case tftp.Error(code, text):
            return f"TFTP ERROR {code} {text}"
        case _:
            return f"TFTP {said}"


def describe_options(options: tftp.Options) -> str:
    return "".join(f" {name}={value}" for name, value in options)


def describe_dhcp(message: dhcp4.Message) -> str:
    kind = message.message_type.name if message.message_type else "BOOTP"
    # fmt: off
    facts = {
        "xid":    f"{message.xid:08x}",
        "ciaddr": message.ciaddr,
        "yiaddr": message.yiaddr,
        "siaddr": message.siaddr,
        "giaddr": message.giaddr,
        "server": message.options.get(SERVER_IDENTIFIER),
        "class":  message.options.get(CLASS_IDENTIFIER),
        "file":   message.options.get(BOOT_FILE_NAME) or message.file.decode(errors="replace"),
    }
    # fmt: on
    said = {name: value for name, value in facts.items() if value and value != UNSPECIFIED}
    return f"DHCP {kind} " + " ".join(f"{name}={value}" for name, value in said.items())
