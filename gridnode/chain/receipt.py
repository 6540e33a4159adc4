"""Receipts and events: what a transaction did, in a form that machines read.

An event is typed: its kind (`module.name`) names a record declared by the module. Result codes are one closed space: 0 is success,
1-99 belong to execution, and each module has a hundred of its own (see `gridnode.modules`).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from gridnode.codec.fields import AMOUNT, NAME, U16, Bytes, HashOrNil, ListOf
from gridnode.codec.records import Nested, record
from gridnode.primitives.ids import TransactionId
from gridnode.primitives.limits import MAX_EVENTS_PER_TRANSACTION, MAX_TRANSACTION_BYTES
from gridnode.primitives.units import Amount

MAX_EVENTS_PER_BLOCK_HOOK = 1_000_000


class ChainCode(IntEnum):
    """Codes of a transaction as a whole, in order of precedence. Only OK and the module codes appear in blocks."""

    OK = 0
    MALFORMED = 1  # not canonical, out of bounds
    WRONG_CHAIN = 2  # signed for another chain
    UNKNOWN_MESSAGE = 3  # no module has this kind of message
    EXPIRED = 4  # valid_until_ms is not after chain time
    TOO_FAR_AHEAD = 5  # valid_until_ms more than MAX_VALIDITY_MS ahead of chain time
    DUPLICATE = 6  # already committed, or already in the pool
    BAD_SIGNATURE = 7  # the sender's or a device's signature does not verify
    FEE_UNPAID = 8  # the sender cannot pay the fee
    POOL_FULL = 9  # no room; try again later
    SENDER_LIMIT = 10  # too many transactions of this sender are waiting


@record
class Event:
    """Something that happened: kind and the canonical bytes of that kind's record."""

    kind: Annotated[str, NAME]
    body: Annotated[bytes, Bytes(1, MAX_TRANSACTION_BYTES)]  # the record, encoded


@record
class Receipt:
    """Outcome of one transaction, or of a block's hooks (empty `transaction_id`)."""

    transaction_id: Annotated[TransactionId, HashOrNil()]
    code: Annotated[int, U16]  # 0 when every message took effect; else none did
    failed_message: Annotated[int, U16]  # index of the message that was rejected; 0 when none
    fee: Annotated[Amount, AMOUNT]  # paid whatever the code
    events: Annotated[tuple[Event, ...], ListOf(Nested(Event), MAX_EVENTS_PER_BLOCK_HOOK)]


assert MAX_EVENTS_PER_TRANSACTION <= MAX_EVENTS_PER_BLOCK_HOOK
