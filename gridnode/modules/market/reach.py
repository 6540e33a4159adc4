"""Whom an order can meet in a book, and what keeps it from the others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gridnode.modules.grid.network import capacities, lines, way, wheeling_micro_per_kwh, zone_number
from gridnode.modules.grid.tables import Hop
from gridnode.modules.market.past_books import Book, Entry
from gridnode.modules.market.sources import preferred_sources
from gridnode.modules.market.tables import Order, Side, Terms
from gridnode.primitives.ids import Address, ZoneId
from gridnode.primitives.limits import MAX_AUCTION_NUMBER
from gridnode.state.kv import Reader

UNLIMITED_WH = MAX_AUCTION_NUMBER
"""Room within a zone."""


class Obstacle(StrEnum):
    """What keeps two orders apart; the first that applies. Names are for programs and stay."""

    NONE = "none"  # they can trade
    OWN = "own"  # they are of one account
    AUCTION_ONLY = "auction_only"  # one of them trades in the call auction only
    NO_WAY = "no_way"  # no way leads from the one zone to the other
    PARTNER = "partner"  # the order meets named partners only
    SOURCE = "source"  # the bid does not accept the offer's source
    PRICE = "price"  # offer and wheeling exceed the bid
    LINE_FULL = "line_full"  # a line of the way has no room left


@dataclass(frozen=True, slots=True)
class Way:
    """The way from an offer's zone to a bid's, in one MTU."""

    wheeling_micro: int
    """Delivery and all lines, per kWh."""
    room_wh: int
    """What it still carries."""
    line: str
    """Of its lines the one with the least room; empty within a zone."""
    hops: tuple[Hop, ...]
    """Its lines in order of travel."""


@dataclass(frozen=True, slots=True)
class Counter:
    """An order of the other side, as the order in question sees it."""

    number: int
    """Its number."""
    owner: Address
    """Its account."""
    zone: ZoneId
    """Where it is."""
    sources: int
    """Bits."""
    limit_micro: int
    """Its limit, per kWh."""
    left_wh: int
    """What is left of it."""
    way: Way | None
    """From the offer to the bid; None where none leads."""
    gap_micro: int
    """By how much offer and wheeling exceed the bid, per kWh; at most 0: the prices meet."""
    obstacle: Obstacle
    """What keeps the two apart."""


class Reach:
    """The orders of the other side in one book."""

    def __init__(self, reader: Reader, mtu: int, order: Order, book: Book, in_auction: bool, resting: bool) -> None:
        """`in_auction`: orders wait for the auction. `resting`: preferences were tried and only the order's own sources count."""
        self._reader, self._mtu, self._order, self._book = reader, mtu, order, book
        self._in_auction, self._resting = in_auction, resting
        self._zone = zone_number(reader, order.zone)
        self._ways: dict[ZoneId, Way | None] = {}
        self._limits, self._lines = capacities(reader, mtu), lines(reader)

    def counters(self) -> list[Counter]:
        """Every order of the other side: the best price first (where a way leads), then the lowest number."""
        found = [self._counter(entry) for entry in self._book.entries if entry.order.side is not self._order.side]
        return sorted(found, key=lambda one: (one.way is None, one.gap_micro, one.number))

    def within_reach_wh(self, counters: list[Counter]) -> int:
        """Wh that the order could trade at once, up to all of it: with counters in their order, as far as their ways carry it."""
        left, flows = int(self._order.energy_wh), list(self._book.flows)
        for counter in counters:
            if counter.obstacle in (Obstacle.NONE, Obstacle.LINE_FULL) and counter.way is not None:
                room_wh, _ = self._room(counter.way.hops, flows)
                energy_wh = min(left, counter.left_wh, room_wh)
                left -= energy_wh
                for hop in counter.way.hops:
                    flows[hop.line] += hop.direction * energy_wh
        return self._order.energy_wh - left

    def way_of(self, zone: ZoneId) -> Way | None:
        """The way between the order's zone and another, in the direction in which energy would go."""
        if zone not in self._ways:
            self._ways[zone] = self._way(zone_number(self._reader, zone))
        return self._ways[zone]

    def _way(self, other: int) -> Way | None:
        source, target = (other, self._zone) if self._order.side is Side.BID else (self._zone, other)
        passed = way(self._reader, source, target)
        if passed is None:
            return None
        room_wh, line = self._room(passed.hops, self._book.flows)
        return Way(wheeling_micro_per_kwh(self._reader, source, target, self._mtu), room_wh, line, passed.hops)

    def _room(self, hops: tuple[Hop, ...], flows: list[int]) -> tuple[int, str]:
        """What a way still carries, and the line on it with the least room."""
        rooms = [
            (self._limits.forward_wh[hop.line] - flows[hop.line], self._lines[hop.line].name)
            if hop.direction > 0
            else (self._limits.backward_wh[hop.line] + flows[hop.line], self._lines[hop.line].name)
            for hop in hops
        ]
        room_wh, line = min(rooms, default=(UNLIMITED_WH, ""))
        return max(0, room_wh), line

    def _counter(self, entry: Entry) -> Counter:
        other, way_there = entry.order, self.way_of(entry.order.zone)
        offer, bid = (other, self._order) if self._order.side is Side.BID else (self._order, other)
        gap = offer.limit_micro - bid.limit_micro + (way_there.wheeling_micro if way_there else 0)
        obstacle = self._obstacle(other, offer, bid, way_there, gap)
        return Counter(
            entry.number,
            other.owner,
            other.zone,
            other.sources,
            other.limit_micro,
            entry.left_wh,
            way_there,
            gap,
            obstacle,
        )

    def _obstacle(self, other: Order, offer: Order, bid: Order, way_there: Way | None, gap_micro: int) -> Obstacle:
        order = self._order
        if other.owner == order.owner:
            return Obstacle.OWN
        if not self._in_auction and Terms.AUCTION in (order.terms, other.terms):
            return Obstacle.AUCTION_ONLY
        if way_there is None:
            return Obstacle.NO_WAY
        named = self._names(other)
        if not order.sources and not named and not any(not one.partner for one in order.preferences):
            return Obstacle.PARTNER
        if not (bid.sources & offer.sources or named):
            return Obstacle.SOURCE
        if gap_micro > 0:
            return Obstacle.PRICE
        return Obstacle.NONE if way_there.room_wh else Obstacle.LINE_FULL

    def _names(self, other: Order) -> bool:
        """Whether a preference of the order, while they are tried, takes the other one."""
        order = self._order
        return not self._resting and any(
            preference.partner in (b"", other.owner) and preferred_sources(order, preference.sources) & other.sources
            for preference in order.preferences
        )
