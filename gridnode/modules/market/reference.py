"""The naive order books: the rules of the compiled kernel `gridnode._native.book`, written to be read rather than to be fast.

Every search looks at every resting order of the period. The chapter `gridnode._native` states the rules in words and
says why; the property tests hold that both versions give the same fills in the same order.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

BID = 0
OFFER = 1
MOST = 10**15  # bound of prices, adders, energies and capacities
MOST_LEVELS = 8  # begin() inside begin()

Fill = tuple[int, int, int, int, int]  # resting_id, energy_wh, seller_price, adder, taker_id
Path = Sequence[tuple[int, int]]
Adders = Sequence[Sequence[int]]


class Order(NamedTuple):
    """An order, resting or incoming; the row that the queries hand out."""

    id: int
    """Name, and priority in time."""
    side: int
    """BID or OFFER."""
    zone: int
    """Bidding zone."""
    mask: int
    """Source bit of an offer, accepted sources of a bid."""
    price: int
    """Limit, micro per kWh."""
    energy_wh: int
    """What is left of it."""


@dataclass
class Period:
    """The book and the ledger of lines of one delivery period."""

    band: int
    """Tariff band, chooses the adders."""
    atc: list[tuple[int, int]]
    """Capacity of each line, Wh: forward and backward."""
    flow: list[int]
    """Net flow of each line, Wh, positive forward."""
    orders: list[Order] = field(default_factory=list)
    """Resting orders, in any order."""


def expect(holds: bool, what: str) -> None:
    """Raise ValueError with what was expected unless it holds."""
    if not holds:
        raise ValueError(f"expected {what}")


class ReferenceBooks:
    """The books of all open periods; interface and rules of `gridnode._native.book.Books`."""

    def __init__(self, n_zones: int, n_lines: int, paths: Sequence[Sequence[Path | None]]) -> None:
        """Take the net of zones and lines: paths[offer_zone][bid_zone]."""
        self._n_zones, self._n_lines, self._paths = n_zones, n_lines, paths
        self._adders: list[Adders] = []
        self._periods: dict[int, Period] = {}
        self._last_id = 0
        self._pending_wh = 0
        self._saved: list[tuple[dict[int, Period], int, int]] = []

    def __len__(self) -> int:
        """Return the number of resting orders."""
        return sum(len(p.orders) for p in self._periods.values())

    def add_band(self, adders: Adders) -> int:
        """Return the number of the band with these adders[offer_zone][bid_zone], a new one unless an equal one is known.

        Here their number has no bound.
        """
        band = [list(row) for row in adders]
        if band not in self._adders:
            self._adders.append(band)
        return self._adders.index(band)

    def open_period(
        self, period: int, band: int, forward_wh: Sequence[int], backward_wh: Sequence[int]
    ) -> None:
        """Open the books of a period with the capacity of each line, Wh, and no flow."""
        expect(period not in self._periods, "a period that is not open")
        expect(0 <= band < len(self._adders), "a known band")
        expect(len(forward_wh) == len(backward_wh) == self._n_lines, "the capacities of all lines")
        atc = list(zip(forward_wh, backward_wh, strict=True))
        self._periods[period] = Period(band, atc, [0] * self._n_lines)

    def close_period(self, period: int) -> list[tuple[int, int]]:
        """Forget a period; return [(order_id, remaining_wh)] of its resting orders in id order."""
        rows = [(order.id, order.energy_wh) for order in self.orders(period)]
        del self._periods[period]
        return rows

    def set_atc(self, period: int, line: int, forward_wh: int, backward_wh: int) -> None:
        """Set a line's capacity, Wh, also below its flow; does not match, `rematch` does."""
        self._period(period).atc[line] = (forward_wh, backward_wh)

    def restore_flow(self, period: int, line: int, flow_wh: int) -> None:
        """Set a line's net flow, Wh."""
        self._period(period).flow[line] = flow_wh

    def _period(self, period: int) -> Period:
        expect(period in self._periods, "an open period")
        return self._periods[period]

    def _headroom(self, p: Period, path: Path) -> int:
        """Return what the path still carries, Wh: the least headroom of its lines."""
        forward = [p.atc[line][0] - p.flow[line] for line, direction in path if direction > 0]
        backward = [p.atc[line][1] + p.flow[line] for line, direction in path if direction < 0]
        return min(forward + backward, default=MOST)

    def _cost(self, p: Period, offer: Order, bid: Order) -> int | None:
        """Return offer + adder - bid, or None when the two cannot trade now."""
        path = self._paths[offer.zone][bid.zone]
        if path is None or not offer.mask & bid.mask or self._headroom(p, path) <= 0:
            return None
        cost = offer.price + self._adders[p.band][offer.zone][bid.zone] - bid.price
        return cost if cost <= 0 else None

    def _counterparty(self, p: Period, order: Order, only: int) -> Order | None:
        """Return the resting order of the lowest delivered or highest net price, then of the lowest id.

        No other than the one with the id `only` unless that is 0.
        """
        found = []
        for other in p.orders:
            if other.side != order.side and only in (0, other.id):
                cost = self._cost(p, other, order) if order.side == BID else self._cost(p, order, other)
                if cost is not None:
                    found.append((cost, other.id, other))
        return min(found)[2] if found else None

    def _crossed(self, p: Period) -> tuple[Order, Order] | None:
        """Return the resting offer and bid with the greatest surplus, then the oldest offer, then the oldest bid."""
        found = []
        for offer in p.orders:
            for bid in p.orders:
                if offer.side == OFFER and bid.side == BID:
                    cost = self._cost(p, offer, bid)
                    if cost is not None:
                        found.append((cost, offer.id, bid.id, offer, bid))
        return min(found)[3:] if found else None

    def _trade(self, p: Period, one: Order, two: Order) -> Fill:
        """Trade what both orders have and the way carries; the older one is the resting one and makes the price."""
        resting, taker = sorted((one, two))
        offer, bid = (one, two) if one.side == OFFER else (two, one)
        path = self._paths[offer.zone][bid.zone] or ()
        adder = self._adders[p.band][offer.zone][bid.zone]
        energy_wh = min(offer.energy_wh, bid.energy_wh, self._headroom(p, path))
        for line, direction in path:
            p.flow[line] += direction * energy_wh
        return resting.id, energy_wh, offer.price if resting is offer else bid.price - adder, adder, taker.id

    def _reduce(self, p: Period, order: Order, energy_wh: int) -> None:
        """Take filled energy from a resting order, and the order out when nothing is left."""
        p.orders.remove(order)
        if order.energy_wh > energy_wh:
            p.orders.append(order._replace(energy_wh=order.energy_wh - energy_wh))

    def _match(
        self, p: Period, order: Order | None, only: int, budget: int
    ) -> tuple[list[Fill], int, bool]:
        """Fill the incoming order, then crossed resting ones, until neither is possible or the budget is spent."""
        fills: list[Fill] = []
        left = order.energy_wh if order else 0
        while True:
            incoming = order._replace(energy_wh=left) if order and left else None
            other = self._counterparty(p, incoming, only) if incoming else None
            pair = (incoming, other) if incoming and other else self._crossed(p)
            if pair is None or len(fills) == budget:
                return fills, left, pair is None
            fills.append(self._trade(p, *pair))
            for traded in pair:
                if traded is incoming:
                    left -= fills[-1][1]
                else:
                    self._reduce(p, traded, fills[-1][1])

    def _check(self, order: Order) -> None:
        """Raise ValueError unless every number of the order is in its range."""
        expect(order.id > 0, "a positive id")
        expect(order.side in (BID, OFFER), "a bid or an offer")
        expect(0 <= order.zone < self._n_zones, "a known zone")
        expect(0 < order.mask < 1 << 16, "1 to 16 sources")
        expect(order.side == BID or order.mask.bit_count() == 1, "one source bit for an offer")
        expect(-MOST <= order.price <= MOST and 0 < order.energy_wh <= MOST, "price and energy in bounds")

    def place(
        self,
        period: int,
        order_id: int,
        side: int,
        zone: int,
        mask: int,
        price_micro_per_kwh: int,
        energy_wh: int,
        budget: int,
        rest: bool = True,
        counterparty: int = 0,
    ) -> tuple[list[Fill], int, bool]:
        """Match an incoming order and let the remainder rest; return (fills, remaining_wh, done)."""
        p = self._period(period)
        order = Order(order_id, side, zone, mask, price_micro_per_kwh, energy_wh)
        self._check(order)
        again = order_id == self._last_id and energy_wh <= self._pending_wh
        expect(order_id > self._last_id or again, "a higher id, or the last one with at most what is left of it")
        expect(not counterparty or (counterparty > 0 and not rest), "an order that must not rest with a counterparty")
        fills, left, done = self._match(p, order, counterparty, budget)
        rests = done and rest
        self._last_id, self._pending_wh = order_id, 0 if rests else left
        if rests and left:
            p.orders.append(order._replace(energy_wh=left))
        return fills, left, done

    def rematch(self, period: int, budget: int) -> tuple[list[Fill], bool]:
        """Fill resting orders that are crossed with headroom between them; return (fills, done)."""
        fills, _, done = self._match(self._period(period), None, 0, budget)
        return fills, done

    def restore(self, period: int, *row: int) -> None:
        """Let an order, the numbers of an `Order`, rest without matching; ids may come in any order."""
        order = Order(*row)
        self._check(order)
        expect(self.remaining(order.id) == 0, "an order that does not rest")
        self._period(period).orders.append(order)
        if order.id >= self._last_id:
            self._last_id, self._pending_wh = order.id, 0

    def cancel(self, order_id: int) -> int:
        """Take a resting order out; return its remaining energy, Wh, 0 when it does not rest."""
        remaining = self.remaining(order_id)
        for p in self._periods.values():
            p.orders = [order for order in p.orders if order.id != order_id]
        return remaining

    def crossed(self, period: int) -> tuple[int, int] | None:
        """Return (offer_id, bid_id) of the pair that `rematch` would fill next, or None."""
        pair = self._crossed(self._period(period))
        return (pair[0].id, pair[1].id) if pair else None

    def begin(self) -> None:
        """Remember everything, so that rollback can bring it back; up to 8 levels inside each other."""
        expect(len(self._saved) < MOST_LEVELS, "commit() or rollback() first")
        self._saved.append((copy.deepcopy(self._periods), self._last_id, self._pending_wh))

    def commit(self) -> None:
        """Keep what was done since the last begin()."""
        expect(self.depth() > 0, "begin() first")
        self._saved.pop()

    def rollback(self) -> None:
        """Bring back what the last begin() remembered."""
        expect(self.depth() > 0, "begin() first")
        self._periods, self._last_id, self._pending_wh = self._saved.pop()

    def depth(self) -> int:
        """Return how many begin() wait for their commit() or rollback()."""
        return len(self._saved)

    def periods(self) -> list[int]:
        """Return the open periods, ascending."""
        return sorted(self._periods)

    def flows(self, period: int) -> list[int]:
        """Return the net flow of each line, Wh, positive forward."""
        return list(self._period(period).flow)

    def atc(self, period: int) -> list[tuple[int, int]]:
        """Return the capacity of each line, Wh: [(forward, backward)]."""
        return list(self._period(period).atc)

    def orders(self, period: int) -> list[Order]:
        """Return every resting order in id order."""
        return sorted(self._period(period).orders)

    def remaining(self, order_id: int) -> int:
        """Return what is left of a resting order, Wh, 0 when it does not rest."""
        return sum(o.energy_wh for p in self._periods.values() for o in p.orders if o.id == order_id)

    def queue(self, period: int, side: int, zone: int, most: int) -> list[Order]:
        """Return the first `most` orders of a queue in the order in which they are served."""
        queue = [order for order in self._period(period).orders if (order.side, order.zone) == (side, zone)]
        return sorted(queue, key=lambda order: (order.price if side == OFFER else -order.price, order.id))[
            :most
        ]
