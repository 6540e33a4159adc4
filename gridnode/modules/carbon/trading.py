"""Orders for credits come in and are taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gridnode.modules.carbon.book import (
    OPPOSITE,
    enter,
    in_turn,
    is_open,
    leave,
    left_nano,
    meets,
    needs,
    open_of,
    own_best,
)
from gridnode.modules.carbon.codes import CarbonCode
from gridnode.modules.carbon.events import CreditsTraded, OrderCancelled, OrderPlaced
from gridnode.modules.carbon.matching import match
from gridnode.modules.carbon.messages import CancelOrder, PlaceOrder
from gridnode.modules.carbon.tables import (
    ESCROW_ACCOUNT,
    NEXT_ORDER,
    ORDERS,
    PARAMS,
    PLACED,
    CarbonGenesis,
    Order,
)
from gridnode.modules.context import Context
from gridnode.modules.market.rules import is_barred
from gridnode.modules.market.tables import OrderStatus, Side
from gridnode.modules.registry.tables import PARTICIPANTS, Status
from gridnode.modules.token.rules import balance, move
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Amount, PriceMicro
from gridnode.state.kv import Reader
from gridnode.state.overlay import State

FIRST: Final = 1


def place_order(context: Context, sender: Address, message: PlaceOrder) -> None:
    """Handler of `carbon.place_order`."""
    state = context.state
    params = PARAMS.require(state)
    _check_form(params, message)
    fee = params.fee_micro if message.side is Side.BID else PriceMicro(0)
    order = Order(
        sender,
        message.side,
        message.amount_nano,
        message.price_micro,
        fee,
        0,
        Amount(0),
        OrderStatus.ACTIVE,
        context.time_ms,
    )
    _check_sender(state, params, order)
    number = NEXT_ORDER.get(state) or FIRST
    NEXT_ORDER.put(state, number + 1)
    order, fills = match(context, params, number, order)
    order = _rest(context, number, order)
    ORDERS.put(state, number, order)
    PLACED.put(state, sender, number, True)
    context.emit(
        OrderPlaced(
            number, sender, order.side, order.amount_nano, order.price_micro, order.filled_nano, order.status
        )
    )
    if fills:
        context.emit(CreditsTraded(number, sender, order.side, tuple(fills)))


def cancel_order(context: Context, sender: Address, message: CancelOrder) -> None:
    """Handler of `carbon.cancel_order`."""
    state = context.state
    order = ORDERS.get(state, message.order)
    if order is None:
        raise Rejected(CarbonCode.UNKNOWN_ORDER, f"there is no order {message.order}", "order")
    if order.owner != sender:
        raise Rejected(CarbonCode.NOT_OWNER, f"order {message.order} is another account's", "order")
    if not is_open(order):
        raise Rejected(CarbonCode.ORDER_DONE, f"order {message.order} is {order.status.name.lower()}", "order")
    held = needs(order)
    move(context, ESCROW_ACCOUNT, sender, held.denomination, held.amount)
    leave(state, message.order, order)
    ORDERS.put(state, message.order, replace(order, status=OrderStatus.CANCELLED))
    context.emit(OrderCancelled(message.order, sender, left_nano(order)))


def _check_form(params: CarbonGenesis, message: PlaceOrder) -> None:
    """Amount and limit are within bounds and on their steps."""
    amount, price = message.amount_nano, message.price_micro
    if amount < params.min_amount_nano:
        raise Rejected(CarbonCode.AMOUNT_TOO_SMALL, f"expected at least {params.min_amount_nano}", "amount_nano")
    if amount > params.max_amount_nano:
        raise Rejected(CarbonCode.AMOUNT_TOO_LARGE, f"expected at most {params.max_amount_nano}", "amount_nano")
    if amount % params.amount_step_nano:
        expected = f"expected a multiple of {params.amount_step_nano}"
        raise Rejected(CarbonCode.AMOUNT_OFF_STEP, expected, "amount_nano")
    if not params.price_floor_micro <= price <= params.price_cap_micro:
        expected = f"expected {params.price_floor_micro} to {params.price_cap_micro}"
        raise Rejected(CarbonCode.PRICE_OUT_OF_RANGE, expected, "price_micro")
    if price % params.price_tick_micro:
        expected = f"expected a multiple of {params.price_tick_micro}"
        raise Rejected(CarbonCode.PRICE_OFF_TICK, expected, "price_micro")


def _check_sender(reader: Reader, params: CarbonGenesis, order: Order) -> None:
    """The sender may trade, does not meet itself, and can hand over what the order may have to."""
    participant = PARTICIPANTS.get(reader, order.owner)
    if participant is not None and participant.status is not Status.ACTIVE:
        raise Rejected(CarbonCode.SUSPENDED, f"the participant is {participant.status.name.lower()}")
    if order.side is Side.BID and is_barred(reader, order.owner):
        raise Rejected(CarbonCode.IN_ARREARS, "the sender owes money from settlements; pay it before bidding")
    if len(open_of(reader, order.owner)) >= params.max_open_orders:
        raise Rejected(CarbonCode.TOO_MANY_ORDERS, f"expected at most {params.max_open_orders} open orders")
    own = own_best(reader, order.owner, OPPOSITE[order.side])
    if own is not None and meets(order, ORDERS.require(reader, own)):
        raise Rejected(CarbonCode.OWN_ORDERS_CROSS, f"it would reach the sender's order {own}", "price_micro")
    due = needs(order)
    held = balance(reader, order.owner, due.denomination)
    if held < due.amount:
        detail = f"needs {due.amount} of {due.denomination.name} in smallest units, holds {held}"
        raise Rejected(CarbonCode.ESCROW_UNPAID, detail, "amount_nano")


def _rest(context: Context, number: int, order: Order) -> Order:
    """What becomes of the rest of an order that met the book: it waits, unless that would leave the book crossed."""
    if not left_nano(order):
        return order
    if _reaches(context.state, order):
        return replace(order, status=OrderStatus.CANCELLED)
    held = needs(order)
    move(context, order.owner, ESCROW_ACCOUNT, held.denomination, held.amount)
    enter(context.state, number, order)
    return order


def _reaches(state: State, order: Order) -> bool:
    """Whether an order would still trade with the best of the other side."""
    first = in_turn(state, OPPOSITE[order.side], 1)
    return any(meets(order, ORDERS.require(state, number)) for number, _ in first)
