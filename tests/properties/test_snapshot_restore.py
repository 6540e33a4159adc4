"""Random blocks, a snapshot anywhere: the restored node has the same rows and root and goes on with the same blocks."""

from __future__ import annotations

import tempfile
from pathlib import Path

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from gridnode.chain.transaction import VerifiedTransaction, decode_transaction
from gridnode.execution.named import accounts_named
from gridnode.mempool.pool import Pool
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.open_store import open_store
from gridnode.node.restore import restore_into
from gridnode.node.snapshot_rows import write_snapshot
from gridnode.storage.leveldb import Column
from gridnode.storage.snapshots import SnapshotStore
from tests.growing_store import GrowingStore, follow, growing, rows_of

Plan = list[tuple[int, int]]
"""For each block: transactions, and ms after the one before; up to more than MAX_VALIDITY_MS."""

plans = st.lists(st.tuples(st.integers(0, 5), st.sampled_from([1, 500, 60_000, 250_000, 700_000])), min_size=2, max_size=9)


def restored(chain: GrowingStore, folder: Path) -> LedgerStore:
    """A node that begins from a snapshot of where the chain stands."""
    snapshots = SnapshotStore(folder / "snapshots")
    frozen = chain.store.freeze()
    with frozen.rows:
        manifest = write_snapshot(frozen, snapshots)
    chunks = [snapshots.chunk(manifest.height, index) or b"" for index in range(len(manifest.chunks))]
    restore_into(folder / "restored", manifest, chunks, frozen.light, accounts_named)
    return open_store(folder / "restored", chain.genesis)


@given(plan=plans, data=st.data(), seed=st.integers(0, 2**16))
@settings(max_examples=12, deadline=None)
def test_a_restored_node_is_as_good_as_one_that_replayed_all(plan: Plan, data: st.DataObject, seed: int) -> None:
    """Rows, root, every later block, and what it would build itself."""
    cut = data.draw(st.integers(1, len(plan) - 1), "height of the snapshot")
    with tempfile.TemporaryDirectory() as name, growing(Path(name) / "chain", seed=seed) as chain:
        for transactions, after_ms in plan[:cut]:
            chain.block(transactions, after_ms)
        store = restored(chain, Path(name))
        try:
            for column in (Column.STATE, Column.PAGES):
                assert rows_of(store, column) == rows_of(chain.store, column)
            for transactions, after_ms in plan[cut:]:
                chain.block(transactions, after_ms)
                final = chain.store.final_block(chain.store.height)
                assert final is not None
                own = tuple(VerifiedTransaction(decode_transaction(raw)) for raw in final.block.transactions)
                follow(store, final, own)
                assert (store.tip_hash, store.state_root) == (chain.store.tip_hash, chain.store.state_root)
            assert built(store) == built(chain.store)
        finally:
            store.close()


def built(store: LedgerStore) -> bytes:
    """State root of the empty block that a node would make next."""

    async def build() -> bytes:
        header = store.header
        assert header is not None
        executed = await store.build(Pool(), header.time_ms + 1_000, store.validators.members[0].address)
        return executed.block.header.state_root

    return trio.run(build)
