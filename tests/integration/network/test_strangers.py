"""Who has no licence gets nowhere and keeps nobody out: silence, churn, other networks, handshakes broken off at any byte."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import replace

import trio

from gridnode.network.config import Endpoint
from tests.integration.network.nodes import LIMITS, Node, key, licensed, running, until
from tests.integration.network.rogue import Refused, rogue
from tests.integration.network.test_abuse import hears_the_end

OTHER = "127.0.0.2"
"""An address of this machine that no honest node of these tests has."""


async def dial_from(source: str, port: int) -> trio.SocketStream:
    """A connection to a node on loopback from another address of this machine."""
    raw = trio.socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    await raw.bind((source, 0))
    await raw.connect(("127.0.0.1", port))
    return trio.SocketStream(raw)


def test_whoever_churns_pays_and_others_come_in() -> None:
    """Hundreds of connections, garbage and silence; their address runs out of tokens, the friend's has its own."""

    async def scene() -> None:
        victim = Node(0, licensed(0, 1), limits=replace(LIMITS, strangers_burst=20, strangers_per_s=1))

        async def churn(say: bytes) -> None:
            while True:
                with suppress(OSError, trio.BrokenResourceError):
                    stream = await dial_from(OTHER, victim.network.port)
                    async with stream:
                        await stream.send_all(say)
                await trio.sleep(0)

        async with running(victim) as nursery:
            for say in (b"\x00", os.urandom(4_000), b"\x13/multistream/1.0.0\n"):
                nursery.start_soon(churn, say)
            await until(lambda: victim.network.door_stats().refused > 100)
            friend = Node(1, licensed(0, 1), [victim.endpoint])
            async with running(friend):
                await until(lambda: victim.linked(friend))
                refused = victim.network.door_stats().refused
                await until(lambda: victim.network.door_stats().refused > refused + 50)
                assert await friend.network.request(key(0), 0, b"alive?", 10_000) == b"alive?"
            assert victim.network.door_stats().accepted < 20 + 60
            assert {name for name, _ in victim.changes} == {key(1)}

    trio.run(scene)


def test_another_networks_key_ends_at_the_first_word() -> None:
    """Not at the timeout: noise has no length that would be waited for."""

    async def scene() -> None:
        victim = Node(0, licensed(0, 1), limits=replace(LIMITS, handshake_timeout_ms=600_000))
        async with running(victim):
            for _ in range(20):
                stream = await trio.open_tcp_stream("127.0.0.1", victim.network.port)
                await stream.send_all(os.urandom(8 + 1))
                await stream.send_all(os.urandom(19))
                await hears_the_end(stream)
                await stream.aclose()
            await until(lambda: victim.network.door_stats().failed == 20)

    trio.run(scene)


def test_a_handshake_broken_off_at_any_byte_leaves_nothing() -> None:
    """A true dialer behind a wire that ends after so many bytes: no link, no place held, and the next friend comes in."""

    async def scene() -> None:
        victim = Node(0, licensed(0, 1, 2), limits=replace(LIMITS, handshake_timeout_ms=20_000))
        async with running(victim):
            whole = await cut_after(victim, 1 << 30)
            assert whole > 300
            for limit in (*range(0, 60, 7), *range(60, whole, 41)):
                await cut_after(victim, limit)
            await until(lambda: not victim.network._mesh._host.door._places)
            assert victim.score(2) == 100
            friend = Node(1, licensed(0, 1), [victim.endpoint])
            async with running(friend):
                await until(lambda: victim.linked(friend))

    trio.run(scene)


async def cut_after(victim: Node, limit: int) -> int:
    """Let node 2 dial `victim` over a relay that passes `limit` bytes on and then hangs up; how many it had passed on."""
    passed = 0

    async def relay(dialer: trio.SocketStream) -> None:
        listener = await trio.open_tcp_stream("127.0.0.1", victim.network.port)

        async def back() -> None:
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                while data := await listener.receive_some():
                    await dialer.send_all(data)

        async def forth() -> None:
            nonlocal passed
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                while passed < limit and (data := await dialer.receive_some(min(65536, limit - passed))):
                    passed += len(data)
                    await listener.send_all(data)

        async with dialer, listener, trio.open_nursery() as nursery:
            nursery.start_soon(back)
            await forth()
            nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        listeners: list[trio.SocketListener] = await nursery.start(trio.serve_tcp, relay, 0)  # type: ignore[arg-type]
        port = listeners[0].socket.getsockname()[1]
        with suppress(Refused):
            async with rogue(2, Endpoint("127.0.0.1", port, key(0))):
                if limit > 1 << 20:
                    await until(lambda: key(2) in victim.network.connected())
        nursery.cancel_scope.cancel()
    await until(lambda: key(2) not in victim.network.connected())
    return passed
