"""Evidence: two messages of one validator that exclude each other, as a block carries them; `modules.validators` says what they cost.

Two votes of one kind, height and round for different blocks (nil counts as one), or two proposals of one height and round that differ in
block or valid round. An honest validator signs one thing a step, held by its guard, so both together prove that it was not honest.

Amnesia (a vote against one's own lock) needs all that others had said by then, so two messages do not prove it; it is not punished here.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from gridnode.chain.vote import Proposal, Vote, proposal_hash, vote_hash
from gridnode.codec.fields import ListOf
from gridnode.codec.records import Nested, encode, record
from gridnode.crypto.hashing import Tag
from gridnode.crypto.keys import verify
from gridnode.crypto.merkle import root
from gridnode.primitives.errors import Malformed
from gridnode.primitives.ids import Address, Hash, PublicKey
from gridnode.primitives.limits import MAX_BLOCK_EVIDENCE
from gridnode.primitives.units import Height, Round

_ID = Tag("gridnode/evidence")


@record
class Evidence:
    """Two votes and no proposals, or two proposals and no votes; the one whose bytes are smaller comes first."""

    votes: Annotated[tuple[Vote, ...], ListOf(Nested(Vote), 2)]
    proposals: Annotated[tuple[Proposal, ...], ListOf(Nested(Proposal), 2)]


EVIDENCE = ListOf(Nested(Evidence), MAX_BLOCK_EVIDENCE)
"""What a block carries."""


class Offence(NamedTuple):
    """What evidence accuses of."""

    author: Address  # of both messages
    height: Height
    round: Round


def evidence_of(one: Vote | Proposal, other: Vote | Proposal) -> Evidence:
    """Evidence from two messages in any order. Raises Malformed when they do not exclude each other."""
    both = sorted((one, other), key=encode)
    votes = tuple(said for said in both if isinstance(said, Vote))
    proposals = tuple(said for said in both if isinstance(said, Proposal))
    made = Evidence(votes, proposals)
    check_contradiction(made)
    return made


def evidence_id(evidence: Evidence) -> Hash:
    """Tagged hash of its bytes."""
    return _ID.hash(encode(evidence))


def evidence_root(pieces: tuple[Evidence, ...]) -> Hash:
    """RFC 6962 root of the pieces that a block carries, in order: what its header names."""
    return root([encode(piece) for piece in pieces])


def check_contradiction(evidence: Evidence) -> None:
    """Whether the two messages exclude each other and stand in their order; signatures aside. Raises Malformed."""
    if (len(evidence.votes), len(evidence.proposals)) not in ((2, 0), (0, 2)):
        raise Malformed("expected two votes or two proposals")
    if evidence.votes:
        one, other = evidence.votes
        same = (one.kind, one.height, one.round, one.validator) == (other.kind, other.height, other.round, other.validator)
        differ = one.block_hash != other.block_hash
    else:
        first, second = evidence.proposals
        same = (first.height, first.round, first.proposer) == (second.height, second.round, second.proposer)
        differ = (first.block_hash, first.valid_round) != (second.block_hash, second.valid_round)
    if not same or not differ:
        raise Malformed("expected two different messages of one validator in one step of one round")
    left, right = evidence.votes or evidence.proposals
    if encode(left) > encode(right):
        raise Malformed("expected the message with the smaller bytes first")


def offence_of(evidence: Evidence) -> Offence:
    """Whom evidence accuses of what; `check_contradiction` accepts it."""
    if evidence.votes:
        vote = evidence.votes[0]
        return Offence(vote.validator, vote.height, vote.round)
    proposal = evidence.proposals[0]
    return Offence(proposal.proposer, proposal.height, proposal.round)


def check_signatures(evidence: Evidence, chain_id: str, key: PublicKey) -> None:
    """Whether `key` has signed both messages on this chain. Raises Malformed."""
    signed = [
        (vote_hash(chain_id, vote.kind, vote.height, vote.round, vote.block_hash), vote.signature)
        for vote in evidence.votes
    ] + [
        (proposal_hash(chain_id, said.height, said.round, said.valid_round, said.block_hash), said.signature)
        for said in evidence.proposals
    ]
    if not all(verify(key, content, signature) for content, signature in signed):
        raise Malformed("expected two valid signatures of the validator")
