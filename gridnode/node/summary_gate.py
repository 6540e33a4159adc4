"""How often the summaries of a peer are answered: an answer is worth more bytes than the summary that asks for it."""

from __future__ import annotations

from collections.abc import Callable

from gridnode.primitives.limits import MIN_SUMMARY_GAP_MS


class SummaryGate:
    """Lets a peer's summaries through, one each MIN_SUMMARY_GAP_MS, and likewise those it tells in answer to ours.

    Grows by two times for each licensed peer.
    """

    def __init__(self, monotonic_ms: Callable[[], int]) -> None:
        """`monotonic_ms` reads a clock that never jumps."""
        self._monotonic_ms = monotonic_ms
        self._passed_ms: dict[tuple[bytes, bool], int] = {}

    def passes(self, peer: bytes, answers: bool) -> bool:
        """Whether a summary of `peer` that comes now, itself an answer or not, is to be answered."""
        now_ms = self._monotonic_ms()
        last_ms = self._passed_ms.get((peer, answers))
        if last_ms is not None and now_ms - last_ms < MIN_SUMMARY_GAP_MS:
            return False
        self._passed_ms[peer, answers] = now_ms
        return True
