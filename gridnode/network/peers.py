"""The peer table: what each licensed node has done so far, and what it is still allowed.

A peer starts with 100 points. A fault takes its weight (`gridnode.primitives.offences`), a quiet ten seconds give a point back. At 0
it is banned for six seconds per point of the last fault's weight (noise 6 s, wrong 1 min, malicious 10 min), twice as long with
every ban that followed, one hour at most; it comes back with 50 points. Six hours without a ban halve the next one again. A ban closes
the link, refuses the next ones, and silences what the peer floods by way of others. It outlives the link and, as a `Sentence`, the node.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import trio

from gridnode.network.allowance import Allowance, Shared
from gridnode.network.config import NetworkLimits
from gridnode.network.queues import OutgoingQueue
from gridnode.primitives.errors import PeerFault
from gridnode.primitives.limits import MAX_BAN_REASON_CHARS

FULL_SCORE = 100
SCORE_AFTER_BAN = 50
RECOVERY_MS = 10_000
"""Time in which one point comes back."""
BAN_MS_PER_WEIGHT = 6_000
MAX_BAN_MS = 3_600_000
FORGIVEN_MS = 6 * 3_600_000
"""Time after a ban in which one of the bans before is forgotten."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is remembered of a ban when the node restarts."""

    peer_key: bytes
    """Ed25519 public key."""
    until_ms: int
    """End of the ban, unix ms; it may be over."""
    bans: int
    """How many there were, this one included: the next is as many times doubled."""
    reason: str
    """What the last fault was."""


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
    banned_for: str
    """Why the peer was banned last, also when the ban is over; empty when it never was."""
    bans: int
    """Bans that count for the length of the next one."""
    faults: int
    """Faults since the node started."""
    last_fault: str
    """The latest of them, empty when there was none."""
    preferred: bool
    """Whether it is a validator's node: never held up on account of others, never without a place."""
    held_up_ms: int
    """For how long it was not read because it sent more messages than it may."""
    excess: int
    """Messages of it that were dropped because it sent more of their kind than it may."""
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

    def __init__(
        self, key: bytes, limits: NetworkLimits, now_ms: int, shared: Shared | None = None, number: int = 0
    ) -> None:
        """A peer that has done nothing yet; `shared` is what it shares with others, `number` its place in the table."""
        self.key = key
        """Ed25519 public key."""
        self.mark = 1 << number
        """A bit of its own, for sets of peers."""
        self.allowance = Allowance(key, limits, shared or Shared(limits, now_ms), now_ms)
        """What it may make this node do."""
        self.queue = OutgoingQueue(limits.queue_messages, limits.queue_bytes)
        """What waits to be sent."""
        self.neighbours: frozenset[bytes] = frozenset()
        """Keys the peer says it is linked to."""
        self.epoch = 0
        """Counts up whenever the peer is linked or unlinked; what spans two epochs has lost frames."""
        self.serving = 0
        """Requests of this peer being answered."""
        self.answering = trio.Semaphore(limits.answers_per_peer)
        """Places for answers that are made or sent."""
        self.banned_until_ms = 0
        """End of the ban; 0 when there was none."""
        self.banned_for = self.last_fault = ""
        self.faults = 0
        self.messages_in = self.messages_out = self.bytes_in = self.bytes_out = self.dropped = 0
        self.round_trip_us = 0
        self._score = FULL_SCORE
        self._scored_ms = now_ms
        self._bans = 0

    def charge(self, size: int, solicited: bool, now_ms: int) -> tuple[int, int]:
        """Account one received frame of `size` bytes; the bytes themselves were charged as they came off the connection.

        Returns (for how many ms nothing more is to be read, how often to blame the peer for too many messages). What was
        `solicited`, pieces of an answer we asked for, is free.
        """
        self.messages_in += 1
        self.bytes_in += size
        return (0, 0) if solicited else self.allowance.hear_frame(now_ms)

    def score(self, now_ms: int) -> int:
        """Points at `now_ms`: 0 while banned, at most 100."""
        if self.is_banned(now_ms):
            return 0
        recovered = max(0, now_ms - self._scored_ms) // RECOVERY_MS
        return min(FULL_SCORE, self._score + recovered)

    def is_banned(self, now_ms: int) -> bool:
        """Whether the peer must be left alone at `now_ms`."""
        return now_ms < self.banned_until_ms

    def bans(self, now_ms: int) -> int:
        """Bans that count for the length of the next one."""
        if self.is_banned(now_ms):
            return self._bans
        return max(0, self._bans - max(0, now_ms - self.banned_until_ms) // FORGIVEN_MS)

    def punish(self, fault: PeerFault, now_ms: int) -> bool:
        """Lower the score by the weight of `fault`; returns whether the peer is banned now."""
        self.faults += 1
        self.last_fault = fault.reason[:MAX_BAN_REASON_CHARS]
        if self.is_banned(now_ms):
            return True
        score = self.score(now_ms) - fault.weight
        self._scored_ms = now_ms
        self._score = score
        if score > 0:
            return False
        self._bans = self.bans(now_ms)
        ban_ms = min(MAX_BAN_MS, max(1, fault.weight) * BAN_MS_PER_WEIGHT << min(self._bans, 10))
        self._ban(now_ms + ban_ms, self._bans + 1, self.last_fault)
        return True

    def sentence(self) -> Sentence | None:
        """What is to be remembered of its last ban; None when there was none."""
        if not self._bans:
            return None
        return Sentence(self.key, self.banned_until_ms, self._bans, self.banned_for)

    def serve(self, sentence: Sentence, now_ms: int) -> None:
        """Go on with a ban from before a restart; no clock that was wrong then makes it longer than a ban can be."""
        self._ban(min(sentence.until_ms, now_ms + MAX_BAN_MS), sentence.bans, sentence.reason)

    def _ban(self, until_ms: int, bans: int, reason: str) -> None:
        self.banned_until_ms = until_ms
        self.banned_for = reason
        self._bans = bans
        self._score = SCORE_AFTER_BAN
        self._scored_ms = until_ms


class PeerTable:
    """A `Peer` for every licensed key that was ever linked or reported."""

    def __init__(self, limits: NetworkLimits, now_ms: int) -> None:
        """An empty table."""
        self._limits = limits
        self._peers: dict[bytes, Peer] = {}
        self._next_number = 0
        self.shared = Shared(limits, now_ms)
        """What all peers that are not preferred share."""

    def get(self, peer_key: bytes, now_ms: int) -> Peer:
        """The peer with this key, which the caller knows to be licensed; made on first use."""
        peer = self._peers.get(peer_key)
        if peer is None:
            peer = Peer(peer_key, self._limits, now_ms, self.shared, self._next_number)
            self._peers[peer_key] = peer
            self._next_number += 1
        return peer

    def sentences(self) -> tuple[Sentence, ...]:
        """The last bans of all peers, sorted by key."""
        return tuple(sentence for peer in self.known() if (sentence := peer.sentence()) is not None)

    def known(self) -> list[Peer]:
        """All peers, sorted by key."""
        return [self._peers[key] for key in sorted(self._peers)]

    def forget(self, peer_keys: Iterable[bytes]) -> None:
        """Drop the peers that lost their licence; the table is as large as the list of licences."""
        for peer_key in peer_keys:
            self._peers.pop(peer_key, None)
