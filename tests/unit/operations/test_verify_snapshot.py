"""verify from a snapshot: what is above it is executed and compared; the snapshot must be that of the chain and whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridnode.chain.genesis import genesis_hash
from gridnode.execution.named import accounts_named
from gridnode.modules.token.tables import BALANCES, Denomination
from gridnode.node.snapshot_rows import write_snapshot
from gridnode.operations.export import export_blocks
from gridnode.operations.place import Place
from gridnode.operations.reexecute import Verified
from gridnode.operations.rollback import rollback
from gridnode.operations.verify import Wish, verify_place
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.units import Amount
from gridnode.storage.block_store import BlockStore
from gridnode.storage.leveldb import Column, Database
from gridnode.storage.pruning import Pruning
from gridnode.storage.snapshots import SnapshotStore
from tests.chain_in_memory import account
from tests.unit.node.peers_in_memory import GrownChain
from tests.unit.operations.chains import change, data_of, opened

AT, BLOCKS = 3, 6


def quiet(_done: int, _last: int) -> None:
    """Nobody looks."""


def snapshot_of(place: Place, into: Path) -> None:
    """A snapshot of where the node stands."""
    with opened(place.data) as store:
        frozen = store.freeze()
        write_snapshot(frozen, SnapshotStore(into))
        frozen.rows.close()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Six blocks, and a snapshot of the third in its folder."""
    made = data_of(tmp_path / "data", AT)
    snapshot_of(made, tmp_path / "data" / "snapshots")
    return data_of(tmp_path / "data", BLOCKS)


def verified(place: Place, wish: Wish | None = None) -> Verified:
    """From the snapshot, unless told."""
    return verify_place(place, wish or Wish(snapshot=place.data / "snapshots"), quiet)


def prune(place: Place, horizon: int) -> None:
    """Let go of the blocks below."""
    database = Database(place.chain, genesis_hash(place.genesis))
    pruning = Pruning(database, BlockStore(database), accounts_named)
    while pruning.step(horizon):
        pass
    database.close()


def test_blocks_above_it_are_verified(place: Place) -> None:
    found = verified(place)
    assert (found.first, found.last, found.whole, found.difference) == (AT + 1, BLOCKS, True, None)
    assert found.transactions == BLOCKS - AT
    assert verified(place, Wish(5, 5, None, place.data / "snapshots")).last == 5
    with pytest.raises(OperatorError, match="expected blocks from 4 to 6"):
        verified(place, Wish(AT, None, None, place.data / "snapshots"))


def test_a_row_that_was_changed_is_found(place: Place) -> None:
    key = BALANCES.key(account("bob"), Denomination.THB)
    change(place, Column.STATE, lambda found, _: found == key, BALANCES._to_bytes(Amount(7)))
    found = verified(place).difference
    assert found is not None
    assert (found.part, found.right) == ("row", 7)


def test_a_pruned_node_needs_one(place: Place) -> None:
    prune(place, AT + 1)
    with pytest.raises(OperatorError, match="blocks below 4 are not kept whole; expected --snapshot DIR"):
        verified(place, Wish())
    assert verified(place).difference is None
    with pytest.raises(OperatorError, match="expected blocks from 4 to 6"):
        export_blocks(place, place.data / "x", 1, None, quiet)


def test_a_node_that_was_pruned_too_far_is_not_taken_back(place: Place) -> None:
    """Below the height it would stand at, blocks are missing that replay protection needs."""
    prune(place, BLOCKS)
    with pytest.raises(OperatorError, match="needs block 5, which is pruned"):
        rollback(place)


@pytest.mark.parametrize(("folder", "words"), [("nothing", "no such folder"), ("", "expected a snapshot of block 6 or below")])
def test_there_is_none(place: Place, folder: str, words: str) -> None:
    with pytest.raises(OperatorError, match=words):
        verified(place, Wish(snapshot=place.data / "chain" / folder))


def test_one_above_the_chain(tmp_path: Path, place: Place) -> None:
    short = data_of(tmp_path / "short", AT - 1)
    with pytest.raises(OperatorError, match="expected a snapshot of block 2 or below, there is 3"):
        verified(short, Wish(snapshot=place.data / "snapshots"))


def test_one_of_another_branch(tmp_path: Path, place: Place) -> None:
    chain = GrownChain(1)
    for _ in range(BLOCKS):
        chain.executed.append(chain.memory.block(after_ms=77))
    other = data_of(tmp_path / "other", BLOCKS, chain)
    with pytest.raises(OperatorError, match="its block 3 is not the one that this node has"):
        verified(other, Wish(snapshot=place.data / "snapshots"))


def test_a_damaged_chunk(place: Place) -> None:
    path = next((place.data / "snapshots").glob("*.chunk"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(OperatorError, match="chunk 0 of block 3 is damaged"):
        verified(place)
