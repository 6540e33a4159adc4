"""The vote keeper of one height: which thresholds of Algorithm 1 are reached in which round. Counts outside the machine.

Bounds: of rounds ahead of ours, a validator's messages are kept in its latest MAX_FUTURE_ROUNDS only (an honest one needs one:
where it is). Of rounds behind us, MAX_KEPT_ROUNDS, those with a polka for a block last to go, because a later proposal may name them.
"""

from __future__ import annotations

from typing import NamedTuple

from gridnode.chain.commit import Commit
from gridnode.chain.validators import ValidatorSet
from gridnode.chain.vote import Vote, VoteKind
from gridnode.consensus.tally import Added, Tally
from gridnode.primitives.ids import Address, Hash, Signature
from gridnode.primitives.limits import MAX_FUTURE_ROUNDS, MAX_KEPT_ROUNDS
from gridnode.primitives.units import Height, Round


class Heard(NamedTuple):
    """What became of a vote."""

    counted: bool  # it is new and changed a count
    contradicts: Vote | None = None  # an earlier vote of its validator that it contradicts, told once


class _RoundVotes:
    """Both tallies of a round, and whose messages of it were heard."""

    __slots__ = ("precommits", "prevotes", "senders")

    def __init__(self, quorum_power: int) -> None:
        self.prevotes = Tally(quorum_power)
        self.precommits = Tally(quorum_power)
        self.senders: dict[Address, int] = {}

    def of(self, kind: VoteKind) -> Tally:
        return self.prevotes if kind is VoteKind.PREVOTE else self.precommits

    def forget(self, sender: Address, power: int) -> None:
        self.senders.pop(sender, None)
        self.prevotes.remove(sender, power)
        self.precommits.remove(sender, power)


class VoteKeeper:
    """Counts the votes of one height. Votes come with checked signatures; those of non-members are not counted."""

    def __init__(self, validators: ValidatorSet) -> None:
        self._validators = validators
        self._power: dict[Address, int] = {member.address: member.power for member in validators.members}
        total = validators.total_power
        self.quorum_power = 2 * total // 3 + 1  # least power above 2/3: the paper's 2f + 1
        self.skip_power = total // 3 + 1  # least power above 1/3: the paper's f + 1
        self._rounds: dict[Round, _RoundVotes] = {}
        self._future: dict[Address, list[Round]] = {}
        self.committed: tuple[Round, Hash] | None = None  # the first quorum of precommits for a block

    def add(self, vote: Vote, current: Round) -> Heard:
        """Count a vote while the machine is in round `current`."""
        power = self._power.get(vote.validator)
        votes = self._admit(vote.validator, vote.round, current) if power is not None else None
        if votes is None or power is None:
            return Heard(False)
        tally = votes.of(vote.kind)
        first = tally.first_of(vote.validator)
        added = tally.add(vote, power)
        votes.senders[vote.validator] = power
        if vote.kind is VoteKind.PRECOMMIT and tally.quorum and self.committed is None:
            self.committed = (vote.round, tally.quorum)
        conflict = first if added is Added.CONFLICT else None
        return Heard(added in (Added.NEW, Added.CONFLICT, Added.REPLACED), conflict)

    def hear_proposal(self, proposer: Address, round_: Round, current: Round) -> bool:
        """Count a proposal as a message of its round (line 55). False when the round is out of bounds."""
        votes = self._admit(proposer, round_, current) if proposer in self._power else None
        if votes is None:
            return False
        votes.senders[proposer] = self._power[proposer]
        return True

    def _admit(self, sender: Address, round_: Round, current: Round) -> _RoundVotes | None:
        """The votes of a round, made if need be; None when a message of `sender` for it is out of bounds."""
        if round_ > current and not self._admit_future(sender, round_, current):
            return None
        votes = self._rounds.get(round_)
        if votes is None:
            if round_ < current and sum(known < current for known in self._rounds) >= MAX_KEPT_ROUNDS:
                return None
            votes = self._rounds[round_] = _RoundVotes(self.quorum_power)
        return votes

    def _admit_future(self, sender: Address, round_: Round, current: Round) -> bool:
        ahead = [known for known in self._future.get(sender, []) if known > current]
        if round_ not in ahead:
            ahead = sorted([*ahead, round_])
        dropped = ahead.pop(0) if len(ahead) > MAX_FUTURE_ROUNDS else None
        self._future[sender] = ahead
        if dropped is not None and dropped in self._rounds:
            self._rounds[dropped].forget(sender, self._power[sender])
            if not self._rounds[dropped].senders:
                del self._rounds[dropped]
        return dropped != round_

    def prune(self, current: Round) -> None:
        """Forget the oldest rounds beyond the bound, those without a polka for a block first."""
        if len(self._rounds) <= MAX_KEPT_ROUNDS:
            return
        decided = self.committed[0] if self.committed else None
        past = sorted(round_ for round_ in self._rounds if round_ < current and round_ != decided)
        past.sort(key=lambda round_: bool(self._rounds[round_].prevotes.quorum))
        for round_ in past[: max(0, len(past) - MAX_KEPT_ROUNDS // 2)]:
            del self._rounds[round_]

    def keeps(self, round_: Round) -> bool:
        """Whether messages of this round are kept."""
        return round_ in self._rounds

    def quorum(self, kind: VoteKind, round_: Round) -> Hash | None:
        """What more than 2/3 of the power voted for in a round: a block, empty for nil, or None."""
        votes = self._rounds.get(round_)
        return votes.of(kind).quorum if votes else None

    def any_quorum(self, kind: VoteKind, round_: Round) -> bool:
        """Whether more than 2/3 of the power voted in a round, for whatever."""
        votes = self._rounds.get(round_)
        return votes is not None and votes.of(kind).any_quorum

    def rounds_above(self, current: Round) -> list[Round]:
        """Rounds above `current` of which something was heard, the highest first."""
        return sorted((round_ for round_ in self._rounds if round_ > current), reverse=True)

    def skip_round(self, current: Round) -> Round | None:
        """The highest round above `current` of which more than 1/3 of the power was heard (line 55), or None."""
        if len(self._rounds) == 1 and current in self._rounds:
            return None  # nearly always: nothing but this round
        ahead = [
            round_
            for round_, votes in self._rounds.items()
            if round_ > current and sum(votes.senders.values()) >= self.skip_power
        ]
        return max(ahead, default=None)

    def votes(self, kind: VoteKind, round_: Round, block_hash: Hash | None = None) -> list[Vote]:
        """Votes kept of a round; with `block_hash`, those for it."""
        votes = self._rounds.get(round_)
        return votes.of(kind).votes(block_hash) if votes else []

    def vote_of(self, validator: Address, kind: VoteKind, round_: Round) -> Vote | None:
        """A validator's first vote of a kind in a round, or None."""
        votes = self._rounds.get(round_)
        return votes.of(kind).first_of(validator) if votes else None

    def commit(self, height: Height, round_: Round, block_hash: Hash) -> Commit:
        """The precommits for a block in a round as a commit, an entry for each validator."""
        precommits = self.votes(VoteKind.PRECOMMIT, round_, block_hash)
        signed = {vote.validator: vote.signature for vote in precommits}
        signatures = tuple(signed.get(member.address, Signature(b"")) for member in self._validators.members)
        return Commit(height, round_, block_hash, signatures)
