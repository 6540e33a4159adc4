"""Pages: the next cursor, filtered rows, the end; readable forms of amounts and prices."""

from __future__ import annotations

from typing import Any

import pytest

from gridnode.api.market_shapes import statistics
from gridnode.api.pages import page
from gridnode.api.problems import problem_of
from gridnode.api.shapes import money, price, source_names, thb
from gridnode.chain.receipt import ChainCode
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.queries import NO_TRADES
from gridnode.modules.market.tables import Statistics
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import Rejected


def numbers(found: list[int], limit: int, **options: Any) -> tuple[list[str], int | None]:
    """A page of numbers shown as text."""
    made = page(found, limit, lambda row: row, str, **options)
    return made["rows"], made["next"]


def test_a_full_page_has_a_next_and_a_short_one_is_the_end() -> None:
    assert numbers([1, 2, 3], 3) == (["1", "2", "3"], 3)
    assert numbers([1, 2], 3) == (["1", "2"], None)
    assert numbers([], 3) == ([], None)


def test_a_filtered_page_goes_on_behind_the_last_row_seen() -> None:
    assert numbers([1, 2, 3], 3, keep=lambda row: row == 1) == (["1"], 3)
    assert numbers([1, 2, 3], 3, keep=lambda row: row > 9) == ([], 3)
    assert numbers([1, 2], 3, keep=lambda row: row > 9) == ([], None)


def test_readable_forms() -> None:
    assert money(10**18, Denomination.GRID) == {"amount": str(10**18), "grid": "1"}
    assert money(2**128 - 1, Denomination.CO2)["co2"] == "340282366920938463463374607431.768211455"
    assert thb("fee", 1) == {"fee": "1", "fee_thb": "0.000000001"}
    assert price("limit", 2_636_900) == {"limit_micro": 2_636_900, "limit_thb_per_kwh": "2.6369"}
    assert source_names(0b100011) == ["grid", "solar", "geothermal"]


def test_statistics_without_trades_have_no_prices() -> None:
    told = statistics(NO_TRADES)
    assert told["vwap_micro"] is told["high_thb_per_kwh"] is None
    some = statistics(Statistics(2, 3, 10, 3, 4, 3, 3))
    assert (some["vwap_micro"], some["high_micro"], some["low_micro"], some["last_micro"]) == (3, 4, 3, 3)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (ChainCode.MALFORMED, 400),
        (ChainCode.BAD_SIGNATURE, 401),
        (ChainCode.FEE_UNPAID, 402),
        (ChainCode.DUPLICATE, 409),
        (ChainCode.SENDER_LIMIT, 429),
        (ChainCode.POOL_FULL, 503),
        (MarketCode.GATE_CLOSED, 400),
    ],
)
def test_refusals_have_a_status(code: Any, status: int) -> None:
    problem = problem_of(Rejected(code, "what was expected", "place"))
    assert problem.status == status
    assert problem.as_json() == {"code": code.name, "message": "what was expected", "field": "place"}
    assert problem_of(Rejected(code)).as_json() == {"code": code.name, "message": code.name.lower(), "field": None}
