"""Orders are taken back."""

from __future__ import annotations

from gridnode.modules.context import Context
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.escrow import Releases
from gridnode.modules.market.events import OrdersCancelled
from gridnode.modules.market.lifecycle import end_order, is_open
from gridnode.modules.market.messages import CancelOrder, CancelSheet
from gridnode.modules.market.periods import gate_ms
from gridnode.modules.market.tables import (
    CANCELS,
    ORDERS,
    PARAMS,
    PENDING,
    SHEET_IDS,
    SHEETS,
    Ending,
    MarketGenesis,
    Order,
)
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_U64
from gridnode.state.kv import Reader


def mtu_of_order(reader: Reader, number: int) -> int | None:
    """MTU of an order, found through the sheet that it came in; None when there is no such order."""
    for (first,), sheet in SHEETS.scan(reader, stop=(number + 1,), limit=1, reverse=True):
        place: int = number - first
        if place < len(sheet.mtus):
            return sheet.mtus[place]
    return None


def cancel_order(context: Context, sender: Address, message: CancelOrder) -> None:
    """Handler of `market.cancel_order`."""
    state = context.state
    mtu = mtu_of_order(state, message.order) if message.order < MAX_U64 else None
    if mtu is None:
        raise Rejected(MarketCode.UNKNOWN_ORDER, f"there is no order {message.order}", "order")
    order = ORDERS.require(state, mtu, message.order)
    if order.owner != sender:
        raise Rejected(MarketCode.NOT_OWNER, f"order {message.order} is another participant's", "order")
    params = PARAMS.require(state)
    if context.time_ms >= gate_ms(state, params, mtu):
        raise Rejected(MarketCode.GATE_CLOSED, f"the gate of MTU {mtu} is closed at {context.time_ms}", "order")
    if not is_open(order):
        raise Rejected(MarketCode.ORDER_DONE, f"order {message.order} is {order.status.name.lower()}", "order")
    releases = Releases(context)
    _cancel(context, params, releases, mtu, message.order, order)
    releases.pay()
    context.emit(OrdersCancelled(sender, (message.order,)))


def cancel_sheet(context: Context, sender: Address, message: CancelSheet) -> None:
    """Handler of `market.cancel_sheet`."""
    state = context.state
    first = SHEET_IDS.get(state, sender, message.sheet_id)
    if first is None:
        raise Rejected(MarketCode.UNKNOWN_SHEET, f"the sender has no sheet {message.sheet_id}", "sheet_id")
    params = PARAMS.require(state)
    releases = Releases(context)
    cancelled = []
    for number, mtu in enumerate(SHEETS.require(state, first).mtus, first):
        order = ORDERS.require(state, mtu, number)
        if is_open(order) and context.time_ms < gate_ms(state, params, mtu):
            _cancel(context, params, releases, mtu, number, order)
            cancelled.append(number)
    if not cancelled:
        raise Rejected(MarketCode.ORDER_DONE, f"no order of sheet {message.sheet_id} can be cancelled", "sheet_id")
    releases.pay()
    context.emit(OrdersCancelled(sender, tuple(cancelled)))


def _cancel(
    context: Context, params: MarketGenesis, releases: Releases, mtu: int, number: int, order: Order
) -> None:
    """End an order now; the kernel's book learns it in the hook, before anything is matched."""
    state = context.state
    if not PENDING.has(state, number):
        CANCELS.put(state, number, mtu)
    end_order(state, params, releases, mtu, number, order, Ending.OWNER)
