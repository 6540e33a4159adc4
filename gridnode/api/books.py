"""Questions about books: where each stands, its prices and depth, prices as they are seen from another zone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from gridnode.api.market_shapes import level, reached
from gridnode.api.pages import page
from gridnode.api.problems import bad_parameter
from gridnode.api.reading import Ask
from gridnode.api.shapes import price
from gridnode.modules.grid.clock import clock
from gridnode.modules.grid.network import zones
from gridnode.modules.market import market_data, queries
from gridnode.modules.market.delivered import best_reached
from gridnode.modules.market.delivered import reached as reached_from
from gridnode.modules.market.queries import Level, MtuPeriod
from gridnode.modules.market.quotes import Quote, last_price, quotes_of
from gridnode.modules.market.tables import Mode, Side
from gridnode.modules.metering.windows import correction_end_ms, window_end_ms
from gridnode.modules.settlement import queries as settlement_queries
from gridnode.primitives.ids import ZoneId
from gridnode.primitives.limits import MAX_ASKED_MTU
from gridnode.primitives.units import PriceMicro

SIDES = ((Side.BID, "bids"), (Side.OFFER, "offers"))


def periods(ask: Ask) -> dict[str, Any]:
    """MTUs that have open orders, ascending, with their phase and times; `after` is an MTU."""
    limit = ask.parameters.limit()
    found = market_data.periods(ask.reader, limit, ask.parameters.integer("after", high=MAX_ASKED_MTU))
    return page(found, limit, lambda row: row.mtu, lambda row: _period(ask, row))


def period_of_mtu(ask: Ask) -> dict[str, Any]:
    """Phase and times of an MTU: opening, call, gate closure, delivery, end of readings and corrections, settled or not."""
    mtu = ask.parameters.required_integer("mtu", high=MAX_ASKED_MTU)
    return _period(ask, queries.period(ask.reader, mtu))


def _period(ask: Ask, found: MtuPeriod) -> dict[str, Any]:
    of_chain = clock(ask.reader)
    continuous_only = queries.params(ask.reader).mode is Mode.CONTINUOUS
    return {
        "mtu": found.mtu,
        "phase": _phase(ask, found),
        "open_orders": found.open_orders,
        "opens_ms": found.opens_ms,
        "call_start_ms": None if continuous_only else found.call_ms,
        "gate_closure_ms": found.gate_ms,
        "delivery_start_ms": of_chain.start_ms(found.mtu),
        "delivery_end_ms": of_chain.start_ms(found.mtu + 1),
        "readings_end_ms": window_end_ms(ask.reader, found.mtu),
        "corrections_end_ms": correction_end_ms(ask.reader, found.mtu),
        "is_settled": found.mtu < settlement_queries.progress(ask.reader).mtu,
    }


def _phase(ask: Ask, found: MtuPeriod) -> str:
    """The phase of a book; of an MTU without one, what the first order would find: not_open, continuous, call or closed."""
    if found.phase is not None:
        return found.phase.name.lower()
    for until_ms, name in ((found.opens_ms, "not_open"), (found.call_ms, "continuous"), (found.gate_ms, "call")):
        if ask.time_ms < until_ms:
            return name
    return "closed"


def book(ask: Ask) -> dict[str, Any]:
    """Best prices and depth of an MTU's book by zone and limit; with `zone` that zone's, and prices as seen from it.

    While matching is continuous, orders that can be met at once; from the call phase on, all that may still trade. `limit` is levels
    of each side and zone.
    """
    mtu = ask.parameters.required_integer("mtu", high=MAX_ASKED_MTU)
    zone, limit = ask.parameters.name("zone"), ask.parameters.limit()
    names = [known.name for known in zones(ask.reader)]
    if zone is not None and zone not in names:
        raise bad_parameter("zone", "one of " + ", ".join(names), zone)
    levels = levels_of(ask, mtu)
    shown = [row for row in levels if zone in (None, row.zone)]
    quotes = [quote for quote in quotes_of(ask.reader, levels) if zone in (None, quote.zone)]
    last = last_price(ask.reader, mtu)
    return {
        "mtu": mtu,
        "phase": _phase(ask, queries.period(ask.reader, mtu)),
        **price_or_null("last", last),
        "zones": [_quote(quote, shown) for quote in quotes],
        **{name: [level(row) for row in _top(shown, side, limit)] for side, name in SIDES},
        **({} if zone is None else {"seen_from_zone": _seen_from(ask, mtu, ZoneId(zone), levels)}),
    }


def levels_of(ask: Ask, mtu: int) -> list[Level]:
    """Depth of a book, each zone's best levels first; reads each of its orders, once a height."""
    return ask.once(("depth", mtu), lambda: queries.depth(ask.reader, mtu))


def price_or_null(name: str, micro: PriceMicro | None) -> dict[str, Any]:
    """A field with a price, null when there is none."""
    return price(name, micro) if micro is not None else dict.fromkeys(price(name, 0))


def _quote(quote: Quote, levels: Sequence[Level]) -> dict[str, Any]:
    """A zone's best bid and offer, and all that waits in it."""
    waiting: Counter[Side] = Counter()
    for row in levels:
        if row.zone == quote.zone:
            waiting[row.side] += row.energy_wh
    return {
        "zone": quote.zone,
        "best_bid": quote.bid and level(quote.bid),
        "best_offer": quote.offer and level(quote.offer),
        "bids_wh": waiting[Side.BID],
        "offers_wh": waiting[Side.OFFER],
    }


def _top(levels: Sequence[Level], side: Side, limit: int) -> list[Level]:
    """The best `limit` levels of a side in each zone, in their order."""
    seen: Counter[str] = Counter()
    top = []
    for row in levels:
        if row.side is side and seen[row.zone] < limit:
            seen[row.zone] += 1
            top.append(row)
    return top


def _seen_from(ask: Ask, mtu: int, zone: ZoneId, levels: Sequence[Level]) -> dict[str, Any]:
    """What a buyer in a zone pays delivered for each zone's best offer, and a seller gets from each zone's best bid."""
    seen: dict[str, Any] = {"zone": zone}
    for side, name in SIDES:
        rows = reached_from(ask.reader, mtu, zone, side, levels)
        best = best_reached(rows)
        seen |= {f"best_{name[:-1]}": best and reached(best), name: [reached(row) for row in rows]}
    return seen
