"""Block sync, one turn at a time: notices when this node lacks blocks, gets, checks and stores them.

While blocks are missing, no height of consensus is started: what is stored by sync is final without this node's vote. A node that is one
block behind for a moment is only slow; it asks for the block when consensus has not brought it within PATIENCE_MS.

Whether blocks are missing is for others to say, and who says so may lie. Consensus stops for it only when validators with more than 1/3
of the power say so, as long as so many are heard at all; a claim of fewer is followed up beside the consensus that goes on.

When the turns come is for others to say: `catch_up` in a running node, a virtual clock in a simulated one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from gridnode.chain.block import header_hash
from gridnode.chain.commit import check_commit
from gridnode.codec.records import decode, encode
from gridnode.execution.executed import Executed
from gridnode.execution.validation import BlockInvalid
from gridnode.node.candidates import Asks, Candidates
from gridnode.node.hearing import told_by_a_third
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.log import Log
from gridnode.node.wire import RequestKind, to_wire
from gridnode.primitives.errors import GridnodeError, Malformed, PeerFault, Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.offences import Offence
from gridnode.sync.messages import BlockAnswer, FinalBlock, Status
from gridnode.sync.requester import Ask, Received, Requester

STATUS_EVERY_MS = 1_000
PROGRESS_EVERY_MS = 10_000
PATIENCE_MS = 400
ASK_TIMEOUT_MS = 10_000
JOIN_TIMEOUT_MS = 3_000
_log = Log("sync")


class SyncWorld(Protocol):
    """What surrounds block sync: time, tasks, the linked peers."""

    def broadcast(self, payload: bytes) -> None:
        """Send to all linked peers; may lose anything."""
        ...

    def spawn(self, ask: Ask) -> None:
        """Run `BlockSync.ask(ask)` in a task of its own."""
        ...

    def stir(self) -> None:
        """Something has changed: take a turn soon."""
        ...

    def monotonic_ms(self) -> int:
        """Milliseconds of a clock that never jumps."""
        ...


class BlockSync:
    """Keeps this node at its peers' height."""

    def __init__(
        self,
        store: LedgerStore,
        peers: Asks,
        candidates: Candidates,
        on_commit: Callable[[Executed], None],
        on_caught_up: Callable[[], None],
        world: SyncWorld,
        peer_of: Mapping[Address, bytes],
    ) -> None:
        """`peer_of` names the node of a validator, as far as it is known."""
        self._peer_of = peer_of
        self._store = store
        self._peers = peers
        self._candidates = candidates
        self._on_commit = on_commit
        self._on_caught_up = on_caught_up
        self._requester = Requester(store.height)
        self._world = world
        self._started = False
        self._short_since_ms: int | None = None
        self._told_reach = 0
        self._told: dict[bytes, int] = {}
        self._is_asking = False  # blocks seem to be missing, whoever says so
        self._said_ms = 0
        self.syncing = False

    @property
    def best(self) -> int:
        """Greatest height that a peer claims, or this node's own."""
        return max(self._requester.best, self._store.height)

    def heard(self, peer: bytes, status: Status) -> None:
        """A peer told its height. Raises PeerFault when it is of another chain."""
        if status.genesis_hash != self._store.genesis_hash:
            raise PeerFault.of(Offence.OTHER_CHAIN, "its genesis differs")
        self._told[peer] = status.height
        self._requester.peer_at(peer, status.height, status.first)
        self._world.stir()

    def lost(self, peer: bytes) -> None:
        """A peer disconnected."""
        self._told.pop(peer, None)
        self._requester.peer_gone(peer)
        self._world.stir()

    def told(self) -> Mapping[bytes, int]:
        """The height that each linked peer told last, believed or not."""
        return self._told

    def behind(self, height: int) -> None:
        """Consensus heard that others work on `height`; their status will say who has what."""
        _log.debug("others are ahead", height=height)
        self._short_since_ms = self._world.monotonic_ms() - PATIENCE_MS
        self._world.stir()

    def stored(self) -> None:
        """This node stored a block: tell the peers. While others follow it is told now and then: nobody waits for a node behind."""
        self._requester.stored(self._store.height)
        self._short_since_ms = None
        if not self.syncing:
            self.tell()

    def tell(self) -> None:
        """Tell all peers this node's height, when it is on the disk."""
        store = self._store
        store.settle()
        status = Status(store.genesis_hash, store.height, store.tip_hash, store.first_height)
        self._world.broadcast(to_wire(status))

    async def turn(self) -> bool:
        """Do what can be done now; whether there is more to do at once. Otherwise the next turn is due when stirred, or after PATIENCE_MS.

        Calls `on_caught_up` when nothing is missing for the first time, and after each catching up.
        """
        self._is_asking = self._seems_short()
        missing = self._is_asking and self._lacks_blocks()
        if not missing or self._requester.next_block() is None:
            self._store.settle()
        if missing:
            self._say_progress()
        if not missing and (self.syncing or not self._started):
            self._caught_up(self._started)
            self._started = True
        self.syncing = missing
        self._check_reach()
        if self._is_asking or not self._requester.behind:
            for ask in self._requester.next_requests(missing):
                self._world.spawn(ask)
        received = self._requester.next_block()
        if received is not None:
            await self._store_received(received)
        return received is not None

    def _say_progress(self) -> None:
        """The blocks themselves are many; whether it gets on, and how fast, is told now and then."""
        now_ms = self._world.monotonic_ms()
        if not self.syncing or now_ms - self._said_ms >= PROGRESS_EVERY_MS:
            self._said_ms = now_ms
            _log.info("catching up", height=self._store.height, best=self.best)

    def _caught_up(self, started: bool) -> None:
        if started:
            _log.info("caught up", height=self._store.height)
        self.syncing = False
        self._on_caught_up()

    def _check_reach(self) -> None:
        """Say once that nobody has the next block any more: only the operator can help."""
        lowest = self._requester.out_of_reach if self.syncing else 0
        if lowest and lowest != self._told_reach:
            _log.error(
                "all peers have pruned the next block: link an archive node, or begin anew from a snapshot (sync.mode, empty data_dir)",
                next=self._store.next_height,
                lowest=lowest,
            )
        self._told_reach = lowest

    def _lacks_blocks(self) -> bool:
        """Whether what peers claim is to be believed."""
        claimed = told_by_a_third(self._store.validators, self._peer_of, self._told)
        return claimed is None or claimed > self._store.height

    def _seems_short(self) -> bool:
        behind = self._requester.behind
        if not behind:
            self._short_since_ms = None
            return False
        if self._is_asking:
            return True
        if self._short_since_ms is None:
            self._short_since_ms = self._world.monotonic_ms()
        return behind > 1 or self._world.monotonic_ms() - self._short_since_ms >= PATIENCE_MS

    async def ask(self, ask: Ask) -> None:
        """Ask a peer for blocks and keep its answer."""
        try:
            payload = await self._peers.request(
                ask.peer, RequestKind.BLOCKS, encode(ask.request), ASK_TIMEOUT_MS
            )
            wrong = self._requester.answered(ask.peer, decode(BlockAnswer, payload))
        except Malformed as error:
            wrong = str(error)
            self._requester.failed(ask.peer)
        except GridnodeError as error:
            _log.debug("no answer", peer=ask.peer, reason=str(error))
            self._requester.failed(ask.peer)
            wrong = None
        if wrong is not None:
            self._peers.report(ask.peer, PeerFault(f"block sync: {wrong}", Offence.WRONG_BLOCKS.weight))
        self._world.stir()

    async def _store_received(self, received: Received) -> None:
        try:
            executed = await self._checked(received.final)
        except (Malformed, Rejected, BlockInvalid) as error:
            height = received.final.block.header.height
            _log.warning("wrong block", height=height, peer=received.peer, reason=str(error))
            self._requester.refused(height)
            self._peers.report(received.peer, PeerFault(f"wrong block {height}: {error}", Offence.WRONG_BLOCK.weight))
            return
        if executed is not None:
            self._requester.proved(received.peer)
            self._on_commit(executed)

    async def _checked(self, final: FinalBlock) -> Executed | None:
        """Check commit, signatures and, by executing it, every root of a block; then store it. None when consensus was faster."""
        block = final.block
        height = block.header.height
        check_commit(final.commit, self._store.chain_id, self._store.validators, height, header_hash(block.header))
        transactions = tuple(await self._candidates.check(block.transactions))
        async with self._store.lock:
            if height != self._store.next_height:
                self._requester.stored(self._store.height)
                return None
            executed = await self._store.execute(block, transactions)
            self._store.commit(executed, final.commit, self.syncing and self._requester.has(height + 1))
        return executed
