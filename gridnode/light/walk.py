"""One question from beginning to end: what is asked of the provider, from which trusted block, and on which way."""

from __future__ import annotations

from typing import NamedTuple

from gridnode.chain.genesis import Genesis
from gridnode.chain.light_block import LightBlock
from gridnode.light.asking import NEWEST, Asking, ask_one
from gridnode.light.climb import climb
from gridnode.light.descent import descend
from gridnode.light.rules import verify_first, verify_given
from gridnode.light.terms import Expired, LightBlockInvalid, Terms
from gridnode.light.trusted import TrustedBlocks
from gridnode.primitives.errors import OperatorError


class Walked(NamedTuple):
    """A block that was verified."""

    block: LightBlock  # the one that was asked for
    trace: tuple[LightBlock, ...]  # headers from the trusted one up to it; empty when it was known, or lies below the trusted one
    asked: int
    """How many headers were asked for."""


def begin_with_genesis(genesis: Genesis, terms: Terms) -> Asking[LightBlock]:
    """Block 1 of the chain with this genesis, which is then trusted. Raises LightBlockInvalid, BlockMissing, Expired."""
    block, now_ms = yield from ask_one(1)
    verify_first(genesis, block, now_ms, terms)
    return block


def begin_with_hash(height: int, block_hash: bytes, terms: Terms) -> Asking[LightBlock]:
    """The block that people trust by height and hash. Raises LightBlockInvalid, BlockMissing, Expired."""
    block, now_ms = yield from ask_one(height)
    verify_given(height, block_hash, block, now_ms, terms)
    return block


def walk(trusted: TrustedBlocks, height: int, now_ms: int, terms: Terms) -> Asking[Walked]:
    """The verified block at `height`, or the provider's NEWEST, from what is trusted.

    Up from the nearest trusted block below that has not expired, else down from the nearest above. Nothing is put into the store: the
    trace is kept by the caller once its witnesses agree.

    Raises LightBlockInvalid, BlockMissing, Expired, TooFar; OperatorError when nothing is trusted.
    """
    if height == NEWEST:
        target, now_ms = yield from ask_one(NEWEST)
        height, known = target.header.height, True
    else:
        target, known = None, False
    found = trusted.at_or_below(height)
    if found is not None and found.header.height == height:
        if target is not None and target.header != found.header:
            raise LightBlockInvalid(f"expected the newest block {height} to be the trusted one, got another")
        return Walked(found, (), int(known))
    base, above = found, trusted.at_or_above(height)
    if base is not None and not terms.is_expired(base.header.time_ms, now_ms):
        return (yield from _up(base, target, height, now_ms, terms))
    if above is not None:
        return (yield from _down(above, height, terms))
    if base is None:
        raise OperatorError("light client: expected a trusted block to begin with")
    raise Expired(
        f"the newest trusted block below {height} is block {base.header.height} of {base.header.time_ms} ms, older than the trusting "
        f"period of {terms.trusting_period_ms} ms; expected a newer block to trust"
    )


def _up(base: LightBlock, target: LightBlock | None, height: int, now_ms: int, terms: Terms) -> Asking[Walked]:
    if target is None:
        target, now_ms = yield from ask_one(height)
    trace = yield from climb(base, target, now_ms, terms)
    return Walked(trace[-1], tuple(trace), len(trace) - 1)


def _down(above: LightBlock, height: int, terms: Terms) -> Asking[Walked]:
    block = yield from descend(above, height, terms)
    return Walked(block, (), above.header.height - height)
