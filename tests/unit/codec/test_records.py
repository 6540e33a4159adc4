"""Declared records: their bytes, their JSON, what their declaration refuses, and the path to a wrong field."""

import dataclasses
from typing import Annotated, Any

import pytest

from gridnode.codec.canonical import pack
from gridnode.codec.faults import BadField
from gridnode.codec.fields import ADDRESS, AMOUNT, HASH, NAME, U8, Bytes, ListOf
from gridnode.codec.records import Nested, decode, encode, from_json, layout, record, to_json
from gridnode.crypto.address import encode_address
from gridnode.primitives.errors import Malformed
from gridnode.primitives.limits import MAX_RECORD_BYTES


@record
class Item:
    """A record inside another."""

    name: Annotated[str, NAME]
    size: Annotated[int, U8]


@record
class Parcel:
    """A record with each shape of field."""

    recipient: Annotated[bytes, ADDRESS]
    value: Annotated[int, AMOUNT]
    items: Annotated[tuple[Item, ...], ListOf(Nested(Item), 3)]
    best: Annotated[Item, Nested(Item)]


@record
class Nothing:
    """A record without fields: a message that needs no words."""


@record
class One:
    """A record with one field."""

    value: Annotated[bytes, HASH]


@record
class Postcard:
    """A record whose last fields may be left out."""

    recipient: Annotated[bytes, ADDRESS]
    size: Annotated[int, U8] = 7
    items: Annotated[tuple[Item, ...], ListOf(Nested(Item), 3)] = ()


PARCEL = Parcel(bytes(range(20)), 256, (Item("a", 1), Item("b", 2)), Item("c", 200))
BYTES = bytes.fromhex(
    "94c414000102030405060708090a0b0c0d0e0f10111213c402010092" + "92a16101" + "92a16202" + "92a163ccc8"
)
JSON = {
    "recipient": encode_address(bytes(range(20))),
    "value": "256",
    "items": [{"name": "a", "size": 1}, {"name": "b", "size": 2}],
    "best": {"name": "c", "size": 200},
}


def test_a_record_is_an_array_of_its_fields_in_order() -> None:
    assert encode(PARCEL) == BYTES
    assert decode(Parcel, BYTES) == PARCEL


def test_json_is_an_object_of_its_fields_in_order() -> None:
    assert to_json(PARCEL) == JSON
    assert list(to_json(PARCEL)) == list(JSON)
    assert from_json(Parcel, JSON) == PARCEL
    assert from_json(Parcel, dict(reversed(JSON.items()))) == PARCEL


@pytest.mark.parametrize(
    ("value", "data"), [(Nothing(), b"\x90"), (One(bytes(32)), b"\x91\xc4\x20" + bytes(32))]
)
def test_records_of_none_and_one(value: Any, data: bytes) -> None:
    assert encode(value) == data
    assert decode(type(value), data) == value
    assert from_json(type(value), to_json(value)) == value


def test_a_record_is_frozen_and_a_value() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        PARCEL.value = 1  # type: ignore[misc]
    assert hash(PARCEL) == hash(decode(Parcel, BYTES))
    assert dataclasses.replace(PARCEL, value=1).value == 1
    assert not hasattr(PARCEL, "__dict__")


def test_lists_encode_like_tuples() -> None:
    assert encode(dataclasses.replace(PARCEL, items=list(PARCEL.items))) == BYTES  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"recipient": b""}, "Parcel.recipient", "got 0 bytes"),
        ({"value": -1}, "Parcel.value", "got -1"),
        ({"items": [Item("a", 1)] * 4}, "Parcel.items", "got a list of 4 entries"),
        ({"items": [Item("a", 1), Item("b", 256)]}, "Parcel.items[1].size", "got 256"),
        ({"items": [Item("a", 1), PARCEL]}, "Parcel.items[1]", "expected Item, got Parcel"),
        ({"best": Item("", 1)}, "Parcel.best.name", "got ''"),
        ({"best": None}, "Parcel.best", "expected Item, got nil"),
        ({"value": -1, "recipient": b""}, "Parcel.recipient", "got 0 bytes"),
    ],
)
def test_encoding_names_the_first_wrong_field(change: dict[str, Any], path: str, reason: str) -> None:
    with pytest.raises(BadField) as caught:
        encode(dataclasses.replace(PARCEL, **change))
    assert caught.value.path == path
    assert caught.value.reason.endswith(reason)
    assert str(caught.value) == f"{path}: {caught.value.reason}"


GOOD_PLAIN = (bytes(20), b"", (), ("c", 1))


@pytest.mark.parametrize(
    ("plain", "path", "reason"),
    [
        ((), "Parcel", "expected an array of 4 fields, got a list of 0 entries"),
        (GOOD_PLAIN[:3], "Parcel", "got a list of 3 entries"),
        ((*GOOD_PLAIN, 1), "Parcel", "got a list of 5 entries"),
        (None, "Parcel", "got nil"),
        (5, "Parcel", "got 5"),
        ((b"", *GOOD_PLAIN[1:]), "Parcel.recipient", "got 0 bytes"),
        (
            (*GOOD_PLAIN[:2], (("a", 1), ("b",)), ("c", 1)),
            "Parcel.items[1]",
            "an array of 2 fields, got a list of 1 entries",
        ),
        ((*GOOD_PLAIN[:2], (("a", 1), ("b", -1)), ("c", 1)), "Parcel.items[1].size", "got -1"),
        ((*GOOD_PLAIN[:3], 7), "Parcel.best", "expected an array of 2 fields, got 7"),
    ],
)
def test_decoding_names_the_first_wrong_field(plain: Any, path: str, reason: str) -> None:
    with pytest.raises(BadField) as caught:
        decode(Parcel, pack(plain))
    assert caught.value.path == path
    assert caught.value.reason.endswith(reason)


def test_bytes_that_are_no_canonical_value_are_named_after_the_record() -> None:
    for data in (b"", b"\xc1", b"\x94", BYTES + b"\0", BYTES[:-1], b"\xdc\x00\x04" + BYTES[1:]):
        with pytest.raises(BadField) as caught:
            decode(Parcel, data)
        assert caught.value.path == "Parcel"


@pytest.mark.parametrize(
    "plain", [1.5, {}, {"recipient": 1}, (1.5, b"", (), ("c", 1)), (bytes(20), {}, (), ("c", 1))]
)
def test_floats_and_maps_are_refused_by_the_kinds(plain: Any) -> None:
    """Decoding a record trusts its kinds to know their types; no other check stands behind them."""
    import msgpack

    with pytest.raises(BadField):
        decode(Parcel, msgpack.packb(plain))


@pytest.mark.parametrize(
    ("obj", "path", "reason"),
    [
        ({**JSON, "extra": 1}, "extra", "unknown field, expected recipient, value, items, best"),
        ({**JSON, "x" * 1000: 1}, "x" * 64, "unknown field"),
        ({**JSON, 5: 1}, "5", "unknown field"),
        (
            {name: JSON[name] for name in ("recipient", "items", "best")},
            "value",
            "missing, expected an unsigned integer",
        ),
        ({**JSON, "value": "x"}, "value", "expected an unsigned integer"),
        ({**JSON, "items": [{"name": "a"}]}, "items[0].size", "missing, expected an integer from 0 to 255"),
        ({**JSON, "items": [JSON["best"], []]}, "items[1]", "expected an object with the fields name, size"),
        ({**JSON, "best": None}, "best", "expected an object with the fields name, size, got nil"),
        (
            {**JSON, "best": {"name": "c", "size": 256}},
            "best.size",
            "expected an integer from 0 to 255, got 256",
        ),
    ],
)
def test_json_names_the_wrong_field(obj: Any, path: str, reason: str) -> None:
    with pytest.raises(BadField) as caught:
        from_json(Parcel, obj)
    assert caught.value.path == path
    assert caught.value.reason.startswith(reason)


@pytest.mark.parametrize("obj", [None, 1, "x", [], [JSON]])
def test_json_that_is_no_object(obj: Any) -> None:
    with pytest.raises(Malformed, match="expected an object with the fields recipient, value, items, best"):
        from_json(Parcel, obj)


def test_a_declaration_without_a_kind_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Bad\.value: annotate the field with its kind"):

        @record
        class Bad:
            value: int

    with pytest.raises(TypeError, match=r"Worse\.value: annotate the field with its kind"):

        @record
        class Worse:
            value: Annotated[int, "U8"]


def test_what_is_no_record_has_no_layout() -> None:
    with pytest.raises(TypeError, match="int is not a record"):
        layout(int)
    with pytest.raises(TypeError, match="dict is not a record"):
        encode({})


def test_a_record_that_nobody_could_decode_is_not_encoded() -> None:
    @record
    class Large:
        value: Annotated[bytes, Bytes(0, 2 * MAX_RECORD_BYTES)]

    with pytest.raises(BadField, match="Large: expected a value of at most"):
        encode(Large(bytes(MAX_RECORD_BYTES)))


def test_fields_with_a_default_may_be_left_out_of_json_but_not_of_bytes() -> None:
    to = encode_address(bytes(20))
    assert from_json(Postcard, {"recipient": to}) == Postcard(bytes(20), 7, ())
    assert from_json(Postcard, {"recipient": to, "items": [{"name": "a", "size": 1}]}).items == (Item("a", 1),)
    assert to_json(Postcard(bytes(20))) == {"recipient": to, "size": 7, "items": []}
    assert encode(Postcard(bytes(20))) == pack((bytes(20), 7, ()))
    with pytest.raises(Malformed, match="an array of 3 fields"):
        decode(Postcard, pack((bytes(20),)))
    with pytest.raises(BadField, match="recipient: missing"):
        from_json(Postcard, {"size": 1})
