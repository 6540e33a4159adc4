"""Orders, trades, statistics, flows, settlements, zones and tariff."""

from __future__ import annotations

from tests.integration.api.served import ServedChain, all_rows, ask, refused, text
from tests.integration.api.trading_day import FULL_MTU, GENERATED_WH, LATER_MTU, MTU


def test_orders_of_an_mtu(chain: ServedChain) -> None:
    rows = all_rows(chain, "energy/orders", 1, mtu=MTU)
    assert [(row["number"], row["side"], row["status"]) for row in rows] == [
        (1, "offer", "expired"),
        (2, "bid", "filled"),
        (4, "bid", "filled"),
    ]
    assert rows[0]["sources"] == ["solar"]
    assert rows[0]["filled_wh"] == 7_000
    assert (rows[0]["limit_micro"], rows[0]["limit_thb_per_kwh"]) == (3_000_000, "3")
    assert len(rows[1]["sources"]) == 6
    assert [row["number"] for row in all_rows(chain, "energy/orders", 1, mtu=MTU, zone="NORTH")] == [4]
    assert [row["number"] for row in all_rows(chain, "energy/orders", 2, mtu=MTU, status="filled")] == [2, 4]
    assert [row["number"] for row in ask(chain, "energy/orders", mtu=MTU, owner=text("bob"))["rows"]] == [2]


def test_orders_of_an_owner(chain: ServedChain) -> None:
    for limit in (1, 2, 3):
        rows = all_rows(chain, "energy/orders", limit, owner=text("bob"))
        assert [(row["number"], row["mtu"], row["status"]) for row in rows] == [
            (2, MTU, "filled"),
            (3, LATER_MTU, "cancelled"),
        ]
    assert ask(chain, "energy/orders/3")["status"] == "cancelled"
    assert refused(chain, "energy/orders", owner=text("bob"), after=1)[2] == "after"


def test_trades(chain: ServedChain) -> None:
    rows = all_rows(chain, "energy/trades", 1, mtu=MTU)
    assert [(row["number"], row["energy_wh"], row["buyer_zone"]) for row in rows] == [(1, 4_000, "CITY"), (2, 3_000, "NORTH")]
    first = rows[0]
    assert (first["price_micro"], first["price_thb_per_kwh"]) == (3_000_000, "3")
    assert [row["wheeling_micro"] for row in rows] == [200_000, 150_000 + 100_000 + 120_000]
    assert first["value"] == str(4_000 * 3_000_000)
    assert first["value_thb"] == "12"
    assert first["delivered_wh"] == 4_000
    assert [row["number"] for row in all_rows(chain, "energy/trades", 1)] == [3, 2, 1]
    assert ask(chain, "energy/trades/3")["delivered_wh"] is None
    assert [row["number"] for row in all_rows(chain, "energy/trades", 1, owner=text("bob"))] == [1]
    assert ask(chain, "energy/trades/1") == first


def test_statistics(chain: ServedChain) -> None:
    one, total = ask(chain, "energy/stats", mtu=MTU), ask(chain, "energy/stats")
    assert (one["orders"], one["trades"], one["traded_wh"]) == (3, 2, 7_000)
    assert (total["orders"], total["trades"], total["traded_wh"]) == (6, 3, 47_000)
    for told in (one, total):
        assert (told["generated_wh"], told["consumed_wh"], told["readings"]) == (GENERATED_WH, 7_000, 3)
        assert (told["settled_wh"], told["imbalance_wh"]) == (7_000, 2_000)
        assert (told["vwap_micro"], told["last_thb_per_kwh"]) == (3_000_000, "3")
    assert one["is_settled"] is True
    assert total["settled_until_mtu"] > MTU
    assert total["lots_issued_wh"] == GENERATED_WH
    quiet = ask(chain, "energy/stats", mtu=1)
    assert (quiet["orders"], quiet["trades"], quiet["vwap_micro"], quiet["readings"]) == (0, 0, None, 0)
    assert [row["mtu"] for row in all_rows(chain, "energy/history", 1)] == [MTU, FULL_MTU]


def test_flows(chain: ServedChain) -> None:
    lines = {row["line"]: row for row in ask(chain, "energy/flows", mtu=MTU)["lines"]}
    assert lines["city-bus"]["flow_wh"] == 3_000
    assert lines["north-bus"]["flow_wh"] == -3_000
    assert lines["city-bus"]["atc_forward_wh"] == 40_000
    assert lines["city-bus"]["full"] is False


def test_a_full_line_says_so(chain: ServedChain) -> None:
    lines = {row["line"]: row for row in ask(chain, "energy/flows", mtu=FULL_MTU)["lines"]}
    assert (lines["city-bus"]["flow_wh"], lines["city-bus"]["full"]) == (40_000, True)
    assert (lines["north-bus"]["flow_wh"], lines["north-bus"]["full"]) == (-40_000, False)


def test_the_book_holds_what_rests(chain: ServedChain) -> None:
    book = ask(chain, f"energy/book/{FULL_MTU}")
    level = {"zone": "CITY", "limit_micro": 3_000_000, "limit_thb_per_kwh": "3", "energy_wh": 20_000, "orders": 1}
    assert book["offers"] == [level]
    assert [row["zone"] for row in book["bids"]] == ["NORTH"]
    assert ask(chain, f"energy/book/{FULL_MTU}", zone="NORTH")["offers"] == []
    empty = ask(chain, f"energy/book/{MTU}")
    assert (empty["phase"], empty["bids"], empty["offers"]) == ("closed", [], [])


def test_settlements(chain: ServedChain) -> None:
    told = ask(chain, "energy/settlements", mtu=MTU)
    assert told["totals"]["points"] == 3
    assert told["totals"]["delivered_wh"] == 7_000
    rows = all_rows(chain, "energy/settlements", 1, mtu=MTU)
    assert [row["point"] for row in rows] == ["alice-point", "bob-point", "carol-point"]
    alice = rows[0]
    assert (alice["sold_wh"], alice["delivered_wh"], alice["excess_wh"]) == (7_000, 7_000, 2_000)
    assert alice["imbalance_thb"] == "4.4"
    assert alice["sales_thb"] == "21"
    assert ask(chain, "energy/settlements", mtu=MTU, point="bob-point")["rows"] == [rows[1]]
    assert ask(chain, "energy/settlements", mtu=MTU, point="none")["rows"] == []
    assert (alice["estimated"], alice["quality"], alice["vat"], alice["rent_thb"]) == (False, "measured", "0", "0")
    assert alice["result"] | {"amount_thb": "4.4", "imbalance_wh": 2_000, "corrections": 0} == alice["result"]
    assert (told["totals"]["wheeling_thb"], told["totals"]["vat_thb"]) == ("1.91", "0")
    assert told["corrections"]["entries"] == 0


def test_one_settlement(chain: ServedChain) -> None:
    told = ask(chain, f"energy/settlements/{MTU}/alice-point")
    assert told["statement"]["excess_wh"] == told["result"]["imbalance_wh"] == 2_000
    assert (told["rows"], told["next"]) == ([], None)
    assert refused(chain, f"energy/settlements/{MTU}/none")[0] == 404


def test_settlements_of_an_owner(chain: ServedChain) -> None:
    rows = all_rows(chain, "energy/settlements", 1, owner=text("alice"))
    assert [(row["mtu"], row["point"]) for row in rows] == [(MTU, "alice-point")]
    assert rows[0] == ask(chain, "energy/settlements", mtu=MTU)["rows"][0]
    for parameters in ({}, {"mtu": MTU, "owner": text("alice")}):
        assert refused(chain, "energy/settlements", **parameters)[2] == "mtu"
    assert refused(chain, "energy/settlements", owner=text("alice"), point="p")[2] == "point"
    assert refused(chain, "energy/settlements", owner=text("alice"), after="alice-point")[2] == "after"


def test_congestion_rent_and_locks(chain: ServedChain) -> None:
    told = ask(chain, "energy/congestion")
    assert (told["balance"], told["paid_in_thb"], told["spent"], told["rows"]) == ("0", "0", "0", [])
    assert ask(chain, "energy/locks", mtu=MTU) == {"mtu": MTU, "rows": [], "next": None}
    assert ask(chain, "energy/trades/1")["void"] is False


def test_zones_and_tariff(chain: ServedChain) -> None:
    network = ask(chain, "zones")
    assert [(row["name"], row["dso"]) for row in network["zones"]] == [("CITY", text("mea")), ("NORTH", text("pea"))]
    assert [row["name"] for row in network["lines"]] == ["city-bus", "north-bus"]
    at = ask(chain, "tariff", mtu=MTU)
    assert at["end_ms"] - at["start_ms"] == 3_000
    assert (at["band"], at["quarter_of_day"]) == ("off_peak", 8)
    assert (at["from_mtu"], at["holiday"], at["is_peak"], at["vat_ppm"]) == (0, None, False, 0)
    prices = [at[f"{name}_thb_per_kwh"] for name in ("energy", "ft", "retail", "feed_in")]
    assert prices == ["2.6369", "0", "2.6369", "2.2"]
    assert [(row["zone"], row["charge_micro"]) for row in at["distribution"]] == [("CITY", 200_000), ("NORTH", 150_000)]
    assert [(row["line"], row["charge_micro"]) for row in at["wheeling"]] == [("city-bus", 100_000), ("north-bus", 120_000)]
    now = ask(chain, "tariff")
    assert now["start_ms"] <= ask(chain, "status")["time_ms"] < now["end_ms"]
    assert [(row["from_mtu"], row["default_band"]) for row in ask(chain, "tariffs")["rows"]] == [(0, "off_peak")]
    assert ask(chain, "holidays") == {"rows": [], "next": None}
    assert ask(chain, "energy/params")["bounds"]["min_order_wh"] == 1
