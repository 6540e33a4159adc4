"""How far a node prunes: never what replay protection, the newest blocks or a joiner needs; and it goes on working."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from gridnode.node.pruner import Pruner
from gridnode.node.snapshot_rows import write_snapshot
from gridnode.primitives.errors import OperatorError
from gridnode.storage.leveldb import Batch
from gridnode.storage.snapshots import SnapshotStore
from tests.growing_store import GrowingStore, disk_bytes, growing

STEP_MS = 60_000
"""Ten blocks are what replay protection needs."""


def snapshot(chain: GrowingStore, snapshots: SnapshotStore) -> None:
    """Of the newest block."""
    frozen = chain.store.freeze()
    with frozen.rows:
        write_snapshot(frozen, snapshots)


@pytest.mark.parametrize(
    ("keep", "step_ms", "expected"), [(15, STEP_MS, 26), (5, STEP_MS, 30), (5, 1_000, 1), (100, STEP_MS, 1)]
)
def test_the_horizon_without_snapshots(tmp_path: Path, keep: int, step_ms: int, expected: int) -> None:
    """The newest `keep`, and all that may hold a valid transaction: ten at a minute each, and the one before them."""
    with growing(tmp_path / "chain") as chain:
        chain.grow(40, 1, step_ms)
        assert Pruner(chain.store, SnapshotStore(tmp_path / "s"), keep, False).horizon() == expected


def test_snapshots_hold_blocks(tmp_path: Path) -> None:
    """None yet: nothing goes. Then everything up to the oldest one that is kept."""
    snapshots = SnapshotStore(tmp_path / "snapshots")
    with growing(tmp_path / "chain") as chain:
        pruner = Pruner(chain.store, snapshots, 1, True)
        assert pruner.horizon() == 1
        chain.grow(20, 1, STEP_MS)
        assert pruner.horizon() == 1
        snapshot(chain, snapshots)
        chain.grow(20, 1, STEP_MS)
        assert pruner.horizon() == 21
        snapshot(chain, snapshots)
        assert pruner.horizon() == 21
        assert Pruner(chain.store, snapshots, 1, False).horizon() == 30  # they are made no more
        snapshots.keep(1)
        assert pruner.horizon() == 30


def test_it_prunes_while_blocks_come_and_the_store_opens_again(tmp_path: Path) -> None:
    """A restarted node still knows what was committed; the disk is freed on the way."""
    with growing(tmp_path / "chain") as chain:
        pruner = Pruner(chain.store, SnapshotStore(tmp_path / "s"), 1, False, compact_bytes=1)
        sizes = []
        for _ in range(5):
            chain.grow(10, 20, STEP_MS)
            trio.run(pruner.prune)
            chain.store.compact()
            sizes.append(disk_bytes(chain.folder))
        assert chain.store.first_height == chain.store.height - 10
        last = chain.store.tip_hash
    with growing(tmp_path / "chain") as again:
        assert again.store.tip_hash == last
        again.grow(1)
    assert sizes[-1] < 2 * sizes[1]


def test_a_disk_that_refuses_is_no_reason_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is logged, and the next block tries again."""
    original, calls = Batch.commit, [0]

    def refusing(batch: Batch) -> None:
        calls[0] += 1
        if calls[0] <= 1:
            raise OperatorError("cannot write to the database: No space left on device")
        original(batch)

    with growing(tmp_path / "chain") as chain:
        chain.grow(30, 1, STEP_MS)
        pruner = Pruner(chain.store, SnapshotStore(tmp_path / "s"), 1, False)
        monkeypatch.setattr(Batch, "commit", refusing)

        async def run() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(pruner.run)
                with trio.fail_after(60):
                    while chain.store.first_height < 20:
                        pruner.stored()
                        await trio.sleep(0.01)
                nursery.cancel_scope.cancel()

        trio.run(run)
        assert chain.store.first_height == 20
        assert chain.store.final_block(20) is not None
