"""What holds for a boot, whatever the servers on the cable send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.dhcp import SERVER
from tests.support.pxe_client import (
    ADDRESS,
    AT_67,
    AT_4011,
    AT_ONCE,
    BY_UNICAST,
    CONTENT,
    FILE,
    GROUP,
    TYPE,
    Lan,
    Machine,
    Scripted,
    pxe_tags,
    reply,
)
from wireboot.endpoint import Datagram, SocketAddress
from wireboot.protocols.dhcp4.message import Message, decode, encode
from wireboot.protocols.dhcp4.options import VENDOR_SPECIFIC, MessageType
from wireboot.protocols.pxe import vendor_options
from wireboot.protocols.pxe.client_events import Booted, BootEnded, BootImageReady, Failed
from wireboot.protocols.pxe.credentials import BootImage, CredentialRefused
from wireboot.protocols.pxe.firmware import FIRMWARE
from wireboot.protocols.pxe.vendor_options import BootServers, MenuItem, MenuPrompt
from wireboot.wire.option_table import Options

DEADLINE_S = 300.0

Answer = Callable[[Message], Message]

firmwares = st.sampled_from(sorted(FIRMWARE))
known_values = st.sampled_from([b"\x80\x01\x00\x00", b"\x80\x01\x80\x00", b"\x03", b"\x0a"])
tag_values = st.one_of(st.binary(max_size=12), known_values)
tag_soup = st.dictionaries(st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 71]), tag_values, max_size=6)
option_43 = st.one_of(st.binary(max_size=60), tag_soup.map(lambda tags: vendor_options.encode(Options(tags))))
sound_option_43 = st.sampled_from(
    [
        AT_ONCE,
        BY_UNICAST,
        pxe_tags(0, address=GROUP, servers=(BootServers(TYPE, ()),)),
        pxe_tags(3, servers=(BootServers(TYPE, (SERVER,)),), prompt=MenuPrompt(5, "wait")),
        pxe_tags(2, menu=(MenuItem(0, "local"), MenuItem(TYPE, "lab"))),
    ]
).map(vendor_options.encode)
options = st.dictionaries(
    st.sampled_from([1, 3, 12, 13, 43, 52, 54, 60, 66, 67, 77, 97, 150, 175]), st.binary(max_size=20), max_size=3
)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """A server's habit: some requests are answered as they should be, those after them more or less so."""
    sound_tags = draw(sound_option_43)
    sound_file = FILE if sound_tags == vendor_options.encode(AT_ONCE) else ""
    sound_until = draw(st.integers(0, 4))

    odd_tags = draw(st.one_of(sound_option_43, option_43))
    odd_options = draw(options)
    file = draw(st.sampled_from(["", FILE, "missing", "x" * 128]))
    yiaddr = draw(st.sampled_from([ADDRESS, ADDRESS, GROUP]))
    siaddr = draw(st.sampled_from([SERVER, SERVER, SERVER, GROUP, ADDRESS]))
    echoes = draw(st.booleans())
    acknowledges = draw(st.sampled_from([MessageType.ACK, MessageType.ACK, MessageType.NAK]))
    seen = 0

    def answer(request: Message) -> Message:
        nonlocal seen
        seen += 1
        is_sound = seen <= sound_until
        own_tags = request.options.get(VENDOR_SPECIFIC)
        if request.message_type is MessageType.DISCOVER:
            kind = MessageType.OFFER
        else:
            kind = MessageType.ACK if is_sound else acknowledges
        if is_sound:
            name = FILE if own_tags is not None else sound_file
            message = reply(request, kind, yiaddr=ADDRESS, file=name, pxe=True)
            return message.with_option(VENDOR_SPECIFIC, own_tags or sound_tags)
        message = reply(request, kind, yiaddr=yiaddr, siaddr=siaddr, file=file, pxe=True)
        message = message.with_option(VENDOR_SPECIFIC, own_tags if own_tags is not None and echoes else odd_tags)
        return replace(message, options=Options({**message.options, **odd_options}))

    return answer


class Capricious:
    """A `Trust` that goes by a byte."""

    credential_types = (0x80000001,)

    def verify(self, credential: bytes, image: BootImage) -> None:
        if sum(credential) % 2:
            raise CredentialRefused("PXE-E22", "odd")
        assert image.content


class Mangler:
    """Answers every request, and flips some bytes on the way."""

    def __init__(self, answer: Answer, flips: list[tuple[int, int]]) -> None:
        self._answer, self._flips = answer, flips

    def __call__(self, request: Message, datagram: Datagram) -> list[tuple[Message, SocketAddress]]:
        source = AT_4011 if datagram.peer.port == 4011 else AT_67
        payload = bytearray(encode(self._answer(request)))
        for at, value in self._flips:
            payload[at % len(payload)] = value
        try:
            return [(decode(bytes(payload)), source)]
        except ValueError:
            return []


@settings(deadline=None, max_examples=300)
@given(firmwares, answers(), st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=2), st.booleans())
def test_every_boot_ends_within_its_time(
    firmware: str, answer: Answer, flips: list[tuple[int, int]], tested: bool
) -> None:
    machine = Machine(firmware, trust=Capricious() if tested else None, deadline_s=DEADLINE_S, menu_item=0)
    server = Scripted(Mangler(answer, flips))
    began = machine.now

    outcome = Lan(machine, {AT_67: server, AT_4011: server}).run(DEADLINE_S + 1)

    assert outcome is not None
    assert machine.now - began <= DEADLINE_S
    assert len(machine.told(BootEnded)) == 1
    assert machine.steps == sorted(set(machine.steps))
    ready = machine.told(BootImageReady)
    assert [each.content for each in ready] == ([CONTENT] if isinstance(outcome, Booted) else [])
    if isinstance(outcome, Booted):
        assert outcome.authentic is (True if tested else None)
        assert (1 in machine.steps, 9 in machine.steps) == (True, True)


@settings(deadline=None, max_examples=200)
@given(
    firmwares,
    st.lists(
        st.tuples(
            st.one_of(st.binary(max_size=400), st.tuples(st.integers(0, 500), st.binary(max_size=30))),
            st.sampled_from([67, 69, 4011, 50001]),
            st.sampled_from([68, 4011, 49152, 49153, 1758]),
            st.floats(0, 10),
        ),
        max_size=20,
    ),
)
def test_no_bytes_raise(firmware: str, arrivals: list[tuple[bytes | tuple[int, bytes], int, int, float]]) -> None:
    """Pure noise, and sound offers with a piece of noise in them, at any port and time."""
    machine = Machine(firmware, deadline_s=DEADLINE_S)
    for noise, source, port, pause_s in arrivals:
        if isinstance(noise, tuple):
            at, piece = noise
            requests = [decode(each.payload) for each in machine.sent if each.peer.port in (67, 4011)]
            if not requests:
                continue
            kind = MessageType.OFFER if requests[-1].message_type is MessageType.DISCOVER else MessageType.ACK
            sound = encode(reply(requests[-1], kind, yiaddr=ADDRESS, file=FILE, tags=BY_UNICAST))
            payload = sound[:at] + piece + sound[at + len(piece) :]
        else:
            payload = noise
        machine.hear(payload, SocketAddress(SERVER, source), port)
        machine.wait(pause_s)
    machine.wait(DEADLINE_S)
    assert machine.outcome is not None
    assert isinstance(machine.outcome, Failed)


@given(firmwares, st.integers(0, 2**32))
def test_jitter_never_makes_a_wait_longer_than_a_second(firmware: str, seed: int) -> None:
    machine = Machine(firmware, seed=seed)
    first_s = FIRMWARE[firmware].behaviour.schedules.discover.waits_s[0]
    at = machine.client.next_timeout()
    assert at is not None
    assert first_s <= at - machine.now <= first_s + 1
