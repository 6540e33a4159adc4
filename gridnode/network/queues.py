"""What waits to be sent to one peer: bounded, by class, the more urgent first.

A frame is put without waiting. When a class is full it loses its oldest frames, because the newest vote, height or
transaction is the one worth having; whoever needs the lost one asks or is sent it again. Pieces of responses are the
exception: an answer with a hole is worth nothing, so the task that answers waits for room instead (`wait_for_room`).
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum

import trio


class Urgency(IntEnum):
    """Classes of outgoing frames; the lower is sent first."""

    CONTROL = 0
    """Pings and neighbours; and consensus, which is as urgent."""
    SYNC = 1
    """Direct messages of nodes that catch up."""
    REQUESTS = 2
    """Requests and the pieces of responses."""
    TRANSACTIONS = 3
    """Batches of transactions."""


class OutgoingQueue:
    """Frames for one peer, first in first out within a class."""

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        """Bound each class by a count of frames and by their bytes."""
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._frames: tuple[deque[bytes], ...] = tuple(deque() for _ in Urgency)
        self._bytes = [0] * len(Urgency)
        self._arrival = trio.Event()
        self._departure = trio.Event()

    def put(self, urgency: Urgency, frame: bytes) -> int:
        """Append `frame`; returns how many older frames of its class were lost for it."""
        frames = self._frames[urgency]
        frames.append(frame)
        self._bytes[urgency] += len(frame)
        lost = 0
        while len(frames) > self._max_messages or (
            self._bytes[urgency] > self._max_bytes and len(frames) > 1
        ):
            self._bytes[urgency] -= len(frames.popleft())
            lost += 1
        self._arrival.set()
        return lost

    def has_room(self, urgency: Urgency) -> bool:
        """Whether half of the class is free: `put` of a piece of a response then loses nothing."""
        frames = len(self._frames[urgency])
        return 2 * frames < self._max_messages and 2 * self._bytes[urgency] < self._max_bytes

    async def wait_for_room(self, urgency: Urgency) -> None:
        """Return once `has_room`; a link that reads slowly slows the caller, not the node."""
        while not self.has_room(urgency):
            await self._departure.wait()
        await trio.lowlevel.checkpoint()

    async def take(self, max_bytes: int) -> list[bytes]:
        """Wait for frames, then remove and return the most urgent: one, or as many as fit into `max_bytes`."""
        while not any(self._frames):
            self._arrival = trio.Event()
            await self._arrival.wait()
        taken: list[bytes] = []
        size = 0
        for urgency, frames in zip(Urgency, self._frames, strict=True):
            while frames and (not taken or size + len(frames[0]) <= max_bytes):
                frame = frames.popleft()
                self._bytes[urgency] -= len(frame)
                size += len(frame)
                taken.append(frame)
            if frames:
                break
        self._departure.set()
        self._departure = trio.Event()
        return taken

    def clear(self) -> int:
        """Forget everything; returns how many frames that were."""
        lost = len(self)
        for frames in self._frames:
            frames.clear()
        self._bytes = [0] * len(Urgency)
        self._departure.set()
        self._departure = trio.Event()
        return lost

    def __len__(self) -> int:
        """Frames waiting in all classes."""
        return sum(map(len, self._frames))
