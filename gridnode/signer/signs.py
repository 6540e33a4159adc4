"""What a node asks of whoever holds its consensus key, and the answer of a key in the node's own process."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from gridnode.chain.vote import Proposal, Vote, VoteKind
from gridnode.primitives.ids import Address, Hash, PublicKey
from gridnode.primitives.units import Height, Round
from gridnode.storage.sign_guard import LastSigned, LeaseWish, Refused, SignGuard


class Away(NamedTuple):
    """No answer: the signer cannot be reached. The same wish may be asked again; a guard that has granted it remembers."""

    reason: str  # for the log


class Signs(Protocol):
    """A consensus key behind its guard, here or in another process. It decides what it signs; the node only wishes.

    Nothing comes back that the key has not signed, and nothing is signed before the guard's record is on disk.
    """

    @property
    def address(self) -> Address:
        """The validator's."""
        ...

    @property
    def public_key(self) -> PublicKey:
        """The consensus key's."""
        ...

    @property
    def is_here(self) -> bool:
        """Whether it answers, as far as is known."""
        ...

    @property
    def last(self) -> LastSigned | None:
        """What was signed last, as far as is known; None when nothing ever was."""
        ...

    async def sign_vote(self, kind: VoteKind, height: Height, round_: Round, block_hash: Hash) -> Vote | Refused | Away:
        """The vote, signed; or why not. Raises OperatorError when this process's own disk fails."""
        ...

    async def sign_proposal(
        self, height: Height, round_: Round, valid_round: Round, block_hash: Hash
    ) -> Proposal | Refused | Away:
        """The proposal, signed; or why not. Raises OperatorError when this process's own disk fails."""
        ...

    async def raise_to(self, height: Height) -> Refused | Away | None:
        """Sign nothing of `height` and below any more; None when that is for good. Raises OperatorError as above."""
        ...

    async def take_lease(self, wish: LeaseWish) -> bytes | Refused | Away:
        """The transaction that takes the validator's signing lease, signed; or why not."""
        ...


class OwnKey:
    """A key in this process, behind its guard."""

    is_here = True

    def __init__(self, guard: SignGuard) -> None:
        self._guard = guard

    @property
    def address(self) -> Address:
        """The validator's."""
        return self._guard.address

    @property
    def public_key(self) -> PublicKey:
        """The consensus key's."""
        return self._guard.public_key

    @property
    def last(self) -> LastSigned | None:
        """What was signed last."""
        return self._guard.last

    async def sign_vote(self, kind: VoteKind, height: Height, round_: Round, block_hash: Hash) -> Vote | Refused:
        """The vote, signed; or why not."""
        return self._guard.sign_vote(kind, height, round_, block_hash)

    async def sign_proposal(
        self, height: Height, round_: Round, valid_round: Round, block_hash: Hash
    ) -> Proposal | Refused:
        """The proposal, signed; or why not."""
        return self._guard.sign_proposal(height, round_, valid_round, block_hash)

    async def raise_to(self, height: Height) -> Refused | None:
        """Sign nothing of `height` and below any more."""
        return self._guard.raise_to(height)

    async def take_lease(self, wish: LeaseWish) -> bytes:
        """The transaction that takes the signing lease."""
        return self._guard.take_lease(wish)
