"""What fills of the kernel write: trades, orders, positions, escrow that goes back, statistics."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from gridnode.modules.context import Context
from gridnode.modules.market.escrow import Releases
from gridnode.modules.market.events import Traded
from gridnode.modules.market.tables import (
    NEXT_TRADE,
    ORDERS,
    OWNER_TRADES,
    POSITIONS,
    STATISTICS,
    TOTALS,
    TRADE_MTUS,
    TRADES,
    MarketGenesis,
    Order,
    OrderStatus,
    Position,
    Side,
    Statistics,
    Trade,
)
from gridnode.modules.registry.tables import Source
from gridnode.primitives.ids import PointId
from gridnode.primitives.units import Amount, EnergyWh, Mtu, PriceMicro, cost
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


class TradeBook:
    """Writes the fills of one block's hook; order rows are written once for each call of `enter`."""

    def __init__(self, context: Context, params: MarketGenesis, releases: Releases) -> None:
        self._context = context
        self._params = params
        self._releases = releases

    def enter(self, mtu: int, fills: list[tuple[int, int, int, int, int]]) -> None:
        """Write `fills` of the book of `mtu`, in the order in which the kernel made them."""
        orders: dict[int, Order] = {}
        trades: list[Trade] = []
        for fill in map(Fill._make, fills):
            for number in (fill.resting_id, fill.taker_id):
                if number not in orders:
                    orders[number] = ORDERS.require(self._context.state, mtu, number)
            trades.append(self._trade(mtu, fill, orders))
        for number, order in orders.items():
            ORDERS.put(self._context.state, mtu, number, order)
        _add_statistics(self._context.state, mtu, trades)

    def _trade(self, mtu: int, fill: Fill, orders: dict[int, Order]) -> Trade:
        buyer_order, seller_order = fill.resting_id, fill.taker_id
        if orders[buyer_order].side is Side.OFFER:
            buyer_order, seller_order = seller_order, buyer_order
        bid, offer = orders[buyer_order], orders[seller_order]
        trade = Trade(
            bid.owner,
            offer.owner,
            buyer_order,
            seller_order,
            bid.point,
            offer.point,
            bid.zone,
            offer.zone,
            Source(offer.sources.bit_length() - 1),
            EnergyWh(fill.energy_wh),
            PriceMicro(fill.seller_price),
            PriceMicro(fill.adder),
            self._params.trade_fee_micro,
            self._context.time_ms,
        )
        orders[buyer_order] = _filled(bid, fill.energy_wh)
        orders[seller_order] = _filled(offer, fill.energy_wh)
        spared = bid.limit_micro - fill.seller_price - fill.adder
        self._releases.add(mtu, bid.owner, cost(fill.energy_wh, spared))
        self._write(mtu, trade)
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
            )
        )


def _filled(order: Order, energy_wh: int) -> Order:
    left = order.remaining_wh - energy_wh
    status = OrderStatus.PARTLY_FILLED if left else OrderStatus.FILLED
    return replace(order, remaining_wh=EnergyWh(left), status=status)


def _add_position(state: State, mtu: int, point: PointId, sold_wh: int, bought_wh: int) -> None:
    before = POSITIONS.get(state, mtu, point) or NO_POSITION
    after = Position(EnergyWh(before.sold_wh + sold_wh), EnergyWh(before.bought_wh + bought_wh))
    POSITIONS.put(state, mtu, point, after)


def _add_statistics(state: State, mtu: int, trades: list[Trade]) -> None:
    if trades:
        STATISTICS.put(state, mtu, _with_trades(STATISTICS.get(state, mtu), trades))
        TOTALS.put(state, _with_trades(TOTALS.get(state), trades))


def _with_trades(before: Statistics | None, trades: list[Trade]) -> Statistics:
    prices = [trade.price_micro for trade in trades]
    volume_wh = sum(trade.energy_wh for trade in trades)
    value = sum(cost(trade.energy_wh, trade.price_micro) for trade in trades)
    high, low = max(prices), min(prices)
    if before is None:
        return Statistics(len(trades), EnergyWh(volume_wh), Amount(value), high, low, prices[-1])
    return Statistics(
        before.trades + len(trades),
        EnergyWh(before.volume_wh + volume_wh),
        Amount(before.value + value),
        max(before.high_micro, high),
        min(before.low_micro, low),
        prices[-1],
    )
