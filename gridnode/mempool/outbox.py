"""What is to be gossiped: transactions packed into messages of bounded size, in order of arrival.

A gossip message costs about the same whatever its size, so transactions wait a few milliseconds for company. The caller decides
when to flush.
"""

from __future__ import annotations

from typing import Annotated

from gridnode.codec.fields import Bytes, ListOf
from gridnode.codec.records import encode, record
from gridnode.primitives.limits import (
    MAX_GOSSIP_BYTES,
    MAX_GOSSIP_TRANSACTIONS,
    MAX_OUTBOX_BYTES,
    MAX_TRANSACTION_BYTES,
)


@record
class TransactionBatch:
    """Signed transactions travelling together."""

    transactions: Annotated[
        tuple[bytes, ...], ListOf(Bytes(1, MAX_TRANSACTION_BYTES), MAX_GOSSIP_TRANSACTIONS, 1)
    ]


class Outbox:
    """Transactions to tell others about. When it is full the newest are not queued: peers fetch them by id when a block names them."""

    def __init__(self, max_bytes: int = MAX_OUTBOX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._waiting: list[bytes] = []
        self._bytes = 0

    def __len__(self) -> int:
        """Number of transactions that wait to be sent."""
        return len(self._waiting)

    def add(self, raw: bytes) -> None:
        """Queue a transaction's bytes."""
        if self._bytes + len(raw) <= self._max_bytes:
            self._waiting.append(raw)
            self._bytes += len(raw)

    def flush(self) -> list[bytes]:
        """Encoded `TransactionBatch` messages with everything that waited; the outbox is empty then."""
        messages: list[bytes] = []
        batch: list[bytes] = []
        size = 0
        for raw in self._waiting:
            if batch and (size + len(raw) > MAX_GOSSIP_BYTES or len(batch) == MAX_GOSSIP_TRANSACTIONS):
                messages.append(encode(TransactionBatch(tuple(batch))))
                batch, size = [], 0
            batch.append(raw)
            size += len(raw)
        if batch:
            messages.append(encode(TransactionBatch(tuple(batch))))
        self._waiting, self._bytes = [], 0
        return messages
