"""Whether a second node tells the same: the comparison with a witness, and where two chains part [LCD-FUNC-DETECT].

A witness is asked for the header that was verified. The same hash settles it. Another one is examined: of the headers on the way there, the
last on which the witness agrees is found by bisection; from it the witness must prove its own header as the primary did. When it cannot,
the witness lies or lost its way, and is not believed. When it can, two chains are proven, and that is an attack.

What a bad witness gets
    it lags behind the height     no opinion; asked again a few times by whoever runs this
    it has no such block          no opinion: it has pruned it
    malformed, forged, unproven   it is wrong; never believed in this walk
    no answer in time             no opinion (`Opinion.SILENT`, given by whoever runs this)

A walk of which no witness has the same opinion is not trusted, however well it was verified.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from gridnode.chain.block import header_hash
from gridnode.chain.light_block import LightBlock
from gridnode.light.asking import NEWEST, Asking, ask_one
from gridnode.light.attack import Attack
from gridnode.light.climb import climb
from gridnode.light.terms import BlockMissing, LightBlockInvalid, Terms, TooFar


class Opinion(StrEnum):
    """What a witness says of a verified header."""

    AGREES = "agrees"
    LAGS = "lags behind"
    PRUNED = "has no such block"
    SILENT = "no answer"
    WRONG = "is wrong"
    DIVERGES = "diverges"


class Statement(NamedTuple):
    """A witness's opinion and what it rests on."""

    opinion: Opinion
    reason: str = ""
    """What is wrong with it, for people."""
    attack: Attack | None = None
    """Evidence, when it diverges."""


def compare(trace: Sequence[LightBlock], terms: Terms) -> Asking[Statement]:
    """Compare the last header of `trace` with a witness's.

    trace    headers verified one from the other, the trusted one first: two at least.

    Never raises for what a witness says; Expired when the trusted header is too old to examine what it says.
    """
    target = trace[-1]
    try:
        block, now_ms = yield from ask_one(target.header.height)
    except BlockMissing:
        return (yield from _without(trace, terms))
    except LightBlockInvalid as fault:
        return Statement(Opinion.WRONG, fault.reason)
    if header_hash(block.header) == header_hash(target.header):
        return Statement(Opinion.AGREES)
    return (yield from _examine(trace, block, now_ms, terms))


def _without(trace: Sequence[LightBlock], terms: Terms) -> Asking[Statement]:
    """The witness does not have the height: it lags, or has pruned, or has a later time at a lower height."""
    target = trace[-1].header
    try:
        newest, now_ms = yield from ask_one(NEWEST)
    except (BlockMissing, LightBlockInvalid) as fault:
        return Statement(Opinion.WRONG, fault.reason)
    height = newest.header.height
    if height >= target.height:
        return Statement(Opinion.PRUNED, f"its newest block is {height}")
    if newest.header.time_ms < target.time_ms:
        return Statement(Opinion.LAGS, f"its newest block is {height}")
    # A lower block cannot be as late as the target: one of the two was made up ahead of time.
    below = [block for block in trace if block.header.height < height]
    if not below:
        return Statement(Opinion.WRONG, f"its block {height} is as late as block {target.height}, and not above a trusted one")
    return (yield from _prove(below[-1], newest, trace[-1], now_ms, terms))


def _examine(trace: Sequence[LightBlock], block: LightBlock, now_ms: int, terms: Terms) -> Asking[Statement]:
    """The witness has another header at the target's height: find where it parts from the trace, and have it prove its own from there."""
    low, high, parted = 0, len(trace) - 1, block  # it agrees on trace[low], once that is checked, and not on trace[high]
    try:
        first, now_ms = yield from ask_one(trace[0].header.height)
        if header_hash(first.header) != header_hash(trace[0].header):
            return Statement(Opinion.WRONG, f"it does not have the trusted block {trace[0].header.height}")
        while high - low > 1:
            middle = (low + high) // 2
            seen, now_ms = yield from ask_one(trace[middle].header.height)
            if header_hash(seen.header) == header_hash(trace[middle].header):
                low = middle
            else:
                high, parted = middle, seen
    except (BlockMissing, LightBlockInvalid) as fault:
        return Statement(Opinion.WRONG, f"it does not prove its block {block.header.height}: {fault.reason}")
    return (yield from _prove(trace[low], parted, trace[high], now_ms, terms))


def _prove(common: LightBlock, theirs: LightBlock, ours: LightBlock, now_ms: int, terms: Terms) -> Asking[Statement]:
    try:
        yield from climb(common, theirs, now_ms, terms)
    except (BlockMissing, LightBlockInvalid) as fault:
        return Statement(Opinion.WRONG, f"it does not prove its block {theirs.header.height}: {fault.reason}")
    except TooFar as fault:
        return Statement(Opinion.WRONG, str(fault))
    return Statement(Opinion.DIVERGES, "", Attack(common, ours, theirs))
