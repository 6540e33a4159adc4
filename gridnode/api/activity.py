"""What the market did and does, in one answer: of one MTU, or of all with the last day and the books that are open."""

from __future__ import annotations

from itertools import islice
from typing import Any

from gridnode.api.books import levels_of
from gridnode.api.market_shapes import candle, level, statistics
from gridnode.api.reading import Ask
from gridnode.api.shapes import settled
from gridnode.codec.records import to_json
from gridnode.modules.grid.clock import clock
from gridnode.modules.grid.network import zones
from gridnode.modules.lots import queries as lots_queries
from gridnode.modules.market import market_data, queries
from gridnode.modules.market.market_data import Shares
from gridnode.modules.market.queries import Level
from gridnode.modules.market.quotes import quotes_of
from gridnode.modules.market.tables import NEXT_ORDER, ORDERS
from gridnode.modules.metering import queries as metering_queries
from gridnode.modules.metering.tables import MTUS
from gridnode.modules.metering.versions import NO_ENERGY
from gridnode.modules.registry.tables import PARTICIPANTS, Source
from gridnode.modules.settlement import queries as settlement_queries
from gridnode.modules.settlement.desk import NOTHING
from gridnode.modules.settlement.tables import MTUS as SETTLED
from gridnode.modules.settlement.tables import Settled
from gridnode.primitives.limits import MAX_ASKED_MTU, MAX_COUNTED_ROWS, MAX_SHARED_TRADES, MTUS_PER_DAY
from gridnode.state.kv import after_prefix


def stats(ask: Ask) -> dict[str, Any]:
    """Orders, trades, prices, energy measured and settled: of one MTU, or of all with the last day and the next book.

    Bounded work: of one MTU its orders are counted (100,000 at most) and its newest 1,000 trades added up by zone and source; of
    all, 96 candles, the book of the next open MTU, a row for each open book, participants counted (100,000 at most), 1,000 trades.
    """
    mtu = ask.parameters.integer("mtu", high=MAX_ASKED_MTU)
    return _of_all(ask) if mtu is None else _of_mtu(ask, mtu)


def _of_mtu(ask: Ask, mtu: int) -> dict[str, Any]:
    return {
        "mtu": mtu,
        "orders": _count(ask, ORDERS.key(mtu)),
        "open_orders": queries.period(ask.reader, mtu).open_orders,
        **statistics(queries.statistics_of(ask.reader, mtu)),
        "newest_trades": _shares(ask, market_data.shares_of_mtu(ask.reader, mtu, MAX_SHARED_TRADES)),
        **to_json(MTUS.get(ask.reader, mtu) or NO_ENERGY),
        **_settled(SETTLED.get(ask.reader, mtu) or NOTHING),
        "is_settled": mtu < settlement_queries.progress(ask.reader).mtu,
    }


def _of_all(ask: Ask) -> dict[str, Any]:
    issued, books = lots_queries.energy(ask.reader), market_data.open_books(ask.reader)
    day = _day(ask)
    return {
        "mtu": None,
        "orders": (NEXT_ORDER.get(ask.reader) or 1) - 1,
        "open_orders": books.orders,
        "open_mtus": books.mtus,
        "participants": _count(ask, PARTICIPANTS.key()),
        **statistics(queries.totals(ask.reader)),
        "day": day,
        "next_book": _next_book(ask),
        "newest_trades": _shares(ask, market_data.shares_since(ask.reader, day["start_ms"], MAX_SHARED_TRADES)),
        **to_json(metering_queries.energy(ask.reader)),
        **_settled(settlement_queries.settled(ask.reader)),
        "settled_until_mtu": settlement_queries.progress(ask.reader).mtu,
        "lots_issued_wh": issued.issued_wh,
        "lots_retired_wh": issued.retired_wh,
    }


def _day(ask: Ask) -> dict[str, Any]:
    """Trades of the last 24 h: the present interval of trading and the 95 before it."""
    of_chain = clock(ask.reader)
    end = of_chain.mtu_at(ask.time_ms) + 1
    start = max(0, end - MTUS_PER_DAY)
    found = market_data.traded_between(ask.reader, start, end)
    return {"start_ms": of_chain.start_ms(start), "end_ms": of_chain.start_ms(end), **candle(found)}


def _next_book(ask: Ask) -> dict[str, Any]:
    """The first MTU whose gate is open: the best limits in it across all zones, wheeling between them left aside."""
    mtu = market_data.next_open_mtu(ask.reader, ask.time_ms)
    found = quotes_of(ask.reader, levels_of(ask, mtu))
    bids = [quote.bid for quote in found if quote.bid is not None]
    offers = [quote.offer for quote in found if quote.offer is not None]
    return {
        "mtu": mtu,
        "gate_closure_ms": queries.period(ask.reader, mtu).gate_ms,
        "best_bid": _level(max(bids, key=lambda row: row.limit_micro, default=None)),
        "best_offer": _level(min(offers, key=lambda row: row.limit_micro, default=None)),
    }


def _level(found: Level | None) -> dict[str, Any] | None:
    return None if found is None else level(found)


def _shares(ask: Ask, found: Shares) -> dict[str, Any]:
    """Energy of the newest trades by zone and by source."""
    return {
        "trades": found.trades,
        "by_zone": [
            {"zone": zone.name, "sold_wh": found.sold_wh[zone.name], "bought_wh": found.bought_wh[zone.name]}
            for zone in zones(ask.reader)
        ],
        "by_source": [{"source": source.name.lower(), "sold_wh": found.source_wh[source]} for source in Source],
    }


def _settled(sums: Settled) -> dict[str, Any]:
    return {"settled_wh": sums.delivered_wh, "imbalance_wh": sums.excess_wh + sums.lack_wh, "settlement": settled(sums)}


def _count(ask: Ask, group: bytes) -> int:
    """How many rows have keys that begin so, MAX_COUNTED_ROWS at most; decodes none."""
    return sum(1 for _ in islice(ask.reader.scan(group, after_prefix(group)), MAX_COUNTED_ROWS))
