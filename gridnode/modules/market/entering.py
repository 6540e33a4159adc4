"""What an auction gave becomes trades: path by path, bounded in trades, over as many blocks as it takes.

For each path in order, offers of its seller zone meet bids of its buyer zone, both in order of number, each as far as the auction
accepted it. Paths and awards say what is left of them, so the trades are the same however many a block writes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Final, NamedTuple

from gridnode.modules.context import Context
from gridnode.modules.market.auction_tables import AUCTION_PATHS, AUCTIONS, AWARDS, AuctionPath
from gridnode.modules.market.escrow import Releases
from gridnode.modules.market.tables import PERIODS, MarketGenesis, Phase, Side, Trade
from gridnode.modules.market.trades import Deal, TradeBook, add_statistics
from gridnode.primitives.errors import InvariantBroken
from gridnode.primitives.units import EnergyWh
from gridnode.state.overlay import State

FIRST_PATH: Final = 1


class _Place(NamedTuple):
    """Whose awards a path uses."""

    zone: int
    side: Side


def enter_trades(context: Context, params: MarketGenesis, releases: Releases, mtu: int, steps: int) -> int:
    """Write at most `steps` trades of the auction of an MTU that is in phase ENTERING; returns how many.

    When all are written the MTU's orders expire.
    """
    state = context.state
    awards = _Awards(state, mtu, steps)
    writer = _Writer(context, TradeBook(context, params, releases), awards, mtu)
    number = PERIODS.require(state, mtu).cursor
    while len(writer.trades) < steps:
        path = AUCTION_PATHS.get(state, mtu, number)
        if path is None:
            break
        left_wh = writer.write(number, path, steps)
        AUCTION_PATHS.put(state, mtu, number, replace(path, left_wh=EnergyWh(left_wh)))
        if not left_wh:
            number += 1
    awards.save()
    add_statistics(context, mtu, writer.trades)
    is_done = not AUCTION_PATHS.has(state, mtu, number)
    phase, cursor = (Phase.EXPIRING, 0) if is_done else (Phase.ENTERING, number)
    PERIODS.put(state, mtu, replace(PERIODS.require(state, mtu), phase=phase, cursor=cursor))
    return len(writer.trades)


class _Awards:
    """Awards of one MTU as far as `steps` trades can use them: each trade uses up one at most on each side."""

    def __init__(self, state: State, mtu: int, steps: int) -> None:
        self._state, self._mtu, self._steps = state, mtu, steps
        self._queues: dict[_Place, deque[tuple[int, int]]] = {}
        self._left: dict[tuple[_Place, int], int] = {}

    def first(self, place: _Place) -> tuple[int, int]:
        """(number, Wh) of the first order of a zone and side that has an award left. Raises InvariantBroken without one."""
        queue = self._queues.get(place)
        if queue is None:
            rows = AWARDS.scan(self._state, self._mtu, *place, limit=self._steps)
            queue = self._queues[place] = deque((number, int(left_wh)) for (*_, number), left_wh in rows)
        if not queue:
            raise InvariantBroken("market-auction", f"MTU {self._mtu} has no award left for {place}")
        return queue[0]

    def use(self, place: _Place, energy_wh: int) -> None:
        """Take energy off the first award."""
        number, left_wh = self._queues[place].popleft()
        if left_wh > energy_wh:
            self._queues[place].appendleft((number, left_wh - energy_wh))
        self._left[place, number] = left_wh - energy_wh

    def save(self) -> None:
        """Write what is left of the awards that were used."""
        for (place, number), left_wh in self._left.items():
            if left_wh:
                AWARDS.put(self._state, self._mtu, *place, number, EnergyWh(left_wh))
            else:
                AWARDS.delete(self._state, self._mtu, *place, number)


class _Writer:
    """Writes the trades of one MTU in one block."""

    def __init__(self, context: Context, book: TradeBook, awards: _Awards, mtu: int) -> None:
        self._book, self._awards, self._mtu = book, awards, mtu
        self._time_ms = AUCTIONS.require(context.state, mtu).time_ms
        self.trades: list[Trade] = []

    def write(self, number: int, path: AuctionPath, steps: int) -> int:
        """Write trades over a path until it is used up or there are `steps` of them; returns the Wh left of it."""
        sellers, buyers = _Place(path.seller_zone, Side.OFFER), _Place(path.buyer_zone, Side.BID)
        left_wh = int(path.left_wh)
        while left_wh and len(self.trades) < steps:
            (offer, offered_wh), (bid, wanted_wh) = self._awards.first(sellers), self._awards.first(buyers)
            energy_wh = min(left_wh, offered_wh, wanted_wh)
            self.trades.append(self._book.trade(self._mtu, bid, offer, self._deal(number, path, energy_wh)))
            self._awards.use(sellers, energy_wh)
            self._awards.use(buyers, energy_wh)
            left_wh -= energy_wh
        return left_wh

    def _deal(self, number: int, path: AuctionPath, energy_wh: int) -> Deal:
        return Deal(
            energy_wh, path.price_micro, path.wheeling_micro, path.rent_micro, number, self._time_ms
        )
