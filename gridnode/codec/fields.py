"""Kinds of record fields: each knows its type, its bound, its place in canonical bytes and its form in JSON.

A field's `pack` turns a value into plain form and checks it, `unpack` does the reverse for decoded input; both raise Malformed
with what was expected. JSON forms are for people and scripts: bytes as hex, amounts as decimal strings of smallest units.
"""

from __future__ import annotations

from typing import Any

from gridnode.primitives.errors import Malformed
from gridnode.primitives.limits import MAX_I64, MAX_NAME_CHARS, MAX_TEXT_CHARS, MAX_U64


class Field:
    """A kind of field. Subclasses check and convert one value; they hold no state beyond their bounds."""

    expects = "a value"

    def pack(self, value: Any) -> Any:
        """Plain form of `value`. Raises Malformed when it is not of this kind or out of bounds."""
        raise Malformed(f"expected {self.expects}, got {value!r}")

    def unpack(self, plain: Any) -> Any:
        """Value of a plain form. Raises Malformed when it is not of this kind or out of bounds."""
        return self.pack(plain)

    def to_json(self, value: Any) -> Any:
        """JSON form of a valid value."""
        return value

    def from_json(self, value: Any) -> Any:
        """Value of a JSON form. Raises Malformed saying what was expected."""
        return self.unpack(value)


class Int(Field):
    """An integer in [low, high], at most 64 bits."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.expects = f"an integer from {low} to {high}"

    def pack(self, value: Any) -> Any:
        if type(value) is not int or not self.low <= value <= self.high:
            raise Malformed(f"expected {self.expects}, got {value!r}")
        return value


class Bool(Field):
    """True or false."""

    expects = "true or false"

    def pack(self, value: Any) -> Any:
        if type(value) is not bool:
            raise Malformed(f"expected {self.expects}, got {value!r}")
        return value


class Bytes(Field):
    """Byte string of a fixed size, or of a size in [size, most]; hex in JSON."""

    def __init__(self, size: int, most: int | None = None) -> None:
        self.low, self.high = size, size if most is None else most
        self.expects = f"{size} bytes" if most is None else f"{size} to {most} bytes"

    def pack(self, value: Any) -> Any:
        if type(value) is not bytes or not self.low <= len(value) <= self.high:
            size = f"{len(value)} bytes" if isinstance(value, bytes) else repr(value)
            raise Malformed(f"expected {self.expects}, got {size}")
        return value

    def to_json(self, value: Any) -> Any:
        return value.hex()

    def from_json(self, value: Any) -> Any:
        try:
            return self.pack(bytes.fromhex(value))
        except (ValueError, TypeError):
            raise Malformed(f"expected {self.expects} in hex, got {value!r}") from None


class HashOrNil(Bytes):
    """A 32-byte hash, or empty bytes for nil."""

    def __init__(self) -> None:
        super().__init__(0, 32)
        self.expects = "32 bytes or none"

    def pack(self, value: Any) -> Any:
        if type(value) is not bytes or len(value) not in (0, 32):
            raise Malformed(f"expected {self.expects}, got {value!r}")
        return value


class Text(Field):
    """Text of [low, high] characters; `name` allows only printable ASCII without spaces."""

    def __init__(self, low: int, high: int, name: bool = False) -> None:
        self.low, self.high, self.name = low, high, name
        kind = "printable ASCII characters without spaces" if name else "characters"
        self.expects = f"a string of {low} to {high} {kind}"

    def pack(self, value: Any) -> Any:
        fits = type(value) is str and self.low <= len(value) <= self.high
        if not fits or (self.name and not all("!" <= letter <= "~" for letter in value)):
            raise Malformed(f"expected {self.expects}, got {value!r}")
        return value


class AmountField(Field):
    """Unsigned integer up to 128 bits: in bytes big-endian without leading zeros, in JSON a decimal string."""

    expects = "an unsigned integer of at most 128 bits"

    def pack(self, value: Any) -> Any:
        if type(value) is not int or not 0 <= value < 1 << 128:
            raise Malformed(f"expected {self.expects}, got {value!r}")
        return value.to_bytes((value.bit_length() + 7) >> 3, "big")

    def unpack(self, plain: Any) -> Any:
        if type(plain) is not bytes or len(plain) > 16 or plain[:1] == b"\0":
            raise Malformed(f"expected {self.expects} as big-endian bytes without leading zeros, got {plain!r}")
        return int.from_bytes(plain, "big")

    def to_json(self, value: Any) -> Any:
        return str(value)

    def from_json(self, value: Any) -> Any:
        if type(value) is str and value.isascii() and value.isdigit() and len(value) <= 39:
            value = int(value)
        self.pack(value)
        return value


class ListOf(Field):
    """At most `most` (at least `least`) values of one kind, in order; a tuple in Python."""

    def __init__(self, item: Field, most: int, least: int = 0) -> None:
        self.item, self.least, self.most = item, least, most
        self.expects = f"a list of {least} to {most} entries, each {item.expects}"

    def _sized(self, value: Any) -> Any:
        if not isinstance(value, (list, tuple)) or not self.least <= len(value) <= self.most:
            size = f"{len(value)} entries" if isinstance(value, (list, tuple)) else repr(value)
            raise Malformed(f"expected {self.expects}, got {size}")
        return value

    def pack(self, value: Any) -> Any:
        pack = self.item.pack
        return tuple([pack(item) for item in self._sized(value)])

    def unpack(self, plain: Any) -> Any:
        unpack = self.item.unpack
        return tuple([unpack(item) for item in self._sized(plain)])

    def to_json(self, value: Any) -> Any:
        return [self.item.to_json(item) for item in value]

    def from_json(self, value: Any) -> Any:
        return tuple([self.item.from_json(item) for item in self._sized(value)])


class Choice(Int):
    """A member of an IntEnum: its number in bytes, its lower-case name in JSON."""

    def __init__(self, enum: Any) -> None:
        self.enum = enum
        self.members = {int(member): member for member in enum}
        self.expects = "one of " + ", ".join(member.name.lower() for member in enum)

    def pack(self, value: Any) -> Any:
        if not isinstance(value, int) or isinstance(value, bool) or int(value) not in self.members:
            raise Malformed(f"expected {self.expects}, got {value!r}")
        return int(value)

    def unpack(self, plain: Any) -> Any:
        member = self.members.get(plain) if type(plain) is int else None
        if member is None:
            raise Malformed(f"expected {self.expects}, got {plain!r}")
        return member

    def to_json(self, value: Any) -> Any:
        return self.members[int(value)].name.lower()

    def from_json(self, value: Any) -> Any:
        for member in self.enum:
            if value == member.name.lower():
                return member
        raise Malformed(f"expected {self.expects}, got {value!r}")


U8 = Int(0, 2**8 - 1)
U16 = Int(0, 2**16 - 1)
U32 = Int(0, 2**32 - 1)
U64 = Int(0, MAX_U64)
I64 = Int(-MAX_I64 - 1, MAX_I64)
BOOL = Bool()
AMOUNT = AmountField()
ADDRESS = Bytes(20)
HASH = Bytes(32)
HASH_OR_NIL = HashOrNil()
KEY = Bytes(32)
SIGNATURE = Bytes(64)
NAME = Text(1, MAX_NAME_CHARS, name=True)
TEXT = Text(0, MAX_TEXT_CHARS)
