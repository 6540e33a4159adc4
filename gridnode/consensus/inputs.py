"""Everything that can happen to consensus: the inputs of `Engine.handle`.

Events of a height are records, because what changed the machine goes to the log and is replayed after a crash.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from gridnode.chain.commit import Commit
from gridnode.chain.validators import ValidatorSet
from gridnode.chain.vote import ROUND, Proposal, Vote
from gridnode.codec.fields import BOOL, HASH, U64, Bytes, Choice
from gridnode.codec.records import Nested, record
from gridnode.consensus.summary import Summary
from gridnode.primitives.ids import Address, Hash
from gridnode.primitives.limits import MAX_LOGGED_BLOCK_BYTES
from gridnode.primitives.units import Height, Round


class TimeoutKind(IntEnum):
    """What a timeout ends. The first two come before round 0, the last is for lost messages."""

    INTERVAL = 1  # the least time between two blocks has passed
    HEARTBEAT = 2  # so long without work that an empty block is due
    PROPOSE = 3  # no proposal came (Algorithm 1, line 57)
    PREVOTE = 4  # prevotes stay mixed (line 61)
    PRECOMMIT = 5  # precommits stay mixed (line 65)
    RESEND = 6  # not decided yet: say again what may have been lost


TIMEOUT_KIND = Choice(TimeoutKind)
BLOCK = Bytes(0, MAX_LOGGED_BLOCK_BYTES)


@dataclass(frozen=True, slots=True)
class StartHeight:
    """Work on a height from now on; the heights below it are committed. Comes once after each commit and after a restart.

    height      the next block's height; above that of the last StartHeight.
    validators  who votes on it.
    proposers   in which order they propose: round r has the r-th, modulo their number; each member once.
    may_sign    False makes this node a listener for the height: while it catches up, or when its log of the height was lost.
    """

    height: Height
    validators: ValidatorSet
    proposers: tuple[Address, ...]
    may_sign: bool = True


@record
class WorkAvailable:
    """There is something to put into a block, so round 0 need not wait for the heartbeat. May be repeated."""

    height: Annotated[Height, U64]


@record
class BlockBuilt:
    """Answer to `GetValue`: this node has built a block, and finds it valid."""

    height: Annotated[Height, U64]
    round: Annotated[Round, ROUND]  # of the GetValue
    block_hash: Annotated[Hash, HASH]
    block: Annotated[bytes, BLOCK]  # encoded, so that a block that was voted for outlives a crash


@record
class BlockKnown:
    """Answer to `ObtainBlock`: the node has the block and has executed it. The first answer per hash counts."""

    height: Annotated[Height, U64]
    block_hash: Annotated[Hash, HASH]
    valid: Annotated[bool, BOOL]  # the same on every honest node
    timely: Annotated[bool, BOOL]  # `gridnode.consensus.timely` by this node's clock; asked only where line 22 is
    block: Annotated[bytes, BLOCK]  # encoded; empty when not valid


@record
class ProposalReceived:
    """A proposal whose signature is that of its `proposer`; a node's own comes back this way too."""

    proposal: Annotated[Proposal, Nested(Proposal)]


@record
class VoteReceived:
    """A vote whose signature is that of its `validator`; a node's own comes back this way too."""

    vote: Annotated[Vote, Nested(Vote)]


@record
class CommitReceived:
    """A commit that `check_commit` has accepted for its height: the block it names is final."""

    commit: Annotated[Commit, Nested(Commit)]


@record
class TimeoutElapsed:
    """The time of a `ScheduleTimeout` has passed."""

    kind: Annotated[TimeoutKind, TIMEOUT_KIND]
    height: Annotated[Height, U64]
    round: Annotated[Round, ROUND]


Event = (
    WorkAvailable
    | BlockBuilt
    | BlockKnown
    | ProposalReceived
    | VoteReceived
    | CommitReceived
    | TimeoutElapsed
)
"""What happens within a height."""

@dataclass(frozen=True, slots=True)
class SummaryReceived:
    """A linked peer tells what it has. It changes nothing here, so it is not logged; `peer` is what `Send` is to name."""

    peer: bytes
    summary: Summary


Input = StartHeight | SummaryReceived | Event
"""What `Engine.handle` takes."""


def height_of(event: Event) -> Height:
    """The height that an event speaks of."""
    if isinstance(event, VoteReceived):
        return event.vote.height
    if isinstance(event, ProposalReceived):
        return event.proposal.height
    return event.commit.height if isinstance(event, CommitReceived) else event.height
