"""Orders that are good until a time: which times are taken, that they end on time and before anything trades, bounded per block."""

from __future__ import annotations

import pytest

from gridnode.codec.records import decode
from gridnode.execution.registry import EVENTS
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.messages import CancelOrder
from gridnode.modules.market.queries import order, recent_trades
from gridnode.modules.market.tables import DEADLINES, Ending, OrderStatus
from gridnode.modules.market.terms import takes_part
from tests.energy_world import FEE_MICRO, MTU_MS, World, bid, offer, sheet, two_zones

GATE_MS = 1_000
CITY = 200_000


@pytest.fixture
def world() -> World:
    return two_zones()


def _next(world: World) -> int:
    return world.time_ms // MTU_MS + 3


def _stand(world: World, number: int) -> tuple[OrderStatus, Ending]:
    found = order(world.reader, number)
    assert found is not None
    return found.order.status, found.order.ending


def _told(world: World) -> list[int]:
    bodies = [decode(EVENTS[event.kind], event.body) for event in world.events if event.kind == "market.order_ended"]
    return [body.order for body in bodies]


def test_an_order_ends_when_its_time_comes_and_its_escrow_goes_back(world: World) -> None:
    mtu = _next(world)
    before = world.thb("bob")
    until_ms = world.time_ms + 500
    world.ok(sheet("bob", 1, bid(mtu, 100, 3_000_000, good_until_ms=until_ms)))
    world.ok(sheet("alice", 1, offer(mtu, 30, 2_000_000)))
    world.until(until_ms - 1)
    assert _stand(world, 1) == (OrderStatus.PARTLY_FILLED, Ending.NONE)
    codes = world.block(sheet("alice", 2, offer(mtu, 30, 2_000_000)), after_ms=1)
    assert codes == [0]
    assert _stand(world, 1) == (OrderStatus.EXPIRED, Ending.DATE)
    assert _told(world) == [1]
    assert len(recent_trades(world.reader, 9)) == 1
    assert world.thb("bob") == before - 30 * (3_000_000 + FEE_MICRO)
    assert list(DEADLINES.scan(world.reader)) == []


def test_times_that_are_taken(world: World) -> None:
    mtu = _next(world)
    gate_ms = mtu * MTU_MS - GATE_MS
    for bad in range(5):
        now_ms = world.time_ms + 1
        until_ms = (1, now_ms - 1, now_ms, gate_ms + 1, 2**64 - 1)[bad]
        codes = world.block(sheet("bob", 1, bid(mtu, 10, 3_000_000, good_until_ms=until_ms)), after_ms=1)
        assert (codes, world.writes) == ([MarketCode.BAD_DEADLINE], {})
    now_ms = world.time_ms + 1
    good = [bid(mtu, 10, 3_000_000, good_until_ms=until_ms) for until_ms in (0, now_ms + 1, gate_ms)]
    world.ok(sheet("bob", 1, *good), after_ms=1)


def test_orders_end_by_time_then_number_so_many_a_block_and_meanwhile_nothing_trades() -> None:
    world = two_zones(market={"expiries_per_block": 2})
    mtu = _next(world)
    now_ms = world.time_ms
    times = [now_ms + 400, now_ms + 300, now_ms + 400, now_ms + 300, now_ms + 10_000]
    world.ok(sheet("bob", 1, *(bid(mtu + 5, 10, 3_000_000, good_until_ms=until_ms) for until_ms in times)))
    world.until(now_ms + 450)
    assert _told(world) == [2, 4]
    world.ok(sheet("alice", 1, offer(mtu + 5, 100, 2_000_000)), after_ms=1)
    assert _told(world) == [1, 3]
    assert [row.trade.buyer_order for row in recent_trades(world.reader, 9)] == [5]


def test_nothing_is_matched_while_orders_are_due() -> None:
    world = two_zones(market={"expiries_per_block": 1})
    mtu = _next(world)
    until_ms = world.time_ms + 300
    world.ok(sheet("bob", 1, *(bid(mtu, 10, 3_000_000, good_until_ms=until_ms) for _ in range(3))))
    world.until(until_ms - 1)
    world.ok(sheet("alice", 1, offer(mtu, 100, 2_000_000)), after_ms=1)
    world.restart()
    found = order(world.reader, 3)
    assert found is not None
    assert not takes_part(found.order, world.time_ms)
    world.block(after_ms=1)
    world.block(after_ms=1)
    assert [_stand(world, number)[1] for number in (1, 2, 3)] == [Ending.DATE] * 3
    assert recent_trades(world.reader, 9) == []


def test_a_cancelled_or_filled_order_has_no_deadline_any_more(world: World) -> None:
    mtu = _next(world)
    until_ms = world.time_ms + 1_000
    world.ok(sheet("bob", 1, *(bid(mtu, 10, 3_000_000, good_until_ms=until_ms) for _ in range(2))))
    world.ok(sheet("alice", 1, offer(mtu, 10, 2_000_000)), ("bob", CancelOrder(2)))
    assert list(DEADLINES.scan(world.reader)) == []
    world.until(until_ms)
    assert _told(world) == []


def test_a_deadline_at_the_gate_closure_is_a_deadline(world: World) -> None:
    mtu = _next(world)
    gate_ms = mtu * MTU_MS - GATE_MS
    world.ok(sheet("bob", 1, bid(mtu, 10, 3_000_000, good_until_ms=gate_ms), bid(mtu, 10, 3_000_000)))
    world.until(gate_ms)
    assert [_stand(world, number)[1] for number in (1, 2)] == [Ending.DATE, Ending.GATE]
