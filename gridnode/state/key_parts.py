"""Parts of a row's key: encodings whose order as bytes is the order of the values.

Sizes are fixed or the end is marked, so no key of a table begins another: a scan by the first parts finds exactly their rows.
"""

from __future__ import annotations

from typing import Any

from gridnode.primitives.errors import Malformed
from gridnode.primitives.limits import MAX_NAME_CHARS


class KeyPart:
    """A kind of key part."""

    expects = "a key part"

    def encode(self, value: Any) -> bytes:
        """Bytes of `value`. Raises Malformed when it is not of this kind or out of bounds."""
        raise Malformed(f"expected {self.expects}, got {value!r:.80}")

    def decode(self, key: bytes, offset: int) -> tuple[Any, int]:
        """The value that begins at `offset`, and where the next part begins. Raises ValueError when it is cut off."""
        raise ValueError(f"expected {self.expects} at {offset}, got {key!r}")


class UnsignedPart(KeyPart):
    """An unsigned integer of `size` bytes, big-endian."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.expects = f"an unsigned integer of {size} bytes"

    def encode(self, value: Any) -> bytes:
        try:
            encoded: bytes = value.to_bytes(self.size, "big")
        except (OverflowError, AttributeError):
            raise Malformed(f"expected {self.expects}, got {value!r:.80}") from None
        return encoded

    def decode(self, key: bytes, offset: int) -> tuple[Any, int]:
        end = offset + self.size
        if len(key) < end:
            raise ValueError(f"expected {self.expects} at {offset}")
        return int.from_bytes(key[offset:end], "big"), end


class SignedPart(KeyPart):
    """A signed integer of `size` bytes, offset so that the least value is all zeros."""

    def __init__(self, size: int) -> None:
        self.unsigned = UnsignedPart(size)
        self.offset = 1 << (8 * size - 1)
        self.expects = f"a signed integer of {size} bytes"

    def encode(self, value: Any) -> bytes:
        if not isinstance(value, int) or not -self.offset <= value < self.offset:
            raise Malformed(f"expected {self.expects}, got {value!r:.80}")
        return self.unsigned.encode(value + self.offset)

    def decode(self, key: bytes, offset: int) -> tuple[Any, int]:
        value, end = self.unsigned.decode(key, offset)
        return value - self.offset, end


class FixedPart(KeyPart):
    """Exactly `size` bytes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.expects = f"{size} bytes"

    def encode(self, value: Any) -> bytes:
        if type(value) is not bytes or len(value) != self.size:
            raise Malformed(f"expected {self.expects}, got {value!r:.80}")
        return value

    def decode(self, key: bytes, offset: int) -> tuple[Any, int]:
        end = offset + self.size
        if len(key) < end:
            raise ValueError(f"expected {self.expects} at {offset}")
        return key[offset:end], end


class TextPart(KeyPart):
    """UTF-8 text of at most `most` characters without NUL, ended by 0x00; in order of code points."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.expects = f"text of at most {most} characters without NUL"

    def encode(self, value: Any) -> bytes:
        if type(value) is not str or len(value) > self.most or "\0" in value:
            raise Malformed(f"expected {self.expects}, got {value!r:.80}")
        try:
            return value.encode() + b"\0"
        except UnicodeEncodeError:
            raise Malformed(f"expected {self.expects}, got surrogates") from None

    def decode(self, key: bytes, offset: int) -> tuple[Any, int]:
        end = key.index(b"\0", offset)
        return key[offset:end].decode(), end + 1


U8_PART = UnsignedPart(1)
U16_PART = UnsignedPart(2)
U32_PART = UnsignedPart(4)
U64_PART = UnsignedPart(8)
I64_PART = SignedPart(8)
ADDRESS_PART = FixedPart(20)
HASH_PART = FixedPart(32)
KEY_PART = FixedPart(32)
NAME_PART = TextPart(MAX_NAME_CHARS)
