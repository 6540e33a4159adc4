"""Read-only questions about orders, trades, books, auctions and statistics; quotes and candles are in `quotes.py`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gridnode.modules.grid.clock import mtu_ms
from gridnode.modules.grid.network import lines
from gridnode.modules.market.auction_book import Cleared, clear_book
from gridnode.modules.market.auction_tables import AUCTION_PATHS, AUCTIONS, Auction, AuctionPath
from gridnode.modules.market.books import resting_orders
from gridnode.modules.market.cancels import mtu_of_order
from gridnode.modules.market.lifecycle import open_orders
from gridnode.modules.market.periods import call_start_ms, gate_ms
from gridnode.modules.market.tables import (
    FLOWS,
    ORDERS,
    OWNER_TRADES,
    PARAMS,
    PERIODS,
    SHEET_IDS,
    SHEETS,
    STATISTICS,
    TOTALS,
    TRADE_MTUS,
    TRADES,
    MarketGenesis,
    Order,
    Phase,
    Sheet,
    Side,
    Statistics,
    Trade,
)
from gridnode.primitives.ids import Address, ZoneId
from gridnode.primitives.limits import MAX_U64
from gridnode.primitives.units import Amount, EnergyWh, PriceMicro, TimeMs
from gridnode.state.kv import Reader

NO_TRADES = Statistics(0, EnergyWh(0), Amount(0), PriceMicro(0), PriceMicro(0), PriceMicro(0), PriceMicro(0))


class NumberedOrder(NamedTuple):
    """An order with its number and MTU."""

    number: int
    mtu: int  # of delivery
    order: Order


class NumberedTrade(NamedTuple):
    """A trade with its number and MTU."""

    number: int
    mtu: int  # of delivery
    trade: Trade


class Level(NamedTuple):
    """All resting orders of one side and zone at one limit price."""

    side: Side
    zone: ZoneId
    limit_micro: int  # per kWh
    energy_wh: int
    orders: int


class MtuPeriod(NamedTuple):
    """Where the book of an MTU stands, and when it changes; times are chain time."""

    mtu: int  # of delivery
    phase: Phase | None  # after the last block; None when no order came yet, or all have ended
    open_orders: int  # that may still trade
    opens_ms: TimeMs  # first time at which orders are taken
    call_ms: TimeMs  # from here on orders wait for the auction; the gate closure where there is none
    gate_ms: TimeMs  # from here on no order is taken or cancelled


def params(reader: Reader) -> MarketGenesis:
    """The market's parameters."""
    return PARAMS.require(reader)


def order(reader: Reader, number: int) -> NumberedOrder | None:
    """The order of that number, or None."""
    mtu = mtu_of_order(reader, number) if number < MAX_U64 else None
    return None if mtu is None else NumberedOrder(number, mtu, ORDERS.require(reader, mtu, number))


def orders_of_mtu(reader: Reader, mtu: int, limit: int, after: int | None = None) -> list[NumberedOrder]:
    """At most `limit` orders for an MTU with number above `after`, ascending."""
    behind = None if after is None else (mtu, after)
    rows = ORDERS.scan(reader, mtu, after=behind, limit=limit)
    return [NumberedOrder(number, mtu, found) for (_, number), found in rows]


def sheets_of(
    reader: Reader, owner: Address, limit: int, after: int | None = None
) -> list[tuple[int, Sheet]]:
    """At most `limit` sheets of an owner with sheet id above `after`, by sheet id: (first order number, sheet)."""
    behind = None if after is None else (owner, after)
    rows = SHEET_IDS.scan(reader, owner, after=behind, limit=limit)
    return [(first, SHEETS.require(reader, first)) for _, first in rows]


def orders_of_sheet(reader: Reader, owner: Address, sheet_id: int) -> list[NumberedOrder]:
    """Orders of an owner's sheet in order of number; none when there is no such sheet."""
    first = SHEET_IDS.get(reader, owner, sheet_id)
    if first is None:
        return []
    mtus = SHEETS.require(reader, first).mtus
    return [
        NumberedOrder(number, mtu, ORDERS.require(reader, mtu, number))
        for number, mtu in enumerate(mtus, first)
    ]


def trade(reader: Reader, number: int) -> NumberedTrade | None:
    """The trade of that number, or None."""
    mtu = TRADE_MTUS.get(reader, number)
    return None if mtu is None else NumberedTrade(number, mtu, TRADES.require(reader, mtu, number))


def trades_of_mtu(reader: Reader, mtu: int, limit: int, after: int | None = None) -> list[NumberedTrade]:
    """At most `limit` trades of an MTU with number above `after`, ascending."""
    behind = None if after is None else (mtu, after)
    rows = TRADES.scan(reader, mtu, after=behind, limit=limit)
    return [NumberedTrade(number, mtu, found) for (_, number), found in rows]


def trades_of(reader: Reader, owner: Address, limit: int, before: int | None = None) -> list[NumberedTrade]:
    """At most `limit` trades that an account bought or sold, with number below `before`, latest first."""
    behind = None if before is None else (owner, before)
    rows = OWNER_TRADES.scan(reader, owner, after=behind, limit=limit, reverse=True)
    return _trades(reader, ((number, mtu) for (_, number), mtu in rows))


def recent_trades(reader: Reader, limit: int, before: int | None = None) -> list[NumberedTrade]:
    """At most `limit` trades with number below `before`, latest first."""
    behind = None if before is None else (before,)
    rows = TRADE_MTUS.scan(reader, after=behind, limit=limit, reverse=True)
    return _trades(reader, ((number, mtu) for (number,), mtu in rows))


def depth(reader: Reader, mtu: int, zone: ZoneId | None = None) -> list[Level]:
    """Waiting orders of an MTU by side, zone and limit: bids from the highest, then offers from the lowest, zones by name.

    While matching is continuous those that can be met at once; from the call phase on all that may still trade.
    """
    known = PERIODS.get(reader, mtu)
    is_continuous = known is not None and known.phase is Phase.CONTINUOUS
    waiting = resting_orders(reader, mtu) if is_continuous else open_orders(reader, mtu)
    sums: dict[tuple[Side, ZoneId, int], tuple[int, int]] = {}
    for _, found in waiting:
        if zone is None or found.zone == zone:
            place = found.side, found.zone, int(found.limit_micro)
            energy_wh, orders = sums.get(place, (0, 0))
            sums[place] = energy_wh + found.remaining_wh, orders + 1
    ordered = sorted(
        sums, key=lambda place: (place[0], place[1], place[2] if place[0] is Side.OFFER else -place[2])
    )
    return [Level(*place, *sums[place]) for place in ordered]


def period(reader: Reader, mtu: int) -> MtuPeriod:
    """Times and phase of the book of an MTU."""
    known, market = PERIODS.get(reader, mtu), PARAMS.require(reader)
    opens_ms = TimeMs(max(0, mtu - market.open_ahead_mtus) * mtu_ms(reader))
    call_ms = TimeMs(max(opens_ms, call_start_ms(reader, market, mtu)))
    phase, orders = (known.phase, known.open_orders) if known else (None, 0)
    return MtuPeriod(mtu, phase, orders, opens_ms, call_ms, gate_ms(reader, market, mtu))


def auction(reader: Reader, mtu: int) -> Auction | None:
    """The call auction of an MTU, or None when none was held."""
    return AUCTIONS.get(reader, mtu)


def auctions(reader: Reader, limit: int, after: int | None = None) -> list[Auction]:
    """At most `limit` auctions of MTUs above `after`, ascending; each names its MTU in its summary."""
    rows = AUCTIONS.scan(reader, after=None if after is None else (after,), limit=limit)
    return [found for _, found in rows]


def paths(reader: Reader, mtu: int) -> list[AuctionPath]:
    """The paths of an MTU's auction in order of their numbers, from 1; there are at most as many as zones twice and lines."""
    return [found for _, found in AUCTION_PATHS.scan(reader, mtu)]


def indicative(reader: Reader, mtu: int) -> Cleared | None:
    """What the auction of an MTU would give if its gate closed now; None unless it waits for one with bids and offers."""
    known = PERIODS.get(reader, mtu)
    if known is None or known.phase not in (Phase.CALL, Phase.CLEARING):
        return None
    return clear_book(reader, mtu, gate_ms(reader, PARAMS.require(reader), mtu))


def line_flows(reader: Reader, mtu: int) -> list[tuple[str, int]]:
    """Net flow of every line in an MTU, Wh, positive forward: (line, flow), in order of line numbers."""
    return [(line.name, FLOWS.get(reader, number, mtu) or 0) for number, line in enumerate(lines(reader))]


def statistics(reader: Reader, limit: int, after: int | None = None) -> list[tuple[int, Statistics]]:
    """At most `limit` MTUs above `after` in which something was traded, ascending: (MTU, statistics)."""
    rows = STATISTICS.scan(reader, after=None if after is None else (after,), limit=limit)
    return [(mtu, found) for (mtu,), found in rows]


def statistics_of(reader: Reader, mtu: int) -> Statistics:
    """Statistics of an MTU's trades; zeros when there are none."""
    return STATISTICS.get(reader, mtu) or NO_TRADES


def totals(reader: Reader) -> Statistics:
    """Statistics of all trades; zeros when there are none."""
    return TOTALS.get(reader) or NO_TRADES


def _trades(reader: Reader, rows: Iterable[tuple[int, int]]) -> list[NumberedTrade]:
    return [NumberedTrade(number, mtu, TRADES.require(reader, mtu, number)) for number, mtu in rows]
