"""Orders are taken back: one, a sheet, all from an MTU on; and what is refused."""

from __future__ import annotations

import pytest

from gridnode.codec.records import decode
from gridnode.execution.registry import EVENTS
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.lifecycle import open_orders_of
from gridnode.modules.market.messages import CancelAll, CancelOrder, CancelSheet
from gridnode.modules.market.queries import order, recent_trades
from gridnode.modules.market.tables import Ending, OrderStatus
from gridnode.modules.registry.messages import SuspendParticipant
from tests.energy_world import MTU_MS, World, account, bid, offer, sheet, two_zones


@pytest.fixture
def world() -> World:
    return two_zones()


def _next(world: World) -> int:
    return world.time_ms // MTU_MS + 3


def _ending(world: World, number: int) -> Ending:
    found = order(world.reader, number)
    assert found is not None
    return found.order.ending


def test_cancel_all_takes_back_every_open_order_of_the_sender_and_no_other(world: World) -> None:
    mtu = _next(world)
    before = world.thb("bob"), world.thb("carol")
    world.ok(
        sheet("bob", 1, bid(mtu + 1, 10, 3_000_000), bid(mtu, 10, 3_000_000)),
        sheet("carol", 1, bid(mtu, 10, 2_500_000)),
        sheet("bob", 2, bid(mtu, 10, 2_000_000)),
        ("bob", CancelOrder(2)),
    )
    world.ok(("bob", CancelAll(0)))
    [told] = [decode(EVENTS[event.kind], event.body) for event in world.events if event.kind == "market.orders_cancelled"]
    assert told.orders == (4, 1)
    assert [_ending(world, number) for number in (1, 2, 3, 4)] == [Ending.OWNER, Ending.OWNER, Ending.NONE, Ending.OWNER]
    assert world.thb("bob") == before[0]
    assert world.thb("carol") < before[1]
    assert (open_orders_of(world.reader, account("bob")), open_orders_of(world.reader, account("carol"))) == (0, 1)
    world.ok(sheet("alice", 1, offer(mtu, 100, 1_000_000)))
    assert [row.trade.buyer for row in recent_trades(world.reader, 9)] == [account("carol")]


def test_cancel_all_from_an_mtu_on(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("bob", 1, *(bid(mtu + ahead, 10, 3_000_000) for ahead in range(3))))
    world.ok(("bob", CancelAll(mtu + 1)))
    assert [_ending(world, number) for number in (1, 2, 3)] == [Ending.NONE, Ending.OWNER, Ending.OWNER]
    assert world.block(("bob", CancelAll(mtu + 1)), after_ms=1) == [MarketCode.ORDER_DONE]
    assert not world.writes
    world.ok(("bob", CancelAll(0)))
    assert world.block(("bob", CancelAll(2**64 - 1)), after_ms=1) == [MarketCode.ORDER_DONE]


def test_cancel_all_leaves_orders_whose_gate_is_closed() -> None:
    world = two_zones(market={"expiries_per_block": 1})
    mtu = _next(world)
    world.ok(sheet("bob", 1, *(bid(mtu, 10, 3_000_000) for _ in range(3)), bid(mtu + 1, 10, 3_000_000)))
    world.until(mtu * MTU_MS - 1_000)
    world.ok(("bob", CancelAll(0)), after_ms=1)
    for _ in range(3):
        world.block(after_ms=1)
    assert [_ending(world, number) for number in (1, 2, 3, 4)] == [Ending.GATE, Ending.GATE, Ending.GATE, Ending.OWNER]


def test_who_is_suspended_may_still_pull_out(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("bob", 1, bid(mtu, 10, 3_000_000)), sheet("bob", 2, bid(mtu, 10, 3_000_000), bid(mtu, 10, 3_000_000)))
    world.ok(("erc", SuspendParticipant(account("bob"), "why")))
    world.ok(("bob", CancelOrder(1)), ("bob", CancelSheet(2)))
    assert open_orders_of(world.reader, account("bob")) == 0


def test_orders_come_and_go_in_one_block(world: World) -> None:
    mtu = _next(world)
    before = world.thb("bob")
    world.ok(
        ("bob", [sheet("bob", 1, bid(mtu, 10, 3_000_000))[1], CancelAll(0), sheet("bob", 2, bid(mtu, 10, 3_000_000))[1]]),
        ("bob", CancelOrder(2)),
    )
    assert world.thb("bob") == before
    found = order(world.reader, 1)
    assert found is not None
    assert found.order.status is OrderStatus.CANCELLED
    assert world.books.orders(mtu) == [] if mtu in world.books.periods() else True
