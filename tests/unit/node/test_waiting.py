"""Who waits is told, and only then: timeouts of consensus, blocks and transactions of the feed; on a virtual clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from gridnode.consensus.effects import ScheduleTimeout
from gridnode.consensus.inputs import TimeoutElapsed, TimeoutKind
from gridnode.node.feed import Feed
from gridnode.node.timers import Timers

ONE, TWO = b"1" * 32, b"2" * 32


def run(script: Callable[[], Awaitable[None]]) -> None:
    """Run a script; time passes only when everybody waits."""
    trio.run(script, clock=MockClock(autojump_threshold=0))


def timeout(height: int, after_ms: int, kind: TimeoutKind = TimeoutKind.PROPOSE) -> ScheduleTimeout:
    """A timeout of round 0."""
    return ScheduleTimeout(kind, height, 0, after_ms)


def test_timeouts_fire_once_each_in_the_order_of_time() -> None:
    """Whatever the order in which they were asked for."""
    fired: list[tuple[float, int]] = []

    async def script() -> None:
        async with trio.open_nursery() as nursery:
            began = trio.current_time()
            timers = Timers(nursery, lambda event: fired.append((trio.current_time() - began, event.height)))
            for height, after_ms in ((3, 300), (1, 100), (2, 200)):
                timers.schedule(timeout(height, after_ms))

    run(script)
    assert [height for _, height in fired] == [1, 2, 3]
    assert all(abs(at - height / 10) < 0.001 for at, height in fired)


def test_a_height_that_has_ended_takes_its_timeouts_along() -> None:
    """Those below it too, those above it not; also one that was asked for a moment ago."""
    fired: list[TimeoutElapsed] = []

    async def script() -> None:
        async with trio.open_nursery() as nursery:
            timers = Timers(nursery, fired.append)
            for height in (1, 2, 3):
                timers.schedule(timeout(height, 100))
            await wait_all_tasks_blocked()
            timers.schedule(timeout(2, 50, TimeoutKind.RESEND))
            timers.cancel(2)

    run(script)
    assert fired == [TimeoutElapsed(TimeoutKind.PROPOSE, 3, 0)]


def test_a_timeout_may_end_its_own_height() -> None:
    """What it sets off cancels the others of the height."""
    fired: list[int] = []

    async def script() -> None:
        async with trio.open_nursery() as nursery:

            def fire(event: TimeoutElapsed) -> None:
                fired.append(event.height)
                timers.cancel(event.height)

            timers = Timers(nursery, fire)
            timers.schedule(timeout(1, 10))
            timers.schedule(timeout(1, 10, TimeoutKind.RESEND))
            timers.schedule(timeout(1, 20))

    run(script)
    assert fired == [1]


def test_who_waits_for_a_block_gets_the_next() -> None:
    """Not one that is there already."""
    feed, heard = Feed(), []

    async def wait() -> None:
        heard.append(await feed.next_block())

    async def script() -> None:
        feed.committed(1, [])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            nursery.start_soon(wait)
            await wait_all_tasks_blocked()
            feed.committed(2, [])

    run(script)
    assert heard == [2, 2]


def test_who_waits_for_a_transaction_is_told_when_it_is_in_a_block() -> None:
    """Several may wait for one; another transaction's block tells them nothing."""
    feed = Feed()
    answers: dict[str, bool] = {}

    async def wait(name: str, transaction_id: bytes, timeout_ms: int) -> None:
        answers[name] = await feed.transaction(transaction_id, timeout_ms)

    async def script() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait, "early", ONE, 10_000)
            nursery.start_soon(wait, "also", ONE, 20_000)
            nursery.start_soon(wait, "other", TWO, 5_000)
            nursery.start_soon(wait, "hasty", ONE, 10)
            await trio.sleep(1)
            feed.committed(1, [ONE])

    run(script)
    assert answers == {"early": True, "also": True, "other": False, "hasty": False}
    assert feed._transactions == {}


def test_who_gives_up_leaves_nothing_behind() -> None:
    """Whether time is up or the client has gone."""
    feed = Feed()

    async def script() -> None:
        assert not await feed.transaction(ONE, 100)
        with trio.move_on_after(0.05):
            await feed.transaction(TWO, 10_000)

    run(script)
    assert feed._transactions == {}
