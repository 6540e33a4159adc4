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
from gridnode.primitives.offences import Offence

WRITE_BYTES = 64 * 1024 - 64
"""Frames joined into one write: as much as fits into one Yamux frame and one Noise packet."""
GIVES_UP_S = 4.0
"""Yamux waits five seconds for a window; a write that fails after so long failed for that reason or for a dead line."""

_PING = encode_frame(FrameKind.PING)
_PONG = encode_frame(FrameKind.PONG)

OnFrame = Callable[[Peer, FrameKind, bytes], None]
OnFault = Callable[[Peer, PeerFault], None]
IsSolicited = Callable[[Peer, FrameKind, bytes], bool]
"""Whether a frame of the peer is a piece of an answer that we asked for and still wait for."""


class Link:
    """One connection to `peer` while it lasts."""

    def __init__(
        self,
        peer: Peer,
        connection: Connection,
        limits: NetworkLimits,
        clock_ms: Callable[[], int],
        is_solicited: IsSolicited,
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
        self._is_solicited = is_solicited
        self._on_frame = on_frame
        self._on_fault = on_fault
        self._scope = trio.CancelScope()
        self._heard = trio.current_time()
        self._pinged: float | None = None
        self._answer_due = 0.0

    @property
    def direction(self) -> str:
        """`out` when this node dialed, `in` when the peer did."""
        return "out" if self.dialed else "in"

    @property
    def closing(self) -> bool:
        """Whether `close` was called."""
        return self._scope.cancel_called

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
        # Whichever task noticed first that the connection is gone: it may be gone because of what the peer did below the frames.
        fault = self._connection.fault
        if fault is not None:
            self.reason = fault.reason
            self._on_fault(self.peer, fault)

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
            self._heard = max(self._heard, trio.current_time())
            try:
                for kind, body in reader.feed(data):
                    self._account(kind, body)
                    self._receive(kind, body)
                    if self.closing:
                        raise ConnectionLost("closed")
            except PeerFault as fault:
                self._on_fault(self.peer, fault)
                raise ConnectionLost(fault.reason) from fault

    def _account(self, kind: FrameKind, body: bytes) -> None:
        """Charge the frame to the peer; slow the peer down when it sends too much, and blame it when it keeps at it."""
        solicited = kind is FrameKind.RESPONSE and self._is_solicited(self.peer, kind, body)
        pause_ms, faults = self.peer.charge(len(body), solicited, self._clock_ms())
        if pause_ms:
            self._connection.pause(pause_ms)
            self._be_deaf(pause_ms / 1000)
        for _ in range(faults):
            self._on_fault(self.peer, PeerFault.of(Offence.TOO_MANY_MESSAGES))

    def _be_deaf(self, pause_s: float) -> None:
        """It is us who do not listen for a while: neither silence nor a missing answer is held against the peer."""
        now = trio.current_time()
        over = now + pause_s
        self._answer_due += max(0.0, over - max(now, self._heard))
        self._heard = max(self._heard, over)

    def _receive(self, kind: FrameKind, body: bytes) -> None:
        """Answer the pulse; everything else is the business of the network. Raises `PeerFault` for a pulse with a body."""
        if body and kind in (FrameKind.PING, FrameKind.PONG):
            raise PeerFault.of(Offence.BAD_FRAME, "a probe with a body")
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
            began = trio.current_time()
            with trio.move_on_after(self._limits.write_timeout_ms / 1000) as patience:
                try:
                    await self._connection.write(data)
                except ConnectionLost:
                    # Yamux itself gives up on a full window after a while, which is no other case than ours.
                    if trio.current_time() - began > GIVES_UP_S:
                        self._on_fault(peer, PeerFault.of(Offence.NOT_READING))
                    raise
            if patience.cancelled_caught:
                self._on_fault(peer, PeerFault.of(Offence.NOT_READING))
                raise ConnectionLost("write timeout")
            peer.messages_out += len(frames)
            peer.bytes_out += len(data)

    async def _pulse(self) -> None:
        """Probe the peer; silence for too long means the connection is dead, whatever TCP thinks.

        A peer that drips bytes is not silent, but one that has not answered a probe for twice as long is as dead.
        """
        silence_s = self._limits.silence_timeout_ms / 1000
        while True:
            now = trio.current_time()
            if self._pinged is None:
                self._pinged = now
                self._answer_due = max(now, self._heard) + 2 * silence_s
                self.peer.queue.put(Urgency.CONTROL, _PING)
            elif now > self._answer_due:
                raise ConnectionLost("does not answer probes")
            await trio.sleep(self._limits.ping_interval_ms / 1000)
            if trio.current_time() - self._heard > silence_s:
                raise ConnectionLost("silent")
