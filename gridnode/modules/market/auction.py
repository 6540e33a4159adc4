"""The call auction: all orders of one delivery period at once, one price for each zone.

Orders are whole numbers: energy in Wh, limits in any one unit per Wh or kWh, which may be negative. A line is one direction: from a
zone to a zone, with its capacity and a wheeling charge per unit of energy, 0 or more. Any net will do, with rings and zones without
orders. Nothing is rounded but the middle of a price interval.

Which orders are accepted and what flows: of all clearings in which energy in equals energy out in every zone, each order is
accepted between nothing and its energy, and each line carries between nothing and its capacity, the one that comes first by

1. welfare: value of accepted bids, less cost of accepted offers, less wheeling of flows;
2. volume: accepted energy;
3. time: the first order of the sequence is accepted as far as it can, then the second, and so on, across zones too;
4. hops: the sum of all flows is least, so nothing runs in circles or in both directions of a line at once;
5. lines: the first line of the sequence carries as much as it can, then the second, and so on.

These leave exactly one clearing. It follows from 1 and 3 that orders fill by price, then time, in each zone.

Prices: those that support the clearing. Every filled order is at or inside its limit and every unfilled one at or outside; the far
end of a line with room left is dearer by at most its wheeling, that of a used line by at least its wheeling, so what a full line
earns beyond wheeling is congestion rent. Where such prices are not unique,

6. a zone gets the middle between the lowest and the highest price it can have in any of them, rounded down (to the
   lower price, below zero too), so zones joined by a line without wheeling that is used and not full get the same price;
7. where one side is open, because nobody there buys or sells, the lowest or highest limit of all orders in zones that lines with
   capacity connect closes it: a lone offer at 30 makes a price of 30. Without any such order the price is 0.

`certificate.check` proves a clearing by these rules without clearing, `auction_reference` clears naively; the kernel's way
stands in `gridnode._native` (descent, selection, spread).
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import itemgetter

from gridnode._native import auction as kernel
from gridnode.modules.market.clearing import BID, OFFER, Clearing, LineRow, OrderRow, expect_net, zones_of

SIDES = {BID: 0, OFFER: 1}
"""How the kernel writes a side."""
UNKNOWN = -1
"""A side that the kernel refuses, by row."""


def clear(orders: Sequence[OrderRow], lines: Sequence[LineRow]) -> Clearing:
    """Clear a call auction.

    Raises ValueError when a row is out of bounds, an id or a pair of zones comes twice, or the net is too large.
    """
    zones = {zone: number for number, zone in enumerate(zones_of(orders, lines))}
    ids = list(map(itemgetter(0), orders))
    expect_net(ids, len(zones), lines)
    accepted, prices, flows = kernel.clear(
        len(zones),
        _column(map(zones.__getitem__, map(itemgetter(1), orders))),
        _column(SIDES.get(side, UNKNOWN) for side in map(itemgetter(2), orders)),
        _column(map(itemgetter(3), orders)),
        _column(map(itemgetter(4), orders)),
        _column(zones[line[0]] for line in lines),
        _column(zones[line[1]] for line in lines),
        _column(line[2] for line in lines),
        _column(line[3] for line in lines),
    )
    return Clearing(
        Counter({name: wh for name, wh in zip(ids, accepted, strict=True) if wh}),
        dict(zip(zones, prices, strict=True)),
        {(line[0], line[1]): wh for line, wh in zip(lines, flows, strict=True)},
    )


def _column(values: Iterable[int]) -> "array[int]":
    """Return the numbers as a column for the kernel; ValueError when one is too large for it."""
    try:
        return array("q", values)
    except OverflowError as too_large:
        raise ValueError("expected numbers of at most 63 bits") from too_large
