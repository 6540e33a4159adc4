"""The codec under every record class of the code: one value one encoding, and no input does anything but decode or be refused."""

import json
from typing import Any

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridnode.codec.canonical import pack, unpack
from gridnode.codec.records import decode, encode, from_json, to_json
from gridnode.primitives.errors import Malformed
from tests.properties.record_values import record_classes, values_of
from tests.vectors.samples import RECORDS

CLASSES = record_classes()
SAMPLES = [(type(record), encode(record)) for record in RECORDS.values()]

few = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
many = settings(max_examples=400, deadline=None)

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
    | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=5).map(tuple),
    max_leaves=20,
)
"""What canonical bytes can hold."""

FOREIGN = st.recursive(
    PLAIN | st.floats() | st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=20)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)
"""What msgpack can hold and canonical bytes may not."""

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=50)
    | st.from_regex(r"grid1[a-z0-9]{0,40}"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


def assert_refused_or_exact(cls: type[Any], data: bytes) -> None:
    """`data` is refused as Malformed, or is the one encoding of what it decodes to."""
    try:
        value = decode(cls, data)
    except Malformed:
        return
    assert type(value) is cls
    assert encode(value) == data


def test_there_are_record_classes() -> None:
    assert len(CLASSES) > 15
    assert {cls for cls, _ in SAMPLES} <= set(CLASSES)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
@few
@given(st.data())
def test_every_record_comes_back(cls: type[Any], data: st.DataObject) -> None:
    value = data.draw(values_of(cls))
    encoded = encode(value)
    assert decode(cls, encoded) == value
    assert encode(decode(cls, encoded)) == encoded
    assert unpack(encoded) == msgpack.unpackb(encoded, use_list=False)
    shown = json.loads(json.dumps(to_json(value)))
    assert from_json(cls, shown) == value
    assert encode(from_json(cls, shown)) == encoded


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
@few
@given(st.data())
def test_mutated_encodings_are_refused_or_exact(cls: type[Any], data: st.DataObject) -> None:
    encoded = bytearray(encode(data.draw(values_of(cls))))
    for _ in range(data.draw(st.integers(1, 4))):
        spot = data.draw(st.integers(0, len(encoded)))
        old = data.draw(st.integers(0, 3))
        encoded[spot : spot + old] = data.draw(st.binary(max_size=3))
    assert_refused_or_exact(cls, bytes(encoded))


@pytest.mark.parametrize(("cls", "encoded"), SAMPLES, ids=[cls.__name__ for cls, _ in SAMPLES])
def test_every_changed_byte_and_every_cut_is_refused_or_exact(cls: type[Any], encoded: bytes) -> None:
    for spot in range(0, len(encoded), max(1, len(encoded) // 150)):
        assert_refused_or_exact(cls, encoded[:spot])
        for byte in (
            0x00,
            0x7F,
            0x80,
            0x90,
            0xC0,
            0xC1,
            0xC4,
            0xCB,
            0xCC,
            0xCF,
            0xD9,
            0xDC,
            0xDD,
            0xDF,
            0xFF,
        ):
            assert_refused_or_exact(cls, encoded[:spot] + bytes([byte]) + encoded[spot + 1 :])
            assert_refused_or_exact(cls, encoded[:spot] + bytes([byte]) + encoded[spot:])


@many
@given(st.sampled_from(CLASSES), st.binary(max_size=200))
def test_noise_is_refused_or_exact(cls: type[Any], data: bytes) -> None:
    assert_refused_or_exact(cls, data)


@many
@given(st.sampled_from(CLASSES), FOREIGN.map(msgpack.packb))
def test_foreign_msgpack_is_refused_or_exact(cls: type[Any], data: bytes) -> None:
    assert_refused_or_exact(cls, data)


@many
@given(st.one_of(st.binary(max_size=200), FOREIGN.map(msgpack.packb)))
def test_plain_values_are_refused_or_exact(data: bytes) -> None:
    try:
        value = unpack(data)
    except Malformed:
        return
    assert pack(value) == data


@many
@given(PLAIN)
def test_plain_values_come_back(value: Any) -> None:
    assert unpack(pack(value)) == value
    assert pack(value) == msgpack.packb(value)


@many
@given(st.sampled_from(CLASSES), JSON)
def test_noise_in_json_is_refused(cls: type[Any], obj: Any) -> None:
    try:
        value = from_json(cls, obj)
    except Malformed:
        return
    assert from_json(cls, to_json(value)) == value
    assert decode(cls, encode(value)) == value


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
@few
@given(st.data(), JSON)
def test_one_foreign_field_in_json_is_refused_or_valid(
    cls: type[Any], data: st.DataObject, foreign: Any
) -> None:
    shown = to_json(data.draw(values_of(cls)))
    if not shown:
        return
    shown[data.draw(st.sampled_from(sorted(shown)))] = foreign
    try:
        value = from_json(cls, shown)
    except Malformed:
        return
    assert decode(cls, encode(value)) == value
