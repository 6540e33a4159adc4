"""What an attack lets a block carry: for each validator that signed both headers in one round, its two precommits.

An attack may come from anybody, so its form is checked; signatures are not, for whoever puts evidence into a block verifies those that
matter. What two commits do not tell:

    two rounds     a validator may sign two blocks in two rounds and break no rule, if it saw why (a polka of a later round); the logs of
                   what it had heard say whether it did, two commits do not
    two heights    nobody's signatures under blocks of two heights exclude each other; any full node tells which block was made up
"""

from __future__ import annotations

from gridnode.chain.evidence import Evidence, evidence_of
from gridnode.chain.light_block import LightBlock
from gridnode.light.attack import Attack, double_votes
from gridnode.primitives.errors import Malformed


class Unproven(Malformed):
    """Two commits contradict each other and prove nobody's guilt; says what would."""


def accusations(attack: Attack) -> tuple[Evidence, ...]:
    """A piece of evidence for each validator that signed both sides in one round, in order of address.

    Raises Malformed when it is no attack at all, Unproven when it accuses nobody.
    """
    ours, theirs = attack.ours, attack.theirs
    for name, block in (("ours", ours), ("theirs", theirs)):
        _check_form(name, block)
    if (ours.commit.height, ours.commit.block_hash) == (theirs.commit.height, theirs.commit.block_hash):
        raise Malformed("expected commits of two different blocks, got the same block twice")
    if ours.commit.height != theirs.commit.height:
        raise Unproven(
            f"the blocks are of heights {ours.commit.height} and {theirs.commit.height}: no two precommits of them exclude each other; "
            "compare both with full nodes of several operators, which tell the block that was made up"
        )
    if ours.commit.round != theirs.commit.round:
        raise Unproven(
            f"the blocks of height {ours.commit.height} were committed in rounds {ours.commit.round} and {theirs.commit.round}: who signed "
            "both may have been allowed to (amnesia), which two commits do not tell; compare the consensus logs of those it names"
        )
    found = tuple(evidence_of(*pair) for pair in double_votes(attack))
    if not found:
        raise Unproven("nobody has signed both blocks")
    return found


def _check_form(name: str, block: LightBlock) -> None:
    members, signatures = block.validators.members, block.commit.signatures
    if len(members) != len(signatures):
        raise Malformed(f"{name}: expected {len(members)} commit entries, got {len(signatures)}")
    if len({member.address for member in members}) != len(members):
        raise Malformed(f"{name}: expected each validator once")
    if not block.commit.block_hash:
        raise Malformed(f"{name}: expected the commit of a block, got one of nil")
