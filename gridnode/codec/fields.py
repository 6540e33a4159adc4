"""Kinds of record fields: each knows its type, its bound, its place in canonical bytes and its form in JSON.

A field's `pack` turns a value into plain form and checks it, `unpack` does the reverse for decoded input; both raise Malformed
with what was expected. JSON forms are for people and scripts: bytes as hex, amounts as decimal strings of smallest units.
"""

from __future__ import annotations

from typing import Any

from gridnode.codec.faults import shown, within
from gridnode.primitives.address_text import ADDRESS_BYTES, decode_address, encode_address
from gridnode.primitives.errors import Malformed
from gridnode.primitives.limits import MAX_AMOUNT, MAX_I64, MAX_NAME_CHARS, MAX_TEXT_CHARS, MAX_U64


class Field:
    """A kind of field. Subclasses check and convert one value; they hold no state beyond their bounds."""

    expects = "a value"

    def pack(self, value: Any) -> Any:
        """Plain form of `value`. Raises Malformed when it is not of this kind or out of bounds."""
        raise self.refusal(value)

    def unpack(self, plain: Any) -> Any:
        """Value of a plain form. Raises Malformed when it is not of this kind or out of bounds."""
        return self.pack(plain)

    def to_json(self, value: Any) -> Any:
        """JSON form of a valid value."""
        return value

    def from_json(self, value: Any) -> Any:
        """Value of a JSON form. Raises Malformed saying what was expected."""
        return self.unpack(value)

    def refusal(self, value: Any) -> Malformed:
        """The error that says what was expected instead of `value`."""
        return Malformed(f"expected {self.expects}, got {shown(value)}")


class Int(Field):
    """An integer in [low, high], at most 64 bits."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.expects = f"an integer from {low} to {high}"

    def pack(self, value: Any) -> Any:
        if type(value) is int and self.low <= value <= self.high:
            return value
        raise self.refusal(value)


class Bool(Field):
    """True or false."""

    expects = "true or false"

    def pack(self, value: Any) -> Any:
        if type(value) is bool:
            return value
        raise self.refusal(value)


class Bytes(Field):
    """Byte string of a fixed size, or of a size in [size, most]; hex in JSON."""

    def __init__(self, size: int, most: int | None = None) -> None:
        self.low, self.high = size, size if most is None else most
        self.expects = f"{size} bytes" if most is None else f"{size} to {most} bytes"

    def pack(self, value: Any) -> Any:
        if type(value) is bytes and self.low <= len(value) <= self.high:
            return value
        raise self.refusal(value)

    def to_json(self, value: Any) -> Any:
        return value.hex()

    def from_json(self, value: Any) -> Any:
        try:
            decoded = bytes.fromhex(value)
        except (ValueError, TypeError):
            decoded = None
        if decoded is None or len(value) != 2 * len(decoded):  # fromhex skips blanks
            raise Malformed(f"expected {self.expects} in hex, got {shown(value)}")
        return self.pack(decoded)

    def refusal(self, value: Any) -> Malformed:
        got = f"{len(value)} bytes" if isinstance(value, bytes) else shown(value)
        return Malformed(f"expected {self.expects}, got {got}")


class HashOrNil(Bytes):
    """A 32-byte hash, or empty bytes for nil."""

    def __init__(self) -> None:
        super().__init__(0, 32)
        self.expects = "32 bytes or none"

    def pack(self, value: Any) -> Any:
        if type(value) is bytes and len(value) in (0, 32):
            return value
        raise self.refusal(value)


class AddressField(Bytes):
    """A 20-byte address; in JSON its bech32m text, so that a typing error is caught."""

    def __init__(self) -> None:
        super().__init__(ADDRESS_BYTES)
        self.expects = f"an address ({ADDRESS_BYTES} bytes; as text grid1...)"

    def to_json(self, value: Any) -> Any:
        return encode_address(value)

    def from_json(self, value: Any) -> Any:
        return decode_address(value)


class AddressOrNil(Bytes):
    """A 20-byte address, or nothing; in JSON its bech32m text, or an empty string."""

    def __init__(self) -> None:
        super().__init__(0, ADDRESS_BYTES)
        self.expects = f"an address ({ADDRESS_BYTES} bytes; as text grid1...) or nothing"

    def pack(self, value: Any) -> Any:
        if type(value) is bytes and len(value) in (0, ADDRESS_BYTES):
            return value
        raise self.refusal(value)

    def to_json(self, value: Any) -> Any:
        return encode_address(value) if value else ""

    def from_json(self, value: Any) -> Any:
        return b"" if value == "" else decode_address(value)


class Text(Field):
    """Text of [low, high] characters that UTF-8 can hold; `name` allows only printable ASCII without spaces."""

    def __init__(self, low: int, high: int, name: bool = False) -> None:
        self.low, self.high, self.name = low, high, name
        kind = "printable ASCII characters without spaces" if name else "characters"
        self.expects = f"a string of {low} to {high} {kind}"

    def pack(self, value: Any) -> Any:
        if type(value) is str and self.low <= len(value) <= self.high:
            if value.isascii():
                if not self.name or (value.isprintable() and " " not in value):
                    return value
            elif not self.name and not any("\ud800" <= letter <= "\udfff" for letter in value):
                return value
        raise self.refusal(value)


class AmountField(Field):
    """Unsigned integer up to 128 bits: in bytes big-endian without leading zeros, in JSON a decimal string."""

    expects = "an unsigned integer of at most 128 bits"

    def pack(self, value: Any) -> Any:
        if type(value) is int and 0 <= value <= MAX_AMOUNT:
            return value.to_bytes((value.bit_length() + 7) >> 3, "big")
        raise self.refusal(value)

    def unpack(self, plain: Any) -> Any:
        if type(plain) is bytes and len(plain) <= 16 and plain[:1] != b"\0":
            return int.from_bytes(plain, "big")
        raise Malformed(
            f"expected {self.expects} as big-endian bytes without leading zeros, got {shown(plain)}"
        )

    def to_json(self, value: Any) -> Any:
        return str(value)

    def from_json(self, value: Any) -> Any:
        number = value
        if type(value) is str and value.isascii() and value.isdigit() and len(value) <= 39:
            number = int(value)
        if type(number) is int and 0 <= number <= MAX_AMOUNT:
            return number
        raise self.refusal(value)


class ListOf(Field):
    """At most `most` (at least `least`) values of one kind, in order; a tuple in Python."""

    def __init__(self, item: Field, most: int, least: int = 0) -> None:
        self.item, self.least, self.most = item, least, most
        self.expects = f"a list of {least} to {most} entries, each {item.expects}"

    def pack(self, value: Any) -> Any:
        return self._each(self.item.pack, value)

    def unpack(self, plain: Any) -> Any:
        return self._each(self.item.unpack, plain)

    def to_json(self, value: Any) -> Any:
        return [self.item.to_json(item) for item in value]

    def from_json(self, value: Any) -> Any:
        return self._each(self.item.from_json, value)

    def _each(self, convert: Any, items: Any) -> tuple[Any, ...]:
        if type(items) not in (tuple, list) or not self.least <= len(items) <= self.most:
            raise Malformed(f"expected {self.expects}, got {shown(items)}")
        try:
            return tuple([convert(item) for item in items])
        except Malformed:
            for index, item in enumerate(items):
                try:
                    convert(item)
                except Malformed as fault:
                    raise within(f"[{index}]", fault) from None
            raise


class Choice(Field):
    """A member of an IntEnum, or its number: the number in bytes, the lower-case name in JSON. Decoding gives the member."""

    def __init__(self, enum: Any) -> None:
        self.enum = enum
        self.members = {int(member): member for member in enum}
        self.names = {member.name.lower(): member for member in enum}
        self.expects = "one of " + ", ".join(self.names)

    def pack(self, value: Any) -> Any:
        if type(value) is self.enum or (type(value) is int and value in self.members):
            return int(value)
        raise self.refusal(value)

    def unpack(self, plain: Any) -> Any:
        member = self.members.get(plain) if type(plain) is int else None
        if member is None:
            raise self.refusal(plain)
        return member

    def to_json(self, value: Any) -> Any:
        return self.members[int(value)].name.lower()

    def from_json(self, value: Any) -> Any:
        member = self.names.get(value) if type(value) is str else None
        if member is None:
            raise self.refusal(value)
        return member


U8 = Int(0, 2**8 - 1)
U16 = Int(0, 2**16 - 1)
U32 = Int(0, 2**32 - 1)
U64 = Int(0, MAX_U64)
I64 = Int(-MAX_I64 - 1, MAX_I64)
BOOL = Bool()
AMOUNT = AmountField()
ADDRESS = AddressField()
ADDRESS_OR_NIL = AddressOrNil()
HASH = Bytes(32)
HASH_OR_NIL = HashOrNil()
KEY = Bytes(32)
SIGNATURE = Bytes(64)
NAME = Text(1, MAX_NAME_CHARS, name=True)
TEXT = Text(0, MAX_TEXT_CHARS)
