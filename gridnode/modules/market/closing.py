"""Gates close: periods end in the kernel, their orders expire, bounded in orders looked at."""

from __future__ import annotations

from dataclasses import replace

from gridnode.modules.context import Context
from gridnode.modules.market.escrow import Releases
from gridnode.modules.market.events import OrderExpired, PeriodClosed
from gridnode.modules.market.lifecycle import end_order, is_open
from gridnode.modules.market.periods import gate_ms
from gridnode.modules.market.sheets import FIRST
from gridnode.modules.market.tables import ORDERS, PERIODS, Ending, MarketGenesis, Period, Phase
from gridnode.primitives.units import Mtu


def close_gates(context: Context, params: MarketGenesis, releases: Releases) -> None:
    """Close every period whose gate has passed by chain time, and expire its orders as far as the block's bound allows."""
    budget = params.expiries_per_block
    for (mtu,), period in PERIODS.scan(context.state):
        if context.time_ms < gate_ms(context.state, params, mtu):
            break
        if period.phase is not Phase.EXPIRING:
            period = _close(context, mtu, period)
        if budget > 0:
            budget -= _expire(context, params, releases, mtu, period.cursor, budget)


def _close(context: Context, mtu: int, period: Period) -> Period:
    if mtu in context.books.periods():
        context.books.close_period(mtu)
    closed = replace(period, phase=Phase.EXPIRING, cursor=FIRST)
    PERIODS.put(context.state, mtu, closed)
    context.emit(PeriodClosed(Mtu(mtu)))
    return closed


def _expire(
    context: Context, params: MarketGenesis, releases: Releases, mtu: int, cursor: int, budget: int
) -> int:
    """Expire orders of a closed period from number `cursor`; returns how many were looked at."""
    looked = 0
    for (_, number), order in ORDERS.scan(context.state, mtu, start=(mtu, cursor), limit=budget):
        looked += 1
        cursor = number + 1
        if is_open(order):
            end_order(context.state, params, releases, mtu, number, order, Ending.GATE)
            context.emit(OrderExpired(number, Mtu(mtu), order.remaining_wh))
    if looked < budget:
        PERIODS.delete(context.state, mtu)
    else:
        PERIODS.put(context.state, mtu, replace(PERIODS.require(context.state, mtu), cursor=cursor))
    return looked
