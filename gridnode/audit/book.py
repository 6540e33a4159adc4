"""The book of one MTU in plain Python, made from what the blocks told."""

from __future__ import annotations

from gridnode.audit.history import History
from gridnode.modules.market.reference import Fill, Order, Period, ReferenceBooks
from gridnode.modules.market.tables import Terms


class SparingBooks(ReferenceBooks):
    """The naive books, but crossed pairs are looked for only when there can be one.

    After a search that found none, a pair of resting orders becomes crossed only when a fill gives room to a line that had none:
    what rests anew found nobody, and every other pair is as far apart as before. The naive search compares all pairs after each order.
    """

    _may_cross = True

    def _crossed(self, p: Period) -> tuple[Order, Order] | None:
        found = super()._crossed(p) if self._may_cross else None
        self._may_cross = found is not None
        return found

    def _trade(self, p: Period, one: Order, two: Order) -> Fill:
        offer, bid = (one, two) if one.side else (two, one)
        passed = self._paths[offer.zone][bid.zone] or ()
        back = [[(line, -direction)] for line, direction in passed]
        self._may_cross = self._may_cross or any(self._headroom(p, step) <= 0 for step in back)
        return super()._trade(p, one, two)

    def restore(self, period: int, *row: int) -> None:
        """Let an order rest without matching."""
        self._may_cross = True
        super().restore(period, *row)

    def rollback(self) -> None:
        """Bring back what the last begin() remembered."""
        self._may_cross = True
        super().rollback()


def open_book(history: History, mtu: int) -> ReferenceBooks:
    """The book of an MTU before waiting orders are matched: flows, and every open order that was taken up."""
    frame = history.frame
    books = SparingBooks(len(frame.zones), len(frame.lines), frame.paths)
    forward_wh = [line.atc_forward_wh for line in frame.lines]
    backward_wh = [line.atc_backward_wh for line in frame.lines]
    books.open_period(mtu, books.add_band(frame.adders(mtu)), forward_wh, backward_wh)
    for line, flow_wh in enumerate(history.flows(mtu)):
        books.restore_flow(mtu, line, flow_wh)
    for number, standing in sorted(history.open.get(mtu, {}).items()):
        order = standing.order
        if number not in history.waiting and order.terms is not Terms.AUCTION:
            books.restore(mtu, number, order.side, standing.zone, order.sources, order.limit_micro, standing.left_wh)
    return books
