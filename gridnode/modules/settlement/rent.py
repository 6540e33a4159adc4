"""Congestion rent: what buyers of auctions paid for full lines is spent by the regulator, on the grid that was too narrow."""

from __future__ import annotations

from gridnode.modules.context import Context
from gridnode.modules.market.auction_tables import CONGESTION
from gridnode.modules.registry.standing import has_role
from gridnode.modules.registry.tables import Role
from gridnode.modules.settlement.codes import SettlementCode
from gridnode.modules.settlement.correction_tables import SPENDINGS, Spending
from gridnode.modules.settlement.events import RentSpent
from gridnode.modules.settlement.messages import SpendRent
from gridnode.modules.token.rules import balance, move
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address

FIRST = 1


def spend_rent(context: Context, sender: Address, message: SpendRent) -> None:
    """Handler of `settlement.spend_rent`."""
    state = context.state
    if not message.amount:
        raise Rejected(SettlementCode.ZERO_AMOUNT, "expected more than zero", "amount")
    if not has_role(state, sender, Role.REGULATOR):
        raise Rejected(SettlementCode.NOT_REGULATOR, "expected a regulator as sender")
    if message.recipient in context.module_accounts:
        raise Rejected(SettlementCode.RESERVED_ACCOUNT, "expected an account that no module owns", "recipient")
    there = balance(state, CONGESTION, Denomination.THB)
    if message.amount > there:
        raise Rejected(SettlementCode.MORE_THAN_THERE, f"expected at most {there} x 1e-9 THB", "amount")
    move(context, CONGESTION, message.recipient, Denomination.THB, message.amount)
    number = next((last + 1 for (last,), _ in SPENDINGS.scan(state, limit=1, reverse=True)), FIRST)
    spending = Spending(
        message.recipient, message.amount, message.purpose, sender, context.height, context.time_ms
    )
    SPENDINGS.put(state, number, spending)
    context.emit(RentSpent(number, message.recipient, message.amount, message.purpose, sender))
