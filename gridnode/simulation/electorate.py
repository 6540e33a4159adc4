"""Who votes and who proposes at each height, as the blocks below it say: what all checkers judge by."""

from __future__ import annotations

from typing import NamedTuple

from gridnode.chain.genesis import Genesis
from gridnode.chain.validators import ValidatorSet
from gridnode.execution.executed import Executed
from gridnode.execution.genesis import opening_writes
from gridnode.modules.validators.rules import current_set, proposers
from gridnode.primitives.ids import Address
from gridnode.state.kv import MemoryReader


class Electorate(NamedTuple):
    """The set of a height."""

    validators: ValidatorSet
    proposers: tuple[Address, ...]  # round r has the r-th, modulo their number

    def power_of(self, voters: dict[Address, None]) -> int:
        """Power of those voters that are members."""
        return sum(member.power for member in self.validators.members if member.address in voters)

    def proposer(self, round_: int) -> Address:
        """Whose turn a round is."""
        return self.proposers[round_ % len(self.proposers)]


class Electorates:
    """The sets of all heights so far."""

    def __init__(self, genesis: Genesis) -> None:
        opening = MemoryReader()
        opening.apply(opening_writes(genesis))
        self._first = Electorate(current_set(opening), proposers(opening))
        self._next: dict[int, Electorate] = {}

    def add(self, executed: Executed) -> None:
        """A block is final: who votes on the one above it is known."""
        self._next[executed.block.header.height] = Electorate(executed.validators, executed.proposers)

    def knows(self, height: int) -> bool:
        """Whether the block below this height is final."""
        return height == 1 or height - 1 in self._next

    def at(self, height: int) -> Electorate:
        """The set of a height; of one that is not known, the set of the highest below it."""
        found = self._next.get(height - 1)
        if found is not None or height <= 1 or not self._next:
            return found or self._first
        below = [known for known in self._next if known < height]
        return self._next[max(below)] if below else self._first
