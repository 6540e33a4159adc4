"""Links: the one live connection to each peer, its reader, its writer and its pulse.

The queue of outgoing frames belongs to the peer, not to the link, so that a link that takes over from another (both
sides dialed at once) goes on where that one stopped.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from gridnode.network.config import NetworkLimits
from gridnode.network.frames import FrameKind, FrameReader, encode_frame
from gridnode.network.host import Connection, ConnectionLost
from gridnode.network.peers import Peer
from gridnode.network.queues import Urgency
from gridnode.primitives.errors import PeerFault

WRITE_BYTES = 64 * 1024 - 64
"""Frames joined into one write: as much as fits into one Yamux frame and one Noise packet."""
PAUSE_PER_POINT_MS = 100
"""A peer that exceeds its messages loses a point for every so many ms it had to be held up."""
LARGE_PIECE_BYTES = 32 * 1024
"""Pieces of a response from this size on do not count as messages: few of them fill the allowance of bytes."""

_PING = encode_frame(FrameKind.PING)
_PONG = encode_frame(FrameKind.PONG)

OnFrame = Callable[[Peer, FrameKind, bytes], None]
OnFault = Callable[[Peer, PeerFault], None]


class Link:
    """One connection to `peer` while it lasts."""

    def __init__(
        self,
        peer: Peer,
        connection: Connection,
        limits: NetworkLimits,
        clock_ms: Callable[[], int],
        on_frame: OnFrame,
        on_fault: OnFault,
    ) -> None:
        """Take over `connection`; nothing moves before `run`."""
        self.peer = peer
        """Who is at the other end."""
        self.dialed = connection.dialed
        """True when this node dialed."""
        self.reason = ""
        """Why the link ended, empty while it lives and when it was closed from here."""
        self._connection = connection
        self._limits = limits
        self._clock_ms = clock_ms
        self._on_frame = on_frame
        self._on_fault = on_fault
        self._scope = trio.CancelScope()
        self._heard = trio.current_time()
        self._pinged: float | None = None
        self._held_up_ms = 0

    @property
    def direction(self) -> str:
        """`out` when this node dialed, `in` when the peer did."""
        return "out" if self.dialed else "in"

    def close(self) -> None:
        """End `run` at its next checkpoint; the connection is closed after it."""
        self._scope.cancel()

    async def run(self) -> None:
        """Move frames both ways until the connection is lost, `close` is called or the peer is silent for too long.

        `on_frame` gets every frame in the order the peer sent them, `on_fault` what the peer did wrong. An error of
        our own code in either leaves as it is.
        """
        with self._scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._until_lost, self._write)
                nursery.start_soon(self._until_lost, self._pulse)
                await self._until_lost(self._read)

    async def _until_lost(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run one of the three tasks; when the connection is lost all of them end."""
        try:
            await work()
        except ConnectionLost as lost:
            self.reason = self.reason or str(lost)
            self.close()

    async def _read(self) -> None:
        """Read, account and hand on frames. A frame that cannot be one ends the link."""
        reader = FrameReader()
        while True:
            data = await self._connection.read()
            self._heard = trio.current_time()
            try:
                for kind, body in reader.feed(data):
                    self._account(kind, len(body))
                    self._receive(kind, body)
                    if self._scope.cancel_called:
                        raise ConnectionLost("closed")
            except PeerFault as fault:
                self._on_fault(self.peer, fault)
                raise ConnectionLost(fault.reason) from fault

    def _account(self, kind: FrameKind, size: int) -> None:
        """Charge the frame to the peer; slow the peer down when it sends too much, and blame it for too many."""
        solicited = kind is FrameKind.RESPONSE and size >= LARGE_PIECE_BYTES
        pause_ms, too_many = self.peer.charge(size, solicited, self._clock_ms())
        if pause_ms == 0:
            return
        self._connection.pause(pause_ms)
        if too_many:
            self._held_up_ms += pause_ms
            points, self._held_up_ms = divmod(self._held_up_ms, PAUSE_PER_POINT_MS)
            if points:
                self._on_fault(self.peer, PeerFault("more messages than allowed", points))

    def _receive(self, kind: FrameKind, body: bytes) -> None:
        """Answer the pulse; everything else is the business of the network."""
        if kind is FrameKind.PING:
            self.peer.queue.put(Urgency.CONTROL, _PONG)
        elif kind is FrameKind.PONG:
            if self._pinged is not None:
                self.peer.round_trip_us = round((trio.current_time() - self._pinged) * 1_000_000)
                self._pinged = None
        else:
            self._on_frame(self.peer, kind, body)

    async def _write(self) -> None:
        """Send what waits, the urgent first; a peer that does not read in time loses the link."""
        peer = self.peer
        while True:
            frames = await peer.queue.take(WRITE_BYTES)
            data = b"".join(frames)
            with trio.move_on_after(self._limits.write_timeout_ms / 1000) as patience:
                await self._connection.write(data)
            if patience.cancelled_caught:
                self._on_fault(peer, PeerFault("does not read", 10))
                raise ConnectionLost("write timeout")
            peer.messages_out += len(frames)
            peer.bytes_out += len(data)

    async def _pulse(self) -> None:
        """Probe the peer; silence for too long means the connection is dead, whatever TCP thinks."""
        while True:
            if self._pinged is None:
                self._pinged = trio.current_time()
                self.peer.queue.put(Urgency.CONTROL, _PING)
            await trio.sleep(self._limits.ping_interval_ms / 1000)
            if trio.current_time() - self._heard > self._limits.silence_timeout_ms / 1000:
                raise ConnectionLost("silent")
