"""Two final headers that cannot both be: the evidence, and what it says of the validators.

A light client cannot know which of two chains is the chain. It knows that both were signed by validators that were trusted, so some of them
broke the rules, and it names them as far as two commits tell (the specification's `attacks`; Tendermint's accountability):

    equivocation  one set, one round: whoever signed both voted twice. Two signed votes are proof by themselves (`double_votes`).
    amnesia       one set, two rounds: whoever signed both left a lock behind, or hides why he was allowed to. Their logs tell.
    lunatic       two sets at one height, or a lower block that is later: one of the headers was made up. Members of the last common set
                  that signed the made-up one are at fault; which it is, any full node tells.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, NamedTuple

from gridnode.chain.block import header_hash
from gridnode.chain.light_block import LightBlock
from gridnode.chain.validators import Validator
from gridnode.chain.vote import Vote, VoteKind
from gridnode.codec.records import Nested, record
from gridnode.primitives.errors import PeerFault


class AttackKind(StrEnum):
    """How two final headers came about."""

    EQUIVOCATION = "equivocation"
    AMNESIA = "amnesia"
    LUNATIC = "lunatic"


@record
class Attack:
    """Evidence: two light blocks, each verified from `common`, that contradict each other. Whoever trusts `common` can check it."""

    common: Annotated[LightBlock, Nested(LightBlock)]  # the highest block on which both sides were seen to agree
    ours: Annotated[LightBlock, Nested(LightBlock)]  # what the primary gave
    theirs: Annotated[LightBlock, Nested(LightBlock)]  # what the witness gave

    @property
    def kind(self) -> AttackKind:
        """How it came about; see the module docstring."""
        ours, theirs = self.ours, self.theirs
        if ours.header.height != theirs.header.height or ours.header.validators_hash != theirs.header.validators_hash:
            return AttackKind.LUNATIC
        return AttackKind.EQUIVOCATION if ours.commit.round == theirs.commit.round else AttackKind.AMNESIA


class Side(NamedTuple):
    """Who of the common set stands behind one of the headers."""

    signers: tuple[Validator, ...]  # in order of address
    power: int
    """Of the signers, in the common set."""


def signers_of(attack: Attack, block: LightBlock) -> Side:
    """Members of the set of the last common block that signed `block`."""
    signed = {
        member.address
        for member, signature in zip(block.validators.members, block.commit.signatures, strict=True)
        if signature
    }
    members = tuple(member for member in attack.common.validators.members if member.address in signed)
    return Side(members, sum(member.power for member in members))


def both_signed(attack: Attack) -> tuple[Validator, ...]:
    """Validators whose signatures stand under both headers, in order of address, as the primary's set has them."""
    theirs = {
        member.address
        for member, signature in zip(attack.theirs.validators.members, attack.theirs.commit.signatures, strict=True)
        if signature
    }
    ours = zip(attack.ours.validators.members, attack.ours.commit.signatures, strict=True)
    return tuple(member for member, signature in ours if signature and member.address in theirs)


def double_votes(attack: Attack) -> tuple[tuple[Vote, Vote], ...]:
    """For each validator that signed both in one round of one height: its two precommits, which are proof without the headers."""
    ours, theirs = attack.ours, attack.theirs
    if (ours.commit.height, ours.commit.round) != (theirs.commit.height, theirs.commit.round):
        return ()
    return tuple((_vote(ours, member), _vote(theirs, member)) for member in both_signed(attack))


class Divergence(PeerFault):
    """A witness proves another chain: nothing of the walk may be trusted. It carries the evidence."""

    def __init__(self, attack: Attack, witness: str) -> None:
        ours, theirs = attack.ours, attack.theirs
        names = ", ".join(member.name for member in both_signed(attack)) or "nobody"
        super().__init__(
            f"attack ({attack.kind}) above block {attack.common.header.height}: witness {witness} proves another chain, block "
            f"{theirs.header.height} {header_hash(theirs.header).hex()} against block {ours.header.height} "
            f"{header_hash(ours.header).hex()}; both were signed by {names}",
            100,
        )
        self.attack = attack
        self.witness = witness


def _vote(block: LightBlock, member: Validator) -> Vote:
    index = [one.address for one in block.validators.members].index(member.address)
    commit = block.commit
    return Vote(
        VoteKind.PRECOMMIT, commit.height, commit.round, commit.block_hash, member.address, commit.signatures[index]
    )
