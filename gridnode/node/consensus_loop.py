"""The consensus engine and the world: inputs go in one at a time, and what the engine asks for is performed before the next one."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping

import trio

from gridnode.consensus import effects as fx
from gridnode.consensus.engine import Engine
from gridnode.consensus.inputs import Input
from gridnode.execution.executed import Executed
from gridnode.mempool.pool import Pool
from gridnode.node.candidates import Candidates
from gridnode.node.clock import monotonic_ms, now_ms
from gridnode.node.duty import Duty
from gridnode.node.evidence_pool import EvidencePool
from gridnode.node.hearing import Told
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.perform import Performer
from gridnode.node.timers import Timers
from gridnode.node.watch import Watch
from gridnode.node.world import Resume, SignAgain, Speaks
from gridnode.primitives.ids import Address, Hash
from gridnode.primitives.limits import MAX_INBOX_PER_AUTHOR
from gridnode.signer.signs import Signs
from gridnode.storage.wal import Wal


class ConsensusLoop:
    """Runs a performer: its queue of inputs, its timers, its tasks."""

    def __init__(
        self,
        engine: Engine,
        store: LedgerStore,
        pool: Pool,
        candidates: Candidates,
        signer: Signs | None,
        wal: Wal,
        speak: Speaks,
        peer_of: Mapping[Address, bytes],
        on_commit: Callable[[Executed], None],
        on_behind: Callable[[int], None],
        evidence: EvidencePool,
        duty: Duty | None,
        watch: Watch,
        told: Told,
    ) -> None:
        self._engine = engine
        self._watch = watch
        self._performer = Performer(
            engine, store, pool, candidates, signer, wal, speak, peer_of, on_commit, on_behind, evidence, self, duty, told
        )
        self._inbox: deque[tuple[bytes, Input | Resume | SignAgain]] = deque()
        self._waiting: Counter[bytes] = Counter()  # inputs in the inbox by author; what is this node's own has none
        self.dropped = 0
        self._arrived = trio.Event()

    def offer(self, event: Input | Resume | SignAgain) -> None:
        """Queue an input for the engine."""
        self._inbox.append((b"", event))
        self._arrived.set()

    def hear(self, author: bytes, event: Input) -> None:
        """Queue what a node has said, unless MAX_INBOX_PER_AUTHOR of it wait; a block that takes long gives nobody memory."""
        if self._waiting[author] >= MAX_INBOX_PER_AUTHOR:
            self.dropped += 1
            return
        self._waiting[author] += 1
        self._inbox.append((author, event))
        self._arrived.set()

    @property
    def executing(self) -> tuple[Hash, ...]:
        """Proposed blocks that are here whole and have no verdict yet, the one under way first."""
        return self._performer.judging.executing

    def work_arrived(self) -> None:
        """The pool holds something: the height under way need not wait for its heartbeat."""
        self._performer.work_arrived()

    def signer_returned(self) -> None:
        """The signer can be asked again."""
        self.offer(SignAgain())

    async def run(self) -> None:
        """Feed the engine until cancelled. Whatever is wrong with this node itself is raised and ends it."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            self._timers = Timers(nursery, self.offer)
            while True:
                if not self._inbox:
                    self._arrived = trio.Event()
                    await self._arrived.wait()
                while self._inbox:
                    author, event = self._inbox.popleft()
                    if author:
                        self._waiting[author] -= 1
                    await self._performer.handle(event)
                    self._look()
                    await trio.lowlevel.checkpoint()

    def _look(self) -> None:
        """Let the operator's memory see where consensus is."""
        engine, refusal, now = self._engine, self._performer.judging.take_refusal(), now_ms()
        self._watch.moved(engine.height, engine.round, engine.step, now)
        if refusal is not None:
            self._watch.rejected(refusal.height, refusal.block_hash, refusal.reason, now)

    # The performer's world

    def schedule(self, timeout: fx.ScheduleTimeout) -> None:
        """Offer the timeout after its time."""
        self._watch.scheduled(timeout, now_ms())
        self._timers.schedule(timeout)

    def cancel(self, height: int) -> None:
        """Drop all timeouts of this height and of those below it."""
        self._timers.cancel(height)

    def spawn(self, run: Callable[[fx.ObtainBlock], Awaitable[None]], effect: fx.ObtainBlock) -> None:
        """Run `run(effect)` in a task of its own."""
        self._nursery.start_soon(run, effect)

    def now_ms(self) -> int:
        """Wall clock in unix milliseconds."""
        return now_ms()

    def monotonic_ms(self) -> int:
        """Milliseconds of a clock that never jumps."""
        return monotonic_ms()
