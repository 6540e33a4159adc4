"""What the market is doing, in sums: open books and orders, newest trades by zone and source, the bounds that hold when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from gridnode.modules.grid.clock import clock
from gridnode.modules.market.queries import NO_TRADES, MtuPeriod, NumberedTrade, period, recent_trades
from gridnode.modules.market.tables import BOUNDS, CANDLES, PARAMS, PERIODS, TRADES, Bounds, Statistics
from gridnode.modules.market.trades import joined
from gridnode.modules.registry.tables import Source
from gridnode.primitives.ids import ZoneId
from gridnode.primitives.units import Mtu
from gridnode.state.kv import Reader


class OpenBooks(NamedTuple):
    """Books that have open orders."""

    mtus: int  # how many
    orders: int  # in all of them


class Shares(NamedTuple):
    """Energy of some trades by where it was sold and bought, and by what generated it; Wh."""

    trades: int  # how many were added up
    sold_wh: Counter[ZoneId]
    bought_wh: Counter[ZoneId]
    source_wh: Counter[Source]


class DatedBounds(NamedTuple):
    """Bounds of orders, and since when they hold."""

    from_mtu: Mtu
    bounds: Bounds


def open_books(reader: Reader) -> OpenBooks:
    """How many MTUs have open orders, and how many orders; reads a row for each of these MTUs."""
    counts = [found.open_orders for _, found in PERIODS.scan(reader)]
    return OpenBooks(len(counts), sum(counts))


def periods(reader: Reader, limit: int, after: int | None = None) -> list[MtuPeriod]:
    """At most `limit` MTUs above `after` that have a book, ascending."""
    rows = PERIODS.scan(reader, after=None if after is None else (after,), limit=limit)
    return [period(reader, mtu) for (mtu,), _ in rows]


def next_open_mtu(reader: Reader, time_ms: int) -> Mtu:
    """The first MTU whose gate is open at chain time `time_ms`."""
    return Mtu((time_ms + PARAMS.require(reader).gate_closure_ms) // clock(reader).mtu_ms + 1)


def traded_between(reader: Reader, start: int, stop: int) -> Statistics:
    """Statistics of trades made in the intervals `start` <= chain time // mtu_ms < `stop`; reads a row for each."""
    found = [row for _, row in CANDLES.scan(reader, start=(start,), stop=(stop,))]
    return joined(found) if found else NO_TRADES


def shares_of_mtu(reader: Reader, mtu: int, most: int) -> Shares:
    """Shares of the newest trades of an MTU, at most `most`."""
    rows = TRADES.scan(reader, mtu, limit=most, reverse=True)
    return _shares(NumberedTrade(number, mtu, found) for (_, number), found in rows)


def shares_since(reader: Reader, time_ms: int, most: int) -> Shares:
    """Shares of those trades among the newest `most` that were matched at chain time `time_ms` or later."""
    return _shares(row for row in recent_trades(reader, most) if row.trade.time_ms >= time_ms)


def _shares(rows: Iterable[NumberedTrade]) -> Shares:
    found = Shares(0, Counter(), Counter(), Counter())
    count = 0
    for row in rows:
        trade = row.trade
        found.sold_wh[trade.seller_zone] += trade.energy_wh
        found.bought_wh[trade.buyer_zone] += trade.energy_wh
        found.source_wh[trade.source] += trade.energy_wh
        count += 1
    return found._replace(trades=count)


def bounds_in_force(reader: Reader, mtu: int) -> DatedBounds:
    """Bounds of orders for an MTU, below 2**63."""
    return dated_bounds(reader, 1, mtu + 1)[0]


def dated_bounds(reader: Reader, limit: int, before: int | None = None) -> list[DatedBounds]:
    """At most `limit` bounds that hold from an MTU below `before`, the latest first; each holds until those before it in the list."""
    rows = BOUNDS.scan(reader, after=None if before is None else (before,), limit=limit, reverse=True)
    return [DatedBounds(from_mtu, found) for (from_mtu,), found in rows]
