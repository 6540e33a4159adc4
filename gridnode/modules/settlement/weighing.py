"""Trades are weighed before any is delivered: which are void for want of a lock, and what each seller sold; rules 2 and 3."""

from __future__ import annotations

from dataclasses import replace

from gridnode.modules.market.escrow import add_escrow, cost_of
from gridnode.modules.market.locks import locked_wh, void_trade
from gridnode.modules.market.tables import TRADES, Trade
from gridnode.modules.settlement.allocation import with_sale
from gridnode.modules.settlement.desk import Desk
from gridnode.modules.settlement.events import TradeVoided
from gridnode.modules.settlement.tables import DELIVERIES
from gridnode.primitives.units import Amount, EnergyWh, Mtu


def weigh_trades(desk: Desk, after: int, steps: int) -> list[int]:
    """Weigh at most `steps` trades with a number above `after`, ascending, and pay void ones back; returns their numbers."""
    numbers = []
    refunded = 0
    for (_, number), trade in TRADES.scan(desk.state, desk.mtu, after=(desk.mtu, after), limit=steps):
        if _is_covered(desk, trade):
            sales = desk.sales(trade.seller_point)
            desk.set_sales(trade.seller_point, with_sale(sales, trade.source, trade.energy_wh))
        else:
            refunded += _undo(desk, number, trade)
        numbers.append(number)
    if refunded:
        add_escrow(desk.state, desk.mtu, -refunded)
        desk.payments.pay()
    return numbers


def _is_covered(desk: Desk, trade: Trade) -> bool:
    """Whether a trade needs no lock, or what is locked covers the whole of it after those before; it is counted then."""
    known_wh = locked_wh(desk.state, desk.mtu, trade)
    if known_wh is None:
        return True
    sales = desk.sales(trade.seller_point)
    covered_wh = sales.covered_wh + trade.energy_wh
    if covered_wh > known_wh:
        return False
    desk.set_sales(trade.seller_point, replace(sales, covered_wh=EnergyWh(covered_wh)))
    return True


def _undo(desk: Desk, number: int, trade: Trade) -> int:
    """The buyer gets all of it back, and neither side has traded it; returns what it gets, 1e-9 THB."""
    refund = cost_of(trade)
    desk.payments.back(trade.buyer, refund)
    void_trade(desk.state, desk.mtu, number, trade)
    DELIVERIES.put(desk.state, desk.mtu, number, 0)
    desk.work(trade.seller_point)["voided_sold_wh"] += trade.energy_wh
    desk.work(trade.buyer_point)["voided_bought_wh"] += trade.energy_wh
    desk.gained["voided"] += 1
    desk.gained["voided_wh"] += trade.energy_wh
    desk.context.emit(TradeVoided(Mtu(desk.mtu), number, trade.energy_wh, Amount(refund)))
    return refund
