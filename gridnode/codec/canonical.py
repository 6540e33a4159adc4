"""Canonical msgpack: every value has exactly one encoding, and everything else is refused.

The msgpack packer writes the shortest form of each value, so "canonical" is checked by the plainest rule there is: what was
decoded must encode to the same bytes again.
"""

from __future__ import annotations

from typing import Any

import msgpack

from gridnode.primitives.errors import Malformed
from gridnode.primitives.limits import MAX_DEPTH, MAX_RECORD_BYTES

Plain = None | bool | int | str | bytes | tuple["Plain", ...] | list["Plain"]
"""What canonical bytes can hold."""

_ALLOWED = (int, bytes, str, bool, type(None))


def _check(value: Any, depth: int) -> None:
    if isinstance(value, (list, tuple)):
        if depth >= MAX_DEPTH:
            raise Malformed(f"expected at most {MAX_DEPTH} nested arrays")
        for item in value:
            _check(item, depth + 1)
    elif type(value) not in _ALLOWED:
        raise Malformed(f"expected nil, bool, int, str, bytes or array, got {type(value).__name__}")


def pack(value: Any) -> bytes:
    """Encode a plain value (None, bool, int of 64 bits, str, bytes, nested lists or tuples of them).

    Raises Malformed for a type or size outside that, or surrogate text.
    """
    _check(value, 0)
    try:
        return msgpack.packb(value, use_bin_type=True)  # type: ignore[no-any-return]
    except (OverflowError, ValueError, TypeError, UnicodeEncodeError) as error:
        raise Malformed(f"expected a value that msgpack can hold: {error}") from error


def unpack(data: bytes) -> Any:
    """Decode canonical bytes; arrays come as tuples. Raises Malformed unless `data` is the one encoding of its value."""
    if len(data) > MAX_RECORD_BYTES:
        raise Malformed(f"expected at most {MAX_RECORD_BYTES} bytes, got {len(data)}")
    try:
        value = msgpack.unpackb(data, use_list=False, raw=False, strict_map_key=True)
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise Malformed(f"expected canonical msgpack: {error or type(error).__name__}") from error
    _check(value, 0)
    if msgpack.packb(value, use_bin_type=True) != data:
        raise Malformed("expected the shortest msgpack form of each value")
    return value
