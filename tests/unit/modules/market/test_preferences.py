"""Preferences: partners and sources are tried in turn, best price first, once; interruptions keep the place; bad ones are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.messages import PlaceSheet
from gridnode.modules.market.queries import order, recent_trades
from gridnode.modules.market.tables import INTERRUPTED, PENDING, Ending, OrderStatus, Preference, Terms
from gridnode.modules.registry.messages import BindMeter, RegisterPoint
from gridnode.modules.registry.tables import Direction, Source
from gridnode.primitives.limits import MAX_PARTNER_ORDERS
from tests.energy_world import (
    DSO,
    MAX_METER_WH,
    MTU_MS,
    SOLAR,
    WIND,
    World,
    account,
    bid,
    device,
    offer,
    partner,
    sheet,
    some,
    two_zones,
)

CITY, NORTH = 200_000, 150_000
BETWEEN = 220_000


def _four(**changes: Any) -> World:
    """alice and dora sell in CITY, carol in NORTH, bob buys in CITY."""
    world = two_zones(**changes)
    world.join(
        "dora",
        "CITY",
        ("dora-pv", Direction.GENERATION, Source.SOLAR),
        ("dora-wind", Direction.GENERATION, Source.WIND),
    )
    return world


@pytest.fixture
def world() -> World:
    return _four()


def _next(world: World) -> int:
    return world.time_ms // MTU_MS + 3


def _met(world: World) -> list[tuple[int, int, int]]:
    """(offer, bid, Wh) of the trades, first to last."""
    rows = recent_trades(world.reader, 99)[::-1]
    return [(row.trade.seller_order, row.trade.buyer_order, row.trade.energy_wh) for row in rows]


def _stand(world: World, number: int) -> tuple[OrderStatus, Ending, int]:
    found = order(world.reader, number)
    assert found is not None
    return found.order.status, found.order.ending, found.order.remaining_wh


def test_a_partner_comes_before_a_better_price(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 10, 2_000_000)))
    world.ok(sheet("dora", 1, offer(mtu, 10, 3_000_000)))
    world.ok(sheet("bob", 1, bid(mtu, 15, 4_000_000, preferences=(partner("dora"),))))
    assert _met(world) == [(2, 3, 10), (1, 3, 5)]


def test_a_partner_s_orders_are_met_at_the_best_delivered_price_first_then_the_oldest(world: World) -> None:
    mtu = _next(world)
    world.ok((DSO["NORTH"], RegisterPoint("far", account("dora"), "NORTH")))
    meter = BindMeter("far-pv", "far", device("far-pv").public_key, Direction.GENERATION, Source.SOLAR, MAX_METER_WH)
    world.ok((DSO["NORTH"], meter))
    world.ok(sheet("dora", 1, offer(mtu, 10, 3_000_000), offer(mtu, 10, 2_500_000), offer(mtu, 10, 2_500_000, WIND)))
    world.ok(("dora", PlaceSheet(2, "far", (offer(mtu, 10, 2_400_000), offer(mtu, 10, 2_200_000)))))
    world.ok(sheet("bob", 1, bid(mtu, 50, 4_000_000, preferences=(partner("dora"),))))
    assert [number for number, _, _ in _met(world)] == [5, 2, 3, 4, 1]


def test_an_offer_prefers_a_partner_s_bids_highest_first(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("carol", 1, bid(mtu, 10, 3_900_000), bid(mtu, 10, 4_000_000), bid(mtu, 10, 2_000_000)))
    world.ok(sheet("bob", 1, bid(mtu, 10, 5_000_000)))
    world.ok(sheet("alice", 1, offer(mtu, 35, 3_000_000, preferences=(partner("carol"),))))
    assert _met(world) == [(5, 2, 10), (5, 1, 10), (5, 4, 10)]
    assert _stand(world, 5) == (OrderStatus.PARTLY_FILLED, Ending.NONE, 5)


def test_sources_are_preferred_and_then_any(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 10, 2_000_000, SOLAR), offer(mtu, 10, 3_000_000, WIND)))
    world.ok(sheet("bob", 1, bid(mtu, 15, 4_000_000, preferences=(some(WIND),))))
    assert _met(world) == [(2, 3, 10), (1, 3, 5)]


def test_a_partner_s_energy_of_some_sources(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("dora", 1, offer(mtu, 10, 2_000_000, SOLAR), offer(mtu, 10, 3_000_000, WIND)))
    world.ok(sheet("alice", 1, offer(mtu, 10, 1_000_000, SOLAR)))
    world.ok(sheet("bob", 1, bid(mtu, 30, 4_000_000, preferences=(partner("dora", WIND), partner("dora")))))
    assert [number for number, _, _ in _met(world)] == [2, 1, 3]


def test_the_list_is_tried_in_its_order_each_once(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 10, 2_000_000, WIND)), sheet("dora", 1, offer(mtu, 10, 2_500_000, SOLAR)))
    world.ok(sheet("carol", 1, offer(mtu, 10, 1_000_000, SOLAR)))
    wishes = (partner("carol"), some(WIND), partner("dora"), partner("alice"))
    world.ok(sheet("bob", 1, bid(mtu, 25, 4_000_000, preferences=wishes)))
    assert [number for number, _, _ in _met(world)] == [3, 1, 2]


def test_preferences_are_tried_once_what_comes_later_meets_the_order_s_own_sources(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("bob", 1, bid(mtu, 10, 4_000_000, SOLAR, preferences=(partner("dora", WIND),))))
    world.ok(sheet("dora", 1, offer(mtu, 10, 2_000_000, WIND)))
    assert _met(world) == []
    world.restart()
    world.ok(sheet("alice", 1, offer(mtu, 10, 3_000_000, SOLAR)))
    assert _met(world) == [(3, 1, 10)]


def test_without_sources_of_its_own_the_rest_of_a_bid_ends(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 10, 2_000_000)), sheet("dora", 1, offer(mtu, 10, 3_000_000, WIND)))
    before = world.thb("bob")
    world.ok(sheet("bob", 1, bid(mtu, 15, 4_000_000, 0, preferences=(partner("dora"),))))
    assert _met(world) == [(2, 3, 10)]
    assert _stand(world, 3) == (OrderStatus.CANCELLED, Ending.IMMEDIATE, 5)
    assert world.thb("bob") == before - 10 * (3_000_000 + CITY + 10_000)


@pytest.mark.parametrize("terms", [Terms.IOC, Terms.MARKET])
def test_orders_that_do_not_wait_have_preferences_too(world: World, terms: Terms) -> None:
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 10, 1_900_000)), sheet("dora", 1, offer(mtu, 10, 2_000_000)))
    limit = 0 if terms is Terms.MARKET else 2_500_000
    world.ok(sheet("bob", 1, bid(mtu, 25, limit, terms=terms, preferences=(partner("dora"),))))
    assert _met(world) == [(2, 3, 10), (1, 3, 10)]
    assert _stand(world, 3) == (OrderStatus.CANCELLED, Ending.IMMEDIATE, 5)


def test_only_resting_orders_of_a_partner_are_met() -> None:
    world = _four(market={"match_steps_per_block": 2})
    mtu = _next(world)
    world.ok(
        sheet("carol", 1, bid(mtu, 1, 1_000)),
        sheet("bob", 1, bid(mtu, 10, 4_000_000, 0, preferences=(partner("dora"),))),
        sheet("dora", 1, offer(mtu, 10, 2_000_000)),
    )
    for _ in range(4):
        world.block()
    assert _met(world) == []
    assert _stand(world, 2)[1] is Ending.IMMEDIATE


def test_a_partner_s_oldest_orders_are_looked_at_no_more_than_so_many(world: World) -> None:
    mtu = _next(world)
    many = [offer(mtu, 1, 5_000_000) for _ in range(MAX_PARTNER_ORDERS)]
    world.ok(sheet("dora", 1, *many, offer(mtu, 1, 2_000_000)))
    world.ok(sheet("bob", 1, bid(mtu, 2, 4_000_000, 0, preferences=(partner("dora"),))))
    assert _met(world) == []
    world.ok(sheet("bob", 2, bid(mtu, 2, 5_500_000, 0, preferences=(partner("dora"),))))
    assert [number for number, _, _ in _met(world)] == [1, 2]


def _busy(steps: int) -> tuple[World, int]:
    """Offers of three sellers, then a bid that wants carol, wind, dora, anybody; and one behind it."""
    world = _four(market={"match_steps_per_block": steps})
    mtu = _next(world)
    dear = [offer(mtu, 5, 6_000_000 + step) for step in range(3)]
    world.ok(sheet("carol", 1, *(offer(mtu, 5, 2_600_000 - step) for step in range(3)), *dear))
    world.ok(sheet("dora", 1, offer(mtu, 5, 2_900_000), offer(mtu, 5, 2_800_000), offer(mtu, 5, 2_950_000, WIND)))
    world.ok(sheet("alice", 1, offer(mtu, 5, 2_000_000), offer(mtu, 5, 3_000_000, WIND)))
    for _ in range(12):
        world.block(after_ms=1)
    wishes = (partner("carol"), some(WIND), partner("dora"))
    world.ok(
        sheet("bob", 1, bid(mtu, 48, 4_000_000, preferences=wishes)),
        sheet("carol", 2, bid(mtu, 5, 2_500_000)),
        after_ms=1,
    )
    return world, mtu


@pytest.mark.parametrize("steps", [2, 3, 4, 5, 7])
def test_an_interrupted_order_goes_on_at_its_preference_with_the_same_trades(steps: int) -> None:
    free, _ = _busy(1_000)
    world, mtu = _busy(steps)
    assert INTERRUPTED.has(world.reader)
    for _ in range(30):
        world.restart()
        world.block(after_ms=1)
    assert _met(world) == _met(free)
    assert (list(PENDING.scan(world.reader)), INTERRUPTED.has(world.reader)) == ([], False)
    assert world.books.orders(mtu) == free.books.orders(mtu)
    assert len(_met(free)) == 8


def test_each_attempt_takes_a_step() -> None:
    world = _four(market={"match_steps_per_block": 4})
    mtu = _next(world)
    world.ok(sheet("dora", 1, *(offer(mtu, 5, 6_000_000 + step) for step in range(8))))
    for _ in range(3):
        world.block()
    world.ok(sheet("bob", 1, bid(mtu, 5, 4_000_000, preferences=(partner("dora"), some(WIND), some(SOLAR)))))
    begun = []
    while PENDING.has(world.reader, 9):
        stopped = INTERRUPTED.get(world.reader)
        assert stopped is not None
        begun.append((stopped.preference, stopped.counterparty))
        world.block()
    assert begun == [(0, 4), (0, 7), (2, 0)]


ME = partner("bob")
NOBODY = Preference(account("bob")[:0], 0)


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("bob", bid(0, 10, 4_000_000, preferences=(ME,))),
        ("bob", bid(0, 10, 4_000_000, preferences=(partner("alice"), NOBODY))),
        ("bob", bid(0, 10, 4_000_000, preferences=(some(1 << 15),))),
        ("bob", bid(0, 10, 4_000_000, preferences=(partner("alice", 1 << 15),))),
        ("bob", bid(0, 10, 4_000_000, terms=Terms.FOK, preferences=(partner("alice"),))),
        ("bob", bid(0, 10, 4_000_000, terms=Terms.POST_ONLY, preferences=(partner("alice"),))),
        ("bob", bid(0, 10, 4_000_000, terms=Terms.AUCTION, preferences=(partner("alice"),))),
        ("alice", offer(0, 10, 4_000_000, preferences=(some(SOLAR),))),
        ("alice", offer(0, 10, 4_000_000, preferences=(partner("bob", SOLAR),))),
        ("alice", offer(0, 10, 4_000_000, preferences=(NOBODY,))),
        ("alice", offer(0, 10, 4_000_000, preferences=(partner("alice"),))),
    ],
)
def test_bad_preferences(world: World, name: str, entry: Any) -> None:
    [code] = world.block(sheet(name, 1, bid(_next(world), 10, 1), replace(entry, mtu=_next(world))))
    assert (code, world.writes) == (MarketCode.BAD_PREFERENCE, {})


def test_no_sources_without_preferences(world: World) -> None:
    assert world.block(sheet("bob", 1, bid(_next(world), 10, 1, 0))) == [MarketCode.UNKNOWN_SOURCE]
    entry = offer(_next(world), 10, 1, 0, preferences=(partner("bob"),))
    assert world.block(sheet("alice", 1, entry)) == [MarketCode.UNKNOWN_SOURCE]
