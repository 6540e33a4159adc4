"""What is sent again while a height is not decided.

The paper's proof of termination needs that what one honest process has received, every honest process receives (its gossip
property), messages of faulty processes included. So a node first repeats its own messages, which is nearly always enough, and from
the second time on also those of others, a slice at a time: of this round, of the round before (whoever is there may lack what brought us
here), and the polka that its valid value rests on (line 28 waits for it).
"""

from __future__ import annotations

from gridnode.chain.vote import Proposal, Vote, VoteKind
from gridnode.consensus.knowledge import Knowledge
from gridnode.consensus.machine import State
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_RESENT_VOTES
from gridnode.primitives.units import Round

_KINDS = (VoteKind.PRECOMMIT, VoteKind.PREVOTE)


def messages(known: Knowledge, state: State, me: Address | None, times: int) -> tuple[Proposal | Vote, ...]:
    """The messages of the `times`-th repetition (from 0): own ones first, then at most MAX_RESENT_VOTES of others."""
    proposals, own = own_messages(known, state, me)
    if times == 0:
        return (*proposals, *own)
    said = dict.fromkeys(own)
    others = [vote for vote in _votes(known, state) if vote not in said]
    start = (times - 1) * MAX_RESENT_VOTES % max(1, len(others))
    others = (others + others)[start : start + min(len(others), MAX_RESENT_VOTES)]
    heard = [known.proposals[round_] for round_ in _rounds(state) if round_ in known.proposals]
    return (*heard, *own, *others)


def own_messages(
    known: Knowledge, state: State, me: Address | None
) -> tuple[tuple[Proposal, ...], tuple[Vote, ...]]:
    """A node's own proposal of its round, and its own votes of its round, the round before and its valid round."""
    if me is None:
        return (), ()
    proposal = known.proposals.get(state.round)
    votes = [known.votes.vote_of(me, kind, round_) for round_ in _rounds(state) for kind in _KINDS]
    mine = (proposal,) if proposal is not None and proposal.proposer == me else ()
    return mine, tuple(vote for vote in votes if vote is not None)


def _rounds(state: State) -> list[Round]:
    """The round, the one before, the valid one; each once."""
    rounds = dict.fromkeys((state.round, Round(state.round - 1), state.valid_round))
    return [round_ for round_ in rounds if round_ >= 0]


def _votes(known: Knowledge, state: State) -> list[Vote]:
    return [vote for round_ in _rounds(state) for kind in _KINDS for vote in known.votes.votes(kind, round_)]
