"""What one peer may make this node do: bytes, packets, messages of each channel, links, answers; and how long too much is borne.

An allowance belongs to the key, not to the connection, so dialing again buys nothing. Beyond it one of two things happens.

    back pressure  bytes, packets, and messages of all channels together: the node reads nothing more from that peer for a
                   while. What it sends waits in its own send buffer.
    loss           messages of one channel, and floods of one author: dropped before anybody looks into them. Consensus is
                   sent again until answered, transactions are fetched by id, and the next height replaces the last.

All peers that are not preferred (the validators are) share one more allowance, so that clients together leave room for those.

Being held up is no fault: a node whose clients are busy, or that waited while we were busy, is held up now and then. The most that
an honest peer can have waiting for us are its full queues, a few seconds' worth. A peer that has been held up for `patience_ms`
and goes on is blamed for every second more; a tenth of the time that passes is forgotten.
"""

from __future__ import annotations

from gridnode.network.buckets import TokenBucket
from gridnode.network.config import Channel, NetworkLimits

BLAME_MS = 1_000
"""Beyond our patience, a peer is blamed once for so long a time that it had to be held up."""
PATIENCE_MS_PER_S = 100
"""Milliseconds of being held up that are forgotten in a second."""


class Rates:
    """Messages and bytes a second, both taken at once."""

    def __init__(self, messages_per_s: int, bytes_per_s: int, burst_s: int, now_ms: int) -> None:
        """Start with the full burst."""
        self._messages = TokenBucket(messages_per_s, messages_per_s * burst_s, now_ms)
        self._bytes = TokenBucket(bytes_per_s, bytes_per_s * burst_s, now_ms)

    def take(self, messages: int, size: int, now_ms: int) -> int:
        """Take so many messages of `size` bytes in all; returns for how many ms the taker is in debt."""
        return max(self._messages.take(messages, now_ms), self._bytes.take(size, now_ms))

    def has_room(self, size: int, now_ms: int) -> bool:
        """Take one message of `size` bytes unless there is a debt; what is refused costs nothing."""
        if self.take(0, 0, now_ms):
            return False
        self._messages.take(1, now_ms)
        self._bytes.take(size, now_ms)
        return True


class Shared:
    """The allowance of all peers that are not preferred, together."""

    def __init__(self, limits: NetworkLimits, now_ms: int) -> None:
        """Start full; nobody is preferred."""
        self._rates = Rates(limits.total_messages_per_s, limits.total_bytes_per_s, limits.burst_s, now_ms)
        self.preferred: frozenset[bytes] = frozenset()
        """Keys of the peers that have an allowance of their own alone."""

    def take(self, peer_key: bytes, messages: int, size: int, now_ms: int) -> int:
        """Take for a peer; returns for how many ms it must pause on account of all of them."""
        return 0 if peer_key in self.preferred else self._rates.take(messages, size, now_ms)


class Allowance:
    """The allowance of one peer."""

    def __init__(self, peer_key: bytes, limits: NetworkLimits, shared: Shared, now_ms: int) -> None:
        """Start full."""
        burst_s = limits.burst_s
        self._peer_key = peer_key
        self._shared = shared
        self._packets = Rates(limits.packets_per_s, limits.bytes_per_s, burst_s, now_ms)
        self._messages = TokenBucket(limits.messages_per_s, limits.messages_per_s * burst_s, now_ms)
        self._channels = {
            Channel.CONSENSUS: Rates(limits.consensus_per_s, limits.consensus_bytes_per_s, burst_s, now_ms),
            Channel.SYNC: Rates(limits.sync_per_s, limits.sync_bytes_per_s, burst_s, now_ms),
            Channel.TRANSACTIONS: Rates(limits.floods_per_s, limits.flood_bytes_per_s, burst_s, now_ms),
        }
        self._answers = Rates(limits.requests_per_s, limits.answer_bytes_per_s, burst_s, now_ms)
        self._links = TokenBucket(limits.links_per_s, limits.links_burst, now_ms)
        self._patience = TokenBucket(PATIENCE_MS_PER_S, limits.patience_ms, now_ms)
        self._late_bytes = 0
        self._most_late_bytes = limits.late_bytes_per_peer
        self._held_until_ms = 0
        self._unborne_ms = 0
        self.excess = 0
        """Messages dropped because their channel had no room."""
        self.held_up_ms = 0
        """For how long in all this peer was not read because of the messages it sent."""

    def hear_packet(self, size: int, now_ms: int) -> int:
        """Account `size` bytes off a connection; returns for how many ms nothing more is to be read."""
        own_ms = self._packets.take(1, size, now_ms)
        return max(own_ms, self._shared.take(self._peer_key, 0, size, now_ms))

    def hear_frame(self, now_ms: int) -> tuple[int, int]:
        """Account a frame that was not asked for.

        Returns (for how many ms nothing more is to be read, how often the peer is to be blamed for too many messages).
        """
        own_ms = self._messages.take(1, now_ms)
        shared_ms = self._shared.take(self._peer_key, 1, 0, now_ms)
        if own_ms == 0:
            return shared_ms, 0
        # Frames that came together share a pause: what counts is how far this one moves its end.
        longer_ms = now_ms + own_ms - max(now_ms, self._held_until_ms)
        self._held_until_ms = now_ms + own_ms
        if longer_ms > 0:
            self.held_up_ms += longer_ms
            if self._patience.take(longer_ms, now_ms):
                self._unborne_ms += longer_ms
        faults, self._unborne_ms = divmod(self._unborne_ms, BLAME_MS)
        return max(own_ms, shared_ms), faults

    def has_room(self, channel: Channel, size: int, now_ms: int) -> bool:
        """Whether a message of this channel may be looked at; counts it as taken or as excess."""
        room = self._channels[channel].has_room(size, now_ms)
        self.excess += not room
        return room

    def ask(self, now_ms: int) -> int:
        """Account a question of the peer; returns for how many ms it waits, for those before it and for their answers."""
        return self._answers.take(1, 0, now_ms)

    def answer(self, size: int, now_ms: int) -> None:
        """Account an answer of `size` bytes to the peer."""
        self._answers.take(0, size, now_ms)

    def may_link(self, now_ms: int) -> bool:
        """Whether another connection of this peer may become its link now; counts it."""
        if self._links.take(0, now_ms):
            return False
        self._links.take(1, now_ms)
        return True

    def expect_late(self, size: int) -> None:
        """Up to `size` bytes of an answer that nobody waits for any more may still arrive."""
        self._late_bytes = min(self._most_late_bytes, self._late_bytes + size)

    def take_late(self, size: int) -> bool:
        """Whether `size` bytes of an answer that nobody waits for are late; otherwise nobody had asked for them."""
        if size > self._late_bytes:
            return False
        self._late_bytes -= size
        return True
