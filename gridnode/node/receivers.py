"""To whom ingress hands what it has checked, as far as it knows them."""

from __future__ import annotations

from typing import Protocol

from gridnode.consensus.inputs import Input
from gridnode.mempool.outbox import TransactionBatch
from gridnode.sync.messages import Status
from gridnode.sync.snapshots import SnapshotsRequest


class Offers(Protocol):
    """Where inputs of consensus go; `ConsensusLoop` is one."""

    def offer(self, event: Input) -> None:
        """Queue an input for the engine."""
        ...

    def hear(self, author: bytes, event: Input) -> None:
        """Queue what a node has said, unless too much of the same node waits already; it will be said again."""
        ...


class Heights(Protocol):
    """Who keeps track of peers' heights; `CatchUp` is one."""

    def heard(self, peer: bytes, status: Status) -> None:
        """A peer told its height. Raises PeerFault when it is of another chain."""
        ...

    def lost(self, peer: bytes) -> None:
        """A peer disconnected."""
        ...

    def tell(self) -> None:
        """Tell all peers this node's height."""
        ...


class Batches(Protocol):
    """Gossiped batches with their authors, in order of arrival; `GossipQueue` is one."""

    def put(self, author: bytes, batch: TransactionBatch) -> bool:
        """Queue a batch; False when there is no room."""
        ...

    async def get(self) -> tuple[bytes, TransactionBatch]:
        """Wait for the next one."""
        ...


class Offered(Protocol):
    """Snapshots that peers may fetch; `gridnode.node.offered.OfferedSnapshots` is one."""

    def answer(self, request: SnapshotsRequest) -> bytes:
        """Encoded answer to a peer that asks which there are."""
        ...

    async def chunk(self, height: int, index: int) -> bytes | None:
        """A chunk, or None when it is not there."""
        ...
