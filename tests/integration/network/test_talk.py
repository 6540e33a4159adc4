"""Two and more nodes talk: messages, floods, requests, order, big answers, clean ends."""

from __future__ import annotations

import subprocess
import sys

import pytest
import trio

from gridnode.network.config import Channel
from gridnode.network.requests import PeerUnavailable
from gridnode.primitives.errors import OperatorError, PeerFault
from gridnode.primitives.limits import MAX_RESPONSE_BYTES
from tests.integration.network.nodes import Node, chained, key, licensed, meshed, running, until


def test_two_nodes_talk() -> None:
    async def scene() -> None:
        async with meshed(2) as (first, second):
            assert first.network.send(key(1), Channel.CONSENSUS, b"vote")
            second.network.broadcast(Channel.SYNC, b"height")
            await until(lambda: bool(first.messages and second.messages))
            assert second.messages == [(key(0), Channel.CONSENSUS, b"vote")]
            assert first.messages == [(key(1), Channel.SYNC, b"height")]
            row = first.network.peer_stats()[0]
            assert (row.name, row.direction, row.score, row.dropped) == ("node-1", "in", 100, 0)
            assert row.messages_in > 0
            assert row.bytes_out > 0
            assert not first.network.send(key(7), Channel.SYNC, b"to nobody")

    trio.run(scene)


def test_order_is_kept_per_channel() -> None:
    async def scene() -> None:
        async with meshed(2) as (first, second):
            sent = {channel: [f"{channel.name}{i}".encode() for i in range(500)] for channel in Channel}
            for i in range(500):
                for channel in Channel:
                    first.network.send(key(1), channel, sent[channel][i])
            await until(lambda: len(second.messages) == 1500)
            for channel in Channel:
                assert [payload for _, c, payload in second.messages if c is channel] == sent[channel]

    trio.run(scene)


def test_flood_reaches_every_node_of_a_line_once() -> None:
    async def scene() -> None:
        async with chained(5) as nodes:
            nodes[0].network.flood(Channel.CONSENSUS, b"proposal")
            nodes[4].network.publish(b"batch")
            nodes[2].network.broadcast(Channel.SYNC, b"near")
            await until(lambda: all(node.messages for node in nodes[1:]) and all(n.gossip for n in nodes[:4]))
            await until(lambda: len(nodes[1].messages) == len(nodes[3].messages) == 2)
            assert [sorted(n.messages) for n in nodes] == [
                [],
                sorted([(key(0), Channel.CONSENSUS, b"proposal"), (key(2), Channel.SYNC, b"near")]),
                [(key(0), Channel.CONSENSUS, b"proposal")],
                sorted([(key(2), Channel.SYNC, b"near"), (key(0), Channel.CONSENSUS, b"proposal")]),
                [(key(0), Channel.CONSENSUS, b"proposal")],
            ]
            assert [n.gossip for n in nodes] == [[(key(4), b"batch")]] * 4 + [[]]

    trio.run(scene)


def test_flood_in_a_full_mesh_sends_nothing_twice() -> None:
    async def scene() -> None:
        async with meshed(4) as nodes:
            before = [sum(row.bytes_in for row in node.network.peer_stats()) for node in nodes]
            nodes[0].network.flood(Channel.CONSENSUS, bytes(50_000))
            await until(lambda: all(node.messages for node in nodes[1:]))
            for node in nodes:
                for peer in node.network.connected():
                    await node.network.request(peer, 0, b"", 5_000)
            after = [sum(row.bytes_in for row in node.network.peer_stats()) for node in nodes]
            assert all(50_000 < b - a < 60_000 for a, b in zip(before[1:], after[1:], strict=True))
            assert after[0] - before[0] < 10_000

    trio.run(scene)


@pytest.mark.parametrize("size", [0, 1, 65_408, 65_409, 5 * 1024 * 1024, MAX_RESPONSE_BYTES])
def test_responses_of_all_sizes_arrive(size: int) -> None:
    async def scene() -> None:
        async with meshed(2) as (first, second):
            body = bytes(range(256)) * (size // 256) + bytes(size % 256)

            async def answer(peer: bytes, kind: int, payload: bytes) -> bytes:
                assert (peer, kind, payload) == (key(0), 9, b"question")
                return body

            second.answer = answer
            assert await first.network.request(key(1), 9, b"question", 20_000) == body

    trio.run(scene)


def test_votes_pass_a_large_answer() -> None:
    async def scene() -> None:
        async with meshed(2) as (first, second):

            async def answer(_peer: bytes, _kind: int, _payload: bytes) -> bytes:
                return bytes(MAX_RESPONSE_BYTES)

            second.answer = answer
            done = trio.Event()
            async with trio.open_nursery() as nursery:

                async def ask() -> None:
                    await first.network.request(key(1), 1, b"", 20_000)
                    done.set()

                nursery.start_soon(ask)
                before = first.network.peer_stats()[0].bytes_in
                await until(lambda: first.network.peer_stats()[0].bytes_in > before + 100_000)
                second.network.send(key(0), Channel.CONSENSUS, b"vote")
                await until(lambda: bool(first.messages))
                assert not done.is_set()

    trio.run(scene)


def test_requests_fail_as_promised() -> None:
    async def scene() -> None:
        async with meshed(2) as (first, second):

            async def sleep(_peer: bytes, kind: int, _payload: bytes) -> bytes:
                if kind == 2:
                    raise PeerFault("malformed question", 10)
                await trio.sleep_forever()
                raise AssertionError

            second.answer = sleep
            with pytest.raises(PeerFault, match="in time"):
                await first.network.request(key(1), 1, b"", 50)
            with pytest.raises(PeerUnavailable, match="refused"):
                await first.network.request(key(1), 2, b"", 5_000)
            assert second.score(first) == 90
            with pytest.raises(PeerUnavailable, match="not linked"):
                await first.network.request(key(5), 1, b"", 50)

    trio.run(scene)


def test_a_question_to_a_peer_that_dies_fails_at_once() -> None:
    async def scene() -> None:
        async with meshed(2) as (first, second):
            asked = trio.Event()

            async def answer(_peer: bytes, _kind: int, _payload: bytes) -> bytes:
                asked.set()
                await trio.sleep_forever()
                return b""

            async def die() -> None:
                await asked.wait()
                second.network.admit({})

            second.answer = answer
            async with trio.open_nursery() as nursery:
                nursery.start_soon(die)
                with trio.fail_after(10), pytest.raises(PeerUnavailable, match="went away"):
                    await first.network.request(key(1), 1, b"", 60_000)

    trio.run(scene)


def test_more_requests_than_a_peer_serves_wait() -> None:
    async def scene() -> None:
        async with meshed(2) as (first, second):
            waiting = trio.Event()
            running_now, most = 0, 0

            async def answer(_peer: bytes, _kind: int, payload: bytes) -> bytes:
                nonlocal running_now, most
                running_now += 1
                most = max(most, running_now)
                await waiting.wait()
                running_now -= 1
                return payload

            second.answer = answer
            answers = []
            async with trio.open_nursery() as nursery:

                async def ask(number: int) -> None:
                    answers.append(await first.network.request(key(1), 1, bytes((number,)), 10_000))

                for number in range(30):
                    nursery.start_soon(ask, number)
                await until(lambda: running_now == 2)
                waiting.set()
            assert sorted(answers) == [bytes((number,)) for number in range(30)]
            assert most == 2

    trio.run(scene)


def test_a_taken_port_is_the_operators_error() -> None:
    async def scene() -> None:
        first = Node(0, licensed(0, 1))
        async with running(first):
            with pytest.raises(OperatorError, match="cannot listen"):
                await Node(1, licensed(0, 1), port=first.network.port).network.run()

    trio.run(scene)


def test_our_own_fault_ends_the_network() -> None:
    async def scene() -> None:
        async with meshed(2) as (first, second):
            second.fault = ZeroDivisionError("a bug in a handler")
            first.network.send(key(1), Channel.CONSENSUS, b"x")
            await trio.sleep_forever()

    with pytest.raises(ExceptionGroup) as raised:
        trio.run(scene)
    assert raised.group_contains(ZeroDivisionError)


QUIET_SCENE = """
import trio, trio.testing
from gridnode.network.frames import FrameKind, encode_frame
from tests.integration.network.nodes import key, meshed, until
from tests.integration.network.rogue import read_to_end, rogue

async def scene():
    before = trio.lowlevel.current_statistics().tasks_living
    async with meshed(3) as nodes:
        stranger = await trio.open_tcp_stream("127.0.0.1", nodes[0].network.port)
        await stranger.send_all(b"GET / HTTP/1.1")
        await stranger.aclose()
        nodes[0].network.admit({key(1): "one"})
        await until(lambda: nodes[0].linked(nodes[1]))
        nodes[1].network.admit({key(2): "two", key(0): "zero"})
        async with rogue(0, nodes[2].endpoint) as connection:
            await connection.write(b"nonsense")
            await read_to_end(connection)
    await trio.testing.wait_all_tasks_blocked()
    assert trio.lowlevel.current_statistics().tasks_living == before

trio.run(scene)
"""


def test_lost_links_strangers_and_a_clean_end_leave_no_task_and_no_word() -> None:
    run = subprocess.run([sys.executable, "-c", QUIET_SCENE], capture_output=True, timeout=60, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
