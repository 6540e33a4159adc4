"""The naive call auction: the rules of `gridnode.modules.market.auction`, written to be read rather than to be fast.

One greedy loop. Each step trades the best offer and the best bid over the best way that is left between them, where a way may
also undo a flow that an earlier step put on a line, until nothing is gained. What "best" means is one number: all rules of
selection in their order of precedence, as digits of one long integer. Among numbers a step adds up, a digit never carries
into the next, so the greatest sum is the first by the first rule, then by the second, and so on. Taking the best step each
time leaves no better whole (successive shortest paths; Ahuja, Magnanti, Orlin, Network Flows, section 9.7).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gridnode.modules.market.clearing import BID, OFFER, Clearing, LineRow, OrderRow, expect_rows, zones_of
from gridnode.modules.market.price_range import middle_prices

DIGIT_BITS = 2  # -1, 0 or 1, and room for the sum of all lower digits
HOPS_BITS = (
    10  # the number of lines of the longest way, either sign, and room for the sum of all lower digits
)


class Arc(NamedTuple):
    """One direction of use of a line: forward, or backward against a flow it has."""

    source: str
    """Zone in which it starts."""
    target: str
    """Zone in which it ends."""
    line: int
    """Index of the line."""
    sign: int
    """1 forward, -1 backward."""


@dataclass
class Pool:
    """The orders of one side in one zone, best first."""

    queue: list[int]
    """Indices of orders by price, then time."""
    served: int = 0
    """How many at the head of the queue are filled."""


@dataclass
class Market:
    """The auction while it runs."""

    orders: Sequence[OrderRow]
    """In order of time."""
    lines: Sequence[LineRow]
    """In order of use."""
    accepted: list[int] = field(init=False)
    """Accepted so far of each order, Wh."""
    flows: list[int] = field(init=False)
    """Flow so far of each line, Wh."""
    pools: dict[tuple[str, str], Pool] = field(init=False)
    """By zone and side."""

    def __post_init__(self) -> None:
        """Sort the orders of each zone and side."""
        self.accepted, self.flows = [0] * len(self.orders), [0] * len(self.lines)
        zones = zones_of(self.orders, self.lines)
        self.pools = {(zone, side): Pool([]) for zone in zones for side in (BID, OFFER)}
        for index, (_, zone, side, _, _) in enumerate(self.orders):
            self.pools[zone, side].queue.append(index)
        for pool in self.pools.values():
            pool.queue.sort(key=self.order_gain, reverse=True)

    def order_gain(self, index: int) -> int:
        """Return what a Wh of an order adds: its value or cost, then 1 Wh of volume, then its place in time."""
        _, _, side, _, price = self.orders[index]
        volume = 1 << DIGIT_BITS * len(self.orders)
        welfare = price * volume << DIGIT_BITS
        earliness = volume >> DIGIT_BITS * (index + 1)
        of_order = welfare + volume if side == BID else -welfare
        return of_order + earliness << HOPS_BITS + DIGIT_BITS * len(self.lines)

    def line_gain(self, index: int) -> int:
        """Return what a Wh over a line adds: less wheeling, then less one hop, then the line's place in the order."""
        hop = 1 << DIGIT_BITS * len(self.lines)
        wheeling = self.lines[index][3] * hop << HOPS_BITS + DIGIT_BITS * (len(self.orders) + 1)
        return (hop >> DIGIT_BITS * (index + 1)) - hop - wheeling

    def best(self, zone: str, side: str) -> int | None:
        """Return the index of the best order that is not filled."""
        pool = self.pools[zone, side]
        while pool.served < len(pool.queue):
            index = pool.queue[pool.served]
            if self.accepted[index] < self.orders[index][3]:
                return index
            pool.served += 1
        return None

    def arcs(self) -> list[Arc]:
        """Return the lines that still carry something, forward or by undoing."""
        found = []
        for index, (source, target, atc_wh, _) in enumerate(self.lines):
            if self.flows[index] < atc_wh:
                found.append(Arc(source, target, index, 1))
            if self.flows[index] > 0:
                found.append(Arc(target, source, index, -1))
        return found

    def step(self) -> bool:
        """Trade what gains most; return whether anything did."""
        gains: dict[str, int] = {}
        came: dict[str, Arc] = {}
        for zone, side in self.pools:
            offer = self.best(zone, side) if side == OFFER else None
            if offer is not None:
                gains[zone] = self.order_gain(offer)
        moved, arcs = True, self.arcs()
        while moved:
            moved = False
            for arc in arcs:
                if arc.source in gains:
                    gain = gains[arc.source] + arc.sign * self.line_gain(arc.line)
                    if arc.target not in gains or gain > gains[arc.target]:
                        gains[arc.target], came[arc.target], moved = gain, arc, True
        bids = [(gains[zone], self.best(zone, BID)) for zone in gains]
        open_bids = [(gain + self.order_gain(bid), bid) for gain, bid in bids if bid is not None]
        gain, bid = max(open_bids, default=(0, 0))
        if gain <= 0:
            return False
        self.trade(bid, came)
        return True

    def trade(self, bid: int, came: dict[str, Arc]) -> None:
        """Fill a bid over the way that `came` leads back, as far as orders and lines allow."""
        way: list[Arc] = []
        zone = self.orders[bid][1]
        while zone in came:
            way.append(came[zone])
            zone = came[zone].source
        offer = self.best(zone, OFFER)
        assert offer is not None
        left = [self.orders[index][3] - self.accepted[index] for index in (offer, bid)]
        room = [self.lines[a.line][2] - self.flows[a.line] if a.sign > 0 else self.flows[a.line] for a in way]
        energy_wh = min(left + room)
        for arc in way:
            self.flows[arc.line] += arc.sign * energy_wh
        self.accepted[offer] += energy_wh
        self.accepted[bid] += energy_wh


def clear(orders: Sequence[OrderRow], lines: Sequence[LineRow]) -> Clearing:
    """Return the clearing; interface and rules of `auction.clear`."""
    expect_rows(orders, lines)
    market = Market(orders, lines)
    while market.step():
        pass
    accepted = Counter({order[0]: wh for order, wh in zip(orders, market.accepted, strict=True) if wh})
    flows = {(line[0], line[1]): wh for line, wh in zip(lines, market.flows, strict=True)}
    return Clearing(accepted, middle_prices(orders, lines, accepted, flows), flows)
