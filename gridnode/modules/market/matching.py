"""Orders meet: what the block's hook does with cancels and waiting orders, bounded in steps."""

from __future__ import annotations

from typing import NamedTuple

from gridnode._native.book import Books
from gridnode.modules.context import Context
from gridnode.modules.grid.network import zone_number
from gridnode.modules.market.books import open_book
from gridnode.modules.market.escrow import Releases
from gridnode.modules.market.events import OrderEnded
from gridnode.modules.market.flows import put_flow
from gridnode.modules.market.lifecycle import end_order
from gridnode.modules.market.preferences import attempts
from gridnode.modules.market.tables import (
    CANCELS,
    INTERRUPTED,
    ORDERS,
    PENDING,
    PERIODS,
    Ending,
    Interruption,
    MarketGenesis,
    Order,
    Phase,
    Terms,
)
from gridnode.modules.market.terms import ending_in_call
from gridnode.modules.market.trades import TradeBook
from gridnode.primitives.units import EnergyWh, Mtu

Fills = list[tuple[int, int, int, int, int]]
"""Fills as the kernel gives them, see `trades.Fill`."""


def take_cancelled(context: Context) -> None:
    """Take the orders that ended since the last block's matching out of the kernel's books."""
    for (number,), _ in CANCELS.scan(context.state):
        context.books.cancel(number)
        CANCELS.delete(context.state, number)


def match_pending(context: Context, params: MarketGenesis, releases: Releases, steps: int) -> None:
    """Match waiting orders in ascending number until none waits or `steps` (> 0), what is left of the block's, are spent."""
    run = _Run(context, params, releases, steps)
    if run.finish_interrupted():
        for (number,), mtu in PENDING.scan(context.state, limit=run.steps):
            if run.steps < 1 or not run.match(number, mtu):
                break
    run.write_flows()


class _Taker(NamedTuple):
    """An order that is being matched."""

    mtu: int
    number: int
    order: Order
    """As it was when it was taken up."""
    zone: int
    """Its zone's number."""


class _Run:
    """The matching of one block: the steps left and the books touched."""

    def __init__(self, context: Context, params: MarketGenesis, releases: Releases, steps: int) -> None:
        self._context, self._params, self._releases = context, params, releases
        self._state = context.state
        self._books: Books = context.books
        self._trades = TradeBook(context, params, releases)
        self._open = dict.fromkeys(context.books.periods())
        self._traded: dict[int, None] = {}
        self.steps = steps

    def finish_interrupted(self) -> bool:
        """Go on where the last block's steps ended, unless the interrupted order itself still waits; whether steps are left.

        An order that is used up, or has ended since, may have left resting orders crossed: they trade now.
        """
        stopped = INTERRUPTED.get(self._state)
        if stopped is None or PENDING.has(self._state, stopped.order):
            return True
        INTERRUPTED.delete(self._state)
        if stopped.mtu not in self._open:
            return True
        fills, done = self._books.rematch(stopped.mtu, self.steps)
        self._enter(stopped.mtu, fills)
        self.steps -= len(fills)
        if not done:
            INTERRUPTED.put(self._state, stopped)
        return done and self.steps > 0

    def match(self, number: int, mtu: int) -> bool:
        """Match one waiting order, which takes a step besides its fills; whether the block's steps sufficed for it."""
        state = self._state
        whole_block = self.steps == self._params.match_steps_per_block
        self.steps -= 1
        stopped = INTERRUPTED.get(state)  # if any, of this order: it has the lowest number
        if stopped is not None:
            INTERRUPTED.delete(state)
        order = ORDERS.require(state, mtu, number)
        taker = _Taker(mtu, number, order, zone_number(state, order.zone))
        phase = PERIODS.require(state, mtu).phase
        if phase is not Phase.CONTINUOUS:
            self._leave_waiting(taker, phase)
            return True
        if mtu not in self._open:
            open_book(state, self._books, mtu)
            self._open[mtu] = None
        if order.terms is Terms.POST_ONLY:
            self._post(taker)
            return True
        if order.terms is Terms.FOK:
            return self._fill_or_kill(taker, whole_block)
        return self._take_preferred(taker, stopped) and self._take(taker)

    def _leave_waiting(self, taker: _Taker, phase: Phase) -> None:
        """An order that was not reached before its MTU left continuous matching waits for the auction, or ends."""
        ending = ending_in_call(taker.order) if phase is Phase.CALL else None
        if ending is not None:
            self._end(taker, ending)
        else:
            PENDING.delete(self._state, taker.number)

    def _post(self, taker: _Taker) -> None:
        """Let an order rest unless it would trade: with no budget the kernel says only whether it would."""
        _, _, done = self._place(taker, taker.order.sources, taker.order.energy_wh, 0)
        if done:
            PENDING.delete(self._state, taker.number)
        else:
            self._end(taker, Ending.POSTED)

    def _fill_or_kill(self, taker: _Taker, whole_block: bool) -> bool:
        """Fill an order whole or kill it; one that the steps of a whole block do not suffice to decide is killed, too."""
        wanted = taker.order.energy_wh
        self._books.begin()
        fills, left_wh, done = self._place(taker, taker.order.sources, wanted, self.steps, rest=False)
        self.steps -= len(fills)
        if not left_wh:
            self._books.commit()
            self._enter(taker.mtu, fills)
            return self._leave(taker, len(taker.order.preferences), 0, done)
        self._books.rollback()
        if not done and not whole_block:
            return False
        self._end(taker, Ending.KILLED)
        return True

    def _take_preferred(self, taker: _Taker, stopped: Interruption | None) -> bool:
        """Try the order's preferences in turn; each attempt takes a step, or one for each fill. Whether steps sufficed."""
        left_wh = taker.order.remaining_wh
        for attempt in attempts(self._state, taker.mtu, taker.order, stopped):
            if not left_wh:
                return True
            if self.steps < 1:
                return self._leave(taker, attempt.preference, attempt.counterparty, False)
            fills, left, done = self._place(
                taker, attempt.sources, left_wh, self.steps, rest=False, counterparty=attempt.counterparty
            )
            left_wh = EnergyWh(left)
            self.steps -= max(1, len(fills))
            self._enter(taker.mtu, fills)
            if not done:
                return self._leave(taker, attempt.preference, attempt.counterparty, False)
        return True

    def _take(self, taker: _Taker) -> bool:
        """Meet anybody whose sources the order takes; what is left rests or ends, as its terms say. Whether steps sufficed."""
        order = ORDERS.require(self._state, taker.mtu, taker.number)
        rest, done, left_wh = order.terms is Terms.REST and bool(order.sources), True, int(order.remaining_wh)
        if left_wh and order.sources:
            fills, left_wh, done = self._place(taker, order.sources, left_wh, self.steps, rest=rest)
            self.steps -= len(fills)
            self._enter(taker.mtu, fills)
        if done and left_wh and not rest:
            self._end(taker, Ending.IMMEDIATE)
            return True
        return self._leave(taker, len(order.preferences), 0, done)

    def _leave(self, taker: _Taker, preference: int, counterparty: int, done: bool) -> bool:
        """Leave an order that is matched, or one at which the block's steps ended, with the place to go on; returns `done`."""
        if done:
            PENDING.delete(self._state, taker.number)
        else:
            stopped = Interruption(Mtu(taker.mtu), taker.number, preference, counterparty)
            INTERRUPTED.put(self._state, stopped)
        return done

    def _place(
        self,
        taker: _Taker,
        sources: int,
        energy_wh: int,
        budget: int,
        rest: bool = True,
        counterparty: int = 0,
    ) -> tuple[Fills, int, bool]:
        order = taker.order
        return self._books.place(
            taker.mtu,
            taker.number,
            order.side,
            taker.zone,
            sources,
            order.limit_micro,
            energy_wh,
            budget,
            rest,
            counterparty,
        )

    def _enter(self, mtu: int, fills: Fills) -> None:
        if fills:
            self._trades.enter(mtu, fills)
            self._traded[mtu] = None

    def _end(self, taker: _Taker, ending: Ending) -> None:
        order = ORDERS.require(self._state, taker.mtu, taker.number)
        end_order(self._state, self._params, self._releases, taker.mtu, taker.number, order, ending)
        self._context.emit(OrderEnded(taker.number, Mtu(taker.mtu), ending, order.remaining_wh))

    def write_flows(self) -> None:
        """Write the flows of the books in which something traded."""
        for mtu in self._traded:
            for line, flow_wh in enumerate(self._books.flows(mtu)):
                put_flow(self._state, line, mtu, flow_wh)
