"""What a node remembers of itself for its operator: since when it is where it is, which peers came and went, what was refused last.

Nothing of the node's work depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from gridnode.consensus.effects import ScheduleTimeout
from gridnode.consensus.machine import Step


class LinkState(NamedTuple):
    """Whether a peer is linked."""

    linked: bool
    """Linked now."""
    since_ms: int
    """Unix ms of this node's clock."""


class Due(NamedTuple):
    """A timeout under way."""

    timeout: ScheduleTimeout
    """Which."""
    due_ms: int
    """When it elapses, unix ms of this node's clock."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A proposed block that this node found invalid."""

    height: int
    """Height it was proposed for."""
    block_hash: bytes
    """Which block."""
    reason: str
    """What did not hold."""
    at_ms: int
    """When, unix ms of this node's clock."""


class Watch:
    """The memory. Times are unix ms of this node's clock, handed in."""

    def __init__(self, now_ms: int) -> None:
        self.started_ms = now_ms
        self.stored_ms: int | None = None  # when the newest block was stored; None when none was since the start
        self.rejection: Rejection | None = None
        self.height_since_ms = now_ms
        self.step_since_ms = now_ms
        self.peers: dict[bytes, LinkState] = {}
        self._at: tuple[int, int, Step] = (0, -1, Step.START)
        self._due: list[Due] = []

    def stored(self, now_ms: int) -> None:
        """A block was stored."""
        self.stored_ms = now_ms

    def moved(self, height: int, round_: int, step: Step, now_ms: int) -> None:
        """Where consensus is now; times change only when that has."""
        at = (height, round_, step)
        if at == self._at:
            return
        if height != self._at[0]:
            self.height_since_ms = now_ms
        self.step_since_ms = now_ms
        self._at = at

    def linked(self, peer: bytes, linked: bool, now_ms: int) -> None:
        """A peer came or went."""
        self.peers[peer] = LinkState(linked, now_ms)

    def rejected(self, height: int, block_hash: bytes, reason: str, now_ms: int) -> None:
        """A proposed block was found invalid."""
        self.rejection = Rejection(height, block_hash, reason, now_ms)

    def scheduled(self, timeout: ScheduleTimeout, now_ms: int) -> None:
        """A timeout was set."""
        self._due = [due for due in self._due if due.due_ms > now_ms and due.timeout.height >= timeout.height]
        self._due.append(Due(timeout, now_ms + timeout.after_ms))

    def next_due(self, height: int, now_ms: int) -> Due | None:
        """The timeout of this height that elapses first."""
        running = [due for due in self._due if due.timeout.height == height and due.due_ms >= now_ms]
        return min(running, key=lambda due: due.due_ms, default=None)
