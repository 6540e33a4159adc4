"""Handlers of market messages, the opening state, the block's hook, and what settlement asks and tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gridnode.modules.context import Context
from gridnode.modules.grid.clock import mtu_ms, notice_mtus
from gridnode.modules.grid.network import lines
from gridnode.modules.market.bounds import bounds_fault, set_bounds
from gridnode.modules.market.cancels import cancel_all, cancel_order, cancel_sheet
from gridnode.modules.market.closing import advance_periods
from gridnode.modules.market.deadlines import end_due
from gridnode.modules.market.escrow import Releases
from gridnode.modules.market.locks import acknowledge_lock
from gridnode.modules.market.matching import match_pending, take_cancelled
from gridnode.modules.market.messages import (
    AcknowledgeLock,
    CancelAll,
    CancelOrder,
    CancelSheet,
    PlaceSheet,
    ReplaceSheet,
    SetBounds,
)
from gridnode.modules.market.periods import schedule_fault
from gridnode.modules.market.replaces import replace_sheet
from gridnode.modules.market.sheets import place_sheet
from gridnode.modules.market.tables import (
    BARRED,
    BOUNDS,
    PARAMS,
    PERIODS,
    POSITIONS,
    MarketGenesis,
    Mode,
    Position,
)
from gridnode.modules.market.trades import NO_POSITION
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import Address, PointId
from gridnode.state.kv import Reader
from gridnode.state.overlay import State


def open(context: Context, genesis: MarketGenesis) -> None:  # noqa: A001 (every module opens)
    """Write the parameters.

    Raises OperatorError when a least value is above its greatest, when the times of an MTU leave no room for its phases or reach
    beyond the notice that the grid gives of changes, or when an auction could not tell two lines apart.
    """
    fault = bounds_fault(genesis.bounds)
    if fault is not None:
        raise OperatorError(f"market.bounds: {fault}")
    fault = schedule_fault(genesis, mtu_ms(context.state)) or _grid_fault(context.state, genesis)
    if fault is not None:
        raise OperatorError(f"market.{fault}")
    if genesis.fee_account in context.module_accounts:
        raise OperatorError("market: expected a fee_account that no module owns")
    PARAMS.put(context.state, genesis)
    BOUNDS.put(context.state, 0, genesis.bounds)


def _grid_fault(reader: Reader, genesis: MarketGenesis) -> str | None:
    """What the grid has that this market cannot trade over; None when nothing is."""
    if genesis.open_ahead_mtus > notice_mtus(reader):
        return f"open_ahead_mtus: expected at most grid.params.notice_mtus, {notice_mtus(reader)}: an open MTU keeps its charges"
    ends = [tuple(sorted((line.start, line.end))) for line in lines(reader)]
    if genesis.mode is not Mode.CONTINUOUS and len(set(ends)) < len(ends):
        return "mode: an auction expects no two lines of grid.lines between the same nodes; join them into one"
    return None


def end_block(context: Context) -> None:
    """Hook after a block's transactions: deadlines, cancels, phases and auctions, matching; see the chapter's rules."""
    params = PARAMS.require(context.state)
    releases = Releases(context)
    none_is_due = end_due(context, params, releases)
    take_cancelled(context)
    steps = advance_periods(context, params, releases)
    if none_is_due and steps > 0:
        match_pending(context, params, releases, steps)
    releases.pay()


HANDLERS: Final[dict[type[Any], Callable[[Context, Address, Any], None]]] = {
    PlaceSheet: place_sheet,
    ReplaceSheet: replace_sheet,
    CancelOrder: cancel_order,
    CancelSheet: cancel_sheet,
    CancelAll: cancel_all,
    SetBounds: set_bounds,
    AcknowledgeLock: acknowledge_lock,
}
"""Which handler runs which message."""


def are_orders_done(reader: Reader, mtu: int) -> bool:
    """Whether no order of `mtu` or an earlier MTU can trade or expire any more."""
    return not any(first <= mtu for (first,), _ in PERIODS.scan(reader, limit=1))


def position(reader: Reader, mtu: int, point: PointId) -> Position:
    """What a connection point has traded for an MTU; zeros when nothing, or when it is settled."""
    return POSITIONS.get(reader, mtu, point) or NO_POSITION


def drop_position(state: State, mtu: int, point: PointId) -> None:
    """Forget what a connection point traded for an MTU: it is settled, and its statement has it."""
    POSITIONS.delete(state, mtu, point)


def set_barred(state: State, account: Address, barred: bool) -> None:
    """Say whether an account owes money from settlements; while it does it may not order."""
    if barred:
        BARRED.put(state, account, True)
    else:
        BARRED.delete(state, account)


def is_barred(reader: Reader, account: Address) -> bool:
    """Whether an account owes money from settlements."""
    return BARRED.has(reader, account)
