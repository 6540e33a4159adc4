"""Canonical msgpack: every value has exactly one encoding, and everything else is refused.

The msgpack packer writes the shortest form of each value, so "canonical" is checked by the plainest rule there is: what was
decoded must encode to the same bytes again.

Bytes are walked to their end before anything is built of them, so an array that claims 2**32 entries and has none costs nothing.
"""

from __future__ import annotations

from typing import Any

from msgpack import OutOfData, Packer, Unpacker, UnpackException, unpackb

from gridnode.codec.faults import shown
from gridnode.primitives.errors import Malformed
from gridnode.primitives.limits import MAX_DEPTH, MAX_RECORD_BYTES

Plain = None | bool | int | str | bytes | tuple["Plain", ...] | list["Plain"]
"""What canonical bytes can hold."""

_ALLOWED = (int, bytes, str, bool, type(None))
_BUFFER_BYTES = 1024
"""A packer begins with so much memory and takes more when it must: most records are smaller, and 256 KiB each, its own choice, cost more
than the packing."""
_UNFIT = (ValueError, TypeError, OverflowError, RecursionError, UnpackException)
"""What msgpack raises for input that it cannot take."""


def pack(value: Any) -> bytes:
    """Encode a plain value (None, bool, int of 64 bits, str, bytes, nested lists or tuples of them).

    Raises Malformed for a type or size outside that, or surrogate text.
    """
    _check(value, 0)
    return write(value)


def unpack(data: bytes) -> Any:
    """Decode canonical bytes; arrays come as tuples. Raises Malformed unless `data` is the one encoding of its value."""
    value = read(data)
    _check(value, 0)
    return value


def write(value: Any) -> bytes:
    """`pack` for a value whose types and depth the kinds of a record's fields have checked."""
    try:
        data: bytes = Packer(buf_size=_BUFFER_BYTES).pack(value)
    except _UNFIT as error:  # a UnicodeEncodeError is a ValueError
        raise Malformed(f"expected a value that msgpack can hold: {error}") from None
    if len(data) > MAX_RECORD_BYTES:
        raise Malformed(f"expected a value of at most {MAX_RECORD_BYTES} bytes, got {len(data)}")
    return data


def read(data: bytes) -> Any:
    """`unpack` for a caller that checks types and depth itself: floats, maps, extensions may come out, each in one form."""
    if len(data) > MAX_RECORD_BYTES:
        raise Malformed(f"expected at most {MAX_RECORD_BYTES} bytes, got {len(data)}")
    try:
        _walk(data)
        value = unpackb(data, use_list=False)
        again = Packer(buf_size=len(data) + _BUFFER_BYTES).pack(value)
    except _UNFIT as error:
        raise Malformed(f"expected canonical msgpack: {str(error) or type(error).__name__}") from None
    if again != data:
        raise Malformed("expected the shortest msgpack form of each value")
    return value


def _walk(data: bytes) -> None:
    """Raise Malformed unless a whole value is there; builds no object, so it costs no memory."""
    walker = Unpacker(None, read_size=len(data) or 1, max_buffer_size=len(data))
    walker.feed(data)
    try:
        walker.skip()
    except OutOfData:
        raise Malformed(f"expected a whole value, its {len(data)} bytes end within it") from None


def _check(value: Any, depth: int) -> None:
    if type(value) in (tuple, list):  # exactly: an extension decodes to a tuple of a kind of its own
        if depth >= MAX_DEPTH:
            raise Malformed(f"expected at most {MAX_DEPTH} nested arrays")
        for item in value:
            _check(item, depth + 1)
    elif type(value) not in _ALLOWED:
        raise Malformed(f"expected nil, bool, int, str, bytes or array, got {shown(value)}")
