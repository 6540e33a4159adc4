"""How records of the market look: nothing is lost, readable forms fit, what is not there is null."""

from __future__ import annotations

from dataclasses import replace

from gridnode.api.market_shapes import (
    auction,
    auction_path,
    bounds,
    candle,
    cleared,
    level,
    order,
    reached,
    trade,
)
from gridnode.chain.clearing import ClearingSummary, LineResult, ZoneResult
from gridnode.crypto.address import encode_address
from gridnode.modules.grid.tables import Hop
from gridnode.modules.market.auction_tables import Auction, AuctionPath
from gridnode.modules.market.delivered import Reached
from gridnode.modules.market.queries import NO_TRADES, Level, NumberedOrder, NumberedTrade
from gridnode.modules.market.sources import source_bit
from gridnode.modules.market.tables import (
    Bounds,
    Ending,
    Order,
    OrderStatus,
    Preference,
    Side,
    Statistics,
    Terms,
    Trade,
)
from gridnode.modules.registry.tables import Source

ME, OTHER = bytes(20), bytes(range(20))
SOLAR = source_bit(Source.SOLAR)
ORDER = Order(
    owner=ME,
    sheet_id=5,
    point="p",
    zone="CITY",
    side=Side.BID,
    sources=SOLAR,
    energy_wh=100,
    remaining_wh=40,
    limit_micro=3_250_000,
    terms=Terms.REST,
    preferences=(),
    good_until_ms=0,
    placed_ms=9,
    status=OrderStatus.PARTLY_FILLED,
    ending=Ending.NONE,
)
TRADE = Trade(ME, OTHER, 1, 2, "b", "s", "CITY", "NORTH", Source.SOLAR, 1_500, 3_000_000, 370_000, 10_000, 630_000, 4, 9)
SUMMARY = ClearingSummary(
    7,
    (ZoneResult("CITY", -500_000, 10, 4), ZoneResult("BUS", 0, 0, 0)),
    (LineResult("CITY", "BUS", 9, 100_000, 6), LineResult("BUS", "CITY", 0, 100_000, 0)),
    3,
    bytes(32),
)


def test_an_order() -> None:
    told = order(NumberedOrder(3, 7, ORDER))
    assert (told["number"], told["mtu"], told["owner"], told["sheet_id"]) == (3, 7, encode_address(ME), 5)
    assert (told["filled_wh"], told["limit_thb_per_kwh"], told["status"]) == (60, "3.25", "partly_filled")
    assert told["good_until_ms"] is told["ending"] is None
    assert told["preferences"] == []


def test_an_order_that_wished_and_ended() -> None:
    wishes = Preference(OTHER, 0), Preference(b"", SOLAR)
    ended = replace(ORDER, preferences=wishes, good_until_ms=77, status=OrderStatus.EXPIRED, ending=Ending.DATE)
    told = order(NumberedOrder(3, 7, ended))
    assert told["preferences"] == [
        {"partner": encode_address(OTHER), "sources": []},
        {"partner": None, "sources": ["solar"]},
    ]
    assert (told["good_until_ms"], told["ending"]) == (77, "date")


def test_a_trade_says_what_is_paid_per_kwh_and_in_all() -> None:
    told = trade(NumberedTrade(3, 7, TRADE))
    assert (told["phase"], told["path"]) == ("auction", 4)
    assert told["paid_micro"] == 3_000_000 + 370_000 + 630_000 + 10_000
    assert (told["paid_thb_per_kwh"], told["value_thb"], told["cost_thb"]) == ("4.01", "4.5", "6.015")
    assert int(told["cost"]) == 1_500 * 4_010_000
    assert trade(NumberedTrade(3, 7, replace(TRADE, path=0)))["phase"] == "continuous"


def test_a_candle() -> None:
    told = candle(Statistics(2, 3, 10, 2, 4, 1, 3))
    assert [told[f"{name}_micro"] for name in ("open", "high", "low", "close", "vwap")] == [2, 4, 1, 3, 3]
    assert (told["trades"], told["volume_wh"], told["value"]) == (2, 3, "10")
    empty = candle(NO_TRADES)
    assert empty["open_micro"] is empty["close_thb_per_kwh"] is empty["vwap_micro"] is None
    assert empty["volume_wh"] == 0


def test_levels_near_and_far() -> None:
    near = Level(Side.OFFER, "CITY", 3_000_000, 10, 2)
    assert level(near) == {
        "zone": "CITY",
        "limit_micro": 3_000_000,
        "limit_thb_per_kwh": "3",
        "energy_wh": 10,
        "orders": 2,
    }
    far = reached(Reached(near, 370_000, 3_370_000, 0))
    assert (far["wheeling_thb_per_kwh"], far["price_thb_per_kwh"], far["room_wh"]) == ("0.37", "3.37", 0)


def test_an_auction_with_a_negative_price() -> None:
    told = auction(Auction(12, 99, SUMMARY, 10, -5_000_000, 3_000_000_000))
    assert (told["mtu"], told["height"], told["time_ms"], told["volume_wh"]) == (7, 12, 99, 10)
    assert (told["value"], told["value_thb"], told["rent_thb"]) == ("-5000000", "-0.005", "3")
    city = told["summary"]["zones"][0]
    assert (city["name"], city["price_micro"], city["price_thb_per_kwh"]) == ("CITY", -500_000, "-0.5")
    assert (city["sold_wh"], city["bought_wh"]) == (10, 4)
    assert told["summary"]["lines"][0]["wheeling_thb_per_kwh"] == "0.1"
    assert (told["summary"]["orders"], told["summary"]["orders_root"]) == (3, "00" * 32)
    assert cleared(SUMMARY, 10, -5_000_000, 3_000_000_000).items() <= told.items()


def test_a_path_and_bounds() -> None:
    path = AuctionPath((Hop(0, 1), Hop(1, -1)), 3_000_000, 370_000, 630_000, 0, 1, 40, 15)
    told = auction_path(2, path, ["CITY", "NORTH"], ["city-bus", "north-bus"])
    assert (told["path"], told["seller_zone"], told["buyer_zone"], told["left_wh"]) == (2, "CITY", "NORTH", 15)
    assert told["lines"] == [{"line": "city-bus", "direction": 1}, {"line": "north-bus", "direction": -1}]
    assert bounds(Bounds(1, 2, 10_000, 0, 8_000_000)) == {
        "min_order_wh": 1,
        "max_order_wh": 2,
        "price_tick_micro": 10_000,
        "price_tick_thb_per_kwh": "0.01",
        "price_floor_micro": 0,
        "price_floor_thb_per_kwh": "0",
        "price_cap_micro": 8_000_000,
        "price_cap_thb_per_kwh": "8",
    }
