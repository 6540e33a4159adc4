"""From knowledge to facts: the table that says which condition of Algorithm 1 holds now.

Each row looks at the height and answers with a fact or None. The rows stand in the order in which they are tried: what ends the height,
what ends the round, then votes, then proposals, then timers. The paper leaves the order open; any is safe, this one is shortest.
After each change of the machine the table is read again from the top, until no row changes anything, so no condition is missed
because another came true first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gridnode.chain.vote import VoteKind
from gridnode.consensus.facts import (
    Ahead,
    Begin,
    Fact,
    NewProposal,
    OldProposal,
    PolkaAny,
    PolkaBlock,
    PolkaNil,
    PrecommitAny,
    PrecommitBlock,
)
from gridnode.consensus.knowledge import Knowledge
from gridnode.consensus.machine import State, Step
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import NO_HASH, Address
from gridnode.primitives.units import Round

Row = Callable[[Knowledge, State, Address | None], Fact | None]


def _decide(known: Knowledge, _state: State, _me: Address | None) -> Fact | None:
    """Quorum of precommits for a block, in any round, and the block is valid (lines 49, 50)."""
    decided = known.decided()
    verdict = known.verdicts.get(decided[1]) if decided else None
    if decided is None or verdict is None:
        return None
    if not verdict.valid:
        raise InvariantBroken(
            "decided_block_is_valid",
            f"more than 2/3 of the power precommitted block {decided[1].hex()} at height {known.height}, "
            f"round {decided[0]}, which this node finds invalid",
        )
    return PrecommitBlock(*decided)


def _begin(known: Knowledge, state: State, me: Address | None) -> Fact | None:
    """There is work and the least interval is over, or the heartbeat is due, or the proposer has begun (line 10)."""
    due = known.heartbeat_over or (known.has_work and known.interval_over)
    if state.step is Step.START and (due or Round(0) in known.proposals):
        return Begin(known.proposer(Round(0)) == me)
    return None


def _skip(known: Knowledge, state: State, me: Address | None) -> Fact | None:
    """Messages of more than 1/3 of the power from a later round (line 55)."""
    round_ = known.votes.skip_round(state.round)
    return None if round_ is None else Ahead(round_, known.proposer(round_) == me)


def _polka_block(known: Knowledge, state: State, _me: Address | None) -> Fact | None:
    """Quorum of prevotes in this round for a block that is valid (line 36)."""
    polka = known.votes.quorum(VoteKind.PREVOTE, state.round)
    return PolkaBlock(polka) if polka and known.is_valid(polka) else None


def _polka_nil(known: Knowledge, state: State, _me: Address | None) -> Fact | None:
    """Quorum of prevotes in this round for nil (line 44)."""
    return PolkaNil() if known.votes.quorum(VoteKind.PREVOTE, state.round) == NO_HASH else None


def _proposal(known: Knowledge, state: State, _me: Address | None) -> Fact | None:
    """This round's proposal, its block's validity known; with the polka it names, if it names one (lines 22, 28)."""
    proposal = known.proposals.get(state.round)
    verdict = known.verdicts.get(proposal.block_hash) if proposal else None
    if proposal is None or verdict is None:
        return None
    if proposal.valid_round < 0:
        return NewProposal(proposal.block_hash, verdict.valid and verdict.timely)
    if known.votes.quorum(VoteKind.PREVOTE, proposal.valid_round) == proposal.block_hash:
        return OldProposal(proposal.block_hash, proposal.valid_round, verdict.valid)
    return None


def _polka_any(known: Knowledge, state: State, _me: Address | None) -> Fact | None:
    """Quorum of prevotes in this round, for whatever (line 34)."""
    return PolkaAny() if known.votes.any_quorum(VoteKind.PREVOTE, state.round) else None


def _precommit_any(known: Knowledge, state: State, _me: Address | None) -> Fact | None:
    """Quorum of precommits in this round, for whatever (line 47)."""
    return PrecommitAny() if known.votes.any_quorum(VoteKind.PRECOMMIT, state.round) else None


ROWS: tuple[Row, ...] = (
    _decide,
    _begin,
    _skip,
    _polka_block,
    _polka_nil,
    _proposal,
    _polka_any,
    _precommit_any,
)
"""The table, in the order in which it is tried."""


def facts_now(known: Knowledge, state: State, me: Address | None) -> Iterator[Fact]:
    """The facts that hold now, in the table's order; the machine may have heard them before.

    Raises InvariantBroken when a quorum has finalised a block that this node finds invalid.
    """
    for row in ROWS:
        fact = row(known, state, me)
        if fact is not None:
            yield fact
