"""Block sync: tells peers this node's height, notices when it lacks blocks, gets, checks and stores them.

While blocks are missing, no height of consensus is started: what is stored by sync is final without this node's vote. A node that is one
block behind for a moment is only slow; it asks for the block when consensus has not brought it within PATIENCE_MS.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from gridnode.chain.block import header_hash
from gridnode.chain.commit import check_commit
from gridnode.codec.records import decode, encode
from gridnode.execution.executed import Executed
from gridnode.execution.validation import BlockInvalid
from gridnode.network.config import Channel
from gridnode.network.network import Network
from gridnode.node.candidates import Candidates
from gridnode.node.clock import monotonic_ms
from gridnode.node.ledger_store import LedgerStore
from gridnode.node.log import Log
from gridnode.node.wire import RequestKind, to_wire
from gridnode.primitives.errors import GridnodeError, Malformed, PeerFault, Rejected
from gridnode.sync.messages import BlockAnswer, FinalBlock, Status
from gridnode.sync.requester import Ask, Received, Requester

STATUS_EVERY_S = 1.0
PATIENCE_MS = 400
ASK_TIMEOUT_MS = 10_000
JOIN_TIMEOUT_S = 3.0
_log = Log("sync")


class CatchUp:
    """Keeps this node at its peers' height."""

    def __init__(
        self,
        store: LedgerStore,
        network: Network,
        candidates: Candidates,
        on_commit: Callable[[Executed], None],
        on_caught_up: Callable[[], None],
    ) -> None:
        self._store = store
        self._network = network
        self._candidates = candidates
        self._on_commit = on_commit
        self._on_caught_up = on_caught_up
        self._requester = Requester(store.height)
        self._stirred = trio.Event()
        self._heard = trio.Event()
        self._short_since_ms: int | None = None
        self.syncing = False

    @property
    def best(self) -> int:
        """Greatest height that a peer claims, or this node's own."""
        return max(self._requester.best, self._store.height)

    def heard(self, peer: bytes, status: Status) -> None:
        """A peer told its height. Raises PeerFault when it is of another chain."""
        if status.genesis_hash != self._store.genesis_hash:
            raise PeerFault("expected a peer of this chain, its genesis differs", 100)
        self._requester.peer_at(peer, status.height)
        self._heard.set()
        self._stirred.set()

    def lost(self, peer: bytes) -> None:
        """A peer disconnected."""
        self._requester.peer_gone(peer)
        self._stirred.set()

    def behind(self, height: int) -> None:
        """Consensus heard that others work on `height`; their status will say who has what."""
        _log.debug("others are ahead", height=height)
        self._short_since_ms = monotonic_ms() - PATIENCE_MS
        self._stirred.set()

    def stored(self) -> None:
        """This node stored a block: tell the peers."""
        self._requester.stored(self._store.height)
        self._short_since_ms = None
        self.tell()

    def tell(self) -> None:
        """Tell all peers this node's height."""
        status = Status(self._store.genesis_hash, self._store.height, self._store.tip_hash)
        self._network.broadcast(Channel.SYNC, to_wire(status))

    async def run(self, has_peers: bool) -> None:
        """Sync until cancelled. Calls `on_caught_up` when the first peers were heard and nothing is missing, and after each catching up."""
        if has_peers:
            with trio.move_on_after(JOIN_TIMEOUT_S):
                await self._heard.wait()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tell_regularly)
            started = False
            while True:
                missing = self._missing()
                if missing and not self.syncing:
                    _log.info("catching up", height=self._store.height, best=self.best)
                if not missing and (self.syncing or not started):
                    self._caught_up(started)
                    started = True
                self.syncing = missing
                if missing or not self._requester.behind:
                    for ask in self._requester.next_requests():
                        nursery.start_soon(self._ask, ask)
                received = self._requester.next_block()
                if received is not None:
                    await self._store_received(received)
                    continue
                self._stirred = trio.Event()
                with trio.move_on_after(PATIENCE_MS / 1000):
                    await self._stirred.wait()

    def _caught_up(self, started: bool) -> None:
        if started:
            _log.info("caught up", height=self._store.height)
        self.syncing = False
        self._on_caught_up()

    def _missing(self) -> bool:
        behind = self._requester.behind
        if not behind:
            self._short_since_ms = None
            return False
        if self.syncing:
            return True
        if self._short_since_ms is None:
            self._short_since_ms = monotonic_ms()
        return behind > 1 or monotonic_ms() - self._short_since_ms >= PATIENCE_MS

    async def _tell_regularly(self) -> None:
        while True:
            self.tell()
            await trio.sleep(STATUS_EVERY_S)

    async def _ask(self, ask: Ask) -> None:
        try:
            payload = await self._network.request(
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
            self._network.report(ask.peer, PeerFault(f"block sync: {wrong}", 50))
        self._stirred.set()

    async def _store_received(self, received: Received) -> None:
        try:
            executed = await self._checked(received.final)
        except (Malformed, Rejected, BlockInvalid) as error:
            height = received.final.block.header.height
            _log.warning("wrong block", height=height, peer=received.peer, reason=str(error))
            self._requester.refused(height)
            self._network.report(received.peer, PeerFault(f"wrong block {height}: {error}", 100))
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
            self._store.commit(executed, final.commit)
        return executed
