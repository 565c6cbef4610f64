"""The outer form of DER (X.690), looked at before anything is decoded."""

from __future__ import annotations

_DEPTH_MAX = 32
_SHORT_BYTES_MAX = 128
_CONSTRUCTED = 0x20
_CONTEXT_SPECIFIC = 0x80
_TAG_IN_MORE_BYTES = 0x1F
_OBJECT_IDENTIFIER = 0x06


def require_der(encoded: bytes) -> None:
    """Raises ValueError, with what is wrong, unless these bytes are one element, all lengths in their shortest form."""
    if _end_of_element(encoded, 0, len(encoded), depth=0) != len(encoded):
        raise ValueError("bytes follow its end")


def _end_of_element(encoded: bytes, at: int, end: int, depth: int) -> int:
    if depth > _DEPTH_MAX:
        raise ValueError(f"it is nested more than {_DEPTH_MAX} levels deep")
    if end - at < 2:
        raise ValueError("it is cut short")
    tag = encoded[at]
    if tag & _TAG_IN_MORE_BYTES == _TAG_IN_MORE_BYTES:
        raise ValueError("it has a tag that stands nowhere in CMS")
    at, size = _length(encoded, at + 1, end)
    stop = at + size
    if stop > end:
        raise ValueError("it is cut short")
    if tag & _CONSTRUCTED:
        while at < stop:
            at = _end_of_element(encoded, at, stop, depth + 1)
    elif size > _SHORT_BYTES_MAX and (tag == _OBJECT_IDENTIFIER or tag & _CONTEXT_SPECIFIC):
        # Which may be an identifier too. asn1crypto takes ten seconds over one that fills a credential.
        raise ValueError(f"it has an identifier of {size} bytes")
    return stop


def _length(encoded: bytes, at: int, end: int) -> tuple[int, int]:
    """Where the content begins, and its size in bytes (X.690 §10.1)."""
    first = encoded[at]
    if first < 0x80:
        return at + 1, first
    start = at + 1 + (first & 0x7F)
    if start > end:
        raise ValueError("it is cut short")
    size = int.from_bytes(encoded[at + 1 : start])
    if size < 0x80 or encoded[at + 1] == 0:
        raise ValueError("it is not in DER: a length is not in its shortest form")
    return start, size
