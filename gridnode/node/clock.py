"""The one place where the node reads a clock."""

from __future__ import annotations

import time

import trio


def now_ms() -> int:
    """Wall clock in unix milliseconds; becomes chain time only through a proposed block."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Milliseconds of the clock that timers run on: it never jumps, and its origin means nothing. Only inside trio."""
    return int(trio.current_time() * 1000)
