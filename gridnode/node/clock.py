"""The one place where the node reads a clock."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Wall clock in unix milliseconds; becomes chain time only through a proposed block."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Milliseconds of a clock that never jumps; for timers."""
    return time.monotonic_ns() // 1_000_000
