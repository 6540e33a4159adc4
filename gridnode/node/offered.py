"""The snapshots of a running node, as peers fetch them: chunks are read and hashed in a thread, a disk may be slow and votes may not."""

from __future__ import annotations

import trio

from gridnode.node.log import Log
from gridnode.storage.snapshots import SnapshotStore
from gridnode.sync.snapshots import SnapshotsRequest

_log = Log("snapshots")


class OfferedSnapshots:
    """Answers to peers."""

    def __init__(self, snapshots: SnapshotStore) -> None:
        self._snapshots = snapshots

    def answer(self, request: SnapshotsRequest) -> bytes:
        """Encoded answer to a peer that asks which there are."""
        return self._snapshots.answer(request)

    async def chunk(self, height: int, index: int) -> bytes | None:
        """A chunk, whole; None when it is not there. Cancelled, it is read to its end all the same."""
        chunk = await trio.to_thread.run_sync(self._snapshots.chunk, height, index)
        while self._snapshots.damaged:
            _log.error("a snapshot is damaged and removed", reason=self._snapshots.damaged.pop(0))
        return chunk
