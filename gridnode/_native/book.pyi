"""The continuous order books, compiled; rules in the chapter `gridnode._native`. Numbers out of range raise ValueError.

A fill is (resting_id, energy_wh, seller_price, adder, taker_id): resting_id is the older order, taker_id the younger one;
seller_price is what the seller gets and adder what the buyer pays on top of it, micro per kWh.
"""

from typing import TypeAlias

from typing_extensions import Buffer

from gridnode._native.ledger import Ledger

_Fill: TypeAlias = tuple[int, int, int, int, int]

class Books(Ledger):
    """The books of all open periods; construction, periods, queries and the journal are those of Ledger."""

    def place(
        self,
        period: int,
        order_id: int,
        side: int,
        zone: int,
        mask: int,
        price_micro_per_kwh: int,
        energy_wh: int,
        budget: int,
        rest: bool = True,
        counterparty: int = 0,
    ) -> tuple[list[_Fill], int, bool]:
        """Match an incoming order and let the remainder rest; return (fills, remaining_wh, done).

        The last id may come again while it does not rest, with at most what the last call left of it. counterparty: the
        only resting order it may meet, 0 for any; with one, rest must be False.
        """

    def rematch(self, period: int, budget: int) -> tuple[list[_Fill], bool]:
        """Fill resting orders that are crossed with headroom between them; return (fills, done)."""

    def place_many(
        self,
        period: Buffer,
        order_id: Buffer,
        side: Buffer,
        zone: Buffer,
        mask: Buffer,
        price_micro_per_kwh: Buffer,
        energy_wh: Buffer,
        budget: int,
    ) -> tuple[memoryview[int], int, int]:
        """Place rows of int64 columns in turn with one budget; return (fills, rows, remaining_wh).

        `fills` holds five numbers a fill, `rows` the number of orders that are done. Less than all: row `rows` was
        interrupted with `remaining_wh` left of it. A bad row raises ValueError before any is placed.
        """

    def cancel(self, order_id: int) -> int:
        """Take a resting order out; return its remaining energy, Wh, 0 when it does not rest."""

    def crossed(self, period: int) -> tuple[int, int] | None:
        """Return (offer_id, bid_id) of the pair that `rematch` would fill next, or None."""
