"""Sums over the market at their edges, and prices as another zone sees them: order of places, ties, room on the way."""

from __future__ import annotations

import pytest

from gridnode.modules.market.delivered import best_reached, reached
from gridnode.modules.market.market_data import (
    bounds_in_force,
    dated_bounds,
    next_open_mtu,
    open_books,
    periods,
    shares_of_mtu,
    shares_since,
    traded_between,
)
from gridnode.modules.market.messages import SetBounds
from gridnode.modules.market.queries import NO_TRADES, depth
from gridnode.modules.market.tables import Bounds, Side
from gridnode.modules.registry.tables import Source
from gridnode.primitives.errors import Rejected
from tests.energy_world import FIRST_MTU, MTU_MS, SOLAR, WIND, World, bid, offer, sheet, two_zones

MTU = FIRST_MTU + 20
TO_NORTH, TO_CITY = 150_000 + 100_000 + 120_000, 200_000 + 100_000 + 120_000
"""Wheeling off-peak from the one zone to the other: delivery and both lines."""


@pytest.fixture
def world() -> World:
    return two_zones()


def _trade(world: World, sheet_id: int, energy_wh: int, source: int = SOLAR, buyer: str = "bob") -> int:
    """alice sells to `buyer` at 3.0; the interval in which it was traded."""
    world.ok(sheet("alice", sheet_id, offer(MTU, energy_wh, 3_000_000, source)))
    world.ok(sheet(buyer, sheet_id, bid(MTU, energy_wh, 4_000_000)))
    return world.time_ms // MTU_MS


def test_sums_of_intervals_take_the_first_and_leave_the_last(world: World) -> None:
    first = _trade(world, 1, 10)
    world.until((first + 2) * MTU_MS)
    second = _trade(world, 2, 20)
    world.until((second + 1) * MTU_MS)
    third = _trade(world, 3, 40)
    volumes = [
        traded_between(world.reader, *ends).volume_wh
        for ends in ((first, third), (first + 1, third + 1), (second, second + 1), (0, third + 1))
    ]
    assert volumes == [30, 60, 20, 70]
    assert traded_between(world.reader, first + 1, second) == NO_TRADES


def test_shares_of_trades_since_a_time_and_of_the_newest(world: World) -> None:
    _trade(world, 1, 10)
    world.until(world.time_ms + 5_000)
    _trade(world, 2, 20, WIND)
    since_ms = world.time_ms
    found = shares_since(world.reader, since_ms, 9)
    assert (found.trades, found.sold_wh, found.source_wh) == (1, {"CITY": 20}, {Source.WIND: 20})
    assert shares_since(world.reader, since_ms + 1, 9).trades == 0
    assert shares_since(world.reader, 0, 9).bought_wh == {"CITY": 30}
    assert shares_since(world.reader, 0, 1).source_wh == {Source.WIND: 20}
    assert shares_of_mtu(world.reader, MTU, 1).source_wh == {Source.WIND: 20}
    assert shares_of_mtu(world.reader, MTU, 2).trades == 2
    assert shares_of_mtu(world.reader, MTU + 1, 2).trades == 0


def test_open_books_and_their_periods(world: World) -> None:
    assert open_books(world.reader) == (0, 0)
    world.ok(sheet("alice", 1, offer(MTU, 10, 3_000_000), offer(MTU, 10, 3_100_000), offer(MTU + 2, 5, 1)))
    assert open_books(world.reader) == (2, 3)
    assert [row.mtu for row in periods(world.reader, 9)] == [MTU, MTU + 2]
    assert [row.open_orders for row in periods(world.reader, 1, MTU)] == [1]


@pytest.mark.parametrize(("before_ms", "ahead"), [(1_001, 0), (1_000, 1), (1, 1)])
def test_the_next_open_mtu_changes_when_a_gate_closes(world: World, before_ms: int, ahead: int) -> None:
    """Gates close 1,000 ms before their MTU."""
    assert next_open_mtu(world.reader, MTU * MTU_MS - before_ms) == MTU + ahead


def test_bounds_hold_from_their_mtu_until_the_next(world: World) -> None:
    later, last = FIRST_MTU + 200, FIRST_MTU + 300
    for mtu in (later, last):
        world.ok(("erc", SetBounds(mtu, Bounds(1, mtu % 1_000 + 1, 1, 0, 1))))
    assert [row.from_mtu for row in dated_bounds(world.reader, 9)] == [last, later, 0]
    assert [row.from_mtu for row in dated_bounds(world.reader, 1, last)] == [later]
    assert [bounds_in_force(world.reader, mtu).from_mtu for mtu in (0, later - 1, later, last - 1, last)] == [
        0,
        0,
        later,
        later,
        last,
    ]


def test_the_best_offers_and_bids_as_a_zone_sees_them(world: World) -> None:
    world.ok(
        sheet("alice", 1, offer(MTU, 10, 3_000_000), offer(MTU, 10, 3_000_001)),
        sheet("carol", 1, offer(MTU, 30, 3_000_000 + TO_NORTH)),
        sheet("bob", 1, bid(MTU, 5, 1_000_000)),
        sheet("carol", 2, bid(MTU, 6, 900_000)),
    )
    levels = depth(world.reader, MTU)
    offers = reached(world.reader, MTU, "NORTH", Side.OFFER, levels)
    assert [(row.level.zone, row.wheeling_micro, row.price_micro, row.room_wh) for row in offers] == [
        ("CITY", TO_NORTH, 3_000_000 + TO_NORTH, 40_000),
        ("NORTH", 150_000, 3_000_000 + TO_NORTH + 150_000, None),
    ]
    bids = reached(world.reader, MTU, "NORTH", Side.BID, levels)
    assert [(row.level.zone, row.price_micro, row.room_wh) for row in bids] == [
        ("NORTH", 900_000 - 150_000, None),
        ("CITY", 1_000_000 - TO_CITY, 50_000),
    ]
    assert best_reached(offers) == offers[0]


def test_places_of_one_price_come_by_zone_number(world: World) -> None:
    world.ok(sheet("alice", 1, offer(MTU, 10, 3_000_000)), sheet("carol", 1, offer(MTU, 30, 3_000_000 + TO_NORTH - 150_000)))
    rows = reached(world.reader, MTU, "NORTH", Side.OFFER, depth(world.reader, MTU))
    assert [(row.level.zone, row.price_micro) for row in rows] == [
        ("CITY", 3_000_000 + TO_NORTH),
        ("NORTH", 3_000_000 + TO_NORTH),
    ]


def test_a_full_line_is_seen_as_having_no_room_and_the_next_place_is_the_best(world: World) -> None:
    world.ok(sheet("alice", 1, offer(MTU, 50_000, 3_000_000)), sheet("carol", 1, bid(MTU, 40_000, 4_000_000)))
    world.ok(sheet("carol", 2, offer(MTU, 30, 4_500_000)))
    rows = reached(world.reader, MTU, "NORTH", Side.OFFER, depth(world.reader, MTU))
    assert [(row.level.zone, row.room_wh) for row in rows] == [("CITY", 0), ("NORTH", None)]
    best = best_reached(rows)
    assert best is not None
    assert best.level.zone == "NORTH"
    assert best_reached(rows[:1]) is None


def test_an_unknown_zone_is_refused(world: World) -> None:
    with pytest.raises(Rejected):
        reached(world.reader, MTU, "SOUTH", Side.OFFER, [])
