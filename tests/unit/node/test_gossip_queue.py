"""Authors of gossip take turns, each at its own rate; whoever holds most of the queue loses first."""

from __future__ import annotations

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from gridnode.mempool.outbox import TransactionBatch
from gridnode.node.gossip_queue import GossipQueue
from gridnode.primitives.limits import GOSSIP_BURST, GOSSIPED_PER_S, MAX_GOSSIP_BATCHES, MAX_GOSSIP_PER_AUTHOR


def batch(number: int, size: int = 1) -> TransactionBatch:
    """A batch of `size` equal transactions."""
    return TransactionBatch((bytes((number,)),) * size)


def taken(queue: GossipQueue, count: int) -> list[tuple[bytes, int]]:
    """Author and number of the next `count` batches."""

    async def take() -> list[tuple[bytes, int]]:
        found = []
        for _ in range(count):
            author, got = await queue.get()
            found.append((author, got.transactions[0][0]))
        return found

    return trio.run(take)


def test_authors_take_turns_and_keep_their_order() -> None:
    queue = GossipQueue(lambda: 0)
    for number in range(3):
        queue.put(b"a", batch(number))
    queue.put(b"b", batch(9))
    assert taken(queue, 4) == [(b"a", 0), (b"b", 9), (b"a", 1), (b"a", 2)]


def test_one_author_has_its_share_and_no_more() -> None:
    queue = GossipQueue(lambda: 0)
    assert [queue.put(b"a", batch(0)) for _ in range(MAX_GOSSIP_PER_AUTHOR + 2)][-3:] == [True, False, False]
    assert queue.put(b"b", batch(1))
    assert taken(queue, 2) == [(b"a", 0), (b"b", 1)]


def test_when_all_is_taken_the_busiest_loses_its_newest() -> None:
    queue, authors = GossipQueue(lambda: 0), [bytes((number,)) for number in range(4)]
    for author in authors:
        for number in range(MAX_GOSSIP_BATCHES // 4):
            assert queue.put(author, batch(number))
    assert not queue.put(b"late", batch(200))
    assert len(queue) == MAX_GOSSIP_BATCHES
    assert (b"late", 200) in taken(queue, 5)


def test_an_author_beyond_its_rate_waits_for_itself() -> None:
    """Others are served meanwhile, and it is served as its rate allows."""

    async def scene() -> None:
        queue = GossipQueue(lambda: round(trio.current_time() * 1000))
        got: list[bytes] = []

        async def take() -> None:
            while True:
                author, _ = await queue.get()
                got.append(author)

        async with trio.open_nursery() as nursery:
            for _ in range(2):
                queue.put(b"loud", batch(0, 512))
            queue._rate(b"loud").take(GOSSIP_BURST + GOSSIPED_PER_S, round(trio.current_time() * 1000))
            queue.put(b"quiet", batch(1))
            nursery.start_soon(take)
            await wait_all_tasks_blocked()
            assert got == [b"quiet"]
            await trio.sleep(0.9)
            assert got == [b"quiet"]
            await trio.sleep(0.5)
            assert got == [b"quiet", b"loud", b"loud"]
            nursery.cancel_scope.cancel()

    trio.run(scene, clock=MockClock(autojump_threshold=0.01))
