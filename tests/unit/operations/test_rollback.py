"""rollback: the node stands where it stood one block before, in every row; the block comes back; the guard holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridnode.chain.genesis import genesis_hash
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import BALANCES, Denomination
from gridnode.operations.import_blocks import import_blocks
from gridnode.operations.place import Place
from gridnode.operations.rollback import rollback
from gridnode.operations.verify import Wish, verify_place
from gridnode.primitives.errors import InvariantBroken, OperatorError
from gridnode.primitives.limits import MAX_UNDO_BLOCKS
from gridnode.primitives.units import Amount
from gridnode.storage.leveldb import Batch, Column, Database
from tests.chain_in_memory import account
from tests.unit.node.peers_in_memory import GrownChain
from tests.unit.operations.chains import change, data_of, opened

BLOCKS = 7
BOB = BALANCES.key(account("bob"), Denomination.THB)
_UNDO = b"undo/"


def quiet(_done: int, _last: int) -> None:
    """Nobody looks."""


def rows(place: Place) -> dict[tuple[Column, bytes], bytes]:
    """Every row of every column, undo rows left out: fewer of them are there behind a block that was taken back."""
    database = Database(place.chain, genesis_hash(place.genesis))
    try:
        return {
            (column, key): value
            for column in Column
            for key, value in database.view(column).scan(b"", b"\xff")
            if not key.startswith(_UNDO)
        }
    finally:
        database.close()


def test_every_row_is_as_it_was(tmp_path: Path) -> None:
    """Blocks, index, totals, state, trees: compared with a node that never had the block."""
    place = data_of(tmp_path / "a", BLOCKS)
    for height in range(BLOCKS, BLOCKS - MAX_UNDO_BLOCKS, -1):
        done = rollback(place)
        assert done.height == height
        shorter = data_of(tmp_path / f"b{height}", height - 1)
        assert rows(place) == rows(shorter)
        with opened(place.data) as store:
            assert (store.height, store.state_root) == (height - 1, done.state_root)
        assert verify_place(place, Wish(), quiet).difference is None
    with pytest.raises(OperatorError, match=f"only that of the newest {MAX_UNDO_BLOCKS} blocks"):
        rollback(place)


def test_back_to_genesis(tmp_path: Path) -> None:
    place = data_of(tmp_path / "a", 2)
    assert [rollback(place).height, rollback(place).height] == [2, 1]
    assert rows(place) == rows(data_of(tmp_path / "b", 0))
    with pytest.raises(OperatorError, match="stands at genesis"):
        rollback(place)


def test_the_block_comes_back_from_its_file_and_by_the_chain(tmp_path: Path) -> None:
    place = data_of(tmp_path / "a", BLOCKS)
    before = rows(place)
    done = rollback(place)
    assert import_blocks(place, done.file, quiet).height == BLOCKS
    assert rows(place) == before
    rollback(place)
    data_of(place.data, BLOCKS)
    assert rows(place) == before


def test_rows_that_a_block_made_and_many_changes(tmp_path: Path) -> None:
    """An account that nobody had used is gone again; blocks of several transactions."""
    chain = GrownChain(2)
    for _ in range(3):
        gift = Transfer(account("dave"), Denomination.THB, Amount(10))
        both = (chain.memory.transaction("alice", gift), chain.memory.transaction("bob", gift))
        chain.executed.append(chain.memory.block(*both))
    place = data_of(tmp_path / "a", 5, chain)
    dave = (Column.STATE, BALANCES.key(account("dave"), Denomination.THB))
    assert dave in rows(place)
    for height in (5, 4, 3):
        assert rollback(place).height == height
        assert rows(place) == rows(data_of(tmp_path / f"b{height}", height - 1, chain))
    assert dave not in rows(place)


def test_a_crash_before_the_batch_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it is one batch: either it is written or nothing is; then it is done again."""
    place = data_of(tmp_path / "a", BLOCKS)
    before = rows(place)

    class Died(Exception):
        """The machine went down."""

    def dies(_batch: Batch) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(Batch, "commit", dies)
        with pytest.raises(Died):
            rollback(place)
    assert rows(place) == before
    assert rollback(place).height == BLOCKS


def test_undo_rows_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """The state they give must have the root that the header below names."""
    place = data_of(tmp_path / "a", BLOCKS)
    newest = _UNDO + BLOCKS.to_bytes(8, "big") + bytes(4)
    database = Database(place.chain, genesis_hash(place.genesis))
    undo = database.view(Column.META).get(newest)
    database.close()
    assert undo is not None
    at = undo.index(BOB) + len(BOB) + 4  # inside the balance that stands behind the key
    change(place, Column.META, lambda key, _: key == newest, undo[:at] + bytes([undo[at] ^ 1]) + undo[at + 1 :])
    before = rows(place)
    with pytest.raises(OperatorError, match="would have root"):
        rollback(place)
    change(place, Column.META, lambda key, _: key == newest, b"\xc1")
    with pytest.raises(InvariantBroken, match="does not decode"):
        rollback(place)
    assert rows(place) == before


def test_a_running_node_is_refused(tmp_path: Path) -> None:
    place = data_of(tmp_path / "a", 1)
    with opened(place.data), pytest.raises(OperatorError, match="in use by"):
        rollback(place)


def test_the_file_of_an_attempt_before_is_written_anew(tmp_path: Path) -> None:
    place = data_of(tmp_path / "a", BLOCKS)
    (place.data / f"rolled-back-{BLOCKS}.grid").write_bytes(b"of before")
    assert import_blocks(place, rollback(place).file, quiet).stored == 1
