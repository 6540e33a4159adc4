"""What goes into a call auction and what comes out: rows of orders and lines, and the clearing.

Nothing here clears: `auction` does, `auction_reference` does it slowly, `certificate` checks what either found. The rules stand
in `auction`.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import TypeAlias

from gridnode.primitives.limits import MAX_AUCTION_LINES, MAX_AUCTION_NUMBER, MAX_AUCTION_WH, MAX_GRID_NODES

BID = "B"
OFFER = "S"

OrderRow: TypeAlias = tuple[Hashable, str, str, int, int]
"""(id, zone, side "B" or "S", energy_wh, price); its place in the sequence is its priority in time."""
LineRow: TypeAlias = tuple[str, str, int, int]
"""(from_zone, to_zone, atc_wh, wheeling): one direction of a line; earlier lines are filled first where flows are free."""


@dataclass(frozen=True, slots=True)
class Clearing:
    """The outcome of a call auction; energy in Wh, prices in the unit of the orders' limits."""

    accepted: Counter[Hashable]
    """Accepted energy of each order that got any, Wh by order id, in the order of the sequence; any other id reads 0."""
    prices: dict[str, int]
    """One price for each zone that a line or an order names, in that order."""
    flows: dict[tuple[str, str], int]
    """Flow of each line in its direction, Wh, zero included, in the order of the lines."""


def zones_of(orders: Sequence[OrderRow], lines: Sequence[LineRow]) -> list[str]:
    """Return the zones that lines and then orders name, each once, in the order of first appearance."""
    ends = [zone for line in lines for zone in (line[0], line[1])]
    return list(dict.fromkeys(chain(ends, map(itemgetter(1), orders))))


def expect(holds: bool, what: str) -> None:
    """Raise ValueError with what was expected unless it holds."""
    if not holds:
        raise ValueError(f"expected {what}")


def expect_rows(orders: Sequence[OrderRow], lines: Sequence[LineRow]) -> None:
    """Raise ValueError unless all rows are in bounds, ids and pairs of zones differ, and sums stay in 63 bits."""
    for at, (_, _, side, energy_wh, price) in enumerate(orders):
        expect(side in (BID, OFFER), f"side B or S in order {at}")
        expect(1 <= energy_wh <= MAX_AUCTION_NUMBER, f"energy 1 to {MAX_AUCTION_NUMBER} Wh in order {at}")
        expect(
            abs(price) <= MAX_AUCTION_NUMBER, f"a price up to {MAX_AUCTION_NUMBER} either way in order {at}"
        )
    for at, (source, target, atc_wh, wheeling) in enumerate(lines):
        expect(source != target, f"two zones in line {at}")
        expect(0 <= atc_wh <= MAX_AUCTION_NUMBER, f"capacity 0 to {MAX_AUCTION_NUMBER} Wh in line {at}")
        expect(0 <= wheeling <= MAX_AUCTION_NUMBER, f"wheeling 0 to {MAX_AUCTION_NUMBER} in line {at}")
    expect_net([order[0] for order in orders], len(zones_of(orders, lines)), lines)
    expect(sum(order[3] for order in orders) <= MAX_AUCTION_WH, f"at most {MAX_AUCTION_WH} Wh in all orders")


def expect_net(ids: Sequence[Hashable], zones: int, lines: Sequence[LineRow]) -> None:
    """Raise ValueError unless ids and pairs of zones differ and the net is not too large."""
    expect(len(set(ids)) == len(ids), "a different id for each order")
    expect(len({(line[0], line[1]) for line in lines}) == len(lines), "each pair of zones in one line")
    expect(len(lines) <= MAX_AUCTION_LINES, f"at most {MAX_AUCTION_LINES} lines")
    expect(zones <= MAX_GRID_NODES, f"at most {MAX_GRID_NODES} zones")
