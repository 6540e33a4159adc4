"""Replay protection: the ids that were committed and have not yet expired.

A transaction names how long it is valid, so an id need be remembered only that long. A restarted node rebuilds the set from the
blocks of the last MAX_VALIDITY_MS of chain time: none before them holds a transaction that is still valid.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from gridnode.chain.block import Block
from gridnode.chain.transaction import decode_transaction
from gridnode.primitives.ids import TransactionId
from gridnode.primitives.limits import MAX_VALIDITY_MS


class RecentIds:
    """Ids of committed transactions by the time at which they expire."""

    def __init__(self) -> None:
        self._expiry: dict[TransactionId, int] = {}
        self._blocks: deque[tuple[int, list[TransactionId]]] = deque()  # (last expiry in the block, its ids)

    def __contains__(self, transaction_id: TransactionId) -> bool:
        """Whether this id was committed and may still be replayed."""
        return transaction_id in self._expiry

    def __len__(self) -> int:
        """Number of ids remembered."""
        return len(self._expiry)

    def add_block(self, time_ms: int, committed: Iterable[tuple[TransactionId, int]]) -> None:
        """Remember a block's (id, valid_until_ms) pairs; forget blocks all of whose ids have expired at `time_ms`."""
        entries = list(committed)
        if entries:
            self._expiry.update(entries)
            self._blocks.append((max(until for _, until in entries), [name for name, _ in entries]))
        while self._blocks and self._blocks[0][0] <= time_ms:
            for transaction_id in self._blocks.popleft()[1]:
                self._expiry.pop(transaction_id, None)


def recent_ids_from(newest_first: Iterable[Block]) -> RecentIds:
    """The set after the newest of these blocks; reads on only as far back as an id may still be valid."""
    needed: list[Block] = []
    for block in newest_first:
        if needed and block.header.time_ms + MAX_VALIDITY_MS <= needed[0].header.time_ms:
            break
        needed.append(block)
    recent = RecentIds()
    for block in reversed(needed):
        transactions = [decode_transaction(raw) for raw in block.transactions]
        recent.add_block(
            block.header.time_ms, [(transaction.id, transaction.body.valid_until_ms) for transaction in transactions]
        )
    return recent
