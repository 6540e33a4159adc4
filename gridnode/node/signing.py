"""A performer's way to its key: what consensus wishes to be signed, in order, and once more when the signer was away.

A wish that got no answer waits here. Nothing of it is lost: a height in which a quorum needs this node's vote would stand still otherwise,
for consensus wishes each vote once. Wishes of a height that is over are dropped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from gridnode.chain.vote import Proposal, Vote
from gridnode.consensus import effects as fx
from gridnode.node.log import Log
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_WISHES
from gridnode.signer.signs import Away, Signs
from gridnode.storage.sign_guard import Refused

_log = Log("consensus")


class Signing:
    """Wishes on their way to a key."""

    def __init__(self, signer: Signs | None) -> None:
        self._signer = signer
        self._wishes: dict[fx.SignVote | fx.SignProposal, None] = {}

    @property
    def address(self) -> Address:
        """The validator's. Raises InvariantBroken in a node without a key."""
        return self._key().address

    @property
    def waiting(self) -> int:
        """Wishes that no signer has answered yet."""
        return len(self._wishes)

    def wish(self, wish: fx.SignVote | fx.SignProposal) -> None:
        """Something shall be signed."""
        self._wishes[wish] = None
        while len(self._wishes) > MAX_WISHES:
            del self._wishes[next(iter(self._wishes))]

    async def signed(self, height: int) -> AsyncIterator[Vote | Proposal]:
        """What the key signs of the wishes of `height`, in their order, until all are answered or the signer is away."""
        while self._wishes:
            wish = next(iter(self._wishes))
            made = await self._ask(wish) if wish.height == height else None
            if isinstance(made, Away):
                _log.warning("not signed, the signer is away", height=wish.height, round=wish.round, reason=made.reason)
                return
            self._wishes.pop(wish, None)
            if isinstance(made, Refused):
                _log.error("the sign guard refuses", reason=made.reason)
            elif made is not None:
                yield made

    def forget(self) -> None:
        """Nothing of what waits shall be signed any more."""
        self._wishes.clear()

    async def _ask(self, wish: fx.SignVote | fx.SignProposal) -> Vote | Proposal | Refused | Away:
        key = self._key()
        if isinstance(wish, fx.SignVote):
            return await key.sign_vote(wish.kind, wish.height, wish.round, wish.block_hash)
        return await key.sign_proposal(wish.height, wish.round, wish.valid_round, wish.block_hash)

    def _key(self) -> Signs:
        if self._signer is None:
            raise InvariantBroken("consensus-key", "consensus asked a node without a key to sign")
        return self._signer
