"""Lots as granular certificates, bundles, and carbon credits: leaderboard, book, orders, trades."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trio

from gridnode.modules.carbon.messages import PlaceOrder, RetireCredits
from gridnode.modules.lots.messages import AddToBundle, OpenBundle
from gridnode.modules.market.tables import Side
from gridnode.modules.registry.tables import Source
from tests.carbon_world import BAHT, CREDIT
from tests.chain_in_memory import CHAIN, THB, account
from tests.energy_world import MTU_MS
from tests.integration.api.served import ServedChain, all_rows, ask, refused, text
from tests.integration.api.trading_day import MTU, live_through


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedChain]:
    """After the trading day carol and mea trade credits, bob uses some up, and mea bundles what it has."""
    made = ServedChain(tmp_path_factory.mktemp("certificates"))
    trio.run(_live_on, made)
    yield made
    made.store.close()


async def _live_on(chain: ServedChain) -> None:
    await live_through(chain)
    await chain.ok("carol", PlaceOrder(Side.OFFER, CREDIT, 3 * BAHT))
    await chain.ok("mea", PlaceOrder(Side.BID, CREDIT // 4, 4 * BAHT))
    await chain.ok("mea", PlaceOrder(Side.BID, CREDIT, 2 * BAHT))
    await chain.ok("bob", RetireCredits(CREDIT, account("bob"), "a taxi"))
    await chain.ok("mea", OpenBundle(Source.SOLAR))
    await chain.ok("mea", AddToBundle(1, (_lot_of_mea(chain),)))


def _lot_of_mea(chain: ServedChain) -> int:
    owned = [number for number in range(1, 30) if chain.owner_of_lot(number) == account("mea")]
    assert len(owned) == 1
    return owned[0]


def test_a_lot_has_the_fields_of_a_granular_certificate(chain: ServedChain) -> None:
    rows = ask(chain, "lots", owner=text("bob"), retired="true")["rows"]
    told = next(row for row in rows if row["energy_wh"] == 500)
    assert told["certificate_id"] == f"{CHAIN}/{told['number']}"
    assert (told["meter"], told["zone"], told["source"]) == ("alice-pv", "CITY", "solar")
    assert (told["start_ms"], told["end_ms"]) == (MTU * MTU_MS, (MTU + 1) * MTU_MS)
    assert told["start_ms"] < told["end_ms"] <= told["issued_ms"] < told["retired_ms"]
    assert (told["beneficiary"], told["owner"], told["bundle"]) == (text("bob"), text("bob"), None)
    assert (told["energy_carrier"], told["carbon_g_per_kwh"], told["origin"]) == ("electricity", 41, 1)
    assert ask(chain, f"lots/{told['number']}") == told


def test_a_bundle_and_what_is_inside(chain: ServedChain) -> None:
    [told] = ask(chain, "bundles", owner=text("mea"))["rows"]
    assert (told["energy_wh"], told["lots"], told["sealed"], told["retired"]) == (1_500, 1, False, False)
    assert (told["beneficiary"], told["retired_ms"], told["sealed_ms"]) == (None, None, None)
    assert told["certificate_id"] == f"{CHAIN}/bundle/1"
    assert ask(chain, "bundles/1") == told
    [inside] = ask(chain, "bundles/1/lots")["rows"]
    assert (inside["bundle"], inside["owner"], inside["retired"]) == (1, text("mea"), False)
    assert ask(chain, "lots", owner=text("mea"))["rows"] == []
    assert ask(chain, "bundles", owner=text("mea"), retired="true")["rows"] == []


def test_leaderboard_by_page(chain: ServedChain) -> None:
    rows = all_rows(chain, "carbon/leaderboard", 1)
    assert [(row["account"], row["earned_credits"]) for row in rows] == [(text("bob"), "2"), (text("carol"), "1.5")]
    assert refused(chain, "carbon/leaderboard", after=text("erc"))[2] == "after"


def test_book_and_statistics(chain: ServedChain) -> None:
    told = ask(chain, "carbon/book")
    [bid], [offer] = told["bids"], told["offers"]
    assert (bid["price_micro"], bid["amount_credits"], bid["orders"]) == (2 * BAHT, "1", 1)
    assert (offer["price_thb_per_credit"], offer["amount_nano"]) == ("3", str(CREDIT // 4 * 3))
    stats = ask(chain, "carbon/stats")
    assert (stats["best_bid_micro"], stats["best_offer_micro"], stats["last_micro"]) == (2 * BAHT, 3 * BAHT, 3 * BAHT)
    assert (stats["trades"], stats["volume_credits"], stats["value_thb"], stats["fees_thb"]) == (1, "0.25", "0.75", "0.005")
    assert (stats["supply_credits"], stats["retired_credits"]) == ("2.5", "1")
    assert [(row["source"], row["energy_wh"]) for row in stats["sources"]] == [("solar", 7_000)]


def test_orders_and_trades(chain: ServedChain) -> None:
    assert [row["number"] for row in all_rows(chain, "carbon/orders", 2)] == [3, 2, 1]
    [first] = ask(chain, "carbon/orders", owner=text("carol"))["rows"]
    assert (first["status"], first["left_credits"], first["value"]) == ("partly_filled", "0.75", str(3 * THB // 4))
    assert ask(chain, "carbon/orders/1") == first
    assert [row["number"] for row in ask(chain, "carbon/orders", status="filled")["rows"]] == [2]
    [trade] = ask(chain, "carbon/trades", owner=text("mea"))["rows"]
    assert (trade["bid"], trade["offer"], trade["fee"]) == (2, 1, str(THB // 200))
    assert ask(chain, "carbon/trades/1") == trade
    assert ask(chain, "carbon/trades", owner=text("erc"))["rows"] == []


def test_parameters(chain: ServedChain) -> None:
    told = ask(chain, "carbon/params")
    assert told["rates"] == [{"source": "solar", "nano_per_wh": 500_000}]
    assert told["max_amount_nano"] == str(10**15)


@pytest.mark.parametrize("path", ["bundles/9", "bundles/9/lots", "carbon/orders/9", "carbon/trades/9"])
def test_what_is_not_there(chain: ServedChain, path: str) -> None:
    assert refused(chain, path)[0] == 404
