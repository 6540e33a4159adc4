"""The asking side of block sync, as a pure machine.

Facts go in (peers' heights, answers, failures); `next_requests` says whom to ask for what, and `next_block` hands over the received
blocks strictly in order. Ranges do not overlap, a failed range is asked of another peer, and what is fetched ahead is bounded.

A height is a claim. A peer that owes what it claims is doubted until it has given a good block: it is asked when nobody else is
ahead, once for each time it claims, but this node does not count as behind on its word, else one liar could keep every node from voting.
"""

from __future__ import annotations

from typing import NamedTuple

from gridnode.primitives.limits import MAX_SYNC_AHEAD, MAX_SYNC_BLOCKS, MAX_SYNC_REQUESTS
from gridnode.primitives.units import Height
from gridnode.sync.messages import BlockAnswer, BlockRequest, FinalBlock


class Ask(NamedTuple):
    """Send `request` to `peer`."""

    peer: bytes
    request: BlockRequest


class Received(NamedTuple):
    """A block that came from `peer`, next in order."""

    peer: bytes
    final: FinalBlock


class Requester:
    """What is missing, who has it, and what is under way."""

    def __init__(self, height: int) -> None:
        self.height = height  # last block that this node has stored
        self._peers: dict[bytes, int] = {}
        self._firsts: dict[bytes, int] = {}  # lowest block of a peer
        self._under_way: dict[bytes, tuple[int, int]] = {}  # peer -> [first, stop)
        self._received: dict[int, Received] = {}
        self._misses: dict[bytes, int] = {}
        self._aside: dict[bytes, None] = {}  # asked on their own word alone: what they were asked for is asked of others as well

    @property
    def best(self) -> int:
        """Greatest height that any peer claims that is not doubted."""
        return max((height for peer, height in self._peers.items() if peer not in self._misses), default=0)

    @property
    def behind(self) -> int:
        """How many blocks this node is known to lack."""
        return max(0, self.best - self.height)

    @property
    def out_of_reach(self) -> int:
        """When all that are ahead have pruned the next block: the lowest that one of them has. 0 while somebody has it."""
        ahead = [self._firsts[peer] for peer, height in self._peers.items() if height > self.height]
        return min(ahead) if ahead and min(ahead) > self.height + 1 and not self._received else 0

    def peer_at(self, peer: bytes, height: int, first: int = 1) -> None:
        """A peer told its height, and its lowest block; it may be lower than before (a wiped node)."""
        self._peers[peer] = height
        self._firsts[peer] = first

    def peer_gone(self, peer: bytes) -> None:
        """A peer disconnected; what it was asked for is asked of others. A doubt stays."""
        self._peers.pop(peer, None)
        self._firsts.pop(peer, None)
        self._ended(peer)

    def stored(self, height: int) -> None:
        """This node stored the block at `height`, by sync or by consensus."""
        for number in range(self.height + 1, height + 1):
            self._received.pop(number, None)
        self.height = max(self.height, height)

    def next_requests(self, is_believed: bool = True) -> list[Ask]:
        """Requests to send now; each peer has at most one under way, those that failed least and then in order of id first.

        Who is doubted is asked only when nobody else is ahead. Where claims are not believed, nobody waits for the answers.
        """
        asks: list[Ask] = []
        for peer in sorted(self._peers, key=lambda peer: (self._misses.get(peer, 0), peer)):
            if len(self._under_way) >= MAX_SYNC_REQUESTS or (self.behind and peer in self._misses):
                break
            gap = None if peer in self._under_way else self._first_gap(self._peers[peer])
            if gap is not None and gap[0] >= self._firsts[peer]:
                self._under_way[peer] = gap
                if not is_believed:
                    self._aside[peer] = None
                first, stop = gap
                asks.append(Ask(peer, BlockRequest(Height(first), stop - first)))
        return asks

    def _first_gap(self, peer_height: int) -> tuple[int, int] | None:
        limit = min(peer_height, self.height + MAX_SYNC_AHEAD)
        first = self.height + 1
        while first <= limit and (first in self._received or self._is_asked(first)):
            first += 1
        stop = first
        while stop <= limit and stop - first < MAX_SYNC_BLOCKS:
            if stop in self._received or self._is_asked(stop):
                break
            stop += 1
        return (first, stop) if stop > first else None

    def _is_asked(self, height: int) -> bool:
        return any(first <= height < stop for peer, (first, stop) in self._under_way.items() if peer not in self._aside)

    def answered(self, peer: bytes, answer: BlockAnswer) -> str | None:
        """Take a peer's answer. Returns what is wrong with it, or None; heights must run up from the one asked for.

        An answer that comes after its peer had left is passed over: what was asked has been asked of others.
        """
        asked = self._ended(peer)
        if asked is None:
            return None
        first, stop = asked
        if not answer.blocks:
            self._doubt(peer)
        for number, final in enumerate(answer.blocks, start=first):
            if number >= stop or final.block.header.height != number:
                self._doubt(peer)
                return f"expected block {number} of at most {stop - first}, got block {final.block.header.height}"
            if number > self.height:
                self._received.setdefault(number, Received(peer, final))
        return None

    def _ended(self, peer: bytes) -> tuple[int, int] | None:
        """The request to a peer is over; what it asked for, None when there was none."""
        self._aside.pop(peer, None)
        return self._under_way.pop(peer, None)

    def _doubt(self, peer: bytes, weight: int = 1) -> None:
        self._misses[peer] = self._misses.get(peer, 0) + weight
        if peer in self._peers:
            self._peers[peer] = min(self._peers[peer], self.height)

    def failed(self, peer: bytes) -> None:
        """A request to `peer` failed or timed out; others are asked first from now on."""
        self._ended(peer)
        self._doubt(peer)

    def proved(self, peer: bytes) -> None:
        """A block of this peer was good: it is doubted no more."""
        self._misses.pop(peer, None)

    def next_block(self) -> Received | None:
        """The block after the last stored one, if it has arrived."""
        return self._received.get(self.height + 1)

    def has(self, height: int) -> bool:
        """Whether a block has arrived that waits for those before it."""
        return height in self._received

    def refused(self, height: int) -> None:
        """The block handed over for `height` was wrong: forget it and all that its peer sent, and ask others first."""
        bad = self._received.get(height)
        if bad is None:
            return
        self._doubt(bad.peer, MAX_SYNC_BLOCKS)
        for number in [number for number, received in self._received.items() if received.peer == bad.peer]:
            del self._received[number]
