"""The call auction under load: prints one JSON object with the figures of gridnode._native.auction.

    python bench/auction.py [--orders N] [--zones N] [--seed N]

Half bids, half offers, energies 0.1 to 10 kWh, limits within 1.5 THB of about 4 THB/kWh, a line from every zone to every other with
capacities from nothing to 10 MWh, half of them with wheeling.

    kernel_ms        check, sort, solve and hand out, from columns; median of five
    kernel_tied_ms   the same with one limit for all orders, so that time decides everything
    kernel_wide_ms   the same with limits over all numbers that are allowed
    clear_ms         gridnode.modules.market.auction.clear from rows with names, the result as dicts included; median of five
    check_ms         gridnode.modules.market.certificate.check of that result
    large_net_ms     the kernel with 100,000 orders in 128 zones and 1,024 lines
    italy_ms         one hour of Italy's day-ahead market, about 775 orders in 7 zones, from rows; mean over 240 hours
"""

import argparse
import gzip
import json
import random
import statistics
import time
from array import array
from collections.abc import Callable
from pathlib import Path

from gridnode._native import auction as kernel
from gridnode.modules.market.auction import clear
from gridnode.modules.market.certificate import check
from gridnode.modules.market.clearing import LineRow, OrderRow

ITALY = Path(__file__).parents[1] / "tests" / "vectors" / "italy_2025-04_days_01-10.json.gz"
Columns = list["array[int]"]
Limit = Callable[[int], int]
"""Draws the limit of a side, 0 bid or 1 offer."""


def order_columns(chance: random.Random, orders: int, zones: int, limit: Limit) -> Columns:
    """Return the kernel's columns of random orders."""
    sides = [chance.randrange(2) for _ in range(orders)]
    return [
        array("q", (chance.randrange(zones) for _ in range(orders))),
        array("q", sides),
        array("q", (chance.randint(100, 10_000) for _ in range(orders))),
        array("q", map(limit, sides)),
    ]


def line_columns(chance: random.Random, zones: int, lines: int) -> Columns:
    """Return the kernel's columns of lines between random pairs of zones."""
    pairs = [(a, b) for a in range(zones) for b in range(zones) if a != b]
    rows = [
        (*pair, chance.choice((0, 10**5, 10**6, 10**7)), chance.choice((0, 0, 50_000, 100_000)))
        for pair in chance.sample(pairs, lines)
    ]
    return [array("q", column) for column in zip(*rows, strict=True)]


def median_ms(call: Callable[[], object], times: int = 5) -> float:
    """Return the median time of a call."""
    spent_ns = []
    for _ in range(times):
        before_ns = time.perf_counter_ns()
        call()
        spent_ns.append(time.perf_counter_ns() - before_ns)
    return round(statistics.median(spent_ns) / 1_000_000, 2)


def named(columns: Columns, lines: Columns) -> tuple[list[OrderRow], list[LineRow]]:
    """Return the columns as rows with names of zones."""
    orders = [
        (place, f"Z{zone}", "BS"[side], wh, price)
        for place, (zone, side, wh, price) in enumerate(zip(*columns, strict=True))
    ]
    return orders, [(f"Z{a}", f"Z{b}", atc_wh, of_line) for a, b, atc_wh, of_line in zip(*lines, strict=True)]


def loaded(chance: random.Random, orders: int, zones: int) -> dict[str, float]:
    """Measure books of many orders."""

    def usual(side: int) -> int:
        return 3_800_000 + 400_000 * side + chance.randint(-1_500_000, 1_500_000)

    lines = line_columns(chance, zones, zones * (zones - 1))
    columns = order_columns(chance, orders, zones, usual)
    tied = order_columns(chance, orders, zones, lambda _: 4_000_000)
    wide = order_columns(chance, orders, zones, lambda _: chance.randint(-(10**15), 10**15))
    net = line_columns(chance, 128, 1_024)
    over_net = order_columns(chance, 100_000, 128, usual)
    rows = named(columns, lines)
    clearing = clear(*rows)
    return {
        "kernel_ms": median_ms(lambda: kernel.clear(zones, *columns, *lines)),
        "kernel_tied_ms": median_ms(lambda: kernel.clear(zones, *tied, *lines)),
        "kernel_wide_ms": median_ms(lambda: kernel.clear(zones, *wide, *lines)),
        "clear_ms": median_ms(lambda: clear(*rows)),
        "check_ms": median_ms(lambda: check(*rows, clearing), 1),
        "large_net_ms": median_ms(lambda: kernel.clear(128, *over_net, *net)),
    }


def italy() -> dict[str, float]:
    """Measure the hours of Italy's day-ahead market."""
    with gzip.open(ITALY) as packed:
        hours = json.load(packed)
    books = [
        (
            [(place, *order) for place, order in enumerate(hour["orders"])],
            [(*line, 0) for line in hour["atc"]],
        )
        for hour in hours
    ]
    before_ns = time.perf_counter_ns()
    for book in books:
        clear(*book)
    return {"italy_ms": round((time.perf_counter_ns() - before_ns) / len(books) / 1_000_000, 3)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--zones", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    sizes = {"orders": options.orders, "zones": options.zones}
    print(json.dumps({**sizes, **loaded(chance, options.orders, options.zones), **italy()}))


if __name__ == "__main__":
    main()
