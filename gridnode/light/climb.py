"""Up from a trusted header, by bisection [LCV-FUNC-MAIN.2, VerifyToTarget].

The target is tried first: when the set changed little, one header is enough. When too few of those who are trusted signed it, one half
way is tried, and so on down to the next height, whose voters the trusted header names itself; then up again from what has become trusted.
With a set that does not change it takes one step, at worst one for each height, and never more than MAX_LIGHT_STEPS.
"""

from __future__ import annotations

from gridnode.chain.light_block import LightBlock
from gridnode.light.asking import Asking, ask_one
from gridnode.light.rules import Verdict, check_received, follows
from gridnode.light.terms import Terms, TooFar
from gridnode.primitives.limits import MAX_LIGHT_STEPS


def climb(trusted: LightBlock, target: LightBlock, now_ms: int, terms: Terms) -> Asking[list[LightBlock]]:
    """Verify `target`, which a provider gave at `now_ms`, from `trusted` below it.

    Returns the headers on the way, each verified from the one before it: the trusted one first, the target last.
    Raises LightBlockInvalid, BlockMissing, Expired, TooFar.
    """
    check_received(target, now_ms, terms)
    trace, waiting = [trusted], [target]  # waiting: asked for and not yet trusted, the lowest last
    while waiting:
        base, block = trace[-1], waiting[-1]
        if follows(base, block, now_ms, terms) is Verdict.TRUSTED:
            trace.append(waiting.pop())
            continue
        if len(trace) + len(waiting) > MAX_LIGHT_STEPS:
            raise TooFar(
                f"block {target.header.height} is more than {MAX_LIGHT_STEPS} steps from the trusted block {trusted.header.height}: "
                "the validators changed too often; expected a trusted block nearer to it"
            )
        between, now_ms = yield from ask_one((base.header.height + block.header.height) // 2)
        check_received(between, now_ms, terms)
        waiting.append(between)
    return trace
