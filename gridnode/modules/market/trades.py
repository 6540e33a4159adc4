"""What fills of the kernel write: trades, orders, positions, escrow that goes back, statistics."""

from __future__ import annotations

from typing import Final, NamedTuple

from gridnode.modules.context import Context
from gridnode.modules.grid.clock import mtu_ms
from gridnode.modules.market.escrow import Releases
from gridnode.modules.market.events import Traded
from gridnode.modules.market.lifecycle import filled
from gridnode.modules.market.locks import request_lock
from gridnode.modules.market.tables import (
    CANDLES,
    NEXT_TRADE,
    ORDERS,
    OWNER_TRADES,
    POSITIONS,
    STATISTICS,
    TOTALS,
    TRADE_MTUS,
    TRADES,
    MarketGenesis,
    Position,
    Side,
    Statistics,
    Trade,
)
from gridnode.modules.registry.tables import Source
from gridnode.primitives.ids import PointId
from gridnode.primitives.units import Amount, EnergyWh, Mtu, PriceMicro, TimeMs, cost
from gridnode.state.overlay import State

FIRST: Final = 1
NO_POSITION: Final = Position(EnergyWh(0), EnergyWh(0))


class Fill(NamedTuple):
    """One fill as the kernel reports it; prices in micro per kWh."""

    resting_id: int  # the older order
    energy_wh: int
    seller_price: int  # what the seller gets
    adder: int  # what the buyer pays on top of it
    taker_id: int  # the younger order


class Deal(NamedTuple):
    """What a trade is about; prices per kWh."""

    energy_wh: int
    price_micro: int  # to the seller
    wheeling_micro: int  # from the buyer on top
    rent_micro: int  # from the buyer on top; congestion rent of an auction
    path: int  # of an auction, its number; 0 for a continuous trade
    time_ms: TimeMs  # chain time of the match: of an auction, when it was held


class TradeBook:
    """Writes the trades of one block's hook."""

    def __init__(self, context: Context, params: MarketGenesis, releases: Releases) -> None:
        self._context = context
        self._params = params
        self._releases = releases

    def enter(self, mtu: int, fills: list[tuple[int, int, int, int, int]]) -> None:
        """Write `fills` of the book of `mtu`, in the order in which the kernel made them."""
        trades: list[Trade] = []
        for fill in map(Fill._make, fills):
            resting = ORDERS.require(self._context.state, mtu, fill.resting_id)
            pair = (fill.resting_id, fill.taker_id)
            bid, offer = pair if resting.side is Side.BID else pair[::-1]
            deal = Deal(fill.energy_wh, fill.seller_price, fill.adder, 0, 0, self._context.time_ms)
            trades.append(self.trade(mtu, bid, offer, deal))
        add_statistics(self._context, mtu, trades)

    def trade(self, mtu: int, bid_number: int, offer_number: int, deal: Deal) -> Trade:
        """Write one trade between two open orders; statistics are left to the caller, for many at once."""
        state = self._context.state
        bid, offer = ORDERS.require(state, mtu, bid_number), ORDERS.require(state, mtu, offer_number)
        trade = Trade(
            bid.owner,
            offer.owner,
            bid_number,
            offer_number,
            bid.point,
            offer.point,
            bid.zone,
            offer.zone,
            Source(offer.sources.bit_length() - 1),
            EnergyWh(deal.energy_wh),
            PriceMicro(deal.price_micro),
            PriceMicro(deal.wheeling_micro),
            self._params.trade_fee_micro,
            PriceMicro(deal.rent_micro),
            deal.path,
            deal.time_ms,
        )
        filled(state, mtu, bid_number, bid, deal.energy_wh)
        filled(state, mtu, offer_number, offer, deal.energy_wh)
        spared = bid.limit_micro - deal.price_micro - deal.wheeling_micro - deal.rent_micro
        self._releases.add(mtu, bid.owner, cost(deal.energy_wh, spared))
        self._write(mtu, trade)
        request_lock(self._context, self._params, mtu, offer, deal.energy_wh)
        return trade

    def _write(self, mtu: int, trade: Trade) -> None:
        state = self._context.state
        number = NEXT_TRADE.get(state) or FIRST
        NEXT_TRADE.put(state, number + 1)
        TRADES.put(state, mtu, number, trade)
        TRADE_MTUS.put(state, number, mtu)
        OWNER_TRADES.put(state, trade.buyer, number, mtu)
        OWNER_TRADES.put(state, trade.seller, number, mtu)
        _add_position(state, mtu, trade.seller_point, trade.energy_wh, 0)
        _add_position(state, mtu, trade.buyer_point, 0, trade.energy_wh)
        self._context.totals.traded_wh += trade.energy_wh
        self._context.emit(
            Traded(
                number,
                Mtu(mtu),
                trade.buyer_order,
                trade.seller_order,
                trade.buyer_point,
                trade.seller_point,
                trade.energy_wh,
                trade.price_micro,
                trade.wheeling_micro,
                trade.rent_micro,
                trade.path,
            )
        )


def _add_position(state: State, mtu: int, point: PointId, sold_wh: int, bought_wh: int) -> None:
    before = POSITIONS.get(state, mtu, point) or NO_POSITION
    after = Position(EnergyWh(before.sold_wh + sold_wh), EnergyWh(before.bought_wh + bought_wh))
    POSITIONS.put(state, mtu, point, after)


def add_statistics(context: Context, mtu: int, trades: list[Trade]) -> None:
    """Count trades of an MTU that were made at one time, in their order."""
    state = context.state
    if trades:
        interval = trades[0].time_ms // mtu_ms(state)
        STATISTICS.put(state, mtu, _with_trades(STATISTICS.get(state, mtu), trades))
        CANDLES.put(state, interval, _with_trades(CANDLES.get(state, interval), trades))
        TOTALS.put(state, _with_trades(TOTALS.get(state), trades))


def _with_trades(before: Statistics | None, trades: list[Trade]) -> Statistics:
    prices = [trade.price_micro for trade in trades]
    added = Statistics(
        len(trades),
        EnergyWh(sum(trade.energy_wh for trade in trades)),
        Amount(sum(cost(trade.energy_wh, trade.price_micro) for trade in trades)),
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
    )
    return added if before is None else joined([before, added])


def joined(parts: list[Statistics]) -> Statistics:
    """Statistics of all trades of several that follow each other; at least one."""
    return Statistics(
        sum(part.trades for part in parts),
        EnergyWh(sum(part.volume_wh for part in parts)),
        Amount(sum(part.value for part in parts)),
        parts[0].open_micro,
        max(part.high_micro for part in parts),
        min(part.low_micro for part in parts),
        parts[-1].last_micro,
    )
