"""The block's hook, the opening state and the handlers of settlement messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gridnode.modules.context import Context
from gridnode.modules.market.rules import are_orders_done
from gridnode.modules.market.tables import POSITIONS
from gridnode.modules.metering.tables import SUMS
from gridnode.modules.metering.windows import window_end_ms
from gridnode.modules.settlement.arrears import pay_arrears
from gridnode.modules.settlement.deliveries import settle_trades
from gridnode.modules.settlement.desk import Desk
from gridnode.modules.settlement.events import MtuSettled
from gridnode.modules.settlement.messages import PayArrears
from gridnode.modules.settlement.tables import (
    OPENING,
    PARAMS,
    PROGRESS,
    Phase,
    Progress,
    Settled,
    SettlementGenesis,
)
from gridnode.modules.settlement.takings import settle_points
from gridnode.modules.token.rules import supply
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Mtu
from gridnode.state.kv import Reader

START: Final = Progress(Mtu(0), Phase.WAITING, 0)


def open(context: Context, genesis: SettlementGenesis) -> None:  # noqa: A001 (every module opens)
    """Write the parameters, and how much energy token genesis made."""
    PARAMS.put(context.state, genesis)
    made = supply(context.state, Denomination.GRID)
    if made:
        OPENING.put(context.state, made)


def end_block(context: Context) -> None:
    """Hook after a block's transactions, after the market's: settle what is due, at most `steps_per_block` of it."""
    params = PARAMS.require(context.state)
    progress = PROGRESS.get(context.state) or START
    steps = params.steps_per_block
    while steps > 0:
        if progress.phase is Phase.WAITING:
            due = _next_due(context, progress)
            if due is None:
                break
            progress = Progress(Mtu(due), Phase.DELIVERING, 0)
        progress, used = _go_on(context, progress, steps)
        steps -= used
        PROGRESS.put(context.state, progress)


HANDLERS: Final[dict[type[Any], Callable[[Context, Address, Any], None]]] = {PayArrears: pay_arrears}
"""Which handler runs which message."""


def _go_on(context: Context, progress: Progress, steps: int) -> tuple[Progress, int]:
    """Do at most `steps` steps of the MTU in progress; returns where it stands then, and the steps used."""
    desk = Desk(context, progress.mtu)
    used = 0
    if progress.phase is Phase.DELIVERING:
        numbers = settle_trades(desk, progress.trade, steps)
        used = len(numbers)
        last = numbers[-1] if numbers else progress.trade
        phase = Phase.DELIVERING if used == steps else Phase.TAKING
        progress = Progress(progress.mtu, phase, last)
    if progress.phase is Phase.TAKING:
        points = settle_points(desk, steps - used)
        used += points
        if used < steps:
            progress = Progress(Mtu(progress.mtu + 1), Phase.WAITING, 0)
    sums = desk.close()
    if progress.phase is Phase.WAITING:
        _tell(context, desk.mtu, sums)
    return progress, used


def _tell(context: Context, mtu: int, sums: Settled) -> None:
    context.emit(MtuSettled(Mtu(mtu), sums.sold_wh, sums.delivered_wh, sums.excess_wh, sums.lack_wh))


def _next_due(context: Context, progress: Progress) -> int | None:
    """The lowest MTU from `progress.mtu` with readings or trades, if it may be settled now."""
    found = _first_mtu(context.state, progress.mtu)
    if found is None or context.time_ms < window_end_ms(context.state, found):
        return None
    return found if are_orders_done(context.state, found) else None


def _first_mtu(reader: Reader, start: int) -> int | None:
    metered = [mtu for (mtu, _), _ in SUMS.scan(reader, start=(start,), limit=1)]
    traded = [mtu for (mtu, _), _ in POSITIONS.scan(reader, start=(start,), limit=1)]
    return min(metered + traded, default=None)
