"""What a transaction costs, and how it is paid: in THB, to the account of the block's proposer, whatever becomes of its messages."""

from __future__ import annotations

from collections.abc import Iterable

from gridnode.chain.receipt import ChainCode
from gridnode.modules.context import Context
from gridnode.modules.token.rules import balance, move
from gridnode.modules.token.tables import FEES, Denomination, FeeSchedule
from gridnode.primitives.errors import Rejected
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Amount
from gridnode.state.kv import Reader


def fee_of(reader: Reader, kinds: Iterable[str]) -> Amount:
    """Fee of a transaction with messages of these kinds: the flat fee and that of each message's module."""
    schedule = FEES.require(reader)
    total = schedule.transaction
    for kind in kinds:
        total = Amount(total + _message_fee(schedule, kind))
    return total


def check_can_pay(reader: Reader, sender: Address, fee: Amount) -> None:
    """Whether the sender holds the fee. Raises Rejected(FEE_UNPAID)."""
    held = balance(reader, sender, Denomination.THB)
    if held < fee:
        raise Rejected(ChainCode.FEE_UNPAID, f"the fee is {fee} in 1e-9 THB, the sender holds {held}")


def charge_fee(context: Context, sender: Address, fee: Amount) -> None:
    """Pay the fee to the block's operator. Raises Rejected(FEE_UNPAID)."""
    check_can_pay(context.state, sender, fee)
    move(context, sender, context.operator, Denomination.THB, fee)


def _message_fee(schedule: FeeSchedule, kind: str) -> int:
    module = kind.partition(".")[0]
    for entry in schedule.messages:
        if entry.module == module:
            return entry.fee
    return 0
