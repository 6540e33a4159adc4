"""Checks a clearing without clearing: that it is the one the rules of `auction` give, and if not, where it fails.

No solver and no kernel. Prices and volumes that fit together prove each other optimal (complementary slackness), which takes one
pass over orders and lines. That no other clearing of the same welfare comes first by the rules of choice takes a few searches in the
net of zones: one could only be reached from this one by moving energy around a loop of marginal orders and lines.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gridnode.modules.market.clearing import BID, OFFER, Clearing, LineRow, OrderRow, expect_rows, zones_of
from gridnode.modules.market.price_range import middle_prices

Node = tuple[str, str]
"""(zone, "") or, for the marginal orders of a side in all zones together, (POOL, side)."""
Arcs = list[tuple[Node, Node]]
"""Ways on which a Wh could move without loss or gain of welfare."""

POOL = "pool"
OFFERS: Node = (POOL, OFFER)
BIDS: Node = (POOL, BID)


def check(orders: Sequence[OrderRow], lines: Sequence[LineRow], clearing: Clearing) -> list[str]:
    """Return what is wrong with a clearing, nothing when it is the clearing of these orders over these lines.

    ValueError when the orders or lines themselves are out of bounds.
    """
    expect_rows(orders, lines)
    return (
        list(_misshapen(orders, lines, clearing))
        or [*_unbalanced(orders, lines, clearing), *_not_worth_it(orders, lines, clearing)]
        or [*_chosen_otherwise(orders, lines, clearing), *_routed_otherwise(lines, clearing)]
        or list(_priced_otherwise(orders, lines, clearing))
    )


def _misshapen(orders: Sequence[OrderRow], lines: Sequence[LineRow], clearing: Clearing) -> Iterator[str]:
    """What is missing, unknown or beyond its bound."""
    energy_wh = {order[0]: order[3] for order in orders}
    for name, wh in clearing.accepted.items():
        if name not in energy_wh:
            yield f"order {name} is accepted and was not given"
        elif not 1 <= wh <= energy_wh[name]:
            yield f"order {name} is accepted with {wh} of {energy_wh[name]} Wh"
    if sorted(clearing.prices) != sorted(zones_of(orders, lines)):
        yield "the prices are not those of the zones"
    if sorted(clearing.flows) != sorted((line[0], line[1]) for line in lines):
        yield "the flows are not those of the lines"
        return
    for source, target, atc_wh, _ in lines:
        if not 0 <= clearing.flows[source, target] <= atc_wh:
            yield f"line {source} to {target} carries {clearing.flows[source, target]} of {atc_wh} Wh"


def _unbalanced(orders: Sequence[OrderRow], lines: Sequence[LineRow], clearing: Clearing) -> Iterator[str]:
    """Zones whose sales are not their purchases and what they send out."""
    left = dict.fromkeys(clearing.prices, 0)
    for name, zone, side, _, _ in orders:
        wh = clearing.accepted[name]
        left[zone] += wh if side == OFFER else -wh
    for source, target, _, _ in lines:
        left[source] -= clearing.flows[source, target]
        left[target] += clearing.flows[source, target]
    for zone, wh in left.items():
        if wh:
            yield f"zone {zone} has {wh} Wh more than it uses"


def _not_worth_it(orders: Sequence[OrderRow], lines: Sequence[LineRow], clearing: Clearing) -> Iterator[str]:
    """Orders and lines that would rather do something else at these prices."""
    for name, zone, side, energy_wh, price in orders:
        wh = clearing.accepted[name]
        gain = price - clearing.prices[zone] if side == BID else clearing.prices[zone] - price
        if gain > 0 and wh < energy_wh:
            yield f"order {name} gains {gain} and is not filled"
        if gain < 0 and wh > 0:
            yield f"order {name} loses {-gain} and is accepted"
    for line in lines:
        gain, flow = _gain(line, clearing), clearing.flows[line[0], line[1]]
        if gain > 0 and flow < line[2]:
            yield f"line {line[0]} to {line[1]} gains {gain} and is not full"
        if gain < 0 and flow > 0:
            yield f"line {line[0]} to {line[1]} loses {-gain} and is used"


def _gain(line: LineRow, clearing: Clearing) -> int:
    """Return by how much more than the wheeling the far end of a line is dearer."""
    source, target, _, wheeling = line
    return clearing.prices[target] - clearing.prices[source] - wheeling


@dataclass
class _Margin:
    """The orders of one side in one zone whose limit is the price, by place in the sequence."""

    first_open: int | None = None
    last_used: int | None = None


def _margins(orders: Sequence[OrderRow], clearing: Clearing) -> dict[tuple[str, str], _Margin]:
    """Return for each zone and side the first marginal order that wants more and the last one that got something."""
    margins = {(zone, side): _Margin() for zone in clearing.prices for side in (BID, OFFER)}
    for place, (name, zone, side, energy_wh, price) in enumerate(orders):
        if price == clearing.prices[zone]:
            margin, wh = margins[zone, side], clearing.accepted[name]
            if wh < energy_wh and margin.first_open is None:
                margin.first_open = place
            if wh > 0:
                margin.last_used = place
    return margins


def _chosen_otherwise(
    orders: Sequence[OrderRow], lines: Sequence[LineRow], clearing: Clearing
) -> Iterator[str]:
    """More volume at equal welfare, or an order that could be filled at the cost of later ones."""
    margins = _margins(orders, clearing)
    arcs = [((line[0], ""), (line[1], "")) for line in _forward(lines, clearing)]
    arcs += [((line[1], ""), (line[0], "")) for line in _backward(lines, clearing)]
    if BIDS in _reached(OFFERS, _with_pools(arcs, margins, -1)):
        yield "more could be traded at the same welfare"
        return
    for (zone, side), margin in margins.items():
        if margin.first_open is not None:
            start, end = ((zone, ""), OFFERS) if side == OFFER else (BIDS, (zone, ""))
            if end in _reached(start, _with_pools(arcs, margins, margin.first_open)):
                yield f"order {orders[margin.first_open][0]} could be filled further at the cost of later ones"


def _forward(lines: Sequence[LineRow], clearing: Clearing) -> list[LineRow]:
    """Return the lines that break even and could carry more."""
    even = [line for line in lines if _gain(line, clearing) == 0]
    return [line for line in even if clearing.flows[line[0], line[1]] < line[2]]


def _backward(lines: Sequence[LineRow], clearing: Clearing) -> list[LineRow]:
    """Return the lines that break even and could carry less."""
    even = [line for line in lines if _gain(line, clearing) == 0]
    return [line for line in even if clearing.flows[line[0], line[1]] > 0]


def _with_pools(arcs: Arcs, margins: dict[tuple[str, str], _Margin], after: int) -> Arcs:
    """Return the arcs with those from and to the pools of offers and bids: filling more, or less of orders `after` a place."""
    found = list(arcs)
    for (zone, side), margin in margins.items():
        node = (zone, "")
        more, less = ((OFFERS, node), (node, OFFERS)) if side == OFFER else ((node, BIDS), (BIDS, node))
        if margin.first_open is not None:
            found.append(more)
        if margin.last_used is not None and margin.last_used > after:
            found.append(less)
    return found


def _reached(start: Node, arcs: Arcs) -> set[Node]:
    """Return the nodes that arcs lead to from `start`, itself included."""
    reached, waiting = {start}, [start]
    leaving: dict[Node, list[Node]] = {}
    for source, target in arcs:
        leaving.setdefault(source, []).append(target)
    while waiting:
        for target in leaving.get(waiting.pop(), []):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached


def _routed_otherwise(lines: Sequence[LineRow], clearing: Clearing) -> Iterator[str]:
    """A loop of lines on which energy could be moved for fewer hops, or as many over earlier lines."""
    # A hop counts more than all bits of lines together; of two lines the earlier counts more than all later ones.
    hop = 1 << 2 * len(lines)
    cost = {(line[0], line[1]): hop - (hop >> 2 * at + 2) for at, line in enumerate(lines)}
    arcs = [(line[0], line[1], cost[line[0], line[1]]) for line in _forward(lines, clearing)]
    arcs += [(line[1], line[0], -cost[line[0], line[1]]) for line in _backward(lines, clearing)]
    least = dict.fromkeys(clearing.prices, 0)
    for _ in range(len(least) + 1):
        moved = False
        for source, target, of_arc in arcs:
            if least[source] + of_arc < least[target]:
                least[target], moved = least[source] + of_arc, True
        if not moved:
            return
    yield "energy could take fewer hops, or earlier lines"


def _priced_otherwise(
    orders: Sequence[OrderRow], lines: Sequence[LineRow], clearing: Clearing
) -> Iterator[str]:
    """Zones whose price is not the middle of its interval."""
    for zone, price in middle_prices(orders, lines, clearing.accepted, clearing.flows).items():
        if clearing.prices[zone] != price:
            yield f"the price of {zone} is {clearing.prices[zone]}, the middle of its interval is {price}"
