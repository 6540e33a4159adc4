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
        scope = trio.CancelScope()
        self._running.setdefault(timeout.height, set()).add(scope)
        self._nursery.start_soon(self._run, timeout, scope)

    async def _run(self, timeout: ScheduleTimeout, scope: trio.CancelScope) -> None:
        with scope:
            await trio.sleep(timeout.after_ms / 1000)
        if not scope.cancel_called:
            self._running[timeout.height].discard(scope)
            self._fire(TimeoutElapsed(timeout.kind, timeout.height, timeout.round))

    def cancel(self, height: int) -> None:
        """Drop all timeouts of this height and of those below it."""
        for number in [number for number in self._running if number <= height]:
            for scope in tuple(self._running.pop(number)):
                scope.cancel()
