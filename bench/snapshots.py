"""What a snapshot costs: made of a state of many rows, restored and verified; and what pruning and compaction give back.

    python -m bench.snapshots [--rows N] [--blocks N] [--transactions N]

One JSON object on stdout; seconds are wall time:

    rows, bytes, chunks    of the snapshot
    create_s, create_mb_s  from the frozen database to durable files, without the pauses of a running node
    restore_s              from the files to a durable database: rows, trees, root, blocks before it
    restore_mb_s           bytes of the snapshot for each second of it
    database_mb            of the restored node, after it is merged
    archive_mb, pruned_mb  database of a chain of so many blocks: whole, and with all but the newest ten pruned and the disk freed
    prune_s, compact_s     time that took, of the threads that do it
    left_bytes_a_block     what a pruned block still takes: header, commit, hash
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import trio

from gridnode.chain.genesis import genesis_hash
from gridnode.codec.records import encode
from gridnode.execution.named import accounts_named
from gridnode.mempool.pool import Pool
from gridnode.modules.token.messages import Transfer
from gridnode.modules.token.tables import BALANCES, Denomination
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.open_store import open_store
from gridnode.node.restore import restore_into
from gridnode.node.snapshot_rows import write_snapshot
from gridnode.primitives.ids import Address, Hash
from gridnode.state.commitment import Commitment
from gridnode.state.overlay import State
from gridnode.storage.leveldb import Column, Database
from gridnode.storage.snapshots import SnapshotStore
from tests.chain_in_memory import THB, MemoryChain, account, genesis
from tests.unit.node.peers_in_memory import commit_of

MB = 1_000_000
FILL_ROWS = 20_000


def grown(folder: Path, rows: int, blocks: int, transactions: int) -> LedgerStore:
    """A chain with so many balances beside those of its genesis, and so many blocks of transfers."""
    start = genesis()
    open_store(folder, start).close()
    fill(folder, genesis_hash(start), rows)
    store, author = open_store(folder, start), MemoryChain(start)

    async def block() -> None:
        header, pool = store.header, Pool()
        now_ms = (start.time_ms if header is None else header.time_ms) + 60_000
        author.ledger.tip = author.ledger.tip._replace(time_ms=now_ms - 60_000)
        for _ in range(transactions):
            pool.add(author.transaction("alice", Transfer(account("bob"), Denomination.THB, 1)))
        executed = await store.build(pool, now_ms, store.validators.members[0].address)
        store.commit(executed, commit_of(store.next_height, executed.block_hash))

    for _ in range(blocks):
        trio.run(block)
    return store


def fill(folder: Path, chain: Hash, rows: int) -> None:
    """Put balances into the state of genesis."""
    chance, database = random.Random(1), Database(folder, chain)
    tree = Commitment(database.view(Column.PAGES))
    for first in range(0, rows, FILL_ROWS):
        state = State(database.view(Column.STATE))
        for _ in range(first, min(rows, first + FILL_ROWS)):
            BALANCES.put(state, Address(chance.randbytes(20)), Denomination.THB, THB)
        writes = state.writes()
        update, batch = tree.update(writes), database.batch()
        batch.apply(Column.STATE, writes)
        batch.apply(Column.PAGES, update.pages)
        batch.commit()
        tree.commit(update)
    database.close()


def measure(rows: int, blocks: int, transactions: int) -> dict[str, Any]:
    """All figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = grown(folder / "chain", rows, blocks, transactions)
        snapshots, frozen = SnapshotStore(folder / "snapshots"), store.freeze()
        started = perf_counter()
        with frozen.rows:
            manifest = write_snapshot(frozen, snapshots)
        create_s = perf_counter() - started
        started = perf_counter()
        chunks = (snapshots.chunk(manifest.height, index) or b"" for index in range(len(manifest.chunks)))
        restore_into(folder / "restored", manifest, chunks, frozen.light, accounts_named)
        restore_s = perf_counter() - started
        restored = open_store(folder / "restored", store.genesis)
        assert restored.state_root == store.state_root
        restored.compact()
        database = _bytes(folder / "restored")
        restored.close()
        figures = {
            "rows": manifest.rows,
            "bytes": manifest.bytes,
            "chunks": len(manifest.chunks),
            "create_s": round(create_s, 2),
            "create_mb_s": round(manifest.bytes / MB / create_s, 1),
            "restore_s": round(restore_s, 2),
            "restore_mb_s": round(manifest.bytes / MB / restore_s, 1),
            "database_mb": round(database / MB, 1),
        }
        figures |= _pruned(store, folder / "chain")
        store.close()
    return figures


def _pruned(store: LedgerStore, folder: Path) -> dict[str, Any]:
    store.compact()
    archive, horizon, pruning = _bytes(folder), max(1, int(store.height) - 10), store.pruning()
    started = perf_counter()
    while pruning.step(horizon):
        pass
    prune_s = perf_counter() - started
    removed = pruning.uncompacted_bytes
    started = perf_counter()
    pruning.compact()
    compact_s = perf_counter() - started
    light = store.light_block(1)
    assert light is not None
    return {
        "archive_mb": round(archive / MB, 2),
        "pruned_mb": round(_bytes(folder) / MB, 2),
        "removed_mb": round(removed / MB, 2),
        "prune_s": round(prune_s, 2),
        "compact_s": round(compact_s, 2),
        "left_bytes_a_block": len(encode(light.header)) + len(encode(light.commit)) + 3 * 9 + 42,
    }


def _bytes(folder: Path) -> int:
    return sum(entry.stat().st_size for entry in os.scandir(folder))


def main() -> None:
    """Measure as the arguments say and print the figures."""
    parser = argparse.ArgumentParser(description="Snapshots and pruning.")
    parser.add_argument("--rows", type=int, default=100_000, help="balances in the state")
    parser.add_argument("--blocks", type=int, default=200, help="blocks of transfers")
    parser.add_argument("--transactions", type=int, default=100, help="transfers in a block")
    asked = parser.parse_args()
    json.dump(measure(asked.rows, asked.blocks, asked.transactions), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
