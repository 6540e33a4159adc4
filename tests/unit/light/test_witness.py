"""Witnesses: who agrees, who has nothing to say, who lies, and the evidence when two chains are proven."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from gridnode.chain.block import header_hash
from gridnode.chain.light_block import LightBlock
from gridnode.chain.vote import vote_hash
from gridnode.codec.records import decode, encode
from gridnode.crypto.keys import verify as verify_signature
from gridnode.light.attack import Attack, AttackKind, Divergence, both_signed, double_votes, signers_of
from gridnode.light.climb import climb
from gridnode.light.terms import Expired
from gridnode.light.witness import Opinion, Statement, compare
from gridnode.primitives.ids import Hash
from tests.light_chain import (
    CHAIN,
    HOUR_MS,
    STEP_MS,
    TERMS,
    LightChain,
    Run,
    changed,
    header_of,
    set_of,
    signed,
)

FOUR = {0: 1, 1: 1, 2: 1, 3: 1}
MOVING = LightChain([{number % 60: 1 for number in range(height, height + 4)} for height in range(41)])
TRACE = Run(climb(MOVING.at(1), MOVING.at(21), MOVING.now_ms, TERMS), MOVING.give, MOVING.now_ms).result


def hears(give: Callable[[int], LightBlock | None], trace: list[LightBlock] | None = None, now_ms: int | None = None) -> Statement:
    """What a witness that answers so says of a walk."""
    result: Statement = Run(compare(trace or TRACE, TERMS), give, MOVING.now_ms if now_ms is None else now_ms).result
    return result


class Fork(LightChain):
    """A chain of the same validators that is the other one up to a height, and then another."""

    def __init__(
        self, chain: LightChain, above: int, signers: tuple[int, ...] | None = None, round_: int = 0
    ) -> None:
        self.genesis, self.sets, self.blocks = chain.genesis, chain.sets, chain.blocks[:above]
        previous = header_hash(self.blocks[-1].header)
        for height in range(above + 1, len(chain.blocks) + 1):
            of = chain.at(height)
            header = header_of(height, of.header.time_ms, previous, of.validators, chain.sets[height], b"fork")
            self.blocks.append(signed(header, of.validators, signers, round_))
            previous = header_hash(header)


def test_one_that_agrees_is_asked_once() -> None:
    run = Run(compare(TRACE, TERMS), MOVING.give, MOVING.now_ms)
    assert run.result == Statement(Opinion.AGREES)
    assert run.asked == [21]


def short(height: int) -> Callable[[int], LightBlock | None]:
    """A node whose newest block is of this height."""
    return lambda asked: MOVING.at(height) if asked == 0 else MOVING.give(asked) if asked <= height else None


def test_one_without_the_block_has_no_opinion() -> None:
    """It lags, or it has pruned; one that has nothing at all is of no use."""
    assert hears(short(20)).opinion is Opinion.LAGS
    pruned = hears(lambda asked: MOVING.tip if asked == 0 else None)
    assert (pruned.opinion, pruned.reason) == (Opinion.PRUNED, "its newest block is 40")
    assert hears(lambda asked: None).opinion is Opinion.WRONG


LIARS: list[tuple[str, Callable[[int], LightBlock | None], str]] = [
    ("another height", lambda asked: MOVING.at(20), "expected one block of height 21"),
    ("another chain altogether", LightChain([FOUR] * 41).give, "does not have the trusted block 1"),
    (
        "a header signed by one",
        lambda asked: changed(MOVING.at(21), signers=[20], state_root=Hash(bytes(32))) if asked == 21 else MOVING.give(asked),
        "does not prove its block 21: .*more than 2/3",
    ),
    (
        "a set of its own",
        lambda asked: LightChain([{50: 1, 51: 1}] * 22).at(21) if asked == 21 else MOVING.give(asked),
        "does not prove its block 21: expected the validators that block 20 names",
    ),
    (
        "a fork with holes",
        lambda asked: Fork(MOVING, 10).give(asked) if asked in (1, 3, 21) else None,
        "does not prove its block 21: expected a light block of height",
    ),
]


@pytest.mark.parametrize(("give", "reason"), [row[1:] for row in LIARS], ids=[row[0] for row in LIARS])
def test_liars_are_not_believed(give: Callable[[int], LightBlock | None], reason: str) -> None:
    said = hears(give)
    assert said.opinion is Opinion.WRONG
    assert re.search(reason, said.reason), said.reason


@pytest.mark.parametrize("above", [1, 2, 3, 7, 10, 15, 20])
def test_where_two_proven_chains_part(above: int) -> None:
    """The last header of the way on which both agree, whatever the height at which they parted; everybody of the set signed both."""
    fork = Fork(MOVING, above)
    said = hears(fork.give)
    assert said.opinion is Opinion.DIVERGES
    attack = said.attack
    assert attack is not None
    heights = [block.header.height for block in TRACE]
    common = max(height for height in heights if height <= above)
    ours = heights[heights.index(common) + 1]
    assert attack == Attack(MOVING.at(common), MOVING.at(ours), fork.at(ours))
    assert decode(Attack, encode(attack)) == attack
    assert attack.kind is AttackKind.EQUIVOCATION
    assert both_signed(attack) == MOVING.at(ours).validators.members


def test_who_voted_twice_is_named_with_two_votes_that_prove_it() -> None:
    """Three of four on each side: the two in common. The votes stand by themselves."""
    honest = LightChain([FOUR] * 10, lambda height: (0, 1, 2) if height > 5 else None)
    fork = Fork(honest, 5, signers=(1, 2, 3))
    said = hears(fork.give, [honest.at(1), honest.at(9)])
    assert said.attack is not None
    names = [member.name for member in both_signed(said.attack)]
    assert sorted(names) == ["V1", "V2"]
    pairs = double_votes(said.attack)
    assert len(pairs) == 2
    for (mine, other), member in zip(pairs, both_signed(said.attack), strict=True):
        assert (mine.height, mine.round, mine.validator) == (other.height, other.round, other.validator) == (9, 0, member.address)
        assert mine.block_hash != other.block_hash
        for vote in (mine, other):
            digest = vote_hash(CHAIN, vote.kind, vote.height, vote.round, vote.block_hash)
            assert verify_signature(member.key, digest, vote.signature)
    side = signers_of(said.attack, said.attack.theirs)
    assert sorted(member.name for member in side.signers) == ["V1", "V2", "V3"]
    assert side.power == 3
    assert "both were signed by " + ", ".join(names) in str(Divergence(said.attack, "W"))


def test_another_round_is_amnesia_and_nobodys_two_votes() -> None:
    honest = LightChain([FOUR] * 10)
    said = hears(Fork(honest, 5, round_=2).give, [honest.at(1), honest.at(9)])
    assert said.attack is not None
    assert said.attack.kind is AttackKind.AMNESIA
    assert double_votes(said.attack) == ()
    assert len(both_signed(said.attack)) == 4


def test_a_set_that_a_third_made_up_is_lunatic() -> None:
    """Two of four sign, with two of their own making, a header that names that set: believed by skipping, found by a witness."""
    honest = LightChain([FOUR] * 10)
    made_up = LightChain([FOUR] * 8 + [{0: 1, 1: 1, 8: 1}, FOUR])
    for ours, theirs in ((honest, made_up), (made_up, honest)):
        trace = Run(climb(honest.at(1), ours.at(9), honest.now_ms, TERMS), ours.give, honest.now_ms).result
        said = hears(theirs.give, trace)
        assert said.attack is not None
        assert said.attack.kind is AttackKind.LUNATIC
        lied = signers_of(said.attack, made_up.at(9))
        assert sorted(member.name for member in lied.signers) == ["V0", "V1"]
        assert lied.power == 2


def test_a_lower_block_that_is_later_is_an_attack() -> None:
    """A forward attack: the primary's block 9 is earlier than the witness's block 8, so one of the two was made up."""
    slow = LightChain([FOUR] * 9, step_ms=STEP_MS)
    early = signed(header_of(20, slow.tip.header.time_ms - 1, Hash(bytes(32)), set_of(FOUR), set_of(FOUR)), set_of(FOUR), (0, 1, 2))
    said = hears(slow.give, [slow.at(1), early], slow.now_ms)
    assert said.attack is not None
    assert said.attack.kind is AttackKind.LUNATIC
    assert said.attack.theirs == slow.tip
    lagging = signed(header_of(20, slow.tip.header.time_ms + 1, Hash(bytes(32)), set_of(FOUR), set_of(FOUR)), set_of(FOUR))
    assert hears(slow.give, [slow.at(1), lagging], slow.now_ms).opinion is Opinion.LAGS


def test_a_witness_cannot_be_examined_from_an_expired_block() -> None:
    """Its proof would rest on validators that may lie for free."""
    with pytest.raises(Expired):
        hears(Fork(MOVING, 10).give, now_ms=MOVING.at(9).header.time_ms + HOUR_MS)
