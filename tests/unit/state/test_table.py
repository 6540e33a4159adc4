"""Tables: keys in the order of their values, rows typed both ways, exact prefix scans and pages, changes for invariants."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridnode.codec.fields import ADDRESS, AMOUNT, NAME, U64
from gridnode.codec.records import record
from gridnode.primitives.errors import InvariantBroken, Malformed
from gridnode.primitives.limits import MAX_TABLE_CACHE_ROWS
from gridnode.primitives.units import Amount
from gridnode.state.key_parts import (
    ADDRESS_PART,
    I64_PART,
    NAME_PART,
    U8_PART,
    U16_PART,
    U32_PART,
    U64_PART,
    KeyPart,
)
from gridnode.state.kv import MemoryReader, after_prefix
from gridnode.state.overlay import State
from gridnode.state.prefixes import GRID, TOKEN
from gridnode.state.table import Table


@record
class Account:
    """A record of several fields."""

    owner: Annotated[bytes, ADDRESS]
    name: Annotated[str, NAME]


ALICE, BOB = b"a" * 20, b"b" * 20
BALANCES: Table[Amount] = Table(TOKEN, 1, "balances", key=(ADDRESS_PART, NAME_PART), value=AMOUNT)
ACCOUNTS: Table[Account] = Table(TOKEN, 2, "accounts", key=(U64_PART,), value=Account)
PARAMETER: Table[int] = Table(TOKEN, 3, "parameter", key=(), value=U64)
NAMES_OF: dict[KeyPart, st.SearchStrategy[Any]] = {
    U8_PART: st.integers(0, 2**8 - 1),
    U16_PART: st.integers(0, 2**16 - 1),
    U32_PART: st.integers(0, 2**32 - 1),
    U64_PART: st.integers(0, 2**64 - 1),
    I64_PART: st.integers(-(2**63), 2**63 - 1),
    ADDRESS_PART: st.binary(min_size=20, max_size=20),
    NAME_PART: st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
}


@pytest.fixture
def state() -> State:
    filled = State(MemoryReader())
    for owner, name, amount in [(ALICE, "A", 1), (ALICE, "AB", 2), (ALICE, "B", 3), (BOB, "A", 4)]:
        BALANCES.put(filled, owner, name, Amount(amount))
    ACCOUNTS.put(filled, 0, Account(ALICE, "alice"))
    PARAMETER.put(filled, 9)
    return filled


@given(st.data())
def test_keys_sort_as_their_values(data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.sampled_from(list(NAMES_OF)), min_size=1, max_size=3))
    table: Table[int] = Table(GRID, 0, "any", key=parts, value=U64)
    keys = data.draw(st.lists(st.tuples(*(NAMES_OF[part] for part in parts)), max_size=8))
    assert [table.parts_of(table.key(*key)) for key in keys] == keys
    assert sorted(table.key(*key) for key in keys) == [table.key(*key) for key in sorted(keys)]
    assert not any(
        table.key(*one).startswith(table.key(*other)) for one in keys for other in keys if one != other
    )


def test_rows_come_back_as_they_were_put(state: State) -> None:
    assert BALANCES.get(state, ALICE, "AB") == 2
    assert ACCOUNTS.require(state, 0) == Account(ALICE, "alice")
    assert PARAMETER.get(state) == 9
    assert BALANCES.has(state, BOB, "A")
    BALANCES.delete(state, BOB, "A")
    assert BALANCES.get(state, BOB, "A") is None
    assert not BALANCES.has(state, BOB, "A")
    with pytest.raises(InvariantBroken, match=r"token\.balances: no row"):
        BALANCES.require(state, BOB, "A")


def test_a_prefix_finds_exactly_its_rows(state: State) -> None:
    alice = [((ALICE, "A"), 1), ((ALICE, "AB"), 2), ((ALICE, "B"), 3)]
    assert list(BALANCES.scan(state, ALICE)) == alice
    assert list(BALANCES.scan(state, ALICE, "A")) == alice[:1]
    assert list(BALANCES.scan(state)) == [*alice, ((BOB, "A"), 4)]
    assert list(BALANCES.scan(state, ALICE, reverse=True)) == alice[::-1]
    assert list(PARAMETER.scan(state)) == [((), 9)]
    assert list(BALANCES.scan(state, b"c" * 20)) == []


@pytest.mark.parametrize("reverse", [False, True])
def test_pages_continue_behind_the_last_key(state: State, reverse: bool) -> None:
    whole = list(BALANCES.scan(state, reverse=reverse))
    paged, after = [], None
    while page := list(BALANCES.scan(state, after=after, limit=1, reverse=reverse)):
        paged += page
        after = page[-1][0]
    assert paged == whole
    assert len(whole) == 4


def test_start_and_stop_are_keys_or_their_first_parts(state: State) -> None:
    def found(**bounds: Any) -> list[int]:
        return [value for _, value in BALANCES.scan(state, **bounds)]

    assert found(start=(ALICE, "AB")) == [2, 3, 4]
    assert found(start=(BOB,)) == [4]
    assert found(stop=(BOB,)) == [1, 2, 3]
    assert found(start=(ALICE, "AA"), stop=(ALICE, "B")) == [2]
    assert found(start=(ALICE, "B"), stop=(ALICE, "A")) == []
    assert found(after=(ALICE,)) == [4]
    assert found(after=(BOB,), reverse=True) == [3, 2, 1]
    assert [value for _, value in BALANCES.scan(state, ALICE, after=(BOB, "A"), reverse=True)] == [3, 2, 1]


def test_changes_show_both_sides(state: State) -> None:
    base = MemoryReader()
    base.apply(state.writes())
    later = State(base)
    BALANCES.put(later, ALICE, "A", Amount(10))
    BALANCES.delete(later, ALICE, "B")
    BALANCES.put(later, BOB, "C", Amount(5))
    BALANCES.put(later, BOB, "A", Amount(4))
    PARAMETER.put(later, 10)
    writes = later.writes()
    assert list(BALANCES.changes(base, writes)) == [
        ((ALICE, "A"), 1, 10),
        ((ALICE, "B"), 3, None),
        ((BOB, "C"), None, 5),
    ]
    assert list(PARAMETER.changes(base, writes)) == [((), 9, 10)]
    assert list(ACCOUNTS.changes(base, writes)) == []


@pytest.mark.parametrize(
    ("part", "bad"),
    [
        (U8_PART, 256),
        (U64_PART, -1),
        (U64_PART, 2**64),
        (U64_PART, "1"),
        (U32_PART, None),
        (I64_PART, 2**63),
        (I64_PART, -(2**63) - 1),
        (I64_PART, b""),
        (ADDRESS_PART, b"a" * 19),
        (ADDRESS_PART, bytearray(20)),
        (ADDRESS_PART, "a" * 20),
        (NAME_PART, "a\0b"),
        (NAME_PART, "a" * 65),
        (NAME_PART, "\ud800"),
        (NAME_PART, b"a"),
    ],
)
def test_key_parts_out_of_bounds_are_refused(part: KeyPart, bad: Any) -> None:
    table: Table[int] = Table(GRID, 0, "any", key=(part,), value=U64)
    with pytest.raises(Malformed, match="expected"):
        table.get(MemoryReader(), bad)


def test_wrong_values_are_refused(state: State) -> None:
    with pytest.raises(Malformed):
        BALANCES.put(state, ALICE, "A", -1)
    with pytest.raises(TypeError):
        ACCOUNTS.put(state, 0, "alice")
    with pytest.raises(TypeError):
        BALANCES.get(state, ALICE)
    with pytest.raises(TypeError):
        BALANCES.get(state, ALICE, "A", "B")


@pytest.mark.parametrize("raw", [b"", b"\xc4\x01\x00", b"\x93\x01\x02\x03", b"\xff\xff"])
def test_a_value_that_does_not_decode_stops_the_node(raw: bytes) -> None:
    reader = MemoryReader({BALANCES.key(ALICE, "A"): raw, ACCOUNTS.key(1): raw})
    with pytest.raises(InvariantBroken, match=r"token\.balances"):
        BALANCES.get(reader, ALICE, "A")
    with pytest.raises(InvariantBroken, match=r"token\.accounts"):
        list(ACCOUNTS.scan(reader))


@pytest.mark.parametrize("tail", [b"", b"\0" * 7, b"\0" * 9])
def test_a_key_that_does_not_decode_stops_the_node(tail: bytes) -> None:
    with pytest.raises(InvariantBroken, match=r"token\.accounts"):
        ACCOUNTS.parts_of(ACCOUNTS.prefix + tail)
    with pytest.raises(InvariantBroken, match="is not a key of this table"):
        ACCOUNTS.parts_of(BALANCES.prefix + bytes(8))
    with pytest.raises(InvariantBroken, match=r"token\.balances"):
        BALANCES.parts_of(BALANCES.prefix + ALICE + b"no end")


def test_remembered_values_are_bounded(state: State) -> None:
    for number in range(MAX_TABLE_CACHE_ROWS + 10):
        PARAMETER.put(state, number)
        assert PARAMETER.get(state) == number
    assert len(PARAMETER._decoded) <= MAX_TABLE_CACHE_ROWS


def test_tables_are_declared_within_bounds() -> None:
    for module, number in ((0, 1), (99, 1), (TOKEN, 255), (TOKEN, -1)):
        with pytest.raises(ValueError, match="expected a module"):
            Table(module, number, "x", key=(), value=U64)
    with pytest.raises(TypeError, match="is not a record"):
        Table(TOKEN, 1, "x", key=(), value=int)


def test_after_prefix() -> None:
    assert after_prefix(b"a") == b"b"
    assert after_prefix(b"a\xff\xff") == b"b"
    with pytest.raises(ValueError):
        after_prefix(b"\xff")
