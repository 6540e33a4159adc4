"""What of an attack a block can carry, and what is said when it is nothing: two rounds, two heights, no attack at all, damaged ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gridnode.chain.evidence import check_contradiction, check_signatures, offence_of
from gridnode.chain.validators import ValidatorSet
from gridnode.light.accuse import Unproven, accusations
from gridnode.light.attack import Attack
from gridnode.primitives.errors import Malformed
from gridnode.primitives.ids import NO_HASH, Hash, Signature
from tests.light_chain import CHAIN, LightChain, keys_of, signed

FOUR = {1: 10, 2: 10, 3: 10, 4: 10}
CHAIN_OF_FOUR = LightChain([FOUR] * 9)
COMMON, OURS = CHAIN_OF_FOUR.at(1), CHAIN_OF_FOUR.at(7)
OTHER = replace(OURS.header, state_root=Hash(b"x" * 32))


def attack(round_: int = 0, signers: tuple[int, ...] = (1, 2, 3)) -> Attack:
    """Another block 7, signed in a round by some of the four."""
    return Attack(COMMON, OURS, signed(OTHER, OURS.validators, signers, round_))


def test_everybody_who_signed_both_is_accused() -> None:
    pieces = accusations(attack())
    both = {member.address: member for member in OURS.validators.members if member.name != "V4"}
    assert [offence_of(piece) for piece in pieces] == [(address, 7, 0) for address in both]
    for piece in pieces:
        check_contradiction(piece)
        check_signatures(piece, CHAIN, both[offence_of(piece).author].key)


def test_the_sides_may_stand_either_way() -> None:
    one = attack()
    assert accusations(one) == accusations(Attack(one.common, one.theirs, one.ours))


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (attack(round_=2), "in rounds 0 and 2.*amnesia"),
        (Attack(COMMON, OURS, CHAIN_OF_FOUR.at(8)), "of heights 7 and 8"),
        (attack(signers=()), "nobody has signed both"),
    ],
)
def test_what_names_nobody_says_why(found: Attack, reason: str) -> None:
    with pytest.raises(Unproven, match=reason):
        accusations(found)


def short() -> Attack:
    """A signature that is none."""
    one = attack()
    return replace(one, theirs=replace(one.theirs, commit=replace(one.theirs.commit, signatures=(Signature(b"abc"),) * 4)))


@pytest.mark.parametrize(
    "found",
    [
        Attack(COMMON, OURS, OURS),
        replace(attack(), ours=replace(OURS, commit=replace(OURS.commit, signatures=OURS.commit.signatures[:3]))),
        replace(attack(), theirs=replace(OURS, validators=ValidatorSet(OURS.validators.members[:2]))),
        replace(attack(), ours=replace(OURS, validators=ValidatorSet(OURS.validators.members[:1] * 4))),
        replace(attack(), theirs=replace(OURS, commit=replace(OURS.commit, block_hash=NO_HASH))),
        short(),
    ],
    ids=["the same twice", "cut", "another set", "one four times", "nil", "short signatures"],
)
def test_what_is_no_attack_is_malformed(found: Attack) -> None:
    with pytest.raises(Malformed) as raised:
        accusations(found)
    assert not isinstance(raised.value, Unproven)


def test_signatures_are_the_judges_business() -> None:
    """A forged one is a piece as any other; whoever puts it into a block verifies it."""
    one = attack(signers=(1,))
    forged = replace(one.theirs.commit, signatures=tuple(sig and Signature(bytes(64)) for sig in one.theirs.commit.signatures))
    [piece] = accusations(replace(one, theirs=replace(one.theirs, commit=forged)))
    with pytest.raises(Malformed):
        check_signatures(piece, CHAIN, keys_of(1).public_key)
