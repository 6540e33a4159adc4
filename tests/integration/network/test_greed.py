"""A licensed peer that takes more than its share, below the frames and above: it pays, and honest peers go on."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import replace

import pytest
import trio
from libp2p.stream_muxer.yamux.yamux import YAMUX_HEADER_FORMAT

from gridnode.network.config import Channel
from gridnode.network.frames import FrameKind, encode_frame
from gridnode.network.host import Connection, ConnectionLost
from gridnode.primitives.errors import PeerFault
from tests.integration.network.nodes import LIMITS, Node, chained, key, licensed, running, until
from tests.integration.network.rogue import Refused, read_to_end, rogue
from tests.integration.network.test_abuse import attacked, flood_frame


def yamux(version: int, kind: int, flags: int, stream: int, length: int) -> bytes:
    """A Yamux header."""
    return struct.pack(YAMUX_HEADER_FORMAT, version, kind, flags, stream, length)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (yamux(1, 0, 0, 1, 0), "no Yamux frame"),
        (yamux(0, 9, 0, 1, 0), "no Yamux frame"),
        (b"\xff" * 12, "no Yamux frame"),
        (yamux(0, 0, 0, 1, 1 << 30), "receive window"),
        (yamux(0, 0, 1, 77, 1 << 20), "receive window"),
        ((yamux(0, 0, 0, 99, 60_000) + bytes(60_000)) * 5, "not open"),
        (b"".join(yamux(0, 1, 1 | 8, number, 0) for number in range(101, 131, 2)), "streams"),
    ],
    ids=["version", "type", "noise", "window", "new window", "stray", "streams opened and reset"],
)
def test_what_is_wrong_below_the_frames_is_a_ban(raw: bytes, said: str) -> None:
    async def attack(connection: Connection) -> None:
        with suppress(Exception):  # libp2p's own, when it is cut off while it writes
            await connection._session.write(raw)
        await read_to_end(connection)

    victim = trio.run(attacked, attack)
    assert victim.score(2) == 0
    assert said in victim.row(2).banned_for
    assert victim.score(1) == 100


def test_a_flood_of_yamux_pings_waits_with_its_sender() -> None:
    """Packets have a rate below the frames; what is beyond stays unread."""

    async def attack(connection: Connection) -> None:
        nonlocal written
        pings = b"".join(yamux(0, 2, 1, 0, number) for number in range(1_000))
        with trio.move_on_after(1.0):
            while True:
                await connection._session.write(pings)
                written += len(pings)

    written = 0
    victim = Node(0, licensed(0, 1, 2), limits=replace(LIMITS, packets_per_s=500))
    trio.run(attacked, attack, victim)
    assert written > 0
    assert victim.score(1) == 100


def test_bytes_one_by_one_are_a_message_in_the_end() -> None:
    async def attack(connection: Connection) -> None:
        for byte in encode_frame(FrameKind.MESSAGE, b"\x02", b"drop by drop"):
            await connection.write(bytes((byte,)))
        await until(lambda: bool(victim.messages))

    victim = Node(0, licensed(0, 1, 2))
    trio.run(attacked, attack, victim)
    assert victim.messages == [(key(2), Channel.SYNC, b"drop by drop")]
    assert victim.score(2) == 100


def test_answers_that_nobody_asked_for_are_a_ban() -> None:
    async def attack(connection: Connection) -> None:
        piece = encode_frame(FrameKind.RESPONSE, (7).to_bytes(8, "big"), b"\x00", bytes(60_000))
        with suppress(ConnectionLost):
            while True:
                await connection.write(piece)

    victim = trio.run(attacked, attack)
    assert victim.score(2) == 0
    assert "nobody asked" in victim.row(2).banned_for


def test_a_flood_sent_again_and_again_is_taken_once_and_costs_its_sender() -> None:
    async def attack(connection: Connection) -> None:
        with suppress(ConnectionLost):
            while True:
                await connection.write(flood_frame(1, b"true once") * 20)

    victim = trio.run(attacked, attack)
    assert victim.messages == [(key(1), Channel.CONSENSUS, b"true once")]
    assert victim.score(2) == 0
    assert victim.score(1) == 100


def test_messages_beyond_a_channels_allowance_are_dropped_unread() -> None:
    """The other channels of the same peer still have theirs."""

    async def attack(connection: Connection) -> None:
        await connection.write(encode_frame(FrameKind.MESSAGE, b"\x01", b"vote") * 500)
        await connection.write(encode_frame(FrameKind.MESSAGE, b"\x02", b"height"))
        await until(lambda: (key(2), Channel.SYNC, b"height") in victim.messages)

    victim = Node(0, licensed(0, 1, 2), limits=replace(LIMITS, consensus_per_s=10, burst_s=1, messages_per_s=5_000))
    trio.run(attacked, attack, victim)
    assert 10 <= len(victim.messages) < 100
    assert victim.row(2).excess >= 400
    assert victim.score(2) == 100


def test_questions_without_reading_the_answers_hold_two_of_them() -> None:
    """The rest waits as questions, and the link ends when nothing is read for too long."""
    made = 0

    async def answer(peer: bytes, _kind: int, payload: bytes) -> bytes:
        nonlocal made
        if peer != key(2):
            return payload
        made += 1
        return bytes(4 * 1024 * 1024)

    async def attack(connection: Connection) -> None:
        ask = encode_frame(FrameKind.REQUEST, bytes(8), b"\x01")
        with suppress(ConnectionLost):
            while key(2) in victim.network.connected():
                await connection.write(ask)
                await trio.sleep(0.001)

    limits = replace(LIMITS, write_timeout_ms=500, silence_timeout_ms=60_000)
    victim = Node(0, licensed(0, 1, 2), limits=limits)
    victim.answer = answer
    trio.run(attacked, attack, victim)
    assert 1 <= made <= 4
    assert "does not read" in victim.row(2).last_fault


def test_whoever_connects_again_and_again_is_kept_waiting() -> None:
    async def scene() -> None:
        victim = Node(0, licensed(0, 1, 2), limits=replace(LIMITS, links_burst=5))
        async with running(victim):
            refused = 0
            for _ in range(12):
                try:
                    async with rogue(2, victim.endpoint):
                        pass
                except Refused:
                    refused += 1
            assert refused >= 4
            assert victim.row(2).faults >= 4
            friend = Node(1, licensed(0, 1), [victim.endpoint])
            async with running(friend):
                await until(lambda: key(1) in victim.network.connected())

    trio.run(scene)


def test_a_full_house_has_a_place_for_a_validator() -> None:
    """A client gives way; a validator does not, and a client does not push out a client."""

    async def scene() -> None:
        victim = Node(0, licensed(0, 1, 2, 3), limits=replace(LIMITS, max_peers=1))
        victim.network.prefer([key(2)])
        async with running(victim), rogue(1, victim.endpoint) as client:
            await until(lambda: victim.network.connected() == [key(1)])
            async with rogue(3, victim.endpoint) as other:
                await read_to_end(other)
            assert victim.network.connected() == [key(1)]
            async with rogue(2, victim.endpoint):
                await read_to_end(client)
                await until(lambda: victim.network.connected() == [key(2)])
                async with rogue(3, victim.endpoint) as other:
                    await read_to_end(other)
                assert victim.network.connected() == [key(2)]

    trio.run(scene)


def test_a_banned_author_is_not_heard_by_way_of_others() -> None:
    async def scene() -> None:
        async with chained(3) as (first, second, third):
            third.network.report(key(0), PeerFault("proven liar", 100))
            first.network.flood(Channel.CONSENSUS, b"lie")
            second.network.flood(Channel.CONSENSUS, b"truth")
            await until(lambda: bool(third.messages))
            await until(lambda: bool(second.messages))
            assert third.messages == [(key(1), Channel.CONSENSUS, b"truth")]
            assert third.score(second) == 100

    trio.run(scene)


def test_a_ban_outlives_the_node() -> None:
    async def scene() -> None:
        before = Node(0, licensed(0, 1, 2))
        before.network.report(key(2), PeerFault("proven liar", 100))
        after = Node(0, licensed(0, 1, 2))
        after.network.serve(before.network.sentences())
        async with running(after):
            with pytest.raises(Refused):
                async with rogue(2, after.endpoint):
                    pass
            async with rogue(1, after.endpoint):
                await until(lambda: after.network.connected() == [key(1)])
        assert after.row(2).banned_for == "proven liar"

    trio.run(scene)
