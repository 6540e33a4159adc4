"""The light client against the chain itself: whatever the sets do it ends where height by height ends; what a liar makes up is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gridnode.chain.block import header_hash
from gridnode.chain.light_block import LightBlock
from gridnode.light.attack import both_signed
from gridnode.light.climb import climb
from gridnode.light.descent import descend
from gridnode.light.rules import Verdict, verify
from gridnode.light.terms import LightBlockInvalid
from gridnode.light.witness import Opinion, compare
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.ids import Hash, Signature
from tests.light_chain import TERMS, LightChain, Run, address, header_of, set_of, signed

LIARS = (20, 21, 22, 23)
"""Validators whose keys the liar has."""


@st.composite
def set_histories(draw: Any, most: int = 12) -> list[dict[int, int]]:
    """Sets of successive heights: members come, go and change their power, few or all of them."""
    members = st.integers(0, 9)
    power = st.integers(1, 5)
    some = st.dictionaries(members, power, min_size=1, max_size=5)
    history = [draw(some)]
    for _ in range(draw(st.integers(2, most))):
        kind = draw(st.sampled_from(("stay", "stay", "one", "all")))
        powers = dict(history[-1])
        if kind == "one":
            powers[draw(members)] = draw(power)
            if len(powers) > 1 and draw(st.booleans()):
                powers.pop(draw(st.sampled_from(sorted(powers))))
        elif kind == "all":
            powers = draw(some)
        history.append(powers if powers != history[-1] else history[-1])
    return history


def may_skip(trusted: LightBlock, block: LightBlock) -> bool:
    """The rule told again, slowly: the signed part of the trusted set's power is above a third."""
    total = signed_part = 0
    for member in trusted.validators.members:
        total += member.power
        for other, signature in zip(block.validators.members, block.commit.signatures, strict=True):
            if other.address == member.address and other.key == member.key and len(signature) == 64:
                signed_part += member.power
    return signed_part * 3 > total


@settings(max_examples=60)
@given(set_histories(), st.data())
def test_up_it_ends_where_the_chain_is(history: list[dict[int, int]], data: st.DataObject) -> None:
    """Every hop is to the next height or allowed by the slow rule, and no hop was skipped that the rule allows first."""
    chain = LightChain(history)
    top = len(chain.blocks)
    base = data.draw(st.integers(1, top - 1))
    target = data.draw(st.integers(base + 1, top))
    run = Run(climb(chain.at(base), chain.at(target), chain.now_ms, TERMS), chain.give, chain.now_ms)
    trace = run.result
    assert [trace[0], trace[-1]] == [chain.at(base), chain.at(target)]
    assert all(block == chain.at(block.header.height) for block in trace)
    for lower, upper in pairwise(trace):
        assert lower.header.height < upper.header.height
        assert upper.header.height == lower.header.height + 1 or may_skip(lower, upper)
    assert len(set(run.asked)) == len(run.asked)
    if may_skip(chain.at(base), chain.at(target)) or target == base + 1:
        assert run.asked == []


@settings(max_examples=60)
@given(set_histories(), st.data())
def test_each_pair_of_heights_has_the_verdict_of_the_slow_rule(history: list[dict[int, int]], data: st.DataObject) -> None:
    chain = LightChain(history)
    low = data.draw(st.integers(1, len(chain.blocks) - 1))
    for height in range(low + 1, len(chain.blocks) + 1):
        expected = Verdict.TRUSTED if height == low + 1 or may_skip(chain.at(low), chain.at(height)) else Verdict.NOT_ENOUGH_TRUST
        assert verify(chain.at(low), chain.at(height), chain.now_ms, TERMS) is expected


@settings(max_examples=40)
@given(set_histories(), st.data())
def test_down_it_ends_where_the_chain_is(history: list[dict[int, int]], data: st.DataObject) -> None:
    chain = LightChain(history)
    target = data.draw(st.integers(1, len(chain.blocks)))
    run = Run(descend(chain.tip, target, TERMS), chain.give, 0)
    assert run.result == chain.at(target)


def spoilt(block: LightBlock, data: st.DataObject) -> LightBlock:
    """One thing of it is not what it was; nothing is signed anew."""
    header, commit, members = block.header, block.commit, block.validators.members
    index = data.draw(st.integers(0, len(members) - 1))
    flipped = list(members)
    flipped[index] = replace(members[index], power=members[index].power + data.draw(st.integers(1, 9)))
    signatures = list(commit.signatures)
    signatures[index] = Signature(bytes([signatures[index][0] ^ 1]) + signatures[index][1:])
    what = data.draw(st.sampled_from(("state", "next set", "time", "power", "member less", "signature", "round", "hash", "height")))
    digest = Hash(data.draw(st.binary(min_size=32, max_size=32)))
    return {
        "state": lambda: replace(block, header=replace(header, state_root=digest)),
        "next set": lambda: replace(block, header=replace(header, next_validators_hash=digest)),
        "time": lambda: replace(block, header=replace(header, time_ms=header.time_ms + 1)),
        "power": lambda: replace(block, validators=replace(block.validators, members=tuple(flipped))),
        "member less": lambda: replace(block, validators=replace(block.validators, members=members[:index] + members[index + 1 :])),
        "signature": lambda: replace(block, commit=replace(commit, signatures=tuple(signatures))),
        "round": lambda: replace(block, commit=replace(commit, round=commit.round + 1)),
        "hash": lambda: replace(block, commit=replace(commit, block_hash=digest)),
        "height": lambda: replace(block, header=replace(header, height=header.height + 1)),
    }[what]()


@settings(max_examples=120)
@given(set_histories(), st.data())
def test_a_block_of_which_anything_was_changed_is_never_trusted(history: list[dict[int, int]], data: st.DataObject) -> None:
    """As the target, and on the way."""
    chain = LightChain(history)
    height = data.draw(st.integers(2, len(chain.blocks)))
    lie = spoilt(chain.at(height), data)
    for base in {1, height - 1}:
        try:
            verdict = verify(chain.at(base), lie, chain.now_ms, TERMS)
        except LightBlockInvalid:
            continue
        raise AssertionError(f"a spoilt block has the verdict {verdict.name}")


@settings(max_examples=60)
@given(set_histories(), st.data())
def test_a_liar_with_a_third_or_less_makes_nothing_trusted(history: list[dict[int, int]], data: st.DataObject) -> None:
    """It has the keys of some members, never more than a third of any set, and sets of its own: no forged header is trusted."""
    weak = [{**powers, 20: max(1, sum(powers.values()) // 3)} for powers in history]
    assume(all(3 * powers[20] <= sum(powers.values()) for powers in weak))
    chain = LightChain(weak)
    base = data.draw(st.integers(1, len(chain.blocks) - 1))
    height = data.draw(st.integers(base + 1, len(chain.blocks)))
    own = set_of(data.draw(st.dictionaries(st.sampled_from(LIARS), st.integers(1, 1_000), min_size=1)))
    voters = data.draw(st.sampled_from((own, chain.at(height).validators)))
    of = chain.at(height).header
    forged = signed(header_of(height, of.time_ms, of.previous_hash, voters, own, b"forged"), voters, LIARS)

    def give(asked: int) -> LightBlock | None:
        return forged if asked == height else chain.give(asked)

    try:
        trace = Run(climb(chain.at(base), forged, chain.now_ms, TERMS), give, chain.now_ms).result
    except PeerFault:
        return
    raise AssertionError(f"a forged block {height} is trusted by way of {[block.header.height for block in trace]}")


@settings(max_examples=60)
@given(set_histories(8), st.data())
def test_an_attack_is_found_and_names_nobody_who_is_honest(history: list[dict[int, int]], data: st.DataObject) -> None:
    """Liars hold more than two thirds from a height on and make a second chain; an honest witness finds it, whichever is asked first."""
    strong = [{**powers, **dict.fromkeys(LIARS, sum(powers.values()))} for powers in history]
    chain = LightChain(strong)
    top = len(chain.blocks)
    parted = data.draw(st.integers(1, top - 1))
    fork: list[LightBlock] = chain.blocks[:parted]
    for height in range(parted + 1, top + 1):
        of = chain.at(height)
        header = header_of(height, of.header.time_ms, header_hash(fork[-1].header), of.validators, chain.sets[height], b"fork")
        fork.append(signed(header, of.validators, LIARS, data.draw(st.integers(0, 1))))
    sides: list[Callable[[int], LightBlock | None]] = [chain.give, lambda asked: fork[(asked or top) - 1] if asked <= top else None]
    primary, witness = sides if data.draw(st.booleans()) else sides[::-1]
    target = primary(top)
    assert target is not None
    trace = Run(climb(chain.at(1), target, chain.now_ms, TERMS), primary, chain.now_ms).result
    said = Run(compare(trace, TERMS), witness, chain.now_ms).result
    assert said.opinion is Opinion.DIVERGES
    assert {member.address for member in both_signed(said.attack)} == {address(number) for number in LIARS}
    assert said.attack.common.header.height <= parted < said.attack.ours.header.height
