"""One transaction: its fee, its messages in order, its receipt."""

from __future__ import annotations

from typing import Any

from gridnode.chain.receipt import ChainCode, Receipt
from gridnode.chain.transaction import Transaction, VerifiedTransaction
from gridnode.codec.records import decode
from gridnode.execution.fee import fee_now
from gridnode.execution.registry import MessageKind, message_kind
from gridnode.modules.context import Context
from gridnode.modules.token.fees import charge_fee
from gridnode.primitives.errors import Malformed, Rejected

Instruction = tuple[MessageKind, Any]
"""A message's kind and its record."""


def instructions(transaction: Transaction) -> list[Instruction]:
    """The messages taken apart, in order. Raises Rejected with UNKNOWN_MESSAGE or MALFORMED."""
    taken = []
    for index, message in enumerate(transaction.body.messages):
        kind = message_kind(message)
        try:
            taken.append((kind, decode(kind.cls, message.body)))
        except Malformed as error:
            raise Rejected(ChainCode.MALFORMED, str(error), f"messages[{index}]") from None
    return taken


def run_transaction(
    context: Context, transaction: VerifiedTransaction, messages: list[Instruction]
) -> Receipt:
    """Take the fee, then run `messages`, the transaction's instructions: all take effect, or none does.

    Raises Rejected(FEE_UNPAID), and then nothing has changed; whatever else is refused stands in the receipt.
    """
    fee = fee_now(context.state, transaction, context.height)
    charge_fee(context, transaction.sender, fee)
    code, failed = _run_messages(context, transaction, messages)
    events, context.events = context.events, []
    return Receipt(transaction.id, code, failed, fee, () if code else tuple(events))


def _run_messages(
    context: Context, transaction: VerifiedTransaction, messages: list[Instruction]
) -> tuple[int, int]:
    """(0, 0) when every message took effect; else code and index of the first that did not, and nothing of any is left."""
    context.events = []
    figures = context.totals.copy()
    context.state.begin()
    for index, (kind, record) in enumerate(messages):
        try:
            kind.handler(context, transaction.sender, record)
        except Rejected as rejected:
            context.state.rollback()
            context.totals = figures
            return int(rejected.code), index
    context.state.commit()
    return 0, 0
