"""Candles against the trades themselves: an hour is the merge of its four MTUs wherever days begin, and pages lose nothing."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as some

from gridnode.modules.grid.tables import PARAMS, Clock, GridParams
from gridnode.modules.market.market_data import traded_between
from gridnode.modules.market.queries import NO_TRADES
from gridnode.modules.market.quotes import MTUS_PER_HOUR, Candle, candles, delivery_candles
from gridnode.modules.market.tables import CANDLES, STATISTICS, Statistics
from gridnode.state.kv import MemoryReader
from gridnode.state.overlay import State

MTU_MS = 1_000
BASE = 96


class Deal(NamedTuple):
    """A trade as candles see it."""

    mtu: int
    price_micro: int
    energy_wh: int


DEALS = some.lists(
    some.builds(Deal, some.integers(BASE, BASE + 40), some.integers(0, 5), some.integers(1, 3)), max_size=30
)


def summed(deals: Iterable[Deal]) -> Statistics:
    """Statistics of trades in their order, from the definitions."""
    rows = list(deals)
    prices = [row.price_micro for row in rows]
    return Statistics(
        len(rows),
        sum(row.energy_wh for row in rows),
        sum(row.energy_wh * row.price_micro for row in rows),
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
    )


def state_of(deals: list[Deal], origin: int) -> State:
    """A state with the clock's origin and the sums of each MTU, by trading and by delivery alike."""
    state = State(MemoryReader())
    PARAMS.put(state, GridParams(Clock(MTU_MS, origin, 0), 96))
    for mtu, rows in groupby(deals, key=lambda row: row.mtu):
        found = summed(rows)
        CANDLES.put(state, mtu, found)
        STATISTICS.put(state, mtu, found)
    return state


@given(DEALS, some.integers(BASE - 60, BASE + 60))
def test_an_hour_is_what_its_trades_say(deals: list[Deal], origin: int) -> None:
    deals = sorted(deals, key=lambda row: row.mtu)
    state = state_of(deals, origin)
    expected = [
        Candle((origin + MTUS_PER_HOUR * hour) * MTU_MS, summed(rows))
        for hour, rows in groupby(deals, key=lambda row: (row.mtu - origin) // MTUS_PER_HOUR)
    ]
    assert candles(state, 99, MTUS_PER_HOUR) == expected
    assert delivery_candles(state, 99, MTUS_PER_HOUR) == expected


@given(DEALS, some.integers(BASE - 60, BASE + 60), some.integers(1, 5), some.sampled_from([1, MTUS_PER_HOUR]))
def test_pages_put_together_are_the_whole(deals: list[Deal], origin: int, limit: int, mtus: int) -> None:
    state = state_of(sorted(deals, key=lambda row: row.mtu), origin)
    whole, pages, after_ms = candles(state, 99, mtus), [], None
    while page := candles(state, limit, mtus, after_ms):
        pages += page
        after_ms = page[-1].start_ms
    assert pages == whole


@given(DEALS, some.integers(BASE, BASE + 41), some.integers(0, 41))
def test_a_window_of_trading_is_the_sum_of_its_trades(deals: list[Deal], start: int, length: int) -> None:
    deals = sorted(deals, key=lambda row: row.mtu)
    inside = [row for row in deals if start <= row.mtu < start + length]
    found = traded_between(state_of(deals, BASE), start, start + length)
    assert found == (summed(inside) if inside else NO_TRADES)
