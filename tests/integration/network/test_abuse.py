"""A licensed peer that floods, lies, stalls or speaks nonsense costs only itself: the others go on."""

from __future__ import annotations

import tracemalloc
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import pytest
import trio
from libp2p.stream_muxer.exceptions import MuxedStreamError
from nacl.signing import SigningKey

from gridnode.network.config import Channel
from gridnode.network.frames import FrameKind, encode_frame
from gridnode.network.host import Connection, ConnectionLost
from gridnode.network.session import WINDOW_BYTES
from gridnode.primitives.limits import MAX_FRAME_BYTES, MAX_PEERS, MAX_RELAY_HOPS
from tests.integration.network.nodes import LIMITS, Node, key, licensed, running, seed, until
from tests.integration.network.rogue import read_to_end, rogue


async def attacked(attack: Callable[[Connection], Awaitable[None]], victim: Node | None = None) -> Node:
    """Run `attack` from node 2 against node 0 while node 1 asks node 0 all the time; returns node 0 afterwards."""
    victim = victim or Node(0, licensed(0, 1, 2))
    async with running(victim) as nursery:
        friend = Node(1, licensed(0, 1), [victim.endpoint])
        await nursery.start(friend.network.run)
        await until(lambda: victim.linked(friend) and friend.linked(victim))
        answered = 0

        async def ask() -> None:
            nonlocal answered
            while True:
                assert await friend.network.request(key(0), 0, b"alive?", 5_000) == b"alive?"
                answered += 1
                await trio.sleep(0.002)

        async with trio.open_nursery() as asking:
            asking.start_soon(ask)
            await until(lambda: answered > 0)
            async with rogue(2, victim.endpoint) as connection:
                await until(lambda: key(2) in victim.network.connected())
                answered = 0
                await attack(connection)
            await until(lambda: answered > 3)
            asking.cancel_scope.cancel()
        await until(lambda: victim.linked(friend))
        assert [up for _, up in friend.changes] == [True]
    return victim


def flood_frame(author: int, payload: bytes, signer: int | None = None, hops: int = 0) -> bytes:
    """A FLOOD frame by `author`, signed by `signer`."""
    sequence = (2**40).to_bytes(8, "big")
    signed = b"gridnode/flood/1" + bytes((Channel.CONSENSUS,)) + sequence + payload
    signature = SigningKey(seed(author if signer is None else signer)).sign(signed).signature
    return encode_frame(
        FrameKind.FLOOD, bytes((Channel.CONSENSUS, hops)), key(author), sequence, signature, payload
    )


@pytest.mark.parametrize(
    "nonsense",
    [
        (0).to_bytes(4, "big"),
        (MAX_FRAME_BYTES + 1).to_bytes(4, "big") + b"\x04",
        b"\xff" * 64,
        b"GET / HTTP/1.1\r\n\r\n",
        encode_frame(FrameKind.MESSAGE, b""),
        encode_frame(FrameKind.MESSAGE, b"\x09hello"),
        encode_frame(FrameKind.FLOOD, b"\x01\x00short"),
        encode_frame(FrameKind.REQUEST, b"short"),
        encode_frame(FrameKind.RESPONSE, bytes(8) + b"\x09"),
        encode_frame(FrameKind.NEIGHBOURS, bytes(31)),
        encode_frame(FrameKind.NEIGHBOURS, bytes(32 * (MAX_PEERS + 1))),
        flood_frame(1, b"forged", signer=2),
        flood_frame(2, b"too far", hops=MAX_RELAY_HOPS + 1),
    ],
    ids=lambda nonsense: nonsense[:12].hex(),
)
def test_nonsense_is_a_ban(nonsense: bytes) -> None:
    async def attack(connection: Connection) -> None:
        await connection.write(nonsense)
        await read_to_end(connection)

    victim = trio.run(attacked, attack)
    assert victim.score(2) == 0
    assert victim.score(1) == 100
    assert victim.messages == []


def test_a_truncated_frame_is_no_fault_and_no_message() -> None:
    async def attack(connection: Connection) -> None:
        await connection.write(encode_frame(FrameKind.MESSAGE, b"\x01", bytes(1000))[:500])

    victim = trio.run(attacked, attack)
    assert victim.score(2) == 100
    assert victim.messages == []


def test_a_flood_of_messages_is_slowed_down_and_banned() -> None:
    async def attack(connection: Connection) -> None:
        block = encode_frame(FrameKind.MESSAGE, b"\x03", b"spam") * 250
        with suppress(ConnectionLost):
            while True:  # never so much that Yamux here would give up on a full window
                await connection.write(block)
                await trio.sleep(0.05)

    # Four fifths of what the attacker sends are too many, and twice of what the friend asks are not.
    victim = Node(0, licensed(0, 1, 2), limits=replace(LIMITS, messages_per_s=1_000))
    trio.run(attacked, attack, victim)
    assert victim.score(2) == 0
    assert victim.score(1) == 100
    assert len(victim.messages) < 20_000
    assert victim.row(2).held_up_ms > LIMITS.patience_ms


def test_bytes_beyond_the_allowance_wait_with_the_sender() -> None:
    async def attack(connection: Connection) -> None:
        frame = encode_frame(FrameKind.MESSAGE, b"\x02", bytes(60_000))
        with trio.move_on_after(1.5):
            while True:
                await connection.write(frame)

    victim = Node(0, licensed(0, 1, 2), limits=replace(LIMITS, bytes_per_s=1024 * 1024))
    tracemalloc.start()
    trio.run(attacked, attack, victim)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    received = sum(len(payload) for _, _, payload in victim.messages)
    assert received < 8 * 1024 * 1024
    assert peak < received + 24 * 1024 * 1024
    assert victim.score(2) == 100


def test_a_peer_that_never_reads_loses_its_link_and_nothing_waits() -> None:
    victim = Node(
        0,
        licensed(0, 1, 2),
        limits=replace(LIMITS, write_timeout_ms=300, silence_timeout_ms=60_000, queue_bytes=2**21),
    )

    async def attack(_connection: Connection) -> None:
        while key(2) in victim.network.connected():
            victim.network.send(key(2), Channel.TRANSACTIONS, bytes(60_000))
            await trio.sleep(0)

    trio.run(attacked, attack, victim)
    assert victim.score(2) == 99
    row = next(row for row in victim.network.peer_stats() if row.peer_key == key(2))
    assert row.dropped > 10
    assert row.bytes_out < 16 * 1024 * 1024


def test_a_peer_that_ignores_its_window_is_cut_off() -> None:
    async def attack(connection: Connection) -> None:
        nonlocal written
        unread = await connection._stream._stream.conn.open_stream()
        unread.send_window = 1 << 40
        with trio.fail_after(10):
            while key(2) in victim.network.connected():
                with suppress(MuxedStreamError):
                    await unread.write(bytes(60_000))
                    written += 60_000
                await trio.sleep(0)

    written = 0
    victim = Node(0, licensed(0, 1, 2))
    trio.run(attacked, attack, victim)
    assert written < 4 * WINDOW_BYTES
    assert victim.score(2) == 0
    assert "window" in victim.row(2).last_fault


def test_streams_without_end_are_cut_off() -> None:
    async def attack(connection: Connection) -> None:
        muxer = connection._stream._stream.conn
        with trio.fail_after(10):
            while key(2) in victim.network.connected():
                with suppress(MuxedStreamError), trio.move_on_after(0.1):
                    await muxer.open_stream()
                await trio.sleep(0)

    victim = Node(0, licensed(0, 1, 2), limits=replace(LIMITS, silence_timeout_ms=60_000))
    trio.run(attacked, attack, victim)
    assert victim.score(2) == 0
    assert "streams" in victim.row(2).last_fault


def test_strangers_that_hold_connections_keep_nobody_out() -> None:
    async def scene() -> None:
        victim = Node(
            0, licensed(0, 1), limits=replace(LIMITS, max_handshakes=4, handshake_timeout_ms=60_000)
        )
        async with running(victim):
            idle = [await trio.open_tcp_stream("127.0.0.1", victim.network.port) for _ in range(20)]
            friend = Node(1, licensed(0, 1), [victim.endpoint])
            async with running(friend):
                await until(lambda: victim.linked(friend))
            for stream in idle[:15]:
                await hears_the_end(stream)
            for stream in idle:
                await stream.aclose()

    trio.run(scene)


async def hears_the_end(stream: trio.SocketStream) -> None:
    """Read until the other side closes."""
    with trio.fail_after(10), suppress(trio.BrokenResourceError):
        while await stream.receive_some():
            pass


def test_garbage_on_the_port_is_no_event() -> None:
    async def scene() -> None:
        victim = Node(0, licensed(0, 1))
        async with running(victim):
            for garbage in (b"", b"\x00" * 100, b"\xff" * 10_000, b"\x13/multistream/1.0.0\n" * 50):
                stream = await trio.open_tcp_stream("127.0.0.1", victim.network.port)
                await stream.send_all(garbage)
                await stream.send_eof()
                await hears_the_end(stream)
                await stream.aclose()
            friend = Node(1, licensed(0, 1), [victim.endpoint])
            async with running(friend):
                await until(lambda: victim.linked(friend))
            assert {name for name, _ in victim.changes} == {key(1)}

    trio.run(scene)
