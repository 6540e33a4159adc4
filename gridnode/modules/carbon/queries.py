"""Read-only questions about credits, their orders and their trades."""

from __future__ import annotations

from typing import NamedTuple

from gridnode.modules.carbon.book import best, in_turn, left_nano
from gridnode.modules.carbon.earnings import standing_of
from gridnode.modules.carbon.matching import NO_TRADES
from gridnode.modules.carbon.tables import (
    EARNED,
    ORDERS,
    PARAMS,
    PLACED,
    RANKING,
    RETIRED,
    SOURCES,
    STATISTICS,
    TRADED,
    TRADES,
    CarbonGenesis,
    Order,
    SourceTotal,
    Statistics,
    Trade,
)
from gridnode.modules.market.tables import Side
from gridnode.modules.registry.tables import Source
from gridnode.modules.token.rules import supply
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_AMOUNT
from gridnode.primitives.units import Amount
from gridnode.state.kv import Reader


class Rank(NamedTuple):
    """A line of the leaderboard."""

    account: Address
    """Who earned."""
    credits_nano: int
    """How much, ever, 1e-9 credit."""


class Level(NamedTuple):
    """Open orders of one side at one price."""

    side: Side
    """Bid or offer."""
    price_micro: int
    """Their limit, 1e-6 THB per credit."""
    amount_nano: int
    """What is left of them."""
    orders: int
    """How many."""


class Overview(NamedTuple):
    """Credits and their market at a glance."""

    trades: Statistics
    """Sums over all trades."""
    best_bid_micro: int | None
    """Highest bid, 1e-6 THB per credit."""
    best_offer_micro: int | None
    """Lowest offer."""
    supply_nano: int
    """Credits that exist."""
    retired_nano: int
    """Credits that were retired, ever."""
    sources: list[tuple[Source, SourceTotal]]
    """What energy of each source has earned."""


def params(reader: Reader) -> CarbonGenesis:
    """The module's parameters."""
    return PARAMS.require(reader)


def earned(reader: Reader, account: Address) -> Amount:
    """Credits that an account ever earned, whatever it did with them."""
    return EARNED.get(reader, account) or Amount(0)


def leaderboard(reader: Reader, limit: int, after: Rank | None = None) -> list[Rank]:
    """At most `limit` accounts behind `after`, by credits earned, most first; equal ones in order of account."""
    behind = None if after is None else (standing_of(after.credits_nano), after.account)
    rows = RANKING.scan(reader, after=behind, limit=limit)
    return [Rank(account, MAX_AMOUNT - standing) for (standing, account), _ in rows]


def overview(reader: Reader) -> Overview:
    """Statistics of trades and of earnings, and the best prices."""
    return Overview(
        STATISTICS.get(reader) or NO_TRADES,
        best(reader, Side.BID),
        best(reader, Side.OFFER),
        supply(reader, Denomination.CO2),
        RETIRED.get(reader) or 0,
        [(Source(number), total) for (number,), total in SOURCES.scan(reader)],
    )


def depth(reader: Reader, side: Side, limit: int) -> list[Level]:
    """The best `limit` prices of a side, the best first, with what is left of the orders there."""
    levels: list[Level] = []
    for number, price in in_turn(reader, side):
        left = left_nano(ORDERS.require(reader, number))
        if levels and levels[-1].price_micro == price:
            last = levels[-1]
            levels[-1] = last._replace(amount_nano=last.amount_nano + left, orders=last.orders + 1)
        elif len(levels) == limit:
            break
        else:
            levels.append(Level(side, price, left, 1))
    return levels


def order(reader: Reader, number: int) -> Order | None:
    """The order of that number."""
    return ORDERS.get(reader, number)


def orders(reader: Reader, limit: int, after: int | None = None) -> list[tuple[int, Order]]:
    """At most `limit` orders, the latest first, with numbers below `after`: (number, order)."""
    rows = ORDERS.scan(reader, after=None if after is None else (after,), limit=limit, reverse=True)
    return [(number, found) for (number,), found in rows]


def orders_of(
    reader: Reader, owner: Address, limit: int, after: int | None = None
) -> list[tuple[int, Order]]:
    """The same of one account."""
    behind = None if after is None else (owner, after)
    rows = PLACED.scan(reader, owner, after=behind, limit=limit, reverse=True)
    return [(number, ORDERS.require(reader, number)) for (_, number), _ in rows]


def trade(reader: Reader, number: int) -> Trade | None:
    """The trade of that number."""
    return TRADES.get(reader, number)


def trades(reader: Reader, limit: int, after: int | None = None) -> list[tuple[int, Trade]]:
    """At most `limit` trades, the latest first, with numbers below `after`: (number, trade)."""
    rows = TRADES.scan(reader, after=None if after is None else (after,), limit=limit, reverse=True)
    return [(number, found) for (number,), found in rows]


def trades_of(reader: Reader, account: Address, limit: int, after: int | None = None) -> list[tuple[int, Trade]]:
    """The same of one account, buyer or seller."""
    behind = None if after is None else (account, after)
    rows = TRADED.scan(reader, account, after=behind, limit=limit, reverse=True)
    return [(number, TRADES.require(reader, number)) for (_, number), _ in rows]
