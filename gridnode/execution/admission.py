"""What can be said of a transaction without executing it.

Used at the door (before anything is spent on a signature check), when a block is built, and when a proposed block is checked; so
what a node lets in, what it proposes and what it accepts from others follow one rule. Codes come in the order of `ChainCode`.
"""

from __future__ import annotations

from gridnode.chain.receipt import ChainCode
from gridnode.chain.transaction import SignatureCheck, Transaction, envelope_check
from gridnode.execution.fee import fee_now
from gridnode.execution.recent import RecentIds
from gridnode.execution.registry import decode_message, message_checks, work_of
from gridnode.modules.token.fees import check_can_pay
from gridnode.primitives.errors import Malformed, Rejected
from gridnode.primitives.limits import MAX_TRANSACTION_WORK, MAX_VALIDITY_MS
from gridnode.state.kv import Reader


def check_form(transaction: Transaction, chain_id: str) -> None:
    """Whether the transaction is for this chain, every message of a known kind and well formed, and all of them not too much work.

    Raises Rejected with WRONG_CHAIN, UNKNOWN_MESSAGE or MALFORMED.
    """
    if transaction.body.chain_id != chain_id:
        raise Rejected(ChainCode.WRONG_CHAIN, f"expected chain {chain_id}, got {transaction.body.chain_id}", "chain_id")
    for index, message in enumerate(transaction.body.messages):
        try:
            decode_message(message)
        except Malformed as error:
            raise Rejected(ChainCode.MALFORMED, str(error), f"messages[{index}]") from None
    work = work_of(transaction)
    if work > MAX_TRANSACTION_WORK:
        detail = f"expected at most {MAX_TRANSACTION_WORK} messages and orders of sheets, got {work}; send several transactions"
        raise Rejected(ChainCode.MALFORMED, detail, "messages")


def check_standing(transaction: Transaction, reader: Reader, recent: RecentIds, height: int, time_ms: int) -> None:
    """Whether the transaction could stand in a block of `height` at chain time `time_ms` on the state of `reader`.

    Raises Rejected with EXPIRED, TOO_FAR_AHEAD, DUPLICATE or FEE_UNPAID.
    """
    check_time(transaction, time_ms)
    check_new(transaction, recent)
    check_can_pay(reader, transaction.sender, fee_now(reader, transaction, height))


def check_time(transaction: Transaction, time_ms: int) -> None:
    """Whether the transaction is valid at chain time `time_ms`. Raises Rejected with EXPIRED or TOO_FAR_AHEAD."""
    until = transaction.body.valid_until_ms
    if until <= time_ms:
        raise Rejected(ChainCode.EXPIRED, f"expected valid_until_ms after {time_ms}, got {until}", "valid_until_ms")
    if until > time_ms + MAX_VALIDITY_MS:
        most = time_ms + MAX_VALIDITY_MS
        raise Rejected(ChainCode.TOO_FAR_AHEAD, f"expected valid_until_ms up to {most}, got {until}", "valid_until_ms")


def check_new(transaction: Transaction, recent: RecentIds) -> None:
    """Whether the transaction was not committed before. Raises Rejected with DUPLICATE."""
    if transaction.id in recent:
        raise Rejected(ChainCode.DUPLICATE, "expected a new transaction, this one is committed")


def signature_checks(transaction: Transaction) -> list[SignatureCheck]:
    """Every Ed25519 check the transaction needs: its sender's, then those of devices inside, in order of the messages.

    Raises Rejected or Malformed for a message that `check_form` refuses.
    """
    checks = [envelope_check(transaction)]
    for message in transaction.body.messages:
        checks.extend(message_checks(message, transaction.body.chain_id))
    return checks
