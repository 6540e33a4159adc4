"""What is held of the headers before a snapshot until the last one proves them."""

from __future__ import annotations

from typing import NamedTuple

from gridnode.chain.block import Header


class Named(NamedTuple):
    """What a header names: all that the rows of its block are compared with."""

    last_commit_hash: bytes  # of the commit that its block carries; 32 bytes, as all hashes
    evidence_root: bytes  # of the evidence that it carries
    receipts_root: bytes  # of what came of its transactions and hooks
    transactions_root: bytes  # of its transactions' ids
    validators_hash: bytes  # of who voted on it
    transaction_count: int  # how many transactions it has


class PastHeaders:
    """The headers that were taken, without gaps; as 164 bytes each, for there may be many, of any length, before one proves them."""

    def __init__(self) -> None:
        self.newest: Header | None = None
        self._first = 0
        self._packed: list[bytes] = []

    def __len__(self) -> int:
        return len(self._packed)

    @property
    def first(self) -> int:
        """Height of the lowest."""
        return self._first

    def add(self, header: Header) -> None:
        """The next one, or the first."""
        if self.newest is None:
            self._first = header.height
        self.newest = header
        hashes = header.last_commit_hash, header.evidence_root, header.receipts_root, header.transactions_root, header.validators_hash
        self._packed.append(b"".join(hashes) + header.transaction_count.to_bytes(4, "big"))

    def get(self, height: int) -> Named | None:
        """What the header at a height names, or None."""
        index = height - self._first
        if not 0 <= index < len(self._packed):
            return None
        packed = self._packed[index]
        commit, evidence, receipts, transactions, voters = (packed[start : start + 32] for start in range(0, 160, 32))
        return Named(commit, evidence, receipts, transactions, voters, int.from_bytes(packed[160:], "big"))

    def with_transactions(self) -> int:
        """How many of their blocks have some."""
        return sum(1 for packed in self._packed if packed[160:] != bytes(4))
