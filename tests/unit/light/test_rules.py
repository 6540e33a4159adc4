"""Each rule of the light client by a table: what is trusted, what needs one in between, and what nobody correct gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gridnode.chain.block import header_hash
from gridnode.chain.light_block import LightBlock
from gridnode.chain.validators import ValidatorSet
from gridnode.light.rules import Verdict, signed_power, verify, verify_below, verify_first, verify_given
from gridnode.light.terms import DEFAULT_TRUSTING_PERIOD_MS, Expired, LightBlockInvalid, Terms
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import Hash, Signature
from tests.light_chain import (
    CHAIN,
    HOUR_MS,
    START_MS,
    STEP_MS,
    TERMS,
    LightChain,
    changed,
    keys_of,
    set_of,
    signed,
)

FOUR = {0: 1, 1: 1, 2: 1, 3: 1}
OTHERS = {4: 1, 5: 1, 6: 1, 7: 1}
TEN = LightChain([FOUR] * 11)


def says(trusted: LightBlock, block: LightBlock, now_ms: int | None = None) -> Verdict:
    """The verdict at the time of the newer block."""
    return verify(trusted, block, block.header.time_ms if now_ms is None else now_ms, TERMS)


@pytest.mark.parametrize(("base", "height"), [(1, 2), (1, 3), (1, 10), (9, 10), (5, 8)])
def test_a_set_that_stays_is_followed_in_one_step(base: int, height: int) -> None:
    assert says(TEN.at(base), TEN.at(height)) is Verdict.TRUSTED


def test_next_to_it_the_whole_set_may_change() -> None:
    """The trusted header names the new set; nobody of the old one needs to sign."""
    chain = LightChain([FOUR, FOUR, OTHERS, OTHERS])
    assert says(chain.at(2), chain.at(3)) is Verdict.TRUSTED
    assert says(chain.at(1), chain.at(3)) is Verdict.NOT_ENOUGH_TRUST


@pytest.mark.parametrize(
    ("after", "signers", "expected"),
    [
        ({0: 1, 1: 1, 4: 1, 5: 1}, None, Verdict.TRUSTED),  # two of four stayed
        ({0: 1, 4: 1, 5: 1, 6: 1}, None, Verdict.NOT_ENOUGH_TRUST),  # one of four is not more than a third
        ({0: 1, 1: 1, 4: 3, 5: 3}, (0, 4, 5), Verdict.NOT_ENOUGH_TRUST),  # two stayed, one signed
        ({0: 1000, 4: 1}, None, Verdict.NOT_ENOUGH_TRUST),  # what power the new set gives does not matter
        ({0: 1, 1: 1, 4: 1000}, None, Verdict.TRUSTED),
        (OTHERS, None, Verdict.NOT_ENOUGH_TRUST),
    ],
)
def test_skipping_needs_more_than_a_third_of_those_who_are_trusted(
    after: dict[int, int], signers: tuple[int, ...] | None, expected: Verdict
) -> None:
    chain = LightChain([FOUR, FOUR, after, after], lambda height: signers if height == 3 else None)
    assert says(chain.at(1), chain.at(3)) is expected


def test_exactly_a_third_is_too_little() -> None:
    """Three of power 1 each: one of them could be the one that lies."""
    three = {0: 1, 1: 1, 2: 1}
    for powers, expected in (({0: 1, 3: 1}, Verdict.NOT_ENOUGH_TRUST), ({0: 1, 1: 1, 3: 1}, Verdict.TRUSTED)):
        chain = LightChain([three, three, powers, powers])
        assert says(chain.at(1), chain.at(3)) is expected


def test_a_trusted_address_with_another_key_does_not_count() -> None:
    """Whoever makes a set can write any key beside an address."""
    chain = LightChain([FOUR, FOUR, FOUR, FOUR])
    block = chain.at(3)
    members = tuple(replace(member, key=keys_of(9).public_key) for member in block.validators.members)
    forged = replace(block, validators=ValidatorSet(members))
    assert signed_power(chain.at(1).validators, forged) == 0
    with pytest.raises(LightBlockInvalid, match="address of its key"):
        says(chain.at(1), forged)


def swap(block: LightBlock, index: int, signature: bytes) -> LightBlock:
    """The block with another signature in its commit."""
    signatures = list(block.commit.signatures)
    signatures[index] = Signature(signature)
    return replace(block, commit=replace(block.commit, signatures=tuple(signatures)))


def twice(block: LightBlock) -> LightBlock:
    """The first validator stands in the set twice."""
    members = (block.validators.members[0], *block.validators.members)
    return signed(block.header, ValidatorSet(members))


WRONG: list[tuple[str, Callable[[LightBlock], LightBlock], str]] = [
    ("another chain", lambda b: changed(b, chain_id="light-2"), "expected a header of chain light-1"),
    ("two of four", lambda b: signed(b.header, b.validators, (0, 1)), "more than 2/3 of power 4, got 2"),
    ("nobody", lambda b: signed(b.header, b.validators, ()), "more than 2/3 of power 4, got 0"),
    ("a forged signature", lambda b: swap(b, 0, bytes(64)), "valid precommit signature"),
    ("signatures in another order", lambda b: swap(b, 0, b.commit.signatures[1]), "valid precommit signature"),
    ("a commit of another round", lambda b: replace(b, commit=replace(b.commit, round=1)), "valid precommit signature"),
    ("a stale commit", lambda b: replace(b, commit=TEN.at(4).commit), "expected a commit of block"),
    ("another header", lambda b: replace(b, header=replace(b.header, state_root=Hash(b"x" * 32))), "expected a commit of block"),
    ("flipped power", lambda b: replace(b, validators=set_of({0: 2, 1: 1, 2: 1, 3: 1})), "whose hash the header names"),
    ("another set", lambda b: signed(b.header, set_of(OTHERS)), "whose hash the header names"),
    ("a member less", lambda b: signed(b.header, set_of({0: 1, 1: 1, 2: 1})), "whose hash the header names"),
    ("a member twice", twice, "each once"),
    ("members in another order", lambda b: signed(b.header, ValidatorSet(b.validators.members[::-1])), "ascending order"),
    ("a signature less", lambda b: replace(b, commit=replace(b.commit, signatures=b.commit.signatures[1:])), "4 commit entries"),
    ("the time of the trusted one", lambda b: changed(b, time_ms=START_MS + 5 * STEP_MS), "expected a time above"),
    ("an earlier time", lambda b: changed(b, time_ms=START_MS), "expected a time above"),
    ("a lower height", lambda b: changed(b, height=4), "expected a height above 5, got 4"),
    ("its own height", lambda b: changed(b, height=5), "expected a height above 5, got 5"),
    ("height 0", lambda b: changed(b, height=0), "height of 1 or more"),
]


@pytest.mark.parametrize(("spoil", "reason"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
@pytest.mark.parametrize("height", [6, 9], ids=["next", "skipping"])
def test_what_nobody_correct_gives(spoil: Callable[[LightBlock], LightBlock], reason: str, height: int) -> None:
    good = TEN.at(height)
    assert says(TEN.at(5), good) is Verdict.TRUSTED
    with pytest.raises(LightBlockInvalid, match=reason):
        says(TEN.at(5), spoil(good), good.header.time_ms)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"previous_hash": Hash(b"p" * 32)}, "to follow on the trusted block 5"),
        ({"validators_hash": None}, "that block 5 names for height 6"),
    ],
)
def test_next_to_it_the_link_must_hold(fields: dict[str, Hash | None], reason: str) -> None:
    """A set of its own making signs by more than 2/3, and a header on another block is of another chain."""
    block = changed(TEN.at(6), **fields) if fields.get("validators_hash", 1) else LightChain([FOUR] * 5 + [OTHERS, OTHERS]).at(6)
    with pytest.raises(LightBlockInvalid, match=reason):
        says(TEN.at(5), block)


@pytest.mark.parametrize(("late_ms", "is_expired"), [(-1, False), (0, True), (1, True), (10 * HOUR_MS, True)])
def test_an_old_header_is_no_base(late_ms: int, is_expired: bool) -> None:
    """From the trusting period on, whatever the new block is."""
    now_ms = TEN.at(5).header.time_ms + HOUR_MS + late_ms
    if is_expired:
        with pytest.raises(Expired, match="expected a newer block to trust"):
            says(TEN.at(5), TEN.at(6), now_ms)
    else:
        assert says(TEN.at(5), TEN.at(6), now_ms) is Verdict.TRUSTED


@pytest.mark.parametrize(("ahead_ms", "is_refused"), [(5_000, False), (5_001, True)])
def test_a_header_from_the_future_is_refused(ahead_ms: int, is_refused: bool) -> None:
    now_ms = TEN.at(6).header.time_ms - ahead_ms
    if is_refused:
        with pytest.raises(LightBlockInvalid, match="at most 5000 ms after this clock's"):
            says(TEN.at(5), TEN.at(6), now_ms)
    else:
        assert says(TEN.at(5), TEN.at(6), now_ms) is Verdict.TRUSTED


def test_the_first_block_follows_from_genesis() -> None:
    """And no other: of another genesis, another set, another height, of a time that is not after it, or much too late."""
    first, genesis = TEN.at(1), TEN.genesis
    verify_first(genesis, first, TEN.now_ms, TERMS)
    other = LightChain([OTHERS, OTHERS])
    for wrong, reason in (
        (TEN.at(2), "expected block 1"),
        (other.at(1), "expected block 1 on genesis"),
        (changed(other.at(1), previous_hash=first.header.previous_hash), "validators of genesis"),
        (changed(first, time_ms=START_MS), "that of genesis"),
        (signed(first.header, first.validators, (0, 1)), "more than 2/3"),
    ):
        with pytest.raises(LightBlockInvalid, match=reason):
            verify_first(genesis, wrong, TEN.now_ms, TERMS)
    with pytest.raises(Expired, match="genesis"):
        verify_first(genesis, first, START_MS + HOUR_MS, TERMS)


def test_the_block_that_people_trust() -> None:
    """By height and hash, final, of this chain, and not too old."""
    block = TEN.at(4)
    digest = header_hash(block.header)
    verify_given(4, digest, block, TEN.now_ms, TERMS)
    for height, wanted, given, reason in (
        (4, bytes(32), block, "with the trusted hash"),
        (4, digest, TEN.at(5), "with the trusted hash"),
        (5, digest, block, "expected block 5"),
        (4, digest, signed(block.header, block.validators, (1,)), "more than 2/3"),
    ):
        with pytest.raises(LightBlockInvalid, match=reason):
            verify_given(height, wanted, given, TEN.now_ms, TERMS)
    with pytest.raises(Expired):
        verify_given(4, digest, block, block.header.time_ms + HOUR_MS, TERMS)


def test_below_a_trusted_block_hashes_alone_decide() -> None:
    """No clock is asked."""
    verify_below(TEN.at(5), TEN.at(4), TERMS)
    for wrong in (TEN.at(3), TEN.at(5), changed(TEN.at(4), state_root=Hash(b"x" * 32))):
        with pytest.raises(LightBlockInvalid, match="that block 5 follows on"):
            verify_below(TEN.at(5), wrong, TERMS)
    with pytest.raises(LightBlockInvalid, match="more than 2/3"):
        verify_below(TEN.at(5), signed(TEN.at(4).header, TEN.at(4).validators, (0,)), TERMS)


@pytest.mark.parametrize(("period_ms", "drift_ms"), [(0, 1), (-1, 1), (1, 0)])
def test_terms_are_checked(period_ms: int, drift_ms: int) -> None:
    with pytest.raises(OperatorError, match="above 0 ms"):
        Terms(CHAIN, period_ms, drift_ms)
    assert Terms(CHAIN).trusting_period_ms == DEFAULT_TRUSTING_PERIOD_MS
