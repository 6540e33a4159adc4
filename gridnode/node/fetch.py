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
from gridnode.primitives.limits import (
    MAX_BLOCK_BYTES,
    MAX_FETCH_BYTES,
    MAX_HOLDERS_ASKED,
    MAX_PARTS_PER_HOLDER,
    MAX_TRANSACTION_BYTES,
)
from gridnode.primitives.offences import Offence
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
        self._is_checking = False
        self._unchecked: dict[TransactionId, bytes] = {}
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
        """Ask for part after part, of the first holder that may be asked.

        True when all is there and checked, or when nothing more will help.
        """
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
            except (InvariantBroken, OperatorError) as failure:
                self._failure = failure
            except GridnodeError:  # the peer cannot be asked now
                parts.failed(holder, part)
            else:
                is_full = sum(map(len, came.values())) > MAX_FETCH_BYTES - MAX_TRANSACTION_BYTES
                parts.answered(holder, part, came, is_full)
                self._unchecked |= {wanted: raw for wanted, raw in came.items() if wanted not in self.found}
                await self._check_all(room_bytes)
        return self._failure is not None or not (self._unchecked or self._is_checking)

    async def _check_all(self, room_bytes: int) -> None:
        """Check what came, unless another job is at it: it then takes this too. Checks at the same time only fight over the interpreter."""
        if self._is_checking:
            return
        self._is_checking = True
        try:
            while self._unchecked and self._failure is None:
                some, self._unchecked = self._unchecked, {}
                checked = await self._check(list(some.values()))
                self.found |= {transaction.id: transaction for transaction in checked}
                if sum(len(transaction.raw) for transaction in self.found.values()) > room_bytes:
                    raise Rejected(ChainCode.MALFORMED, f"expected at most {MAX_BLOCK_BYTES} bytes of transactions")
        except Rejected as failure:
            self._failure = failure
        finally:
            self._is_checking = False

    async def _part(self, holder: bytes, part: Sequence[TransactionId]) -> dict[TransactionId, bytes]:
        """What a holder brings of a part. Raises PeerFault for what was not asked for."""
        request = encode(TransactionsRequest(tuple(part)))
        payload = await self._peers.request(holder, RequestKind.TRANSACTIONS, request, FETCH_TIMEOUT_MS)
        try:
            raws = decode(TransactionsAnswer, payload).transactions
        except Malformed as error:
            raise PeerFault.of(Offence.BAD_MESSAGE, f"transactions: {error}") from None
        asked = dict.fromkeys(part)
        found = {transaction_id(raw): raw for raw in raws}
        if any(one not in asked for one in found):
            raise PeerFault.of(Offence.OTHER_TRANSACTIONS)
        return found
