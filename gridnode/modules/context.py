"""What a rule may see and do: the state, chain time, the open order books, and a place to leave events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gridnode._native.book import Books
from gridnode.chain.clearing import ClearingSummary
from gridnode.chain.kinds import to_event
from gridnode.chain.receipt import Event
from gridnode.primitives.ids import NO_HASH, Address, Hash
from gridnode.primitives.units import Height, TimeMs
from gridnode.state.kv import Reader
from gridnode.state.overlay import State

NOBODY: Final = Address(b"")
Writes = Mapping[bytes, bytes | None]
"""Rows that a block changes, keys ascending, None for a deleted one: what `check_block(before, writes)` of a module looks at."""


class After:
    """Single rows of the state with a block's writes; for invariants that compare a changed row with another."""

    def __init__(self, before: Reader, writes: Writes) -> None:
        self._before, self._writes = before, writes

    def get(self, key: bytes) -> bytes | None:
        """Value of `key`, or None."""
        return self._writes[key] if key in self._writes else self._before.get(key)


@dataclass(slots=True)
class Totals:
    """Energy figures that a block's header sums up; rules add to them, execution resets them with each block.

    Figures added by a message that is rejected later are taken back together with its writes.
    """

    traded_wh: int = 0
    """Matched in the order book."""
    generated_wh: int = 0
    """By readings accepted."""
    consumed_wh: int = 0
    """By readings accepted."""
    settled_wh: int = 0
    """Delivered to buyers in settlements."""
    co2_credits_nano: int = 0
    """Credits minted, 1e-9 credit."""
    generated_by_source_wh: dict[str, int] = field(default_factory=dict)
    """Generated, by the source's lower-case name."""
    clearings: list[ClearingSummary] = field(default_factory=list)
    """Call auctions held."""

    def copy(self) -> Totals:
        """The same figures, to go back to."""
        return Totals(
            self.traded_wh,
            self.generated_wh,
            self.consumed_wh,
            self.settled_wh,
            self.co2_credits_nano,
            dict(self.generated_by_source_wh),
            list(self.clearings),
        )


@dataclass(slots=True)
class Context:
    """One block in the making, as rules see it."""

    state: State
    """All reads and writes go through this."""
    chain_id: str
    """Device signatures name it."""
    height: Height
    """Height of the block in the making."""
    time_ms: TimeMs
    """Chain time: the header's time of the block in the making."""
    operator: Address
    """Account of the block's proposer; it receives the fees."""
    books: Books
    """Matching kernel: resting orders of all open delivery periods; only `market` touches it, only in its block hook."""
    proposer: Address = NOBODY
    """Validator that made the block; empty at genesis."""
    previous_hash: Hash = NO_HASH
    """Hash of the block before; of the genesis for block 1, and at genesis itself."""
    module_accounts: frozenset[Address] = frozenset()
    """Accounts that belong to the rules of modules (`ACCOUNTS` of each module): no message of a sender pays into them."""
    totals: Totals = field(default_factory=Totals)
    """Sums for the header's energy summary."""
    events: list[Event] = field(default_factory=list)
    """Events of the transaction or hook that runs now."""

    def emit(self, value: Any) -> None:
        """Leave an event (a record declared with `@event`)."""
        self.events.append(to_event(value))
