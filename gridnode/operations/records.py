"""Blocks, transactions and receipts in a form that people read and that is compared field by field."""

from __future__ import annotations

from typing import Any

from gridnode.chain.receipt import Receipt
from gridnode.chain.transaction import decode_transaction
from gridnode.codec.records import to_json
from gridnode.execution.registry import code_name, event_to_json, message_to_json
from gridnode.primitives.address_text import encode_address
from gridnode.primitives.errors import GridnodeError, Malformed


def receipt_record(receipt: Receipt) -> dict[str, Any]:
    """A receipt with its code's name and its events decoded; one that does not decode stands as it is."""
    found = to_json(receipt) | {"code_name": code_name(receipt.code)}
    try:
        found["events"] = [event_to_json(event) for event in receipt.events]
    except (GridnodeError, KeyError):  # an event of a kind that this version does not know
        found["events"] = [to_json(event) for event in receipt.events]
    return found


def transaction_record(raw: bytes) -> dict[str, Any]:
    """A transaction with its messages decoded; `{"undecodable": hex}` when it is none."""
    try:
        found = decode_transaction(raw)
        messages = [message_to_json(message) for message in found.body.messages]
    except (GridnodeError, Malformed):
        return {"undecodable": raw.hex()}
    return {
        "id": found.id.hex(),
        "sender": encode_address(found.sender),
        "valid_until_ms": found.body.valid_until_ms,
        "salt": found.body.salt,
        "messages": messages,
        "signature": found.signature.hex(),
    }
