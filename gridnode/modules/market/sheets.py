"""Orders come in: the handler of order sheets."""

from __future__ import annotations

from collections import Counter
from typing import Final

from gridnode.modules.context import Context
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.entries import Admission
from gridnode.modules.market.escrow import escrow_of
from gridnode.modules.market.events import SheetPlaced
from gridnode.modules.market.lifecycle import count_open, enter_order, open_orders_of
from gridnode.modules.market.messages import PlaceSheet, ReplaceSheet
from gridnode.modules.market.sales import check_sales
from gridnode.modules.market.tables import (
    BARRED,
    ESCROW_ACCOUNT,
    NEXT_ORDER,
    PARAMS,
    SHEET_IDS,
    SHEETS,
    MarketGenesis,
    Sheet,
)
from gridnode.modules.registry.standing import point, require_active
from gridnode.modules.token.rules import balance, move
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address, ZoneId

FIRST: Final = 1


def place_sheet(context: Context, sender: Address, message: PlaceSheet) -> None:
    """Handler of `market.place_sheet`."""
    zone = zone_of_sender(context, sender, message)
    if SHEET_IDS.has(context.state, sender, message.sheet_id):
        raise Rejected(MarketCode.SHEET_EXISTS, f"the sender has a sheet {message.sheet_id}", "sheet_id")
    take_sheet(context, PARAMS.require(context.state), sender, zone, message, 0)


def zone_of_sender(context: Context, sender: Address, message: PlaceSheet | ReplaceSheet) -> ZoneId:
    """Zone of the sheet's point. Raises Rejected when it is not the sender's, or the sender may not order."""
    state = context.state
    place = point(state, message.point)
    if place.owner != sender:
        raise Rejected(MarketCode.NOT_OWNER, f"{message.point} is another participant's", "point")
    require_active(state, sender)
    if BARRED.has(state, sender):
        raise Rejected(MarketCode.IN_ARREARS, "the sender owes money from settlements; pay it before trading")
    return place.zone


def take_sheet(
    context: Context,
    params: MarketGenesis,
    sender: Address,
    zone: ZoneId,
    message: PlaceSheet | ReplaceSheet,
    revision: int,
) -> None:
    """Number the entries of a sheet as orders, and put what its bids may cost in escrow. Raises Rejected."""
    state = context.state
    admission = Admission(context, params, sender, zone, message)
    admitted = [admission.admit(index) for index in range(len(message.entries))]
    if open_orders_of(state, sender) + len(admitted) > params.max_open_orders:
        raise Rejected(MarketCode.TOO_MANY_ORDERS, f"expected at most {params.max_open_orders} open orders", "entries")
    due = sum(escrow_of(params, order) for order, _ in admitted)
    if due > balance(state, sender, Denomination.THB):
        raise Rejected(MarketCode.ESCROW_UNPAID, f"the bids need {due} x 1e-9 THB in escrow", "entries")
    check_sales(state, sender, message.point, message.entries)
    move(context, sender, ESCROW_ACCOUNT, Denomination.THB, due)
    first = NEXT_ORDER.get(state) or FIRST
    NEXT_ORDER.put(state, first + len(admitted))
    mtus = tuple(entry.mtu for entry in message.entries)
    SHEETS.put(state, first, Sheet(sender, message.sheet_id, revision, message.point, mtus))
    SHEET_IDS.put(state, sender, message.sheet_id, first)
    for number, (mtu, (order, phase)) in enumerate(zip(mtus, admitted, strict=True), first):
        enter_order(state, params, mtu, number, order, phase)
    for side, count in Counter(order.side for order, _ in admitted).items():
        count_open(state, sender, side, count)
    context.emit(SheetPlaced(sender, message.sheet_id, revision, message.point, first, len(mtus)))
