"""An order that comes in meets the book."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gridnode.modules.carbon.book import OPPOSITE, in_turn, leave, left_nano, meets, value_of
from gridnode.modules.carbon.events import Fill
from gridnode.modules.carbon.tables import (
    ESCROW_ACCOUNT,
    ORDERS,
    STATISTICS,
    TRADED,
    TRADES,
    CarbonGenesis,
    Order,
    Statistics,
    Trade,
)
from gridnode.modules.context import Context
from gridnode.modules.market.tables import OrderStatus, Side
from gridnode.modules.token.rules import move
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.units import Amount, PriceMicro

NO_TRADES: Final = Statistics(0, Amount(0), Amount(0), Amount(0), PriceMicro(0), PriceMicro(0), PriceMicro(0))


def match(context: Context, params: CarbonGenesis, number: int, order: Order) -> tuple[Order, list[Fill]]:
    """Trade an incoming order with at most `match_steps` resting ones, best price first, then lowest number, at their prices.

    Returns the order as it then stands, with its trades. Each trade is paid at once: what the resting order hands over comes out of
    escrow, what the incoming one hands over from its owner, whose balance covers it.
    """
    state = context.state
    fills: list[Fill] = []
    sums = STATISTICS.get(state) or NO_TRADES
    for other, _ in in_turn(state, OPPOSITE[order.side], params.match_steps):
        resting = ORDERS.require(state, other)
        if not left_nano(order) or not meets(order, resting):
            break
        amount = min(left_nano(order), left_nano(resting))
        trade = _trade(context, (number, order), (other, resting), amount)
        _pay(context, params, trade)
        sums = counted(sums, trade)
        TRADES.put(state, sums.trades, trade)
        for account in (trade.buyer, trade.seller):
            TRADED.put(state, account, sums.trades, True)
        order, resting = (_filled(each, trade) for each in (order, resting))
        ORDERS.put(state, other, resting)
        if not left_nano(resting):
            leave(state, other, resting)
        fills.append(Fill(sums.trades, other, resting.owner, amount, trade.price_micro))
    if fills:
        STATISTICS.put(state, sums)
    return order, fills


def counted(sums: Statistics, trade: Trade) -> Statistics:
    """`sums` with one more trade."""
    price = trade.price_micro
    return Statistics(
        sums.trades + 1,
        Amount(sums.volume_nano + trade.amount_nano),
        Amount(sums.value + value_of(trade.amount_nano, price)),
        Amount(sums.fees + value_of(trade.amount_nano, trade.fee_micro)),
        price,
        max(sums.high_micro, price),
        min(sums.low_micro, price) if sums.trades else price,
    )


def _trade(context: Context, taker: tuple[int, Order], maker: tuple[int, Order], amount: int) -> Trade:
    (bid, buyer), (offer, seller) = (taker, maker) if taker[1].side is Side.BID else (maker, taker)
    return Trade(
        buyer.owner,
        seller.owner,
        bid,
        offer,
        taker[1].side,
        amount,
        maker[1].price_micro,
        buyer.fee_micro,
        context.time_ms,
    )


def _pay(context: Context, params: CarbonGenesis, trade: Trade) -> None:
    """Price to the seller, fee to the fee account, credits to the buyer."""
    rested = trade.taker is Side.OFFER
    payer = ESCROW_ACCOUNT if rested else trade.buyer
    giver = trade.seller if rested else ESCROW_ACCOUNT
    fee = value_of(trade.amount_nano, trade.fee_micro)
    move(context, payer, trade.seller, Denomination.THB, value_of(trade.amount_nano, trade.price_micro))
    move(context, payer, params.fee_account, Denomination.THB, fee)
    move(context, giver, trade.buyer, Denomination.CO2, trade.amount_nano)


def _filled(order: Order, trade: Trade) -> Order:
    """The order after a trade."""
    filled = order.filled_nano + trade.amount_nano
    return replace(
        order,
        filled_nano=filled,
        value=Amount(order.value + value_of(trade.amount_nano, trade.price_micro)),
        status=OrderStatus.FILLED if filled == order.amount_nano else OrderStatus.PARTLY_FILLED,
    )
