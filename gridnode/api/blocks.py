"""How blocks, transactions and receipts look in answers."""

from __future__ import annotations

from typing import Any

from gridnode.api.shapes import address, thb
from gridnode.chain.block import Header, header_hash
from gridnode.chain.commit import Commit
from gridnode.chain.receipt import Receipt
from gridnode.chain.transaction import Transaction, decode_transaction
from gridnode.codec.records import to_json
from gridnode.execution.registry import code_name, event_to_json, message_to_json
from gridnode.storage.block_store import StoredTransaction
from gridnode.sync.messages import FinalBlock


def header_row(header: Header) -> dict[str, Any]:
    """A block in a list."""
    return {
        "height": header.height,
        "hash": header_hash(header).hex(),
        "time_ms": header.time_ms,
        "proposer": address(header.proposer),
        "transactions": header.transaction_count,
        "state_root": header.state_root.hex(),
        "energy": to_json(header.energy),
    }


def whole_block(found: FinalBlock, receipts: tuple[Receipt, ...], with_events: bool) -> dict[str, Any]:
    """A block with its transactions and their outcome, and what its hooks did.

    with_events  whether events are decoded; a block of a busy market has thousands of them.
    """
    block = found.block
    rows = [
        transaction_summary(decode_transaction(raw), receipt, with_events)
        for raw, receipt in zip(block.transactions, receipts, strict=False)
    ]
    hooks = receipts[len(block.transactions) :]
    return {
        "height": block.header.height,
        "hash": header_hash(block.header).hex(),
        "header": to_json(block.header),
        "energy": to_json(block.header.energy),
        "transactions": rows,
        "evidence": [to_json(piece) for piece in block.evidence],
        "events": [event_to_json(event) for receipt in hooks for event in receipt.events] if with_events else None,
        "commit": commit_row(found.commit),
    }


def commit_row(commit: Commit) -> dict[str, Any]:
    """A commit; an empty signature where a precommit is missing."""
    return to_json(commit) | {"signed": sum(1 for signature in commit.signatures if signature)}


def transaction_summary(transaction: Transaction, receipt: Receipt, with_events: bool) -> dict[str, Any]:
    """A transaction in a block."""
    return {
        "id": transaction.id.hex(),
        "sender": address(transaction.sender),
        "kinds": [message.kind for message in transaction.body.messages],
        **outcome(receipt, with_events),
    }


def whole_transaction(found: StoredTransaction) -> dict[str, Any]:
    """A committed transaction with its messages and its receipt."""
    return {
        **waiting_transaction(decode_transaction(found.raw)),
        "status": "committed",
        "height": found.position.height,
        "index": found.position.index,
        **outcome(found.receipt, with_events=True),
    }


def waiting_transaction(transaction: Transaction) -> dict[str, Any]:
    """A transaction that is in no block yet."""
    body = transaction.body
    return {
        "id": transaction.id.hex(),
        "status": "pending",
        "sender": address(transaction.sender),
        "sender_key": body.sender_key.hex(),
        "valid_until_ms": body.valid_until_ms,
        "salt": body.salt,
        "messages": [message_to_json(message) for message in body.messages],
        "signature": transaction.signature.hex(),
        "bytes": len(transaction.raw),
    }


def outcome(receipt: Receipt, with_events: bool) -> dict[str, Any]:
    """What a receipt says: code 0 is success; else `failed_message` is the index of the message that was rejected."""
    return {
        "code": receipt.code,
        "code_name": code_name(receipt.code),
        "failed_message": receipt.failed_message if receipt.code else None,
        **thb("fee", receipt.fee),
        "events": [event_to_json(event) for event in receipt.events] if with_events else None,
    }
