"""Terms of orders: what happens at once, what waits, how the rest ends, and where each kind is refused."""

from __future__ import annotations

from typing import Any

import pytest

from gridnode.codec.records import decode
from gridnode.execution.registry import EVENTS
from gridnode.modules.grid.clock import tariff_at
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.messages import CancelOrder, SheetEntry
from gridnode.modules.market.queries import order, recent_trades
from gridnode.modules.market.tables import INTERRUPTED, PENDING, Ending, Mode, Order, OrderStatus, Terms
from gridnode.modules.market.terms import ending_in_call, takes_part
from tests.energy_world import (
    FEE_MICRO,
    MTU_MS,
    SOLAR,
    WIND,
    World,
    bid,
    offer,
    partner,
    sheet,
    two_zones,
)

CITY = 200_000
"""Distribution in alice's and bob's zone, micro per kWh."""
GATE_MS = 1_000
CALL_MS = 1_000


@pytest.fixture
def world() -> World:
    return two_zones()


def _next(world: World) -> int:
    return world.time_ms // MTU_MS + 3


def _order(world: World, number: int) -> Order:
    found = order(world.reader, number)
    assert found is not None
    return found.order


def _stand(world: World, number: int) -> tuple[OrderStatus, Ending, int]:
    found = _order(world, number)
    return found.status, found.ending, found.remaining_wh


def _ended(world: World) -> list[tuple[int, Ending, int]]:
    bodies = [decode(EVENTS[event.kind], event.body) for event in world.events if event.kind == "market.order_ended"]
    return [(body.order, body.ending, body.remaining_wh) for body in bodies]


def _refused(world: World, *entries: SheetEntry) -> int:
    """Code of a sheet of bob's, which changed nothing."""
    [code] = world.block(sheet("bob", 99, *entries), after_ms=1)
    assert not world.writes
    return code


# Immediate or cancel


def test_what_an_ioc_order_does_not_get_at_once_ends_and_its_escrow_goes_back(world: World) -> None:
    mtu = _next(world)
    before = world.thb("bob")
    world.ok(sheet("alice", 1, offer(mtu, 30, 3_000_000)))
    world.ok(sheet("bob", 1, bid(mtu, 100, 4_000_000, terms=Terms.IOC)))
    assert _stand(world, 2) == (OrderStatus.CANCELLED, Ending.IMMEDIATE, 70)
    assert _ended(world) == [(2, Ending.IMMEDIATE, 70)]
    assert world.thb("bob") == before - 30 * (3_000_000 + CITY + FEE_MICRO)
    world.ok(sheet("alice", 2, offer(mtu, 70, 3_000_000)))
    assert len(recent_trades(world.reader, 9)) == 1


def test_a_filled_ioc_order_is_filled(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("bob", 1, bid(mtu, 100, 4_000_000)))
    world.ok(sheet("alice", 1, offer(mtu, 60, 3_000_000, terms=Terms.IOC)))
    assert _stand(world, 2) == (OrderStatus.FILLED, Ending.NONE, 0)
    assert _ended(world) == []


def test_an_interrupted_ioc_order_goes_on_in_the_next_block() -> None:
    world = two_zones(market={"match_steps_per_block": 3})
    mtu = _next(world)
    world.ok(*(sheet("alice", number, offer(mtu, 10, 3_000_000)) for number in range(1, 4)))
    world.ok(sheet("bob", 1, bid(mtu, 100, 4_000_000, terms=Terms.IOC)))
    assert _stand(world, 4) == (OrderStatus.PARTLY_FILLED, Ending.NONE, 80)
    world.restart()
    world.block()
    assert _stand(world, 4) == (OrderStatus.CANCELLED, Ending.IMMEDIATE, 70)
    assert not INTERRUPTED.has(world.reader)


# Fill or kill


def test_a_fok_order_is_filled_whole_over_several_offers(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 30, 3_000_000), offer(mtu, 70, 3_500_000)))
    world.ok(sheet("bob", 1, bid(mtu, 100, 4_000_000, terms=Terms.FOK)))
    assert _stand(world, 3) == (OrderStatus.FILLED, Ending.NONE, 0)
    assert len(recent_trades(world.reader, 9)) == 2


def test_a_fok_order_that_cannot_be_filled_whole_leaves_the_book_as_it_was(world: World) -> None:
    mtu = _next(world)
    before = world.thb("bob")
    world.ok(sheet("alice", 1, offer(mtu, 30, 3_000_000), offer(mtu, 69, 3_500_000)))
    orders = world.books.orders(mtu)
    world.ok(sheet("bob", 1, bid(mtu, 100, 4_000_000, terms=Terms.FOK)))
    assert _stand(world, 3) == (OrderStatus.CANCELLED, Ending.KILLED, 100)
    assert _ended(world) == [(3, Ending.KILLED, 100)]
    assert world.books.orders(mtu) == orders
    assert recent_trades(world.reader, 9) == []
    assert world.thb("bob") == before


def test_a_fok_order_waits_for_a_block_with_all_its_steps() -> None:
    world = two_zones(market={"match_steps_per_block": 5})
    mtu = _next(world)
    for number in range(1, 5):
        world.ok(sheet("alice", number, offer(mtu, 10, 3_000_000)))
    world.ok(
        sheet("carol", 1, bid(mtu, 1, 1_000_000)),
        sheet("bob", 1, bid(mtu, 40, 4_000_000, terms=Terms.FOK)),
        sheet("carol", 2, bid(mtu, 2, 1_000_000)),
    )
    assert list(PENDING.scan(world.reader)) == [((6,), mtu), ((7,), mtu)]
    assert not INTERRUPTED.has(world.reader)
    world.restart()
    world.block()
    assert _stand(world, 6) == (OrderStatus.FILLED, Ending.NONE, 0)
    assert len(recent_trades(world.reader, 9)) == 4


def test_a_fok_order_that_needs_more_than_a_whole_block_is_killed() -> None:
    world = two_zones(market={"match_steps_per_block": 5})
    mtu = _next(world)
    for number in range(1, 6):
        world.ok(sheet("alice", number, offer(mtu, 10, 3_000_000)))
    world.ok(sheet("bob", 1, bid(mtu, 50, 4_000_000, terms=Terms.FOK)))
    assert _stand(world, 6) == (OrderStatus.CANCELLED, Ending.KILLED, 50)
    assert recent_trades(world.reader, 9) == []


# Post only


def test_a_post_only_order_that_would_trade_ends(world: World) -> None:
    mtu = _next(world)
    before = world.thb("bob")
    world.ok(sheet("alice", 1, offer(mtu, 30, 3_000_000)))
    world.ok(sheet("bob", 1, bid(mtu, 10, 3_000_000 + CITY, terms=Terms.POST_ONLY)))
    assert _stand(world, 2) == (OrderStatus.CANCELLED, Ending.POSTED, 10)
    assert (recent_trades(world.reader, 9), world.thb("bob")) == ([], before)


def test_a_post_only_order_that_would_not_trade_rests(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 30, 3_000_000)))
    world.ok(sheet("bob", 1, bid(mtu, 10, 3_000_000 + CITY - 1, terms=Terms.POST_ONLY)))
    assert _stand(world, 2) == (OrderStatus.ACTIVE, Ending.NONE, 10)
    world.ok(sheet("alice", 2, offer(mtu, 10, 2_000_000)))
    assert [row.trade.buyer_order for row in recent_trades(world.reader, 9)] == [2]


# Market


def test_a_market_bid_pays_at_most_the_retail_price_less_the_fee(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("bob", 1, bid(mtu, 10, 0, terms=Terms.MARKET)))
    retail = tariff_at(world.reader, mtu).retail_micro_per_kwh
    assert _order(world, 1).limit_micro == retail - FEE_MICRO
    assert _stand(world, 1) == (OrderStatus.CANCELLED, Ending.IMMEDIATE, 10)
    assert world.thb("bob") == world.thb("carol")


def test_a_market_offer_takes_down_to_the_feed_in_price(world: World) -> None:
    mtu = _next(world)
    feed_in = tariff_at(world.reader, mtu).feed_in_micro_per_kwh
    world.ok(sheet("bob", 1, bid(mtu, 10, feed_in + CITY), bid(mtu, 10, feed_in + CITY - 1)))
    world.ok(sheet("alice", 1, offer(mtu, 20, 0, terms=Terms.MARKET)))
    assert _stand(world, 3) == (OrderStatus.CANCELLED, Ending.IMMEDIATE, 10)
    assert [row.trade.buyer_order for row in recent_trades(world.reader, 9)] == [1]


@pytest.mark.parametrize(
    ("bounds", "bid_limit", "offer_limit"),
    [
        ({"price_tick_micro": 70_000}, 2_590_000, 2_240_000),
        ({"price_cap_micro": 2_500_000}, 2_500_000, 2_200_000),
        ({"price_floor_micro": 2_300_000, "price_tick_micro": 1_000}, 2_626_000, 2_300_000),
    ],
)
def test_market_limits_are_inside_the_bounds_on_a_tick(
    bounds: dict[str, int], bid_limit: int, offer_limit: int
) -> None:
    world = two_zones(market={"bounds": bounds})
    mtu = _next(world)
    prices = tariff_at(world.reader, mtu)
    assert (prices.retail_micro_per_kwh, prices.feed_in_micro_per_kwh) == (2_636_900, 2_200_000)
    world.ok(sheet("bob", 1, bid(mtu, 10, 0, terms=Terms.MARKET)))
    world.ok(sheet("alice", 1, offer(mtu, 10, 0, terms=Terms.MARKET)))
    assert (_order(world, 1).limit_micro, _order(world, 2).limit_micro) == (bid_limit, offer_limit)


def test_a_market_order_has_no_limit_of_its_own(world: World) -> None:
    entry = bid(_next(world), 10, 1, terms=Terms.MARKET)
    assert _refused(world, entry) == MarketCode.LIMIT_OF_MARKET_ORDER


def test_no_market_order_where_its_owner_could_only_lose() -> None:
    world = two_zones(market={"bounds": {"price_floor_micro": 2_700_000}})
    assert _refused(world, bid(_next(world), 10, 0, terms=Terms.MARKET)) == MarketCode.PRICE_OUT_OF_RANGE
    world = two_zones(market={"bounds": {"price_cap_micro": 2_199_999}})
    codes = world.block(sheet("alice", 1, offer(_next(world), 10, 0, terms=Terms.MARKET)))
    assert codes == [MarketCode.PRICE_OUT_OF_RANGE]


# Where orders wait for an auction


def _waiting(mode: Mode) -> tuple[World, int]:
    """A world, and an MTU that is in its call phase."""
    world = two_zones(market={"mode": mode, "call_ms": CALL_MS if mode is Mode.BOTH else 0})
    mtu = _next(world)
    if mode is Mode.BOTH:
        world.until(mtu * MTU_MS - GATE_MS - CALL_MS)
    return world, mtu


@pytest.mark.parametrize("mode", [Mode.AUCTION, Mode.BOTH])
@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"terms": Terms.IOC}, MarketCode.NO_CONTINUOUS_TRADING),
        ({"terms": Terms.FOK}, MarketCode.NO_CONTINUOUS_TRADING),
        ({"terms": Terms.POST_ONLY}, MarketCode.NO_CONTINUOUS_TRADING),
        ({"terms": Terms.REST, "sources": SOLAR}, MarketCode.SOURCES_IN_AUCTION),
        ({"terms": Terms.AUCTION, "sources": SOLAR | WIND}, MarketCode.SOURCES_IN_AUCTION),
        ({"sources": 0, "preferences": (partner("alice"),)}, MarketCode.SOURCES_IN_AUCTION),
    ],
)
def test_what_an_auction_cannot_do_is_refused(mode: Mode, more: dict[str, Any], code: MarketCode) -> None:
    world, mtu = _waiting(mode)
    world.block()
    assert _refused(world, bid(mtu, 10, 1_000_000, **more)) == code


@pytest.mark.parametrize("mode", [Mode.AUCTION, Mode.BOTH])
def test_orders_that_wait_for_an_auction_are_not_given_to_the_kernel(mode: Mode) -> None:
    world, mtu = _waiting(mode)
    world.ok(
        sheet(
            "bob",
            1,
            bid(mtu, 10, 4_000_000),
            bid(mtu, 10, 0, terms=Terms.MARKET),
            bid(mtu, 10, 4_000_000, terms=Terms.AUCTION),
            bid(mtu, 10, 4_000_000, preferences=(partner("alice"),)),
        ),
        sheet("alice", 1, offer(mtu, 10, 2_000_000)),
        after_ms=1,
    )
    assert [_stand(world, number)[0] for number in range(1, 6)] == [OrderStatus.ACTIVE] * 5
    assert (list(PENDING.scan(world.reader)), mtu in world.books.periods()) == ([], False)
    assert recent_trades(world.reader, 9) == []


def test_orders_for_the_auction_only_stay_out_of_continuous_trading() -> None:
    world = two_zones(market={"mode": Mode.BOTH, "call_ms": CALL_MS})
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 10, 2_000_000, terms=Terms.AUCTION)))
    world.ok(sheet("bob", 1, bid(mtu, 10, 4_000_000)))
    assert recent_trades(world.reader, 9) == []
    assert [row[0] for row in world.books.orders(mtu)] == [2]
    world.restart()
    world.ok(("alice", CancelOrder(1)))
    assert _stand(world, 1) == (OrderStatus.CANCELLED, Ending.OWNER, 10)


def test_no_orders_for_an_auction_where_there_is_none(world: World) -> None:
    assert _refused(world, bid(_next(world), 10, 4_000_000, terms=Terms.AUCTION)) == MarketCode.NO_AUCTION


def test_bids_that_name_sources_rest_in_continuous_trading() -> None:
    world = two_zones(market={"mode": Mode.BOTH, "call_ms": CALL_MS})
    mtu = _next(world)
    world.ok(sheet("bob", 1, bid(mtu, 10, 4_000_000, SOLAR)))
    assert [row[0] for row in world.books.orders(mtu)] == [1]
    assert not takes_part(_order(world, 1), world.time_ms)


def test_what_was_not_reached_before_the_call_ends_or_waits_as_its_terms_say() -> None:
    world = two_zones(market={"mode": Mode.BOTH, "call_ms": CALL_MS, "match_steps_per_block": 2})
    mtu = _next(world)
    world.until(mtu * MTU_MS - GATE_MS - CALL_MS - 2)
    entries = [
        bid(mtu, 10, 1_000_000),
        bid(mtu, 10, 1_000_000),
        bid(mtu, 10, 1_000_000, terms=Terms.IOC),
        bid(mtu, 10, 1_000_000, terms=Terms.FOK),
        bid(mtu, 10, 1_000_000, terms=Terms.POST_ONLY),
        bid(mtu, 10, 0, terms=Terms.MARKET),
        bid(mtu, 10, 0, SOLAR, terms=Terms.MARKET),
        bid(mtu, 10, 1_000_000, SOLAR),
        bid(mtu, 10, 1_000_000, 0, preferences=(partner("alice"),)),
    ]
    world.ok(sheet("bob", 1, *entries), after_ms=1)
    for _ in range(4):
        world.block(after_ms=1)
    assert list(PENDING.scan(world.reader)) == []
    assert [_order(world, number).ending for number in range(1, 10)] == [
        Ending.NONE,
        Ending.NONE,
        Ending.IMMEDIATE,
        Ending.KILLED,
        Ending.NONE,
        Ending.NONE,
        Ending.IMMEDIATE,
        Ending.NONE,
        Ending.IMMEDIATE,
    ]
    for number in range(1, 10):
        found = _order(world, number)
        assert (ending_in_call(found) is None) or found.ending is ending_in_call(found)
        assert takes_part(found, world.time_ms) == (number in (1, 2, 5, 6))


def test_an_order_interrupted_when_the_call_begins_waits_for_the_auction() -> None:
    world = two_zones(market={"mode": Mode.BOTH, "call_ms": CALL_MS, "match_steps_per_block": 3})
    mtu = _next(world)
    world.ok(*(sheet("alice", number, offer(mtu, 10, 3_000_000)) for number in range(1, 5)))
    world.block()
    world.until(mtu * MTU_MS - GATE_MS - CALL_MS - 2)
    world.ok(sheet("bob", 1, bid(mtu, 100, 4_000_000)), after_ms=1)
    assert INTERRUPTED.has(world.reader)
    world.block(after_ms=1)
    assert not INTERRUPTED.has(world.reader)
    assert _stand(world, 5) == (OrderStatus.PARTLY_FILLED, Ending.NONE, 80)
