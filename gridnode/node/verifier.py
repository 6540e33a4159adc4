"""Signature checks in worker threads, once per node and transaction.

libsodium releases the interpreter lock while it verifies, so a few threads check signatures on other cores while the node's loop goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

import trio

from gridnode.chain.transaction import SignatureCheck, Transaction, VerifiedTransaction
from gridnode.crypto.keys import verify
from gridnode.execution.admission import signature_checks

THREADS = 2
INLINE = 2  # so few checks cost less than the way to a thread and back


class Verifier:
    """Checks all signatures of transactions: the sender's and those of devices inside."""

    def __init__(self) -> None:
        self._threads = trio.CapacityLimiter(THREADS)
        self.checked = 0

    async def verified(self, transactions: Sequence[Transaction]) -> list[VerifiedTransaction | None]:
        """For each transaction, itself when every signature in it is valid, else None; in order.

        Raises Rejected for a message that no module knows, Malformed for one that is not of its form.
        """
        checks = [signature_checks(transaction) for transaction in transactions]
        count = sum(map(len, checks))
        self.checked += count
        if count <= INLINE:
            verdicts = _verdicts(checks)
        else:
            verdicts = await trio.to_thread.run_sync(_verdicts, checks, limiter=self._threads)
        return [
            VerifiedTransaction(transaction) if valid else None
            for transaction, valid in zip(transactions, verdicts, strict=True)
        ]


def _verdicts(checks: Sequence[Sequence[SignatureCheck]]) -> list[bool]:
    return [all(verify(*check) for check in group) for group in checks]
