"""Prices at a glance: the best bid and offer of each zone, the last trade, and trades by intervals of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Final, NamedTuple

from gridnode.modules.grid.clock import clock
from gridnode.modules.grid.network import zones
from gridnode.modules.grid.tables import Clock
from gridnode.modules.market.queries import Level, depth
from gridnode.modules.market.tables import CANDLES, STATISTICS, Side, Statistics
from gridnode.modules.market.trades import joined
from gridnode.primitives.ids import ZoneId
from gridnode.primitives.units import PriceMicro, TimeMs
from gridnode.state.kv import Reader
from gridnode.state.table import Table

MTUS_PER_HOUR: Final = 4


class Quote(NamedTuple):
    """The best prices in a zone; the better of two bids is the higher, of two offers the lower."""

    zone: ZoneId
    bid: Level | None  # all orders at the highest limit; delivered, wheeling included
    offer: Level | None  # all orders at the lowest limit


class Candle(NamedTuple):
    """Trades of an interval of time: first, highest, lowest and last price, volume and value are in the statistics."""

    start_ms: TimeMs  # of the interval; it lasts as many MTUs as were asked for
    statistics: Statistics


def quotes(reader: Reader, mtu: int) -> list[Quote]:
    """The best bid and offer for an MTU in every zone, in order of zone numbers."""
    return quotes_of(reader, depth(reader, mtu))


def quotes_of(reader: Reader, levels: Iterable[Level]) -> list[Quote]:
    """The best bid and offer in every zone, in order of zone numbers; of the levels of a book, each zone's best first."""
    best: dict[tuple[Side, ZoneId], Level] = {}
    for level in levels:
        best.setdefault((level.side, level.zone), level)
    return [
        Quote(zone.name, best.get((Side.BID, zone.name)), best.get((Side.OFFER, zone.name)))
        for zone in zones(reader)
    ]


def last_price(reader: Reader, mtu: int) -> PriceMicro | None:
    """Seller price of the last trade for an MTU, per kWh; None when there was none."""
    found = STATISTICS.get(reader, mtu)
    return None if found is None else found.last_micro


def candles(reader: Reader, limit: int, mtus: int = 1, after_ms: int | None = None) -> list[Candle]:
    """At most `limit` intervals in which something was traded, ascending, by the time of the trades, whatever they deliver.

    An interval is `mtus` MTUs long (1 to 96; `MTUS_PER_HOUR` for hours) and begins a whole number of them from the start of a day.
    `after_ms` is the start of the last one of the page before.
    """
    return _candles(reader, CANDLES, limit, mtus, after_ms)


def delivery_candles(reader: Reader, limit: int, mtus: int = 1, after_ms: int | None = None) -> list[Candle]:
    """The same by the time of delivery, whenever it was traded."""
    return _candles(reader, STATISTICS, limit, mtus, after_ms)


def _candles(
    reader: Reader, table: Table[Statistics], limit: int, mtus: int, after_ms: int | None
) -> list[Candle]:
    of_chain = clock(reader)
    start = 0 if after_ms is None else _start(of_chain, of_chain.mtu_at(after_ms), mtus) + mtus
    rows = ((mtu, found) for (mtu,), found in table.scan(reader, start=(max(0, start),)))
    return list(islice(_grouped(of_chain, rows, mtus), limit))


def _grouped(of_chain: Clock, rows: Iterable[tuple[int, Statistics]], mtus: int) -> Iterator[Candle]:
    for start, group in groupby(rows, key=lambda row: _start(of_chain, row[0], mtus)):
        yield Candle(of_chain.start_ms(start), joined([found for _, found in group]))


def _start(of_chain: Clock, mtu: int, mtus: int) -> int:
    """First MTU of the interval that an MTU is in."""
    return mtu - (mtu - of_chain.day_origin_mtu) % mtus
