"""The trace of a simulation: one line an event, and the hash of all lines."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from gridnode.simulation.kernel import Clock


@contextmanager
def nodes_log_nothing() -> Iterator[None]:
    """While this lasts, simulated nodes write no log: the trace says what happened."""
    logger = logging.getLogger("gridnode")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


class Trace:
    """Lines in order; kept only when somebody will read them."""

    def __init__(self, clock: Clock, keep: bool) -> None:
        self._clock = clock
        self._hash = sha256()
        self._keep = keep
        self.lines: list[str] = []

    def note(self, who: str, what: str) -> None:
        """Something has happened to somebody."""
        line = f"{self._clock.now_ms} {who} {what}"
        self._hash.update(line.encode() + b"\n")
        if self._keep:
            self.lines.append(line)

    @property
    def now_ms(self) -> int:
        """Virtual time."""
        return self._clock.now_ms

    @property
    def digest(self) -> str:
        """SHA-256 of all lines, in hex."""
        return self._hash.hexdigest()
