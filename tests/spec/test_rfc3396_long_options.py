"""RFC 3396 long options and RFC 2132 §9.3 option overload: where options lie, which a message does not tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.dhcp import MAC, from_client
from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.message import (
    BOOTREQUEST,
    SIZE_DEFAULT_MAX,
    SIZE_MIN,
    Message,
    decode,
    encode,
)
from wireboot.protocols.dhcp4.options import BOOT_FILE_NAME, HOST_NAME, MESSAGE_TYPE, ROOT_PATH, MessageType
from wireboot.wire.option_table import Options

OPTIONS_AT, FILE_AT, SNAME_AT = 240, 108, 44


def packet(options: bytes, *, file: bytes = b"", sname: bytes = b"") -> bytes:
    """A message whose options lie as the test wants them."""
    wire = bytearray(encode(Message(BOOTREQUEST, 1, MAC))[:OPTIONS_AT])
    wire[FILE_AT : FILE_AT + len(file)] = file
    wire[SNAME_AT : SNAME_AT + len(sname)] = sname
    return bytes(wire) + options


def tlv(code: int, value: bytes) -> bytes:
    return bytes([code, len(value)]) + value


# RFC 3396: splitting and joining


@pytest.mark.parametrize("size", [0, 1, 254, 255, 256, 510, 511, 1000])
def test_an_option_of_any_length_comes_back_whole(size: int) -> None:
    """RFC 3396 §7: parts are joined in the order in which they appear."""
    value = bytes(number % 251 for number in range(size))
    message = replace(from_client(MessageType.DISCOVER), options=Options({224: value}))
    assert decode(encode(message)).options[224] == value


def test_a_long_option_is_split_into_parts_of_255_bytes() -> None:
    """RFC 3396 §6."""
    message = Message(BOOTREQUEST, 1, MAC, options=Options({224: b"a" * 255 + b"b" * 5}))
    assert encode(message)[OPTIONS_AT:] == tlv(224, b"a" * 255) + tlv(224, b"b" * 5) + b"\xff"


def test_parts_apart_from_each_other_are_joined() -> None:
    """RFC 3396 §5: the parts need not follow one another."""
    wire = packet(tlv(12, b"no") + tlv(15, b"lab") + tlv(12, b"de") + b"\xff")
    message = decode(wire)
    assert (message.options.get(HOST_NAME), list(message.options)) == ("node", [12, 15])


def test_parts_are_joined_in_the_order_options_file_sname() -> None:
    """RFC 3396 §5: the aggregate option buffer is options, then file, then sname."""
    wire = packet(
        tlv(52, b"\x03") + tlv(12, b"a") + b"\xff", file=tlv(12, b"b") + b"\xff", sname=tlv(12, b"c") + b"\xff"
    )
    assert decode(wire).options.get(HOST_NAME) == "abc"


def test_option_43_is_never_joined() -> None:
    """Firmware: PXE reads the first option 43 only; what it takes for the answer is what we read."""
    wire = packet(tlv(43, b"\x06\x01\x08\xff") + tlv(43, b"\x47\x04\x00\x00\x00\x00") + b"\xff")
    assert decode(wire).options[43] == b"\x06\x01\x08\xff"


def test_option_43_is_never_split() -> None:
    """Firmware: PXE reads the first option 43 only; the rest would be lost."""
    with pytest.raises(AssertionError):
        encode(Message(BOOTREQUEST, 1, MAC, options=Options({43: bytes(256)})))


# RFC 2132 §9.3: overload


@pytest.mark.parametrize(
    ("overload", "file", "sname", "names", "texts"),
    [
        (1, tlv(12, b"in-file") + b"\xff", b"server", ("in-file",), (b"", b"server")),
        (2, b"boot", tlv(12, b"in-sname") + b"\xff", ("in-sname",), (b"boot", b"")),
        (3, tlv(12, b"f") + b"\xff", tlv(12, b"s") + b"\xff", ("fs",), (b"", b"")),
    ],
)
def test_overloaded_fields_hold_options_and_no_text(
    overload: int, file: bytes, sname: bytes, names: tuple[str], texts: tuple[bytes, bytes]
) -> None:
    """RFC 2132 §9.3: 1 means `file`, 2 `sname`, 3 both."""
    message = decode(packet(tlv(52, bytes([overload])) + b"\xff", file=file, sname=sname))
    assert (message.options.get(HOST_NAME),) == names
    assert (message.file, message.sname) == texts
    assert 52 not in message.options


def test_an_overload_inside_an_overloaded_field_means_nothing() -> None:
    """RFC 2131 §4.1: the option stands in the options field."""
    message = decode(packet(tlv(52, b"\x01") + b"\xff", file=tlv(52, b"\x02") + b"\xff", sname=b"server"))
    assert (dict(message.options), message.sname) == ({}, b"server")


@pytest.mark.parametrize("value", [b"", b"\x04", b"\xff", b"\x01\x01"])
def test_an_overload_other_than_1_2_or_3_is_an_error(value: bytes) -> None:
    """RFC 2132 §9.3: there are three values."""
    with pytest.raises(DecodeError) as caught:
        decode(packet(tlv(52, value) + b"\xff"))
    assert caught.value.field == "option 52"


def test_an_option_must_not_run_out_of_its_field() -> None:
    """RFC 2131 §4.1: what lies behind `file` is the magic cookie, not the option's value."""
    with pytest.raises(DecodeError) as caught:
        decode(packet(tlv(52, b"\x01") + b"\xff", file=bytes(125) + b"\x0c\x02a"))
    assert (caught.value.field, caught.value.offset) == ("option 12", FILE_AT + 126)


# Writing


def large_message(file: bytes = b"", sname: bytes = b"") -> Message:
    """Three options of 100 bytes and the message type: 309 bytes of options with END, one more than 548 - 240."""
    options = Options({53: b"\x02", 224: b"a" * 98, 225: b"b" * 98, 226: b"c" * 103})
    return Message(2, 1, MAC, file=file, sname=sname, options=options)


def test_options_that_fit_stay_where_they_are() -> None:
    """RFC 2132 §9.3: overload is for want of room."""
    message = large_message()
    wire = encode(message, SIZE_DEFAULT_MAX + 1)
    assert (len(wire), decode(wire), wire[SNAME_AT:236]) == (SIZE_DEFAULT_MAX + 1, message, bytes(192))


def test_options_that_do_not_fit_go_into_the_file_field() -> None:
    """RFC 2132 §9.3, RFC 2131 §4.1: `file` first."""
    wire = encode(large_message(sname=b"server"), SIZE_DEFAULT_MAX)

    assert len(wire) <= SIZE_DEFAULT_MAX
    assert decode(wire) == large_message(sname=b"server")
    assert tlv(52, b"\x01") in wire


def test_a_field_that_holds_text_takes_no_options() -> None:
    """RFC 2132 §9.3: `sname` is too small for any of these, so what does not fit is left out."""
    wire = encode(large_message(file=b"boot"), SIZE_DEFAULT_MAX)

    assert len(wire) <= SIZE_DEFAULT_MAX
    assert (decode(wire).file, list(decode(wire).options)) == (b"boot", [53, 224, 225])
    assert tlv(52, b"\x02") not in wire


def test_options_go_into_both_fields_when_they_must() -> None:
    """RFC 2132 §9.3: value 3."""
    message = Message(2, 1, MAC, options=Options({53: b"\x02", 224: b"a" * 250, 225: b"b" * 100, 226: b"c" * 50}))
    wire = encode(message, SIZE_DEFAULT_MAX)

    assert len(wire) <= SIZE_DEFAULT_MAX
    assert decode(wire) == message
    assert tlv(52, b"\x03") in wire


def test_what_fits_nowhere_is_left_out_and_the_message_type_never() -> None:
    """RFC 2131 §4.1: a reply is never larger than the client takes."""
    options = Options({53: b"\x02", **dict.fromkeys(range(224, 230), b"x" * 200)})
    wire = encode(Message(2, 1, MAC, file=b"boot", sname=b"server", options=options), SIZE_DEFAULT_MAX)

    assert len(wire) <= SIZE_DEFAULT_MAX
    assert list(decode(wire).options) == [53, 224]


def test_a_message_is_padded_to_the_size_of_bootp() -> None:
    """RFC 951 §3: 300 bytes; some relays drop shorter ones."""
    wire = encode(Message(BOOTREQUEST, 1, MAC))
    assert (len(wire), wire[OPTIONS_AT:]) == (SIZE_MIN, b"\xff" + bytes(59))


def test_a_name_too_long_for_its_field_is_refused() -> None:
    """RFC 2131 §2, figure 1: 128 and 64 bytes."""
    assert decode(encode(Message(2, 1, MAC, file=b"f" * 128, sname=b"s" * 64))).file == b"f" * 128
    with pytest.raises(ValueError, match="longer than its field"):
        encode(Message(2, 1, MAC, file=b"f" * 129))
    with pytest.raises(ValueError, match="longer than its field"):
        encode(Message(2, 1, MAC, sname=b"s" * 65))


def test_options_are_written_in_their_order() -> None:
    """Ours: what matters most comes first, and END last (RFC 2131 §4.1)."""
    options = (
        Options().with_option(MESSAGE_TYPE, MessageType.ACK).with_option(ROOT_PATH, "/").with_option(HOST_NAME, "a")
    )
    wire = encode(Message(2, 1, MAC, options=options.with_option(BOOT_FILE_NAME, "b")))
    assert wire[OPTIONS_AT:].startswith(tlv(53, b"\x05") + tlv(17, b"/") + tlv(12, b"a") + tlv(67, b"b") + b"\xff")


# Reading


def test_padding_is_skipped_and_what_follows_the_end_is_not_read() -> None:
    """RFC 2132 §3.1, §3.2: PAD and END."""
    message = decode(packet(b"\0\0" + tlv(12, b"a") + b"\0\xff" + tlv(15, b"lab")))
    assert dict(message.options) == {12: b"a"}


def test_a_missing_end_is_forgiven() -> None:
    """Firmware: old clients leave it out, and nothing is ambiguous without it."""
    assert dict(decode(packet(tlv(12, b"a"))).options) == {12: b"a"}


@pytest.mark.parametrize(
    ("options", "field", "offset"),
    [(b"\x0c", "option 12", 240), (b"\x0c\x01", "option 12", 241), (b"\x00\x0f\xff\x01", "option 15", 242)],
)
def test_a_lying_length_is_an_error_with_its_place(options: bytes, field: str, offset: int) -> None:
    """RFC 2132 §2: a length counts the bytes that follow it."""
    with pytest.raises(DecodeError) as caught:
        decode(packet(options))
    assert (caught.value.field, caught.value.offset) == (field, offset)


@pytest.mark.parametrize(
    ("at", "byte", "field"), [(0, 0, "op"), (0, 3, "op"), (2, 17, "hlen"), (2, 255, "hlen"), (236, 0, "magic cookie")]
)
def test_a_header_that_is_none_is_an_error_with_its_place(at: int, byte: int, field: str) -> None:
    """RFC 2131 §2, §3: the fixed fields, and the magic cookie."""
    wire = bytearray(packet(b"\xff"))
    wire[at] = byte
    with pytest.raises(DecodeError) as caught:
        decode(bytes(wire))
    assert (caught.value.field, caught.value.offset) == (field, at)
