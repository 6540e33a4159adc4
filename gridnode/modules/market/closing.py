"""Gates close: periods end in the kernel, their orders expire, bounded in orders looked at."""

from __future__ import annotations

from dataclasses import replace

from gridnode.modules.context import Context
from gridnode.modules.market.books import GATE_OPEN
from gridnode.modules.market.cancels import is_open
from gridnode.modules.market.escrow import Releases, escrow_of
from gridnode.modules.market.events import OrderExpired, PeriodClosed
from gridnode.modules.market.sheets import FIRST, gate_ms
from gridnode.modules.market.tables import ORDERS, PENDING, PERIODS, MarketGenesis, Order, OrderStatus
from gridnode.primitives.units import Mtu


def close_gates(context: Context, params: MarketGenesis, releases: Releases) -> None:
    """Close every period whose gate has passed by chain time, and expire its orders as far as the block's bound allows."""
    budget = params.expiries_per_block
    for (mtu,), cursor in PERIODS.scan(context.state):
        if context.time_ms < gate_ms(context.state, params, mtu):
            break
        if cursor == GATE_OPEN:
            _close(context, mtu)
            cursor = FIRST
        if budget > 0:
            budget -= _expire(context, params, releases, mtu, cursor, budget)


def _close(context: Context, mtu: int) -> None:
    if mtu in context.books.periods():
        context.books.close_period(mtu)
    PERIODS.put(context.state, mtu, FIRST)
    context.emit(PeriodClosed(Mtu(mtu)))


def _expire(
    context: Context, params: MarketGenesis, releases: Releases, mtu: int, cursor: int, budget: int
) -> int:
    """Expire orders of a closed period from number `cursor`; returns how many were looked at."""
    looked = 0
    for (_, number), order in ORDERS.scan(context.state, mtu, start=(mtu, cursor), limit=budget):
        looked += 1
        cursor = number + 1
        if is_open(order):
            _expire_order(context, params, releases, mtu, number, order)
    if looked < budget:
        PERIODS.delete(context.state, mtu)
    else:
        PERIODS.put(context.state, mtu, cursor)
    return looked


def _expire_order(
    context: Context, params: MarketGenesis, releases: Releases, mtu: int, number: int, order: Order
) -> None:
    ORDERS.put(context.state, mtu, number, replace(order, status=OrderStatus.EXPIRED))
    PENDING.delete(context.state, number)
    releases.add(mtu, order.owner, escrow_of(params, order))
    context.emit(OrderExpired(number, Mtu(mtu), order.remaining_wh))
