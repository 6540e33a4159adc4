"""Votes of one kind in one round: power counted once per validator and block, equivocation kept within bounds.

A validator that signs for two blocks is counted for each of them, as in the paper, where every message is heard: otherwise it
could hide a quorum from one node by showing it another vote first. It is counted once where any vote will do. Of its votes
two are kept: the first, and of the others the one whose block most others voted for; so it cannot fill memory, and as
votes are sent again the one that matters finds its place.
"""

from __future__ import annotations

from enum import Enum

from gridnode.chain.vote import Vote
from gridnode.primitives.ids import Address, Hash


class Added(Enum):
    """What became of a vote."""

    NEW = "new"
    KNOWN = "known"  # the same vote was here
    CONFLICT = "conflict"  # the validator's first contradiction in this step: evidence
    REPLACED = "replaced"  # took the place of another contradiction
    IGNORED = "ignored"  # a further contradiction that nobody shares


class Tally:
    """Counts the votes of one kind in one round."""

    __slots__ = ("_quorum_power", "_votes", "power", "power_of", "quorum")

    def __init__(self, quorum_power: int) -> None:
        self._quorum_power = quorum_power
        self._votes: dict[Address, list[Vote]] = {}
        self.power = 0  # of validators with any vote
        self.power_of: dict[Hash, int] = {}  # by block, nil included
        self.quorum: Hash | None = None  # the block (empty: nil) that more than 2/3 of the power voted for

    @property
    def any_quorum(self) -> bool:
        """Whether more than 2/3 of the power has voted, for whatever."""
        return self.power >= self._quorum_power

    def add(self, vote: Vote, power: int) -> Added:
        """Count a vote of a validator with this power."""
        held = self._votes.setdefault(vote.validator, [])
        if any(known.block_hash == vote.block_hash for known in held):
            return Added.KNOWN
        if not held:
            self.power += power
            added = Added.NEW
        elif len(held) == 1:
            added = Added.CONFLICT
        elif self.power_of.get(vote.block_hash, 0) > self.power_of[held[1].block_hash] - power:
            self._discount(held.pop(), power)
            added = Added.REPLACED
        else:
            return Added.IGNORED
        held.append(vote)
        counted = self.power_of.get(vote.block_hash, 0) + power
        self.power_of[vote.block_hash] = counted
        if counted >= self._quorum_power and self.quorum is None:
            self.quorum = vote.block_hash
        return added

    def remove(self, validator: Address, power: int) -> None:
        """Forget a validator's votes."""
        held = self._votes.pop(validator, [])
        if held:
            self.power -= power
        for vote in held:
            self._discount(vote, power)

    def _discount(self, vote: Vote, power: int) -> None:
        self.power_of[vote.block_hash] -= power

    def first_of(self, validator: Address) -> Vote | None:
        """A validator's first vote, or None."""
        held = self._votes.get(validator)
        return held[0] if held else None

    def votes(self, block_hash: Hash | None = None) -> list[Vote]:
        """All votes kept, in order of arrival by validator; with `block_hash`, those for it."""
        held = [vote for votes in self._votes.values() for vote in votes]
        return held if block_hash is None else [vote for vote in held if vote.block_hash == block_hash]
