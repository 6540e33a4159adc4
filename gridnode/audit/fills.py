"""Continuous matching of a block: done again, or, in a block that is only followed, believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from gridnode.audit.differences import Event, difference
from gridnode.audit.findings import Fault, Finding
from gridnode.audit.history import History
from gridnode.audit.matching import Rematch
from gridnode.modules.market.events import OrderEnded, Traded
from gridnode.modules.market.reference import ReferenceBooks
from gridnode.modules.market.tables import Terms


class Matcher:
    """Follows matching block by block; keeps the books of blocks that were matched again for the next one."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._books: dict[int, ReferenceBooks] = {}

    def forget(self, mtu: int) -> None:
        """The book of an MTU closed, or changed otherwise than by matching."""
        self._books.pop(mtu, None)

    def match(self, height: int, steps: int, claimed: Sequence[Event], verify: bool) -> Iterator[Finding]:
        """Match a block's waiting orders in `steps`; yields the first thing that was told otherwise.

        Without `verify` what was told is believed, where it shows by itself that no waiting order was left over.
        """
        self._take_out()
        if not verify and self._may_be_believed(steps, claimed):
            yield from self._believe(height, claimed)
            return
        expected = Rematch(self._history, self._books, steps).run()
        for right, got in zip_longest(expected, claimed):
            if right != got:
                yield difference(height, right, got)
                return

    def _take_out(self) -> None:
        """Take orders that ended since out of the books."""
        for mtu, number in self._history.gone:
            if mtu in self._books:
                self._books[mtu].cancel(number)
        self._history.gone.clear()

    def _may_be_believed(self, steps: int, claimed: Sequence[Event]) -> bool:
        """Whether the steps cannot have run out: each order taken up and each fill takes one, but for terms that make attempts."""
        history = self._history
        plain = all(
            standing.order.terms is not Terms.FOK and not standing.order.preferences
            for standing in history.waiting.values()
        )
        return plain and history.stopped is None and len(history.waiting) + len(claimed) < steps

    def _believe(self, height: int, claimed: Sequence[Event]) -> Iterator[Finding]:
        history = self._history
        for standing in history.waiting.values():
            self.forget(standing.mtu)
        for event in claimed:
            self.forget(event.mtu)
            if isinstance(event, Traded):
                yield from self._trade(height, event)
            elif isinstance(event, OrderEnded):
                yield from self._end(height, event)
            else:
                yield difference(height, None, event)
        history.waiting.clear()
        history.gone.clear()

    def _end(self, height: int, told: OrderEnded) -> Iterator[Finding]:
        standing = self._history.standing(told.order)
        if standing is None or standing.left_wh != told.remaining_wh:
            yield Finding(height, Fault.ENDING, f"expected an open order with {told.remaining_wh} Wh left", told.mtu, told.order)
        self._history.end(told.order)

    def _trade(self, height: int, told: Traded) -> Iterator[Finding]:
        history = self._history
        bid, offer = history.standing(told.buyer_order), history.standing(told.seller_order)
        if bid is None or offer is None or min(bid.left_wh, offer.left_wh) < told.energy_wh:
            text = f"expected two open orders with {told.energy_wh} Wh left"
            yield Finding(height, Fault.FILL, text, told.mtu, trade=told.trade)
            return
        if told.trade != history.next_trade:
            yield Finding(height, Fault.FILL, f"expected trade {history.next_trade} next", told.mtu, trade=told.trade)
        history.flow(told.mtu, history.frame.paths[offer.zone][bid.zone] or (), told.energy_wh)
        history.trade(bid, offer, told.energy_wh)
