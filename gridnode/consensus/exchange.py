"""Summaries made and answered: which rounds matter, what a peer lacks, what this node lacks. Changes nothing of what is known.

Rounds that matter to a process, most wanted first: its own; the one before, whose precommits bring others here; the polka that its round's
proposal names (line 28 waits for it) and the one its own valid value rests on; then the highest later rounds it has heard of (line 55).

An answer has what the peer lacks of its own rounds, then of the answerer's round and the one before when they are later: proposals, then
round by round precommits and prevotes; of each the votes that make a quorum first, then those of validators the peer has heard nothing of.
"""

from __future__ import annotations

from collections.abc import Iterator

from gridnode.chain.vote import Proposal, Vote, VoteKind
from gridnode.consensus.knowledge import Knowledge
from gridnode.consensus.machine import State
from gridnode.consensus.summary import BlockMarks, RoundHeard, Summary, VotesHeard, bits_of, marks_of
from gridnode.primitives.ids import NO_HASH, Hash
from gridnode.primitives.limits import (
    MAX_ANSWERED_PROPOSALS,
    MAX_ANSWERED_VOTES,
    MAX_SUMMARY_BLOCKS,
    MAX_SUMMARY_ROUNDS,
)
from gridnode.primitives.units import Round

_KINDS = (VoteKind.PRECOMMIT, VoteKind.PREVOTE)
_NOTHING = VotesHeard((), b"")


class Exchange:
    """Summaries and answers of one height."""

    def __init__(self, known: Knowledge) -> None:
        self._known = known
        self._seat = {member.address: seat for seat, member in enumerate(known.validators.members)}

    def summary(self, state: State, answers: bool) -> Summary:
        """What this node has; with `answers`, told in answer to one."""
        rounds = tuple(self._heard(round_) for round_ in self._rounds(state))
        return Summary(self._known.height, state.round, int(state.step), state.valid_round, answers, rounds)

    def answer(self, state: State, theirs: Summary) -> tuple[Proposal | Vote, ...]:
        """What a peer at the same height lacks: at most MAX_ANSWERED_PROPOSALS and MAX_ANSWERED_VOTES."""
        listed = {heard.round: heard for heard in theirs.rounds}
        mine = [round_ for round_ in (state.round, Round(state.round - 1)) if round_ > theirs.round]
        proposals: list[Proposal] = []
        votes: list[Vote] = []
        for round_ in dict.fromkeys((*listed, *mine)):
            heard = listed.get(round_)
            proposal = self._known.proposals.get(round_)
            if proposal is not None and round_ >= theirs.round and not (heard and heard.proposed):
                proposals.append(proposal)
            votes += self._precommits_and_prevotes(round_, heard)
        return (*proposals[:MAX_ANSWERED_PROPOSALS], *votes[:MAX_ANSWERED_VOTES])

    def lacks(self, state: State, theirs: Summary) -> bool:
        """Whether a peer says that it has something of this node's rounds, or of later ones, that is not here."""
        wanted = self._rounds(state)
        for heard in theirs.rounds:
            if heard.round <= state.round and heard.round not in wanted:
                continue
            if heard.proposed and heard.round >= state.round and heard.round not in self._known.proposals:
                return True
            if any(self._lacks_votes(kind, heard) for kind in _KINDS):
                return True
        return False

    def _rounds(self, state: State) -> list[Round]:
        known, here = self._known, state.round
        proposal = known.proposals.get(here)
        named = proposal.valid_round if proposal is not None else state.valid_round
        wanted = [round_ for round_ in (here, Round(here - 1), named, state.valid_round) if round_ >= 0]
        return list(dict.fromkeys((*wanted, *known.votes.rounds_above(here))))[:MAX_SUMMARY_ROUNDS]

    def _heard(self, round_: Round) -> RoundHeard:
        proposal = self._known.proposals.get(round_)
        proposed = NO_HASH if proposal is None else proposal.block_hash
        return RoundHeard(
            round_, proposed, self._votes_heard(VoteKind.PREVOTE, round_), self._votes_heard(VoteKind.PRECOMMIT, round_)
        )

    def _bits(self, kind: VoteKind, round_: Round) -> dict[Hash, int]:
        bits: dict[Hash, int] = {}
        for vote in self._known.votes.votes(kind, round_):
            bits[vote.block_hash] = bits.get(vote.block_hash, 0) | 1 << self._seat[vote.validator]
        return bits

    def _votes_heard(self, kind: VoteKind, round_: Round) -> VotesHeard:
        bits = self._bits(kind, round_)
        if not bits:
            return _NOTHING
        members = len(self._seat)
        ordered = sorted(bits, key=lambda block_hash: (-bits[block_hash].bit_count(), block_hash))
        blocks = [BlockMarks(name, marks_of(bits[name], members)) for name in ordered[:MAX_SUMMARY_BLOCKS]]
        others = 0
        for name in ordered[MAX_SUMMARY_BLOCKS:]:
            others |= bits[name]
        return VotesHeard(tuple(blocks), marks_of(others, members))

    def _precommits_and_prevotes(self, round_: Round, heard: RoundHeard | None) -> Iterator[Vote]:
        for kind in _KINDS:
            theirs = _NOTHING if heard is None else _of(heard, kind)
            yield from self._lacking(kind, round_, theirs)

    def _lacking(self, kind: VoteKind, round_: Round, theirs: VotesHeard) -> list[Vote]:
        """Votes of a kind and round that a peer does not have. What counts it has heard for too many blocks stands in `others`."""
        quorum = self._known.votes.quorum(kind, round_)
        marks = {block.block_hash: bits_of(block.voters) for block in theirs.blocks}
        others = bits_of(theirs.others)
        anything = others
        for bits in marks.values():
            anything |= bits
        lacking: list[tuple[bool, bool, Vote]] = []
        for vote in self._known.votes.votes(kind, round_):
            completes = vote.block_hash == quorum
            has = marks.get(vote.block_hash, 0 if completes else others)
            if not has >> self._seat[vote.validator] & 1:
                is_first = not anything >> self._seat[vote.validator] & 1
                lacking.append((not completes, not is_first, vote))
        lacking.sort(key=lambda entry: entry[:2])
        return [vote for _, _, vote in lacking]

    def _lacks_votes(self, kind: VoteKind, heard: RoundHeard) -> bool:
        mine = self._bits(kind, heard.round)
        members = (1 << len(self._seat)) - 1
        theirs = _of(heard, kind).blocks
        return any(bits_of(block.voters) & members & ~mine.get(block.block_hash, 0) for block in theirs)


def _of(heard: RoundHeard, kind: VoteKind) -> VotesHeard:
    return heard.prevotes if kind is VoteKind.PREVOTE else heard.precommits
