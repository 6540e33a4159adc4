"""The money of bids and trades: one account, and how much of it belongs to each MTU."""

from __future__ import annotations

from gridnode.modules.context import Context
from gridnode.modules.market.tables import ESCROW, ESCROW_ACCOUNT, MarketGenesis, Order, Side, Trade
from gridnode.modules.token.rules import move
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Amount, cost
from gridnode.state.overlay import State


def escrow_of(params: MarketGenesis, order: Order) -> int:
    """What an order that is not done has in escrow, 1e-9 THB: a bid's remaining energy at its limit and fee; nothing for an offer."""
    if order.side is Side.OFFER:
        return 0
    return cost(order.remaining_wh, order.limit_micro + params.trade_fee_micro)


def cost_of(trade: Trade) -> int:
    """What the buyer pays for a trade in all, 1e-9 THB; in escrow until it is settled."""
    return cost(trade.energy_wh, trade.price_micro + trade.wheeling_micro + trade.rent_micro + trade.fee_micro)


def add_escrow(state: State, mtu: int, amount: int) -> None:
    """Count `amount` more (less, when negative) in escrow for `mtu`; moves no money. Raises InvariantBroken below zero."""
    held = (ESCROW.get(state, mtu) or 0) + amount
    if held < 0:
        raise InvariantBroken("market-escrow", f"MTU {mtu} pays out {-held} more than was put in escrow for it")
    if held:
        ESCROW.put(state, mtu, Amount(held))
    else:
        ESCROW.delete(state, mtu)


class Releases:
    """Escrow that goes back to bidders: counted out of its MTU at once, moved in one payment for each owner at the end."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._due: dict[Address, int] = {}

    def add(self, mtu: int, owner: Address, amount: int) -> None:
        """Give `amount` (>= 0) of the escrow of `mtu` back to `owner`."""
        if amount:
            add_escrow(self._context.state, mtu, -amount)
            self._due[owner] = self._due.get(owner, 0) + amount

    def pay(self) -> None:
        """Move what is due, owners in the order in which they first came."""
        for owner, amount in self._due.items():
            move(self._context, ESCROW_ACCOUNT, owner, Denomination.THB, amount)
        self._due.clear()
