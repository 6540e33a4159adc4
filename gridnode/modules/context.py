"""What a rule may see and do: the state, chain time, the open order books, and a place to leave events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gridnode.chain.kinds import to_event
from gridnode.chain.receipt import Event
from gridnode.primitives.ids import Address
from gridnode.primitives.units import Height, TimeMs
from gridnode.state.overlay import State

if TYPE_CHECKING:
    from gridnode._native.book import Books


@dataclass(slots=True)
class Totals:
    """Energy figures that a block's header sums up; rules add to them, execution resets them with each block.

    Figures added by a message that is rejected later are taken back together with its writes.
    """

    traded_wh: int = 0  # matched in the order book
    generated_wh: int = 0  # by readings accepted
    consumed_wh: int = 0  # by readings accepted
    settled_wh: int = 0  # delivered to buyers
    co2_credits_nano: int = 0  # minted, 1e-9 credit
    generated_by_source_wh: dict[str, int] = field(default_factory=dict)  # only sources that generated


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
    totals: Totals = field(default_factory=Totals)
    """Sums for the header's energy summary."""
    events: list[Event] = field(default_factory=list)
    """Events of the transaction or hook that runs now."""

    def emit(self, value: Any) -> None:
        """Leave an event (a record declared with `@event`)."""
        self.events.append(to_event(value))
