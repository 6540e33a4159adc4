"""Makes snapshots at an interval, beside everything else: what is stored at that height is held fast at once, and written in a thread.

One is written at a time; a height that comes due meanwhile is passed over. A disk that refuses is logged and costs the
snapshot, not the node.
"""

from __future__ import annotations

import time
from typing import Final

import trio

from gridnode.node.ledger_store import Frozen, LedgerStore
from gridnode.node.log import Log
from gridnode.node.snapshot_rows import write_snapshot
from gridnode.primitives.errors import OperatorError
from gridnode.storage.snapshots import SnapshotStore

BREATH_S: Final = 0.01
"""Between two chunks the thread lets the interpreter to the others: a snapshot may take longer, a vote must not."""
_log = Log("snapshots")


class SnapshotKeeper:
    """The snapshots of a running node."""

    def __init__(self, store: LedgerStore, snapshots: SnapshotStore, interval: int, kept: int) -> None:
        """`interval` in blocks, 0 for no new ones; the newest `kept` stay."""
        self._store = store
        self._snapshots = snapshots
        self._interval = interval
        self._kept = kept
        self._due: Frozen | None = None
        self._is_writing = False
        self._wake = trio.Event()

    def stored(self) -> None:
        """A block was stored, and nothing has been stored since."""
        height = self._store.height
        if not self._interval or height % self._interval:
            return
        if self._due is not None or self._is_writing:
            _log.warning("a snapshot is passed over, the one before is still being written", height=height)
            return
        self._due = self._store.freeze()
        self._wake.set()

    async def run(self) -> None:
        """Write what is due, until cancelled. What a cancelled one has written is swept at the next start."""
        try:
            while True:
                await self._wake.wait()
                self._wake = trio.Event()
                due, self._due = self._due, None
                if due is None:
                    continue
                self._is_writing = True
                try:
                    await trio.to_thread.run_sync(self._write, due)
                finally:
                    self._is_writing = False
        finally:
            if self._due is not None:
                self._due.rows.close()

    def _write(self, frozen: Frozen) -> None:
        """In a thread of its own."""
        height = frozen.light.header.height
        started = time.monotonic()
        try:
            with frozen.rows:
                manifest = write_snapshot(frozen, self._snapshots, _breathe)
            self._snapshots.keep(self._kept)
        except OperatorError as error:
            _log.error("no snapshot", height=height, reason=str(error))
        except OSError as error:
            _log.error("old snapshots cannot be removed", height=height, reason=str(error))
        else:
            took_ms = round(1000 * (time.monotonic() - started))
            _log.info("snapshot", height=height, rows=manifest.rows, bytes=manifest.bytes, took_ms=took_ms)


def _breathe() -> None:
    trio.from_thread.check_cancelled()
    time.sleep(BREATH_S)
