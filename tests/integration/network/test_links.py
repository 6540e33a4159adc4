"""Links come about once, whoever dials, and come back when a peer dies."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import replace

import pytest
import trio

from gridnode.network.config import Channel, Endpoint
from tests.integration.network.nodes import LIMITS, Node, key, licensed, running, until
from tests.integration.network.rogue import Refused, read_to_end, rogue


@pytest.mark.parametrize("attempt", range(5))
def test_both_dial_at_once_and_one_link_remains(attempt: int) -> None:
    async def scene() -> None:
        first, second = both_dialing()
        async with running(first, second):
            await until(lambda: first.linked(second) and second.linked(first))
            await until(lambda: directions(first, second) == {"in", "out"})
            first.network.send(key(1), Channel.CONSENSUS, b"a")
            second.network.send(key(0), Channel.CONSENSUS, b"b")
            await first.network.request(key(1), 0, b"", 5_000)
            await second.network.request(key(0), 0, b"", 5_000)
            assert [up for _, up in first.changes] == [True]
            assert [up for _, up in second.changes] == [True]

    trio.run(scene)


def directions(*nodes: Node) -> set[str]:
    """In which directions the nodes' only links go."""
    return {row.direction for node in nodes for row in node.network.peer_stats()}


def both_dialing() -> tuple[Node, Node]:
    """Two nodes that know each other's port before they start."""
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    a = Node(0, licensed(0, 1), [Endpoint("127.0.0.1", ports[1], key(1))], port=ports[0])
    b = Node(1, licensed(0, 1), [Endpoint("127.0.0.1", ports[0], key(0))], port=ports[1])
    return a, b


def test_of_two_connections_the_one_dialed_by_the_smaller_key_stays() -> None:
    """By the smaller key: it was there first and stays."""
    smaller, larger = sorted((0, 1), key=key)

    async def scene() -> None:
        true = Node(larger, licensed(0, 1))
        async with running(true):
            node = Node(smaller, licensed(0, 1), [true.endpoint])
            async with running(node):
                await until(lambda: node.linked(true) and true.linked(node))
                with suppress(Refused):
                    async with rogue(larger, node.endpoint) as connection:
                        await read_to_end(connection)
                assert await node.network.request(key(larger), 0, b"kept", 5_000) == b"kept"
                assert [up for _, up in node.changes] == [True]

    trio.run(scene)


def test_a_connection_dialed_by_the_smaller_key_takes_over() -> None:
    late, dialer = sorted((0, 1), key=key)

    async def scene() -> None:
        true = Node(late, licensed(0, 1))
        async with running(true):
            node = Node(dialer, licensed(0, 1), [true.endpoint])
            async with running(node):
                await until(lambda: node.linked(true) and true.linked(node))
                async with rogue(late, node.endpoint):
                    await until(lambda: node.network.peer_stats()[0].direction == "in")
                    await until(true.linked)
                    assert [up for _, up in node.changes] == [True]

    trio.run(scene)


def test_a_peer_that_dies_is_dialed_until_it_comes_back() -> None:
    async def scene() -> None:
        first, second = both_dialing()
        async with running(first):
            for _ in range(3):
                again = Node(1, licensed(0, 1), port=second.port)
                await lives_and_dies(first, again)
            assert [up for _, up in first.changes] == [True, False] * 3

    trio.run(scene)


async def lives_and_dies(node: Node, other: Node) -> None:
    """Run `other` until `node` has found it and spoken to it."""
    async with running(other):
        await until(lambda: node.linked(other) and other.linked(node))
        assert await node.network.request(key(other.number), 0, b"there?", 5_000) == b"there?"
    await until(node.linked)


def test_a_peer_that_dialed_and_left_is_dialed() -> None:
    async def scene() -> None:
        first, second = both_dialing()
        async with running(first):
            async with rogue(1, first.endpoint):
                await until(lambda: first.network.connected() == [key(1)])
            silent = Node(1, licensed(0, 1), port=second.port)
            async with running(silent):
                await until(lambda: directions(first) == {"out"} and silent.linked(first))

    trio.run(scene)


def test_a_silent_peer_is_given_up() -> None:
    async def scene() -> None:
        node = Node(0, licensed(0, 1), limits=replace(LIMITS, ping_interval_ms=20, silence_timeout_ms=100))
        async with running(node), rogue(1, node.endpoint):
            await until(lambda: [up for _, up in node.changes] == [True, False])

    trio.run(scene)


@pytest.mark.parametrize(("listener", "dialer"), [(0, 1), (1, 0)])
def test_who_dials_again_replaces_its_dead_link(listener: int, dialer: int) -> None:
    async def scene() -> None:
        node = Node(listener, licensed(0, 1))
        async with running(node), rogue(dialer, node.endpoint) as dead:
            await until(lambda: node.network.connected() == [key(dialer)])
            other = Node(dialer, licensed(0, 1), [node.endpoint])
            async with running(other):
                await until(lambda: other.linked(node))
                assert await other.network.request(key(listener), 0, b"x", 5_000) == b"x"
                await read_to_end(dead)
                assert other.linked(node)
                assert [up for _, up in node.changes] == [True]

    trio.run(scene)


def test_more_peers_than_allowed_stay_out() -> None:
    async def scene() -> None:
        node = Node(0, licensed(0, 1, 2), limits=replace(LIMITS, max_peers=1))
        async with running(node):
            first = Node(1, licensed(0, 1), [node.endpoint])
            async with running(first):
                await until(lambda: node.linked(first))
                with suppress(Refused):
                    async with rogue(2, node.endpoint) as connection:
                        await read_to_end(connection)
                assert node.linked(first)
                assert {peer for peer, _ in node.changes} == {key(1)}
            await until(node.linked)
            second = Node(2, licensed(0, 2), [node.endpoint])
            async with running(second):
                await until(lambda: node.linked(second))

    trio.run(scene)
