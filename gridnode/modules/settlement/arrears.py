"""Who cannot pay: what is owed, how it is collected, and the message that pays it."""

from __future__ import annotations

from gridnode.modules.context import Context
from gridnode.modules.market.rules import is_barred, set_barred
from gridnode.modules.settlement.codes import SettlementCode
from gridnode.modules.settlement.events import ArrearsChanged
from gridnode.modules.settlement.messages import PayArrears
from gridnode.modules.settlement.tables import ARREARS
from gridnode.modules.token.rules import balance, move
from gridnode.modules.token.tables import Denomination
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_ARREARS_PER_INCOME
from gridnode.primitives.units import Amount

THB = Denomination.THB


def pay_or_owe(context: Context, debtor: Address, creditor: Address, amount: int) -> int:
    """Pay `amount` (>= 0, 1e-9 THB) as far as the debtor's balance goes; the rest becomes arrears and is returned.

    What the creditor gets is income: its own arrears are collected from it.
    """
    if debtor == creditor:
        return 0
    paid = min(amount, balance(context.state, debtor, THB))
    move(context, debtor, creditor, THB, paid)
    if paid < amount:
        owed = (ARREARS.get(context.state, debtor, creditor) or 0) + amount - paid
        _set_owed(context, debtor, creditor, owed)
        set_barred(context.state, debtor, True)
    collect(context, creditor, paid)
    return amount - paid


def collect(context: Context, debtor: Address, income: int) -> None:
    """Pay the arrears of an account out of `income` (>= 0), which it holds, creditors in order of account."""
    if not income or not is_barred(context.state, debtor):
        return
    for (_, creditor), owed in ARREARS.scan(context.state, debtor, limit=MAX_ARREARS_PER_INCOME):
        paid = min(owed, income)
        income -= paid
        _pay(context, debtor, creditor, owed, paid)
        if not income:
            break
    _lift_bar(context, debtor)


def pay_arrears(context: Context, sender: Address, message: PayArrears) -> None:
    """Handler of `settlement.pay_arrears`."""
    if not message.amount:
        raise Rejected(SettlementCode.ZERO_AMOUNT, "expected more than zero", "amount")
    owed = ARREARS.get(context.state, sender, message.creditor)
    if owed is None:
        raise Rejected(SettlementCode.NO_ARREARS, "the sender owes this account nothing", "creditor")
    if message.amount > owed:
        raise Rejected(SettlementCode.MORE_THAN_OWED, f"expected at most {owed} x 1e-9 THB", "amount")
    _pay(context, sender, message.creditor, owed, message.amount)
    _lift_bar(context, sender)


def _pay(context: Context, debtor: Address, creditor: Address, owed: int, paid: int) -> None:
    move(context, debtor, creditor, THB, paid)
    _set_owed(context, debtor, creditor, owed - paid)


def _set_owed(context: Context, debtor: Address, creditor: Address, owed: int) -> None:
    if owed:
        ARREARS.put(context.state, debtor, creditor, Amount(owed))
    else:
        ARREARS.delete(context.state, debtor, creditor)
    context.emit(ArrearsChanged(debtor, creditor, Amount(owed)))


def _lift_bar(context: Context, debtor: Address) -> None:
    if not any(True for _ in ARREARS.scan(context.state, debtor, limit=1)):
        set_barred(context.state, debtor, False)
