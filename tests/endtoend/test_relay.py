"""The relay passes bytes on, and cuts, silences and slows links as it is told; nothing that is sent is lost but by a cut."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio

from tests.endtoend.relay import Relay, both_ways, links_across, links_of

PATIENCE_S = 20.0
A_TO_B, B_TO_A = ("A", "B"), ("B", "A")


@asynccontextmanager
async def linked() -> AsyncIterator[tuple[Relay, Callable[[], Awaitable[trio.SocketStream]]]]:
    """A relay between A and B, where B answers what it hears; a way for A to dial."""

    async def echo(stream: trio.SocketStream) -> None:
        async for data in stream:
            await stream.send_all(data)

    async with trio.open_nursery() as nursery:
        with trio.fail_after(PATIENCE_S):
            listeners = await nursery.start(trio.serve_tcp, echo, 0)
            port = listeners[0].socket.getsockname()[1]
            relay = Relay({"B": port})
            ports = await relay.listen(["A", "B"])
            assert list(ports) == [("A", "B")]
            nursery.start_soon(relay.run)

            async def dial() -> trio.SocketStream:
                return await trio.open_tcp_stream("127.0.0.1", ports["A", "B"])

            yield relay, dial
            nursery.cancel_scope.cancel()


async def hears(stream: trio.SocketStream, expected: bytes) -> None:
    """Read so many bytes; they are the expected ones."""
    heard = b""
    while len(heard) < len(expected):
        data = await stream.receive_some()
        assert data, f"closed after {len(heard)} bytes"
        heard += bytes(data)
    assert heard == expected


async def is_closed(stream: trio.SocketStream) -> bool:
    """Whether the other end closes without another byte; closes this end."""
    async with stream:
        try:
            return not await stream.receive_some()
        except trio.BrokenResourceError:
            return True


def test_bytes_pass_in_order() -> None:
    """More than any buffer holds."""

    async def main() -> None:
        async with linked() as (_, dial), await dial() as stream, trio.open_nursery() as nursery:
            data = bytes(range(256)) * 20_000
            nursery.start_soon(stream.send_all, data)
            await hears(stream, data)

    trio.run(main)


def test_a_cut_closes_and_refuses_until_it_is_joined() -> None:
    """Both the connection that is there and a new one; two cuts are joined by two joins."""

    async def main() -> None:
        async with linked() as (relay, dial):
            stream = await dial()
            await stream.send_all(b"one")
            await hears(stream, b"one")
            relay.cut([A_TO_B])
            relay.cut([B_TO_A])
            assert await is_closed(stream)
            assert await is_closed(await dial())
            relay.join([A_TO_B])
            assert await is_closed(await dial())
            relay.join([A_TO_B])
            async with await dial() as stream:
                await stream.send_all(b"two")
                await hears(stream, b"two")

    trio.run(main)


def test_a_silent_direction_holds_what_is_sent() -> None:
    """Each direction alone; the answer comes late, whole, and the other direction goes on meanwhile."""

    async def main() -> None:
        for way in (A_TO_B, B_TO_A):
            async with linked() as (relay, dial), await dial() as stream:
                await stream.send_all(b"before")
                await hears(stream, b"before")
                passed = relay.way(*A_TO_B).bytes
                relay.silence([way], 1)
                await stream.send_all(b"during")
                if way == B_TO_A:
                    while relay.way(*A_TO_B).bytes == passed:
                        await trio.sleep(0)
                for _ in range(100):
                    await trio.sleep(0)
                assert relay.way(*way).bytes == passed
                relay.silence([way], -1)
                await hears(stream, b"during")

    trio.run(main)


def test_a_slow_direction_delays() -> None:
    """By the sum of what slows it, on a virtual clock's word: the bytes are due later."""

    async def main() -> None:
        async with linked() as (relay, dial), await dial() as stream:
            relay.slow(both_ways([A_TO_B]), 40)
            relay.slow([A_TO_B], 30)
            began = trio.current_time()
            await stream.send_all(b"x")
            await hears(stream, b"x")
            assert trio.current_time() - began >= 0.110
            relay.hasten(both_ways([A_TO_B]), 40)
            relay.hasten([A_TO_B], 30)
            assert relay.way(*A_TO_B).delays_ms == []

    trio.run(main)


def test_a_node_that_is_down_is_seen_to_be() -> None:
    """Nobody listens behind the relay: the connection is closed."""

    async def main() -> None:
        relay = Relay({"B": 1})
        ports = await relay.listen(["A"])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(relay.run)
            with trio.fail_after(PATIENCE_S):
                assert await is_closed(await trio.open_tcp_stream("127.0.0.1", ports["A", "B"]))
            nursery.cancel_scope.cancel()

    trio.run(main)


def test_which_links_a_perturbation_means() -> None:
    """All of a node's; those across a partition."""
    everyone = ["A", "B", "C"]
    assert links_of(["A"], everyone) == [("A", "B"), ("A", "C")]
    assert links_of(["A", "B"], everyone) == [("A", "B"), ("A", "C"), ("B", "C")]
    assert links_across(["A", "B"], everyone) == [("A", "C"), ("B", "C")]
    assert both_ways([("A", "B")]) == [("A", "B"), ("B", "A")]
