"""The call auction."""

from array import array
from collections import Counter
from collections.abc import Sequence

from gridnode._native import auction as kernel
from gridnode.modules.market.clearing import BID, OFFER, Clearing, LineRow, OrderRow, expect_counts, zones_of

SIDES = {BID: 0, OFFER: 1}
UNKNOWN = -1


def clear(orders: Sequence[OrderRow], lines: Sequence[LineRow]) -> Clearing:
    """Clear a call auction; ValueError names the first row that is out of bounds."""
    expect_counts(orders, lines)
    zones = {zone: index for index, zone in enumerate(zones_of(orders, lines))}
    accepted, prices, flows = kernel.clear(
        len(zones),
        _column([zones[order[1]] for order in orders]),
        _column([SIDES.get(order[2], UNKNOWN) for order in orders]),
        _column([order[3] for order in orders]),
        _column([order[4] for order in orders]),
        _column([zones[line[0]] for line in lines]),
        _column([zones[line[1]] for line in lines]),
        _column([line[2] for line in lines]),
        _column([line[3] for line in lines]),
    )
    return Clearing(
        Counter({order[0]: wh for order, wh in zip(orders, accepted, strict=True) if wh}),
        dict(zip(zones, prices, strict=True)),
        {(line[0], line[1]): wh for line, wh in zip(lines, flows, strict=True)},
    )


def _column(values: list[int]) -> "array[int]":
    """Return the numbers as a column for the kernel; ValueError when one is too large for it."""
    try:
        return array("q", values)
    except OverflowError as too_large:
        raise ValueError("expected numbers of at most 63 bits") from too_large
