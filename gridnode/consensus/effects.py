"""Everything that consensus asks of the node: the effects that `Engine.handle` answers with.

They are performed in order, each ended before the next begins. Inputs that arise while effects are performed (one's own
signed vote, for instance) are handled after the last of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from gridnode.chain.commit import Commit
from gridnode.chain.vote import Proposal, Vote, VoteKind
from gridnode.consensus.inputs import TimeoutKind
from gridnode.consensus.summary import Summary
from gridnode.primitives.ids import Address, Hash
from gridnode.primitives.units import DurationMs, Height, Round


@dataclass(frozen=True, slots=True)
class Persist:
    """Append to the log. With `sync`, this entry and all before it are on disk before the next effect begins.

    Only what is about to be signed needs `sync`: then a restart finds every input that led to the signature.
    """

    entry: bytes
    """One log entry, see `gridnode.consensus.journal`."""
    sync: bool
    """Whether a signature follows."""


@dataclass(frozen=True, slots=True)
class GetValue:
    """Build a block for this round (line 18); answered by `BlockBuilt`, or never: then the round times out."""

    height: Height
    """Height of the block."""
    round: Round
    """Round that asks; the answer names it."""


@dataclass(frozen=True, slots=True)
class ObtainBlock:
    """Get this block, execute it, answer with `BlockKnown`, unless it is wanted no more. Each resend asks again while it is."""

    height: Height
    """Height of the block."""
    round: Round
    """Round in which it was proposed or voted for."""
    block_hash: Hash
    """Which block."""
    holders: tuple[Address, ...]
    """Validators that should have it: its proposer, then those that voted for it."""


@dataclass(frozen=True, slots=True)
class RestoreBlock:
    """After a restart: a block that was known to be valid, to be kept for `Decide`, which executes it. Needs no answer."""

    height: Height
    """Height of the block."""
    block_hash: Hash
    """Which block."""
    block: bytes
    """Encoded as it was given in `BlockKnown` or `BlockBuilt`."""


@dataclass(frozen=True, slots=True)
class SignProposal:
    """Sign through the guard, send to all validators, feed back as `ProposalReceived` (line 19)."""

    height: Height
    """Height proposed for."""
    round: Round
    """Round proposed in."""
    valid_round: Round
    """Round in which the block got a quorum of prevotes, -1 for a new block."""
    block_hash: Hash
    """The block; the node has it."""


@dataclass(frozen=True, slots=True)
class SignVote:
    """Sign through the guard, send to all validators, feed back as `VoteReceived`."""

    kind: VoteKind
    """Prevote or precommit."""
    height: Height
    """Height voted on."""
    round: Round
    """Round voted in."""
    block_hash: Hash
    """The block; empty for nil."""


@dataclass(frozen=True, slots=True)
class Rebroadcast:
    """Send these to all validators: messages that exist already, of this node or of others."""

    messages: tuple[Proposal | Vote | Commit, ...]
    """Most useful first."""


@dataclass(frozen=True, slots=True)
class TellSummary:
    """Tell what this node has; nobody passes it on."""

    summary: Summary
    """At this moment."""
    to: bytes | None
    """The peer that `SummaryReceived` named; None for all linked peers."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send these to one peer: what it lacks, by its own summary."""

    to: bytes
    """The peer that `SummaryReceived` named."""
    messages: tuple[Proposal | Vote | Commit, ...]
    """Most useful first; bounded."""


@dataclass(frozen=True, slots=True)
class ScheduleTimeout:
    """Answer with the same `TimeoutElapsed` once the time has passed. A late one does no harm."""

    kind: TimeoutKind
    """What ends."""
    height: Height
    """Height it belongs to."""
    round: Round
    """Round it belongs to."""
    after_ms: DurationMs
    """From now."""


@dataclass(frozen=True, slots=True)
class CancelTimeouts:
    """Timeouts of this height need not come any more."""

    height: Height
    """The height that has ended."""


@dataclass(frozen=True, slots=True)
class Decide:
    """The block is final (line 51): commit it and start the next height. The node has the block."""

    height: Height
    """Height decided."""
    round: Round
    """Round of the precommits."""
    block_hash: Hash
    """The block."""
    commit: Commit
    """Its proof; `Engine.commit_of` may have a fuller one later."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two messages that one validator may not both have signed: votes of one kind and round, or proposals of one round."""

    first: Vote | Proposal
    """The one that came first."""
    second: Vote | Proposal
    """The one that contradicts it."""


@dataclass(frozen=True, slots=True)
class Behind:
    """More than 1/3 of the power, so someone honest, works on this height, which is above this node's: ask for blocks."""

    height: Height
    """Height that others work on."""


Effect = (
    Persist
    | GetValue
    | ObtainBlock
    | RestoreBlock
    | SignProposal
    | SignVote
    | Rebroadcast
    | TellSummary
    | Send
    | ScheduleTimeout
    | CancelTimeouts
    | Decide
    | Evidence
    | Behind
)
"""What `Engine.handle` answers with."""
