"""Matching in the hook: prices, what goes back, cancels before matches, bounded steps, gate closure, restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gridnode.codec.records import decode
from gridnode.execution.registry import EVENTS
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.messages import CancelOrder, CancelSheet
from gridnode.modules.market.queries import (
    depth,
    line_flows,
    order,
    orders_of_mtu,
    recent_trades,
    statistics,
    statistics_of,
    totals,
    trade,
    trades_of_mtu,
)
from gridnode.modules.market.tables import (
    ESCROW,
    ESCROW_ACCOUNT,
    INTERRUPTED,
    PENDING,
    PERIODS,
    OrderStatus,
    Side,
)
from gridnode.modules.registry.tables import Direction, Source
from gridnode.modules.token.tables import Denomination
from tests.chain_in_memory import openings
from tests.energy_world import (
    FEE_MICRO,
    MTU_MS,
    SOLAR,
    WIND,
    Call,
    World,
    account,
    bid,
    offer,
    sheet,
    two_zones,
)

CITY, NORTH = 200_000, 150_000
"""Distribution off-peak in each zone, micro per kWh."""
BETWEEN = 220_000
"""Wheeling of both lines."""


@pytest.fixture
def world() -> World:
    return two_zones()


def _next(world: World) -> int:
    return world.time_ms // MTU_MS + 3


def _status(world: World, number: int) -> tuple[OrderStatus, int]:
    found = order(world.reader, number)
    assert found is not None
    return found.order.status, found.order.remaining_wh


def _kinds(world: World) -> list[str]:
    return [event.kind for event in world.events]


def test_a_resting_offer_makes_the_price_and_the_rest_goes_back(world: World) -> None:
    mtu = _next(world)
    before = world.thb("bob")
    world.ok(sheet("alice", 1, offer(mtu, 100, 3_500_000)))
    world.ok(sheet("bob", 1, bid(mtu, 60, 4_000_000)))
    [found] = trades_of_mtu(world.reader, mtu, 10)
    assert (found.trade.price_micro, found.trade.wheeling_micro, found.trade.energy_wh) == (3_500_000, CITY, 60)
    assert world.thb("bob") == before - 60 * (3_500_000 + CITY + FEE_MICRO)
    assert ESCROW.get(world.reader, mtu) == 60 * (3_500_000 + CITY + FEE_MICRO)
    assert _status(world, 1) == (OrderStatus.PARTLY_FILLED, 40)
    assert _status(world, 2) == (OrderStatus.FILLED, 0)
    assert world.totals.traded_wh == 60


def test_a_resting_bid_makes_the_price_and_pays_its_limit(world: World) -> None:
    mtu = _next(world)
    before = world.thb("bob")
    world.ok(sheet("bob", 1, bid(mtu, 60, 4_000_000)))
    world.ok(sheet("alice", 1, offer(mtu, 100, 3_500_000)))
    [found] = trades_of_mtu(world.reader, mtu, 10)
    assert found.trade.price_micro == 4_000_000 - CITY
    assert world.thb("bob") == before - 60 * (4_000_000 + FEE_MICRO)


def test_wheeling_decides_between_zones(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 100, 3_000_000)))
    just_below = 3_000_000 + NORTH + BETWEEN - 1
    world.ok(sheet("carol", 1, bid(mtu, 50, just_below)))
    assert recent_trades(world.reader, 10) == []
    world.ok(sheet("carol", 2, bid(mtu, 50, just_below + 1)))
    [found] = recent_trades(world.reader, 10)
    assert found.trade.wheeling_micro == NORTH + BETWEEN
    assert line_flows(world.reader, mtu) == [("city-bus", 50), ("north-bus", -50)]


def test_sources_are_respected(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 100, 2_000_000, SOLAR), offer(mtu, 100, 3_000_000, WIND)))
    world.ok(sheet("bob", 1, bid(mtu, 50, 4_000_000, WIND)))
    [found] = recent_trades(world.reader, 10)
    assert (found.trade.source.name, found.trade.seller_order) == ("WIND", 2)


def test_time_priority_is_the_order_of_transactions(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("carol", 1, offer(mtu, 10, 2_000_000)))
    world.ok(
        sheet("bob", 1, bid(mtu, 10, 4_000_000)),
        sheet("alice", 1, bid(mtu, 10, 5_000_000)),
    )
    [found] = recent_trades(world.reader, 10)
    assert found.trade.buyer == account("bob")


def test_cancel_gives_back_what_is_left(world: World) -> None:
    mtu = _next(world)
    before = world.thb("bob")
    world.ok(sheet("bob", 1, bid(mtu, 100, 4_000_000)))
    world.ok(sheet("alice", 1, offer(mtu, 30, 2_000_000)))
    world.ok(("bob", CancelOrder(1)))
    assert world.thb("bob") == before - 30 * (4_000_000 + FEE_MICRO)
    assert _status(world, 1) == (OrderStatus.CANCELLED, 70)
    assert depth(world.reader, mtu) == []
    world.ok(sheet("alice", 2, offer(mtu, 30, 2_000_000)))
    assert len(recent_trades(world.reader, 10)) == 1


def test_a_cancel_counts_before_anything_of_its_block_is_matched(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("bob", 1, bid(mtu, 100, 4_000_000)))
    codes = world.block(sheet("alice", 1, offer(mtu, 100, 2_000_000)), ("bob", CancelOrder(1)))
    assert codes == [0, 0]
    assert recent_trades(world.reader, 10) == []
    assert _status(world, 2) == (OrderStatus.ACTIVE, 100)


def test_an_order_may_be_cancelled_in_the_block_that_brings_it(world: World) -> None:
    mtu = _next(world)
    before = world.thb("bob")
    world.ok(sheet("alice", 1, offer(mtu, 100, 2_000_000)))
    world.ok(sheet("bob", 1, bid(mtu, 100, 4_000_000)), ("bob", CancelOrder(2)))
    assert world.thb("bob") == before
    assert recent_trades(world.reader, 10) == []


@pytest.mark.parametrize(
    ("sender", "message", "code"),
    [
        ("bob", CancelOrder(0), MarketCode.UNKNOWN_ORDER),
        ("bob", CancelOrder(99), MarketCode.UNKNOWN_ORDER),
        ("bob", CancelOrder(2**64 - 1), MarketCode.UNKNOWN_ORDER),
        ("alice", CancelOrder(1), MarketCode.NOT_OWNER),
        ("bob", CancelOrder(2), MarketCode.ORDER_DONE),
        ("bob", CancelSheet(77), MarketCode.UNKNOWN_SHEET),
        ("alice", CancelSheet(1), MarketCode.UNKNOWN_SHEET),
        ("bob", CancelSheet(2), MarketCode.ORDER_DONE),
    ],
)
def test_cancels_refused(world: World, sender: str, message: object, code: MarketCode) -> None:
    mtu = _next(world)
    world.ok(sheet("bob", 1, bid(mtu, 10, 4_000_000)), sheet("bob", 2, bid(mtu, 10, 4_000_000)))
    world.ok(("bob", CancelOrder(2)))
    assert world.block((sender, message)) == [code]


def test_no_cancel_after_the_gate(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("bob", 1, bid(mtu, 10, 4_000_000)))
    world.until(mtu * MTU_MS - 1_001)
    calls = ("bob", CancelOrder(1)), ("bob", CancelSheet(1))
    assert world.block(*calls, after_ms=1) == [MarketCode.GATE_CLOSED, MarketCode.ORDER_DONE]


def test_cancel_sheet_takes_back_what_is_still_open(world: World) -> None:
    mtu = _next(world)
    before = world.thb("bob")
    world.ok(sheet("bob", 1, *(bid(mtu + later, 10, 4_000_000) for later in range(4))))
    world.ok(sheet("alice", 1, offer(mtu + 1, 10, 2_000_000)))
    world.ok(("bob", CancelOrder(3)))
    world.until(mtu * MTU_MS - 1_000)
    world.ok(("bob", CancelSheet(1)))
    assert [_status(world, number)[0] for number in (1, 2, 3, 4)] == [
        OrderStatus.EXPIRED,
        OrderStatus.FILLED,
        OrderStatus.CANCELLED,
        OrderStatus.CANCELLED,
    ]
    assert world.thb("bob") == before - 10 * (4_000_000 + FEE_MICRO)
    body = decode(EVENTS["market.orders_cancelled"], world.events[0].body)
    assert body.orders == (4,)


def test_gate_closure_expires_and_gives_back(world: World) -> None:
    mtu = _next(world)
    before = world.thb("bob"), world.thb("carol")
    world.ok(sheet("bob", 1, bid(mtu, 10, 1_000_000)), sheet("carol", 1, offer(mtu, 10, 2_000_000)))
    world.until(mtu * MTU_MS - 1_000)
    assert _kinds(world) == ["market.period_closed", "market.order_expired", "market.order_expired"]
    assert [_status(world, number) for number in (1, 2)] == [(OrderStatus.EXPIRED, 10)] * 2
    assert (world.thb("bob"), world.thb("carol")) == before
    assert world.books.periods() == []
    assert list(PERIODS.scan(world.reader)) == []


def _offers_and_a_great_bid(mtu: int) -> tuple[list[Call], Call]:
    offers = [sheet("alice", number, offer(mtu, 10, 2_000_000 + number)) for number in range(1, 8)]
    return offers, sheet("bob", 1, bid(mtu, 100, 4_000_000))


def test_matching_is_bounded_and_goes_on_with_the_same_order() -> None:
    bounded = two_zones(market={"match_steps_per_block": 3})
    free = two_zones()
    mtu = _next(free)
    for world in (bounded, free):
        offers, great = _offers_and_a_great_bid(mtu)
        world.ok(*offers)
        world.ok(great, sheet("carol", 1, bid(mtu, 5, 4_500_000)))
        for _ in range(10):
            world.block(after_ms=1)
    bounded_fills, free_fills = (
        [(row.trade.seller_order, row.trade.energy_wh) for row in trades_of_mtu(world.reader, mtu, 20)]
        for world in (bounded, free)
    )
    assert bounded_fills == free_fills
    assert orders_of_mtu(bounded.reader, mtu, 20) == orders_of_mtu(free.reader, mtu, 20)
    assert list(PENDING.scan(bounded.reader)) == []


def test_two_steps_a_block_are_enough_to_get_on() -> None:
    world = two_zones(market={"match_steps_per_block": 2})
    mtu = _next(world)
    offers, great = _offers_and_a_great_bid(mtu)
    world.ok(*offers, great, after_ms=1)
    for _ in range(12):
        world.block(after_ms=1)
    assert len(recent_trades(world.reader, 10)) == 7


def test_an_interrupted_order_can_be_cancelled_and_restarts_survive() -> None:
    world = two_zones(market={"match_steps_per_block": 3})
    mtu = _next(world)
    offers, great = _offers_and_a_great_bid(mtu)
    world.ok(*offers, after_ms=1)
    for _ in range(3):
        world.block(after_ms=1)
    before = world.thb("bob")
    world.ok(great, after_ms=1)
    interruption = INTERRUPTED.get(world.reader)
    assert interruption is not None
    assert interruption.order == 8
    assert _status(world, 8) == (OrderStatus.PARTLY_FILLED, 80)
    world.restart()
    world.block(after_ms=1)
    assert _status(world, 8) == (OrderStatus.PARTLY_FILLED, 60)
    world.restart()
    world.ok(("bob", CancelOrder(8)), after_ms=1)
    assert INTERRUPTED.get(world.reader) is None
    assert _status(world, 8) == (OrderStatus.CANCELLED, 60)
    paid = sum(10 * (row.trade.price_micro + CITY + FEE_MICRO) for row in trades_of_mtu(world.reader, mtu, 20))
    assert world.thb("bob") == before - paid


def test_what_waits_when_the_gate_closes_expires_unmatched() -> None:
    world = two_zones(market={"match_steps_per_block": 2, "expiries_per_block": 3})
    mtu = _next(world)
    world.until(mtu * MTU_MS - 1_002)
    offers, great = _offers_and_a_great_bid(mtu)
    world.ok(*offers, great, after_ms=1)
    assert len(list(PENDING.scan(world.reader))) == 6
    closed = []
    for _ in range(4):
        world.block(after_ms=1)
        closed.append(sum(1 for row in orders_of_mtu(world.reader, mtu, 20) if row.order.status is OrderStatus.EXPIRED))
    assert closed == [3, 6, 8, 8]
    assert recent_trades(world.reader, 10) == []
    assert world.held(ESCROW_ACCOUNT, Denomination.THB) == 0
    assert list(PENDING.scan(world.reader)) == []


def test_what_expires_no_longer_waits() -> None:
    world = two_zones(market={"match_steps_per_block": 2})
    mtu = _next(world)
    world.until(mtu * MTU_MS - 1_002)
    offers, great = _offers_and_a_great_bid(mtu)
    world.ok(*offers, great, after_ms=1)
    world.block(after_ms=1)
    assert list(PENDING.scan(world.reader)) == []


def test_a_filled_order_may_leave_resting_ones_to_match_in_the_next_block() -> None:
    city, north = openings()["grid"].lines
    lines = (replace(city, atc_forward_wh=100, atc_backward_wh=60), north)
    world = two_zones(grid={"lines": lines}, market={"match_steps_per_block": 2})
    world.join("dora", "NORTH", ("dora-pv", Direction.GENERATION, Source.SOLAR))
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 400, 2_000_000, WIND)))
    world.ok(sheet("carol", 1, bid(mtu, 250, 3_000_000)))
    world.ok(sheet("bob", 1, bid(mtu, 40, 4_000_000, SOLAR)))
    world.ok(sheet("dora", 1, offer(mtu, 40, 1_000_000)))
    assert _status(world, 4) == (OrderStatus.FILLED, 0)
    assert (INTERRUPTED.has(world.reader), list(PENDING.scan(world.reader))) == (True, [])
    world.restart()
    world.block()
    assert [(row.trade.seller_order, row.trade.buyer_order) for row in trades_of_mtu(world.reader, mtu, 9)] == [
        (1, 2),
        (4, 3),
        (1, 2),
    ]
    assert not INTERRUPTED.has(world.reader)


def test_periods_close_in_ascending_order_and_are_told(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("bob", 1, bid(mtu + 1, 10, 1_000_000), bid(mtu, 10, 1_000_000)))
    world.until((mtu + 5) * MTU_MS)
    closed = [decode(EVENTS[event.kind], event.body).mtu for event in world.events if event.kind == "market.period_closed"]
    assert closed == [mtu, mtu + 1]


def test_statistics_run_along(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 100, 2_000_000), offer(mtu, 100, 3_000_000), offer(mtu + 1, 5, 1_000_000)))
    world.ok(sheet("bob", 1, bid(mtu, 150, 4_000_000), bid(mtu + 1, 5, 4_000_000)))
    found = statistics_of(world.reader, mtu)
    assert (found.trades, found.volume_wh, found.value) == (2, 150, 100 * 2_000_000 + 50 * 3_000_000)
    assert (found.high_micro, found.low_micro, found.last_micro) == (3_000_000, 2_000_000, 3_000_000)
    whole = totals(world.reader)
    assert (whole.trades, whole.volume_wh, whole.low_micro, whole.last_micro) == (3, 155, 1_000_000, 1_000_000)
    assert [number for number, _ in statistics(world.reader, 10)] == [mtu, mtu + 1]
    assert [row.number for row in recent_trades(world.reader, 2)] == [3, 2]
    assert [row.number for row in recent_trades(world.reader, 2, before=2)] == [1]
    assert trade(world.reader, 3) == recent_trades(world.reader, 1)[0]
    assert trade(world.reader, 4) is None


def test_depth_sums_by_limit(world: World) -> None:
    mtu = _next(world)
    world.ok(
        sheet("bob", 1, bid(mtu, 10, 1_000_000), bid(mtu, 20, 1_000_000), bid(mtu, 5, 1_200_000)),
        sheet("carol", 1, offer(mtu, 7, 3_000_000), offer(mtu, 8, 2_500_000)),
    )
    levels = depth(world.reader, mtu)
    assert [(level.side, level.zone, level.limit_micro, level.energy_wh, level.orders) for level in levels] == [
        (Side.BID, "CITY", 1_200_000, 5, 1),
        (Side.BID, "CITY", 1_000_000, 30, 2),
        (Side.OFFER, "NORTH", 2_500_000, 8, 1),
        (Side.OFFER, "NORTH", 3_000_000, 7, 1),
    ]
    assert depth(world.reader, mtu, "NORTH") == levels[2:]
