"""Timeouts that consensus asked for: each fires once, unless its height has ended before."""

from __future__ import annotations

from collections.abc import Callable

import trio

from gridnode.consensus.effects import ScheduleTimeout
from gridnode.consensus.inputs import TimeoutElapsed


class Timers:
    """Running timeouts of the heights at hand."""

    def __init__(self, nursery: trio.Nursery, fire: Callable[[TimeoutElapsed], None]) -> None:
        self._nursery = nursery
        self._fire = fire
        self._running: dict[int, set[trio.CancelScope]] = {}

    def schedule(self, timeout: ScheduleTimeout) -> None:
        """Fire `timeout` after its time."""
        self._nursery.start_soon(self._run, timeout)

    async def _run(self, timeout: ScheduleTimeout) -> None:
        with trio.CancelScope() as scope:
            running = self._running.setdefault(timeout.height, set())
            running.add(scope)
            try:
                await trio.sleep(timeout.after_ms / 1000)
                self._fire(TimeoutElapsed(timeout.kind, timeout.height, timeout.round))
            finally:
                running.discard(scope)

    def cancel(self, height: int) -> None:
        """Drop all timeouts of this height and of those below it."""
        for number in [number for number in self._running if number <= height]:
            for scope in tuple(self._running.pop(number)):
                scope.cancel()
