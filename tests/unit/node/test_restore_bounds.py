"""What a restore holds in memory is bounded by bytes, whatever a lying snapshot has in its rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gridnode.execution.named import accounts_named
from gridnode.node.restore import _Making, restore_into
from gridnode.primitives.errors import Malformed
from gridnode.storage.leveldb import Batch, Column
from gridnode.sync.row_stream import Row
from tests.unit.node.made_snapshot import Made, restored


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """One for all tests here, which do not change it."""
    world = Made(tmp_path_factory.mktemp("made"))
    yield world
    world.chain.close()


@pytest.mark.parametrize(
    ("limit", "bytes_", "expected"),
    [
        ("MAX_PAST_BLOCKS", 3, "expected at most 3 headers"),
        ("MAX_HEADER_BYTES", 100, "headers of 100 bytes"),
        ("MAX_BLOCK_BYTES", 300, "expected at most 300 bytes of transactions"),
    ],
)
def test_rows_that_are_held_are_bounded(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, bytes_: int, expected: str
) -> None:
    """A row may be long, and a lie is found out late: what is held until then has a bound."""
    monkeypatch.setattr(f"gridnode.storage.past_blocks.{limit}", bytes_)
    with pytest.raises(Malformed, match=expected):
        restore_into(tmp_path / "chain", made.manifest, made.chunks(), made.anchor, accounts_named)


def test_rows_are_written_when_their_bytes_are_many(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few long rows are no better than many short ones: of a snapshot, no more than so many bytes wait in memory."""
    bound, waiting, most = 4_000, [0, 0], [0, 0]
    monkeypatch.setattr("gridnode.node.restore.RESTORE_BATCH_BYTES", bound)
    commit, take = Batch.commit, _Making.take

    def counted(making: _Making, row: Row) -> None:
        kind = int(row.column == Column.BLOCKS)
        waiting[kind] += len(row.key) + len(row.value)
        most[kind] = max(most[kind], waiting[kind])
        take(making, row)

    def written(batch: Batch) -> None:
        commit(batch)
        waiting[:] = [0, 0]

    monkeypatch.setattr(_Making, "take", counted)
    monkeypatch.setattr(Batch, "commit", written)
    store = restored(made, tmp_path / "chain")
    longest = max(len(row.key) + len(row.value) for row in made.rows())
    assert all(0 < one < bound + longest for one in most)
    assert store.state_root == made.anchor.header.state_root
    store.close()
