"""How transactions come in, from clients and from peers alike: form, room, signatures, fee; then pool and gossip.

Cheap checks come first. What a client sends is answered one by one, in order; what a peer sends and does not hold lowers that
peer's score, unless an honest peer may well send it (already known, expired meanwhile, pool full).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gridnode.chain.receipt import ChainCode
from gridnode.chain.transaction import Transaction, VerifiedTransaction, decode_transaction, transaction_id
from gridnode.execution.admission import check_form
from gridnode.mempool.outbox import Outbox
from gridnode.mempool.pool import Pool
from gridnode.node.candidates import Checks
from gridnode.node.ledger_store import LedgerStore
from gridnode.primitives.errors import Malformed, Rejected
from gridnode.primitives.ids import TransactionId


class Submitted(NamedTuple):
    """What became of one submitted transaction: its id when it could be decoded, and the rejection, or None when it waits in the pool."""

    id: TransactionId | None
    rejected: Rejected | None


class Intake:
    """The one door to the pool."""

    def __init__(
        self,
        store: LedgerStore,
        pool: Pool,
        outbox: Outbox,
        verifier: Checks,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._pool = pool
        self._outbox = outbox
        self._verifier = verifier
        self._wake = wake  # work has arrived
        self.accepted = 0
        self.rejected: dict[str, int] = {}

    async def submit(self, raws: Sequence[bytes]) -> list[Submitted]:
        """Take in what a client signed, and tell the peers; each stands or falls alone. Answers come in the order of `raws`."""
        results = await self._take(raws)
        for raw, result in zip(raws, results, strict=True):
            if result.rejected is None:
                self._outbox.add(raw)
            else:
                name = result.rejected.code.name
                self.rejected[name] = self.rejected.get(name, 0) + 1
        return results

    async def hear(self, raws: Sequence[bytes]) -> list[Submitted]:
        """Take in what a peer gossips, as `submit` does; whoever submitted it has told all nodes, so nobody is told again."""
        return await self._take(raws)

    async def _take(self, raws: Sequence[bytes]) -> list[Submitted]:
        results: list[Submitted | None] = [None] * len(raws)
        fit: list[tuple[int, Transaction]] = []
        for index, raw in enumerate(raws):
            known = transaction_id(raw)
            if known in self._pool:  # what peers repeat costs a hash
                results[index] = Submitted(known, Rejected(ChainCode.DUPLICATE, "expected a new transaction, this one is already waiting"))
                continue
            try:
                transaction = decode_transaction(raw)
            except Malformed as error:
                results[index] = Submitted(None, Rejected(ChainCode.MALFORMED, str(error)))
                continue
            try:
                self._precheck(transaction)
            except Rejected as rejection:
                results[index] = Submitted(transaction.id, rejection)
            else:
                fit.append((index, transaction))
        verdicts = await self._verifier.verified([transaction for _, transaction in fit])
        for (index, transaction), verdict in zip(fit, verdicts, strict=True):
            results[index] = self._admit(transaction, verdict)
        if self._pool:
            self._wake()
        return [result for result in results if result is not None]

    def _precheck(self, transaction: Transaction) -> None:
        self._pool.check_room(transaction.id, transaction.sender, len(transaction.raw))
        check_form(transaction, self._store.chain_id)
        self._store.check_standing(transaction)

    def _admit(self, transaction: Transaction, verdict: VerifiedTransaction | None) -> Submitted:
        try:
            if verdict is None:
                raise Rejected(ChainCode.BAD_SIGNATURE, "expected valid signatures of the sender and of every device")
            self._store.check_standing(transaction)  # a block may have been committed meanwhile
            self._pool.add(verdict)
        except Rejected as rejection:
            return Submitted(transaction.id, rejection)
        self.accepted += 1
        return Submitted(transaction.id, None)
