"""Block sync in a running node: tells peers this node's height every second, and takes a turn whenever something has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import trio

from gridnode.execution.executed import Executed
from gridnode.network.config import Channel
from gridnode.network.network import Network
from gridnode.node.block_sync import JOIN_TIMEOUT_MS, PATIENCE_MS, STATUS_EVERY_MS, BlockSync
from gridnode.node.candidates import Candidates
from gridnode.node.clock import monotonic_ms
from gridnode.node.ledger_store import LedgerStore
from gridnode.primitives.ids import Address
from gridnode.sync.messages import Status
from gridnode.sync.requester import Ask


class CatchUp:
    """Keeps this node at its peers' height."""

    def __init__(
        self,
        store: LedgerStore,
        network: Network,
        candidates: Candidates,
        on_commit: Callable[[Executed], None],
        on_caught_up: Callable[[], None],
        peer_of: Mapping[Address, bytes],
    ) -> None:
        self._network = network
        self._sync = BlockSync(store, network, candidates, on_commit, self._caught_up, self, peer_of)
        self._on_caught_up = on_caught_up
        self._stirred = trio.Event()
        self._heard = trio.Event()

    @property
    def syncing(self) -> bool:
        """Whether blocks are known to be missing."""
        return self._sync.syncing

    @property
    def best(self) -> int:
        """Greatest height that a peer claims, or this node's own."""
        return self._sync.best

    def heard(self, peer: bytes, status: Status) -> None:
        """A peer told its height. Raises PeerFault when it is of another chain."""
        self._sync.heard(peer, status)
        self._heard.set()

    def lost(self, peer: bytes) -> None:
        """A peer disconnected."""
        self._sync.lost(peer)

    def told(self) -> Mapping[bytes, int]:
        """The height that each linked peer told last, believed or not."""
        return self._sync.told()

    def behind(self, height: int) -> None:
        """Consensus heard that others work on `height`."""
        self._sync.behind(height)

    def stored(self) -> None:
        """This node stored a block: tell the peers."""
        self._sync.stored()

    def tell(self) -> None:
        """Tell all peers this node's height."""
        self._sync.tell()

    async def run(self, has_peers: bool) -> None:
        """Sync until cancelled. Begins when the first peers were heard, or have been silent too long."""
        if has_peers:
            with trio.move_on_after(JOIN_TIMEOUT_MS / 1000):
                await self._heard.wait()
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._tell_regularly)
            while True:
                if await self._sync.turn():
                    continue
                self._stirred = trio.Event()
                with trio.move_on_after(PATIENCE_MS / 1000):
                    await self._stirred.wait()

    async def _tell_regularly(self) -> None:
        while True:
            self._sync.tell()
            await trio.sleep(STATUS_EVERY_MS / 1000)

    def _caught_up(self) -> None:
        self.tell()
        self._on_caught_up()

    # The world of block sync

    def broadcast(self, payload: bytes) -> None:
        """Send to all linked peers."""
        self._network.broadcast(Channel.SYNC, payload)

    def spawn(self, ask: Ask) -> None:
        """Ask in a task of its own."""
        self._nursery.start_soon(self._sync.ask, ask)

    def stir(self) -> None:
        """Take a turn soon."""
        self._stirred.set()

    def monotonic_ms(self) -> int:
        """Milliseconds of a clock that never jumps."""
        return monotonic_ms()
