"""What a node knows of one height besides the machine's state: the paper's message log, and which blocks are valid.

The paper hears every message; here the first proposal per round is kept and a further one is evidence. That loses nothing: a quorum
of votes for another block means that honest validators have that proposal, so the quorum stands for it (lines 36 and 49),
and the block is asked of those who voted.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from gridnode.chain.commit import Commit
from gridnode.chain.validators import ValidatorSet
from gridnode.chain.vote import Proposal, Vote, VoteKind
from gridnode.consensus.votes import Heard, VoteKeeper
from gridnode.primitives.ids import Address, Hash
from gridnode.primitives.limits import MAX_KEPT_ROUNDS
from gridnode.primitives.units import Height, Round


class Verdict(NamedTuple):
    """What executing a block has shown."""

    valid: bool  # valid(v) of the paper
    timely: bool  # its time was near enough to this node's clock when it came


class Reason(IntEnum):
    """Why a block must be known to go on."""

    DECIDED = 1  # a quorum has precommitted it
    POLKA = 2  # a quorum has prevoted it in the round at hand
    PROPOSAL = 3  # it is proposed in that round, and this node has still to prevote


class Wanted(NamedTuple):
    """A block that must be known to go on."""

    reason: Reason
    round: Round
    block_hash: Hash
    holders: tuple[Address, ...]  # who should have it, best first


class Knowledge:
    """Proposals, votes, verdicts and the waiting for round 0, of one height."""

    def __init__(self, height: Height, validators: ValidatorSet, proposers: tuple[Address, ...]) -> None:
        self.height = height
        self.validators = validators
        self.votes = VoteKeeper(validators)
        self.proposals: dict[Round, Proposal] = {}
        self.verdicts: dict[Hash, Verdict] = {}
        self.commit: Commit | None = None  # one that came whole, from sync or from a peer ahead
        self.has_work = False
        self.interval_over = False
        self.heartbeat_over = False
        self._order = proposers
        self._accused: dict[Round, None] = {}  # rounds whose proposer's contradiction was told

    def proposer(self, round_: Round) -> Address:
        """proposer(h_p, round) of the paper."""
        return self._order[round_ % len(self._order)]

    def hear_vote(self, vote: Vote, current: Round) -> Heard:
        """Count a vote while the machine is in round `current`."""
        return self.votes.add(vote, current)

    def hear_proposal(self, proposal: Proposal, current: Round) -> tuple[bool, Proposal | None]:
        """Keep a round's first proposal. Returns whether it was kept, and the earlier one that it contradicts, told once."""
        round_ = proposal.round
        if proposal.proposer != self.proposer(round_) or proposal.valid_round >= round_ or not proposal.block_hash:
            return False, None
        known = self.proposals.get(round_)
        if known is not None:
            same = (known.block_hash, known.valid_round) == (proposal.block_hash, proposal.valid_round)
            if same or round_ in self._accused:
                return False, None
            self._accused[round_] = None
            return False, known
        if not self.votes.hear_proposal(proposal.proposer, round_, current):
            return False, None
        self.proposals[round_] = proposal
        return True, None

    def hear_commit(self, commit: Commit) -> bool:
        """Keep a commit that came whole. Whether it is the first."""
        if self.commit is not None:
            return False
        self.commit = commit
        return True

    def learn(self, block_hash: Hash, verdict: Verdict) -> bool:
        """Keep a block's first verdict. Whether it is the first."""
        if block_hash in self.verdicts:
            return False
        self.verdicts[block_hash] = verdict
        return True

    def decided(self) -> tuple[Round, Hash] | None:
        """The block that more than 2/3 of the power precommitted, here or in a commit that came whole."""
        if self.commit is not None:
            return self.commit.round, self.commit.block_hash
        return self.votes.committed

    def is_valid(self, block_hash: Hash) -> bool:
        """Whether the block is known, and known to be valid."""
        verdict = self.verdicts.get(block_hash)
        return verdict is not None and verdict.valid

    def wanted(self, current: Round, has_prevoted: bool) -> dict[Hash, Wanted]:
        """Blocks without a verdict that a quorum of precommits, a polka of this round or its proposal names, by hash.

        The last for who has not prevoted in it: line 22 asks for the verdict, and after nil nothing does, unless a polka comes.
        """
        found: dict[Hash, Wanted] = {}
        decided = self.decided()
        if decided is not None:
            self._want(found, Reason.DECIDED, *decided)
        polka = self.votes.quorum(VoteKind.PREVOTE, current)
        if polka:
            self._want(found, Reason.POLKA, current, polka)
        proposal = self.proposals.get(current)
        if proposal is not None and not has_prevoted:
            self._want(found, Reason.PROPOSAL, current, proposal.block_hash)
        return found

    def _want(self, found: dict[Hash, Wanted], reason: Reason, round_: Round, block_hash: Hash) -> None:
        if block_hash in self.verdicts or block_hash in found:
            return
        proposal = self.proposals.get(round_)
        holders: dict[Address, None] = {}
        if proposal is not None and proposal.block_hash == block_hash:
            holders[proposal.proposer] = None
        for kind in (VoteKind.PRECOMMIT, VoteKind.PREVOTE):
            holders |= dict.fromkeys(vote.validator for vote in self.votes.votes(kind, round_, block_hash))
        if self.commit is not None and self.commit.block_hash == block_hash:
            signed = zip(self.validators.members, self.commit.signatures, strict=True)
            holders |= dict.fromkeys(member.address for member, signature in signed if signature)
        found[block_hash] = Wanted(reason, round_, block_hash, tuple(holders))

    def prune(self, current: Round) -> None:
        """Forget rounds beyond the bounds, proposals with them."""
        self.votes.prune(current)
        if len(self.proposals) > MAX_KEPT_ROUNDS:
            for round_ in [known for known in self.proposals if not self.votes.keeps(known)]:
                del self.proposals[round_]
