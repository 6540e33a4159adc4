"""Prunes a running node: what has fallen below the horizon goes, in small steps in a thread; now and then the disk is freed.

The horizon is the lowest block that somebody may still need whole:
    the newest `keep_blocks`;
    the blocks that may hold a transaction that is still valid, from which a restarted node learns what was committed;
    where snapshots are made, the blocks above the oldest that is kept: who begins from it asks for them. While there is none, nothing is
    pruned. Those that were made before the operator ended it are replaced by none, and hold nothing.
Evidence needs none of them: what it is checked with are headers, commits and validators, which stay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import trio

from gridnode.chain.block import Header
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.log import Log
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.limits import MAX_VALIDITY_MS
from gridnode.storage.snapshots import SnapshotStore

COMPACT_BYTES: Final = 64 * 1024 * 1024
"""So much must have been removed before the disk is freed: each time reads and writes what the ranges still hold."""
_log = Log("pruning")


class Window:
    """The lowest block that replay protection needs; only ever goes up, so each header is read once."""

    def __init__(self, header_at: Callable[[int], Header | None], first: int) -> None:
        """Begins to look at the block `first`."""
        self._header_at = header_at
        self._lowest = first

    def lowest(self, tip: Header) -> int:
        """Height of the newest block that is MAX_VALIDITY_MS older than `tip`, or of the first one."""
        while self._lowest < tip.height:
            following = self._header_at(self._lowest + 1)
            if following is None or following.time_ms + MAX_VALIDITY_MS > tip.time_ms:
                break
            self._lowest += 1
        return self._lowest


class Pruner:
    """Removes old blocks of a running node."""

    def __init__(
        self,
        store: LedgerStore,
        snapshots: SnapshotStore,
        keep_blocks: int,
        makes_snapshots: bool,
        compact_bytes: int = COMPACT_BYTES,
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._keep_blocks = keep_blocks
        self._makes_snapshots = makes_snapshots
        self._compact_bytes = compact_bytes
        self._pruning = store.pruning()
        self._window = Window(store.block_header, store.first_height)
        self._wake = trio.Event()

    def stored(self) -> None:
        """A block was stored."""
        self._wake.set()

    def horizon(self) -> int:
        """Lowest block that must stay whole."""
        tip, heights = self._store.header, self._snapshots.heights()
        if tip is None or (self._makes_snapshots and not heights):
            return 1
        bounds = [tip.height - self._keep_blocks + 1, self._window.lowest(tip)]
        if self._makes_snapshots:
            bounds.append(heights[-1] + 1)
        return max(1, min(bounds))

    async def run(self) -> None:
        """Prune until cancelled. A disk that refuses is logged; the next block tries again."""
        while True:
            await self._wake.wait()
            self._wake = trio.Event()
            try:
                await self.prune()
            except OperatorError as error:
                _log.error("cannot prune", reason=str(error))

    async def prune(self) -> None:
        """Remove all that is below the horizon now, and free the disk when it is worth it. Raises OperatorError."""
        self._store.settle()
        horizon = self.horizon()
        while await trio.to_thread.run_sync(self._pruning.step, horizon):
            pass
        if self._pruning.uncompacted_bytes >= max(self._compact_bytes, self._store.size_bytes() // 4):
            before = self._store.size_bytes()
            await trio.to_thread.run_sync(self._pruning.compact)
            _log.info("disk freed", first=self._store.first_height, before=before, after=self._store.size_bytes())
