"""Who gets in: private network key, licences in both roles, licences taken away at run time, bans."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import pytest
import trio

from gridnode.network.config import Channel, Endpoint
from gridnode.network.host import Connection
from gridnode.primitives.errors import PeerFault
from tests.integration.network.nodes import LIMITS, Node, chained, key, licensed, meshed, running, until
from tests.integration.network.rogue import Refused, rogue


def test_another_psk_stays_out() -> None:
    async def scene() -> None:
        quick = replace(LIMITS, handshake_timeout_ms=100)
        listener = Node(0, licensed(0, 1, 9))
        async with running(listener):
            endpoint = Endpoint("127.0.0.1", listener.network.port, key(0))
            with pytest.raises(Refused):
                async with rogue(1, endpoint, psk=b"x" * 32, limits=quick):
                    pass
            async with rogue(1, endpoint):
                await until(lambda: listener.network.connected() == [key(1)])

    trio.run(scene)


def test_listener_refuses_an_unlicensed_dialer() -> None:
    async def scene() -> None:
        listener = Node(0, licensed(0, 9))
        async with running(listener):
            endpoint = Endpoint("127.0.0.1", listener.network.port, key(0))
            with pytest.raises(Refused):
                async with rogue(1, endpoint):
                    pass
            late = Node(9, licensed(0, 9), [endpoint])
            async with running(late):
                await until(lambda: listener.linked(late))
        assert listener.changes[0] == (key(9), True)

    trio.run(scene)


def test_dialer_does_not_dial_the_unlicensed() -> None:
    async def scene() -> None:
        other = Node(1, licensed(0, 1, 2))
        third = Node(2, licensed(0, 1, 2))
        async with running(other, third) as nursery:
            node = Node(0, licensed(0, 2), [other.endpoint, third.endpoint])
            await nursery.start(node.network.run)
            await until(lambda: node.linked(third))
            assert other.changes == []
            node.network.admit(licensed(0, 1, 2))
            await until(lambda: node.linked(other, third))

    trio.run(scene)


def test_dialer_refuses_a_listener_with_another_key() -> None:
    async def scene() -> None:
        other = Node(1, licensed(0, 1, 2))
        async with running(other):
            impostor = Endpoint("127.0.0.1", other.network.port, key(2))
            with pytest.raises(Refused, match="noise"):
                async with rogue(0, impostor):
                    pass
            assert other.changes == []

    trio.run(scene)


def test_a_licence_taken_away_ends_the_link_on_both_sides() -> None:
    async def scene() -> None:
        async with meshed(3) as (first, second, third):
            first.network.admit(licensed(0, 2))
            await until(lambda: first.linked(third) and second.linked(third))
            assert (key(1), False) in first.changes
            assert [row.name for row in first.network.peer_stats()] == ["node-2"]
            with pytest.raises(Refused):
                async with rogue(1, first.endpoint):
                    pass
            first.network.admit(licensed(0, 1, 2))
            await until(lambda: first.linked(second, third) and second.linked(first, third))

    trio.run(scene)


def test_a_licence_lost_during_the_handshake_counts() -> None:
    async def scene() -> None:
        node = Node(0, licensed(0, 1))
        async with running(node), rogue(1, node.endpoint) as connection:
            await until(lambda: node.network.connected() == [key(1)])
            mesh = node.network._mesh
            assert mesh._may_join(replace_key(connection, key(1), dialed=False))
            assert not mesh._may_join(replace_key(connection, key(2), dialed=False))

    trio.run(scene)


def replace_key(connection: Connection, peer_key: bytes, dialed: bool) -> Connection:
    """The connection as its other side sees it, proven to be of `peer_key`."""
    other = copy(connection)
    other.peer_key, other.dialed = peer_key, dialed
    return other


def test_a_report_lowers_the_score_and_a_heavy_one_bans() -> None:
    async def scene() -> None:
        async with meshed(3) as (first, second, third):
            first.network.report(key(1), PeerFault("noise", 1))
            assert first.score(second) == 99
            assert first.linked(second, third)
            second.fault = PeerFault("wrong block", 60)
            first.network.send(key(1), Channel.SYNC, b"x")
            await until(lambda: second.score(first) == 40)
            assert second.linked(first, third)
            first.network.send(key(1), Channel.SYNC, b"x")
            await until(lambda: second.linked(third) and first.linked(third))
            row = next(row for row in second.network.peer_stats() if row.peer_key == key(0))
            assert row.score == 0
            assert row.banned_until_ms > 0
            assert row.direction == "none"
            with pytest.raises(Refused):
                async with rogue(0, second.endpoint):
                    pass
            assert second.linked(third)

    trio.run(scene)


def test_what_a_flood_did_wrong_is_blamed_on_its_author() -> None:
    async def scene() -> None:
        async with chained(3) as (first, second, third):
            third.fault = PeerFault("no such proposer", 30)
            first.network.flood(Channel.CONSENSUS, b"lie")
            await until(lambda: bool(third.messages))
            assert third.score(first) == 70
            assert third.score(second) == 100

    trio.run(scene)
