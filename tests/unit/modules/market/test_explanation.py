"""Trades and orders explain themselves: the codes for programs, and sentences with the figures that decide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gridnode.modules.grid.tariffs import Charge
from gridnode.modules.market.explanation import Cause, OrderExplanation, Standing, WhichBook, explain_order
from gridnode.modules.market.messages import CancelOrder, ReplaceSheet, SheetEntry
from gridnode.modules.market.reach import Obstacle
from gridnode.modules.market.tables import Mode, Preference, Terms
from gridnode.modules.market.trade_explanation import PriceRule, TradeExplanation, explain_trade
from gridnode.modules.market.wording import order_text, trade_text
from gridnode.modules.registry.tables import Direction, Source
from tests.energy_world import FIRST_MTU, MTU_MS, SOLAR, WIND, World, account, bid, offer, sheet, two_zones

MTU = FIRST_MTU + 10
GATE_MS = MTU * MTU_MS - 1_000
SOLAR_ROOF = ("dave-pv", Direction.GENERATION, Source.SOLAR)
BOTH: dict[str, Any] = {"mode": Mode.BOTH, "call_ms": 1_000}


def with_terms(entry: SheetEntry, terms: Terms, **fields: Any) -> SheetEntry:
    """An entry with terms."""
    return replace(entry, terms=terms, **fields)


def order(world: World, number: int) -> OrderExplanation:
    """The explanation of an order that exists."""
    found = explain_order(world.reader, number)
    assert found is not None
    return found


def trade(world: World, number: int) -> TradeExplanation:
    """The explanation of a trade that exists."""
    found = explain_trade(world.reader, number)
    assert found is not None
    return found


def test_wheeling_that_leaves_nothing_to_share_is_said() -> None:
    """Off-peak, with wheeling 1.07 within the zone: retail less feed-in is 0.4369, so no price leaves both better off."""
    charges = (Charge("CITY", (0, 0)), Charge("NORTH", (1_070_000, 1_070_000)))
    world = two_zones(grid={"tariff": {"distribution": charges}})
    world.join("dave", "NORTH", SOLAR_ROOF)
    world.ok(sheet("dave", 1, offer(MTU, 1_000, 2_200_000)))
    world.ok(sheet("carol", 1, bid(MTU, 500, 2_990_000)))
    found = order(world, 2)
    assert (found.standing, found.cause) == (Standing.RESTS, Cause.OBSTACLE)
    assert found.best is not None
    assert (found.best.number, found.best.obstacle, found.best.gap_micro) == (1, Obstacle.PRICE, 280_000)
    assert found.benefit is not None
    assert found.benefit.spare_micro == 2_636_900 - 2_200_000 - 1_070_000 - 10_000
    assert order_text(found) == (
        f"Bid 2 in NORTH for MTU {MTU} (500 Wh, at most 2.99 THB/kWh): nothing was traded, 500 Wh rest in the book. "
        "The cheapest offer is 1 at 2.2 in NORTH; with wheeling 1.07 it costs 3.27 delivered, 0.28 above the bid's 2.99. "
        "In tariff band off_peak: the utility sells at 2.6369 and buys at 2.2; with wheeling 1.07 and fee 0.01 "
        "no price leaves both buyer and seller better off."
    )
    other = order(world, 1)
    assert "The highest bid is 2 at 2.99 in NORTH; less wheeling 1.07 it leaves 1.92 for the seller, 0.28 below the offer's 2.2." in (
        order_text(other)
    )


def test_where_both_can_gain_nothing_is_said_of_the_tariff() -> None:
    world = two_zones()
    world.ok(sheet("alice", 1, offer(MTU, 1_000, 2_500_000)))
    world.ok(sheet("bob", 1, bid(MTU, 500, 2_600_000)))
    text = order_text(order(world, 2))
    assert "0.1 above the bid's 2.6." in text
    assert "tariff" not in text


def test_a_full_line_is_named_with_its_room() -> None:
    """A better price behind a full line is said beside what the price of the next one lacks."""
    world = two_zones()
    world.ok(sheet("alice", 1, offer(MTU, 50_000, 2_000_000)))
    world.join("dave", "NORTH", SOLAR_ROOF)
    world.ok(sheet("dave", 1, offer(MTU, 10, 6_000_000)))
    world.ok(sheet("carol", 1, bid(MTU, 60_000, 5_000_000)))
    found = order(world, 3)
    assert found.best is not None
    assert (found.best.number, found.best.obstacle) == (2, Obstacle.PRICE)
    assert found.blocked is not None
    assert found.blocked.way is not None
    assert (found.blocked.number, found.blocked.obstacle, found.blocked.way.line) == (1, Obstacle.LINE_FULL, "city-bus")
    text = order_text(found)
    assert "40000 Wh were traded, 20000 Wh rest in the book" in text
    assert "Offer 1 at 2 in CITY would do by its price, but line city-bus is full: 0 Wh of room." in text
    world.ok(("dave", CancelOrder(2)))
    assert "and the prices meet, but line city-bus is full: 0 Wh of room." in order_text(order(world, 3))


def test_a_source_that_the_bid_does_not_take_is_named() -> None:
    world = two_zones()
    world.ok(sheet("alice", 1, offer(MTU, 100, 2_000_000, SOLAR)))
    world.ok(sheet("bob", 1, bid(MTU, 100, 5_000_000, WIND)))
    found = order(world, 2)
    assert found.best is not None
    assert found.best.obstacle is Obstacle.SOURCE
    assert order_text(found).endswith("and the prices meet, but the bid does not take solar.")
    assert order(world, 1).best.obstacle is Obstacle.SOURCE  # type: ignore[union-attr]


def test_an_empty_other_side_is_said() -> None:
    world = two_zones()
    world.ok(sheet("bob", 1, bid(MTU, 100, 5_000_000)))
    assert order(world, 1).cause is Cause.NOBODY
    assert order_text(order(world, 1)).endswith("100 Wh rest in the book. There is no offer for this MTU.")


def test_a_killed_order_says_how_much_was_in_reach() -> None:
    """At the time it was matched, whatever was traded since."""
    world = two_zones()
    world.ok(sheet("alice", 1, offer(MTU, 300, 2_000_000), offer(MTU, 400, 2_100_000)))
    world.ok(sheet("bob", 1, bid(MTU, 200, 3_000_000)))
    world.ok(sheet("carol", 1, with_terms(bid(MTU, 900, 5_000_000), Terms.FOK)))
    world.ok(sheet("bob", 2, bid(MTU, 350, 3_000_000)))
    found = order(world, 4)
    assert (found.standing, found.cause, found.book, found.in_reach_wh) == (
        Standing.ENDED,
        Cause.TERMS,
        WhichBook.MATCHED,
        500,
    )
    text = order_text(found)
    assert "it was to be filled whole or not at all, and was killed" in text
    assert text.endswith("500 of 900 Wh were in reach.")


def test_what_is_immediate_or_posted_says_what_it_met() -> None:
    world = two_zones()
    world.ok(sheet("alice", 1, offer(MTU, 300, 2_000_000)))
    world.ok(sheet("bob", 1, with_terms(bid(MTU, 500, 1_900_000), Terms.IOC)))
    world.ok(sheet("bob", 2, with_terms(bid(MTU, 500, 3_900_000), Terms.POST_ONLY)))
    world.ok(sheet("carol", 2, with_terms(bid(MTU, 500, 4_900_000), Terms.IOC)))
    assert "it cost 2.2 delivered, 0.3 above the bid's 1.9." in order_text(order(world, 2))
    assert "would have traded at once. The cheapest offer was 1 at 2 in CITY" in order_text(order(world, 3))
    assert order(world, 3).cause is Cause.TERMS
    found = order(world, 4)
    assert (found.cause, found.trades) == (Cause.NOBODY, (1,))
    assert "300 Wh were traded, what could not trade at once was cancelled. When it was matched there was no offer" in (
        order_text(found)
    )


def test_partners_are_named() -> None:
    """An order of partners only does not meet others, however good."""
    world = two_zones()
    world.ok(sheet("alice", 1, offer(MTU, 300, 2_000_000)))
    only = with_terms(bid(MTU, 500, 5_000_000, 0), Terms.REST, preferences=(Preference(account("carol"), 0),))
    world.ok(sheet("bob", 1, only))
    found = order(world, 2)
    assert found.best is not None
    assert (found.standing, found.best.obstacle) == (Standing.ENDED, Obstacle.PARTNER)
    assert order_text(found).endswith("but it is not of a partner that the order names.")


def test_owners_and_deadlines_end_orders() -> None:
    world = two_zones()
    world.ok(sheet("alice", 1, offer(MTU, 300, 4_000_000)))
    until = world.time_ms + 500
    world.ok(sheet("bob", 1, bid(MTU, 10, 1_000_000), replace(bid(MTU, 20, 1_000_000), good_until_ms=until)))
    world.ok(("bob", ReplaceSheet(1, 1, "bob-point", (bid(MTU, 30, 1_000_000), replace(bid(MTU, 40, 1_000_000), good_until_ms=until)))))
    world.ok(("bob", CancelOrder(4)))
    world.until(until)
    assert "its owner replaced its sheet" in order_text(order(world, 2))
    assert "its owner took it back" in order_text(order(world, 4))
    assert order(world, 4).cause is Cause.OWNER
    found = order(world, 5)
    assert (found.standing, found.cause, found.book) == (Standing.ENDED, Cause.OBSTACLE, WhichBook.PRESENT)
    assert "the time until which it was good had come. The cheapest offer is 1 at 4" in order_text(found)


def test_what_waits_says_so() -> None:
    """For a block with more steps, for the call auction, for its end."""
    world = two_zones(market={"match_steps_per_block": 2, **BOTH})
    world.ok(sheet("alice", 1, *[offer(MTU, 10 + n, 2_000_000) for n in range(5)]))
    assert [order(world, number).standing for number in (1, 5)] == [Standing.RESTS, Standing.WAITS]
    assert "it waits for its turn to be matched" in order_text(order(world, 5))
    world.ok(sheet("bob", 1, with_terms(bid(MTU, 10, 5_000_000), Terms.AUCTION)))
    assert order(world, 6).standing is Standing.IN_CALL
    world.until(GATE_MS - 1_000)
    assert "it waits for the call auction at gate closure" in order_text(order(world, 1))
    assert order(world, 6).cause is Cause.NONE, "in the auction they can meet"


@pytest.fixture(scope="module")
def auction() -> World:
    """alice sells 600 Wh in CITY, bob and carol bid in the call; carol's second bid is too low, her third names a source."""
    world = two_zones(market=BOTH)
    world.ok(sheet("carol", 1, bid(MTU, 70, 5_000_000, SOLAR)))
    world.until(GATE_MS - 1_000)
    world.ok(sheet("alice", 1, offer(MTU, 600, 2_000_000)))
    world.ok(sheet("bob", 1, bid(MTU, 400, 4_200_000)))
    world.ok(sheet("carol", 2, bid(MTU, 500, 3_370_000), bid(MTU, 50, 2_300_000)))
    world.until(GATE_MS)
    world.until(GATE_MS + 500)
    return world


def test_an_auction_says_its_price(auction: World) -> None:
    """The margin is carol's first bid: 3.37 delivered in NORTH is 3.0 in CITY."""
    found = order(auction, 5)
    assert (found.standing, found.cause, found.book) == (Standing.ENDED, Cause.AUCTION_PRICE, WhichBook.GATE)
    assert found.auction is not None
    delivered = found.auction.zone_price_micro + found.auction.delivery_micro
    assert delivered > found.order.limit_micro
    assert "above the limit of 2.3." in order_text(found)
    margin = order(auction, 4)
    assert margin.cause is Cause.AUCTION_TIME
    assert "the limit itself, where older orders are served first." in order_text(margin)
    assert order(auction, 1).cause is Cause.AUCTION_SOURCE
    assert "A bid that names sources takes no part in the call auction" in order_text(order(auction, 1))


def test_a_trade_of_an_auction_names_the_zone_price(auction: World) -> None:
    found = trade(auction, 1)
    assert (found.rule, found.resting, found.preference) == (PriceRule.ZONE_PRICE, 0, None)
    assert "the seller gets the price of zone CITY" in trade_text(found)
    across = trade(auction, 2)
    assert [use.line for use in across.lines] == ["city-bus", "north-bus"]
    assert across.total_micro == across.trade.price_micro + 370_000 + 10_000


def test_who_rests_makes_the_price() -> None:
    """An offer that rests gets its limit; a bid that rests pays its limit delivered."""
    world = two_zones()
    world.ok(sheet("alice", 1, offer(MTU, 100, 2_500_000)))
    world.ok(sheet("carol", 1, bid(MTU, 100, 4_000_000), bid(MTU, 200, 3_000_000)))
    world.ok(sheet("alice", 2, offer(MTU, 200, 2_000_000)))
    first, second = trade(world, 1), trade(world, 2)
    assert (first.rule, first.resting) == (PriceRule.RESTING_OFFER, 1)
    assert (first.buyer_gain_micro, first.seller_gain_micro) == (4_000_000 - 2_500_000 - 370_000, 0)
    assert (second.rule, second.resting) == (PriceRule.RESTING_BID, 3)
    assert (second.buyer_gain_micro, second.seller_gain_micro) == (0, 3_000_000 - 370_000 - 2_000_000)
    assert [(share.name, share.price_micro) for share in first.shares] == [
        ("NORTH", 150_000),
        ("city-bus", 100_000),
        ("north-bus", 120_000),
    ]
    assert [(use.line, use.is_forward, use.energy_wh, use.flow_wh) for use in first.lines] == [
        ("city-bus", True, 100, 300),
        ("north-bus", False, 100, 300),
    ]
    text = trade_text(first)
    assert "Offer 1 rested when bid 2 came, so its limit is the price: 2.5." in text
    assert "The buyer pays 2.88 THB/kWh, 0.288 THB in all: 2.5 to the seller, wheeling 0.37" in text
    assert "the buyer loses 0.2431 against the retail price of 2.6369 and the seller gains 0.3 against feed-in of 2.2" in text
    assert "its limit, 3, is what the buyer pays delivered, and the seller gets it less wheeling 0.37: 2.63." in trade_text(second)


def test_a_preference_is_named() -> None:
    world = two_zones()
    world.ok(sheet("alice", 1, offer(MTU, 100, 2_000_000)))
    world.ok(sheet("carol", 1, offer(MTU, 100, 2_500_000)))
    choosy = replace(bid(MTU, 150, 5_000_000), preferences=(Preference(account("erc"), 0), Preference(account("carol"), SOLAR)))
    world.ok(sheet("bob", 1, choosy))
    assert (trade(world, 1).trade.seller_order, trade(world, 1).preference) == (2, 1)
    assert "Order 3 took it by its preference number 2." in trade_text(trade(world, 1))
    assert (trade(world, 2).trade.seller_order, trade(world, 2).preference) == (1, None)


def test_vat_in_the_wheeling_is_shown() -> None:
    world = two_zones(grid={"tariff": {"vat_ppm": 70_000}})
    world.ok(sheet("alice", 1, offer(MTU, 100, 2_000_000)))
    world.ok(sheet("bob", 1, bid(MTU, 100, 5_000_000)))
    found = trade(world, 1)
    assert found.wheeling_vat_micro == 200_000 * 70_000 // 1_070_000
    assert "(CITY 0.2, 0.013084 of it VAT)" in trade_text(found)


def test_what_is_filled_names_its_trades() -> None:
    world = two_zones()
    world.ok(sheet("alice", 1, offer(MTU, 100, 2_000_000)))
    world.ok(sheet("bob", 1, bid(MTU, 40, 5_000_000), bid(MTU, 60, 5_000_000)))
    assert order(world, 1).trades == (1, 2)
    assert order_text(order(world, 1)) == f"Offer 1 in CITY for MTU {MTU} (100 Wh, at least 2 THB/kWh) is filled by trades 1, 2."


def test_what_is_not_there_is_not_explained() -> None:
    world = two_zones()
    assert explain_order(world.reader, 1) is None
    assert explain_order(world.reader, 2**64 - 1) is None
    assert explain_trade(world.reader, 1) is None
