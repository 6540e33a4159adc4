"""What a node has of a height, in few bytes: the summary that linked peers tell each other while nothing is decided.

Validators are bits: bit i of a mark stands for the i-th member of the set, the lowest bit of the first byte first. A summary is a claim
and nobody signs it; whoever lies in one gets a useless answer, or none (the chapter says why that hurts nobody else).
"""

from __future__ import annotations

from typing import Annotated

from gridnode.chain.vote import ROUND, ROUND_OR_NONE
from gridnode.codec.fields import BOOL, HASH_OR_NIL, U64, Bytes, Int, ListOf
from gridnode.codec.records import Nested, record
from gridnode.primitives.ids import Hash
from gridnode.primitives.limits import MAX_SUMMARY_BLOCKS, MAX_SUMMARY_ROUNDS, MAX_VALIDATORS
from gridnode.primitives.units import Height, Round

MARKS = Bytes(0, MAX_VALIDATORS // 8)


@record
class BlockMarks:
    """Whose votes for one block, or for nil, are here."""

    block_hash: Annotated[Hash, HASH_OR_NIL]
    voters: Annotated[bytes, MARKS]  # a bit for each member in the set's order, see `marks_of`


@record
class VotesHeard:
    """The votes of one kind in one round that are here."""

    blocks: Annotated[tuple[BlockMarks, ...], ListOf(Nested(BlockMarks), MAX_SUMMARY_BLOCKS)]  # most voters first
    others: Annotated[bytes, MARKS]  # whose votes for blocks beyond those are here


@record
class RoundHeard:
    """What is here of one round."""

    round: Annotated[Round, ROUND]
    proposed: Annotated[Hash, HASH_OR_NIL]  # the block of the proposal; empty when no proposal is here
    prevotes: Annotated[VotesHeard, Nested(VotesHeard)]  # of this round
    precommits: Annotated[VotesHeard, Nested(VotesHeard)]  # of this round


@record
class Summary:
    """What a node has of the height it works on, and in which rounds something may be missing."""

    height: Annotated[Height, U64]
    round: Annotated[Round, ROUND_OR_NONE]  # where its process is; -1 before the start
    step: Annotated[int, Int(0, 4)]  # `gridnode.consensus.machine.Step`
    valid_round: Annotated[Round, ROUND_OR_NONE]  # of the latest polka it knows for a valid block
    answers: Annotated[bool, BOOL]  # told in answer to one; it is not answered with another
    rounds: Annotated[tuple[RoundHeard, ...], ListOf(Nested(RoundHeard), MAX_SUMMARY_ROUNDS)]  # most wanted first


def marks_of(bits: int, members: int) -> bytes:
    """Marks for a set of so many members; empty when nobody is marked."""
    return bits.to_bytes((members + 7) // 8, "little") if bits else b""


def bits_of(marks: bytes) -> int:
    """The members marked, bit i for the i-th."""
    return int.from_bytes(marks, "little")
