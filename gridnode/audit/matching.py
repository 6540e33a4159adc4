"""The orders of a block, matched again: in ascending number, by the market's rules, with books in plain Python.

Says what the block must have told: trades and endings, in order. The rules stand in the chapters of `gridnode.modules.market` and
`gridnode._native`; this is a second telling of the first, over the history instead of a node's state.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gridnode.audit.book import open_book
from gridnode.audit.history import History, Standing, Stopped
from gridnode.modules.market.events import OrderEnded, Traded
from gridnode.modules.market.reference import Fill, ReferenceBooks
from gridnode.modules.market.sources import preferred_sources
from gridnode.modules.market.tables import Ending, Phase, Side, Terms
from gridnode.modules.market.terms import ending_in_call
from gridnode.primitives.ids import Address
from gridnode.primitives.limits import MAX_PARTNER_ORDERS
from gridnode.primitives.units import EnergyWh, Mtu, PriceMicro

Outcome = Traded | OrderEnded
"""What matching tells of."""


class Attempt(NamedTuple):
    """One search of the books for an order's preference."""

    preference: int
    """Which one, from 0."""
    counterparty: int
    """Number of the resting order to meet; 0 for any."""
    rank: int
    """How good that one's price is: lower is better."""
    sources: int
    """Bits that are accepted."""


class Rematch:
    """The matching of one block; changes the history as the rules do."""

    def __init__(self, history: History, books: dict[int, ReferenceBooks], steps: int) -> None:
        """`steps` are left for matching.

        `books` holds those made before, by MTU, as they are after the block before; more are added.
        """
        self._history, self._books, self.steps = history, books, steps
        self.told: list[Outcome] = []

    def run(self) -> list[Outcome]:
        """Match what waits until nothing does or the steps are spent; what must have been told, in order."""
        history = self._history
        if self._finish_stopped():
            for standing in list(history.waiting.values()):
                if self.steps < 1 or not self._match(standing):
                    break
        return self.told

    def _finish_stopped(self) -> bool:
        stopped = self._history.stopped
        if stopped is None or stopped.number in self._history.waiting:
            return True
        self._history.stopped = None
        period = self._history.periods.get(stopped.mtu)
        if period is None or period.phase is not Phase.CONTINUOUS:
            return True
        fills, done = self._book(stopped.mtu).rematch(stopped.mtu, self.steps)
        self._enter(stopped.mtu, fills)
        self.steps -= len(fills)
        if not done:
            self._history.stopped = stopped
        return done and self.steps > 0

    def _match(self, standing: Standing) -> bool:
        """Match one order; whether the block's steps sufficed for it."""
        history, order = self._history, standing.order
        whole_block = self.steps == history.frame.market.match_steps_per_block
        self.steps -= 1
        stopped, history.stopped = history.stopped, None
        phase = history.periods[standing.mtu].phase
        if phase is not Phase.CONTINUOUS:
            ending = ending_in_call(order) if phase is Phase.CALL else None
            return self._leave(standing) if ending is None else self._end(standing, ending)
        if order.terms is Terms.POST_ONLY:
            _, _, done = self._place(standing, order.sources, 0, True)
            return self._leave(standing) if done else self._end(standing, Ending.POSTED)
        if order.terms is Terms.FOK:
            return self._fill_or_kill(standing, whole_block)
        return self._take_preferred(standing, stopped) and self._take(standing)

    def _fill_or_kill(self, standing: Standing, whole_block: bool) -> bool:
        book = self._book(standing.mtu)
        book.begin()
        fills, left_wh, done = self._place(standing, standing.order.sources, self.steps, False)
        self.steps -= len(fills)
        if not left_wh:
            book.commit()
            self._enter(standing.mtu, fills)
            return self._leave(standing) if done else self._stop(standing, Attempt(0, 0, 0, 0))
        book.rollback()
        return self._end(standing, Ending.KILLED) if done or whole_block else False

    def _take_preferred(self, standing: Standing, stopped: Stopped | None) -> bool:
        for attempt in self._attempts(standing, stopped):
            if not standing.left_wh:
                return True
            if self.steps < 1:
                return self._stop(standing, attempt)
            fills, _, done = self._place(standing, attempt.sources, self.steps, False, attempt.counterparty)
            self.steps -= max(1, len(fills))
            self._enter(standing.mtu, fills)
            if not done:
                return self._stop(standing, attempt)
        return True

    def _take(self, standing: Standing) -> bool:
        order, done = standing.order, True
        rest = order.terms is Terms.REST and order.sources > 0
        if standing.left_wh and order.sources:
            fills, _, done = self._place(standing, order.sources, self.steps, rest)
            self.steps -= len(fills)
            self._enter(standing.mtu, fills)
        if not done:
            return self._stop(standing, Attempt(len(order.preferences), 0, 0, 0))
        if standing.left_wh and not rest:
            return self._end(standing, Ending.IMMEDIATE)
        return self._leave(standing)

    # Preferences

    def _attempts(self, standing: Standing, stopped: Stopped | None) -> Iterator[Attempt]:
        """What the preferences ask for, in turn; the one at which the block before stopped comes first."""
        order = standing.order
        first = stopped.preference if stopped else 0
        for index in range(first, len(order.preferences)):
            preference = order.preferences[index]
            sources = preferred_sources(order, preference.sources)
            if not preference.partner:
                yield Attempt(index, 0, 0, sources)
                continue
            begun = stopped if stopped and index == first and stopped.counterparty else None
            if begun:
                yield Attempt(index, begun.counterparty, begun.rank, sources)
            for rank, number in self._of_partner(standing, preference.partner):
                if begun is None or (rank, number) > (begun.rank, begun.counterparty):
                    yield Attempt(index, number, rank, sources)

    def _of_partner(self, standing: Standing, partner: Address) -> list[tuple[int, int]]:
        """Orders of the other side among a partner's oldest open ones: (rank, number), best price first, then lowest number.

        The book meets only those that rest.
        """
        orders = sorted(self._history.open.get(standing.mtu, {}).items())
        of_partner = [other for _, other in orders if other.order.owner == partner][:MAX_PARTNER_ORDERS]
        ranked = [
            (self._rank(standing, other), other.number)
            for other in of_partner
            if other.order.side is not standing.order.side
        ]
        return sorted((rank, number) for rank, number in ranked if rank is not None)

    def _rank(self, standing: Standing, other: Standing) -> int | None:
        """What a bid would pay delivered, or what an offer would get, negated; None where no way leads."""
        frame = self._history.frame
        buys = standing.order.side is Side.BID
        source, target = (other.zone, standing.zone) if buys else (standing.zone, other.zone)
        if frame.paths[source][target] is None:
            return None
        adder = frame.adders(standing.mtu)[source][target]
        return other.order.limit_micro + adder if buys else adder - other.order.limit_micro

    # What becomes of an order

    def _book(self, mtu: int) -> ReferenceBooks:
        if mtu not in self._books:
            self._books[mtu] = open_book(self._history, mtu)
        return self._books[mtu]

    def _place(
        self, standing: Standing, sources: int, budget: int, rest: bool, counterparty: int = 0
    ) -> tuple[list[Fill], int, bool]:
        order = standing.order
        return self._book(standing.mtu).place(
            standing.mtu,
            standing.number,
            order.side,
            standing.zone,
            sources,
            order.limit_micro,
            standing.left_wh,
            budget,
            rest,
            counterparty,
        )

    def _enter(self, mtu: int, fills: list[Fill]) -> None:
        history = self._history
        for resting_id, energy_wh, price, adder, taker_id in fills:
            resting, taker = history.open[mtu][resting_id], history.open[mtu][taker_id]
            bid, offer = (resting, taker) if resting.order.side is Side.BID else (taker, resting)
            self.told.append(
                Traded(
                    history.next_trade,
                    Mtu(mtu),
                    bid.number,
                    offer.number,
                    bid.order.point,
                    offer.order.point,
                    EnergyWh(energy_wh),
                    PriceMicro(price),
                    PriceMicro(adder),
                    PriceMicro(0),
                    0,
                )
            )
            history.flow(mtu, history.frame.paths[offer.zone][bid.zone] or (), energy_wh)
            history.trade(bid, offer, energy_wh)

    def _leave(self, standing: Standing) -> bool:
        """It is matched: what is left of it rests, or waits for the auction."""
        self._history.waiting.pop(standing.number, None)
        return True

    def _end(self, standing: Standing, ending: Ending) -> bool:
        """It ends by its terms."""
        self.told.append(OrderEnded(standing.number, Mtu(standing.mtu), ending, EnergyWh(standing.left_wh)))
        self._history.end(standing.number)
        return True

    def _stop(self, standing: Standing, attempt: Attempt) -> bool:
        """The block's steps end here; the next block goes on with it."""
        self._history.stopped = Stopped(standing.mtu, standing.number, attempt.preference, attempt.counterparty, attempt.rank)
        return False
