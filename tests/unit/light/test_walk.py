"""From what is trusted to what is asked for: which heights are asked of the provider, and what a lying one gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gridnode.chain.block import header_hash
from gridnode.chain.light_block import LightBlock
from gridnode.light import climb as climbing
from gridnode.light import descent
from gridnode.light.asking import NEWEST, Answer
from gridnode.light.climb import climb
from gridnode.light.descent import descend
from gridnode.light.terms import BlockMissing, Expired, LightBlockInvalid, TooFar
from gridnode.light.trusted import MemoryBlocks
from gridnode.light.walk import begin_with_genesis, begin_with_hash, walk
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import Hash
from gridnode.primitives.limits import MAX_LIGHT_BLOCKS
from tests.light_chain import HOUR_MS, TERMS, LightChain, Powers, Run, changed

FOUR = {0: 1, 1: 1, 2: 1, 3: 1}
STEADY = LightChain([FOUR] * 101)
MOVING = LightChain([{number % 64: 1 for number in range(height, height + 4)} for height in range(41)])
"""At each height one validator of four comes and one goes."""
REPLACED = LightChain([{4 * height % 64 + number: 1 for number in range(4)} for height in range(17)])
"""At each height all of them."""


def up(chain: LightChain, base: int, height: int, give: Callable[[int], LightBlock | None] | None = None) -> Run:
    """Climb from one height to another."""
    return Run(climb(chain.at(base), chain.at(height), chain.now_ms, TERMS), give or chain.give, chain.now_ms)


def test_a_set_that_stays_needs_no_header_in_between() -> None:
    run = up(STEADY, 1, 100)
    assert run.asked == []
    assert run.result == [STEADY.at(1), STEADY.at(100)]


def test_a_set_that_moves_is_followed_by_bisection() -> None:
    """Half way, then half of that; two validators of four still there are enough, so steps of two are."""
    run = up(MOVING, 1, 21)
    assert run.asked == [11, 6, 3, 4, 8, 9, 16, 13, 14, 18, 19]
    heights = [block.header.height for block in run.result]
    assert heights == [1, 3, 4, 6, 8, 9, 11, 13, 14, 16, 18, 19, 21]


def test_a_set_that_is_replaced_at_every_height_is_followed_height_by_height() -> None:
    run = up(REPLACED, 1, 16)
    assert [block.header.height for block in run.result] == list(range(1, 17))
    assert sorted(run.asked) == list(range(2, 16))


def test_the_number_of_steps_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(climbing, "MAX_LIGHT_STEPS", 8)
    with pytest.raises(TooFar, match="more than 8 steps"):
        up(REPLACED, 1, 16)
    assert len(up(REPLACED, 1, 7).result) == 7


def test_a_provider_that_lies_half_way_is_found_out() -> None:
    """Another header at a height, a wrong height, two for one, and none."""

    def with_height(height: int, block: LightBlock | None) -> Callable[[int], LightBlock | None]:
        return lambda asked: block if asked == height else MOVING.give(asked)

    lie = changed(MOVING.at(11), previous_hash=Hash(bytes(32)), signers=[11])
    for block, error in (
        (lie, LightBlockInvalid),
        (MOVING.at(12), LightBlockInvalid),
        (None, BlockMissing),
    ):
        with pytest.raises(error):
            up(MOVING, 1, 21, with_height(11, block))
    asking = climb(MOVING.at(1), MOVING.at(21), MOVING.now_ms, TERMS)
    next(asking)
    with pytest.raises(LightBlockInvalid, match="expected one block of height 11, got 2"):
        asking.send(Answer([MOVING.at(11), MOVING.at(12)], MOVING.now_ms))


def test_a_base_that_expires_on_the_way_is_noticed() -> None:
    """The clock goes on while a slow provider answers."""
    asking = climb(MOVING.at(1), MOVING.at(21), MOVING.now_ms, TERMS)
    assert next(asking) == (11,)
    with pytest.raises(Expired):
        asking.send(Answer([MOVING.at(11)], MOVING.at(1).header.time_ms + HOUR_MS))


def test_down_by_hashes_in_batches() -> None:
    run = Run(descend(STEADY.at(100), 10, TERMS), STEADY.give, 0)
    assert run.result == STEADY.at(10)
    assert run.asked == list(range(99, 9, -1))


def test_short_answers_on_the_way_down() -> None:
    """One block at a time: the rest is asked for again."""
    asking: Any = descend(STEADY.at(90), 40, TERMS)
    heights, asked = next(asking), []
    while heights[0] > 40:
        asked.append(len(heights))
        heights = asking.send(Answer([STEADY.at(heights[0])], 0))
    assert asked == [*[MAX_LIGHT_BLOCKS] * (50 - MAX_LIGHT_BLOCKS), *range(MAX_LIGHT_BLOCKS, 1, -1)]
    with pytest.raises(StopIteration) as end:
        asking.send(Answer([STEADY.at(40)], 0))
    assert end.value.value == STEADY.at(40)


def test_lies_on_the_way_down() -> None:
    """One that is missing, one of another chain, one too many, and too far."""
    other = LightChain([FOUR] * 101, salt=b"other")
    for give, error in ((other.give, LightBlockInvalid), (lambda _: None, BlockMissing)):
        with pytest.raises(error):
            Run(descend(STEADY.at(50), 40, TERMS), give, 0)
    asking = descend(STEADY.at(50), 49, TERMS)
    next(asking)
    with pytest.raises(LightBlockInvalid, match="expected at most 1"):
        asking.send(Answer([STEADY.at(49), STEADY.at(48)], 0))


def test_the_way_down_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descent, "MAX_LIGHT_DESCENT", 10)
    assert Run(descend(STEADY.at(50), 40, TERMS), STEADY.give, 0).result == STEADY.at(40)
    with pytest.raises(TooFar, match="11 blocks below"):
        Run(descend(STEADY.at(50), 39, TERMS), STEADY.give, 0)


def trusting(chain: LightChain, *heights: int) -> MemoryBlocks:
    """A store with these blocks of a chain."""
    store = MemoryBlocks()
    for height in heights:
        store.put(chain.at(height))
    return store


@pytest.mark.parametrize(
    ("heights", "wanted", "asked", "trace"),
    [
        ((10, 50), 50, [], []),  # known
        ((10, 50), 70, [70], [50, 70]),
        ((10, 50), 30, [30], [10, 30]),  # up from below rather than down from above
        ((50,), 45, [49, 48, 47, 46, 45], []),
        ((10,), NEWEST, [NEWEST], [10, 100]),
        ((100,), NEWEST, [NEWEST], []),
    ],
)
def test_which_way_it_goes(heights: tuple[int, ...], wanted: int, asked: list[int], trace: list[int]) -> None:
    run = Run(walk(trusting(STEADY, *heights), wanted, STEADY.now_ms, TERMS), STEADY.give, STEADY.now_ms)
    assert run.asked == asked
    assert [block.header.height for block in run.result.trace] == trace
    assert run.result.block == STEADY.at(wanted or 100)


def test_what_has_expired_is_no_base_but_hashes_go_down() -> None:
    """Block 10 is too old, block 50 is not: 30 is reached from above. With nothing above there is no way."""
    now_ms = STEADY.at(10).header.time_ms + HOUR_MS
    run = Run(walk(trusting(STEADY, 10, 50), 30, now_ms, TERMS), STEADY.give, now_ms)
    assert run.asked == list(range(49, 29, -1))
    with pytest.raises(Expired, match="block 10"):
        Run(walk(trusting(STEADY, 10), 30, now_ms, TERMS), STEADY.give, now_ms)
    with pytest.raises(OperatorError, match="a trusted block to begin with"):
        Run(walk(MemoryBlocks(), 30, now_ms, TERMS), STEADY.give, now_ms)


def test_another_newest_block_than_the_trusted_one_is_a_lie() -> None:
    other = LightChain([FOUR] * 101, salt=b"other")
    with pytest.raises(LightBlockInvalid, match="to be the trusted one"):
        Run(walk(trusting(STEADY, 100), NEWEST, STEADY.now_ms, TERMS), other.give, STEADY.now_ms)


def test_beginnings() -> None:
    """With genesis, or with the hash of a block; a provider of another chain is found out."""
    other = LightChain([FOUR] * 5, salt=b"other")
    digest = header_hash(STEADY.at(7).header)
    assert Run(begin_with_genesis(STEADY.genesis, TERMS), STEADY.give, STEADY.now_ms).result == STEADY.at(1)
    assert Run(begin_with_hash(7, digest, TERMS), STEADY.give, STEADY.now_ms).result == STEADY.at(7)
    with pytest.raises(BlockMissing):
        Run(begin_with_hash(7, digest, TERMS), other.give, STEADY.now_ms)
    with pytest.raises(LightBlockInvalid):
        Run(begin_with_hash(4, digest, TERMS), other.give, STEADY.now_ms)


def test_a_store_keeps_one_block_for_each_height_and_the_newest_of_them() -> None:
    store = MemoryBlocks(3)
    for height in (5, 1, 9, 7, 9):
        store.put(STEADY.at(height))
    assert len(store) == 3
    found: dict[int, Any] = {height: (store.at_or_below(height), store.at_or_above(height)) for height in (4, 5, 6, 9, 10)}
    heights = {key: tuple(one and one.header.height for one in pair) for key, pair in found.items()}
    assert heights == {4: (None, 5), 5: (5, 5), 6: (5, 7), 9: (9, 9), 10: (9, None)}
    with pytest.raises(LightBlockInvalid, match="which is trusted"):
        store.put(LightChain([FOUR] * 11, salt=b"other").at(9))


def test_powers_are_a_mapping() -> None:
    """The test chain's own sets are what they say."""
    powers: Powers = {3: 5}
    assert LightChain([powers, powers]).sets[0].total_power == 5
