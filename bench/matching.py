"""The order books under load: prints one JSON object with the figures of gridnode._native.book.

    python bench/matching.py [--orders N] [--resting N] [--seed N]

A mixture like a day of trading: 96 periods, 6 zones on a star, 4 sources, limits about 4 THB/kWh, six of ten
orders priced to meet the other side (fewer find the source they want still there).

    orders_per_second        place_many, 5,000 rows a call, the check of the rows included
    fills_per_order          trades by orders placed
    orders_that_met          share of the orders that traded on arrival
    resting_after            orders left in the books at the end of that run
    resting                  orders in the books during all that follows
    bytes_per_resting_order  memory of order and id lookup, idle room included, by resting orders
    place_calls_per_second   single calls of place from Python
    place, cancel, crossed   median and 99th percentile of one call from Python, nanoseconds
"""

import argparse
import json
import random
import time
from array import array
from collections.abc import Callable

from gridnode._native.book import Books

ZONES = 6
SOURCES = 4
PERIODS = 96
ATC_WH = 10**12
PLENTY = 10**9
CHUNK = 5_000
EAGER_PPM = 600_000


def star() -> Books:
    """Return books over a star of zones, line z from zone z to the common bus, with every period open."""
    paths = [[() if a == b else ((a, 1), (b, -1)) for b in range(ZONES)] for a in range(ZONES)]
    books = Books(ZONES, ZONES, paths)
    band = books.add_band([[0 if a == b else 50_000 for b in range(ZONES)] for a in range(ZONES)])
    for period in range(PERIODS):
        books.open_period(period, band, [ATC_WH] * ZONES, [ATC_WH] * ZONES)
    return books


def columns(chance: random.Random, orders: int, first_id: int, crossing_ppm: int) -> list[array]:
    """Return the columns of place_many; crossing_ppm of the orders are priced to meet the other side."""
    rows = [array("q") for _ in range(7)]
    for order_id in range(first_id, first_id + orders):
        side = chance.randrange(2)
        mask = 1 << chance.randrange(SOURCES) if side else chance.choice((15, 15, 15, 3, 5, 8))
        eager = chance.randrange(1_000_000) < crossing_ppm
        # Patient bids lie below 4.00 and patient offers above; eager ones reach well into the other side.
        away = -chance.randrange(1_000_000, 1_800_000) if eager else chance.randrange(1_800_000)
        price = 4_000_000 + (away if side else -away)
        row = (
            chance.randrange(PERIODS),
            order_id,
            side,
            chance.randrange(ZONES),
            mask,
            price,
            chance.randrange(50, 2_000),
        )
        for column, value in zip(rows, row, strict=True):
            column.append(value)
    return rows


def part(rows: list[array], start: int, end: int) -> list[array]:
    """Return some rows of the columns."""
    return [column[start:end] for column in rows]


def throughput(chance: random.Random, orders: int) -> dict[str, float]:
    """Measure place_many over chunks of a block's size, starting from books that hold a day's resting orders."""
    books = star()
    books.place_many(*columns(chance, 50_000, 1, 0), PLENTY)
    rows = columns(chance, orders, 50_001, EAGER_PPM)
    fills = met = 0
    spent_ns = 0
    for start in range(0, orders, CHUNK):
        chunk = part(rows, start, start + CHUNK)
        before_ns = time.perf_counter_ns()
        found, _, _ = books.place_many(*chunk, PLENTY)
        spent_ns += time.perf_counter_ns() - before_ns
        fills += len(found) // 5
        met += len(set(found[4::5].tolist()))
    return {
        "orders_per_second": round(orders * 1_000_000_000 / spent_ns),
        "fills_per_order": round(fills / orders, 3),
        "orders_that_met": round(met / orders, 3),
        "resting_after": len(books),
    }


def percentiles(spent_ns: list[int], name: str) -> dict[str, int]:
    """Return median and 99th percentile under `name`."""
    spent_ns.sort()
    return {
        f"{name}_p50_ns": spent_ns[len(spent_ns) // 2],
        f"{name}_p99_ns": spent_ns[len(spent_ns) * 99 // 100],
    }


def timed(call: Callable[..., object], arguments: list[tuple[int, ...]]) -> list[int]:
    """Return the nanoseconds of each call from Python, the two readings of the clock included."""
    spent_ns = []
    for row in arguments:
        before_ns = time.perf_counter_ns()
        call(*row)
        spent_ns.append(time.perf_counter_ns() - before_ns)
    return spent_ns


def loaded(chance: random.Random, resting: int) -> dict[str, float]:
    """Measure single calls from Python in books that hold `resting` orders."""
    books = star()
    books.place_many(*columns(chance, resting, 1, 0), PLENTY)
    held = len(books)
    bytes_each = books.memory_bytes() / held
    rows = columns(chance, 200_000, resting + 1, EAGER_PPM)
    places = timed(books.place, [(*row, PLENTY) for row in zip(*rows, strict=True)])
    cancels = timed(books.cancel, [(chance.randrange(1, resting),) for _ in range(100_000)])
    checks = timed(books.crossed, [(period,) for period in range(PERIODS)] * 10)
    return {
        "resting": held,
        "bytes_per_resting_order": round(bytes_each, 1),
        "place_calls_per_second": round(len(places) * 1_000_000_000 / sum(places)),
        **percentiles(places, "place"),
        **percentiles(cancels, "cancel"),
        **percentiles(checks, "crossed"),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--resting", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    print(json.dumps({**throughput(chance, options.orders), **loaded(chance, options.resting)}))


if __name__ == "__main__":
    main()
