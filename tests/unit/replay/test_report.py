"""The report: rows of a chain added up, and every promise that can be broken is noticed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio

from gridnode.replay.auctions import Auctions
from gridnode.replay.day import MTUS
from gridnode.replay.driver import Progress
from gridnode.replay.money import Money
from gridnode.replay.report import Books, Figures, broken_promises, make_report, percentiles, read_books
from tests.unit.replay.days import NOON, small

FIRST_MTU = 1_000
CAPACITY = {"EAST": 500, "NORTH": 500}
ORDERS = {
    1: {"number": 1, "side": "offer", "energy_wh": 300, "limit_micro": 2_000_000},
    2: {"number": 2, "side": "bid", "energy_wh": 250, "limit_micro": 3_000_000},
}
TRADE = {
    "number": 1,
    "energy_wh": 200,
    "price_micro": 2_500_000,
    "wheeling_micro": 500_000,
    "rent_micro": 0,
    "path": 0,
    "seller_zone": "EAST",
    "buyer_zone": "NORTH",
    "seller_order": 1,
    "buyer_order": 2,
}
SETTLED = {
    "point": "P-1",
    "generated_wh": 300,
    "consumed_wh": 50,
    "sales": "500",
    "purchases": "20",
    "imbalance": "100",
    "excess_wh": 50,
    "lack_wh": 0,
}
AUCTION = {
    "mtu": FIRST_MTU + NOON,
    "volume_wh": 120,
    "rent": "6000",
    "summary": {
        "zones": [
            {"name": "EAST", "price_micro": 2_400_000, "sold_wh": 120, "bought_wh": 20},
            {"name": "BUS"},
        ]
    },
}
SUMS = dict.fromkeys(
    ("sales", "wheeling", "rent", "fees", "excess_paid", "lack_paid", "lack_vat", "wheeling_vat", "unpaid"), "1000000000"
)
DAY = small().during(NOON, NOON + 1)


class Chain:
    """A validator's API over a few rows; both orders and one trade are in the quarter hour at noon."""

    def __init__(
        self,
        trades: list[dict[str, Any]],
        root: str = "aa",
        height: int = 2,
        auctions: tuple[dict[str, Any], ...] = (),
    ) -> None:
        self._trades = trades
        self._auctions = auctions
        self._root = root
        self._height = height

    async def pages(self, path: str, **parameters: Any) -> AsyncIterator[Any]:
        """Rows of orders, trades, settlements, auctions."""
        await trio.lowlevel.checkpoint()
        rows: dict[str, list[Any]] = {
            "energy/orders": list(ORDERS.values()),
            "energy/trades": self._trades,
            "energy/settlements": [SETTLED],
            "energy/auctions": list(self._auctions),
        }
        for row in rows[path] if parameters.get("mtu", FIRST_MTU + NOON) == FIRST_MTU + NOON else []:
            yield row

    async def status(self) -> dict[str, Any]:
        """Height."""
        return {"height": self._height}

    async def get(self, path: str, **parameters: Any) -> Any:
        """Everything else."""
        generated, consumed = DAY.generated_wh, DAY.consumed_wh
        if path.startswith("blocks/"):
            codes = (
                [(0, "OK"), (404, "NO_PRICE")] if path == "blocks/2" and self._root == "bad" else [(0, "OK")]
            )
            rows = [{"code": code, "code_name": name} for code, name in codes]
            return {"header": {"state_root": self._root}, "transactions": rows}
        if path == "tokens":
            grid = {"supply": str(generated * 10**15), "burned": "0"}
            return {"grid": grid, "thb": {"supply": "77"}, "co2": {"supply": "5"}}
        if path == "tariff":
            return {"retail_micro": 6_000_000, "feed_in_micro": 2_000_000}
        if path == "energy/congestion":
            return {"paid_in": str(sum(int(row["rent"]) for row in self._auctions))}
        assert path == "energy/stats"
        figures = {"generated_wh": generated, "consumed_wh": consumed, "settled_wh": 200, "imbalance_wh": 50}
        return figures | {"readings": len(DAY.meters), "settlement": SUMS}


def report_of(chain: Chain, *others: Chain, supply: int = 77) -> tuple[dict[str, Any], list[str]]:
    """The report on these validators, and what is broken."""
    remotes: Any = {f"V{number}": each for number, each in enumerate((chain, *others))}
    progress = Progress(finality_ms=[10.0, 30.0, 20.0])
    report, figures = trio.run(make_report, remotes, DAY, FIRST_MTU, CAPACITY, supply, progress, 1.23)
    return report, broken_promises(report, figures, DAY, CAPACITY)


def test_a_good_chain_keeps_every_promise() -> None:
    """Sums by quarter hour, flows with their sign, percentiles by rank."""
    report, broken = report_of(Chain([TRADE]), Chain([TRADE], height=3))
    assert broken == []
    assert (report["orders"], report["trades"], report["traded_wh"], report["height"]) == (2, 1, 200, 2)
    assert report["traded_wh_by_mtu"] == [200 if quarter == NOON else 0 for quarter in range(MTUS)]
    assert (report["line_flow_wh"]["EAST"][NOON], report["line_flow_wh"]["NORTH"][NOON]) == (200, -200)
    assert report["line_full_mtus"] == {"EAST": 0, "NORTH": 0}
    assert report["minted_grid"] == "0.34"
    assert report["finality_ms"] == {"p50": 20.0, "p99": 30.0}
    assert (report["transactions"], report["rejected"], report["seconds"]) == (2, {}, 1.2)


def test_auctions_and_their_rent_are_told_by_quarter_hour_and_zone() -> None:
    """Hubs have no figures; a trade of a path is the auction's."""
    report, broken = report_of(Chain([TRADE | {"path": 1, "energy_wh": 120}], auctions=(AUCTION,)))
    assert broken == []
    auctions = report["auctions"]
    assert (auctions["held"], auctions["volume_wh"], auctions["rent"]) == (1, 120, "6000")
    assert auctions["price_micro_by_zone"]["EAST"][NOON] == 2_400_000
    assert auctions["price_micro_by_zone"]["NORTH"][NOON] is None
    assert auctions["bought_wh_by_zone"]["EAST"][NOON] == 20
    _, broken = report_of(Chain([TRADE], auctions=(AUCTION,)))
    assert broken == [f"quarter hour {NOON}: auctions accepted 120 Wh, their trades are of 0 Wh"]


def test_savings_are_what_trading_brought_beyond_the_tariff() -> None:
    """Net 250 Wh fed in would have earned 250 x 2; it earned 500 - 20 from trades and 100 for excess, in 1e-9 THB x 10^6."""
    report, _ = report_of(Chain([TRADE]))
    saved = report["savings"]
    assert (saved["participants"], saved["better_off"], saved["worse_off"]) == (1, 0, 1)
    assert saved["by_point"]["P-1"] == {
        "at_tariff_thb": "0.5",
        "traded_thb": "0.00000048",
        "imbalance_thb": "0.0000001",
        "saved_thb": "-0.49999942",
    }
    assert report["excess_wh_by_mtu"][NOON] == 50
    assert report["paid"]["lack_vat_thb"] == "1"


def test_a_full_line_is_counted_and_a_fuller_one_is_broken() -> None:
    """To the Wh."""
    for energy, full, broken_lines in ((200, 1, 0), (201, 0, 2)):
        chain = Chain([TRADE | {"energy_wh": energy}])
        remotes: Any = {"V0": chain}
        capacity = {"EAST": 200, "NORTH": 200}
        report, figures = trio.run(make_report, remotes, DAY, FIRST_MTU, capacity, 77, Progress(), 1.0)
        assert report["line_full_mtus"] == {"EAST": full, "NORTH": full}
        assert (
            sum(line.startswith("line ") for line in broken_promises(report, figures, DAY, capacity))
            == broken_lines
        )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"price_micro": 1_999_999}, "outside a limit"),
        ({"wheeling_micro": 500_001}, "outside a limit"),
        ({"energy_wh": 251}, "251 Wh traded of 250 Wh"),
    ],
)
def test_a_trade_that_must_not_be(changes: dict[str, int], words: str) -> None:
    """Below the seller's limit, above the buyer's, more than was bid for."""
    _, broken = report_of(Chain([TRADE | changes]))
    assert [words in line for line in broken] == [True]


def test_whatever_else_is_broken_is_named() -> None:
    """Money, energy, rejections, roots."""
    _, broken = report_of(Chain([TRADE]), supply=78)
    assert broken == ["thb_supply_end: expected 78, got 77"]
    _, broken = report_of(Chain([TRADE]), Chain([TRADE], root="bb"))
    assert [line.startswith("state roots differ at height 2") for line in broken] == [True]
    _, broken = report_of(Chain([TRADE], root="bad"))
    assert broken == ["rejected: expected {}, got {'NO_PRICE': 1}"]
    report, _ = report_of(Chain([TRADE]))
    for name in ("generated_wh", "consumed_wh", "readings", "minted_grid"):
        wrong = broken_promises(report | {name: "1"}, Figures(Books(), Auctions(), Money()), DAY, CAPACITY)
        assert [line.startswith(f"{name}: expected") for line in wrong] == [True]


def test_prices_are_means_by_volume() -> None:
    """Rounded down; none where nothing was traded."""
    chain: Any = Chain([TRADE | {"energy_wh": 2}, TRADE | {"energy_wh": 1, "price_micro": 2_500_001}])
    books = trio.run(read_books, chain, DAY, FIRST_MTU)
    assert books.price_micro()[NOON] == 2_500_000
    assert books.price_micro()[NOON + 1] is None


def test_percentiles() -> None:
    """Nearest rank; zero of nothing."""
    assert percentiles([]) == {"p50": 0, "p99": 0}
    assert percentiles([5.0]) == {"p50": 5.0, "p99": 5.0}
    assert percentiles([float(value) for value in range(100)]) == {"p50": 50.0, "p99": 99.0}
