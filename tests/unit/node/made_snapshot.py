"""A chain and a snapshot of it, and the store of a node that begins from that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gridnode.execution.named import accounts_named
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.open_store import open_store
from gridnode.node.restore import restore_into
from gridnode.node.snapshot_rows import write_snapshot
from gridnode.storage.snapshots import SnapshotStore
from gridnode.sync.row_stream import Row, RowReader
from tests.growing_store import GrowingStore

STEP_MS = 60_000
"""Between two blocks: MAX_VALIDITY_MS is ten of them."""
HEIGHT = 15
FIRST = 5
"""The newest block of HEIGHT - 10 and below is too old to hold a valid transaction."""


class Made:
    """A chain at HEIGHT and its snapshot; the chain has gone on since."""

    def __init__(self, folder: Path) -> None:
        self.chain = GrowingStore(folder / "chain")
        self.chain.grow(HEIGHT, after_ms=STEP_MS)
        self.snapshots = SnapshotStore(folder / "snapshots")
        frozen = self.chain.store.freeze()
        self.chain.block()  # what comes later is not in it
        with frozen.rows:
            self.manifest = write_snapshot(frozen, self.snapshots)
        self.anchor = frozen.light

    def chunks(self) -> Iterator[bytes]:
        """As they are on the disk."""
        for index in range(len(self.manifest.chunks)):
            chunk = self.snapshots.chunk(HEIGHT, index)
            assert chunk is not None
            yield chunk

    def rows(self) -> list[Row]:
        """All rows of it."""
        reader = RowReader()
        return [row for chunk in self.chunks() for row in reader.feed(chunk)]


def restored(made: Made, folder: Path) -> LedgerStore:
    """The store of a node that begins from the snapshot."""
    restore_into(folder, made.manifest, made.chunks(), made.anchor, accounts_named)
    return open_store(folder, made.chain.genesis)
