"""A block taken apart: what its transactions asked for and what the block says that it did, in the market and around it.

Only what bears on matching is decoded: sheets and cancels, the regulator's tariffs, holidays and bounds, new connection points, and every
event of the market. A transaction that failed did nothing and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from gridnode.chain.block import Header
from gridnode.chain.genesis import Genesis
from gridnode.chain.kinds import kind_of
from gridnode.chain.receipt import Receipt
from gridnode.chain.recorded import RecordedBlock
from gridnode.chain.transaction import SignatureCheck, decode_transaction, envelope_check
from gridnode.codec.records import decode
from gridnode.modules.grid import messages as grid_messages
from gridnode.modules.market import events as market_events
from gridnode.modules.market import messages as market_messages
from gridnode.modules.registry.events import PointRegistered
from gridnode.primitives.errors import Malformed
from gridnode.primitives.ids import Address

T = TypeVar("T")

_MESSAGE_CLASSES: Final[tuple[type[Any], ...]] = (*grid_messages.MESSAGES, *market_messages.MESSAGES)
_EVENT_CLASSES: Final[tuple[type[Any], ...]] = (PointRegistered, *market_events.EVENTS)
_MESSAGES: Final = {kind_of(cls): cls for cls in _MESSAGE_CLASSES}
_EVENTS: Final = {kind_of(cls): cls for cls in _EVENT_CLASSES}


@dataclass(frozen=True, slots=True)
class Done:
    """A transaction that took effect."""

    sender: Address
    """Who signed it."""
    signature: SignatureCheck
    """That it was the sender."""
    messages: tuple[Any, ...]
    """Records of its messages that bear on the market, in order."""
    events: tuple[Any, ...]
    """Records of its events that do, in order."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a block tells of the market."""

    header: Header
    """Its header."""
    done: tuple[Done, ...]
    """Transactions that took effect, in order."""
    hooks: tuple[Any, ...]
    """Records of the market's events of the block's hooks, in order."""


def opening(genesis: Genesis, module: str, cls: type[T]) -> T:
    """Opening state of a module. Raises Malformed when there is none, or it does not decode."""
    for entry in genesis.modules:
        if entry.module == module:
            return decode(cls, entry.state)
    raise Malformed(f"genesis: expected an opening state of {module}")


def read_block(recorded: RecordedBlock) -> Told:
    """Take a block apart. Raises Malformed when a transaction or a record in it does not decode."""
    block, receipts = recorded.block, recorded.receipts
    count = len(block.transactions)
    done = tuple(
        _done(raw, receipt)
        for raw, receipt in zip(block.transactions, receipts[:count], strict=False)
        if receipt.code == 0
    )
    hooks = tuple(event for receipt in receipts[count:] for event in _events(receipt))
    return Told(block.header, done, hooks)


def _done(raw: bytes, receipt: Receipt) -> Done:
    transaction = decode_transaction(raw)
    messages = tuple(
        decode(_MESSAGES[message.kind], message.body)
        for message in transaction.body.messages
        if message.kind in _MESSAGES
    )
    return Done(transaction.sender, envelope_check(transaction), messages, tuple(_events(receipt)))


def _events(receipt: Receipt) -> Iterator[Any]:
    return (decode(_EVENTS[event.kind], event.body) for event in receipt.events if event.kind in _EVENTS)
