"""Canonical msgpack over the public test suite: the shortest form alone is accepted, every other form is refused."""

import tracemalloc
from itertools import chain
from typing import Any

import msgpack
import pytest

from gridnode.codec.canonical import pack, unpack
from gridnode.primitives.errors import Malformed
from gridnode.primitives.limits import MAX_DEPTH, MAX_RECORD_BYTES
from tests.vectors.load import load

SUITE = load("msgpack-test-suite.json")
HELD = ("nil", "bool", "binary", "number", "bignum", "string", "array")
"""Types that canonical bytes hold; numbers with a fraction, maps, timestamps and extensions are refused whole."""


def told(case: dict[str, Any]) -> tuple[str, Any]:
    """Type and value of a case, as Python holds it."""
    kind = next(name for name in case if name != "msgpack")
    value = case[kind]
    if kind == "binary":
        return kind, bytes.fromhex(value.replace("-", ""))
    if kind == "bignum":
        return kind, int(value)
    return kind, frozen(value)


def frozen(value: Any) -> Any:
    """Arrays as tuples, deep."""
    return tuple(frozen(item) for item in value) if isinstance(value, list) else value


def canonical(value: Any) -> bool:
    """Whether canonical bytes can hold `value` at all."""
    if isinstance(value, tuple):
        return all(canonical(item) for item in value)
    return value is None or isinstance(value, (bool, int, str, bytes))


CASES = [(*told(case), case["msgpack"]) for case in chain.from_iterable(SUITE.values())]
HOLDABLE = [(value, forms) for kind, value, forms in CASES if kind in HELD and canonical(value)]
REFUSED = [
    (kind, form) for kind, value, forms in CASES if kind not in HELD or not canonical(value) for form in forms
]


def test_the_suite_is_whole() -> None:
    assert len(CASES) == 85
    assert len(HOLDABLE) > 50
    assert {kind for kind, _ in REFUSED} == {"number", "map", "array", "timestamp", "ext"}


@pytest.mark.parametrize(("value", "forms"), HOLDABLE, ids=repr)
def test_one_form_of_each_value(value: Any, forms: list[str]) -> None:
    encodings = [bytes.fromhex(form.replace("-", "")) for form in forms]
    accepted = []
    for encoding in encodings:
        try:
            decoded = unpack(encoding)
        except Malformed:
            continue
        assert decoded == value
        assert type(decoded) is type(value)
        assert pack(decoded) == encoding
        accepted.append(encoding)
    assert accepted == [pack(value)]
    floats = (b"\xca", b"\xcb")
    assert len(accepted[0]) == min(len(item) for item in encodings if item[:1] not in floats)


@pytest.mark.parametrize(("kind", "form"), REFUSED)
def test_what_is_not_canonical_is_refused(kind: str, form: str) -> None:
    with pytest.raises(Malformed):
        unpack(bytes.fromhex(form.replace("-", "")))


@pytest.mark.parametrize(
    ("value", "form"), [(bytes(255), "c4"), (bytes(256), "c5"), ("a" * 32, "d9"), (2**63, "cf")]
)
def test_edges_of_the_forms(value: Any, form: str) -> None:
    data = pack(value)
    assert data[:1].hex() == form
    assert unpack(data) == value


@pytest.mark.parametrize(
    "value",
    [
        (),
        (1, (2, (3,))),
        tuple(range(16)),
        tuple(range(65_536)),
        -(2**63),
        2**64 - 1,
        "ก" * 100,
        "\U0001f50b",
        b"x" * 70_000,
        None,
        True,
    ],
    ids=lambda value: repr(value)[:20],
)
def test_round_trip(value: Any) -> None:
    assert unpack(pack(value)) == value
    assert pack(value) == msgpack.packb(value)


def test_lists_and_tuples_are_alike() -> None:
    assert pack([1, [2]]) == pack((1, (2,))) == b"\x92\x01\x91\x02"


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        {},
        {1: 2},
        {1},
        object(),
        2**64,
        -(2**63) - 1,
        "\ud800",
        bytearray(b"x"),
        memoryview(b"x"),
        (1, [2.0]),
    ],
    ids=lambda value: repr(value).partition(" at 0x")[0],  # the same in every process
)
def test_what_cannot_be_packed(value: Any) -> None:
    with pytest.raises(Malformed, match=r"^expected "):
        pack(value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 bytes end within it"),
        (b"\x92\x01", "2 bytes end within it"),
        (b"\xc4\x05abc", "5 bytes end within it"),
        (b"\x01\x02", "extra"),
        (b"\xc1", "expected canonical msgpack"),
        (b"\xa2\xff\xfe", "utf-8"),
        (b"\xa3\xed\xa0\x80", "utf-8"),  # a surrogate
        (b"\xa2\xc0\x80", "utf-8"),  # a long form of NUL
        (b"\xcc\x01", "shortest"),
        (b"\xdc\x00\x01\x01", "shortest"),
        (b"\xc5\x00\x01a", "shortest"),
        (b"\xcb" + bytes(8), "got float"),
        (b"\x80", "got dict"),
        (b"\x81\x80\x01", "expected canonical msgpack"),
        (b"\xd6\xff" + bytes(4), "got Timestamp"),
        (b"\xd4\x05\x00", "got ExtType"),
        (b"\x91" * 5000 + b"\x01", "expected canonical msgpack"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_every_refusal_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=r"^expected ") as caught:
        unpack(data)
    assert reason in str(caught.value)


def test_depth_is_bounded() -> None:
    deepest: Any = ()
    for _ in range(MAX_DEPTH - 1):
        deepest = (deepest,)
    assert unpack(pack(deepest)) == deepest
    with pytest.raises(Malformed, match=f"at most {MAX_DEPTH} nested"):
        pack((deepest,))
    for depth in (MAX_DEPTH + 1, 400, 600, 1100):
        with pytest.raises(Malformed):
            unpack(b"\x91" * depth + b"\x90")


def test_size_is_bounded() -> None:
    with pytest.raises(Malformed, match=f"at most {MAX_RECORD_BYTES}"):
        pack(bytes(MAX_RECORD_BYTES))
    with pytest.raises(Malformed, match=f"at most {MAX_RECORD_BYTES}"):
        unpack(bytes(MAX_RECORD_BYTES + 1))


@pytest.mark.parametrize(
    "data",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x05",
        b"\xdd\xff\xff\xff\xff" * 200,
        b"\xdd\x00\x00\xff\xff" * 13_107,
        b"\xdc\x04\x00" * 340,
    ],
    ids=lambda data: f"{data[:5].hex()} x{len(data)}",
)
def test_false_lengths_cost_nothing(data: bytes) -> None:
    """Bytes that claim what they do not hold: no memory is set aside for it."""
    tracemalloc.start()
    try:
        with pytest.raises(Malformed):
            unpack(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * len(data) + 64 * 1024  # the walker's copy of the bytes, and no more
