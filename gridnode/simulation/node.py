"""A simulated node: one life of it, assembled from the node's own parts as `gridnode.node.assemble` does.

Its own are the consensus engine, the performer of its effects, block sync, ingress, intake, pool, outbox, ledger, store, log and sign
guard. The simulation puts in the clock, the network, the disk, and checks of signatures that are done once and remembered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from gridnode.chain.commit import Commit
from gridnode.chain.evidence import Evidence
from gridnode.chain.genesis import Genesis, genesis_hash
from gridnode.chain.vote import Proposal, Vote
from gridnode.consensus import effects as fx
from gridnode.consensus.inputs import Input, TimeoutElapsed
from gridnode.consensus.summary import Summary
from gridnode.execution.executed import Executed
from gridnode.mempool.outbox import Outbox
from gridnode.mempool.pool import Pool
from gridnode.node.block_sync import JOIN_TIMEOUT_MS, PATIENCE_MS, STATUS_EVERY_MS, BlockSync
from gridnode.node.candidates import Candidates
from gridnode.node.duty import Duty
from gridnode.node.evidence_pool import EvidencePool
from gridnode.node.fetch import Job
from gridnode.node.ingress import Ingress
from gridnode.node.intake import Intake
from gridnode.node.ledger_store import LedgerStore, Pace, store_over
from gridnode.node.perform import Performer
from gridnode.node.progress import block_stored, caught_up
from gridnode.node.summary_gate import SummaryGate
from gridnode.node.world import Resume, SignAgain
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.ids import Address, TransactionId
from gridnode.primitives.limits import MAX_GOSSIP_BATCHES
from gridnode.signer.signs import OwnKey
from gridnode.simulation.disk import Disk
from gridnode.simulation.kernel import Clock, Life, Lock, Promise, Queue
from gridnode.simulation.sharing import Checker
from gridnode.simulation.watched import WatchedEngine
from gridnode.storage.leveldb import Database
from gridnode.storage.sign_guard import SignGuard
from gridnode.storage.wal import Wal
from gridnode.sync.messages import ProposedBlock
from gridnode.sync.requester import Ask

FLUSH_MS: Final = 20
"""Transactions wait so long for company, as in the running node."""
LOG: Final = Path("wal")


class Host(Protocol):
    """The machine that a node runs on, and its surroundings."""

    @property
    def address(self) -> Address:
        """The validator's."""
        ...

    @property
    def disk(self) -> Disk:
        """Its disk."""
        ...

    @property
    def clock(self) -> Clock:
        """Virtual time."""
        ...

    @property
    def peer_of(self) -> dict[Address, bytes]:
        """Network keys of the validators."""
        ...

    def wall_ms(self) -> int:
        """What its clock shows, unix ms."""
        ...

    def execution_ms(self) -> int:
        """How long it is busy with the block at hand."""
        ...

    def guard(self) -> SignGuard:
        """The key, opened."""
        ...

    def duty(self, signer: OwnKey) -> Duty | None:
        """When the machine signs; None: whenever consensus lets it."""
        ...

    def hears(self, event: Input) -> None:
        """The engine takes an input."""
        ...

    def performs(self, effects: Iterable[fx.Effect]) -> None:
        """The engine asks for effects."""
        ...

    def resumes(self, height: int, last_signed: Vote | Proposal | None, signs: bool) -> None:
        """The engine has replayed the log of `height`; what the guard signed last, and whether it votes."""
        ...

    def stored(self, executed: Executed) -> None:
        """A block is stored, and nothing else was told of it yet."""
        ...

    def speak(self, message: ProposedBlock | Vote | Commit | Summary, to: bytes | None) -> None:
        """Send to one, or to all."""
        ...

    def accuse(self, evidence: Evidence) -> None:
        """Send evidence to all."""
        ...

    def broadcast(self, payload: bytes) -> None:
        """Tell all peers a status."""
        ...

    def publish(self, payload: bytes) -> None:
        """Gossip."""
        ...

    def ask(self, peer: bytes, kind: int, payload: bytes, timeout_ms: int) -> Awaitable[bytes]:
        """Ask a peer."""
        ...

    def report(self, peer: bytes, fault: PeerFault) -> None:
        """A peer is at fault."""
        ...

    def moment(self) -> None:
        """The process may be killed here. Raises Died."""
        ...


class Node:
    """What runs from a start to its end."""

    def __init__(self, host: Host, genesis: Genesis, life: Life) -> None:
        """Open everything that the disk holds. Raises OperatorError, InvariantBroken."""
        self._host = host
        self._life = life
        self._timers: dict[int, int] = {}
        self._inbox = Queue(10**9)
        self._stirred = Promise()
        self._heard = Promise()
        self._is_flushing = False
        database = Database(Path("database"), genesis_hash(genesis), host.disk.rows)
        self.store: LedgerStore = store_over(database, genesis, Pace(Lock(host.clock, host.execution_ms), self._pause))
        self.pool, self.outbox, self.feed = Pool(), Outbox(), _Feed()
        self.guard = host.guard()
        self.wal = Wal(LOG, host.disk)
        self.engine = WatchedEngine(
            genesis.params, host.address, host.hears, host.performs, host.resumes
        )
        self.loop = self
        checker = Checker()
        self.candidates = Candidates(self.pool, checker, self, self._side_by_side)
        self.catch_up = BlockSync(
            self.store, self, self.candidates, self._committed, lambda: caught_up(self), _SyncWorld(self), host.peer_of
        )
        self.evidence = EvidencePool(self.store, host.accuse)
        signer = OwnKey(self.guard)
        self.performer = Performer(
            self.engine, self.store, self.pool, self.candidates, signer, self.wal, self._speak, host.peer_of,
            self._committed, self.catch_up.behind, self.evidence, self, host.duty(signer), self.catch_up.told,
        )  # fmt: skip
        self.intake = Intake(self.store, self.pool, self.outbox, checker, self.performer.work_arrived)
        self.ingress = Ingress(
            self.store, self, self.catch_up, self.candidates, self.intake, Queue(MAX_GOSSIP_BATCHES),
            SummaryGate(self.monotonic_ms), self.report, self.evidence,
        )  # fmt: skip

    def run(self) -> None:
        """Start the node's tasks."""
        self._life.spawn(self._feed_engine())
        self._life.spawn(self._keep_up())
        self._life.spawn(self.ingress.take_in())
        self._tell_regularly()

    async def submit(self, raw: bytes) -> None:
        """A client hands in a transaction."""
        await self.intake.submit([raw])
        if len(self.outbox) and not self._is_flushing:
            self._is_flushing = True
            self._life.at(FLUSH_MS, self._flush)

    def heard(self, peer: bytes, payload: bytes) -> None:
        """A message arrives; whose fault it is when it does not hold is reported."""
        try:
            self.ingress.message(peer, payload)
        except PeerFault as fault:
            self.report(peer, fault)
        self._heard.keep()

    def gossiped(self, peer: bytes, payload: bytes) -> None:
        """Transactions arrive."""
        try:
            self.ingress.gossip(peer, payload)
        except PeerFault as fault:
            self.report(peer, fault)

    # Tasks

    async def _feed_engine(self) -> None:
        while True:
            (event,) = await self._inbox.get()
            await self.performer.handle(event)

    async def _keep_up(self) -> None:
        self._life.at(JOIN_TIMEOUT_MS, self._heard.keep)
        await self._heard
        while True:
            if await self.catch_up.turn():
                continue
            self._stirred = stirred = Promise()
            self._life.at(PATIENCE_MS, stirred.keep)
            await stirred

    def _tell_regularly(self) -> None:
        self.catch_up.tell()
        self._life.at(STATUS_EVERY_MS, self._tell_regularly)

    def _flush(self) -> None:
        self._is_flushing = False
        for message in self.outbox.flush():
            self._host.publish(message)

    def _committed(self, executed: Executed) -> None:
        self._host.stored(executed)
        block_stored(self, executed)

    def _speak(self, message: ProposedBlock | Vote | Commit | Summary, to: bytes | None = None) -> None:
        self._host.moment()
        self._host.speak(message, to)
        self._host.moment()

    async def _pause(self) -> None:
        await self._host.clock.sleep(self._host.execution_ms())

    # The world of the performer

    async def _side_by_side(self, jobs: Sequence[Job]) -> None:
        """Jobs at the same time until all have ended or one says True; the others go on by themselves and are heard no more."""
        enough, left = Promise(), len(jobs)

        async def run(job: Job) -> None:
            nonlocal left
            is_enough = await job()
            left -= 1
            if is_enough or not left:
                enough.keep()

        for job in jobs:
            self._life.spawn(run(job))
        await enough

    def offer(self, event: Input | Resume | SignAgain) -> None:
        """Queue an input for the engine."""
        self._inbox.put(event)

    def hear(self, _author: bytes, event: Input) -> None:
        """Queue what a node has said."""
        self._inbox.put(event)

    def schedule(self, timeout: fx.ScheduleTimeout) -> None:
        """Offer a timeout after its time, unless its height has ended."""
        self._host.moment()
        self._life.at(timeout.after_ms, partial(self._elapsed, timeout))

    def _elapsed(self, timeout: fx.ScheduleTimeout) -> None:
        if timeout.height > self._timers.get(0, 0):
            self.offer(TimeoutElapsed(timeout.kind, timeout.height, timeout.round))

    def cancel(self, height: int) -> None:
        """Timeouts of this height and of those below it do not come any more."""
        self._host.moment()
        self._timers[0] = max(height, self._timers.get(0, 0))

    def spawn(self, run: Callable[[fx.ObtainBlock], Awaitable[None]], effect: fx.ObtainBlock) -> None:
        """Run `run(effect)` in a task of its own."""

        async def task() -> None:
            await run(effect)

        self._life.spawn(task())

    def now_ms(self) -> int:
        """What the machine's clock shows."""
        return self._host.wall_ms()

    # The world of block sync

    def spawn_ask(self, ask: Ask) -> None:
        """Ask for blocks in a task of its own."""
        self._life.spawn(self.catch_up.ask(ask))

    def stir(self) -> None:
        """Take a turn soon."""
        self._stirred.keep()

    def broadcast(self, payload: bytes) -> None:
        """Tell all peers."""
        self._host.broadcast(payload)

    def monotonic_ms(self) -> int:
        """Virtual time itself."""
        return self._host.clock.now_ms

    # Peers

    async def request(self, peer_key: bytes, kind: int, payload: bytes, timeout_ms: int) -> bytes:
        """Ask a peer. Raises PeerFault, NoLink."""
        return await self._host.ask(peer_key, kind, payload, timeout_ms)

    def report(self, peer_key: bytes, fault: PeerFault) -> None:
        """A peer is at fault."""
        self._host.report(peer_key, fault)


class _SyncWorld:
    """Block sync's view of a node."""

    def __init__(self, node: Node) -> None:
        self.broadcast = node.broadcast
        self.spawn = node.spawn_ask
        self.stir = node.stir
        self.monotonic_ms = node.monotonic_ms


class _Feed:
    """Nobody waits for blocks here."""

    def committed(self, height: int, ids: Iterable[TransactionId]) -> None:
        """Nobody to tell."""
