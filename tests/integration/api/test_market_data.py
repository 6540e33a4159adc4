"""Market data of a chain that traded, in hand figures: phases, depth, delivered prices, auctions, candles, statistics, bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.chain_in_memory import START_MS
from tests.energy_world import FIRST_MTU, MTU_MS, bid, offer
from tests.integration.api.market_day import (
    BOUNDS_FROM,
    CALL_MS,
    CALLED_MTU,
    CALLING_MTU,
    ENTRIES,
    FULL_MTU,
    GATE_MS,
    HOUR,
    NEXT_HOUR,
    QUIET_MTU,
    live_through,
    place,
    register,
    start,
    until,
)
from tests.integration.api.served import ServedChain, all_rows, ask, data, refused, served, text

FIRST_INTERVAL, SECOND_INTERVAL = (FIRST_MTU + 1) * MTU_MS, (FIRST_MTU + 3) * MTU_MS


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedChain]:
    """The chain of `market_day`."""
    made = ServedChain(tmp_path_factory.mktemp("market"), start())
    trio.run(live_through, made)
    yield made
    made.store.close()


def ohlc(row: dict[str, Any]) -> tuple[Any, ...]:
    """Prices of a row in THB per kWh: open, high, low, close, vwap."""
    return tuple(row[f"{name}_thb_per_kwh"] for name in ("open", "high", "low", "close", "vwap"))


# Auctions


def test_an_auction_that_was_held(chain: ServedChain) -> None:
    (row,) = all_rows(chain, "energy/auctions", 1)
    assert (row["mtu"], row["volume_wh"], row["value_thb"], row["rent_thb"]) == (CALLED_MTU, 40_000, "120", "25.2")
    zones = {zone["name"]: zone for zone in row["summary"]["zones"]}
    assert (zones["CITY"]["price_thb_per_kwh"], zones["NORTH"]["price_micro"]) == ("3", 3_850_000)
    assert (zones["CITY"]["sold_wh"], zones["NORTH"]["bought_wh"], zones["CITY"]["bought_wh"]) == (40_000, 40_000, 0)
    flows = {(line["source"], line["target"]): line["flow_wh"] for line in row["summary"]["lines"]}
    assert flows == {("CITY", "BUS"): 40_000, ("BUS", "CITY"): 0, ("NORTH", "BUS"): 0, ("BUS", "NORTH"): 40_000}
    assert row["summary"]["orders"] == 2
    header = ask(chain, f"blocks/{row['height']}", events="false")
    assert header["energy"]["clearings"][0]["orders_root"] == row["summary"]["orders_root"]
    assert header["header"]["time_ms"] == row["time_ms"]


def test_the_paths_of_an_auction(chain: ServedChain) -> None:
    found = ask(chain, f"energy/auctions/{CALLED_MTU}")
    (path,) = found["paths"]
    assert (path["seller_zone"], path["buyer_zone"], path["energy_wh"], path["left_wh"]) == ("CITY", "NORTH", 40_000, 0)
    assert path["lines"] == [{"line": "city-bus", "direction": 1}, {"line": "north-bus", "direction": -1}]
    prices = [path[f"{name}_thb_per_kwh"] for name in ("price", "wheeling", "rent")]
    assert prices == ["3", "0.37", "0.63"]
    (trade,) = ask(chain, "energy/trades", mtu=CALLED_MTU)["rows"]
    assert (trade["phase"], trade["path"], trade["rent_micro"]) == ("auction", path["path"], path["rent_micro"])
    assert (trade["paid_thb_per_kwh"], trade["value_thb"], trade["cost_thb"]) == ("4.01", "120", "160.4")


def test_what_a_called_auction_would_give_is_what_the_other_gave(chain: ServedChain) -> None:
    told = ask(chain, f"energy/auctions/{CALLING_MTU}/indicative")
    assert (told["phase"], told["open_orders"]) == ("call", 3)
    assert told["gate_closure_ms"] == CALLING_MTU * MTU_MS - GATE_MS
    held = ask(chain, f"energy/auctions/{CALLED_MTU}")
    assert told["clearing"]["summary"]["zones"] == held["summary"]["zones"]
    assert told["clearing"]["rent"] == held["rent"]


@pytest.mark.parametrize("path", [f"{CALLING_MTU}", f"{CALLED_MTU}/indicative", f"{QUIET_MTU}/indicative", "1", "1/indicative"])
def test_no_auction_no_answer(chain: ServedChain, path: str) -> None:
    assert refused(chain, f"energy/auctions/{path}")[:2] == (404, "NOT_FOUND")


# Periods


def test_phases_and_times(chain: ServedChain) -> None:
    phases = {row["mtu"]: row["phase"] for row in all_rows(chain, "energy/periods", 2)}
    assert phases == {CALLING_MTU: "call", QUIET_MTU: "continuous", FULL_MTU: "continuous", ENTRIES: "continuous"}
    one = ask(chain, f"energy/periods/{QUIET_MTU}")
    begin = QUIET_MTU * MTU_MS
    assert one == {
        "mtu": QUIET_MTU,
        "phase": "continuous",
        "open_orders": 2,
        "opens_ms": begin - 96 * MTU_MS,
        "call_start_ms": begin - GATE_MS - CALL_MS,
        "gate_closure_ms": begin - GATE_MS,
        "delivery_start_ms": begin,
        "delivery_end_ms": begin + MTU_MS,
        "readings_end_ms": begin + MTU_MS + 6_000,
        "corrections_end_ms": begin + MTU_MS + 6_000,
        "is_settled": False,
    }


def test_phases_of_mtus_without_orders(chain: ServedChain) -> None:
    def phase(mtu: int) -> str:
        found = ask(chain, f"energy/periods/{mtu}")
        assert found["open_orders"] == 0
        return str(found["phase"])

    assert [phase(mtu) for mtu in (1, CALLED_MTU, QUIET_MTU + 1 + 4, FIRST_MTU + 1_000)] == [
        "closed",
        "closed",
        "continuous",
        "not_open",
    ]
    assert ask(chain, f"energy/periods/{HOUR}")["is_settled"] is True


# Books


def test_a_book_as_it_is_and_as_another_zone_sees_it(chain: ServedChain) -> None:
    book = ask(chain, f"energy/book/{QUIET_MTU}")
    city, north = book["zones"]
    assert (city["best_offer"]["limit_thb_per_kwh"], city["best_bid"], city["offers_wh"]) == ("3", None, 1_000)
    assert (north["best_bid"]["energy_wh"], north["best_offer"], north["bids_wh"]) == (500, None, 500)
    assert book["last_micro"] is book["last_thb_per_kwh"] is None
    assert "seen_from_zone" not in book
    seen = ask(chain, f"energy/book/{QUIET_MTU}", zone="NORTH")
    assert (seen["offers"], [row["zone"] for row in seen["zones"]]) == ([], ["NORTH"])
    offer = seen["seen_from_zone"]["best_offer"]
    assert (offer["zone"], offer["wheeling_thb_per_kwh"], offer["price_thb_per_kwh"]) == ("CITY", "0.37", "3.37")
    assert (offer["energy_wh"], offer["room_wh"]) == (1_000, 40_000)
    own = seen["seen_from_zone"]["best_bid"]
    assert (own["zone"], own["price_thb_per_kwh"], own["room_wh"]) == ("NORTH", "1.85", None)
    other = ask(chain, f"energy/book/{QUIET_MTU}", zone="CITY")["seen_from_zone"]["best_bid"]
    assert (other["zone"], other["price_thb_per_kwh"], other["room_wh"]) == ("NORTH", "1.63", 40_000)


def test_an_offer_behind_a_full_line_is_not_the_best(chain: ServedChain) -> None:
    book = ask(chain, f"energy/book/{FULL_MTU}", zone="NORTH")
    assert book["last_thb_per_kwh"] == "3"
    seen = book["seen_from_zone"]
    assert [(row["zone"], row["energy_wh"], row["room_wh"]) for row in seen["offers"]] == [("CITY", 20_000, 0)]
    assert seen["best_offer"] is None
    assert seen["best_bid"]["energy_wh"] == 20_000


def test_a_book_that_waits_for_its_auction_shows_all_orders(chain: ServedChain) -> None:
    book = ask(chain, f"energy/book/{CALLING_MTU}")
    assert (book["phase"], book["zones"][0]["offers_wh"], book["zones"][1]["bids_wh"]) == ("call", 60_000, 60_000)


def test_levels_are_limited_by_side_and_zone(chain: ServedChain) -> None:
    book, best = ask(chain, f"energy/book/{ENTRIES}"), ask(chain, f"energy/book/{ENTRIES}", limit=1)
    assert [row["limit_thb_per_kwh"] for row in book["bids"]] == ["2", "1.9"]
    assert best["bids"] == book["bids"][:1]
    assert best["zones"] == book["zones"]
    assert refused(chain, f"energy/book/{QUIET_MTU}", limit=0)[2] == "limit"


# Orders


def test_orders_tell_terms_preferences_and_how_they_ended(chain: ServedChain) -> None:
    dated, immediate, _, auction = ask(chain, "energy/orders", mtu=ENTRIES)["rows"]
    assert (dated["terms"], dated["good_until_ms"], dated["ending"]) == ("rest", ENTRIES * MTU_MS - GATE_MS, None)
    assert (immediate["status"], immediate["ending"], immediate["good_until_ms"]) == ("cancelled", "immediate", None)
    assert immediate["preferences"] == [
        {"partner": text("alice"), "sources": ["solar"]},
        {"partner": text("bob"), "sources": []},
    ]
    assert (auction["terms"], auction["preferences"]) == ("auction", [])


@pytest.mark.parametrize(
    ("chosen", "count"), [({"terms": "ioc"}, 1), ({"terms": "fok"}, 0), ({"side": "bid"}, 4), ({"side": "offer"}, 0)]
)
def test_orders_are_chosen_by_terms_and_side(chain: ServedChain, chosen: dict[str, str], count: int) -> None:
    assert len(all_rows(chain, "energy/orders", 2, mtu=ENTRIES, **chosen)) == count


def test_trades_are_chosen_by_phase(chain: ServedChain) -> None:
    assert [row["mtu"] for row in all_rows(chain, "energy/trades", 2, phase="auction")] == [CALLED_MTU]
    assert len(all_rows(chain, "energy/trades", 2, phase="continuous")) == 6


# Prices in time


def test_candles_by_the_time_of_trading(chain: ServedChain) -> None:
    rows = all_rows(chain, "energy/candles", 1)
    assert [row["start_ms"] for row in rows[:2]] == [FIRST_INTERVAL, SECOND_INTERVAL]
    assert (rows[0]["end_ms"], rows[0]["trades"], rows[0]["volume_wh"]) == (FIRST_INTERVAL + MTU_MS, 3, 4_000)
    assert ohlc(rows[0]) == ("3", "3.4", "2.5", "2.5", "2.85")
    assert rows[0]["value_thb"] == "11.4"
    ends = {"from": FIRST_INTERVAL, "to": SECOND_INTERVAL}
    assert all_rows(chain, "energy/candles", 2, **ends) == rows[:1]
    assert all_rows(chain, "energy/candles", 1, **{"from": FIRST_INTERVAL + 1}) == rows[1:]


def test_history_by_the_time_of_delivery(chain: ServedChain) -> None:
    rows = all_rows(chain, "energy/history", 2)
    assert [row["mtu"] for row in rows] == [HOUR, HOUR + 1, HOUR + 3, NEXT_HOUR, CALLED_MTU, FULL_MTU]
    assert (rows[0]["start_ms"], rows[0]["end_ms"]) == (HOUR * MTU_MS, (HOUR + 1) * MTU_MS)
    assert ohlc(rows[0]) == ("3", "3.4", "3", "3.4", "3.2")
    assert all_rows(chain, "energy/history", 1, **{"from": HOUR + 1, "to": NEXT_HOUR}) == rows[1:3]
    assert ask(chain, "energy/history", **{"from": FULL_MTU + 1}) == {"rows": [], "next": None}


def test_an_hour_of_delivery_in_hand_figures(chain: ServedChain) -> None:
    """1,000 Wh at 3.0, 1,000 at 3.4, 2,000 at 2.5 and 1,000 at 4.0: 15.4 THB for 5 kWh."""
    first, second = all_rows(chain, "energy/history", 1, unit="hour", to=NEXT_HOUR + 1)
    assert (first["mtu"], first["end_ms"], first["trades"], first["volume_wh"]) == (HOUR, NEXT_HOUR * MTU_MS, 4, 5_000)
    assert (first["value_thb"], ohlc(first)) == ("15.4", ("3", "4", "2.5", "4", "3.08"))
    assert (second["mtu"], second["volume_wh"]) == (NEXT_HOUR, 500)
    assert ask(chain, "energy/history", unit="hour", **{"from": HOUR + 1, "to": NEXT_HOUR})["rows"] == []


@pytest.mark.parametrize(("path", "unit"), [("energy/candles", "interval"), ("energy/history", "unit")])
def test_an_hour_is_the_merge_of_its_four(chain: ServedChain, path: str, unit: str) -> None:
    quarters, hours = all_rows(chain, path, 2), all_rows(chain, path, 1, **{unit: "hour"})
    assert sum(row["trades"] for row in hours) == sum(row["trades"] for row in quarters) == 7
    for hour in hours:
        assert (hour["start_ms"] // MTU_MS - FIRST_MTU) % 4 == 0
        merged([row for row in quarters if hour["start_ms"] <= row["start_ms"] < hour["end_ms"]], hour)


def merged(parts: Sequence[dict[str, Any]], whole: dict[str, Any]) -> None:
    """The whole says what its parts say together."""
    for name in ("trades", "volume_wh"):
        assert whole[name] == sum(part[name] for part in parts)
    assert int(whole["value"]) == sum(int(part["value"]) for part in parts)
    assert whole["open_micro"] == parts[0]["open_micro"]
    assert whole["close_micro"] == parts[-1]["close_micro"]
    assert whole["high_micro"] == max(part["high_micro"] for part in parts)
    assert whole["low_micro"] == min(part["low_micro"] for part in parts)
    assert whole["vwap_micro"] == int(whole["value"]) // whole["volume_wh"]


@pytest.mark.parametrize(
    ("path", "parameters", "field"),
    [
        ("energy/candles", {"interval": "day"}, "interval"),
        ("energy/candles", {"from": "5", "to": "5"}, "to"),
        ("energy/candles", {"from": "0", "to": str(366 * 96 * MTU_MS + 1)}, "to"),
        ("energy/candles", {"from": "-1"}, "from"),
        ("energy/candles", {"after": "x"}, "after"),
        ("energy/history", {"unit": "week"}, "unit"),
        ("energy/history", {"from": "9", "to": "3"}, "to"),
        ("energy/history", {"from": str(HOUR), "to": str(START_MS)}, "to"),
        ("energy/history", {"from": str(2**63)}, "from"),
        ("energy/stats", {"mtu": str(2**63)}, "mtu"),
        ("energy/book/1", {"zone": "SOUTH"}, "zone"),
        ("energy/book/-1", {}, "mtu"),
        ("energy/periods/x", {}, "mtu"),
        ("energy/periods", {"limit": "51"}, "limit"),
        ("energy/auctions", {"after": "x"}, "after"),
        ("energy/auctions/x", {}, "mtu"),
        ("energy/auctions/x/indicative", {}, "mtu"),
        ("energy/orders", {"mtu": "1", "terms": "gtc"}, "terms"),
        ("energy/orders", {"mtu": "1", "side": "buy"}, "side"),
        ("energy/trades", {"phase": "call"}, "phase"),
        ("energy/bounds", {"mtu": "x"}, "mtu"),
        ("energy/bounds/dated", {"after": "x"}, "after"),
    ],
)
def test_wrong_questions_say_what_was_expected(
    chain: ServedChain, path: str, parameters: dict[str, str], field: str
) -> None:
    status, code, named, message = refused(chain, path, **parameters)
    assert (status, code, named) == (400, "BAD_PARAMETER", field)
    assert "expected" in message


@pytest.mark.parametrize("path", ["candles", "history"])
def test_the_last_time_that_can_be_asked_for_is_answered(chain: ServedChain, path: str) -> None:
    assert ask(chain, f"energy/{path}", **{"from": 2**62})["rows"] == []
    assert ask(chain, f"energy/{path}", after=2**62)["rows"] == []
    assert ask(chain, f"energy/{path}", to=2**62)["rows"]


# Statistics, bounds


def test_statistics_of_all(chain: ServedChain) -> None:
    told = ask(chain, "energy/stats")
    assert (told["trades"], told["participants"], told["open_mtus"]) == (7, 3, 4)
    assert told["open_orders"] == 3 + 2 + 2 + 3
    day = told["day"]
    assert (day["end_ms"] - day["start_ms"], day["trades"], day["volume_wh"]) == (96 * MTU_MS, 7, 85_500)
    assert ohlc(day)[:4] == ("3", "4", "2.5", "3")
    assert told["next_book"]["mtu"] == CALLING_MTU
    assert (told["next_book"]["best_bid"]["zone"], told["next_book"]["best_offer"]["zone"]) == ("NORTH", "CITY")
    newest = told["newest_trades"]
    assert newest["trades"] == 7
    assert newest["by_zone"] == [
        {"zone": "CITY", "sold_wh": 85_500, "bought_wh": 5_500},
        {"zone": "NORTH", "sold_wh": 0, "bought_wh": 80_000},
    ]
    assert {row["source"]: row["sold_wh"] for row in newest["by_source"]}["solar"] == 85_500


def test_the_last_day_has_the_trade_of_this_moment_and_none_from_before_it(tmp_path: Path) -> None:
    async def scene(chain: ServedChain) -> Any:
        await register(chain)
        await place(chain, "alice", 1, offer(HOUR, 100, 3_000_000))
        await place(chain, "bob", 1, bid(HOUR, 100, 4_000_000))
        tip = chain.store.header
        assert tip is not None
        await until(chain, (tip.time_ms // MTU_MS + 96) * MTU_MS)
        await place(chain, "alice", 2, offer(HOUR + 110, 101, 3_000_000))
        await place(chain, "bob", 2, bid(HOUR + 110, 101, 4_000_000))
        async with chain.client() as client:
            return (await data(client, "energy/stats"))["day"]

    with served(tmp_path, start()) as chain:
        day = trio.run(scene, chain)
    assert (day["trades"], day["volume_wh"]) == (1, 101)


def test_statistics_of_an_mtu(chain: ServedChain) -> None:
    told = ask(chain, "energy/stats", mtu=FULL_MTU)
    assert (told["orders"], told["open_orders"], told["traded_wh"]) == (2, 2, 40_000)
    assert told["newest_trades"]["by_zone"][1] == {"zone": "NORTH", "sold_wh": 0, "bought_wh": 40_000}
    assert "day" not in told


def test_dated_bounds(chain: ServedChain) -> None:
    now, then = ask(chain, "energy/bounds"), ask(chain, "energy/bounds", mtu=BOUNDS_FROM)
    assert (now["from_mtu"], now["min_order_wh"], now["price_cap_thb_per_kwh"]) == (0, 1, "10")
    assert (then["from_mtu"], then["min_order_wh"], then["price_cap_thb_per_kwh"]) == (BOUNDS_FROM, 100, "8")
    assert ask(chain, "energy/bounds", mtu=BOUNDS_FROM - 1)["from_mtu"] == 0
    assert [row["from_mtu"] for row in all_rows(chain, "energy/bounds/dated", 1)] == [BOUNDS_FROM, 0]
