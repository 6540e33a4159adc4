"""What a node says again of its own while a height is not decided: nearly always that is enough, and everybody hears it.

What others have said is asked for by summaries from the second time on (`exchange`).
"""

from __future__ import annotations

from gridnode.chain.vote import Proposal, Vote, VoteKind
from gridnode.consensus.knowledge import Knowledge
from gridnode.consensus.machine import State
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Round

_KINDS = (VoteKind.PRECOMMIT, VoteKind.PREVOTE)


def own_messages(
    known: Knowledge, state: State, me: Address | None
) -> tuple[tuple[Proposal, ...], tuple[Vote, ...]]:
    """A node's own proposal of its round, and its own votes of its round, the round before and its valid round."""
    if me is None:
        return (), ()
    proposal = known.proposals.get(state.round)
    rounds = dict.fromkeys((state.round, Round(state.round - 1), state.valid_round))
    votes = [known.votes.vote_of(me, kind, round_) for round_ in rounds if round_ >= 0 for kind in _KINDS]
    mine = (proposal,) if proposal is not None and proposal.proposer == me else ()
    return mine, tuple(vote for vote in votes if vote is not None)
