"""What the machine hears and what it says: thresholds instead of single messages, wishes instead of signed bytes.

A fact is a condition of Algorithm 1 that has come true. "Polka" is a quorum of prevotes, as in the Tendermint literature.
An output is what the paper's process does; the driver turns it into effects.
"""

from __future__ import annotations

from typing import NamedTuple

from gridnode.chain.vote import VoteKind
from gridnode.consensus.inputs import TimeoutKind
from gridnode.primitives.ids import Hash
from gridnode.primitives.units import Round


class Begin(NamedTuple):
    """It is time for round 0 (line 10)."""

    proposing: bool  # this process is the proposer of round 0


class ValueBuilt(NamedTuple):
    """getValue() has answered (line 18)."""

    round: Round  # the round that asked
    block_hash: Hash


class NewProposal(NamedTuple):
    """This round's proposal is for a new block (line 22), and whether the block is valid is known."""

    block_hash: Hash
    acceptable: bool  # valid, and its time near enough to this node's clock


class OldProposal(NamedTuple):
    """This round's proposal is for a block that got a polka in an earlier round, and that polka is here (line 28)."""

    block_hash: Hash
    valid_round: Round  # at least 0, below the current round
    valid: bool  # the application accepts the block


class PolkaAny(NamedTuple):
    """Quorum of prevotes in this round, for whatever (line 34)."""


class PolkaBlock(NamedTuple):
    """Quorum of prevotes in this round for a block that is known to be valid (line 36)."""

    block_hash: Hash


class PolkaNil(NamedTuple):
    """Quorum of prevotes in this round for nil (line 44)."""


class PrecommitAny(NamedTuple):
    """Quorum of precommits in this round, for whatever (line 47)."""


class PrecommitBlock(NamedTuple):
    """Quorum of precommits in any round for a block that is known to be valid (line 49)."""

    round: Round
    block_hash: Hash


class Ahead(NamedTuple):
    """Messages of f + 1 from a later round (line 55)."""

    round: Round
    proposing: bool  # this process is the proposer of that round


class Elapsed(NamedTuple):
    """A timeout of this height has elapsed (lines 57, 61, 65)."""

    kind: TimeoutKind  # PROPOSE, PREVOTE or PRECOMMIT
    round: Round  # the round that it was scheduled in
    proposing: bool  # this process is the proposer of the round after it


Fact = (
    Begin
    | ValueBuilt
    | NewProposal
    | OldProposal
    | PolkaAny
    | PolkaBlock
    | PolkaNil
    | PrecommitAny
    | PrecommitBlock
    | Ahead
    | Elapsed
)
"""What the machine hears."""


class Build(NamedTuple):
    """Call getValue() for the current round."""


class Propose(NamedTuple):
    """Broadcast a proposal for the current round."""

    block_hash: Hash
    valid_round: Round  # -1 for a new block


class CastVote(NamedTuple):
    """Broadcast a vote for the current round."""

    kind: VoteKind
    block_hash: Hash  # empty for nil


class StartTimer(NamedTuple):
    """Schedule a timeout of the current round."""

    kind: TimeoutKind


class Decided(NamedTuple):
    """The height is decided."""

    round: Round
    block_hash: Hash


Output = Build | Propose | CastVote | StartTimer | Decided
"""What the machine says."""
