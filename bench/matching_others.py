"""The order books beside two others from PyPI, one stream of orders in one process: prints one JSON object.

    python bench/matching_others.py [--orders N] [--seed N]        needs: pip install -e .[bench]

One delivery period, one zone, any source, no adders: plain price-time priority, which all three do. Whole prices, bids 3.70 to
4.20 and offers 3.80 to 4.30 in steps of 0.01, so that the book has some depth and most orders still meet. The fills of the three
are compared one by one before anything is printed: taker, resting order, energy and price. Three rounds in turn, of which the best
counts, in time of the processor, so that a busy machine disturbs little.

    orders, fills, resting_after    the stream and what becomes of it, the same for all three
    kernel_rows_per_second          gridnode: place_many, 5,000 rows a call
    kernel_calls_per_second         gridnode: place, one call from Python an order
    lightmatchingengine_per_second  add_order, one call an order
    order_matching_per_second       place and match, one order each; its log is off and its objects are made before the clock starts

What the others do not do. Neither knows zones, lines and capacities, adders, sources, a choice of counterparty, a budget of work
that interrupts and goes on, undo of a failed transaction, or restoring a book from rows; both count in whatever numbers they are
given, unchecked, where the kernel takes whole numbers within bounds.
lightmatchingengine: the best price is the least of all prices of a side, searched for each fill; a price of 0 is a market order;
no immediate-or-cancel; no priority but arrival.
order-matching: an id is searched through the whole book for every order, so it slows down as the book grows; every limit is rounded
to a number of digits; ids of trades are random, so two runs differ; it has market orders and expiry, which the kernel leaves to the
rules above it.
"""

import argparse
import json
import random
import time
from array import array
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from gridnode._native.book import Books

try:
    from lightmatchingengine.lightmatchingengine import LightMatchingEngine
    from loguru import logger
    from order_matching.enums import Side
    from order_matching.matching_engine import MatchingEngine
    from order_matching.order import LimitOrder
    from order_matching.orders import Orders
except ImportError as missing:
    raise SystemExit(f"{missing}; this comparison needs both: pip install -e .[bench]") from missing

PLENTY = 10**9
CHUNK = 5_000
ROUNDS = 3
PERIOD = 1


class Row(NamedTuple):
    """An order of the stream; its place in it is its id."""

    order_id: int
    side: int  # 0 bid, 1 offer
    price: int  # hundredths of a baht per kWh
    energy_wh: int


Fill = tuple[int, int, int, int]  # taker, resting order, energy, price
Run = Callable[[list[Row]], tuple[int, list[Fill]]]
"""Feeds the stream to an engine; returns nanoseconds of the processor and the fills."""


def stream(chance: random.Random, orders: int) -> list[Row]:
    """Return the orders."""
    rows = []
    for order_id in range(1, orders + 1):
        side = chance.randrange(2)
        price = chance.randrange(380, 431) if side else chance.randrange(370, 421)
        rows.append(Row(order_id, side, price, chance.randrange(50, 2_000)))
    return rows


def empty() -> Books:
    """Return the kernel's books of one zone."""
    books = Books(1, 0, [[()]])
    books.open_period(PERIOD, books.add_band([[0]]), [], [])
    return books


def kernel_rows(rows: list[Row]) -> tuple[int, list[Fill]]:
    """The kernel, a chunk of rows a call."""
    books = empty()
    chunks = []
    for start in range(0, len(rows), CHUNK):
        full = [(PERIOD, row.order_id, row.side, 0, 1, row.price, row.energy_wh) for row in rows[start : start + CHUNK]]
        chunks.append([array("q", column) for column in zip(*full, strict=True)])
    before_ns = time.process_time_ns()
    found = [books.place_many(*chunk, PLENTY)[0] for chunk in chunks]
    spent_ns = time.process_time_ns() - before_ns
    numbers = [number for fills in found for number in fills.tolist()]
    return spent_ns, [(taker, *rest) for *rest, taker in fills_of(numbers)]


def fills_of(numbers: list[int]) -> list[tuple[int, int, int, int]]:
    """Return (resting order, energy, price, taker) of each five numbers of the kernel."""
    return list(zip(numbers[0::5], numbers[1::5], numbers[2::5], numbers[4::5], strict=True))


def kernel_calls(rows: list[Row]) -> tuple[int, list[Fill]]:
    """The kernel, a call an order."""
    books = empty()
    place = books.place
    found = []
    before_ns = time.process_time_ns()
    for row in rows:
        found.append(place(PERIOD, row.order_id, row.side, 0, 1, row.price, row.energy_wh, PLENTY)[0])
    spent_ns = time.process_time_ns() - before_ns
    return spent_ns, [(taker, resting, wh, price) for fills in found for resting, wh, price, _, taker in fills]


def light(rows: list[Row]) -> tuple[int, list[Fill]]:
    """lightmatchingengine; of its trades those of the resting orders, which come after one of the taker for each price."""
    engine = LightMatchingEngine()
    add = engine.add_order
    found = []
    before_ns = time.process_time_ns()
    for row in rows:
        found.append(add("energy", row.price, row.energy_wh, row.side + 1))
    spent_ns = time.process_time_ns() - before_ns
    return spent_ns, [
        (order.order_id, trade.order_id, trade.trade_qty, trade.trade_price)
        for order, trades in found
        for trade in trades
        if trade.order_id != order.order_id
    ]


def ordered(rows: list[Row]) -> tuple[int, list[Fill]]:
    """order-matching, matched after each order, a millisecond apart."""
    logger.disable("order_matching")
    engine = MatchingEngine(seed=1)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    orders = [
        LimitOrder(
            side=Side.SELL if row.side else Side.BUY,
            price=row.price,
            size=row.energy_wh,
            timestamp=start + timedelta(milliseconds=row.order_id),
            expiration=datetime.max.replace(tzinfo=UTC),
            order_id=str(row.order_id),
            trader_id="",
        )
        for row in rows
    ]
    found = []
    before_ns = time.process_time_ns()
    for order in orders:
        engine.place(Orders([order]))
        found.append(engine.match(order.timestamp))
    spent_ns = time.process_time_ns() - before_ns
    return spent_ns, [
        (int(trade.incoming_order_id), int(trade.book_order_id), int(trade.size), int(trade.price))
        for executed in found
        for trade in executed.trades
    ]


ENGINES: dict[str, Run] = {
    "kernel_rows": kernel_rows,
    "kernel_calls": kernel_calls,
    "lightmatchingengine": light,
    "order_matching": ordered,
}


def left_over(rows: list[Row], fills: list[Fill]) -> int:
    """Return how many orders still rest after the fills."""
    left = {row.order_id: row.energy_wh for row in rows}
    for taker, resting, energy_wh, _ in fills:
        left[taker] -= energy_wh
        left[resting] -= energy_wh
    return sum(1 for energy_wh in left.values() if energy_wh)


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows = stream(random.Random(options.seed), options.orders)
    best_ns: dict[str, int] = {}
    _, expected = kernel_calls(rows)
    for name, run in list(ENGINES.items()) * ROUNDS:
        spent_ns, fills = run(rows)
        if fills != expected:
            raise SystemExit(f"{name} has other fills than the kernel")
        best_ns[name] = min(spent_ns, best_ns.get(name, spent_ns))
    figures = {f"{name}_per_second": round(len(rows) * 1_000_000_000 / spent_ns) for name, spent_ns in best_ns.items()}
    about = {"orders": len(rows), "fills": len(expected), "resting_after": left_over(rows, expected)}
    print(json.dumps(about | figures))


if __name__ == "__main__":
    main()
