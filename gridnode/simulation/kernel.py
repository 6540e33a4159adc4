"""The virtual clock: what happens next, in order of time, and tasks that wait for it. Integers of milliseconds, no threads.

Tasks are the node's own coroutines. They wait for a `Promise`; whoever keeps it lets them go on. Two things due in one millisecond happen
in the order in which they were asked for, so the same seed gives the same history.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from inspect import CORO_RUNNING, getcoroutinestate
from types import TracebackType
from typing import Any


class Died(BaseException):
    """The process is killed here. No error, so that nothing in the node catches it."""


class Promise:
    """Something to wait for, once, by one task."""

    __slots__ = ("_error", "_kept", "_value", "_waiter")

    def __init__(self) -> None:
        self._kept = False
        self._value: Any = None
        self._error: Exception | None = None
        self._waiter: Callable[[], None] | None = None

    @property
    def kept(self) -> bool:
        """Whether it is answered."""
        return self._kept

    def keep(self, value: Any = None) -> None:
        """Answer; a second answer is passed over."""
        if not self._kept:
            self._kept, self._value = True, value
            if self._waiter is not None:
                self._waiter()

    def fail(self, error: Exception) -> None:
        """Answer with an error."""
        self._error = None if self._kept else error
        self.keep()

    def on_kept(self, waiter: Callable[[], None]) -> None:
        """Call `waiter` when it is answered."""
        self._waiter = waiter

    def __await__(self) -> Generator[Promise, None, Any]:
        """Wait for the answer. Raises the error that it failed with."""
        if not self._kept:
            yield self
        if self._error is not None:
            raise self._error
        return self._value


class Clock:
    """Virtual time."""

    def __init__(self) -> None:
        self.now_ms = 0
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._ready: deque[Callable[[], None]] = deque()

    def at(self, after_ms: int, action: Callable[[], None]) -> None:
        """Do something in `after_ms`."""
        self._count += 1
        heapq.heappush(self._due, (self.now_ms + after_ms, self._count, action))

    def soon(self, action: Callable[[], None]) -> None:
        """Do something before time goes on."""
        self._ready.append(action)

    def sleep(self, after_ms: int) -> Promise:
        """A promise that is kept in `after_ms`."""
        promise = Promise()
        self.at(after_ms, promise.keep)
        return promise

    def run(self, until_ms: int, is_over: Callable[[], bool]) -> None:
        """Let time pass until `until_ms`, or `is_over` says so, or nothing is left to happen."""
        ready, due = self._ready, self._due
        while True:
            while ready:
                ready.popleft()()
            if is_over() or not due or due[0][0] > until_ms:
                return
            self.now_ms, _, action = heapq.heappop(due)
            action()


class Life:
    """One node from a start to its end: its tasks and timers do nothing once it is over."""

    def __init__(self, clock: Clock, on_error: Callable[[Life, BaseException], None]) -> None:
        self._clock = clock
        self._on_error = on_error
        self._tasks: dict[_Task, None] = {}
        self.is_over = False

    def at(self, after_ms: int, action: Callable[[], None]) -> None:
        """Do something in `after_ms`, unless this life is over by then."""
        self._clock.at(after_ms, lambda: self.guarded(action))

    def spawn(self, task: Coroutine[Any, Any, None]) -> None:
        """Run a task from now on."""
        started = _Task(self, self._clock, task)
        self._tasks[started] = None
        started.wake()

    def guarded(self, action: Callable[[], None]) -> None:
        """Do something as this node: its errors are the end of this life."""
        if not self.is_over:
            try:
                action()
            except (Exception, Died) as error:  # noqa: BLE001 as below
                self._on_error(self, error)

    def end(self) -> None:
        """Nothing of this life goes on."""
        self.is_over = True
        tasks, self._tasks = self._tasks, {}
        for task in tasks:
            if getcoroutinestate(task.coroutine) != CORO_RUNNING:
                task.coroutine.close()

    def has(self, task: _Task) -> bool:
        """Whether a task of this life has not come to its end."""
        return task in self._tasks

    def ended(self, task: _Task, error: BaseException | None = None) -> None:
        """A task has come to its end; an error is the end of this life."""
        self._tasks.pop(task, None)
        if error is not None:
            self._on_error(self, error)


class _Task:
    """A coroutine of a life."""

    __slots__ = ("_clock", "_life", "_send", "coroutine", "wake")

    def __init__(self, life: Life, clock: Clock, coroutine: Coroutine[Any, Any, None]) -> None:
        self._life = life
        self._clock = clock
        self._send = coroutine.send
        self.coroutine = coroutine
        self.wake = partial(clock.soon, self._step)

    def _step(self) -> None:
        """Go on to the next thing to wait for."""
        if not self._life.has(self):
            return
        try:
            promise: Promise = self._send(None)
        except StopIteration:
            self._life.ended(self)
        except (Exception, Died) as error:  # noqa: BLE001 whatever it is ends the node, and the checkers judge it
            self._life.ended(self, error)
        else:
            if self._life.is_over:
                self.coroutine.close()
            elif promise.kept:
                self.wake()
            else:
                promise.on_kept(self.wake)


class Lock:
    """Held by one task at a time, given in the order of asking. `delay` says how long its holder takes over what it does."""

    def __init__(self, clock: Clock, delay: Callable[[], int]) -> None:
        self._clock = clock
        self._delay = delay
        self._is_held = False
        self._waiting: deque[Promise] = deque()

    async def __aenter__(self) -> None:
        """Wait for one's turn."""
        if self._is_held:
            turn = Promise()
            self._waiting.append(turn)
            await turn
        self._is_held = True
        after_ms = self._delay()
        if after_ms:
            await self._clock.sleep(after_ms)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the next one in."""
        if self._waiting:
            self._waiting.popleft().keep()
        else:
            self._is_held = False


class Queue:
    """Items in order of arrival, at most `room` of them, for one task that takes them."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._items: deque[Any] = deque()
        self._arrived = Promise()

    def put(self, *item: Any) -> bool:
        """Add an item, a tuple; False when there is no room."""
        if len(self._items) >= self._room:
            return False
        self._items.append(item)
        self._arrived.keep()
        return True

    async def get(self) -> Any:
        """Wait for the next item."""
        while not self._items:
            self._arrived = Promise()
            await self._arrived
        return self._items.popleft()
