"""When a machine that does not sign takes its validator's lease: the other one is not in the commits and not heard either.

Both must hold, a number of commits and a time: commits alone would take over from a validator that is merely the slowest of all, time
alone when the chain stands still for everybody. A takeover that was not necessary does no harm: a lease changes hands, one machine signs.
"""

from __future__ import annotations

from gridnode.primitives.limits import TAKEOVER_COMMITS


class Takeover:
    """What a machine has seen of the other one; times in ms of a clock that never jumps."""

    def __init__(self, after_ms: int, now_ms: int) -> None:
        """`after_ms` 0: never by itself."""
        self._after_ms = after_ms
        self._seen_ms = now_ms
        self._heard = 0
        self._tried_ms: int | None = None
        self.missed = 0  # commits in a row without the validator's signature

    def heard(self, times: int, now_ms: int) -> None:
        """The other machine has been heard so many times since the start."""
        if times != self._heard:
            self._heard, self._seen_ms = times, now_ms

    def stored(self, has_signed: bool, now_ms: int) -> None:
        """A block was stored; whether the validator is in its commit."""
        self.missed = 0 if has_signed else self.missed + 1
        if has_signed:
            self._seen_ms = now_ms

    def is_due(self, now_ms: int) -> bool:
        """Whether to take the lease now; once in `after_ms`."""
        if not self._after_ms or self.missed < TAKEOVER_COMMITS or now_ms - self._seen_ms < self._after_ms:
            return False
        return self._tried_ms is None or now_ms - self._tried_ms >= self._after_ms

    def tried(self, now_ms: int) -> None:
        """The lease was asked for."""
        self._tried_ms = now_ms
