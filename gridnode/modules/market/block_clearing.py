"""A call auction as block data tell it, for the certificate's check: no kernel and no state is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Final, Protocol

from gridnode.chain.clearing import ClearingSummary
from gridnode.codec.records import encode
from gridnode.crypto import merkle
from gridnode.modules.market.clearing import BID, OFFER, Clearing, LineRow, OrderRow
from gridnode.modules.market.events import AuctionRow
from gridnode.modules.market.tables import Side
from gridnode.primitives.ids import Hash

LETTERS: Final = {Side.BID: BID, Side.OFFER: OFFER}
"""How the clearing writes a side."""


class Entered(Protocol):
    """An order in an auction, accepted or not yet."""

    @property
    def order(self) -> int:
        """Its number."""
        ...

    @property
    def zone(self) -> int:
        """Zone number."""
        ...

    @property
    def side(self) -> Side:
        """Bid or offer."""
        ...

    @property
    def energy_wh(self) -> int:
        """What it has to trade."""
        ...

    @property
    def limit_micro(self) -> int:
        """Per kWh; of a bid less the charge for delivery in its zone."""
        ...


def order_rows(names: Sequence[str], entries: Iterable[Entered]) -> list[OrderRow]:
    """Entries, or rows of an auction, as the clearing takes them; `names` of zones by number."""
    return [(row.order, names[row.zone], LETTERS[row.side], row.energy_wh, row.limit_micro) for row in entries]


def rows_root(rows: Sequence[AuctionRow]) -> Hash:
    """What a header has of the rows of an auction: the RFC 6962 root of their encodings, in order of number."""
    return merkle.root([encode(row) for row in rows])


def clearing_of(summary: ClearingSummary, rows: Iterable[AuctionRow]) -> Clearing:
    """The clearing that a summary and its rows tell."""
    accepted: Counter[Hashable] = Counter({row.order: row.accepted_wh for row in rows if row.accepted_wh})
    return Clearing(
        accepted,
        {zone.name: zone.price_micro for zone in summary.zones},
        {(line.source, line.target): line.flow_wh for line in summary.lines},
    )


def net_of(summary: ClearingSummary) -> list[LineRow]:
    """The lines of a summary as the clearing took them."""
    return [(line.source, line.target, line.room_wh, line.wheeling_micro) for line in summary.lines]
