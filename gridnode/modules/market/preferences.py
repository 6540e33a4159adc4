"""Counterparties that an order tries before others: partners, and sources; each once, in the order's own order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from gridnode.modules.grid.network import way, wheeling_micro_per_kwh, zone_number
from gridnode.modules.market.codes import MarketCode, Problem
from gridnode.modules.market.messages import SheetEntry
from gridnode.modules.market.sources import ANY_SOURCE, preferred_sources
from gridnode.modules.market.tables import OPEN_ORDERS, ORDERS, Interruption, Order, Preference, Side, Terms
from gridnode.primitives.ids import Address, ZoneId
from gridnode.primitives.limits import MAX_PARTNER_ORDERS
from gridnode.state.kv import Reader

CHOOSY: Final = (Terms.REST, Terms.IOC, Terms.MARKET)
"""Terms of orders that may have preferences: a fill-or-kill order is filled whole or not, the others never take."""


def preference_problem(sender: Address, entry: SheetEntry) -> Problem:
    """What is wrong with an entry's preferences; None when nothing is."""
    if entry.preferences and entry.terms not in CHOOSY:
        return MarketCode.BAD_PREFERENCE, f"a {entry.terms.name.lower()} order has no preferences"
    for index, preference in enumerate(entry.preferences):
        problem = _problem(sender, entry.side, preference)
        if problem is not None:
            return MarketCode.BAD_PREFERENCE, f"preferences[{index}]: {problem}"
    return None


def _problem(sender: Address, side: Side, preference: Preference) -> str | None:
    if preference.partner == sender:
        return "expected another account than the sender's"
    if side is Side.OFFER and preference.sources:
        return f"expected no sources of an offer's preference, got {preference.sources:#b}"
    if preference.sources & ~ANY_SOURCE:
        return f"expected bits of {ANY_SOURCE:#b}, got {preference.sources:#b}"
    if not preference.partner and not preference.sources:
        return "expected a partner, or sources"
    return None


class Attempt(NamedTuple):
    """One call of the kernel for an order's preference."""

    preference: int
    """Which one, from 0."""
    counterparty: int
    """Number of the resting order to meet; 0 for any."""
    sources: int
    """Bits that are accepted."""


def attempts(reader: Reader, mtu: int, order: Order, stopped: Interruption | None) -> Iterator[Attempt]:
    """What an order's preferences ask the kernel for, in turn; behind an interruption the one at which it happened comes first.

    The orders of a partner are listed when its preference has its turn.
    """
    first = stopped.preference if stopped else 0
    for index in range(first, len(order.preferences)):
        preference = order.preferences[index]
        sources = preferred_sources(order, preference.sources)
        if not preference.partner:
            yield Attempt(index, 0, sources)
            continue
        begun = stopped.counterparty if stopped and index == first else 0
        for number in _partner_orders(reader, mtu, order, preference.partner, begun):
            yield Attempt(index, number, sources)


def _partner_orders(reader: Reader, mtu: int, order: Order, partner: Address, begun: int) -> list[int]:
    """Numbers of a partner's open orders of the other side, best price for `order` first, then lowest number.

    Of the partner's MAX_PARTNER_ORDERS oldest open orders for the MTU. The kernel meets only those that rest. With `begun` that one,
    open or not, and those behind it.
    """
    ranks = _Ranks(reader, mtu, order)
    found = []
    for (_, _, number), side in OPEN_ORDERS.scan(reader, mtu, partner, limit=MAX_PARTNER_ORDERS):
        if side is not order.side:
            other = ORDERS.require(reader, mtu, number)
            rank = ranks.rank(other)
            if rank is not None:
                found.append((rank, number))
    if begun:
        start = ranks.rank(ORDERS.require(reader, mtu, begun)) or 0
        return [begun, *(number for rank, number in sorted(found) if (rank, number) > (start, begun))]
    return [number for _, number in sorted(found)]


class _Ranks:
    """How good the prices of other orders are for one order; wheeling is looked up once for each zone."""

    def __init__(self, reader: Reader, mtu: int, order: Order) -> None:
        self._reader, self._mtu, self._side = reader, mtu, order.side
        self._zone = zone_number(reader, order.zone)
        self._wheeling: dict[ZoneId, int | None] = {}

    def rank(self, other: Order) -> int | None:
        """Lower is better: what a bid would pay delivered, or what an offer would get, negated; None where no way leads."""
        if other.zone not in self._wheeling:
            self._wheeling[other.zone] = self._way_wheeling(zone_number(self._reader, other.zone))
        wheeling = self._wheeling[other.zone]
        if wheeling is None:
            return None
        return other.limit_micro + wheeling if self._side is Side.BID else wheeling - other.limit_micro

    def _way_wheeling(self, zone: int) -> int | None:
        source, target = (zone, self._zone) if self._side is Side.BID else (self._zone, zone)
        if way(self._reader, source, target) is None:
            return None
        return wheeling_micro_per_kwh(self._reader, source, target, self._mtu)
