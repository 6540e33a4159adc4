"""What committing to the state costs: per changed row and per block of 1,000, in a tree of 10,000 and of 1,000,000 rows in LevelDB.

    python -m bench.commitment [--folder DIR] [--rows N ...] [--blocks N]

One JSON object on stdout. Times are microseconds of processor time for each changed row, so that other work on the machine counts
little; `block_ms` is wall time:

    base_us        reading the row before it is changed, and the overlay: what execution pays in any case
    update_us      the trees' update: hashing, and reading the tree rows it needs, from the cache or from LevelDB
    batch_us       writing rows and tree rows in one synced LevelDB batch, and taking the update over
    commitment_us  update and batch together
    background_us  LevelDB's own thread, which merges what was written; it does not hold up the node's
    rows_read      tree rows read from LevelDB for each changed row, those from the cache not counted
    bytes          bytes of tree rows written for each changed row

Keys are drawn evenly, so no block finds the rows of the one before. `growth_percent` compares the largest tree with the smallest: of
base and commitment of a row, and of a transaction of `transaction_us` in all at the smallest that changes three rows.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter, process_time, thread_time

from gridnode.state.commitment import Commitment
from gridnode.state.overlay import State
from gridnode.state.prefixes import TOKEN
from gridnode.storage.leveldb import Column, Database, View

BLOCK_ROWS = 1_000
FILL_ROWS = 5_000
WARM_BLOCKS = 30
TRANSACTION_US = 200
TRANSACTION_ROWS = 3


class CountingPages:
    """Tree rows of a database; counts how many are read."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.reads = 0

    def get(self, key: bytes) -> bytes | None:
        """The row of a name, or None."""
        self.reads += 1
        return self._view.get(key)

    def scan(self, start: bytes, stop: bytes, reverse: bool = False) -> Iterator[tuple[bytes, bytes]]:
        """Rows in order; not counted."""
        return self._view.scan(start, stop, reverse)


def row_key(number: int) -> bytes:
    """Key of a row like a balance's: prefix, 20 bytes, a short number."""
    return bytes([TOKEN, 1]) + number.to_bytes(20, "little") + b"\x01"


def commit(
    database: Database, commitment: Commitment, writes: dict[bytes, bytes | None]
) -> tuple[float, float, int]:
    """Commit one block's writes; returns seconds of the update, seconds of the batch, bytes of tree rows."""
    start = thread_time()
    update = commitment.update(writes)
    updated = thread_time()
    batch = database.batch()
    batch.apply(Column.STATE, writes)
    batch.apply(Column.PAGES, update.pages)
    batch.commit()
    commitment.commit(update)
    size = sum(len(name) + len(row or b"") for name, row in update.pages.items())
    return updated - start, thread_time() - updated, size


def block_writes(database: Database, numbers: list[int], chance: random.Random) -> dict[bytes, bytes | None]:
    """Writes of a block that reads and changes these rows."""
    state = State(database.view(Column.STATE))
    for number in numbers:
        key = row_key(number)
        state.get(key)
        state.put(key, chance.randbytes(9))
    return state.writes()


def measure(folder: Path, rows: int, blocks: int) -> dict[str, float]:
    """Figures of a tree of `rows` rows, averaged over `blocks` blocks after some that warm it up."""
    chance = random.Random(rows)
    database = Database(folder, bytes(32))
    pages = CountingPages(database.view(Column.PAGES))
    commitment = Commitment(pages)
    start = perf_counter()
    for first in range(0, rows, FILL_ROWS):
        numbers = range(first, min(first + FILL_ROWS, rows))
        commit(database, commitment, {row_key(number): chance.randbytes(9) for number in numbers})
    filled = perf_counter() - start
    sums: list[float] = []
    walls: list[float] = []
    others = 0.0
    for block in range(-WARM_BLOCKS, blocks):
        drawn = chance.sample(range(rows), BLOCK_ROWS)
        if block <= 0:  # what warms it up does not count
            pages.reads, sums, walls = 0, [0.0, 0.0, 0.0, 0.0], []
            others = process_time() - thread_time()
        wall, start = perf_counter(), thread_time()
        writes = block_writes(database, drawn, chance)
        base = thread_time() - start
        sums = [
            total + part
            for total, part in zip(sums, (base, *commit(database, commitment, writes)), strict=True)
        ]
        walls.append((perf_counter() - wall) * 1e3)
    others = process_time() - thread_time() - others
    disk = database.size_bytes()
    database.close()
    base, update, batch, size = (total / blocks / BLOCK_ROWS for total in sums)
    return {
        "rows": rows,
        "fill_seconds": round(filled, 2),
        "base_us": round(base * 1e6, 2),
        "update_us": round(update * 1e6, 2),
        "batch_us": round(batch * 1e6, 2),
        "commitment_us": round((update + batch) * 1e6, 2),
        "background_us": round(others / blocks / BLOCK_ROWS * 1e6, 2),
        "block_ms_median": round(median(walls), 2),
        "block_ms_worst": round(max(walls), 2),
        "rows_read": round(pages.reads / blocks / BLOCK_ROWS, 3),
        "bytes": round(size),
        "disk_mb": round(disk / 1e6, 1),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="cost of the state commitment")
    parser.add_argument(
        "--folder", type=Path, default=None, help="where the databases are made; a temporary folder"
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--blocks", type=int, default=150)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        sizes = [measure(Path(folder) / str(rows), rows, options.blocks) for rows in sorted(options.rows)]
    small, large = sizes[0], sizes[-1]
    row = [one["base_us"] + one["commitment_us"] for one in (small, large)]
    growth = {
        "row": round(100 * (row[1] / row[0] - 1), 1),
        "transaction": round(100 * TRANSACTION_ROWS * (row[1] - row[0]) / TRANSACTION_US, 1),
    }
    result = {
        "block_rows": BLOCK_ROWS,
        "transaction_us": TRANSACTION_US,
        "sizes": sizes,
        "growth_percent": growth,
    }
    json.dump(result, sys.stdout, indent=2)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
