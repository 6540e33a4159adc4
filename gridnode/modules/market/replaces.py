"""A sheet is replaced: what is left of its orders ends and new ones come in its place, both or neither."""

from __future__ import annotations

from gridnode.modules.context import Context
from gridnode.modules.market.cancels import cancellable, take_all_back
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.messages import ReplaceSheet
from gridnode.modules.market.sheets import take_sheet, zone_of_sender
from gridnode.modules.market.tables import PARAMS, SHEET_IDS, SHEETS, Ending
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address


def replace_sheet(context: Context, sender: Address, message: ReplaceSheet) -> None:
    """Handler of `market.replace_sheet`.

    Orders whose gate is closed stay as they are. Escrow of those that end pays for the new ones, and they no longer count among the
    sender's orders. The point may be another one of the sender's than the sheet's.
    """
    state = context.state
    zone = zone_of_sender(context, sender, message)
    first = SHEET_IDS.get(state, sender, message.sheet_id)
    if first is None:
        raise Rejected(MarketCode.UNKNOWN_SHEET, f"the sender has no sheet {message.sheet_id}", "sheet_id")
    revision = SHEETS.require(state, first).revision + 1
    if message.revision != revision:
        raise Rejected(MarketCode.STALE_REVISION, f"expected revision {revision}, got {message.revision}", "revision")
    params = PARAMS.require(state)
    orders = cancellable(state, params, enumerate(SHEETS.require(state, first).mtus, first), context.time_ms)
    take_all_back(context, params, sender, orders, Ending.REPLACED)
    take_sheet(context, params, sender, zone, message, revision)
