"""A light client over HTTP: asks a primary, compares with witnesses, keeps what is verified.

The rules are `gridnode.light`, which asks nobody anything; here is who is asked, how long, and what follows when nobody answers. Runs under
trio.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar

import trio

from gridnode.chain.light_block import LightBlock, LightBlocks
from gridnode.client.remote import Remote, RemoteProblem
from gridnode.codec.records import decode
from gridnode.light.asking import Answer, Asking, Heights
from gridnode.light.attack import Divergence
from gridnode.light.terms import BlockMissing, LightBlockInvalid, Terms
from gridnode.light.trusted import TrustedBlocks
from gridnode.light.walk import Walked, walk
from gridnode.light.witness import Opinion, Statement, compare
from gridnode.primitives.errors import Malformed, PeerFault
from gridnode.primitives.limits import MAX_RESPONSE_BYTES

T = TypeVar("T")
WITNESS_TIMEOUT_S = 15.0
"""For all that a witness is asked about one header."""
LAG_PAUSE_S = 0.5
LAG_ATTEMPTS = 6
"""A witness that is behind the primary is given three seconds: blocks reach every node within one."""


class Source(Protocol):
    """Who gives light blocks."""

    @property
    def name(self) -> str:
        """How people know it."""
        ...

    async def fetch(self, heights: Heights) -> Sequence[LightBlock]:
        """Light blocks of descending heights, 0 for the newest; those it has. Raises LightBlockInvalid, RemoteProblem."""
        ...


class RemoteSource:
    """A node's API."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self.name = remote.url

    async def fetch(self, heights: Heights) -> Sequence[LightBlock]:
        """Light blocks of descending heights without gaps. Raises LightBlockInvalid when it gives something else, RemoteProblem."""
        try:
            raw = await self._remote.raw(f"light/{heights[0]}/raw", count=len(heights))
            return decode(LightBlocks, raw).blocks
        except Malformed as fault:
            raise LightBlockInvalid(f"malformed light blocks: {fault}") from None
        except RemoteProblem as problem:
            if problem.status == 404:
                return ()
            raise


def remote_of(url: str, timeout_s: float) -> Remote:
    """A node's API for a light client: answers are bounded."""
    return Remote(url, timeout_s, most_bytes=MAX_RESPONSE_BYTES)


class Heard(NamedTuple):
    """What a witness said of a verified header."""

    witness: str  # its name
    statement: Statement
    """Its opinion."""


class Verified(NamedTuple):
    """A header that is trusted now."""

    walked: Walked  # the block, and the way to it
    heard: tuple[Heard, ...]
    """What the witnesses say; nothing when the block was known, or was reached from above by hashes."""


class LightClient:
    """One chain, seen from outside."""

    def __init__(
        self, primary: Source, witnesses: Sequence[Source], trusted: TrustedBlocks, terms: Terms, now_ms: Callable[[], int]
    ) -> None:
        """`trusted` holds at least one block; `now_ms` is this machine's unix time."""
        self._primary, self._witnesses = primary, tuple(witnesses)
        self._trusted, self._terms, self._now_ms = trusted, terms, now_ms

    async def verified(self, height: int) -> Verified:
        """The header at `height`, or the primary's newest (0), verified, confirmed by the witnesses and kept.

        Raises RemoteProblem when the primary does not answer (UNREACHABLE), lies (BAD_LIGHT_BLOCK) or has no such block (NOT_FOUND), and
        when there are witnesses of which none confirms it (UNCONFIRMED); Divergence when one proves another chain; Expired, TooFar.
        """
        walked = await run_driver(walk(self._trusted, height, self._now_ms(), self._terms), self._primary, self._now_ms)
        heard = await self._confirmed(walked.trace) if walked.trace else ()
        for block in walked.trace[1:]:
            self._trusted.put(block)
        if not walked.trace:
            self._trusted.put(walked.block)
        return Verified(walked, heard)

    async def _confirmed(self, trace: tuple[LightBlock, ...]) -> tuple[Heard, ...]:
        said: dict[int, Statement] = {}

        async def ask(number: int, witness: Source) -> None:
            said[number] = await self._statement(witness, trace)

        async with trio.open_nursery() as nursery:
            for number, witness in enumerate(self._witnesses):
                nursery.start_soon(ask, number, witness)
        heard = tuple(Heard(witness.name, said[number]) for number, witness in enumerate(self._witnesses))
        for one in heard:
            if one.statement.attack is not None:
                raise Divergence(one.statement.attack, one.witness)
        if heard and not any(one.statement.opinion is Opinion.AGREES for one in heard):
            words = "; ".join(f"{one.witness}: {one.statement.opinion} {one.statement.reason}".rstrip() for one in heard)
            raise RemoteProblem(
                0, "UNCONFIRMED", f"no witness confirms block {trace[-1].header.height}, so it is not trusted: {words}"
            )
        return heard

    async def _statement(self, witness: Source, trace: tuple[LightBlock, ...]) -> Statement:
        found = Statement(Opinion.SILENT, f"not within {WITNESS_TIMEOUT_S:.0f} s")
        with trio.move_on_after(WITNESS_TIMEOUT_S):
            for _ in range(LAG_ATTEMPTS):
                try:
                    found = await drive(compare(trace, self._terms), witness, self._now_ms)
                except RemoteProblem as problem:
                    return Statement(Opinion.SILENT, str(problem))
                if found.opinion is not Opinion.LAGS:
                    break
                await trio.sleep(LAG_PAUSE_S)
        return found


async def run_driver(asking: Asking[T], primary: Source, now_ms: Callable[[], int]) -> T:
    """As `drive`, with the primary's faults as RemoteProblem."""
    try:
        return await drive(asking, primary, now_ms)
    except BlockMissing as missing:
        raise RemoteProblem(404, "NOT_FOUND", f"{primary.name}: {missing.reason}") from None
    except PeerFault as fault:
        raise RemoteProblem(200, "BAD_LIGHT_BLOCK", f"{primary.name}: {fault.reason}") from None


async def drive(asking: Asking[T], source: Source, now_ms: Callable[[], int]) -> T:
    """Run a driver to its end against one source. Raises what the driver raises, and RemoteProblem."""
    try:
        heights = next(asking)
        while True:
            try:
                blocks = await source.fetch(heights)
            except LightBlockInvalid as fault:
                heights = asking.throw(fault)
            else:
                heights = asking.send(Answer(blocks, now_ms()))
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        asking.close()
