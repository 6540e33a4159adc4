"""All that was ever said in a simulation, and whether what an honest validator says is justified by it.

Nobody in the network knows this much. A vote is checked against what exists, not against what its author has heard, so the check is
never stricter than Algorithm 1.
"""

from __future__ import annotations

from gridnode.chain.vote import Proposal, Vote, VoteKind
from gridnode.primitives.ids import Address, Hash
from gridnode.simulation.electorate import Electorates


class Speech:
    """Messages by what they are about."""

    def __init__(self, electorates: Electorates) -> None:
        self._electorates = electorates
        self._said: dict[Proposal | Vote, None] = {}
        self._proposed: dict[tuple[int, int, Hash], dict[tuple[int, Address], None]] = {}
        self._prevoters: dict[tuple[int, int, Hash], dict[Address, None]] = {}
        self._signed: dict[tuple[Address, int, int, int], Hash] = {}
        self._locks: dict[tuple[Address, int], tuple[int, Hash]] = {}

    def hear(self, said: Proposal | Vote) -> bool:
        """Remember a message. Whether it is new."""
        if said in self._said:
            return False
        self._said[said] = None
        at = (said.height, said.round, said.block_hash)
        if isinstance(said, Proposal):
            self._proposed.setdefault(at, {})[said.valid_round, said.proposer] = None
        elif said.kind is VoteKind.PREVOTE:
            self._prevoters.setdefault(at, {})[said.validator] = None
        return True

    def judge(self, said: Proposal | Vote) -> tuple[str, str] | None:
        """The promise that a new message of an honest validator breaks, and how; None when it is in order."""
        if isinstance(said, Proposal):
            return self._once(said.proposer, said, 0)
        if said.kind is VoteKind.PREVOTE:
            return self._once(said.validator, said, 1) or self._prevote(said)
        return self._once(said.validator, said, 2) or self._precommit(said)

    def _once(self, author: Address, said: Proposal | Vote, step: int) -> tuple[str, str] | None:
        other = self._signed.setdefault((author, said.height, said.round, step), said.block_hash)
        if other == said.block_hash:
            return None
        return "signing", f"signs two things in one step of height {said.height} round {said.round}"

    def _prevote(self, vote: Vote) -> tuple[str, str] | None:
        if not vote.block_hash:
            return None
        proposer = self._electorates.at(vote.height).proposer(vote.round)
        proposed = self._proposed.get((vote.height, vote.round, vote.block_hash), {})
        valid_rounds = [valid_round for valid_round, author in proposed if author == proposer]
        if not valid_rounds:
            return "justification", f"prevotes at height {vote.height} round {vote.round} what its proposer has not proposed"
        if not any(round_ < 0 or self._polka(vote, round_) for round_ in valid_rounds):
            return "justification", f"prevotes at height {vote.height} round {vote.round} for a polka that is not"
        lock_round, lock_hash = self._locks.get((vote.validator, vote.height), (-1, vote.block_hash))
        if lock_hash != vote.block_hash and not any(
            self._polka(vote, round_) for round_ in range(lock_round, vote.round)
        ):
            return "locks", f"prevotes at height {vote.height} round {vote.round} against its precommit of round {lock_round}"
        return None

    def _precommit(self, vote: Vote) -> tuple[str, str] | None:
        if not vote.block_hash:
            return None
        self._locks[vote.validator, vote.height] = (vote.round, vote.block_hash)
        if not self._polka(vote, vote.round):
            return "justification", f"precommits at height {vote.height} round {vote.round} without a polka"
        return None

    def _polka(self, vote: Vote, round_: int) -> bool:
        voters = self._prevoters.get((vote.height, round_, vote.block_hash), {})
        electorate = self._electorates.at(vote.height)
        return electorate.validators.is_quorum(electorate.power_of(voters))
