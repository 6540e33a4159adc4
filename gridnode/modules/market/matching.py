"""Orders meet: what the block's hook does with cancels and pending orders, bounded in steps."""

from __future__ import annotations

from gridnode._native.book import Books
from gridnode.modules.context import Context
from gridnode.modules.grid.network import zone_number
from gridnode.modules.market.books import open_book
from gridnode.modules.market.escrow import Releases
from gridnode.modules.market.tables import (
    CANCELS,
    FLOWS,
    INTERRUPTED,
    ORDERS,
    PENDING,
    PERIODS,
    Interruption,
    MarketGenesis,
    Phase,
)
from gridnode.modules.market.trades import TradeBook
from gridnode.primitives.units import Mtu
from gridnode.state.overlay import State


def take_cancelled(context: Context) -> None:
    """Take the orders cancelled in this block out of the kernel's books."""
    for (number,), _ in CANCELS.scan(context.state):
        context.books.cancel(number)
        CANCELS.delete(context.state, number)


def match_pending(context: Context, params: MarketGenesis, releases: Releases) -> None:
    """Match waiting orders in ascending number until none waits or `match_steps_per_block` is spent."""
    run = _Run(context, TradeBook(context, params, releases), params.match_steps_per_block)
    if run.finish_interrupted():
        for (number,), mtu in PENDING.scan(context.state, limit=run.steps):
            if run.steps < 1 or not run.match(number, mtu):
                break
    run.write_flows()


class _Run:
    """The matching of one block: the steps left and the books touched."""

    def __init__(self, context: Context, trades: TradeBook, steps: int) -> None:
        self._context = context
        self._state = context.state
        self._books: Books = context.books
        self._trades = trades
        self._open = dict.fromkeys(context.books.periods())
        self._traded: dict[int, None] = {}
        self.steps = steps

    def finish_interrupted(self) -> bool:
        """Go on where the last block's steps ended, unless the interrupted order itself still waits; whether steps are left.

        An order that is used up, or was cancelled since, may have left resting orders crossed: they trade now.
        """
        stopped = INTERRUPTED.get(self._state)
        if stopped is None or PENDING.has(self._state, stopped.order):
            return True
        INTERRUPTED.delete(self._state)
        if stopped.mtu not in self._open:
            return True
        fills, done = self._books.rematch(stopped.mtu, self.steps)
        self._enter(stopped.mtu, fills)
        if not done:
            INTERRUPTED.put(self._state, stopped)
        return done and self.steps > 0

    def match(self, number: int, mtu: int) -> bool:
        """Match one waiting order, which takes a step besides its fills; whether it is done with."""
        state = self._state
        self.steps -= 1
        if PERIODS.require(state, mtu).phase is not Phase.CONTINUOUS:
            PENDING.delete(state, number)
            return True
        if mtu not in self._open:
            open_book(state, self._books, mtu)
            self._open[mtu] = None
        order = ORDERS.require(state, mtu, number)
        fills, left_wh, done = self._books.place(
            mtu,
            number,
            order.side,
            zone_number(state, order.zone),
            order.sources,
            order.limit_micro,
            order.remaining_wh,
            self.steps,
        )
        self._enter(mtu, fills)
        if done or not left_wh:
            PENDING.delete(state, number)
        if done:
            INTERRUPTED.delete(state)
        else:
            INTERRUPTED.put(state, Interruption(Mtu(mtu), number, 0))
        return done

    def _enter(self, mtu: int, fills: list[tuple[int, int, int, int, int]]) -> None:
        if fills:
            self.steps -= len(fills)
            self._trades.enter(mtu, fills)
            self._traded[mtu] = None

    def write_flows(self) -> None:
        """Write the flows of the books in which something traded."""
        for mtu in self._traded:
            for line, flow_wh in enumerate(self._books.flows(mtu)):
                _put_flow(self._state, line, mtu, flow_wh)


def _put_flow(state: State, line: int, mtu: int, flow_wh: int) -> None:
    if flow_wh:
        FLOWS.put(state, line, mtu, flow_wh)
    else:
        FLOWS.delete(state, line, mtu)
