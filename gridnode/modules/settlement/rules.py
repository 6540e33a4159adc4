"""The block's hook, the opening state and the handlers of settlement messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gridnode.modules.context import Context
from gridnode.modules.market.auction_tables import CONGESTION
from gridnode.modules.market.locks import close_locks
from gridnode.modules.market.rules import are_orders_done
from gridnode.modules.market.tables import PERIODS, POSITIONS
from gridnode.modules.metering.tables import SUMS
from gridnode.modules.metering.windows import window_end_ms
from gridnode.modules.settlement.arrears import pay_arrears
from gridnode.modules.settlement.corrections import correct
from gridnode.modules.settlement.deliveries import settle_trades
from gridnode.modules.settlement.desk import Desk
from gridnode.modules.settlement.events import MtuSettled
from gridnode.modules.settlement.messages import PayArrears, SpendRent
from gridnode.modules.settlement.rent import spend_rent
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
from gridnode.modules.settlement.weighing import weigh_trades
from gridnode.modules.token.rules import balance, supply
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import OperatorError
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_U64
from gridnode.primitives.units import Mtu
from gridnode.state.kv import Reader

START: Final = Progress(Mtu(0), Phase.WAITING, 0)


def open(context: Context, genesis: SettlementGenesis) -> None:  # noqa: A001 (every module opens)
    """Write the parameters, and how much energy token genesis made. Raises OperatorError when genesis gave out congestion rent."""
    if balance(context.state, CONGESTION, Denomination.THB):
        raise OperatorError("token.balances: expected nothing for the account of congestion rent, which trades fill")
    PARAMS.put(context.state, genesis)
    made = supply(context.state, Denomination.GRID)
    if made:
        OPENING.put(context.state, made)


def end_block(context: Context) -> None:
    """Hook after a block's transactions, after the market's: settle what is due, then correct, at most `steps_per_block` steps."""
    params = PARAMS.require(context.state)
    progress = PROGRESS.get(context.state) or START
    steps = params.steps_per_block
    while steps > 0:
        if progress.phase is Phase.WAITING:
            due = _next_due(context, progress)
            if due is None:
                break
            close_locks(context.state, due)
            progress = Progress(Mtu(due), Phase.WEIGHING, 0)
        progress, used = _go_on(context, progress, steps)
        steps -= used
        PROGRESS.put(context.state, progress)
    if steps > 0:
        _correct(context, progress, steps)


HANDLERS: Final[dict[type[Any], Callable[[Context, Address, Any], None]]] = {
    PayArrears: pay_arrears,
    SpendRent: spend_rent,
}
"""Which handler runs which message."""


def _go_on(context: Context, progress: Progress, steps: int) -> tuple[Progress, int]:
    """Do at most `steps` steps of the MTU in progress; returns where it stands then, and the steps used."""
    desk = Desk(context, progress.mtu)
    used = 0
    if progress.phase is Phase.WEIGHING:
        numbers = weigh_trades(desk, progress.trade, steps)
        used = len(numbers)
        progress = _come_to(progress, numbers, steps, Phase.DELIVERING)
    if progress.phase is Phase.DELIVERING:
        numbers = settle_trades(desk, progress.trade, steps - used)
        progress = _come_to(progress, numbers, steps - used, Phase.TAKING)
        used += len(numbers)
    if progress.phase is Phase.TAKING:
        points = settle_points(desk, steps - used)
        used += points
        if used < steps:
            progress = Progress(Mtu(progress.mtu + 1), Phase.WAITING, 0)
    sums = desk.close()
    if progress.phase is Phase.WAITING:
        _tell(context, desk.mtu, sums)
    return progress, used


def _come_to(progress: Progress, numbers: list[int], steps: int, behind: Phase) -> Progress:
    """Where a phase over trades stands after these, of at most `steps`: fewer are all that were left, and it goes on to `behind`."""
    if len(numbers) < steps:
        return Progress(progress.mtu, behind, 0)
    return Progress(progress.mtu, progress.phase, numbers[-1] if numbers else progress.trade)


def _correct(context: Context, progress: Progress, steps: int) -> None:
    """Correct MTUs whose first settlement is done, or that need none; the latter are behind settlement then.

    What is late is of an MTU whose window has closed. With steps left all of those are settled, unless orders are still to end.
    """
    trading = next((mtu for (mtu,), _ in PERIODS.scan(context.state, limit=1)), MAX_U64)
    last = correct(context, trading, steps)
    if last is not None and last >= progress.mtu:
        PROGRESS.put(context.state, Progress(Mtu(last + 1), Phase.WAITING, 0))


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
