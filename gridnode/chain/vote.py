"""Votes and proposals: what validators sign, and exactly which bytes.

Signing bytes are the tagged hash of a record that names the chain, so a vote of one chain means nothing on another. Rounds and
valid rounds follow arXiv:1807.04938: `valid_round` is -1 when the proposal is new.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import Annotated

from gridnode.codec.fields import ADDRESS, HASH, HASH_OR_NIL, NAME, SIGNATURE, U64, Choice, Int
from gridnode.codec.records import encode, record
from gridnode.crypto.hashing import Tag
from gridnode.primitives.ids import Address, Hash, Signature
from gridnode.primitives.limits import MAX_ROUND
from gridnode.primitives.units import Height, Round

_VOTE = Tag("gridnode/vote")
_PROPOSAL = Tag("gridnode/proposal")

NO_ROUND = Round(-1)
ROUND = Int(0, MAX_ROUND)
ROUND_OR_NONE = Int(-1, MAX_ROUND)


class VoteKind(IntEnum):
    """The two steps of voting in a round."""

    PREVOTE = 1
    PRECOMMIT = 2


VOTE_KIND = Choice(VoteKind)


@record
class VoteContent:
    """What a vote's signature covers."""

    chain_id: Annotated[str, NAME]  # the one chain on which it counts
    kind: Annotated[VoteKind, VOTE_KIND]
    height: Annotated[Height, U64]
    round: Annotated[Round, ROUND]
    block_hash: Annotated[Hash, HASH_OR_NIL]


@record
class Vote:
    """A validator's prevote or precommit for a block, or for nil (empty `block_hash`)."""

    kind: Annotated[VoteKind, VOTE_KIND]
    height: Annotated[Height, U64]
    round: Annotated[Round, ROUND]
    block_hash: Annotated[Hash, HASH_OR_NIL]
    validator: Annotated[Address, ADDRESS]
    signature: Annotated[Signature, SIGNATURE]


@record
class ProposalContent:
    """What a proposal's signature covers."""

    chain_id: Annotated[str, NAME]  # the one chain on which it counts
    height: Annotated[Height, U64]
    round: Annotated[Round, ROUND]
    valid_round: Annotated[Round, ROUND_OR_NONE]
    block_hash: Annotated[Hash, HASH]


@record
class Proposal:
    """A proposer's claim for a round: this block, and the round in which it was found valid before (-1: new)."""

    height: Annotated[Height, U64]
    round: Annotated[Round, ROUND]
    valid_round: Annotated[Round, ROUND_OR_NONE]
    block_hash: Annotated[Hash, HASH]
    proposer: Annotated[Address, ADDRESS]
    signature: Annotated[Signature, SIGNATURE]


@lru_cache(maxsize=1024)  # all validators of a round sign the same few
def vote_hash(chain_id: str, kind: VoteKind, height: int, round_: int, block_hash: bytes) -> bytes:
    """The 32 bytes that a vote's signature covers."""
    return _VOTE.hash(encode(VoteContent(chain_id, kind, Height(height), Round(round_), Hash(block_hash))))


@lru_cache(maxsize=1024)
def proposal_hash(chain_id: str, height: int, round_: int, valid_round: int, block_hash: bytes) -> bytes:
    """The 32 bytes that a proposal's signature covers."""
    content = ProposalContent(chain_id, Height(height), Round(round_), Round(valid_round), Hash(block_hash))
    return _PROPOSAL.hash(encode(content))
