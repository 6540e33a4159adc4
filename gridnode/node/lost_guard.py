"""A validator whose sign guard is gone while the chain shows that its key has signed: it only listens until it cannot sign anything twice.

Who loses the data directory, or moves without it, gets the chain back from others but not the record of what was signed
last. That may be a vote at the very height that is under way now. The chain itself tells such a validator from a new one:
its signature stands in one of the last LOOK_BACK commits. Then nothing is signed until a block is final whose time lies
behind the start of this process by more than clocks may differ: what comes after it was begun in this life, and the old one
can have signed nothing of it.

The rule costs a few blocks where a quorum is there without this validator. Where it is not, the chain stands until another
one is back, or until the operator puts the guard's file back: two votes of one validator are worse.
"""

from __future__ import annotations

from typing import Final

from gridnode.node.ledger_store import LedgerStore
from gridnode.node.log import Log
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_CLOCK_DRIFT_MS

LOOK_BACK: Final = 64
"""Commits looked through: a validator that signed in none of them was not about to sign the next block."""
_log = Log("consensus")


class LostGuard:
    """Whether a validator must listen, in one life of a node."""

    def __init__(self, store: LedgerStore, me: Address, now_ms: int) -> None:
        """Asked when the node takes part for the first time, with an empty guard; `now_ms` is its clock, unix ms."""
        self._store = store
        self._safe_after_ms = now_ms + MAX_CLOCK_DRIFT_MS
        self._is_lost = has_signed_lately(store, me)
        if self._is_lost:
            _log.error("the record of what this key signed is lost", height=store.next_height, listens_until_ms=self._safe_after_ms)

    def may_sign(self) -> bool:
        """Whether the next height may be signed."""
        header = self._store.header
        if self._is_lost and header is not None and header.time_ms > self._safe_after_ms:
            self._is_lost = False
            _log.info("signing again", height=self._store.next_height)
        return not self._is_lost


def has_signed_lately(store: LedgerStore, me: Address) -> bool:
    """Whether one of the last LOOK_BACK commits has a signature of this validator."""
    for height in range(store.height, max(0, store.height - LOOK_BACK), -1):
        light = store.light_block(height)
        if light is None:
            return False
        for member, signature in zip(light.validators.members, light.commit.signatures, strict=True):
            if member.address == me and signature:
                return True
    return False
