"""The peer table: what each licensed node has done so far, and what it is still allowed.

A peer starts with 100 points. A fault takes its weight, a quiet ten seconds give a point back. At 0 it is banned for
six seconds per point of the last fault's weight (noise 6 s, wrong 1 min, malicious 10 min), twice as long with every
ban that followed, one hour at most; it comes back with 50 points. A ban closes the link and refuses the next ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gridnode.network.buckets import TokenBucket
from gridnode.network.config import NetworkLimits
from gridnode.network.queues import OutgoingQueue
from gridnode.primitives.errors import PeerFault

FULL_SCORE = 100
SCORE_AFTER_BAN = 50
RECOVERY_MS = 10_000
"""Time in which one point comes back."""
BAN_MS_PER_WEIGHT = 6_000
MAX_BAN_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class PeerStats:
    """One row for the operator: a linked or a banned peer."""

    peer_key: bytes
    """Ed25519 public key."""
    name: str
    """Name from the licence."""
    direction: str
    """`out` when this node dialed, `in` when the peer did, `none` when there is no link."""
    score: int
    """100 is spotless, 0 is banned."""
    banned_until_ms: int
    """End of the ban on this node's clock, 0 when there is none."""
    round_trip_us: int
    """Last measured round trip of a ping in microseconds, 0 before the first."""
    messages_in: int
    """Frames received."""
    messages_out: int
    """Frames sent."""
    bytes_in: int
    """Bytes of frames received."""
    bytes_out: int
    """Bytes of frames sent."""
    dropped: int
    """Frames for this peer that were lost because it did not take them in time."""


class Peer:
    """A licensed node; lives as long as the licence, across links."""

    def __init__(self, key: bytes, limits: NetworkLimits, now_ms: int) -> None:
        """A peer that has done nothing yet."""
        self.key = key
        """Ed25519 public key."""
        self.queue = OutgoingQueue(limits.queue_messages, limits.queue_bytes)
        """What waits to be sent."""
        self.neighbours: frozenset[bytes] = frozenset()
        """Keys the peer says it is linked to."""
        self.epoch = 0
        """Counts up whenever the peer is linked or unlinked; what spans two epochs has lost frames."""
        self.serving = 0
        """Requests of this peer being answered."""
        self.banned_until_ms = 0
        """End of the ban; 0 when there was none."""
        self.messages_in = self.messages_out = self.bytes_in = self.bytes_out = self.dropped = 0
        self.round_trip_us = 0
        self._score = FULL_SCORE
        self._scored_ms = now_ms
        self._bans = 0
        self._bytes = TokenBucket(limits.bytes_per_s, limits.bytes_per_s * limits.burst_s, now_ms)
        self._messages = TokenBucket(limits.messages_per_s, limits.messages_per_s * limits.burst_s, now_ms)
        self._floods = TokenBucket(limits.floods_per_s, limits.floods_per_s * limits.burst_s, now_ms)

    def charge(self, size: int, solicited: bool, now_ms: int) -> tuple[int, bool]:
        """Account one received frame of `size` bytes.

        Returns (ms to pause reading from this peer, whether it sent more messages than it may). Of a `solicited`
        frame only the bytes count.
        """
        self.messages_in += 1
        self.bytes_in += size
        pause_ms = self._bytes.take(size, now_ms)
        if solicited:
            return pause_ms, False
        excess_ms = self._messages.take(1, now_ms)
        return max(pause_ms, excess_ms), excess_ms > 0

    def may_flood(self, now_ms: int) -> bool:
        """Whether a flooded message that this peer wrote is passed on; takes it from the peer's allowance."""
        return self._floods.take(1, now_ms) == 0

    def score(self, now_ms: int) -> int:
        """Points at `now_ms`: 0 while banned, at most 100."""
        if self.is_banned(now_ms):
            return 0
        recovered = max(0, now_ms - self._scored_ms) // RECOVERY_MS
        return min(FULL_SCORE, self._score + recovered)

    def is_banned(self, now_ms: int) -> bool:
        """Whether the peer must be left alone at `now_ms`."""
        return now_ms < self.banned_until_ms

    def punish(self, fault: PeerFault, now_ms: int) -> bool:
        """Lower the score by the weight of `fault`; returns whether the peer is banned now."""
        if self.is_banned(now_ms):
            return True
        score = self.score(now_ms) - fault.weight
        self._scored_ms = now_ms
        self._score = score
        if score > 0:
            return False
        ban_ms = min(MAX_BAN_MS, max(1, fault.weight) * BAN_MS_PER_WEIGHT << min(self._bans, 10))
        self.banned_until_ms = now_ms + ban_ms
        self._bans += 1
        self._score = SCORE_AFTER_BAN
        self._scored_ms = self.banned_until_ms
        return True


class PeerTable:
    """A `Peer` for every licensed key that was ever linked or reported."""

    def __init__(self, limits: NetworkLimits) -> None:
        """An empty table."""
        self._limits = limits
        self._peers: dict[bytes, Peer] = {}

    def get(self, peer_key: bytes, now_ms: int) -> Peer:
        """The peer with this key, which the caller knows to be licensed; made on first use."""
        peer = self._peers.get(peer_key)
        if peer is None:
            peer = self._peers[peer_key] = Peer(peer_key, self._limits, now_ms)
        return peer

    def known(self) -> list[Peer]:
        """All peers, sorted by key."""
        return [self._peers[key] for key in sorted(self._peers)]

    def forget(self, peer_keys: Iterable[bytes]) -> None:
        """Drop the peers that lost their licence; the table is as large as the list of licences."""
        for peer_key in peer_keys:
            self._peers.pop(peer_key, None)
