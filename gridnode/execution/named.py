"""Which accounts a transaction names, so that their owners find it: every address in its messages, at the first level of their fields."""

from __future__ import annotations

from typing import Final

from gridnode.chain.transaction import Transaction
from gridnode.codec.fields import ADDRESS
from gridnode.codec.records import layout
from gridnode.execution.registry import MESSAGES, decode_message
from gridnode.primitives.ids import Address

_ADDRESS_FIELDS: Final = {
    kind: tuple(name for name, field in layout(known.cls).kinds.items() if field is ADDRESS)
    for kind, known in MESSAGES.items()
}


def accounts_named(transaction: Transaction) -> tuple[Address, ...]:
    """Addresses in the transaction's messages, each once, in the order in which they come; the sender is not added."""
    found: dict[Address, None] = {}
    for message in transaction.body.messages:
        fields = _ADDRESS_FIELDS[message.kind]
        if fields:
            content = decode_message(message)
            found |= {Address(getattr(content, name)): None for name in fields}
    return tuple(found)
