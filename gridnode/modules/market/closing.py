"""What chain time does to books: the call phase starts, gates close, auctions are held, orders expire; bounded in each block.

Every MTU goes through its phases in order, however late: after an outage those whose gates passed wait their turn, lowest first.
"""

from __future__ import annotations

from dataclasses import replace

from gridnode.modules.context import Context
from gridnode.modules.market.auctioning import hold_auction
from gridnode.modules.market.entering import FIRST_PATH, enter_trades
from gridnode.modules.market.escrow import Releases
from gridnode.modules.market.events import CallStarted, OrderExpired, PeriodClosed
from gridnode.modules.market.lifecycle import end_order
from gridnode.modules.market.periods import first_change_ms, phase_at
from gridnode.modules.market.tables import (
    OPEN_ORDERS,
    ORDERS,
    PERIODS,
    Ending,
    MarketGenesis,
    Mode,
    Period,
    Phase,
)
from gridnode.primitives.units import Mtu


def advance_periods(context: Context, params: MarketGenesis, releases: Releases) -> int:
    """Move every period on as far as chain time and the block's bounds allow; returns the match steps that are left.

    Phases change first; then the lowest MTU that waits for its auction has it; then trades of auctions are written, lowest MTU first, at
    most `match_steps_per_block`; then orders expire, lowest MTU first, at most `expiries_per_block`.

    A period goes with its last order, but not in a block that wrote trades of it: when it is gone settlement may begin, and a block
    that trades an MTU does not settle it.
    """
    closed = _change_phases(context, params)
    _hold_next(context, closed)
    steps, entering = params.match_steps_per_block, _in_phase(context, closed, Phase.ENTERING)
    for mtu in entering:
        if steps > 0:
            steps -= enter_trades(context, params, releases, mtu, steps)
    expiries = params.expiries_per_block
    for mtu in _in_phase(context, closed, Phase.EXPIRING):
        if expiries > 0:
            expiries -= _expire(context, params, releases, mtu, expiries)
        if mtu not in entering and not PERIODS.require(context.state, mtu).open_orders:
            PERIODS.delete(context.state, mtu)
    return steps


def _change_phases(context: Context, params: MarketGenesis) -> list[int]:
    """Start call phases and close gates whose time has come; returns the MTUs whose gate is closed, ascending."""
    state, closed = context.state, []
    for (mtu,), period in PERIODS.scan(state):
        if context.time_ms < first_change_ms(state, params, mtu):
            break
        by_clock = phase_at(state, params, mtu, context.time_ms)
        if period.phase < by_clock:
            _change(context, params, mtu, period, by_clock)
        if by_clock is Phase.CLEARING:
            closed.append(mtu)
    return closed


def _change(context: Context, params: MarketGenesis, mtu: int, period: Period, phase: Phase) -> None:
    """End continuous matching, or the call phase. Orders that were not reached leave `pending` when matching comes to them."""
    if mtu in context.books.periods():
        context.books.close_period(mtu)
    if phase is Phase.CALL:
        context.emit(CallStarted(Mtu(mtu)))
    else:
        context.emit(PeriodClosed(Mtu(mtu)))
        has_auction = params.mode is not Mode.CONTINUOUS and period.open_orders > 0
        phase = Phase.CLEARING if has_auction else Phase.EXPIRING
    PERIODS.put(context.state, mtu, replace(period, phase=phase))


def _in_phase(context: Context, closed: list[int], phase: Phase) -> list[int]:
    return [mtu for mtu in closed if PERIODS.require(context.state, mtu).phase is phase]


def _hold_next(context: Context, closed: list[int]) -> None:
    """Hold the auction of the lowest MTU that waits for it, one in a block at most."""
    for mtu in _in_phase(context, closed, Phase.CLEARING)[:1]:
        has_trades = hold_auction(context, mtu)
        phase, cursor = (Phase.ENTERING, FIRST_PATH) if has_trades else (Phase.EXPIRING, 0)
        PERIODS.put(context.state, mtu, replace(PERIODS.require(context.state, mtu), phase=phase, cursor=cursor))


def _expire(context: Context, params: MarketGenesis, releases: Releases, mtu: int, most: int) -> int:
    """Expire at most `most` open orders of a period, by owner and number; returns how many."""
    state, expired = context.state, 0
    for (_, _, number), _ in OPEN_ORDERS.scan(state, mtu, limit=most):
        order = ORDERS.require(state, mtu, number)
        end_order(state, params, releases, mtu, number, order, Ending.GATE)
        context.emit(OrderExpired(number, Mtu(mtu), order.remaining_wh))
        expired += 1
    return expired
