"""Kinds of fields: bounds at their edges, both forms, and refusals that say what was expected."""

from enum import IntEnum
from typing import Any

import pytest

from gridnode.codec import fields
from gridnode.codec.fields import Bytes, Choice, Field, Int, ListOf
from gridnode.crypto.address import encode_address
from gridnode.primitives.errors import Malformed


class Side(IntEnum):
    """Two numbers with names."""

    BID = 1
    OFFER = 2


class Other(IntEnum):
    """The same numbers with another meaning."""

    ONE = 1


SIDE = Choice(Side)
ADDRESS = bytes(range(20))

# kind, value, plain form, JSON form
GOOD: list[tuple[Field, Any, Any, Any]] = [
    (Int(-1, 5), -1, -1, -1),
    (Int(-1, 5), 5, 5, 5),
    (fields.U8, 255, 255, 255),
    (fields.U16, 65_535, 65_535, 65_535),
    (fields.U32, 2**32 - 1, 2**32 - 1, 2**32 - 1),
    (fields.U64, 2**64 - 1, 2**64 - 1, 2**64 - 1),
    (fields.I64, -(2**63), -(2**63), -(2**63)),
    (fields.I64, 2**63 - 1, 2**63 - 1, 2**63 - 1),
    (fields.BOOL, True, True, True),
    (fields.BOOL, False, False, False),
    (Bytes(2), b"ab", b"ab", "6162"),
    (Bytes(0, 3), b"", b"", ""),
    (Bytes(0, 3), b"abc", b"abc", "616263"),
    (fields.HASH, bytes(32), bytes(32), "00" * 32),
    (fields.HASH_OR_NIL, b"", b"", ""),
    (fields.HASH_OR_NIL, bytes(32), bytes(32), "00" * 32),
    (fields.ADDRESS, ADDRESS, ADDRESS, encode_address(ADDRESS)),
    (fields.NAME, "a", "a", "a"),
    (fields.NAME, "!~" * 32, "!~" * 32, "!~" * 32),
    (fields.TEXT, "", "", ""),
    (fields.TEXT, "ไฟฟ้า \n\U0001f50b", "ไฟฟ้า \n\U0001f50b", "ไฟฟ้า \n\U0001f50b"),
    (fields.AMOUNT, 0, b"", "0"),
    (fields.AMOUNT, 1, b"\1", "1"),
    (fields.AMOUNT, 255, b"\xff", "255"),
    (fields.AMOUNT, 256, b"\1\0", "256"),
    (fields.AMOUNT, 2**128 - 1, b"\xff" * 16, str(2**128 - 1)),
    (ListOf(fields.U8, 2), (), (), []),
    (ListOf(fields.U8, 2), (1, 2), (1, 2), [1, 2]),
    (ListOf(fields.AMOUNT, 2, 1), (256,), (b"\1\0",), ["256"]),
    (ListOf(ListOf(fields.BOOL, 1), 2), ((True,), ()), ((True,), ()), [[True], []]),
    (SIDE, Side.OFFER, 2, "offer"),
]


@pytest.mark.parametrize(("kind", "value", "plain", "shown"), GOOD)
def test_both_forms_and_back(kind: Field, value: Any, plain: Any, shown: Any) -> None:
    assert kind.pack(value) == plain
    assert kind.unpack(plain) == value
    assert type(kind.unpack(plain)) is type(value)
    assert kind.to_json(value) == shown
    assert kind.from_json(shown) == value
    assert type(kind.from_json(shown)) is type(value)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Int(-1, 5), -2, "an integer from -1 to 5, got -2"),
        (Int(-1, 5), 6, "an integer from -1 to 5, got 6"),
        (fields.U8, True, "from 0 to 255, got True"),
        (fields.U8, 1.0, "from 0 to 255, got float"),
        (fields.U8, "1", "from 0 to 255, got '1'"),
        (fields.U8, None, "from 0 to 255, got nil"),
        (fields.U8, Side.BID, "from 0 to 255, got <Side.BID: 1>"),
        (fields.BOOL, 1, "true or false, got 1"),
        (Bytes(2), b"a", "2 bytes, got 1 bytes"),
        (Bytes(2), b"a" * 10**6, "2 bytes, got 1000000 bytes"),
        (Bytes(0, 3), b"abcd", "0 to 3 bytes, got 4 bytes"),
        (Bytes(2), "ab", "2 bytes, got 'ab'"),
        (Bytes(2), bytearray(b"ab"), "2 bytes, got bytearray"),
        (fields.HASH_OR_NIL, bytes(31), "32 bytes or none, got 31 bytes"),
        (fields.ADDRESS, bytes(19), "grid1...), got 19 bytes"),
        (fields.NAME, "", "1 to 64 printable ASCII characters without spaces, got ''"),
        (fields.NAME, "a" * 65, "(65 long)"),
        (fields.NAME, "a b", "got 'a b'"),
        (fields.NAME, "a\n", r"got 'a\n'"),
        (fields.NAME, "\x7f", r"got '\x7f'"),
        (fields.NAME, "é", "got 'é'"),
        (fields.NAME, b"a", "got b'a'"),
        (fields.TEXT, "a" * 513, "0 to 512 characters"),
        (fields.TEXT, "\ud800", r"got '\ud800'"),
        (fields.AMOUNT, -1, "unsigned integer of at most 128 bits, got -1"),
        (fields.AMOUNT, 2**128, "got 340282366920938463463374607431768211456"),
        (fields.AMOUNT, "1", "got '1'"),
        (
            ListOf(fields.U8, 2, 1),
            (),
            "a list of 1 to 2 entries, each an integer from 0 to 255, got a list of 0 entries",
        ),
        (ListOf(fields.U8, 2), (1, 2, 3), "got a list of 3 entries"),
        (ListOf(fields.U8, 2), "ab", "got 'ab'"),
        (ListOf(fields.U8, 2), {1: 2}, "got dict"),
        (ListOf(fields.U8, 3), (1, 2, 300), r"[2]: expected an integer from 0 to 255, got 300"),
        (SIDE, 0, "one of bid, offer, got 0"),
        (SIDE, True, "one of bid, offer, got True"),
        (SIDE, Other.ONE, "one of bid, offer, got <Other.ONE: 1>"),
        (SIDE, "bid", "one of bid, offer, got 'bid'"),
    ],
)
def test_values_out_of_bounds(kind: Field, value: Any, expected: str) -> None:
    with pytest.raises(Malformed) as caught:
        kind.pack(value)
    assert expected in str(caught.value)
    assert "expected " in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("kind", "plain", "expected"),
    [
        (fields.AMOUNT, b"\0", "without leading zeros"),
        (fields.AMOUNT, b"\0\1", "without leading zeros"),
        (fields.AMOUNT, b"\1" * 17, "at most 128 bits"),
        (fields.AMOUNT, 1, "big-endian bytes without leading zeros, got 1"),
        (SIDE, 3, "one of bid, offer, got 3"),
        (SIDE, True, "got True"),
        (SIDE, (), "got a list of 0 entries"),
        (fields.U8, b"", "got b''"),
    ],
)
def test_plain_forms_that_are_none(kind: Field, plain: Any, expected: str) -> None:
    with pytest.raises(Malformed) as caught:
        kind.unpack(plain)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Bytes(2), "616", "2 bytes in hex, got '616'"),
        (Bytes(2), "61", "2 bytes, got 1 bytes"),
        (Bytes(2), "61 62", "in hex, got '61 62'"),
        (Bytes(2), "0x61", "in hex, got '0x61'"),
        (Bytes(2), 5, "in hex, got 5"),
        (Bytes(2), b"ab", "in hex, got b'ab'"),
        (Bytes(2), None, "in hex, got nil"),
        (fields.ADDRESS, ADDRESS.hex(), "wrong prefix"),
        (fields.ADDRESS, None, "an address such as grid1"),
        (fields.AMOUNT, "", "128 bits, got ''"),
        (fields.AMOUNT, "-1", "got '-1'"),
        (fields.AMOUNT, "1.5", "got '1.5'"),
        (fields.AMOUNT, "1_000", "got '1_000'"),
        (fields.AMOUNT, "١", "got '١'"),
        (fields.AMOUNT, str(2**128), "got '34028236692093846346337460743176821"),
        (fields.AMOUNT, "9" * 10_000, "(10000 long)"),
        (fields.AMOUNT, 1.0, "got float"),
        (fields.AMOUNT, True, "got True"),
        (SIDE, "BID", "one of bid, offer, got 'BID'"),
        (SIDE, 1, "got 1"),
        (SIDE, [], "got a list of 0 entries"),
        (fields.BOOL, "true", "true or false"),
        (ListOf(Bytes(1), 3), ["00", "zz"], "[1]: expected 1 bytes in hex"),
        (ListOf(ListOf(fields.U8, 3), 3), [[], [1, -1]], "[1][1]: expected an integer"),
    ],
)
def test_json_forms_that_are_none(kind: Field, value: Any, expected: str) -> None:
    with pytest.raises(Malformed) as caught:
        kind.from_json(value)
    assert expected in str(caught.value)
    assert len(str(caught.value)) < 250


def test_numbers_that_the_interpreter_will_not_print() -> None:
    for kind in (fields.U64, fields.AMOUNT):
        with pytest.raises(Malformed, match="got an integer of 16610 bits"):
            kind.from_json(10**5000)


def test_amounts_may_be_json_numbers() -> None:
    assert fields.AMOUNT.from_json(10**20) == 10**20


def test_a_choice_takes_numbers_and_gives_members() -> None:
    assert SIDE.pack(2) == 2
    assert SIDE.to_json(2) == "offer"
    assert SIDE.unpack(2) is Side.OFFER
    assert SIDE.from_json("offer") is Side.OFFER


def test_a_field_without_rules_takes_nothing() -> None:
    with pytest.raises(Malformed, match="expected a value, got 1"):
        Field().pack(1)
