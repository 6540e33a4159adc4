"""Outgoing frames: the urgent first, order within a class, bounds that lose the oldest, room that is waited for."""

from __future__ import annotations

import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from gridnode.network.queues import OutgoingQueue, Urgency

PUTS = st.lists(st.tuples(st.sampled_from(Urgency), st.binary(min_size=1, max_size=40)), max_size=60)


@given(PUTS, st.integers(1, 10), st.integers(1, 100), st.integers(1, 120))
def test_like_a_list_per_class_that_forgets_its_head(
    puts: list[tuple[Urgency, bytes]], max_messages: int, max_bytes: int, take_bytes: int
) -> None:
    async def scene() -> None:
        queue = OutgoingQueue(max_messages, max_bytes)
        model: dict[Urgency, list[bytes]] = {urgency: [] for urgency in Urgency}
        for urgency, frame in puts:
            kept = [*model[urgency], frame]
            while len(kept) > max_messages or (sum(map(len, kept)) > max_bytes and len(kept) > 1):
                kept.pop(0)
            assert queue.put(urgency, frame) == len(model[urgency]) + 1 - len(kept)
            model[urgency] = kept
        expected = [frame for urgency in Urgency for frame in model[urgency]]
        assert len(queue) == len(expected)
        while expected:
            taken = await queue.take(take_bytes)
            assert taken == expected[: len(taken)]
            assert len(taken) == 1 or sum(map(len, taken)) <= take_bytes
            rest = expected[len(taken) :]
            assert not rest or sum(map(len, taken)) + len(rest[0]) > take_bytes
            expected = rest

    trio.run(scene)


def test_take_waits_for_a_frame() -> None:
    async def scene() -> None:
        queue, taken = OutgoingQueue(10, 1000), []

        async def take() -> None:
            taken.append(await queue.take(100))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(take)
            await wait_all_tasks_blocked()
            assert taken == []
            queue.put(Urgency.SYNC, b"frame")
        assert taken == [[b"frame"]]

    trio.run(scene)


def test_room_is_half_of_the_class_and_waited_for() -> None:
    async def scene() -> None:
        queue, got_room = OutgoingQueue(4, 1000), trio.Event()

        async def wait() -> None:
            await queue.wait_for_room(Urgency.REQUESTS)
            got_room.set()

        queue.put(Urgency.REQUESTS, b"one")
        await queue.wait_for_room(Urgency.REQUESTS)
        queue.put(Urgency.REQUESTS, b"two")
        assert not queue.has_room(Urgency.REQUESTS)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await wait_all_tasks_blocked()
            assert not got_room.is_set()
            assert await queue.take(3) == [b"one"]
            await got_room.wait()
        assert queue.put(Urgency.TRANSACTIONS, b"x") == 0
        assert queue.clear() == 2
        assert len(queue) == 0

    trio.run(scene)


def test_clearing_wakes_who_waits_for_room() -> None:
    async def scene() -> None:
        queue = OutgoingQueue(1, 10)
        queue.put(Urgency.REQUESTS, b"full")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(queue.wait_for_room, Urgency.REQUESTS)
            await wait_all_tasks_blocked()
            queue.clear()

    trio.run(scene)
