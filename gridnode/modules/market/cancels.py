"""Orders are taken back: one, those of a sheet, or all from an MTU on."""

from __future__ import annotations

from collections.abc import Iterable

from gridnode.modules.context import Context
from gridnode.modules.market.codes import MarketCode
from gridnode.modules.market.escrow import Releases
from gridnode.modules.market.events import OrdersCancelled
from gridnode.modules.market.lifecycle import end_order, is_open, open_orders_of
from gridnode.modules.market.messages import CancelAll, CancelOrder, CancelSheet
from gridnode.modules.market.periods import gate_ms
from gridnode.modules.market.tables import (
    CANCELS,
    OPEN_ORDERS,
    ORDERS,
    PARAMS,
    PENDING,
    PERIODS,
    SHEET_IDS,
    SHEETS,
    Ending,
    MarketGenesis,
)
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_U64
from gridnode.state.kv import Reader

Place = tuple[int, int]
"""(MTU, number) of an order."""


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
    take_all_back(context, params, sender, [(mtu, message.order)], Ending.OWNER)


def cancel_sheet(context: Context, sender: Address, message: CancelSheet) -> None:
    """Handler of `market.cancel_sheet`; of a sheet that was replaced: its newest revision."""
    state = context.state
    first = SHEET_IDS.get(state, sender, message.sheet_id)
    if first is None:
        raise Rejected(MarketCode.UNKNOWN_SHEET, f"the sender has no sheet {message.sheet_id}", "sheet_id")
    params = PARAMS.require(state)
    orders = cancellable(state, params, enumerate(SHEETS.require(state, first).mtus, first), context.time_ms)
    if not orders:
        raise Rejected(MarketCode.ORDER_DONE, f"no order of sheet {message.sheet_id} can be cancelled", "sheet_id")
    take_all_back(context, params, sender, orders, Ending.OWNER)


def cancel_all(context: Context, sender: Address, message: CancelAll) -> None:
    """Handler of `market.cancel_all`; by MTU, then number. Bounded, because an account has at most `max_open_orders`."""
    state = context.state
    params = PARAMS.require(state)
    rows = [
        (number, mtu)
        for (mtu,), _ in PERIODS.scan(state, start=(message.from_mtu,))
        for (_, _, number), _ in OPEN_ORDERS.scan(state, mtu, sender)
    ]
    orders = cancellable(state, params, rows, context.time_ms)
    if not orders:
        raise Rejected(MarketCode.ORDER_DONE, f"no order from MTU {message.from_mtu} on can be cancelled", "from_mtu")
    take_all_back(context, params, sender, orders, Ending.OWNER)


def _open_orders(reader: Reader, owner: Address, from_mtu: int) -> list[tuple[int, int]]:
    """Number and MTU of an account's open orders for `from_mtu` and later; looks at books until it has found as many as there are."""
    found: list[tuple[int, int]] = []
    most = open_orders_of(reader, owner)
    for (mtu,), _ in PERIODS.scan(reader, start=(from_mtu,)):
        if len(found) >= most:
            break
        found += [(number, mtu) for (_, _, number), _ in OPEN_ORDERS.scan(reader, mtu, owner)]
    return found


def cancellable(
    reader: Reader, params: MarketGenesis, orders: Iterable[tuple[int, int]], time_ms: int
) -> list[Place]:
    """Those of `orders`, pairs of number and MTU, that are open and whose gate is."""
    return [
        (mtu, number)
        for number, mtu in orders
        if time_ms < gate_ms(reader, params, mtu) and is_open(ORDERS.require(reader, mtu, number))
    ]


def take_all_back(
    context: Context, params: MarketGenesis, owner: Address, orders: list[Place], ending: Ending
) -> None:
    """End orders of one owner, give their escrow back now, and tell; nothing when there are none."""
    releases = Releases(context)
    for place in orders:
        take_back(context, params, releases, place, ending)
    releases.pay()
    if orders:
        context.emit(OrdersCancelled(owner, tuple(number for _, number in orders)))


def take_back(context: Context, params: MarketGenesis, releases: Releases, place: Place, ending: Ending) -> None:
    """End an open order now; the kernel's book learns it in the hook, before anything is matched."""
    state = context.state
    mtu, number = place
    if not PENDING.has(state, number):
        CANCELS.put(state, number, mtu)
    end_order(state, params, releases, mtu, number, ORDERS.require(state, mtu, number), ending)
