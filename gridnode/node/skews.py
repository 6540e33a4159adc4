"""How far the clocks of peers are from this node's: asked for, with the time that the answer took as the bound of the error.

A peer's clock is read by request. Half of the round trip, which a clock that never jumps has measured, is taken as the way back, so a
skew is right within that half. Of the last SAMPLES answers the quickest counts. A node's own skew is the median over its peers and
itself: whoever is alone with its time is the one that is off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from gridnode.node.wire import RequestKind
from gridnode.primitives.errors import GridnodeError, PeerFault
from gridnode.primitives.limits import MAX_U64

SAMPLES = 3
"""Answers of a peer that are kept; at one every EVERY_MS a clock that was set is noticed within half a minute."""
EVERY_MS = 10_000
LONGEST_TRIP_MS = 2_000
"""An answer that took longer says too little."""
_CLOCK_BYTES = 8


class Skew(NamedTuple):
    """How far a peer's clock is ahead."""

    skew_ms: int
    """Peer's clock minus this node's; negative when it is behind."""
    error_ms: int
    """Right within this much either way."""


class Asks(Protocol):
    """How peers are asked; `gridnode.network.Network` is one."""

    async def request(self, peer_key: bytes, kind: int, payload: bytes, timeout_ms: int) -> bytes:
        """Answer of a peer. Raises PeerFault or another GridnodeError when there is none."""
        ...

    def report(self, peer_key: bytes, fault: PeerFault) -> None:
        """Lower a peer's score."""
        ...


def clock_answer(now_ms: int) -> bytes:
    """The answer to a peer that asks what this node's clock says."""
    return now_ms.to_bytes(_CLOCK_BYTES, "big")


class Skews:
    """Skews of all peers."""

    def __init__(self, peers: Asks, now_ms: Callable[[], int], monotonic_ms: Callable[[], int]) -> None:
        self._peers = peers
        self._now_ms = now_ms
        self._monotonic_ms = monotonic_ms
        self._samples: dict[bytes, list[Skew]] = {}

    async def ask(self, peer: bytes) -> None:
        """Ask one peer for its clock and keep what it says; one that does not answer is passed over."""
        began = self._monotonic_ms()
        try:
            answer = await self._peers.request(peer, RequestKind.CLOCK, b"", LONGEST_TRIP_MS)
        except GridnodeError:
            return
        trip_ms = self._monotonic_ms() - began
        if len(answer) != _CLOCK_BYTES:
            self._peers.report(peer, PeerFault(f"expected a clock of {_CLOCK_BYTES} bytes, got {len(answer)}"))
            return
        if trip_ms > LONGEST_TRIP_MS:
            return
        told = min(int.from_bytes(answer, "big"), MAX_U64 // 2)
        half = (trip_ms + 1) // 2
        kept = self._samples.setdefault(peer, [])
        kept.append(Skew(told - (self._now_ms() - half), half))
        del kept[:-SAMPLES]

    def forget(self, peer: bytes) -> None:
        """A peer is gone: what its clock said then is no measure of now."""
        self._samples.pop(peer, None)

    def of(self, peer: bytes) -> Skew | None:
        """Skew of a peer, None when it has not answered lately."""
        kept = self._samples.get(peer)
        return min(kept, key=lambda skew: skew.error_ms) if kept else None

    def median_ms(self) -> int | None:
        """How far the others are ahead of this node, itself among them; None when nobody has answered."""
        known = [skew.skew_ms for skew in map(self.of, self._samples) if skew is not None]
        return _middle([0, *known]) if known else None


def _middle(values: Sequence[int]) -> int:
    """The median; of the two middle ones of an even number the one that accuses this node less."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else min(ordered[half - 1], ordered[half], key=abs)
