"""diff: the first block, transaction, receipt and row in which two nodes part, over stored data and over the API alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from gridnode.chain.genesis import Genesis
from gridnode.client.remote import Remote
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import BALANCES, Denomination
from gridnode.operations import diff_state
from gridnode.operations.diff import Compared, compare
from gridnode.operations.place import Place
from gridnode.operations.remote_side import RemoteSide
from gridnode.operations.side import Side
from gridnode.operations.sides import opened_side
from gridnode.operations.stored_side import StoredSide
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.units import Amount
from gridnode.state.digests import Run, Runs, runs_from
from gridnode.state.kv import MemoryReader
from gridnode.state.prefixes import TOKEN
from gridnode.storage.leveldb import Column, Database
from tests.chain_in_memory import THB, account, genesis
from tests.integration.api.served import ServedChain
from tests.unit.node.peers_in_memory import GrownChain
from tests.unit.operations.chains import change, data_of

BLOCKS = 7
BOB = BALANCES.key(account("bob"), Denomination.THB)


@contextmanager
def stored(place: Place, name: str) -> Iterator[StoredSide]:
    """A stopped node."""
    database = Database(place.chain, genesis_hash_of(place))
    try:
        yield StoredSide(name, place, database)
    finally:
        database.close()


def genesis_hash_of(place: Place) -> bytes:
    """Of its chain."""
    from gridnode.chain.genesis import genesis_hash

    return genesis_hash(place.genesis)


@asynccontextmanager
async def asked(place: Place, name: str, start: Genesis | None = None) -> AsyncIterator[RemoteSide]:
    """A node that answers through its API."""
    chain = ServedChain(place.chain, start)
    try:
        async with Remote(f"http://{name}", transport=httpx.ASGITransport(app=chain.app)) as remote:
            yield RemoteSide(remote)
    finally:
        chain.store.close()


def compared(left: Place, right: Place, over_api: bool) -> Compared:
    """Both over the API, or both stopped."""

    async def run() -> Compared:
        if over_api:
            async with asked(left, "a") as one, asked(right, "b") as other:
                return await compare(one, other)
        with stored(left, "a") as mine, stored(right, "b") as theirs:
            return await compare(mine, theirs)

    return trio.run(run)


@pytest.fixture(params=[False, True], ids=["stopped", "running"])
def over_api(request: pytest.FixtureRequest) -> bool:
    """Whether both nodes run."""
    return bool(request.param)


def branch(folder: Path, blocks: int, parts_at: int) -> Place:
    """A chain that goes another way from a height on: another amount in that block."""
    chain = GrownChain(parts_at - 1)
    chain.executed.append(chain.memory.block(chain.memory.transaction("alice", Transfer(account("bob"), Denomination.THB, 999))))
    for number in range(parts_at, blocks):
        chain.executed.append(chain._block(number))
    return data_of(folder, blocks, chain)


def test_two_nodes_alike(tmp_path: Path, over_api: bool) -> None:
    found = compared(data_of(tmp_path / "a", BLOCKS), data_of(tmp_path / "b", BLOCKS), over_api)
    assert found == Compared((BLOCKS, BLOCKS), BLOCKS, (), (), f"rows and trees are alike at block {BLOCKS}")


def test_two_nodes_before_block_1(tmp_path: Path, over_api: bool) -> None:
    found = compared(data_of(tmp_path / "a", 0), data_of(tmp_path / "b", 0), over_api)
    assert (found.alike, found.differences) == (0, ())


@pytest.mark.parametrize("parts_at", [1, 2, 4, BLOCKS])
def test_the_first_block_that_differs(tmp_path: Path, over_api: bool, parts_at: int) -> None:
    """With the transaction, the receipt and the row behind it."""
    found = compared(data_of(tmp_path / "a", BLOCKS), branch(tmp_path / "b", BLOCKS, parts_at), over_api)
    assert found.alike == parts_at - 1
    parts = {difference.part: difference for difference in found.differences}
    assert list(parts) == ["header", "transaction", "receipt", "row"]
    assert {parts[name].height for name in ("header", "transaction", "receipt")} == {parts_at}
    assert parts["header"].field == "transactions_root"
    assert parts["transaction"].right_record["messages"][0]["body"]["amount"] == "999"
    assert parts["row"].where.startswith("token.balances")
    turns = ("validators",) if parts_at < BLOCKS else ()  # drawn from the hashes of the blocks before the last
    assert found.modules == ("token", *turns)


def test_other_heights(tmp_path: Path, over_api: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are compared up to the lower one; states are not."""
    monkeypatch.setattr(diff_state, "TRIES", 2)
    found = compared(data_of(tmp_path / "a", 3), data_of(tmp_path / "b", BLOCKS), over_api)
    assert (found.heights, found.alike, found.differences) == ((3, BLOCKS), 3, ())
    assert "a stands at block 3" in found.state or "http://a stands at block 3" in found.state


def test_a_row_that_was_changed_is_found_and_the_wrong_side_named(tmp_path: Path, over_api: bool) -> None:
    """Headers, roots and trees are alike: only the row itself is not."""
    left, right = data_of(tmp_path / "a", BLOCKS), data_of(tmp_path / "b", BLOCKS)
    change(right, Column.STATE, lambda key, _: key == BOB, BALANCES._to_bytes(Amount(5)))
    found = compared(left, right, over_api)
    assert (found.alike, found.modules) == (BLOCKS, ())
    [row] = found.differences
    assert (row.part, row.left, row.right) == ("row", 1_000 * THB + sum(range(1, BLOCKS + 1)), 5)
    assert row.note.startswith("the header proves the row of ")
    assert row.note.split(";")[0].endswith("a")


def test_a_row_that_is_gone(tmp_path: Path, over_api: bool) -> None:
    left, right = data_of(tmp_path / "a", BLOCKS), data_of(tmp_path / "b", BLOCKS)
    change(left, Column.STATE, lambda key, _: key == BOB, None)
    [row] = compared(left, right, over_api).differences
    assert (row.part, row.left) == ("row", "(nothing)")
    assert row.note.split(";")[0].endswith("b")


def test_a_tree_that_was_changed(tmp_path: Path, over_api: bool) -> None:
    left, right = data_of(tmp_path / "a", BLOCKS), data_of(tmp_path / "b", BLOCKS)
    change(right, Column.PAGES, lambda key, _: key[0] == TOKEN and len(key) > 1, b"\x00")
    [row] = compared(left, right, over_api).differences
    assert (row.part, row.right) == ("tree row", "00")


def test_two_chains(tmp_path: Path) -> None:
    other = genesis(time_ms=genesis().time_ms + 1)
    left = data_of(tmp_path / "a", 1)

    async def run() -> Compared:
        async with asked(left, "a") as one, asked(Place(tmp_path / "b", other), "b", other) as two:
            return await compare(one, two)

    found = trio.run(run)
    assert [difference.part for difference in found.differences] == ["genesis"]


def test_a_stopped_node_against_a_running_one(tmp_path: Path) -> None:
    left, right = data_of(tmp_path / "a", BLOCKS), branch(tmp_path / "b", BLOCKS, 5)

    async def run() -> Compared:
        with stored(left, "a") as mine:
            async with asked(right, "b") as theirs:
                return await compare(mine, theirs)

    assert trio.run(run).alike == 4


@pytest.mark.parametrize(
    ("named", "words"),
    [("nothing", "expected the URL of a node"), ("", "names no chain; expected --genesis FILE")],
)
def test_what_is_no_side(tmp_path: Path, named: str, words: str) -> None:
    data_of(tmp_path, 0)

    async def run() -> Side:
        async with opened_side(str(tmp_path / named), None) as side:
            return side

    with pytest.raises(OperatorError, match=words):
        trio.run(run)


# Runs


def rows(count: int) -> dict[bytes, bytes]:
    """Rows of two modules."""
    return {bytes([1 + number % 2]) + number.to_bytes(4, "big"): number.to_bytes(4, "big") for number in range(count)}


def all_runs(reader: MemoryReader, most_rows: int) -> list[Run]:
    """Page after page."""
    found: list[Run] = []
    while True:
        page: Runs = runs_from(reader, found[-1].last if found else b"", most_rows)
        assert sum(run.rows for run in page.runs) <= most_rows
        found += page.runs
        if page.finished:
            return found


def test_runs_hold_every_row_once_and_one_change_shows_in_one_run() -> None:
    content = rows(5_000)
    whole = all_runs(MemoryReader(content), 10_000)
    assert sum(run.rows for run in whole) == 5_000
    assert 10 <= len(whole) <= 40
    assert all_runs(MemoryReader({}), 10) == []
    chosen = sorted(content)[2_345]
    for changed in ({**content, chosen: b"x"}, {key: value for key, value in content.items() if key != chosen}):
        other = all_runs(MemoryReader(changed), 10_000)
        assert len({*whole} ^ {*other}) <= 3, "all other runs stay as they are"


def test_pages_of_runs_are_cut_at_rows() -> None:
    content = rows(1_000)
    for most_rows in (1, 7, 256, 1_000):
        assert sum(run.rows for run in all_runs(MemoryReader(content), most_rows)) == 1_000


def test_a_difference_is_told_as_json(tmp_path: Path) -> None:
    left, right = data_of(tmp_path / "a", 2), branch(tmp_path / "b", 2, 2)
    told: list[dict[str, Any]] = [difference.as_json() for difference in compared(left, right, False).differences]
    assert {"height", "part", "where", "field", "left", "right", "left_record", "right_record", "note"} == set(told[0])
    assert replace(compared(left, right, False).differences[0], note="x").note == "x"
