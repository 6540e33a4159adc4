"""The pool: accepted transactions by id, by sender in order of arrival, and by expiry."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush

from gridnode.chain.receipt import ChainCode
from gridnode.chain.transaction import VerifiedTransaction
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address, TransactionId
from gridnode.primitives.limits import MAX_POOL_BYTES, MAX_POOL_PER_SENDER, MAX_POOL_TRANSACTIONS


class Pool:
    """Waiting transactions; see the chapter for its rules."""

    def __init__(
        self,
        max_transactions: int = MAX_POOL_TRANSACTIONS,
        max_bytes: int = MAX_POOL_BYTES,
        max_per_sender: int = MAX_POOL_PER_SENDER,
    ) -> None:
        self.max_transactions = max_transactions
        self.max_bytes = max_bytes
        self.max_per_sender = max_per_sender
        self.bytes = 0
        self._by_id: dict[TransactionId, VerifiedTransaction] = {}
        self._by_sender: dict[Address, deque[VerifiedTransaction]] = {}
        self._waiting: dict[Address, int] = {}
        self._expiry: list[tuple[int, TransactionId]] = []

    def __len__(self) -> int:
        """Number of waiting transactions."""
        return len(self._by_id)

    def __contains__(self, transaction_id: TransactionId) -> bool:
        """Whether this transaction waits here."""
        return transaction_id in self._by_id

    def get(self, transaction_id: TransactionId) -> VerifiedTransaction | None:
        """The waiting transaction with this id, or None."""
        return self._by_id.get(transaction_id)

    def check_room(self, transaction_id: TransactionId, sender: Address, size: int) -> None:
        """Whether a transaction of `size` bytes would be accepted; cheap, so it comes before the signature check.

        Raises Rejected with DUPLICATE, POOL_FULL or SENDER_LIMIT.
        """
        if transaction_id in self._by_id:
            raise Rejected(ChainCode.DUPLICATE, "expected a new transaction, this one is already waiting")
        if len(self._by_id) >= self.max_transactions or self.bytes + size > self.max_bytes:
            raise Rejected(ChainCode.POOL_FULL, f"the pool holds {len(self._by_id)} transactions; send it again later")
        if self._waiting.get(sender, 0) >= self.max_per_sender:
            raise Rejected(ChainCode.SENDER_LIMIT, f"expected at most {self.max_per_sender} waiting transactions a sender")

    def add(self, transaction: VerifiedTransaction) -> None:
        """Accept a transaction. Raises Rejected as `check_room` does; then nothing has changed."""
        self.check_room(transaction.id, transaction.sender, len(transaction.raw))
        self._by_id[transaction.id] = transaction
        self._by_sender.setdefault(transaction.sender, deque()).append(transaction)
        self._waiting[transaction.sender] = self._waiting.get(transaction.sender, 0) + 1
        self.bytes += len(transaction.raw)
        heappush(self._expiry, (transaction.body.valid_until_ms, transaction.id))

    def candidates(self, max_count: int, max_bytes: int) -> list[VerifiedTransaction]:
        """Transactions for a block, at most so many and so large in sum; they stay in the pool.

        Senders take turns, one transaction each, in the order in which they first had one waiting; a sender's own come in order of arrival.
        """
        chosen: list[VerifiedTransaction] = []
        size = 0
        turns = deque(iter(queue) for queue in self._by_sender.values())
        while turns and len(chosen) < max_count:
            queue = turns.popleft()
            transaction = self._next_waiting(queue)
            if transaction is None:
                continue
            if size + len(transaction.raw) > max_bytes:
                break
            chosen.append(transaction)
            size += len(transaction.raw)
            turns.append(queue)
        return chosen

    def _next_waiting(self, queue: Iterable[VerifiedTransaction]) -> VerifiedTransaction | None:
        for transaction in queue:
            if transaction.id in self._by_id:
                return transaction
        return None

    def remove(self, ids: Iterable[TransactionId]) -> None:
        """Forget transactions that were committed or found unfit; unknown ids are passed over."""
        touched: dict[Address, None] = {}
        for transaction_id in ids:
            transaction = self._by_id.pop(transaction_id, None)
            if transaction is not None:
                self.bytes -= len(transaction.raw)
                self._waiting[transaction.sender] -= 1
                touched[transaction.sender] = None
        for sender in touched:
            self._trim(sender)

    def _trim(self, sender: Address) -> None:
        """Drop the removed from a sender's queue: from its head at once, from its middle when they outnumber the living."""
        queue = self._by_sender[sender]
        while queue and queue[0].id not in self._by_id:
            queue.popleft()
        if not self._waiting[sender]:
            del self._by_sender[sender], self._waiting[sender]
        elif len(queue) > 2 * self._waiting[sender]:
            self._by_sender[sender] = deque(item for item in queue if item.id in self._by_id)

    def expire(self, time_ms: int) -> list[TransactionId]:
        """Forget what is no longer valid at chain time `time_ms`; returns the ids that waited in vain."""
        gone: list[TransactionId] = []
        while self._expiry and self._expiry[0][0] <= time_ms:
            _, transaction_id = heappop(self._expiry)
            if transaction_id in self._by_id:
                gone.append(transaction_id)
        self.remove(gone)
        return gone
