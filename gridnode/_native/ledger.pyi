"""What the compiled books remember; rules in the chapter `gridnode._native`. Numbers out of range raise ValueError."""

from collections.abc import Sequence
from typing import TypeAlias

_Row: TypeAlias = tuple[int, int, int, int, int, int]

class Ledger:
    """Periods, lines, resting orders and the journal."""

    def __init__(
        self,
        n_zones: int,
        n_lines: int,
        paths: Sequence[Sequence[Sequence[tuple[int, int]] | None]],
    ) -> None:
        """Take the net: paths[offer_zone][bid_zone] of (line, +1 or -1)."""

    def __len__(self) -> int:
        """Return the number of resting orders."""

    def add_band(self, adders: Sequence[Sequence[int]]) -> int:
        """Return the number of the tariff band with these adders[offer_zone][bid_zone], micro per kWh, 0 or more.

        A new number unless an equal band is known; at most 4,096 in use. Numbers are this object's own, see the chapter.
        """

    def open_period(
        self, period: int, band: int, atc_forward_wh: Sequence[int], atc_backward_wh: Sequence[int]
    ) -> None:
        """Open the books of a period with the capacity of each line, Wh, and no flow."""

    def close_period(self, period: int) -> list[tuple[int, int]]:
        """Forget a period; return [(order_id, remaining_wh)] of its resting orders in id order."""

    def set_atc(self, period: int, line: int, forward_wh: int, backward_wh: int) -> None:
        """Set a line's capacity, Wh, also below its flow; does not match, `Books.rematch` does."""

    def restore(
        self,
        period: int,
        order_id: int,
        side: int,
        zone: int,
        mask: int,
        price_micro_per_kwh: int,
        energy_wh: int,
    ) -> None:
        """Let an order rest without matching, when books are rebuilt from state; ids may come in any order."""

    def restore_flow(self, period: int, line: int, flow_wh: int) -> None:
        """Set a line's net flow, Wh, positive forward, when books are rebuilt from state."""

    def begin(self) -> None:
        """Start to record changes, so that rollback can undo them; up to 8 levels inside each other."""

    def commit(self) -> None:
        """Keep what was done since the last begin(); a begin() around it can still undo it."""

    def rollback(self) -> None:
        """Undo what was done since the last begin(): content and every later result are as if it had not happened."""

    def depth(self) -> int:
        """Return how many begin() wait for their commit() or rollback()."""

    def periods(self) -> list[int]:
        """Return the open periods, ascending."""

    def band(self, period: int) -> int:
        """Return the tariff band of a period."""

    def flows(self, period: int) -> list[int]:
        """Return the net flow of each line, Wh, positive forward."""

    def atc(self, period: int) -> list[tuple[int, int]]:
        """Return the capacity of each line, Wh: [(forward, backward)]."""

    def orders(self, period: int) -> list[_Row]:
        """Return (order_id, side, zone, mask, price_micro_per_kwh, energy_wh) of every resting order, in id order."""

    def remaining(self, order_id: int) -> int:
        """Return what is left of a resting order, Wh, 0 when it does not rest."""

    def best(self, period: int, side: int, zone: int, mask: int = 0xFFFF) -> _Row | None:
        """Return the row of the first order of a queue that shares a source with the mask, or None."""

    def queue(self, period: int, side: int, zone: int, most: int) -> list[_Row]:
        """Return the rows of the first `most` orders of a queue in the order in which they are served."""

    def memory_bytes(self) -> int:
        """Return what resting orders and their ids have allocated, idle room included."""
