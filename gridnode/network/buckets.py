"""Token buckets: how much a peer may send in a time, with a burst."""

from __future__ import annotations


class TokenBucket:
    """Fills at a rate up to a burst; what is taken beyond is a debt that later tokens pay first. Integers only."""

    def __init__(self, rate_per_s: int, burst: int, now_ms: int) -> None:
        """Start full. `rate_per_s` and `burst` count tokens: bytes or messages."""
        self._rate = rate_per_s
        self._burst_milli = burst * 1000
        self._level_milli = self._burst_milli
        self._filled_ms = now_ms

    def take(self, amount: int, now_ms: int) -> int:
        """Take `amount` tokens; returns for how many ms the taker must pause to be out of debt, 0 when it is not."""
        if now_ms > self._filled_ms:
            level = self._level_milli + (now_ms - self._filled_ms) * self._rate
            self._level_milli = min(level, self._burst_milli)
        self._filled_ms = now_ms
        self._level_milli -= amount * 1000
        if self._level_milli >= 0:
            return 0
        return -(self._level_milli // self._rate)
