"""What follows when a block was stored, and when nothing is missing: how consensus and sync hand the next height to each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from gridnode.consensus.engine import Engine
from gridnode.consensus.inputs import Input
from gridnode.execution.executed import Executed
from gridnode.mempool.pool import Pool
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.log import Log
from gridnode.node.world import Resume
from gridnode.primitives.ids import TransactionId
from gridnode.storage.wal import Wal

_log = Log("node")


class Awaited(Protocol):
    """Who tells those that wait for blocks; `Feed` is one."""

    def committed(self, height: int, ids: Iterable[TransactionId]) -> None:
        """A block with these transactions was stored."""
        ...


class Syncs(Protocol):
    """Block sync; `CatchUp` is one."""

    @property
    def syncing(self) -> bool:
        """Whether blocks are known to be missing."""
        ...

    def stored(self) -> None:
        """This node stored a block: tell the peers."""
        ...


class Takes(Protocol):
    """The queue of consensus; `ConsensusLoop` is one."""

    def offer(self, event: Input | Resume) -> None:
        """Queue an input."""
        ...


class Accuses(Protocol):
    """Evidence that waits; `EvidencePool` is one."""

    def block_stored(self) -> None:
        """Forget what is of no use any more."""
        ...

    def repeat(self) -> None:
        """Tell all nodes of what waits."""
        ...


class Parts(Protocol):
    """The parts of a node that take part in its progress; `gridnode.node.assemble.Node` has them."""

    @property
    def store(self) -> LedgerStore:
        """Ledger and database."""
        ...

    @property
    def pool(self) -> Pool:
        """Waiting transactions."""
        ...

    @property
    def feed(self) -> Awaited:
        """Who waits for blocks."""
        ...

    @property
    def engine(self) -> Engine:
        """Consensus."""
        ...

    @property
    def loop(self) -> Takes:
        """Its queue."""
        ...

    @property
    def catch_up(self) -> Syncs:
        """Block sync."""
        ...

    @property
    def evidence(self) -> Accuses:
        """Evidence that no block carries yet."""
        ...

    @property
    def wal(self) -> Wal:
        """Log of the height under way."""
        ...


def block_stored(node: Parts, executed: Executed) -> None:
    """A block was stored, by consensus or by sync: everybody who cares is told."""
    header = executed.block.header
    ids = [transaction.id for transaction in executed.transactions]
    node.pool.remove(ids)
    node.pool.expire(header.time_ms)
    node.evidence.block_stored()
    node.feed.committed(header.height, ids)
    node.catch_up.stored()
    say = _log.debug if node.catch_up.syncing else _log.info
    say("block", height=header.height, transactions=len(ids), hash=executed.block_hash, time_ms=header.time_ms)
    if not node.catch_up.syncing:  # else no height of consensus begins, and the log stays as it is until one does
        node.wal.prune(node.store.next_height)
        node.evidence.repeat()
        node.loop.offer(node.store.start())


def caught_up(node: Parts) -> None:
    """Nothing is known to be missing: take part in consensus, from where the log says when this is the start."""
    height = node.store.next_height
    entries = () if node.engine.height else tuple(node.wal.entries())
    node.wal.prune(height)
    if node.engine.height:
        node.loop.offer(node.store.start())
        return
    node.loop.offer(Resume(node.store.start(), entries))
