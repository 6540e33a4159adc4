"""The missing transactions of one block, fetched in parts from several holders at once; `gridnode.sync.parts` says what is asked of whom.

Everything that comes is checked: only what was asked for, by id, and every signature. A transaction's id is the hash of its signed bytes: a
part that is right is right whoever brought it; one with a wrong signature makes the block invalid, as its maker signed for that id. The
bytes of all parts together are bounded by the largest block: a proposal that names more is invalid, and is not fetched to its end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from gridnode.chain.receipt import ChainCode
from gridnode.chain.transaction import VerifiedTransaction, transaction_id
from gridnode.codec.records import decode, encode
from gridnode.node.wire import RequestKind
from gridnode.primitives.errors import (
    GridnodeError,
    InvariantBroken,
    Malformed,
    OperatorError,
    PeerFault,
    Rejected,
)
from gridnode.primitives.ids import TransactionId
from gridnode.primitives.limits import MAX_BLOCK_BYTES, MAX_HOLDERS_ASKED, MAX_PARTS_PER_HOLDER
from gridnode.sync.messages import TransactionsAnswer, TransactionsRequest
from gridnode.sync.parts import Parts

if TYPE_CHECKING:
    from gridnode.node.candidates import Asks

FETCH_TIMEOUT_MS: Final = 3_000

Job = Callable[[], Awaitable[bool]]
"""Something to be done beside others; True: nothing of the others is needed any more."""
SideBySide = Callable[[Sequence[Job]], Awaitable[None]]
"""Runs jobs at the same time, until all have ended or one says True; the others are then abandoned, wherever they wait."""
Check = Callable[[Sequence[bytes]], Awaitable[list[VerifiedTransaction]]]


async def one_after_another(jobs: Sequence[Job]) -> None:
    """`SideBySide` for those who have no tasks: each job when the one before has ended."""
    for job in jobs:
        if await job():
            return


class Fetch:
    """What is known of one block's transactions; kept between attempts, so that nothing is fetched twice."""

    def __init__(self, peers: Asks, check: Check) -> None:
        self._peers = peers
        self._check = check
        self._failure: Exception | None = None
        self._has_asked = False
        self.found: dict[TransactionId, VerifiedTransaction] = {}

    async def run(
        self, missing: Sequence[TransactionId], holders: Sequence[bytes], room_bytes: int, side_by_side: SideBySide
    ) -> None:
        """Fetch what is `missing` and not found yet, as far as it can be had; see `found`.

        holders     peers that should have it, the likeliest first; the first MAX_HOLDERS_ASKED of those left are asked at a time
        room_bytes  how much of it a block can hold

        Raises Rejected when it can never be valid: a wrong signature, or more bytes than a block may have.
        """
        for first in range(0, len(holders), MAX_HOLDERS_ASKED):
            some = list(holders[first : first + MAX_HOLDERS_ASKED])
            at_once = len(some) * MAX_PARTS_PER_HOLDER
            parts = Parts([wanted for wanted in missing if wanted not in self.found], at_once)
            self._has_asked = True
            while self._has_asked and not parts.is_whole:  # what one failed to bring, another may be asked for by now
                self._has_asked = False
                turns = [some[start:] + some[:start] for start in range(len(some))]
                await side_by_side([partial(self._ask, parts, turns[number % len(some)], room_bytes) for number in range(at_once)])
                if self._failure is not None:
                    failure, self._failure = self._failure, None
                    raise failure

    async def _ask(self, parts: Parts, holders: Sequence[bytes], room_bytes: int) -> bool:
        """Ask for part after part, of the first holder that may be asked. True when nothing is missing, or nothing more will help."""
        while self._failure is None and not parts.is_whole:
            asks = ((holder, parts.next_part(holder)) for holder in holders)
            holder, part = next((ask for ask in asks if ask[1]), (b"", ()))
            if not part:
                return False
            self._has_asked = True
            try:
                came = await self._part(holder, part)
            except PeerFault as fault:
                parts.failed(holder, part)
                self._peers.report(holder, fault)
            except (InvariantBroken, OperatorError, Rejected) as failure:
                self._failure = failure
            except GridnodeError:  # the peer cannot be asked now
                parts.failed(holder, part)
            else:
                parts.answered(holder, part, [transaction.id for transaction in came])
                self.found |= {transaction.id: transaction for transaction in came}
                if sum(len(transaction.raw) for transaction in self.found.values()) > room_bytes:
                    self._failure = Rejected(ChainCode.MALFORMED, f"expected at most {MAX_BLOCK_BYTES} bytes of transactions")
        return True

    async def _part(self, holder: bytes, part: Sequence[TransactionId]) -> list[VerifiedTransaction]:
        request = encode(TransactionsRequest(tuple(part)))
        payload = await self._peers.request(holder, RequestKind.TRANSACTIONS, request, FETCH_TIMEOUT_MS)
        try:
            raws = decode(TransactionsAnswer, payload).transactions
        except Malformed as error:
            raise PeerFault(f"malformed transactions: {error}") from None
        asked = dict.fromkeys(part)
        if any(transaction_id(raw) not in asked for raw in raws):
            raise PeerFault("expected only transactions that were asked for", 100)
        return await self._check(raws)
