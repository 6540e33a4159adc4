"""Market orders: their limit is what the utility's tariff makes of them, so that nobody is worse off than without the trade."""

from __future__ import annotations

from gridnode.modules.grid.clock import tariff_at
from gridnode.modules.market.tables import Bounds, MarketGenesis, Side
from gridnode.primitives.units import PriceMicro
from gridnode.state.kv import Reader


def market_limit(reader: Reader, params: MarketGenesis, bounds: Bounds, mtu: int, side: Side) -> PriceMicro | None:
    """Limit of a market order, micro per kWh, or None where the bounds of orders leave it none.

    A bid pays up to the retail price of its MTU, all in, less the trade fee that comes on top; an offer takes down to the feed-in price.
    A bid is lowered to the cap and then to a whole tick, an offer raised to the floor and then to a whole tick. A bid that ends
    below the floor, or an offer above the cap, has no limit at which its owner would gain.
    """
    prices, tick = tariff_at(reader, mtu), bounds.price_tick_micro
    if side is Side.BID:
        limit = min(prices.retail_micro_per_kwh - params.trade_fee_micro, bounds.price_cap_micro)
        limit -= limit % tick
    else:
        limit = max(prices.feed_in_micro_per_kwh, bounds.price_floor_micro)
        limit += -limit % tick
    inside = bounds.price_floor_micro <= limit <= bounds.price_cap_micro
    return PriceMicro(limit) if inside else None
