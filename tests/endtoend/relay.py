"""Links that can be cut: a TCP relay between every two nodes, in the process of the run.

Each node is told, as the address of each peer, a port of the relay, one for each ordered pair. What is done to a link is done to bytes on
their way, so nothing in a node knows of it:

    cut       connections are closed, new ones are closed at once: a cable is pulled and the far router says so
    silent    nothing arrives any more in one direction or both, and nobody says so: the half-open connection. What was sent before the link
              is opened again arrives then, late, as it does when TCP sends again; new connections are accepted and stay silent
    slow      everything arrives later by so many ms, in order

It needs no rights and no tools. What it cannot show is the loss of single packets, which TCP hides from a node, and a dead interface.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations

import trio

CHUNK_BYTES = 64 * 1024
WAITING_CHUNKS = 256
"""Chunks on their way in one direction; beyond that the sender's own buffer fills, as it would behind a slow line."""


@dataclass(slots=True)
class Way:
    """One direction between two nodes: from `source` to `target`, whoever dialed."""

    source: str
    target: str
    silent: int = 0  # how many perturbations silence it
    delays_ms: list[int] = field(default_factory=list)  # of the perturbations that slow it
    changed: trio.Event = field(default_factory=trio.Event)
    bytes: int = 0  # passed on so far

    def stir(self) -> None:
        """Something about it has changed."""
        self.changed.set()
        self.changed = trio.Event()

    async def until_open(self) -> None:
        """Wait while it is silent."""
        while self.silent:
            await self.changed.wait()


class Relay:
    """All links of a network."""

    def __init__(self, ports: dict[str, int]) -> None:
        """`ports`: where each node that can be dialed listens, on loopback."""
        self._ports = ports
        self._ways: dict[tuple[str, str], Way] = {}
        self._cut: dict[frozenset[str], int] = {}
        self._scopes: dict[frozenset[str], list[trio.CancelScope]] = {}
        self._listeners: list[tuple[str, str, trio.SocketListener]] = []

    async def listen(self, names: Iterable[str]) -> dict[tuple[str, str], int]:
        """Open a port for each node `names` (the dialing one) and each other that can be dialed; the ports by (dialing, dialed)."""
        opened: dict[tuple[str, str], int] = {}
        for source in names:
            for target in self._ports:
                if source != target:
                    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
                    self._listeners.append((source, target, listener))
                    opened[source, target] = listener.socket.getsockname()[1]
        return opened

    async def run(self) -> None:
        """Pass bytes on until cancelled."""
        async with trio.open_nursery() as nursery:
            for source, target, listener in self._listeners:
                nursery.start_soon(self._accept, nursery, source, target, listener)

    async def _accept(self, nursery: trio.Nursery, source: str, target: str, listener: trio.SocketListener) -> None:
        async def serve(stream: trio.SocketStream) -> None:
            await self._serve(source, target, stream)

        await trio.serve_listeners(serve, [listener], handler_nursery=nursery)

    def way(self, source: str, target: str) -> Way:
        """The direction from `source` to `target`."""
        return self._ways.setdefault((source, target), Way(source, target))

    # What is done to links

    def cut(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Close all connections between each two nodes, and every new one at once, until it is joined as often as it was cut."""
        for pair in pairs:
            link = frozenset(pair)
            self._cut[link] = self._cut.get(link, 0) + 1
            for scope in self._scopes.get(link, []):
                scope.cancel()

    def join(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Undo one cut of each."""
        for pair in pairs:
            self._cut[frozenset(pair)] -= 1

    def silence(self, ways: Iterable[tuple[str, str]], by: int) -> None:
        """Silence each direction (source, target) with `by` 1, undo it with -1."""
        for source, target in ways:
            way = self.way(source, target)
            way.silent += by
            way.stir()

    def slow(self, ways: Iterable[tuple[str, str]], delay_ms: int) -> None:
        """Let everything on each direction arrive `delay_ms` later."""
        for source, target in ways:
            self.way(source, target).delays_ms.append(delay_ms)

    def hasten(self, ways: Iterable[tuple[str, str]], delay_ms: int) -> None:
        """Undo one such delay."""
        for source, target in ways:
            self.way(source, target).delays_ms.remove(delay_ms)

    # One connection

    async def _serve(self, source: str, target: str, near: trio.SocketStream) -> None:
        link = frozenset((source, target))
        if self._cut.get(link, 0):
            return
        there, back = self.way(source, target), self.way(target, source)
        with trio.CancelScope() as scope, self._known(link, scope):
            # The handshake with a node behind a silent link does not take place: nobody answers.
            await there.until_open()
            try:
                far = await trio.open_tcp_stream("127.0.0.1", self._ports[target])
            except OSError:
                return
            async with far, trio.open_nursery() as nursery:
                nursery.start_soon(_pass_on, near, far, there, nursery.cancel_scope)
                nursery.start_soon(_pass_on, far, near, back, nursery.cancel_scope)

    @contextmanager
    def _known(self, link: frozenset[str], scope: trio.CancelScope) -> Iterator[None]:
        """The connection can be cut while this lasts."""
        scopes = self._scopes.setdefault(link, [])
        scopes.append(scope)
        try:
            yield
        finally:
            scopes.remove(scope)


async def _pass_on(source: trio.SocketStream, target: trio.SocketStream, way: Way, connection: trio.CancelScope) -> None:
    """Bytes from one end to the other, until one of them closes; then the whole connection ends."""
    send, receive = trio.open_memory_channel[tuple[float, bytes]](WAITING_CHUNKS)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_deliver, receive, target, way, connection)
        try:
            while data := bytes(await source.receive_some(CHUNK_BYTES)):
                await send.send((trio.current_time() + sum(way.delays_ms) / 1000, data))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        await send.aclose()


async def _deliver(
    chunks: trio.MemoryReceiveChannel[tuple[float, bytes]], target: trio.SocketStream, way: Way, connection: trio.CancelScope
) -> None:
    try:
        async for due, data in chunks:
            await trio.sleep_until(due)
            await way.until_open()
            await target.send_all(data)
            way.bytes += len(data)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass
    # A node that closes while its link is silent is not heard to close.
    await way.until_open()
    connection.cancel()


def links_of(nodes: Sequence[str], everyone: Sequence[str]) -> list[tuple[str, str]]:
    """Every link that has one of `nodes` at an end, once."""
    return [pair for pair in combinations(everyone, 2) if not set(pair).isdisjoint(nodes)]


def links_across(nodes: Sequence[str], everyone: Sequence[str]) -> list[tuple[str, str]]:
    """Every link between one of `nodes` and one that is not."""
    return [(name, other) for name in nodes for other in everyone if other not in nodes]


def both_ways(links: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Both directions of each link."""
    return [way for one, other in links for way in ((one, other), (other, one))]
