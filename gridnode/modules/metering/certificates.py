"""What a device measured anew becomes GRID and a lot; what it takes back becomes a debt of the meter."""

from __future__ import annotations

from gridnode.modules.context import Context
from gridnode.modules.lots.rules import issue
from gridnode.modules.lots.tables import HOLD
from gridnode.modules.metering.codes import MeteringCode
from gridnode.modules.metering.events import DebtChanged
from gridnode.modules.metering.tables import DEBTS
from gridnode.modules.registry.standing import point
from gridnode.modules.registry.tables import Meter
from gridnode.modules.token.rules import mint_to
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import MeterId
from gridnode.primitives.limits import MAX_POINT_LOTS
from gridnode.primitives.units import EnergyWh, grid_of


def certify(context: Context, name: MeterId, meter: Meter, mtu: int, grown_wh: int, held: int) -> int:
    """Account for `grown_wh` of certified generation more, or less when below zero; returns the lot issued, 0 when none.

    More pays the meter's debt first; the rest is minted and issued to the hold. Less is owed: nothing issued is clawed back.
    `held` is how many lots wait for the point in this MTU. Raises Rejected(TOO_MANY_LOTS) when another is too many.
    """
    state = context.state
    debt_wh = DEBTS.get(state, name) or 0
    if grown_wh < 0:
        _set_debt(context, name, debt_wh - grown_wh)
        return 0
    paid_wh = min(debt_wh, grown_wh)
    if paid_wh:
        _set_debt(context, name, debt_wh - paid_wh)
    issued_wh = grown_wh - paid_wh
    if not issued_wh:
        return 0
    if held >= MAX_POINT_LOTS:
        raise Rejected(MeteringCode.TOO_MANY_LOTS, f"expected at most {MAX_POINT_LOTS} lots of a point in an MTU")
    mint_to(context, HOLD, Denomination.GRID, grid_of(EnergyWh(issued_wh)))
    return issue(context, name, point(state, meter.point).zone, meter.source, mtu, issued_wh)


def _set_debt(context: Context, name: MeterId, debt_wh: int) -> None:
    if debt_wh:
        DEBTS.put(context.state, name, EnergyWh(debt_wh))
    else:
        DEBTS.delete(context.state, name)
    context.emit(DebtChanged(name, EnergyWh(debt_wh)))
