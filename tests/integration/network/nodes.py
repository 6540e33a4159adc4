"""Real networks on loopback for the tests: keys, a node that records, waiting for a fact instead of for luck."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import trio
from nacl.signing import SigningKey

from gridnode.network.config import Channel, Endpoint, NetworkConfig, NetworkLimits
from gridnode.network.network import Handlers, Network
from gridnode.network.peers import PeerStats
from gridnode.primitives.errors import PeerFault

PSK = b"k" * 32
LIMITS = NetworkLimits(
    handshake_timeout_ms=2_000,
    backoff_first_ms=20,
    backoff_cap_ms=200,
    ping_interval_ms=200,
    silence_timeout_ms=2_000,
    strangers_per_s=1_000,
    strangers_burst=1_000,
    links_burst=1_000,
    patience_ms=200,
)
"""As in production, with times a test can wait for."""


def seed(number: int) -> bytes:
    """Seed of test node `number`."""
    return bytes((number + 1,)) * 32


def key(number: int) -> bytes:
    """Public key of test node `number`."""
    return bytes(SigningKey(seed(number)).verify_key)


def licensed(*numbers: int) -> dict[bytes, str]:
    """Licences of these test nodes."""
    return {key(number): f"node-{number}" for number in numbers}


async def until(fact: Callable[[], bool], seconds: float = 15) -> None:
    """Return when `fact` holds; fail when it does not come to hold."""
    with trio.fail_after(seconds):
        while not fact():
            await trio.sleep(0.005)


class Node:
    """A network and all that reached its handlers."""

    def __init__(
        self,
        number: int,
        admitted: Mapping[bytes, str],
        peers: Sequence[Endpoint] = (),
        limits: NetworkLimits = LIMITS,
        psk: bytes = PSK,
        port: int = 0,
    ) -> None:
        """Test node `number`; it dials `peers`."""
        self.number = number
        self.port = port
        self.messages: list[tuple[bytes, Channel, bytes]] = []
        self.gossip: list[tuple[bytes, bytes]] = []
        self.changes: list[tuple[bytes, bool]] = []
        self.fault: PeerFault | Exception | None = None
        self.answer: Callable[[bytes, int, bytes], Awaitable[bytes]] = self._echo
        config = NetworkConfig("127.0.0.1", port, seed(number), psk, admitted, tuple(peers), limits)
        handlers = Handlers(
            on_message=self._on_message,
            on_gossip=lambda peer, payload: self.gossip.append((peer, payload)),
            on_request=lambda peer, kind, payload: self.answer(peer, kind, payload),
            on_connect=lambda peer: self.changes.append((peer, True)),
            on_disconnect=lambda peer: self.changes.append((peer, False)),
        )
        self.network = Network(config, handlers, lambda: time.time_ns() // 1_000_000)

    @property
    def endpoint(self) -> Endpoint:
        """Where others dial this node, once it runs."""
        return Endpoint("127.0.0.1", self.network.port, key(self.number))

    def linked(self, *others: Node) -> bool:
        """Whether this node is linked to exactly these."""
        return self.network.connected() == sorted(key(other.number) for other in others)

    def score(self, other: Node | int) -> int:
        """Score of another node here; 100 when nothing is known of it."""
        number = other if isinstance(other, int) else other.number
        return next((row.score for row in self.network.peer_stats() if row.peer_key == key(number)), 100)

    def row(self, number: int) -> PeerStats:
        """What this node knows of another."""
        return next(row for row in self.network.peer_stats() if row.peer_key == key(number))

    def _on_message(self, peer: bytes, channel: Channel, payload: bytes) -> None:
        self.messages.append((peer, channel, payload))
        if self.fault is not None:
            raise self.fault

    @staticmethod
    async def _echo(_peer: bytes, _kind: int, payload: bytes) -> bytes:
        return payload


@asynccontextmanager
async def running(*nodes: Node) -> AsyncIterator[trio.Nursery]:
    """Run `nodes` inside the block."""
    async with trio.open_nursery() as nursery:
        for node in nodes:
            await nursery.start(node.network.run)
        yield nursery
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def meshed(count: int, limits: NetworkLimits = LIMITS) -> AsyncIterator[list[Node]]:
    """`count` nodes, each linked to every other."""
    async with line_or_mesh(count, limits, lambda older, newer: True) as nodes:
        yield nodes


@asynccontextmanager
async def chained(count: int, limits: NetworkLimits = LIMITS) -> AsyncIterator[list[Node]]:
    """`count` nodes in a line, each linked to the next."""
    async with line_or_mesh(count, limits, lambda older, newer: newer == older + 1) as nodes:
        yield nodes


@asynccontextmanager
async def line_or_mesh(
    count: int, limits: NetworkLimits, linked: Callable[[int, int], bool]
) -> AsyncIterator[list[Node]]:
    """`count` nodes, linked where `linked(older, newer)`, who have told each other their neighbours."""
    nodes: list[Node] = []
    async with trio.open_nursery() as nursery:
        for number in range(count):
            peers = [nodes[older].endpoint for older in range(number) if linked(older, number)]
            node = Node(number, licensed(*range(count)), peers, replace(limits))
            await nursery.start(node.network.run)
            nodes.append(node)
        for node in nodes:
            expected = [
                other
                for other in nodes
                if other is not node and linked(*sorted((node.number, other.number)))  # type: ignore[call-arg]
            ]
            await until(lambda node=node, expected=expected: node.linked(*expected))  # type: ignore[misc]
        await settled(nodes)
        yield nodes
        nursery.cancel_scope.cancel()


async def settled(nodes: Sequence[Node]) -> None:
    """Return when every node has read all that its peers sent so far, their neighbours included."""
    for node in nodes:
        for peer in node.network.connected():
            await node.network.request(peer, 0, b"", 10_000)
