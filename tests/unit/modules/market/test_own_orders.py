"""Nobody's bids reach his own offers; how many orders a book and an account may have."""

from __future__ import annotations

import pytest

from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.messages import CancelOrder, PlaceSheet, SheetEntry
from gridnode.modules.market.queries import recent_trades, trades_of
from gridnode.modules.market.tables import Terms
from gridnode.modules.registry.messages import RegisterPoint
from tests.energy_world import (
    MTU_MS,
    WIND,
    World,
    account,
    bid,
    offer,
    replacement,
    sheet,
    two_zones,
)


@pytest.fixture
def world() -> World:
    return two_zones()


def _next(world: World) -> int:
    return world.time_ms // MTU_MS + 3


def _refused(world: World, name: str, *entries: SheetEntry) -> int:
    [code] = world.block(sheet(name, 99, *entries), after_ms=1)
    assert not world.writes
    return code


def test_a_bid_at_the_price_of_an_own_offer_is_refused(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 10, 3_000_000), offer(mtu, 10, 4_000_000)))
    assert _refused(world, "alice", bid(mtu, 10, 3_000_000)) == MarketCode.OWN_ORDERS_CROSS
    assert _refused(world, "alice", bid(mtu, 10, 5_000_000, WIND)) == MarketCode.OWN_ORDERS_CROSS
    world.ok(sheet("alice", 2, bid(mtu, 10, 2_999_999)))
    world.ok(sheet("alice", 3, bid(mtu + 1, 10, 5_000_000)))


def test_an_offer_at_the_price_of_an_own_bid_is_refused(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("alice", 1, bid(mtu, 10, 2_000_000), bid(mtu, 10, 3_000_000)))
    assert _refused(world, "alice", offer(mtu, 10, 3_000_000)) == MarketCode.OWN_ORDERS_CROSS
    world.ok(sheet("alice", 2, offer(mtu, 10, 3_000_001)))


def test_entries_of_a_sheet_count_for_each_other(world: World) -> None:
    mtu = _next(world)
    low, high = offer(mtu, 10, 2_000_000), bid(mtu, 10, 4_000_000)
    for entries in ((low, high), (high, low), (bid(mtu, 10, 1_000_000), offer(mtu, 10, 1_500_000), high)):
        assert _refused(world, "alice", *entries) == MarketCode.OWN_ORDERS_CROSS
    assert _refused(world, "alice", bid(mtu, 10, 0, terms=Terms.MARKET), low) == MarketCode.OWN_ORDERS_CROSS
    world.ok(sheet("alice", 1, low, bid(mtu, 10, 1_999_999), bid(mtu + 1, 10, 4_000_000)))


def test_all_points_of_an_account_count_together(world: World) -> None:
    mtu = _next(world)
    world.ok(("pea", RegisterPoint("farm", account("alice"), "NORTH")))
    world.ok(sheet("alice", 1, offer(mtu, 10, 2_000_000)))
    call = "alice", PlaceSheet(2, "farm", (bid(mtu, 10, 4_000_000),))
    assert (world.block(call), world.writes) == ([MarketCode.OWN_ORDERS_CROSS], {})
    world.ok(sheet("bob", 1, bid(mtu, 10, 4_000_000)))
    assert len(recent_trades(world.reader, 9)) == 1
    world.ok(call)
    assert [row.trade.seller == row.trade.buyer for row in trades_of(world.reader, account("alice"), 9)] == [False]


def test_orders_that_are_done_do_not_count(world: World) -> None:
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 10, 2_000_000)))
    world.ok(("alice", CancelOrder(1)))
    world.ok(sheet("alice", 2, bid(mtu, 10, 4_000_000)))
    world.ok(replacement("alice", 2, 1, offer(mtu, 10, 2_000_000)))


def test_a_book_has_so_many_open_orders() -> None:
    world = two_zones(market={"max_book_orders": 3})
    mtu = _next(world)
    entry = bid(mtu, 10, 1_000_000)
    assert _refused(world, "bob", entry, bid(mtu + 1, 10, 1_000_000), entry, entry, entry) == MarketCode.BOOK_FULL
    world.ok(sheet("bob", 1, entry, bid(mtu + 1, 10, 1_000_000), entry))
    world.ok(sheet("carol", 1, entry))
    assert _refused(world, "carol", entry) == MarketCode.BOOK_FULL
    world.ok(replacement("bob", 1, 1, entry, entry))
    world.ok(("bob", CancelOrder(5)))
    world.ok(sheet("alice", 1, entry))
    assert _refused(world, "alice", entry) == MarketCode.BOOK_FULL


def test_an_account_has_so_many_open_orders() -> None:
    world = two_zones(market={"max_open_orders": 3})
    mtu = _next(world)
    entries = [bid(mtu + ahead, 10, 1_000_000) for ahead in range(4)]
    assert _refused(world, "bob", *entries) == MarketCode.TOO_MANY_ORDERS
    world.ok(sheet("bob", 1, *entries[:2]))
    assert _refused(world, "bob", *entries[:2]) == MarketCode.TOO_MANY_ORDERS
    world.ok(replacement("bob", 1, 1, *entries[:3]))
    assert _refused(world, "bob", entries[3]) == MarketCode.TOO_MANY_ORDERS
    world.ok(sheet("alice", 1, offer(mtu, 10, 500_000)))
    world.ok(sheet("bob", 2, entries[3]))


def test_precedence_of_what_is_said_of_own_orders() -> None:
    world = two_zones(market={"max_open_orders": 1, "max_book_orders": 1})
    mtu = _next(world)
    world.ok(sheet("alice", 1, offer(mtu, 10, 500_000)))
    assert _refused(world, "alice", bid(mtu, 10, 1_000_000)) == MarketCode.OWN_ORDERS_CROSS
    assert _refused(world, "alice", bid(mtu, 10, 400_000)) == MarketCode.BOOK_FULL
    assert _refused(world, "alice", bid(mtu + 1, 10, 400_000)) == MarketCode.TOO_MANY_ORDERS
    dear = bid(mtu + 1, 10_000_000, 10_000_000)
    assert _refused(world, "carol", dear, dear) == MarketCode.BOOK_FULL
    assert _refused(world, "carol", dear) == MarketCode.ESCROW_UNPAID
