"""The life of an MTU with a call auction: phases, what takes part, prices, rent, paths, trades over several blocks, outages, restarts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gridnode.codec.records import decode
from gridnode.execution.registry import EVENTS
from gridnode.modules.market import certificate
from gridnode.modules.market.auction_tables import AUCTION_PATHS, AUCTIONS, AWARDS
from gridnode.modules.market.block_clearing import clearing_of, net_of, order_rows, rows_root
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.events import AuctionHeld, AuctionRow, AuctionRows
from gridnode.modules.market.messages import CancelOrder
from gridnode.modules.market.queries import line_flows, order, trades_of_mtu
from gridnode.modules.market.rules import are_orders_done
from gridnode.modules.market.shares import trade_shares
from gridnode.modules.market.tables import PENDING, PERIODS, Ending, Mode, OrderStatus, Phase, Trade
from gridnode.modules.registry.tables import Direction, Source
from tests.energy_world import (
    MTU_MS,
    SOLAR,
    World,
    account,
    bid,
    offer,
    sheet,
    two_zones,
)

CITY, NORTH = 200_000, 150_000
"""Distribution off-peak in each zone, micro per kWh."""
CITY_LINE, NORTH_LINE = 100_000, 120_000
BETWEEN = CITY_LINE + NORTH_LINE
"""Wheeling of both lines."""
CITY_OUT_WH = 40_000
"""What the lines let out of CITY."""
GATE_MS, CALL_MS = 1_000, 1_000


def _both(**changes: Any) -> World:
    return two_zones(market={"mode": Mode.BOTH, "call_ms": CALL_MS, **changes})


def _auction(**changes: Any) -> World:
    return two_zones(market={"mode": Mode.AUCTION, **changes})


def _next(world: World) -> int:
    return world.time_ms // MTU_MS + 3


def _to_call(world: World, mtu: int) -> None:
    world.until(mtu * MTU_MS - GATE_MS - CALL_MS)


def _to_gate(world: World, mtu: int) -> None:
    world.until(mtu * MTU_MS - GATE_MS)


def _trades(world: World, mtu: int) -> list[Trade]:
    return [found.trade for found in trades_of_mtu(world.reader, mtu, 1_000)]


def _status(world: World, number: int) -> tuple[OrderStatus, Ending, int]:
    found = order(world.reader, number)
    assert found is not None
    return found.order.status, found.order.ending, found.order.remaining_wh


def _events(world: World, kind: type[Any]) -> list[Any]:
    decoded = (decode(EVENTS[event.kind], event.body) for event in world.events)
    return [event for event in decoded if isinstance(event, kind)]


def _kinds(world: World) -> list[str]:
    return [event.kind.removeprefix("market.") for event in world.events]


def _price(world: World, mtu: int, zone: str) -> int:
    summary = AUCTIONS.require(world.reader, mtu).summary
    return next(found.price_micro for found in summary.zones if found.name == zone)


def test_one_zone_clears_at_one_price_when_the_gate_closes() -> None:
    world = _auction()
    mtu = _next(world)
    before = world.thb("bob")
    world.ok(
        sheet("alice", 1, offer(mtu, 100, 2_000_000), offer(mtu, 100, 3_000_000)),
        sheet("bob", 1, bid(mtu, 150, 4_000_000 + CITY)),
    )
    assert not _trades(world, mtu)
    assert not PENDING.has(world.reader, 1)
    _to_gate(world, mtu)
    # offer 2 is partly accepted, so its limit is the price
    assert [(t.seller_order, t.energy_wh, t.price_micro) for t in _trades(world, mtu)] == [
        (1, 100, 3_000_000),
        (2, 50, 3_000_000),
    ]
    [first, second] = _trades(world, mtu)
    assert (first.wheeling_micro, first.rent_micro, first.path) == (CITY, 0, 1)
    assert second.time_ms == world.time_ms
    assert world.thb("bob") == before - 150 * (3_000_000 + CITY + first.fee_micro)
    assert world.totals.traded_wh == 150
    assert _status(world, 2) == (OrderStatus.EXPIRED, Ending.GATE, 50)
    assert [kind for kind in _kinds(world) if "." not in kind] == [
        "period_closed",
        "auction_rows",
        "auction_held",
        "traded",
        "traded",
        "order_expired",
    ]


def test_a_price_between_the_limits_is_the_middle_less_delivery() -> None:
    world = _auction()
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 100, 2_000_000)), sheet("bob", 1, bid(mtu, 100, 4_000_001 + CITY)))
    _to_gate(world, mtu)
    [found] = _trades(world, mtu)
    assert found.price_micro == 3_000_000  # rounded down


def test_two_zones_with_room_differ_by_the_wheeling_of_the_lines() -> None:
    world = _auction()
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 100, 2_000_000)), sheet("carol", 1, bid(mtu, 60, 4_000_000)))
    _to_gate(world, mtu)
    [found] = _trades(world, mtu)
    assert (found.price_micro, found.wheeling_micro, found.rent_micro) == (2_000_000, BETWEEN + NORTH, 0)
    assert _price(world, mtu, "NORTH") == 2_000_000 + BETWEEN
    assert _price(world, mtu, "BUS") == 2_000_000 + CITY_LINE
    assert line_flows(world.reader, mtu) == [("city-bus", 60), ("north-bus", -60)]
    shares = trade_shares(world.reader, mtu, found)
    assert [(share.account, share.micro_per_kwh) for share in shares] == [
        (account("pea"), NORTH),
        (account("egat"), CITY_LINE),
        (account("egat"), NORTH_LINE),
    ]


def test_a_full_line_earns_rent_and_trades_split_it_exactly() -> None:
    world = _auction()
    mtu = _next(world)
    world.ok(
        sheet("alice", 1, offer(mtu, 100_000, 2_000_000)),
        sheet("bob", 1, bid(mtu, 7, 3_000_000)),
        sheet("carol", 1, bid(mtu, 60_000, 4_000_000 + NORTH)),
    )
    _to_gate(world, mtu)
    local, across = _trades(world, mtu)
    assert (local.buyer, local.energy_wh, local.rent_micro) == (account("bob"), 7, 0)
    assert across.energy_wh == CITY_OUT_WH
    assert across.rent_micro == 4_000_000 - 2_000_000 - BETWEEN
    auction = AUCTIONS.require(world.reader, mtu)
    assert auction.rent == CITY_OUT_WH * across.rent_micro
    assert auction.value == sum(trade.energy_wh * trade.price_micro for trade in (local, across))
    assert auction.volume_wh == CITY_OUT_WH + 7
    assert world.totals.clearings == [auction.summary]
    [held] = _events(world, AuctionHeld)
    assert (held.orders, held.volume_wh, held.value, held.rent) == (3, auction.volume_wh, auction.value, auction.rent)


def test_the_auction_nets_against_what_flows_already() -> None:
    world = _both()
    mtu = _next(world)
    # continuous: NORTH sends 5,000 Wh to CITY, so the lines can carry 45,000 Wh the other way
    world.ok(sheet("carol", 1, offer(mtu, 5_000, 1_000_000)), sheet("bob", 1, bid(mtu, 5_000, 5_000_000)))
    assert [trade.path for trade in _trades(world, mtu)] == [0]
    _to_call(world, mtu)
    world.ok(sheet("alice", 1, offer(mtu, 90_000, 2_000_000)), sheet("carol", 2, bid(mtu, 90_000, 900_000)))
    _to_gate(world, mtu)
    assert not [trade for trade in _trades(world, mtu) if trade.path]
    mtu = _next(world)
    world.ok(sheet("carol", 3, offer(mtu, 5_000, 4_500_000)), sheet("bob", 2, bid(mtu, 5_000, 5_000_000)))
    world.ok(sheet("alice", 2, offer(mtu, 90_000, 2_000_000)), sheet("bob", 3, bid(mtu, 1, 1_000_000)))
    _to_call(world, mtu)
    world.ok(sheet("carol", 4, bid(mtu, 90_000, 4_400_000)))
    _to_gate(world, mtu)
    [across] = [trade for trade in _trades(world, mtu) if trade.path]
    assert across.energy_wh == CITY_OUT_WH + 5_000
    assert line_flows(world.reader, mtu) == [("city-bus", CITY_OUT_WH), ("north-bus", -CITY_OUT_WH)]


def test_orders_of_the_call_phase_wait_though_they_cross() -> None:
    world = _both()
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 100, 2_000_000)))
    _to_call(world, mtu)
    assert _kinds(world) == ["call_started"]
    assert PERIODS.require(world.reader, mtu).phase is Phase.CALL
    assert mtu not in world.books.periods()
    world.ok(sheet("bob", 1, bid(mtu, 50, 4_000_000), bid(mtu + 1, 5, 4_000_000)))
    assert not _trades(world, mtu)
    assert PERIODS.require(world.reader, mtu + 1).phase is Phase.CONTINUOUS
    world.ok(("bob", CancelOrder(2)), sheet("carol", 1, bid(mtu, 30, 4_000_000)))
    _to_gate(world, mtu)
    assert [(trade.buyer_order, trade.energy_wh) for trade in _trades(world, mtu)] == [(4, 30)]


def test_past_the_gate_nothing_comes_in_or_out() -> None:
    world = _both(match_steps_per_block=2)
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 100, 2_000_000)))
    _to_gate(world, mtu)
    assert world.block(sheet("bob", 1, bid(mtu, 1, 4_000_000)), after_ms=1) == [MarketCode.GATE_CLOSED]


@pytest.mark.parametrize("one_sided", [bid, offer])
def test_without_both_sides_there_is_no_auction(one_sided: Callable[..., Any]) -> None:
    world = _auction()
    mtu = _next(world)
    world.ok(sheet("alice", 1, one_sided(mtu, 100, 2_000_000)))
    _to_gate(world, mtu)
    assert AUCTIONS.get(world.reader, mtu) is None
    assert world.totals.clearings == []
    assert _status(world, 1) == (OrderStatus.EXPIRED, Ending.GATE, 100)
    assert are_orders_done(world.reader, mtu)


def test_an_auction_in_which_nobody_agrees_is_told_with_its_prices() -> None:
    world = _auction()
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 100, 4_000_000)), sheet("bob", 1, bid(mtu, 100, 3_000_000 + CITY)))
    _to_gate(world, mtu)
    assert not _trades(world, mtu)
    assert _price(world, mtu, "CITY") == 3_500_000
    assert are_orders_done(world.reader, mtu)


def _busy(budget: int) -> tuple[World, int]:
    """A book with many orders in both zones, just before its gate."""
    world = _auction(match_steps_per_block=budget, expiries_per_block=min(budget, 100) // 2)
    world.join("dan", "NORTH", ("dan-pv", Direction.GENERATION, Source.SOLAR))
    mtu = _next(world)
    for number in range(1, 9):
        world.ok(
            sheet("alice", number, offer(mtu, 13 * number, 2_000_000 + 10_000 * number)),
            sheet("dan", number, offer(mtu, 7 * number, 2_500_000 - 10_000 * number)),
            sheet("bob", number, bid(mtu, 11 * number, 4_000_000 - 90_000 * number)),
            sheet("carol", number, bid(mtu, 12 * number, 4_500_000 - 300_000 * number)),
            after_ms=1,
        )
    return world, mtu


def _to_the_end(world: World, mtu: int, restart: bool) -> list[Phase]:
    """Empty blocks from the gate until the period is gone; the phases after each."""
    phases: list[Phase] = []
    _to_gate(world, mtu)
    while not are_orders_done(world.reader, mtu):
        phases.append(PERIODS.require(world.reader, mtu).phase)
        if restart:
            world.restart()
        world.block(after_ms=1)
    return phases


@pytest.mark.parametrize("restart", [False, True])
def test_trades_written_two_by_two_are_those_written_at_once(restart: bool) -> None:
    at_once, mtu = _busy(1_000)
    assert _to_the_end(at_once, mtu, restart) == [Phase.EXPIRING]  # settlement does not begin in a block of trades
    slow, same_mtu = _busy(2)
    phases = _to_the_end(slow, same_mtu, restart)
    assert same_mtu == mtu
    assert phases.count(Phase.ENTERING) > 2
    assert phases.count(Phase.EXPIRING) >= 1
    assert len(_trades(at_once, mtu)) > 8
    assert _trades(slow, mtu) == _trades(at_once, mtu)
    assert [_status(slow, n) for n in range(1, 33)] == [_status(at_once, n) for n in range(1, 33)]
    assert not list(AWARDS.scan(slow.reader))
    assert not any(path.left_wh for _, path in AUCTION_PATHS.scan(slow.reader))


def test_after_an_outage_mtus_have_their_auctions_one_a_block_lowest_first() -> None:
    world = _both()
    mtu = _next(world)
    for ahead in range(4):
        world.ok(
            sheet("alice", 10 + ahead, offer(mtu + ahead, 10, 2_000_000)),
            sheet("bob", 10 + ahead, bid(mtu + ahead, 10, 2_000_000, SOLAR)),
            sheet("carol", 10 + ahead, bid(mtu + ahead, 20, 2_300_000)),
            after_ms=1,
        )
    assert not _trades(world, mtu)
    held = []
    world.until((mtu + 3) * MTU_MS)
    assert _kinds(world).count("period_closed") == 4
    assert _kinds(world).count("call_started") == 0
    for _ in range(4):
        held.append([summary.mtu for summary in world.totals.clearings])
        world.block(after_ms=1)
    assert held == [[mtu], [mtu + 1], [mtu + 2], [mtu + 3]]
    assert are_orders_done(world.reader, mtu + 3)


def test_the_rows_and_the_summary_prove_the_clearing() -> None:
    world, mtu = _busy(1_000)
    _to_gate(world, mtu)
    rows: list[AuctionRow] = [row for event in _events(world, AuctionRows) for row in event.rows]
    [summary] = world.totals.clearings
    assert summary.orders == len(rows) == 32
    assert summary.orders_root == rows_root(rows)
    names = ["CITY", "NORTH"]
    assert certificate.check(order_rows(names, rows), net_of(summary), clearing_of(summary, rows)) == []
    assert [(line.source, line.target) for line in summary.lines] == [
        ("CITY", "BUS"),
        ("BUS", "CITY"),
        ("NORTH", "BUS"),
        ("BUS", "NORTH"),
    ]


def test_many_rows_come_in_several_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridnode.modules.market.auctioning.MAX_AUCTION_ROWS", 10)
    world, mtu = _busy(1_000)
    _to_gate(world, mtu)
    assert [len(event.rows) for event in _events(world, AuctionRows)] == [10, 10, 10, 2]


def test_continuous_markets_have_no_auction() -> None:
    world = two_zones()
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 100, 4_000_000)), sheet("bob", 1, bid(mtu, 100, 3_000_000)))
    _to_gate(world, mtu)
    assert AUCTIONS.get(world.reader, mtu) is None
    assert _kinds(world)[:1] == ["period_closed"]
    assert are_orders_done(world.reader, mtu)


def test_a_pending_order_of_a_market_interrupted_by_the_call_waits_for_the_auction() -> None:
    world = _both(match_steps_per_block=2)
    mtu = _next(world)
    _to_call(world, mtu)
    world.time_ms -= 50
    world.block(
        sheet("alice", 1, *(offer(mtu, 10, 2_000_000) for _ in range(6))),
        sheet("bob", 1, bid(mtu, 60, 4_000_000)),
        after_ms=1,
    )
    assert PENDING.has(world.reader, 7)
    world.block(after_ms=60)
    assert PERIODS.require(world.reader, mtu).phase is Phase.CALL
    while PENDING.has(world.reader, 7):
        world.block(after_ms=1)
    assert not _trades(world, mtu)
    _to_gate(world, mtu)
    for _ in range(4):
        world.block(after_ms=1)
    assert sum(trade.energy_wh for trade in _trades(world, mtu)) == 60
